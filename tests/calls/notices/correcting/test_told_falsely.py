"""Staff told false news, and its file is taken back: who heard it is called, and nobody else (R16)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from models import Staff
from models.custody.imports.custody_import import ImportResult
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import (
    CODE,
    FIRST,
    Registered,
    calls_go_out,
    picks_up,
    reports,
    ringing,
    sweeps,
)
from tests.calls.notices.staff_tells import (
    asks_for_person,
    corrects,
    ends,
    forgets_the_code,
    hangs_up,
    is_reported_and_left_to_staff,
    reads_on_at_0,
    recognizes,
    saves,
    staff_call,
    staff_tell,
    talk_again,
    views_the_words_at_0,
)
from tests.calls.notices.test_correcting import corrections, hears_the_news, takes_back, two_people
from tests.calls.stories import opens_the_case, talks_at_0
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import make_callback, make_court
from tests.phone import Phone

Registering = Callable[..., Registered]
MakeStaff = Callable[..., Staff]
__all__ = ["two_people"]


@pytest.mark.parametrize("when", ["in_talk", "before_saving", "unsaved"])
def test_person_to_whom_staff_told_false_news_hears_that_it_was_wrong(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline, when: str
) -> None:
    who, made = make_staff(), registered("released")
    wrong = is_reported_and_left_to_staff(phone, made, "returned_to_custody")
    person = staff_tell(phone, hotline, who)
    if when == "in_talk":
        takes_back(hotline, wrong)
        sweeps(hotline, seconds=5)
    hangs_up(person, hotline)
    if when != "in_talk":
        takes_back(hotline, wrong)
        sweeps(hotline, seconds=5)

    if when != "unsaved":
        saves(hotline, who, "reached")

    assert any(FIRST in sweeps(hotline, minutes=minutes) for minutes in (1, 16, 1))
    called = hears_the_news(phone, hotline, "1", confirms=False)
    assert called.hears("What we told you today was wrong", "was released")
    assert corrections(hotline)[0].is_urgent
    called.presses("1")
    called.hangs_up()
    assert FIRST not in [number for _ in range(2) for number in sweeps(hotline, minutes=65)]


@pytest.mark.parametrize("code", ["reached", "unsaved"])
def test_person_who_asked_for_a_person_and_was_told_false_news_hears_that_it_was_wrong(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline, code: str
) -> None:
    who, made = make_staff(), registered("released")
    wrong = reports(hotline, "removed", made)
    asks_for_person(phone, hotline).hangs_up()
    sweeps(hotline)
    liaison, person = talk_again(phone, hotline)
    recognizes(hotline, who)
    hotline.clock.passes(minutes=3)
    hangs_up(person, hotline)
    takes_back(hotline, wrong)
    sweeps(hotline, seconds=5)
    if code == "reached":
        liaison.presses("1")
    liaison.hangs_up()

    sweeps(hotline, minutes=16)
    sweeps(hotline, seconds=5)

    called = hears_the_news(phone, hotline, "1", confirms=False)
    assert called.hears("What we told you today was wrong", "was released")


@ON_SQLITE
@pytest.mark.parametrize(
    ("code", "taken_back"), [("call_later", "after_saving"), ("to_supervisor", "before_saving")]
)
def test_person_with_whom_staff_talked_and_are_to_talk_again_may_have_been_told_false_news(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline, code: str, taken_back: str
) -> None:
    who, made = make_staff(), registered("released")
    wrong = is_reported_and_left_to_staff(phone, made, "returned_to_custody")
    person = staff_tell(phone, hotline, who)
    if taken_back == "before_saving":
        takes_back(hotline, wrong)
    ends(hotline, person, who, code)
    if taken_back == "after_saving":
        takes_back(hotline, wrong)

    assert FIRST in sweeps(hotline, minutes=2)
    called = hears_the_news(phone, hotline, "1", confirms=False)
    assert called.hears("What we told you today was wrong", "was released")


@pytest.mark.parametrize(
    ("codes", "taken_back"),
    [
        (["call_later"], "before_saving"),
        (["call_later"], "after_correcting"),
        (["to_supervisor"], "before_correcting"),
        (["call_later", "to_supervisor"], "before_saving"),
        (["call_later", "reached"], "before_correcting"),
        (["call_later", "reached"], "after_correcting"),
    ],
)
def test_talk_that_turns_out_to_be_none_told_nobody_the_false_news(
    phone: Phone,
    registered: Registering,
    make_staff: MakeStaff,
    hotline: Hotline,
    codes: list[str],
    taken_back: str,
) -> None:
    who, made = make_staff(), registered("released")
    wrong = is_reported_and_left_to_staff(phone, made, "returned_to_custody")
    person = staff_tell(phone, hotline, who)
    hangs_up(person, hotline)
    if taken_back == "before_saving":
        takes_back(hotline, wrong)
    saves(hotline, who, codes[0])
    for code in codes[1:]:
        corrects(hotline, who, code)
    if taken_back == "before_correcting":
        takes_back(hotline, wrong)

    corrects(hotline, who, "nobody_there")

    if taken_back == "after_correcting":
        takes_back(hotline, wrong)
    before = len(hotline.rung())
    for minutes in (1, 19):
        sweeps(hotline, minutes=minutes)
    assert FIRST not in hotline.rung()[before:]
    assert [one for one in corrections(hotline) if one.state != "stopped"] == []


def test_what_the_line_had_told_is_corrected_although_the_talk_after_it_was_none(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who, made = make_staff(), registered("released")
    wrong = reports(hotline, "returned_to_custody", made)
    calls_go_out(hotline)
    hears_the_news(phone, hotline, confirms=False).hangs_up()
    hotline.jobs.works_off()
    assert any(FIRST in sweeps(hotline, minutes=minutes) for minutes in (60, 60))
    forgets_the_code(phone, hotline)
    person = staff_tell(phone, hotline, who)
    ends(hotline, person, who, "call_later")
    corrects(hotline, who, "nobody_there")

    takes_back(hotline, wrong)

    assert [one.state for one in corrections(hotline)] == ["waiting"]


def reads_of_a_false_escape(
    phone: Phone, registered: Registering, who: Staff, hotline: Hotline
) -> ImportResult:
    """A caller at 0 who was told that the person is out talks with a liaison, who then reads of an escape.

    The talk is over, and its outcome is not saved yet.
    """
    made = registered("released")
    caller = phone.another()
    opens_the_case(caller, made.case, from_=FIRST)
    caller.presses("2")
    hotline.jobs.works_off()
    liaison = talks_at_0(phone, hotline, caller)
    views_the_words_at_0(hotline, who)
    hotline.clock.passes(minutes=1)
    assert not reads_on_at_0(hotline, who)
    wrong = reports(hotline, "escaped", made, hours_ago=0.01)
    hotline.clock.passes(seconds=2)
    assert reads_on_at_0(hotline, who)
    sweeps(hotline, seconds=3)
    phone.another().lets_ring(ringing(hotline))
    hotline.clock.passes(minutes=1)
    caller.hangs_up()
    hotline.jobs.works_off()
    liaison.hangs_up()
    return wrong


@pytest.mark.parametrize(
    ("code", "taken_back"), [("reached", "after_saving"), ("call_later", "before_saving")]
)
def test_caller_at_0_who_heard_of_a_false_escape_that_came_during_the_talk_hears_that_it_was_wrong(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline, code: str, taken_back: str
) -> None:
    who = make_staff()
    wrong = reads_of_a_false_escape(phone, registered, who, hotline)
    if taken_back == "before_saving":
        takes_back(hotline, wrong)
    saves(hotline, who, code)
    if taken_back == "after_saving":
        takes_back(hotline, wrong)

    assert any(FIRST in sweeps(hotline, minutes=1) for _ in range(3))
    called = hears_the_news(phone, hotline, "1", confirms=False)
    assert called.hears("What we told you today was wrong", "was released")


@ON_SQLITE
def test_person_who_heard_of_a_false_escape_in_a_call_about_something_else_hears_that_it_was_wrong(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who, made = make_staff(), registered("released")
    with hotline.database.transaction() as session:
        make_callback(session, made.case, phone=FIRST, verified=True, rank=0)
    wrong = reports(hotline, "escaped", made, hours_ago=0.01)
    sweeps(hotline)
    liaison, person = talk_again(phone, hotline)
    recognizes(hotline, who)
    hotline.clock.passes(minutes=1)
    ends(hotline, person, who, "reached")
    liaison.hangs_up()

    takes_back(hotline, wrong)

    assert any(FIRST in sweeps(hotline, minutes=1) for _ in range(3))
    called = hears_the_news(phone, hotline, "1", confirms=False)
    assert called.hears("What we told you today was wrong", "was released")


@ON_BOTH
def test_caller_at_0_whom_nobody_told_after_all_hears_of_no_mistake_in_a_false_escape(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    wrong = reads_of_a_false_escape(phone, registered, who, hotline)
    saves(hotline, who, "reached")
    corrects(hotline, who, "nobody_there")

    takes_back(hotline, wrong)

    assert [one for one in corrections(hotline) if one.state != "stopped"] == []


def test_escape_that_came_during_a_talk_at_0_is_told_by_the_line_as_well(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    """Staff saw it, and nobody knows whether they still told it: another call is better than none."""
    who = make_staff()
    reads_of_a_false_escape(phone, registered, who, hotline)

    saves(hotline, who, "reached")

    assert any(FIRST in sweeps(hotline, minutes=12) for _ in range(3))


@pytest.mark.parametrize("how", ["not_recognized", "not_reached"])
def test_person_to_whom_nobody_told_the_false_news_hears_nothing_of_it(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline, how: str
) -> None:
    who, made = make_staff(), registered("released")
    wrong = is_reported_and_left_to_staff(phone, made, "returned_to_custody")
    hotline.clock.passes(seconds=30)
    person = staff_call(phone, hotline, who)
    if how == "not_reached":
        recognizes(hotline, who)
    takes_back(hotline, wrong)
    ends(hotline, person, who, "reached" if how == "not_recognized" else "nobody_there")

    for minutes in (1, 16, 3):
        sweeps(hotline, minutes=minutes)

    assert corrections(hotline) == []


def test_person_who_was_told_before_a_false_file_came_hears_of_no_mistake(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who, made = make_staff(), registered("in_custody")
    is_reported_and_left_to_staff(phone, made, "escaped", hours_ago=2)
    person = staff_tell(phone, hotline, who, minutes=1)
    wrong = reports(hotline, "returned_to_custody", made, hours_ago=0.1)
    hotline.clock.passes(minutes=1)
    ends(hotline, person, who, "reached")

    takes_back(hotline, wrong)

    assert FIRST not in sweeps(hotline, minutes=1)
    assert corrections(hotline) == []


@pytest.mark.parametrize("taken_back", ["after_saving", "before_saving"])
def test_reached_by_mistake_takes_the_correction_with_it(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline, taken_back: str
) -> None:
    who, made = make_staff(), registered("in_custody")
    wrong = is_reported_and_left_to_staff(phone, made, "released")
    hotline.clock.passes(seconds=30)
    person = staff_call(phone, hotline, who)
    if taken_back == "after_saving":
        ends(hotline, person, who, "reached", recognized=True)
        takes_back(hotline, wrong)
    else:
        recognizes(hotline, who)
        takes_back(hotline, wrong)
        ends(hotline, person, who, "reached")
    assert FIRST in sweeps(hotline, seconds=5)
    rings = ringing(hotline)

    corrects(hotline, who, "nobody_there")

    assert [one.state for one in corrections(hotline)] == ["stopped"]
    sweeps(hotline, seconds=5)
    assert rings.status != "ringing"
    before = len(hotline.rung())
    for _ in range(2):
        sweeps(hotline, minutes=31)
    assert FIRST not in hotline.rung()[before:]


@ON_SQLITE
@pytest.mark.parametrize("true_date", [True, False], ids=["another date", "no date"])
def test_person_who_was_told_a_wrong_court_date_hears_that_the_date_was_wrong_and_the_true_one(
    phone: Phone, registered: Registering, hotline: Hotline, true_date: bool
) -> None:
    """They heard that all was wrong, then the same status again, and no date."""
    now, court = hotline.clock.now, {"next_hearing_place": "Lumpkin Court"}
    with hotline.database.transaction() as session:
        make_court(session, "Lumpkin Court")
    true: dict[str, Any] = {"next_hearing_at": now + timedelta(days=30), **court} if true_date else {}
    made = registered("in_custody", record=true)
    false = (now + timedelta(days=2)).isoformat()
    wrong = reports(hotline, "in_custody", made, hours_ago=48, next_hearing_at=false, **court)
    for _ in range(3):
        sweeps(hotline, minutes=1)
    called = picks_up(phone, hotline)
    for key in ("1", CODE):
        called.presses(key)
    assert called.hears("The next court date is Friday, November 27")
    called.presses("1")
    called.hangs_up()

    takes_back(hotline, wrong)

    caller = phone.another()
    opens_the_case(caller, made.case, from_="+12025550139")
    assert caller.hears("The date that we told you today was wrong. This person is in custody")
    caller.hangs_up()
    sweeps(hotline, minutes=1)
    called = picks_up(phone.another(), hotline)
    for key in ("1", CODE):
        called.presses(key)
    assert called.hears("The date that we told you today was wrong. This person is in custody")
    assert called.does_not_hear("What we told you", "November 27")
    assert ("The next court date is Friday, December 25" in called.transcript) is true_date
    called.presses("1")
    assert called.hears("We will not call about this again")
