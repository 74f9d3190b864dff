"""A text about news: what it says, never at night against a no, nor under duress (R10, R29)."""

from collections.abc import Callable
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from models import Case, NoticePhone, Registrant, Registration, Subject
from models import Phone as PhoneRow
from models.calls import pacing
from models.cases.registrant import Consent
from tests import factories
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import (
    FIRST,
    SECOND,
    TELLING,
    Registered,
    minutes_until_next,
    misses,
    sweeps,
)
from tests.conftest import ON_SQLITE
from tests.factories import make_duress_pin
from tests.phone import Phone

Registering = Callable[..., Registered]
Texted = Callable[[str], Registered]
TEXT = "This is a message from the information line. Please call us when you can."


def agrees_to_texts(made: Registered) -> None:
    """The person has agreed to texts at each of their phones."""
    now = made.hotline.clock.now
    with made.hotline.database.transaction() as session:
        whose = PhoneRow.registrant_id == made.case.registrant_id
        agreed = {"registration_id": made.registration_id, "words": "Yes.", "cap_per_day": 3}
        for row in session.scalars(select(PhoneRow).where(whose)):
            row.consents.append(Consent(channel="text", granted_at=now, **agreed))


@pytest.fixture
def refused_text(registered: Registering, hotline: Hotline) -> Texted:
    """A person whose text about this news could not be sent, because the carrier refused the account."""

    def make(status: str) -> Registered:
        made = registered(status, phone={"night_allowed": False})
        agrees_to_texts(made)
        made.is_due(status)
        hotline.carrier.refuses_texts = 20003
        sweeps(hotline)
        return made

    return make


def test_text_says_to_call_the_line_and_no_more(registered: Registering, hotline: Hotline) -> None:
    made = registered("escaped")
    agrees_to_texts(made)
    made.is_due("escaped")

    sweeps(hotline)
    sweeps(hotline, minutes=2)

    [(to, body)] = hotline.carrier.texts
    assert to == FIRST
    assert body == TEXT
    assert not [word for word in TELLING if word in body.casefold()]


def test_phone_that_takes_no_texts_is_not_texted_again(registered: Registering, hotline: Hotline) -> None:
    made = registered("escaped")
    agrees_to_texts(made)
    made.is_due("escaped")
    hotline.carrier.refuses_texts = 21610

    sweeps(hotline)
    hotline.carrier.refuses_texts = None
    sweeps(hotline, minutes=2)

    assert hotline.carrier.texts == []
    assert hotline.row(select(NoticePhone).where(NoticePhone.channel == "text")).is_stopped


@ON_SQLITE
@pytest.mark.parametrize("status", ["transferred", "escaped"])
def test_text_that_waited_until_the_night_is_sent_in_the_morning_once(
    refused_text: Texted, hotline: Hotline, status: str
) -> None:
    refused_text(status)
    hotline.clock.passes(hours=13)
    hotline.carrier.refuses_texts = None

    for _ in range(2):
        sweeps(hotline, minutes=1)
    assert hotline.carrier.texts == []

    for _ in range(6):
        sweeps(hotline, hours=2)
    assert hotline.carrier.texts == [(FIRST, TEXT)]


def test_text_that_waited_is_not_sent_after_a_duress_pin(refused_text: Texted, hotline: Hotline) -> None:
    made = refused_text("escaped")
    with hotline.database.transaction() as session:
        duress = make_duress_pin(session, made.case, now=hotline.clock.now)
        session.get_one(Case, duress.id).last_verified_at = hotline.clock.now
    hotline.carrier.refuses_texts = None

    for _ in range(3):
        sweeps(hotline, minutes=1)

    assert hotline.carrier.texts == []


@pytest.mark.parametrize("ends", ["this phone is left out", "the consent ends"])
def test_text_that_waited_is_not_sent_without_a_consent(
    refused_text: Texted, hotline: Hotline, ends: str
) -> None:
    made = refused_text("escaped")
    if ends == "the consent ends":
        made.changes(Registration, lapses_at=hotline.clock.now + timedelta(seconds=30))
    else:
        with hotline.database.transaction() as session:
            for consent in session.scalars(select(Consent).where(Consent.channel == "text")):
                consent.withdrawn_at = hotline.clock.now
    hotline.carrier.refuses_texts = None

    for _ in range(3):
        sweeps(hotline, minutes=1)

    assert hotline.carrier.texts == []


