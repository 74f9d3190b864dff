"""Callers who ask for a callback without a case: one open, to the calling phone, two a day (R35)."""

import dataclasses
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from models import AuditEntry, Callback, Staff
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express, the_callback
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import opens_the_case, reaches_the_first_menu
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
CALLER = "+12025550123"


def asks_unverified(phone: Phone, from_: str = CALLER) -> None:
    """Ask for a callback from the first menu, without a case."""
    reaches_the_first_menu(phone, from_=from_)
    phone.presses("2")
    phone.presses("1")


def test_caller_without_a_pin_gets_one_open_callback_to_the_calling_phone(
    phone: Phone, hotline: Hotline
) -> None:
    asks_unverified(phone)
    phone.presses("1")
    assert phone.hears("We will call you")

    again = phone.another()
    asks_unverified(again)
    again.presses("1")

    callback = the_callback(hotline)
    assert (callback.verified, callback.case_id) == (False, None)


@pytest.mark.parametrize("key", ["1", "3"])
def test_caller_who_asks_without_a_pin_and_then_with_it_is_rung_once(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock, key: str
) -> None:
    asks_unverified(phone)
    phone.presses(key)
    assert phone.hears("We will call you")
    first = the_callback(hotline)
    clock.passes(minutes=20)
    again = phone.another()
    case = make_case(custody_status="in_custody", phone=CALLER)
    opens_the_case(again, case)
    again.presses("2")
    again.presses(key)

    assert again.hears("We will call you")
    before, after = hotline.rows(select(Callback).order_by(Callback.id))
    assert (before.state, before.outcome) == ("cancelled", "superseded")
    assert (after.state, after.case_id, after.verified) == ("requested", case.id, True)
    for name in ("requested_at", "urgency", "reason", "due_at", "phone_key"):
        assert getattr(after, name) == getattr(first, name)
    entry = hotline.row(select(AuditEntry).where(AuditEntry.action == "cancel_callback"))
    assert entry.facts == {"superseded_by": after.id}
    make_staff()
    hotline.sweeps()
    hotline.jobs.works_off()
    assert len(hotline.carrier.placed) == 1


def test_two_people_of_a_shared_phone_are_both_called(
    app: Flask, phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    key = hotline.database.keyring.index("phone", CALLER)
    line = app.extensions["hotline.line"]
    object.__setattr__(line, "rules", dataclasses.replace(line.rules, shared_phone_keys=frozenset({key})))
    asks_unverified(phone)
    phone.presses("1")
    asks_express(phone.another(), make_case(custody_status="in_custody"))

    assert hotline.rows(select(Callback.state)) == ["requested", "requested"]


def test_caller_without_a_pin_gets_two_callbacks_a_day(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    for _ in range(2):
        caller = phone.another()
        asks_unverified(caller)
        caller.presses("1")
        assert caller.hears("We will call you")
        caller.hangs_up()
        _, to_caller = accepted_by(phone, hotline)
        called = phone.answers(to_caller)
        called.presses("1")
        called.hangs_up()
        clock.passes(hours=1)

    asks_unverified(phone)
    phone.presses("1")

    assert phone.hears("I cannot call this number back")
    assert phone.does_not_hear("We will call you")
    assert [callback.state for callback in hotline.rows(select(Callback))] == ["reached", "reached"]
    clock.passes(hours=24)
    later = phone.another()
    asks_unverified(later)
    later.presses("1")
    assert later.hears("We will call you")


@pytest.mark.parametrize(
    ("from_", "zone"), [("+17875550123", "America/Puerto_Rico"), ("+16715550123", "Pacific/Guam")]
)
def test_phone_of_a_territory_is_called_back_in_its_own_hours(
    phone: Phone, hotline: Hotline, from_: str, zone: str
) -> None:
    asks_unverified(phone, from_=from_)
    phone.presses("1")

    assert phone.hears("We will call you")
    (asked,) = hotline.rows(select(Callback))
    assert asked.time_zone == zone


UNDIALLABLE = [
    "anonymous", "", "+266696687", "sip:relay@example.org",
    "+19005550123",  # A premium number.
    "+8816555012",  # A satellite phone.
    "+18005550123",  # Toll-free.
    "+442079460123",  # Another country.
    "+12025550100",  # One of the office's own lines.
    "+12025550101",
]  # fmt: skip


@pytest.mark.parametrize("from_", UNDIALLABLE)
def test_number_that_we_may_not_dial_is_not_stored_without_a_pin(
    phone: Phone, hotline: Hotline, from_: str
) -> None:
    asks_unverified(phone, from_=from_)

    assert phone.hears(
        "I cannot call this number back. Please try us again later", "To talk with someone sooner", "press 2"
    )
    assert hotline.rows(select(Callback)) == []
    assert not phone.is_over
