"""What a registrant hears in a later call: how we call them as things stand."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Consent, Registration
from models import Phone as PhoneRow
from tests.calls.conftest import Hotline
from tests.calls.notices.registering.conftest import ASK, calls, changes, registers
from tests.factories import MadeCase
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]


def test_next_call_reads_it_back_and_leaves_it_as_it_is(phone: Phone, case: MadeCase) -> None:
    registers(phone, case).hangs_up()

    again = calls(phone, case, *ASK)

    assert again.hears(
        "We will call this phone", "at any hour", "ask for your call code", "at most 8 times a day"
    )
    assert again.hears("No call does not mean no change")
    again.presses("1")
    assert again.hears("We will keep it that way")


@pytest.mark.parametrize("ends", [timedelta(0), timedelta(days=366)], ids=["paused", "ended"])
def test_read_back_of_calls_that_do_not_come_now_says_how_they_come_later(
    phone: Phone, case: MadeCase, hotline: Hotline, ends: timedelta
) -> None:
    registers(phone, case).hangs_up()
    if not ends:
        calls(phone, case, *ASK, "3", "1").hangs_up()
    hotline.clock.now += ends

    caller = calls(phone, case, "2", *ASK) if not ends else calls(phone, case, *ASK)

    assert caller.hears(
        "After that, this is how we will call. We will call this phone when something changes."
    )


def test_read_back_has_the_hours_that_were_chosen(phone: Phone, case: MadeCase) -> None:
    changes(phone, case, "2", "3", "2").hangs_up()

    again = calls(phone, case, *ASK)

    assert again.hears(
        "If they get out, we will call at any hour. For other changes, we will call only in the afternoon."
    )


def test_no_to_nights_keeps_every_call_in_the_hours_that_were_chosen(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    caller = changes(phone, case, "2", "2", "2", "2", "3")
    assert caller.hears("If you agreed to calls at any hour when they get out, we will still make them")
    caller.presses("1")
    assert caller.hears(
        "We will call only in the morning. "
        "We will not call between nine in the evening and eight in the morning."
    )
    caller.hangs_up()

    assert "any hour" not in calls(phone, case, *ASK).heard
    with hotline.database.transaction() as session:
        session.scalars(select(PhoneRow)).one().night_allowed = None
        session.scalars(select(Registration)).one().night_allowed = None
    assert calls(phone, case, *ASK).hears(
        "By day, we will call only in the morning. If they get out at night, we will call then too."
    )


@pytest.mark.parametrize(
    ("language", "before", "after"),
    [
        (
            "1",
            "Choose the part of the day for our calls. "
            "If you agreed to calls at any hour when they get out, we will still make them.",
            "By day, we will call only in the morning. If they get out at night, we will call then too.",
        ),
        (
            "2",
            "Elija la parte del día para nuestras llamadas. Si aceptó llamadas a cualquier hora cuando la "
            "persona quede en libertad o se escape, las seguiremos haciendo.",
            "De día, llamaremos solo por la mañana.",
        ),
    ],
)
def test_person_who_was_never_asked_about_nights_hears_no_promise_of_any_hour(
    phone: Phone, case: MadeCase, hotline: Hotline, language: str, before: str, after: str
) -> None:
    registers(phone, case).hangs_up()
    with hotline.database.transaction() as session:
        session.scalars(select(PhoneRow)).one().night_allowed = None
        session.scalars(select(Registration)).one().night_allowed = None

    caller = phone.another()
    caller.dials_in(from_=CALLER)
    for keys in (language, "1", case.number, case.pin, *ASK, "2", "2", "3"):
        caller.presses(keys)
    assert caller.hears(before)
    caller.presses("1")

    assert caller.hears(after)


@pytest.mark.parametrize(
    ("language", "once"),
    [("1", "We will call at most once a day."), ("2", "Llamaremos como máximo una vez al día.")],
)
def test_one_call_a_day_is_said_in_the_singular(
    phone: Phone, case: MadeCase, hotline: Hotline, language: str, once: str
) -> None:
    registers(phone, case).hangs_up()
    with hotline.database.transaction() as session:
        session.scalars(select(Consent).where(Consent.registration_id.is_not(None))).one().cap_per_day = 1

    caller = phone.another()
    caller.dials_in(from_=CALLER)
    for keys in (language, "1", case.number, case.pin, *ASK):
        caller.presses(keys)

    assert caller.hears(once)
