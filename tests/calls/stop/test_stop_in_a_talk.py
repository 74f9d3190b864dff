"""STOP in a talk or before its outcome is keyed: nothing that follows the talk rings that phone (R33)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from models import Callback, Staff, Talk
from models.overview.outcome import note_outcome
from models.overview.phone_stop import stop_phone
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express
from tests.calls.callbacks.test_last_round import half_an_hour_passes
from tests.calls.conftest import Hotline
from tests.calls.pin.test_faked_number import EXPRESS, asks
from tests.calls.stories import opens_the_case
from tests.conftest import ON_SQLITE, in_turn
from tests.factories import MadeCase
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
NO_PHONE = "There is no phone number that we can call for this."
Ask = Callable[[Phone, MakeCase], None]


def with_a_pin(phone: Phone, make_case: MakeCase) -> None:
    asks_express(phone, make_case(custody_status="in_custody", phone=CALLER))


def without_a_pin(phone: Phone, _make_case: MakeCase) -> None:
    asks(phone, *EXPRESS)


def texts_stop(hotline: Hotline) -> None:
    with hotline.database.transaction() as session:
        stop_phone(
            session, hotline.database.keyring.index("phone", CALLER), hotline.clock.now, hotline.policy
        )


def talks(phone: Phone, hotline: Hotline) -> tuple[Phone, Phone]:
    """The liaison and the person talk; returns both phones."""
    liaison, to_caller = accepted_by(phone, hotline)
    person = phone.answers(to_caller)
    person.presses("1")
    hotline.jobs.works_off()
    assert person.is_talking
    return liaison, person


def rings(hotline: Hotline) -> list[str]:
    """The numbers that ring in the three hours that follow."""
    before = len(hotline.carrier.placed)
    for hours in (0, 1, 1):
        hotline.clock.passes(hours=hours)
        half_an_hour_passes(hotline)
        hotline.jobs.works_off()
    return [call.to for call in hotline.carrier.placed[before:]]


@in_turn("ask", [with_a_pin, without_a_pin])
@pytest.mark.parametrize("keys", ["22", "3"], ids=["no one was there", "call later"])
def test_outcome_keyed_after_a_stop_does_not_ring_that_phone(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, ask: Ask, keys: str
) -> None:
    make_staff()
    ask(phone, make_case)
    liaison, person = talks(phone, hotline)
    person.hangs_up()
    hotline.jobs.works_off()
    texts_stop(hotline)

    for key in keys:
        liaison.presses(key)

    assert liaison.hears(NO_PHONE)
    assert rings(hotline) == []
    left = select(Callback.outcome).where(
        Callback.state == "left_for_staff", Callback.reason != "phone_stopped"
    )
    assert hotline.rows(left) == ["stopped"]


@ON_SQLITE
@pytest.mark.parametrize("keys", ["22", "3"], ids=["no one was there", "call later"])
def test_person_who_was_reached_after_all_is_no_task_though_their_phone_said_stop(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, keys: str
) -> None:
    make_staff()
    without_a_pin(phone, make_case)
    liaison, person = talks(phone, hotline)
    person.hangs_up()
    hotline.jobs.works_off()
    texts_stop(hotline)
    for key in keys:
        liaison.presses(key)
    assert hotline.rows(select(Callback.state).order_by(Callback.id)) == ["reached", "left_for_staff"]

    with hotline.database.transaction() as session:
        talk = session.scalars(select(Talk)).one()
        assert talk.staff_id is not None
        note_outcome(session, talk, "reached", talk.staff_id, hotline.clock.now, hotline.policy)

    assert hotline.rows(select(Callback.state).order_by(Callback.id)) == ["reached", "cancelled"]


@ON_SQLITE
def test_call_that_drops_after_a_stop_is_followed_by_none(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    without_a_pin(phone, make_case)
    with hotline.database.transaction() as session:
        session.execute(update(Callback).values(when_dropped="ring_once"))
    _liaison, person = talks(phone, hotline)
    hotline.jobs.works_off()
    texts_stop(hotline)

    person.hangs_up()

    assert rings(hotline) == []


@in_turn("ask", [with_a_pin, without_a_pin])
@pytest.mark.parametrize(("how", "heard"), [("stop", "you can call us back"), ("", "We will call you again")])
def test_person_on_hold_whose_phone_says_stop_is_promised_no_call_when_the_hold_lasts_too_long(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    ask: Ask,
    how: str,
    heard: str,
) -> None:
    make_staff()
    ask(phone, make_case)
    liaison, person = talks(phone, hotline)
    liaison.presses("*")
    hotline.jobs.works_off()
    if how:
        texts_stop(hotline)
    hotline.clock.passes(seconds=hotline.policies.hold_most_seconds + 1)

    person.says_nothing()

    assert person.hears(heard)
    assert person.is_over
    liaison.hangs_up()
    assert bool(rings(hotline)) is (how == "")


@ON_SQLITE
def test_person_who_lifts_the_stop_before_the_outcome_is_keyed_is_called_later(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody", phone=CALLER)
    asks_express(phone, case)
    liaison, person = talks(phone, hotline)
    person.hangs_up()
    hotline.jobs.works_off()
    texts_stop(hotline)
    again = phone.another()
    opens_the_case(again, case)
    again.presses("1")

    liaison.presses("3")

    assert liaison.hears("It is saved")
    assert rings(hotline)