@pytest.mark.parametrize("account", ["works", "is refused"])
def test_escape_is_texted_although_no_more_calls_are_allowed_today(
    phone: Phone, registered: Registering, hotline: Hotline, account: str
) -> None:
    made = registered("transferred", cap=2)
    made.is_due("transferred")
    for _ in range(2):
        sweeps(hotline, minutes=max(0, minutes_until_next(hotline)))
        misses(phone, hotline)
    agrees_to_texts(made)
    with hotline.database.transaction() as session:
        subject = session.get_one(Subject, made.case.subject_id)
        factories.make_custody_record(session, subject, "escaped", as_of=hotline.clock.now)
        if account == "is refused":
            pacing.open_breaker(session, pacing.CALLS, 20003, hotline.clock.now, source="callbacks")
    made.is_due("escaped")

    rung = sweeps(hotline, minutes=1)

    assert rung == []
    assert hotline.carrier.texts == [(FIRST, TEXT)]


def test_escape_at_night_is_texted_in_the_morning_although_no_more_calls_are_allowed_until_noon(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("transferred", cap=2, phone={"night_allowed": False})
    made.is_due("transferred")
    for _ in range(2):
        sweeps(hotline, minutes=max(0, minutes_until_next(hotline)))
        misses(phone, hotline)
    agrees_to_texts(made)
    local = hotline.clock.now.astimezone(ZoneInfo("America/New_York"))
    hotline.clock.passes(hours=22 - local.hour)
    with hotline.database.transaction() as session:
        subject = session.get_one(Subject, made.case.subject_id)
        factories.make_custody_record(session, subject, "escaped", as_of=hotline.clock.now)
    made.is_due("escaped")

    assert [sweeps(hotline, hours=hours) for hours in (1, 8)] == [[], []]
    assert hotline.carrier.texts == []
    assert sweeps(hotline, hours=2) == []
    assert hotline.carrier.texts == [(FIRST, TEXT)]


def test_second_phone_is_texted_in_its_hours_while_no_call_goes_out(
    registered: Registering, hotline: Hotline
) -> None:
    made = registered("transferred", phones=(FIRST, SECOND))
    agrees_to_texts(made)
    local = hotline.clock.now.astimezone(ZoneInfo("America/New_York"))
    with hotline.database.transaction() as session:
        second = session.scalars(select(PhoneRow).where(PhoneRow.position == 2)).one()
        second.window_starts, second.window_ends = time(local.hour + 1), time(local.hour + 4)
    made.is_due("transferred")

    def is_looked_at_while_calls_are_refused() -> None:
        with hotline.database.transaction() as session:
            pacing.open_breaker(session, pacing.CALLS, 20003, hotline.clock.now, source="callbacks")
        for _ in range(2):
            assert sweeps(hotline, seconds=2) == []

    is_looked_at_while_calls_are_refused()
    assert hotline.carrier.texts == [(FIRST, TEXT)]

    hotline.clock.passes(hours=1.2)
    is_looked_at_while_calls_are_refused()
    assert hotline.carrier.texts == [(FIRST, TEXT), (SECOND, TEXT)]


def test_text_is_sent_although_the_account_was_refused_a_second_time(
    refused_text: Texted, hotline: Hotline
) -> None:
    refused_text("escaped")
    with hotline.database.transaction() as session:
        pacing.close_breaker(session, pacing.TEXTS, hotline.clock.now)  # Another text was taken.
    sweeps(hotline, minutes=1)
    assert hotline.carrier.texts == []

    hotline.carrier.refuses_texts = None
    for _ in range(3):
        sweeps(hotline, minutes=1)

    assert hotline.carrier.texts == [(FIRST, TEXT)]


@ON_SQLITE
def test_number_that_takes_no_texts_stops_only_its_own_text(refused_text: Texted, hotline: Hotline) -> None:
    discreet = hotline.office.discreet_lines[0]
    hotline.carrier.refuses_from[discreet] = 21606
    made = refused_text("escaped")
    made.changes(Registrant, line=discreet)
    hotline.carrier.refuses_texts = None

    sweeps(hotline, minutes=1)
    with hotline.database.reading() as session:
        assert pacing.refusal(session, pacing.TEXTS) is not None
    with hotline.database.transaction() as session:
        pacing.close_breaker(session, pacing.TEXTS, hotline.clock.now)  # Another text was taken.
    for _ in range(3):
        sweeps(hotline, minutes=1)

    assert hotline.carrier.texts == []
    with hotline.database.reading() as session:
        assert pacing.refusal(session, pacing.TEXTS) is None
