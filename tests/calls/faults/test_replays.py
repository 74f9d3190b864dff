"""Captured requests of the carrier, sent again by somebody who holds the token (R11, R39)."""

from collections.abc import Callable

from sqlalchemy import select

from models import Call
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import document_of, next_url, opens_the_case
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]


def test_captured_request_of_an_ended_call_hears_a_neutral_end_and_never_the_status(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))
    assert phone.hears("in custody")
    url, captured = next_url(document_of(phone)), phone.last_request
    phone.hangs_up()
    clock.passes(days=118)
    phone.last_request = captured

    for answer in (phone.redelivers_last(), phone.posts(url, Digits="1"), phone.posts("/voice/inbound")):
        document = phone.raw(answer)
        assert "in custody" not in document
        assert "<Hangup" in document
        assert "<Gather" not in document


def test_spoken_words_are_erased_when_a_call_ends(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))
    assert hotline.row(select(Call.said))

    phone.hangs_up()

    assert hotline.row(select(Call.said)) == ""


def test_request_sent_again_after_the_verification_is_over_is_asked_for_the_pin(
    phone: Phone, make_case: MakeCase, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, case)
    clock.passes(minutes=10, seconds=1)

    again = phone.raw(phone.redelivers_last())

    assert "in custody" not in again
    assert "PIN" in again


def test_captured_address_of_a_caller_who_waited_at_0_asks_for_the_pin_after_the_verification_is_over(
    phone: Phone, make_case: MakeCase, make_staff: Callable[..., object], hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    for _ in range(hotline.policies.away_after_misses):
        hotline.declines(phone)
    assert phone.hears("To have us call this phone")
    phone.presses("#")
    phone.presses("1")
    assert phone.hears("in custody")
    leg_id = hotline.row(select(Call.leg_id).where(Call.direction == "inbound"))
    clock.passes(minutes=10, seconds=1)

    again = phone.raw(phone.posts(f"/voice/legs/{leg_id}"))

    assert "in custody" not in again
    assert "PIN" in again


def test_request_sent_again_at_once_hears_the_same_words(phone: Phone, make_case: MakeCase) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))
    said = document_of(phone)

    assert phone.raw(phone.redelivers_last()) == said
