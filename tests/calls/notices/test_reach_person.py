"""A notice that needs a person is a task on the desk's one list, until its news was told (R28, R36, R37)."""

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from models import Alert, AuditEntry, Callback, Registration, Staff
from models.cases.case import Case
from models.store.refusal import RefusedError
from models.talks.own_call import call_now
from models.talks.refusals import TalkRefusal
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import (
    CODE,
    FIRST,
    SECOND,
    Registered,
    minutes_until_next,
    misses,
    picks_up,
    ringing,
    sweeps,
    the_notice,
)
from tests.calls.notices.staff_tells import (
    asks_for_person,
    ends,
    forgets_the_code,
    is_left_to_staff,
    presses_call_now,
    staff_call,
    staff_ring,
    tasks,
)
from tests.conftest import ON_SQLITE
from tests.factories import make_duress_pin, make_event, make_notice
from tests.phone import Phone

Registering = Callable[..., Registered]
MakeStaff = Callable[..., Staff]


@pytest.mark.parametrize(
    ("cap", "code", "outcome"),
    [(0, CODE, "notice_cap"), (9, CODE, "notice_no_code")],
    ids=["cap reached", "code problem"],
)
def test_person_whom_the_line_does_not_reach_is_a_task_on_the_list_once(
    phone: Phone, registered: Registering, hotline: Hotline, cap: int, code: str, outcome: str
) -> None:
    made = registered("released", cap=cap, code=code)
    made.is_dialed()
    if cap:
        forgets_the_code(phone, hotline)

    sweeps(hotline, minutes=1)
    sweeps(hotline, minutes=1)

    (task,) = tasks(hotline)
    assert (task.state, task.reason, task.outcome) == ("left_for_staff", "notice", outcome)
    assert (task.case_id, task.urgency, task.begun_by_staff) == (made.case.id, "urgent", True)
    assert task.rank is not None
    (made_by,) = hotline.rows(select(AuditEntry).where(AuditEntry.action == "request_callback"))
    assert (made_by.facts or {})["verified"] is False, "nobody gave the PIN"
    # Supervisors are paged about the notice alone, and not about its task beside it.
    assert "left_for_staff" not in hotline.rows(select(Alert.level))


@pytest.mark.parametrize("keys", [("#",), ("0000", "0000", "0000")], ids=["no code", "wrong codes"])
def test_code_problem_is_an_urgent_task_whatever_the_news_is(
    phone: Phone, registered: Registering, hotline: Hotline, keys: tuple[str, ...]
) -> None:
    registered("transferred").is_dialed("transferred")
    called = picks_up(phone, hotline)
    for key in ("1", *keys):
        called.presses(key)
    called.hangs_up()

    sweeps(hotline)

    (task,) = tasks(hotline)
    assert (task.urgency, task.due_at - task.requested_at) == ("urgent", timedelta(minutes=60))


