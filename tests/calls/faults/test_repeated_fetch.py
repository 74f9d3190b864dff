"""A leg is sent to its own address, and the carrier asks there twice for the same document."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Call, Staff
from tests.calls.at_0.talking import FIRST
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


@pytest.fixture
def talk(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> tuple[Phone, Phone]:
    """A liaison and a caller at 0, whose requests for the conference came twice."""
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    liaison = hotline.accepts(phone)
    liaison.presses("*")
    phone.says_nothing()
    liaison.presses("1")
    hotline.jobs.works_off()
    assert phone.last_request is not None
    assert "/voice/legs/" in phone.last_request.url
    said = phone.raw(phone.redelivers_last())
    assert "Our team is on the line with you" in said
    clock.passes(seconds=30)
    return liaison, phone


def test_caller_whose_fetch_was_repeated_is_on_hold_after_star_and_not_alone(
    talk: tuple[Phone, Phone], hotline: Hotline
) -> None:
    """They were sent back into the empty conference, with "our team is on the line with you"."""
    liaison, caller = talk
    hotline.jobs.is_down = True

    liaison.presses("*")

    assert caller.hears("Please stay on the line")
    assert not caller.is_talking
    caller.says_nothing()
    assert caller.hears("You are on hold")


def test_first_key_of_a_liaison_whose_first_fetch_was_repeated_takes_the_caller(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    """The offer was made anew at the next turn, and the key that answered it was lost."""
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    liaison = hotline.answers(phone)
    liaison.redelivers_last()

    liaison.presses("1")
    hotline.jobs.works_off()

    assert (liaison.is_talking, phone.is_talking) == (True, True)


def test_leg_that_is_moved_twice_hears_the_news_each_time(
    talk: tuple[Phone, Phone], hotline: Hotline
) -> None:
    """Two moves are two requests, each with a token of its own."""
    liaison, caller = talk
    moved = hotline.row(select(Call.id).where(Call.direction == "inbound"))
    liaison.presses("*")
    caller.says_nothing()
    hotline.dialler.move_leg(moved)
    assert caller.hears("You are on hold")

    liaison.presses("1")
    hotline.jobs.works_off()

    assert caller.hears("Thank you for waiting")
    assert (liaison.is_talking, caller.is_talking) == (True, True)
