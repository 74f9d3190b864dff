"""A wrong file is taken back: the registrants who heard its news hear that it was wrong (R16)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models import Callback, Notice, Staff
from models.cases.subject import Subject
from models.custody.imports.custody_import import ImportResult
from models.custody.imports.lock import import_lock
from models.custody.imports.record import CustodyImport
from models.notices.registering import pause, stop_registration
from models.notices.taking_back.retraction import begin_retraction, retract
from tests import factories
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, FIRST, OPENING, SECOND, Registered, picks_up, reports, sweeps
from tests.calls.notices.staff_tells import corrects, ends, forgets_the_code, staff_call
from tests.calls.stories import opens_the_case
from tests.conftest import ON_SQLITE
from tests.factories import MadeCase, make_staff
from tests.phone import Phone

Registering = Callable[..., Registered]
ANA, BEN = "ana@office.example.org", "ben@office.example.org"


@pytest.fixture(autouse=True)
def two_people(hotline: Hotline) -> None:
    with hotline.database.transaction() as session:
        for email in (ANA, BEN):
            make_staff(session, email=email, role="supervisor", on_shift=False)


def takes_back(hotline: Hotline, imported: ImportResult) -> None:
    """Two people take back a file, by command."""
    assert imported.import_id is not None
    done = retract(
        hotline.database, imported.import_id, by=ANA, and_by=BEN, now=hotline.clock.now, tied_days=30,
        office=hotline.office.zone,
    )  # fmt: skip
    for job in done.jobs:
        hotline.jobs.enqueue(*job)


def hears_the_news(phone: Phone, hotline: Hotline, *keys: str, confirms: bool = True) -> Phone:
    """Whose phone rings enters the code, hears the news, confirms it and hangs up."""
    called = picks_up(phone.another(), hotline)
    for key in ("1", CODE, *keys):
        called.presses(key)
    if confirms:
        called.presses("1")
        called.hangs_up()
    return called


def corrections(hotline: Hotline) -> list[Notice]:
    return hotline.rows(select(Notice).where(Notice.corrects_id.is_not(None)).order_by(Notice.id))


@ON_SQLITE
def test_registrant_who_heard_of_a_false_release_hears_that_it_was_wrong(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("in_custody")
    wrong = reports(hotline, "released", made)
    sweeps(hotline)
    assert hears_the_news(phone, hotline, "1", confirms=False).hears("was released")
    hotline.clock.passes(minutes=30)

    takes_back(hotline, wrong)
    assert sweeps(hotline) == [FIRST]
    called = picks_up(phone, hotline)

    assert called.hears(OPENING)
    called.presses("1")
    assert called.does_not_hear("wrong", "custody")
    called.presses(CODE)
    assert called.hears("What we told you today was wrong. This person is in custody.")
    assert called.does_not_hear("released", "in danger")
    called.presses("1")
    assert called.hears("We will not call about this again")
    assert [one.state for one in corrections(hotline)] == ["confirmed"]
    assert sweeps(hotline, hours=30) == []


@ON_SQLITE
def test_registrant_hears_in_spanish_that_the_news_was_wrong(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("in_custody", language="es")
    wrong = reports(hotline, "released", made)
    sweeps(hotline)
    hears_the_news(phone, hotline, "1")

    takes_back(hotline, wrong)
    sweeps(hotline, minutes=1)

    called = hears_the_news(phone, hotline, confirms=False)
    assert called.hears("Lo que le dijimos hoy no era correcto. Esta persona está en custodia")


def test_phone_that_rings_with_false_news_stops_ringing(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("in_custody")
    wrong = reports(hotline, "released", made)
    assert sweeps(hotline) == [FIRST]

    takes_back(hotline, wrong)

    assert sweeps(hotline, minutes=1) == []
    assert corrections(hotline) == []


def test_false_news_is_not_said_in_a_call_that_goes_on_while_it_is_taken_back(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("in_custody")
    wrong = reports(hotline, "released", made)
    sweeps(hotline)
    called = picks_up(phone, hotline)
    called.presses("1")

    takes_back(hotline, wrong)
    called.presses(CODE)

    assert called.hears("The call is over")
    assert called.does_not_hear("released", "wrong")
    assert corrections(hotline) == []


@ON_SQLITE
def test_false_death_is_neither_said_nor_rung_while_two_people_who_took_it_back_wait_for_an_import(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    """An import may run for an hour, and only then is carried out what the two agreed on."""
    made = registered("in_custody", phones=(FIRST, SECOND))
    wrong = reports(hotline, "deceased", made)
    assert sweeps(hotline) == [FIRST]
    called = picks_up(phone, hotline)
    called.presses("1")
    with hotline.database.transaction() as session:
        begin_retraction(session, wrong.import_id or 0, [ANA, BEN], hotline.clock.now)

    with import_lock(hotline.database):
        called.presses(CODE)
        assert called.hears("The call is over")
        assert called.does_not_hear("died", "news", "To have a person tell you")
        assert [number for _ in range(5) for number in sweeps(hotline, minutes=30)] == []
        caller = phone.another()
        opens_the_case(caller, made.case, from_=FIRST)
        assert caller.hears("I cannot confirm where this person is right now")
        assert caller.does_not_hear("died", "sorry to tell you")
        caller.hangs_up()

    assert sweeps(hotline, minutes=1) == []
    caller = phone.another()
    opens_the_case(caller, made.case, from_=FIRST)
    assert caller.hears("is in custody")
    assert corrections(hotline) == []
    assert hotline.rows(select(Callback)) == []


@ON_SQLITE
def test_registrant_who_was_told_what_is_still_true_hears_of_no_mistake(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("in_custody")
    true = reports(hotline, "released", made, hours_ago=2)
    hotline.clock.passes(minutes=20)
    # The same release again, with a stage of the proceedings that turns out wrong.
    wrong = reports(hotline, "released", made, hours_ago=2.5, removal_stage="appeal_pending")
    assert sweeps(hotline) == [FIRST]
    called = hears_the_news(phone, hotline, "1", confirms=False)
    assert called.hears("was released today")
    called.presses("1")
    called.hangs_up()
    hotline.clock.passes(minutes=30)

    takes_back(hotline, wrong)

    assert sweeps(hotline, minutes=1) == []
    caller = phone.another()
    opens_the_case(caller, made.case, from_=FIRST)
    caller.presses("1")
    assert caller.hears("was released today")
    assert caller.does_not_hear("wrong")
    caller.hangs_up()
    # They still believe the release: once that file is taken back too, they are told.
    takes_back(hotline, true)
    sweeps(hotline, minutes=1)
    called = hears_the_news(phone, hotline, confirms=False)
    assert called.hears("What we told you today was wrong. This person is in custody")


def test_registrant_who_was_told_of_another_day_hears_that_it_was_wrong(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("in_custody")
    reports(hotline, "released", made, hours_ago=30)
    hotline.clock.passes(minutes=20)
    wrong = reports(hotline, "released", made, hours_ago=2)
    assert sweeps(hotline) == [FIRST]
    called = hears_the_news(phone, hotline, "1", confirms=False)
    assert called.hears("was released today")
    called.hangs_up()

    takes_back(hotline, wrong)
    sweeps(hotline, minutes=1)

    called = hears_the_news(phone, hotline, "1", confirms=False)
    assert called.hears("What we told you today was wrong", "released yesterday")


def test_death_that_was_sent_as_a_release_is_corrected_and_then_told_gently(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("in_custody")
    wrong = reports(hotline, "released", made)
    sweeps(hotline)
    hears_the_news(phone, hotline, "1")
    hotline.clock.passes(minutes=20)

    takes_back(hotline, wrong)
    reports(hotline, "deceased", made, hours_ago=3)
    assert FIRST in sweeps(hotline)
    called = picks_up(phone, hotline)
    called.presses("1")
    called.presses(CODE)

    # A person is offered first, and nothing is said before the choice.
    assert called.hears("To have a person call you and tell you, press 1. To hear it now, press 2.")
    assert called.does_not_hear("wrong")
    called.presses("2")
    assert called.hears("What we told you today was wrong", "I am sorry to tell you this", "died")
    assert called.does_not_hear("in danger")
    called.presses("1")
    # One confirmation settles the correction and the new event.
    sweeps(hotline, hours=30)
    assert {one.state for one in hotline.rows(select(Notice))} == {"confirmed"}


def test_release_that_was_sent_as_a_death_is_corrected_at_once_at_night(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("released")
    wrong = reports(hotline, "deceased", made)
    sweeps(hotline)
    called = hears_the_news(phone, hotline, "2", confirms=False)
    assert called.hears("died")
    called.presses("1")
    # 2 AM at the registrant's: a correction that raises danger does not wait for the window.
    local = hotline.clock.now.astimezone(hotline.office.zone)
    hotline.clock.passes(hours=(26 - local.hour) % 24)

    takes_back(hotline, wrong)
    assert sweeps(hotline) == [FIRST]

    again = hears_the_news(phone, hotline, "1", confirms=False)
    assert again.hears("was wrong. The record says this person was released", "If you are in danger")
    (correction,) = corrections(hotline)
    assert correction.is_urgent


def test_correction_that_lowers_danger_waits_for_the_window(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("in_custody")
    wrong = reports(hotline, "released", made)
    sweeps(hotline)
    hears_the_news(phone, hotline, "1")
    local = hotline.clock.now.astimezone(hotline.office.zone)
    hotline.clock.passes(hours=(26 - local.hour) % 24)

    takes_back(hotline, wrong)

    assert sweeps(hotline) == []
    assert sweeps(hotline, hours=7) == [FIRST]


def test_correction_says_that_nothing_can_be_confirmed_when_the_old_record_is_too_old(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("in_custody")
    hotline.clock.passes(hours=26)
    wrong = reports(hotline, "released", made)
    sweeps(hotline)
    hears_the_news(phone, hotline, "1")

    takes_back(hotline, wrong)
    sweeps(hotline, minutes=2)

    called = hears_the_news(phone, hotline, confirms=False)
    assert called.hears("was wrong. I cannot confirm where this person is right now")
    called.presses("1")
    assert [one.state for one in corrections(hotline)] == ["confirmed"]


def test_caller_who_rings_while_a_correction_waits_hears_it_first_and_confirms_it(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("in_custody")
    wrong = reports(hotline, "released", made)
    sweeps(hotline)
    hears_the_news(phone, hotline, "1")
    takes_back(hotline, wrong)

    caller = phone.another()
    opens_the_case(caller, made.case, from_=FIRST)
    assert caller.hears("What we told you today was wrong. This person is in custody.")
    hotline.clock.passes(seconds=40)
    caller.presses("1")

    (correction,) = corrections(hotline)
    assert (correction.state, correction.confirmed_by) == ("confirmed", "line")


@pytest.mark.parametrize(
    ("how", "rings"), [("stopped", True), ("paused", True), ("stopped", False)],
    ids=["stopped while it rings", "paused while it rings", "stopped while it waits"],
)  # fmt: skip
def test_person_who_ends_the_calls_while_a_correction_is_open_is_corrected_by_staff_or_on_the_line(
    phone: Phone, registered: Registering, hotline: Hotline, how: str, rings: bool
) -> None:
    made = registered("in_custody")
    wrong = reports(hotline, "released", made)
    sweeps(hotline)
    hears_the_news(phone, hotline, "1")
    if not rings:
        local = hotline.clock.now.astimezone(hotline.office.zone)
        hotline.clock.passes(hours=(26 - local.hour) % 24)
    takes_back(hotline, wrong)
    assert sweeps(hotline, minutes=2) == ([FIRST] if rings else [])

    now = hotline.clock.now
    by: dict[str, Any] = {"made_by": "staff:1", "call_id": None}
    with hotline.database.transaction() as session:
        if how == "stopped":
            jobs = stop_registration(session, made.case.id, now=now, **by)
        else:
            jobs = pause(session, made.case.id, now + timedelta(days=7), now=now, **by)
    for job in jobs:
        hotline.jobs.enqueue(*job)
    hotline.jobs.works_off()
    sweeps(hotline, seconds=5)

    assert FIRST not in [one.to for one in hotline.carrier.ringing]
    (task,) = hotline.rows(select(Callback).where(Callback.reason == "notice"))
    assert (task.state, task.outcome) == ("left_for_staff", "notice_no_phone")
    caller = phone.another()
    opens_the_case(caller, made.case, from_=FIRST)
    assert "was wrong. This person is in custody." in caller.heard_so_far


def test_caller_who_heard_the_false_status_on_the_line_while_a_notice_waited_is_corrected(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("in_custody")
    wrong = reports(hotline, "transferred", made)
    sweeps(hotline)
    caller = phone.another()
    opens_the_case(caller, made.case, from_=SECOND)
    assert caller.hears("They were moved")
    caller.hangs_up()

    takes_back(hotline, wrong)

    assert len(corrections(hotline)) == 1


def test_news_of_the_line_is_corrected_though_staff_said_by_mistake_that_they_told_newer_news(
    phone: Phone, registered: Registering, make_staff: Callable[..., Staff], hotline: Hotline
) -> None:
    who, made = make_staff(), registered("in_custody")
    wrong = reports(hotline, "released", made, hours_ago=2)
    sweeps(hotline)
    person = hears_the_news(phone, hotline, "1", confirms=False)
    assert person.hears("was released")
    person.hangs_up()
    sweeps(hotline, minutes=30)
    forgets_the_code(phone, hotline)
    sweeps(hotline, seconds=30)
    person = staff_call(phone, hotline, who)
    wrong_too = reports(hotline, "released", made, hours_ago=1)
    ends(hotline, person, who, "reached", recognized=True)

    corrects(hotline, who, "nobody_there")
    takes_back(hotline, wrong_too)
    assert corrections(hotline) == []
    takes_back(hotline, wrong)

    assert FIRST in sweeps(hotline, minutes=1)
    called = hears_the_news(phone, hotline, confirms=False)
    assert called.hears("What we told you today was wrong. This person is in custody.")


def test_registrant_who_wants_a_person_to_tell_them_the_correction_gets_a_callback(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("released")
    wrong = reports(hotline, "deceased", made)
    sweeps(hotline)
    hears_the_news(phone, hotline, "2")
    takes_back(hotline, wrong)
    sweeps(hotline, minutes=1)

    called = hears_the_news(phone, hotline, "2", confirms=False)

    assert called.hears("A person from our team will call you")
    assert hotline.row(select(Callback)).urgency == "urgent"


@ON_SQLITE
def test_two_victims_of_one_person_are_corrected_alone_and_each_by_their_own_date(
    phone: Phone, registered: Registering, hotline: Hotline, make_case: Callable[..., MadeCase]
) -> None:
    made = registered("in_custody")
    with hotline.database.reading() as session:
        subject = session.get_one(Subject, made.case.subject_id)
        session.expunge(subject)
    other = make_case(subject=subject, phone=SECOND)
    with hotline.database.transaction() as session:
        factories.make_registration(session, other, code=CODE)
    wrong = reports(hotline, "released", made)
    assert sorted(sweeps(hotline)) == [FIRST, SECOND]
    hears_the_news(phone, hotline, "1")

    takes_back(hotline, wrong)

    assert sweeps(hotline, minutes=1) == [FIRST]
    assert [one.case_id for one in corrections(hotline)] == [made.case.id]


def test_retraction_that_two_people_approved_in_the_console_is_carried_out_by_the_sweeper(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("in_custody")
    wrong = reports(hotline, "released", made)
    sweeps(hotline)
    hears_the_news(phone, hotline, "1")
    with hotline.database.transaction() as session:
        begin_retraction(session, wrong.import_id or 0, [ANA, BEN], hotline.clock.now)

    assert sweeps(hotline, minutes=1) == [FIRST]

    assert [one.state for one in hotline.rows(select(CustodyImport).order_by(CustodyImport.id))][-1] == (
        "retracted"
    )


def test_supervisors_are_paged_when_nobody_confirms_an_urgent_correction_within_the_hour(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("released")
    wrong = reports(hotline, "deceased", made)
    sweeps(hotline)
    hears_the_news(phone, hotline, "2")
    takes_back(hotline, wrong)
    sweeps(hotline, seconds=10)

    sweeps(hotline, minutes=31)
    assert [one.paged_level for one in corrections(hotline)] == [1]
    sweeps(hotline, minutes=30)

    assert [one.paged_level for one in corrections(hotline)] == [2]
