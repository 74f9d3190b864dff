"""News that nobody has said is confirmed by no key, by no talk, and beside no other news (R28, R34)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Case, Notice, Staff, Subject
from tests import factories
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, FIRST, Registered, is_called, sweeps, the_notice
from tests.calls.notices.staff_tells import (
    asks_for_person,
    ends,
    is_left_to_staff,
    recognizes,
    staff_call,
)
from tests.calls.stories import opens_the_case
from tests.phone import Phone

Registering = Callable[..., Registered]
MakeStaff = Callable[..., Staff]
COURT = "Atlanta Immigration Court"


def escapes(hotline: Hotline, made: Registered) -> int:
    """A file reports an escape, and its notice is due; returns the notice's id."""
    now = hotline.clock.now
    with hotline.database.transaction() as session:
        subject = session.get_one(Subject, made.case.subject_id)
        factories.make_custody_record(session, subject, "escaped", status_at=now, as_of=now, recorded_at=now)
    return made.is_due("escaped")


def states(hotline: Hotline) -> list[str]:
    """The states of all notices, oldest first."""
    return [notice.state for notice in hotline.rows(select(Notice).order_by(Notice.id))]


def test_key_in_the_call_confirms_no_escape_that_came_after_the_words(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("transferred")
    called = is_called(phone, made, "1", CODE, kind="transferred")
    assert called.hears("They were moved")

    escapes(hotline, made)
    called.presses("1")
    called.hangs_up()

    assert states(hotline) == ["confirmed", "waiting"]
    assert sweeps(hotline) == [FIRST]


@pytest.mark.parametrize("is_told_before", [True, False])
def test_key_on_the_line_confirms_no_escape_that_came_after_the_words(
    phone: Phone, registered: Registering, hotline: Hotline, *, is_told_before: bool
) -> None:
    made = registered("transferred")
    if is_told_before:
        made.is_due("transferred")
    opens_the_case(phone, made.case, from_=FIRST)
    assert phone.hears("They were moved")
    hotline.clock.passes(seconds=30)

    escapes(hotline, made)
    phone.presses("1")

    assert states(hotline) == ["confirmed"] * is_told_before + ["waiting"]


@pytest.mark.parametrize("silences", [0, 1])
def test_reminder_of_a_court_date_is_confirmed_on_the_line_only_after_the_date_was_said(
    phone: Phone, registered: Registering, hotline: Hotline, silences: int
) -> None:
    at = hotline.clock.now + timedelta(days=1)
    made = registered("in_custody", record={"next_hearing_at": at, "next_hearing_place": COURT})
    made.is_due("hearing")
    opens_the_case(phone, made.case, from_=FIRST)
    assert phone.does_not_hear("court date is")
    hotline.clock.passes(seconds=30)
    phone.presses("1")
    assert phone.hears("The next court date is tomorrow")
    assert the_notice(hotline).state == "waiting"

    hotline.clock.passes(seconds=30)
    for _ in range(silences):
        phone.says_nothing()
    phone.presses("2")

    assert (the_notice(hotline).state, the_notice(hotline).confirmed_by) == ("confirmed", "line")


def test_date_whose_words_were_cut_short_confirms_no_reminder(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    at = hotline.clock.now + timedelta(days=1)
    made = registered("in_custody", record={"next_hearing_at": at, "next_hearing_place": COURT})
    made.is_due("hearing")
    opens_the_case(phone, made.case, from_=FIRST)
    hotline.clock.passes(seconds=30)
    phone.presses("1")

    hotline.clock.passes(seconds=2)
    phone.presses("2")

    assert the_notice(hotline).state == "waiting"


def test_talk_with_staff_confirms_no_escape_that_came_after_it_began(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who, made = make_staff(), registered("released")
    is_left_to_staff(phone, made)
    person = staff_call(phone, hotline, who)
    recognizes(hotline, who)

    hotline.clock.passes(minutes=5)
    escapes(hotline, made)
    ends(hotline, person, who, "reached", recognized=False)

    assert states(hotline) == ["confirmed", "waiting"]


def test_talk_with_staff_who_read_the_words_after_an_escape_confirms_it(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who, made = make_staff(), registered("released")
    is_left_to_staff(phone, made)
    person = staff_call(phone, hotline, who)

    hotline.clock.passes(minutes=5)
    escapes(hotline, made)
    ends(hotline, person, who, "reached", recognized=True)

    assert states(hotline) == ["confirmed", "confirmed"]


def test_talk_about_one_case_confirms_no_news_of_the_persons_other_case(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who, made = make_staff(), registered("released")
    made.is_due()
    asks_for_person(phone, hotline).hangs_up()
    other = registered("escaped", phones=("+12025550137",))
    with hotline.database.transaction() as session:
        session.get_one(Case, other.case.id).registrant_id = made.case.registrant_id
    other.is_due("escaped")

    ends(hotline, staff_call(phone, hotline, who), who, "reached", recognized=True)

    assert states(hotline)[0] == "confirmed"
    assert states(hotline)[1] != "confirmed"