def test_staff_who_reach_and_recognize_the_person_confirm_the_news(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    is_left_to_staff(phone, registered("released"))

    ends(hotline, staff_call(phone, hotline, who), who, "reached", recognized=True)

    notice = the_notice(hotline)
    assert (notice.state, notice.confirmed_by) == ("confirmed", "staff")
    (entry,) = hotline.rows(select(AuditEntry).where(AuditEntry.action == "confirm_notice"))
    assert (entry.actor, entry.facts) == (f"staff:{who.id}", {"by": "staff"})
    assert sweeps(hotline, hours=30) == []
    assert len(tasks(hotline)) == 1


@ON_SQLITE
def test_person_whom_staff_did_not_recognize_has_not_heard_the_news(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    is_left_to_staff(phone, registered("released"))

    ends(hotline, staff_call(phone, hotline, who), who, "reached", recognized=False)

    assert the_notice(hotline).state == "left_for_staff"
    sweeps(hotline, minutes=30)
    assert len(tasks(hotline)) == 1
    sweeps(hotline, hours=2)
    assert [task.state for task in tasks(hotline)] == ["reached", "left_for_staff"]


@ON_SQLITE
def test_task_is_closed_when_its_person_confirms_the_news_on_another_phone(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    is_left_to_staff(phone, registered("released", phones=(FIRST, SECOND)))
    assert [task.outcome for task in tasks(hotline)] == ["notice_no_code"]
    sweeps(hotline, minutes=30)

    called = picks_up(phone, hotline, SECOND)
    for keys in ("1", CODE, "1", "1"):
        called.presses(keys)
    sweeps(hotline, seconds=30)

    (task,) = tasks(hotline)
    assert the_notice(hotline).state == "confirmed"
    assert (task.state, task.outcome) == ("cancelled", "notice_over")


def test_liaison_who_accepts_just_after_the_person_heard_the_news_by_pin_rings_nobody(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who, made = make_staff(), registered("escaped")
    is_left_to_staff(phone, made, "escaped")
    presses_call_now(hotline, who)
    hotline.jobs.works_off()
    to_liaison = hotline.carrier.ringing[-1]
    caller = phone.another()
    caller.dials_in(from_=FIRST)
    for keys in ("1", "1", made.case.number, made.case.pin, "1"):
        caller.presses(keys)
    assert caller.hears("this person escaped")
    hotline.clock.passes(seconds=50)
    caller.presses("2")
    assert the_notice(hotline).state == "confirmed"
    rung = hotline.carrier.asked_for.count(FIRST)

    liaison = phone.another().answers(to_liaison)
    liaison.presses("1")
    hotline.jobs.works_off()

    sweeps(hotline, seconds=5)
    assert hotline.carrier.asked_for.count(FIRST) == rung
    assert [(one.state, one.outcome) for one in tasks(hotline)] == [("cancelled", "notice_over")]


def test_staff_do_not_call_about_news_while_the_line_calls_the_person_about_it(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    is_left_to_staff(phone, registered("released", phones=(FIRST, SECOND)))
    sweeps(hotline, minutes=30)
    called = picks_up(phone, hotline, SECOND)
    for keys in ("1", CODE):
        called.presses(keys)

    why = f"^{TalkRefusal.LINE_IS_CALLING}$"
    with pytest.raises(RefusedError, match=why), hotline.database.transaction() as session:
        call_now(session, tasks(hotline)[-1].id, who.id, hotline.clock.now, hotline.policy)
    called.hangs_up()
    hotline.jobs.works_off()

    assert staff_call(phone, hotline, who).is_talking


@ON_SQLITE
def test_phone_that_staff_ring_stops_when_the_person_confirms_the_news_on_another_phone(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    registered("released", phones=(FIRST, SECOND)).is_due("released")
    until_the_page(phone, hotline, None)
    for call in list(hotline.carrier.ringing):
        phone.another().declines(call, "no-answer")
    sweeps(hotline, minutes=minutes_until_next(hotline) - 0.1)
    liaison, to_person = staff_ring(phone, hotline, who)
    sweeps(hotline, seconds=10)
    other = SECOND if to_person.to == FIRST else FIRST
    called = picks_up(phone, hotline, other)
    for keys in ("1", CODE, "1", "1"):
        called.presses(keys)
    assert called.hears("We will not call about this again")

    sweeps(hotline, seconds=5)

    assert to_person not in hotline.carrier.ringing
    assert [task.outcome for task in tasks(hotline)] == ["notice_over"]
    assert liaison.hears("We could not connect you now")


def test_task_that_staff_cancel_because_the_person_asked_stops_the_notice(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    is_left_to_staff(phone, registered("released"))
    with hotline.database.transaction() as session:
        canceled = {"state": "cancelled", "outcome": "person_asked", "closed_at": hotline.clock.now}
        session.execute(update(Callback).values(**canceled))

    sweeps(hotline, seconds=30)

    assert (the_notice(hotline).state, the_notice(hotline).outcome) == ("stopped", "staff_cancelled")
    assert len(tasks(hotline)) == 1


def test_second_and_urgent_news_makes_the_task_urgent_and_no_second_one(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("released", cap=0)
    made.is_dialed("released", is_urgent=False)
    sweeps(hotline, minutes=1)
    assert [task.urgency for task in tasks(hotline)] == ["other"]

    with hotline.database.transaction() as session:
        event = make_event(session, made.case.subject_id, "escaped", before_id=None)
        registration = session.get_one(Registration, made.registration_id)
        make_notice(session, registration, event, next_attempt_at=hotline.clock.now)
    sweeps(hotline, minutes=1)
    sweeps(hotline, minutes=1)

    assert [task.urgency for task in tasks(hotline)] == ["urgent"]


def test_person_who_asked_for_a_person_has_one_callback_and_no_task_beside_it(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("released").is_due()
    asks_for_person(phone, hotline)

    sweeps(hotline, minutes=1)

    assert [(task.reason, task.urgency) for task in tasks(hotline)] == [("hard_news", "urgent")]


def test_person_who_asked_for_a_person_has_a_task_of_its_own_for_another_case(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("released")
    made.is_due()
    asks_for_person(phone, hotline)
    other = registered("escaped", phones=("+12025550137",), cap=0)
    with hotline.database.transaction() as session:
        session.get_one(Case, other.case.id).registrant_id = made.case.registrant_id
    other.is_due("escaped")

    sweeps(hotline, minutes=1)
    sweeps(hotline, minutes=1)

    assert [(task.reason, task.case_id) for task in tasks(hotline)] == [
        ("hard_news", None), ("notice", other.case.id),
    ]  # fmt: skip


def test_news_that_nobody_confirmed_when_the_consent_ended_is_a_task_of_staff(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("released")
    made.is_due()
    made.changes(Registration, lapses_at=hotline.clock.now + timedelta(minutes=10))
    sweeps(hotline)
    phone.declines(ringing(hotline), "no-answer")

    assert sweeps(hotline, minutes=31) == []
    sweeps(hotline, minutes=1)

    assert (the_notice(hotline).state, the_notice(hotline).task) == ("left_for_staff", "no_phone")
    assert "notice" in [task.reason for task in tasks(hotline)]


def test_task_of_a_case_under_duress_is_not_on_the_list_that_everybody_reads(
    registered: Registering, hotline: Hotline
) -> None:
    made = registered("released", cap=0)
    made.is_due()
    with hotline.database.transaction() as session:
        duress = make_duress_pin(session, made.case, now=hotline.clock.now)
        session.get_one(Case, duress.id).last_verified_at = hotline.clock.now

    sweeps(hotline)
    sweeps(hotline, minutes=1)

    assert the_notice(hotline).state == "left_for_staff"
    assert [task.reason for task in tasks(hotline) if task.reason == "notice"] == []


@pytest.mark.parametrize("keys", [("2",), ("7",), None], ids=["not now", "cover", "no answer"])
def test_person_about_whom_those_on_call_are_paged_is_on_the_list_while_the_line_goes_on(
    phone: Phone,
    registered: Registering,
    make_staff: MakeStaff,
    hotline: Hotline,
    keys: tuple[str, ...] | None,
) -> None:
    make_staff(on_call=True)
    made = registered("released")
    made.is_due()
    until_the_page(phone, hotline, keys)

    sweeps(hotline, seconds=2)

    (task,) = tasks(hotline)
    assert (task.state, task.reason, task.outcome) == ("left_for_staff", "notice", "notice_late")
    assert (task.case_id, task.urgency) == (made.case.id, "urgent")
    assert any(FIRST in sweeps(hotline, minutes=15) for _ in range(9))
    called = picks_up(phone.another(), hotline)
    for key in ("1", CODE, "1", "1"):
        called.presses(key)
    sweeps(hotline, seconds=2)
    assert the_notice(hotline).state == "confirmed"
    assert [one.state for one in tasks(hotline)] == ["cancelled"]


@ON_SQLITE
def test_person_who_asks_for_a_person_after_the_page_is_on_the_list_once(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(on_call=True)
    registered("released").is_due()
    until_the_page(phone, hotline, None)
    sweeps(hotline, seconds=2)
    if not hotline.rung():
        sweeps(hotline, minutes=30)
    called = picks_up(phone.another(), hotline)
    for key in ("1", CODE, "2"):
        called.presses(key)
    called.hangs_up()

    sweeps(hotline, seconds=2)

    standing = [one.reason for one in tasks(hotline) if one.state != "cancelled"]
    assert standing == ["hard_news"]


@ON_SQLITE
def test_call_of_staff_that_nobody_answered_is_not_repeated_when_the_news_was_confirmed(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    is_left_to_staff(phone, registered("released", phones=(FIRST, SECOND)))
    misses(phone, hotline, SECOND)
    is_called_by_staff(phone, hotline, who)
    assert [one.state for one in tasks(hotline)] == ["requested"]
    sweeps(hotline, minutes=minutes_until_next(hotline))
    # The news waits for the first liaison who is called for that phone.
    hotline.declines(phone)
    sweeps(hotline, minutes=2)

    called = picks_up(phone.another(), hotline, SECOND)
    for key in ("1", CODE, "1", "1"):
        called.presses(key)
    assert called.hears("We will not call about this again")
    called.hangs_up()
    sweeps(hotline, seconds=2)

    assert [number for _ in range(2) for number in sweeps(hotline, minutes=60)] == []
    assert [(one.state, one.outcome) for one in tasks(hotline)] == [("cancelled", "notice_over")]


@pytest.mark.parametrize(
    ("of_phone", "of_case", "is_allowed"),
    [
        (False, None, False),
        (None, None, True),
        (True, None, True),
        # On a phone that is called for another case too, whose answer came last.
        (True, False, False),
        (False, True, True),
    ],
)
def test_staff_call_about_news_at_night_only_whom_the_line_may_call_then(
    registered: Registering,
    make_staff: MakeStaff,
    hotline: Hotline,
    of_phone: bool | None,
    of_case: bool | None,
    is_allowed: bool,
) -> None:
    who = make_staff()
    made = registered("released", phone={"night_allowed": of_phone})
    made.changes(Registration, night_allowed=of_case)
    at_night(hotline, hour=3)
    made.is_due(
        "released", state="left_for_staff", outcome="no_code", task="no_code", task_at=hotline.clock.now
    )
    sweeps(hotline)

    with hotline.database.transaction() as session:
        if is_allowed:
            assert call_now(session, tasks(hotline)[-1].id, who.id, hotline.clock.now, hotline.policy)
            return
        with pytest.raises(RefusedError, match=TalkRefusal.NOT_NOW):
            call_now(session, tasks(hotline)[-1].id, who.id, hotline.clock.now, hotline.policy)


@ON_SQLITE
def test_call_of_staff_that_nobody_answered_in_the_evening_is_not_repeated_in_a_night_without_calls(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    made = registered("released", phone={"night_allowed": False})
    at_night(hotline, hour=20)
    is_left_to_staff(phone, made)
    is_called_by_staff(phone, hotline, who)

    by_night = [number for _ in range(3) for number in sweeps(hotline, hours=3)]
    is_called = any(sweeps(hotline, minutes=30) for _ in range(6))

    assert by_night == []
    assert [one.state for one in tasks(hotline)] != ["cancelled"]
    assert is_called, "nobody is called any more"


def until_the_page(phone: Phone, hotline: Hotline, keys: tuple[str, ...] | None) -> None:
    """The line calls, and nobody confirms the news, until those on call are paged."""
    sweeps(hotline)
    while "notices_late" not in hotline.rows(select(Alert.level)):
        for call in list(hotline.carrier.ringing):
            if keys is None:
                phone.another().declines(call, "no-answer")
                continue
            called = phone.another().answers(call)
            for key in keys:
                called.presses(key)
            if not called.is_over:
                called.hangs_up()
        sweeps(hotline, minutes=15)


def at_night(hotline: Hotline, hour: int) -> None:
    """It becomes this hour where the person lives."""
    there = hotline.clock.now.astimezone(ZoneInfo("America/New_York"))
    hotline.clock.passes(hours=(hour - there.hour) % 24)


def is_called_by_staff(phone: Phone, hotline: Hotline, who: Staff) -> None:
    """Staff call about the task on the list, and nobody answers."""
    liaison, to_person = staff_ring(phone, hotline, who)
    phone.another().lets_ring(to_person)
    hotline.jobs.works_off()
    if not liaison.is_over:
        liaison.hangs_up()
