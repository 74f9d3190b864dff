"""Somebody with write access to Redis asks to release legs: those still in use go on."""

from collections.abc import Callable

from sqlalchemy import select

from models import Call, Staff
from models.talks import talk_controls
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express
from tests.calls.conftest import Hotline
from tests.calls.stories import reaches_the_first_menu
from tests.calls.talks.talking import FIRST, SECOND, joins, states
from tests.calls.talks.test_from_console import clicks
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def forges(hotline: Hotline) -> None:
    """A release job for every call there is."""
    for call_id in hotline.rows(select(Call.id).order_by(Call.id)):
        hotline.jobs.enqueue("release_leg", call_id)
    hotline.jobs.works_off()


def test_forged_job_stops_neither_the_ring_nor_the_call_of_the_person_called_back(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison, to_caller = accepted_by(phone, hotline)

    forges(hotline)
    called = phone.answers(to_caller)
    forges(hotline)

    called.presses("1")
    hotline.jobs.works_off()
    assert (liaison.is_talking, called.is_talking) == (True, True)


def test_forged_job_pulls_nobody_out_of_a_talk(
    talk: tuple[Phone, Phone], phone: Phone, hotline: Hotline, make_staff: MakeStaff
) -> None:
    liaison, called = talk
    make_staff(phone=SECOND)
    clicks(hotline, talk_controls.ring_colleague)
    colleague = joins(phone, hotline, hotline.carrier.ringing[-1])

    forges(hotline)

    assert (liaison.is_talking, colleague.is_talking, called.is_talking) == (True, True, True)
    assert states(hotline) == ["talking"]


def test_forged_job_takes_neither_a_caller_at_0_nor_the_liaison_who_is_rung_for_them(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=FIRST)
    reaches_the_first_menu(phone)
    phone.presses("0")
    liaison = hotline.answers(phone)
    forges(hotline)

    liaison.presses("1")
    hotline.jobs.works_off()
    forges(hotline)

    assert (liaison.is_talking, phone.is_talking) == (True, True)
