"""What a liaison keys after a talk: what follows from it, and how it is corrected (R37)."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from config.office import Office
from models import AuditEntry, Callback, Staff, Talk
from models.callbacks.callback_request import request_callback
from models.callbacks.follow_up import SUPERVISOR
from models.overview.caller_state import load_by_sid
from models.overview.outcome import note_outcome
from tests.calls.callbacks.test_callbacks import asks_express, the_callback
from tests.calls.conftest import Clock, Hotline
from tests.calls.staff.conftest import LIAISON, callbacks, talked
from tests.factories import MadeCase, make_callback
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


@pytest.mark.parametrize(
    ("key", "outcome"),
    [("1", "reached"), ("21", "message_left"), ("22", "nobody_there"), ("23", "wrong_person")],
)
def test_code_refines_the_outcome_of_a_row_that_is_closed_already(
    liaison: Phone, hotline: Hotline, key: str, outcome: str
) -> None:
    closed_at = the_callback(hotline).closed_at

    for one in key:
        liaison.presses(one)

    row = callbacks(hotline)[0]
    assert (row.state, row.outcome, row.closed_at) == ("reached", outcome, closed_at)
    assert liaison.hears("It is saved")
    assert liaison.is_over


def test_liaison_who_left_a_message_that_was_not_allowed_is_asked_once_more_and_tells_a_supervisor(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=LIAISON)
    asks_express(phone, make_case(custody_status="in_custody"))
    liaison = talked(phone, hotline)

    liaison.presses("2")
    liaison.presses("1")

    assert liaison.hears("This person allowed no message. If you left one, give the call to a supervisor.")
    assert liaison.hears("How did the call end?")
    assert the_callback(hotline).outcome == "reached"
    assert hotline.rows(select(AuditEntry).where(AuditEntry.action == "note_outcome")) == []
    liaison.presses("4")
    assert liaison.hears("It is saved")
    assert [row.state for row in callbacks(hotline)] == ["reached", "left_for_staff"]


def test_liaison_who_hangs_up_without_a_code_leaves_the_outcome_reached(
    liaison: Phone, hotline: Hotline
) -> None:
    liaison.hangs_up()

    assert (the_callback(hotline).outcome, hotline.rows(select(Staff.busy_call_id))) == ("reached", [None])


def test_call_again_later_makes_a_new_callback_for_the_same_person(
    liaison: Phone, hotline: Hotline, clock: Clock
) -> None:
    liaison.presses("3")
    liaison.redelivers_last()

    first, second = callbacks(hotline)
    assert (first.state, first.outcome) == ("reached", "call_later")
    assert (second.state, second.reason, second.case_id) == ("requested", "call_later", first.case_id)
    assert second.next_attempt_at == clock.now + timedelta(minutes=120)
    assert second.phone_key == first.phone_key


def test_callback_given_to_the_supervisor_is_listed_for_a_person(liaison: Phone, hotline: Hotline) -> None:
    liaison.presses("4")

    first, second = callbacks(hotline)
    assert (first.state, first.outcome) == ("reached", "to_supervisor")
    assert (second.state, second.outcome) == ("left_for_staff", "to_supervisor")
    hotline.jobs.works_off()
    assert hotline.carrier.ringing == []


def test_callback_given_to_the_supervisor_is_listed_though_the_person_asked_for_a_call_meanwhile(
    liaison: Phone, phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    with hotline.database.transaction() as session:
        make_callback(session, case_id=callbacks(hotline)[0].case_id, verified=True)

    liaison.presses("4")

    assert liaison.hears("It is saved")
    assert [(row.state, row.reason) for row in callbacks(hotline)] == [
        ("reached", "asked"), ("requested", "asked"), ("left_for_staff", "to_supervisor"),
    ]  # fmt: skip


@pytest.mark.parametrize(("code", "more"), [("reached", []), (SUPERVISOR, ["left_for_staff"])])
def test_person_who_need_not_be_called_again_after_all_is_not_called(
    liaison: Phone, hotline: Hotline, code: str, more: list[str]
) -> None:
    liaison.presses("3")

    with hotline.database.transaction() as session:
        talk = session.scalars(select(Talk).where(Talk.callback_id == callbacks(hotline)[0].id)).one()
        assert talk.staff_id is not None
        note_outcome(session, talk, code, talk.staff_id, hotline.clock.now, hotline.policy)

    assert [row.state for row in callbacks(hotline)] == ["reached", "cancelled", *more]


def test_call_that_the_person_asked_for_themselves_is_not_taken_back(
    liaison: Phone, phone: Phone, hotline: Hotline
) -> None:
    liaison.presses("3")
    with hotline.database.transaction() as session:
        later = session.scalars(select(Callback).order_by(Callback.id)).all()[1]
        talk = session.scalars(select(Talk)).one()
        caller = load_by_sid(session, liaison.call_sid, hotline.clock.now)
        assert caller is not None
        caller.case_id = later.case_id
        request_callback(
            session, call=caller, number="+12025550123", urgency="other", reason="asked",
            due_at=later.due_at, next_attempt_at=hotline.clock.now, time_zone=later.time_zone,
            now=hotline.clock.now, policy=hotline.policy,
        )  # fmt: skip
        assert talk.staff_id is not None
        note_outcome(session, talk, "reached", talk.staff_id, hotline.clock.now, hotline.policy)

    assert [(row.state, row.reason) for row in callbacks(hotline)] == [
        ("reached", "asked"), ("requested", "asked"),
    ]  # fmt: skip


def test_supervisor_is_warned_of_a_new_promise_though_the_one_before_was_late(
    liaison: Phone, hotline: Hotline
) -> None:
    with hotline.database.transaction() as session:
        session.execute(update(Callback).values(warned=4))

    liaison.presses("3")

    assert [row.warned for row in callbacks(hotline)] == [4, 0]


def test_code_that_comes_too_late_changes_nothing(liaison: Phone, hotline: Hotline, clock: Clock) -> None:
    clock.passes(minutes=16)

    liaison.presses("3")

    assert liaison.hears("It is too late")
    assert [row.outcome for row in callbacks(hotline)] == ["reached"]


class TestOneMinuteOfRest:
    """An office whose break after a hard call is one minute."""

    @pytest.fixture
    def office(self, office: Office) -> Office:
        short = dataclasses.replace(office.policies["hard_call_minutes"], value=1)
        return dataclasses.replace(office, policies={**office.policies, "hard_call_minutes": short})

    def test_break_of_one_minute_is_said_in_the_singular(self, liaison: Phone) -> None:
        liaison.presses("8")

        assert liaison.hears("You will get no calls for one minute. How did the call end?")


def test_nobody_rings_the_liaison_for_ten_minutes_after_a_hard_call_and_nobody_asks_why(
    liaison: Phone, phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock
) -> None:
    liaison.presses("8")
    assert liaison.hears("You will get no calls for 10 minutes", "How did the call end?")
    liaison.presses("1")
    asks_express(phone, make_case(custody_status="in_custody"))
    hotline.jobs.works_off()
    assert hotline.carrier.ringing == []
    (entry,) = hotline.rows(select(AuditEntry).where(AuditEntry.action == "rest"))
    assert entry.facts is None

    clock.passes(minutes=10)
    hotline.sweeps()
    hotline.sweeps()
    hotline.jobs.works_off()

    assert [call.to for call in hotline.carrier.ringing] == [LIAISON]


def test_liaison_who_was_rung_in_spanish_is_asked_for_the_outcome_in_spanish(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(languages="es")
    asks_express(phone, make_case(custody_status="in_custody"), language="2")
    liaison = talked(phone, hotline)

    assert liaison.hears("La llamada acabó. ¿Cómo terminó?", "Si habló con la persona, oprima 1")


def test_supervisor_who_was_chosen_by_mistake_has_nothing_left(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    ana = make_staff(phone=LIAISON)
    asks_express(phone, make_case(custody_status="in_custody", phone=CALLER))
    talked(phone, hotline)

    for code in ("to_supervisor", "call_later"):
        with hotline.database.transaction() as session:
            talk = session.scalars(select(Talk)).one()
            note_outcome(session, talk, code, ana.id, hotline.clock.now, hotline.policy)

    left, later = callbacks(hotline)[1:]
    assert (left.state, left.outcome) == ("cancelled", "settled_otherwise")
    assert (later.state, later.reason) == ("requested", "call_later")
