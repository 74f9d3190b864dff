"""What is keyed after a talk, and calls that end oddly: machines, messages, dropped calls, hard calls."""

import dataclasses
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from config.office import Office
from models import AuditEntry, Callback, Staff, Talk
from models.callbacks.callback_request import request_callback
from models.callbacks.claim import may_be_called
from models.callbacks.follow_up import SUPERVISOR, NotAgainError, promise_anew
from models.callbacks.refusals import CallbackRefusal
from models.cases.registrant import Phone as RegistrantPhone
from models.overview.caller_state import load_by_sid
from models.overview.outcome import note_outcome
from models.overview.phone_stop import lift_stop
from models.store.refusal import RefusedError
from tests.calls.callbacks.test_callbacks import (
    TELLING,
    accepted_by,
    allows_a_message,
    asks_express,
    the_callback,
)
from tests.calls.conftest import Clock, Hotline
from tests.conftest import ON_BOTH, in_turn
from tests.factories import MadeCase, make_callback
from tests.phone import CALLER, Phone
from workers.sweeper import sweep

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
LIAISON = "+12025550170"


def talked(phone: Phone, hotline: Hotline) -> Phone:
    """Two people talk until the one who was called hangs up; returns the liaison's phone."""
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    called.hangs_up()
    hotline.jobs.works_off()
    return liaison


@pytest.fixture
def liaison(phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline) -> Phone:
    """A liaison whose talk, with somebody who allows messages, has just ended."""
    make_staff(phone=LIAISON)
    asks_express(phone, make_case(custody_status="in_custody"))
    allows_a_message(hotline)
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    called.hangs_up()
    assert the_callback(hotline).state == "reached"
    hotline.jobs.works_off()
    assert liaison.hears("How did it end?")
    return liaison


def callbacks(hotline: Hotline) -> list[Any]:
    return hotline.rows(select(Callback).order_by(Callback.id))


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


@ON_BOTH
def test_click_corrects_a_key_at_the_same_moment_and_no_key_a_click(liaison: Phone, hotline: Hotline) -> None:
    callback_id = callbacks(hotline)[0].id
    has_read, keyed = threading.Event(), threading.Event()

    def clicks() -> None:
        with hotline.database.transaction() as session:
            talk = session.scalars(select(Talk).where(Talk.callback_id == callback_id)).one()
            has_read.set()
            # On SQLite the key waits for this transaction instead: it is then the second.
            keyed.wait(30 if hotline.database.engine.dialect.name == "postgresql" else 0)
            assert talk.staff_id is not None
            note_outcome(session, talk, "reached", talk.staff_id, hotline.clock.now, hotline.policy)

    click = threading.Thread(target=clicks)
    click.start()
    assert has_read.wait(30)
    liaison.presses("3")
    keyed.set()
    click.join(30)

    first, *later = callbacks(hotline)
    assert first.outcome == "reached"
    assert [row.state for row in later] in ([], ["cancelled"])


def saves_in_console(hotline: Hotline, code: str) -> None:
    """The leader of the last talk saves its outcome in the console; what follows waits for a worker."""
    with hotline.database.transaction() as session:
        talk = session.scalars(select(Talk).order_by(Talk.id.desc()).limit(1)).one()
        assert talk.staff_id is not None
        word, jobs = note_outcome(session, talk, code, talk.staff_id, hotline.clock.now, hotline.policy)
    assert word == "noted"
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)


@pytest.mark.parametrize("keyed", ["", "2", "8"])
def test_liaison_who_saves_the_outcome_in_the_console_is_let_go_on_the_phone(
    liaison: Phone, hotline: Hotline, keyed: str
) -> None:
    """Their phone went on asking, and keys 2 and 1 there made "A message was left" of what was saved."""
    for one in keyed:
        liaison.presses(one)

    saves_in_console(hotline, "reached")
    hotline.jobs.works_off()

    assert liaison.hears("Thank you. It is saved. Goodbye.")
    assert liaison.is_over
    assert callbacks(hotline)[0].outcome == "reached"
    assert hotline.rows(select(Staff.wrap_up_until)) == [None]


def test_key_after_the_outcome_was_saved_in_the_console_changes_nothing_while_redis_is_down(
    liaison: Phone, hotline: Hotline
) -> None:
    hotline.jobs.is_down = True
    saves_in_console(hotline, "reached")

    liaison.presses("2")
    liaison.presses("1")

    assert liaison.hears("It is saved")
    assert liaison.is_over
    assert callbacks(hotline)[0].outcome == "reached"


def test_outcome_that_was_saved_before_the_phone_asks_is_not_asked_for(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=LIAISON)
    asks_express(phone, make_case(custody_status="in_custody"))
    allows_a_message(hotline)
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    hotline.jobs.works_off()
    hotline.jobs.is_down = True
    called.hangs_up()
    saves_in_console(hotline, "message_left")
    hotline.jobs.is_down = False

    liaison.presses("*")

    assert liaison.does_not_hear("How did it end?")
    assert callbacks(hotline)[0].outcome == "message_left"


def test_liaison_who_keyed_the_outcome_corrects_it_in_the_console(liaison: Phone, hotline: Hotline) -> None:
    liaison.presses("2")
    liaison.presses("1")
    assert liaison.is_over

    saves_in_console(hotline, "reached")
    hotline.jobs.works_off()

    assert callbacks(hotline)[0].outcome == "reached"


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
            now=hotline.clock.now,
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
    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, clock.now)
    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, clock.now)
    hotline.jobs.works_off()

    assert [call.to for call in hotline.carrier.ringing] == [LIAISON]


def test_liaison_who_was_rung_in_spanish_is_asked_for_the_outcome_in_spanish(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(languages="es")
    asks_express(phone, make_case(custody_status="in_custody"), language="2")
    liaison = talked(phone, hotline)

    assert liaison.hears("La llamada acabó. ¿Cómo terminó?", "Si habló con la persona, oprima 1")


# Machines and messages (R31).


def a_machine_answers(phone: Phone, hotline: Hotline) -> Phone:
    _, to_caller = accepted_by(phone, hotline)
    machine = phone.answers(to_caller)
    while not machine.is_over:
        machine.says_nothing()
    return machine


def test_machine_hears_a_neutral_message_once_where_it_is_allowed(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    allows_a_message(hotline)

    machine = a_machine_answers(phone, hotline)
    assert machine.hears("This is a message from the information line")
    assert not any(word in machine.heard_so_far for word in TELLING)
    assert the_callback(hotline).state == "requested"
    hotline.jobs.works_off()
    clock.passes(minutes=31)
    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, clock.now)

    again = a_machine_answers(phone, hotline)
    assert "message from" not in again.heard_so_far


def test_machine_hears_not_one_word_more_where_no_message_is_allowed(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))

    machine = a_machine_answers(phone, hotline)

    assert machine.heard == ""


# Dropped calls.


@in_turn("who", ["liaison", "caller"])
@pytest.mark.parametrize(
    ("wish", "seconds", "again"), [("ring_once", 20, 1), ("ring_once", 70, 0), ("wait_for_me", 20, 0)]
)
def test_dropped_call_is_followed_by_one_more_where_the_person_wanted_that(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock,
    who: str, wish: str, seconds: int, again: int,
) -> None:  # fmt: skip
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    _set(hotline, when_dropped=wish)
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    clock.passes(seconds=seconds)

    (liaison if who == "liaison" else called).hangs_up()

    first, *more = callbacks(hotline)
    assert (first.state, first.outcome) == ("reached", "reached")
    assert [row.reason for row in more] == ["dropped"] * again


def test_call_that_drops_twice_is_not_followed_by_a_third(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks_express(phone, make_case(custody_status="in_custody"))
    _set(hotline, when_dropped="ring_once")
    for _ in range(2):
        liaison, to_caller = accepted_by(phone, hotline)
        called = phone.answers(to_caller)
        called.presses("1")
        called.hangs_up()
        hotline.jobs.works_off()
        if not liaison.is_over:
            liaison.hangs_up()

    assert [row.state for row in callbacks(hotline)] == ["reached", "reached"]


def _set(hotline: Hotline, **values: Any) -> None:
    with hotline.database.transaction() as session:
        session.execute(update(Callback).values(**values))


def test_wrong_person_stops_that_phone_at_once_and_leaves_the_call_for_staff(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=LIAISON)
    asks_express(phone, make_case(custody_status="in_custody", phone=CALLER))
    liaison = talked(phone, hotline)
    phones = select(RegistrantPhone.stopped_at)
    assert hotline.rows(phones) == [None]

    liaison.presses("2")
    assert liaison.hears("If it was the wrong person, press 3")
    liaison.presses("3")

    assert hotline.rows(phones) == [hotline.clock.now]
    first, second = callbacks(hotline)
    assert (first.state, first.outcome) == ("reached", "wrong_person")
    assert (second.state, second.outcome) == ("left_for_staff", "wrong_person")
    assert second.case_id == first.case_id
    assert hotline.rung() == []


def meets_a_wrong_person(phone: Phone, hotline: Hotline) -> Callback:
    """A wrong person takes the call, and the liaison keys that; returns what is left for staff."""
    liaison = talked(phone, hotline)
    liaison.presses("2")
    liaison.presses("3")
    return callbacks(hotline)[-1]


def test_staff_do_not_call_a_wrong_persons_phone_that_is_in_no_case_either(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(phone=LIAISON)
    asks_express(phone, make_case(custody_status="in_custody"))

    left = meets_a_wrong_person(phone, hotline)

    assert (left.state, left.due_at) == ("left_for_staff", clock.now + timedelta(minutes=30))
    with hotline.database.transaction() as session:
        with pytest.raises(NotAgainError, match=f"^{CallbackRefusal.WRONG_PERSON}$"):
            promise_anew(session, left.id, hotline.policy, "liaison:1", clock.now)
        with pytest.raises(RefusedError, match=f"^{CallbackRefusal.WRONG_PERSON}$"):
            may_be_called(session.get_one(Callback, left.id))


def test_staff_may_call_again_once_it_was_the_right_phone_after_all(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(phone=LIAISON)
    asks_express(phone, make_case(custody_status="in_custody", phone=CALLER))
    left = meets_a_wrong_person(phone, hotline)

    with hotline.database.transaction() as session:
        lift_stop(session, session.scalars(select(RegistrantPhone)).one(), "staff:1", clock.now)

    assert callbacks(hotline)[-1].outcome == "stop_lifted"
    with hotline.database.reading() as session:
        may_be_called(session.get_one(Callback, left.id))


@pytest.mark.parametrize("phone_of_case", [CALLER, "+12025550155", None])
def test_wrong_person_that_was_chosen_by_mistake_leaves_nothing_behind(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, phone_of_case: str | None
) -> None:
    ana = make_staff(phone=LIAISON)
    asks_express(phone, make_case(custody_status="in_custody", phone=phone_of_case or "+12025550155"))
    if phone_of_case is None:
        _set(hotline, case_id=None, registrant_id=None, verified=False)
    left = meets_a_wrong_person(phone, hotline)
    hotline.clock.passes(minutes=5)

    # She sees it on the page of the call, where somebody of the household was meant.
    with hotline.database.transaction() as session:
        talk = session.scalars(select(Talk)).one()
        note_outcome(session, talk, "nobody_there", ana.id, hotline.clock.now, hotline.policy)

    withdrawn, again = callbacks(hotline)[1:]
    assert (withdrawn.id, withdrawn.state, withdrawn.outcome) == (left.id, "cancelled", "settled_otherwise")
    assert (again.state, again.caller_tries) == ("requested", 1)
    assert hotline.rows(select(RegistrantPhone).where(RegistrantPhone.stopped_at.is_not(None))) == []
    assert hotline.database.keyring.unseal("callback.number", again.number_sealed) == CALLER


def test_task_of_a_phone_in_no_case_may_be_called_again_when_a_wrong_person_is_taken_back(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    ana = make_staff(phone=LIAISON)
    asks_express(phone, make_case(custody_status="in_custody"))
    _set(hotline, case_id=None, registrant_id=None, verified=False)
    with hotline.database.transaction() as session:
        task = make_callback(
            session, phone=CALLER, state="left_for_staff", outcome="not_safe", closed_at=hotline.clock.now
        ).id
    outcome = select(Callback.outcome).where(Callback.id == task)
    hotline.clock.passes(minutes=1)
    liaison = talked(phone, hotline)
    liaison.presses("2")
    liaison.presses("3")
    assert hotline.rows(outcome) == ["wrong_person"]

    with hotline.database.transaction() as session:
        talk = session.scalars(select(Talk)).one()
        note_outcome(session, talk, "reached", ana.id, hotline.clock.now, hotline.policy)

    assert hotline.rows(outcome) == ["stop_lifted"]


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


def test_phone_that_had_said_stop_stays_stopped_when_a_wrong_person_is_taken_back(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    ana = make_staff(phone=LIAISON)
    asks_express(phone, make_case(custody_status="in_custody", phone=CALLER))
    stopped = hotline.clock.now
    liaison = talked(phone, hotline)
    with hotline.database.transaction() as session:
        session.execute(update(RegistrantPhone).values(stopped_at=stopped))
        session.execute(update(Callback).values(stopped_after=True))
    hotline.clock.passes(minutes=1)
    liaison.presses("2")
    liaison.presses("3")

    with hotline.database.transaction() as session:
        talk = session.scalars(select(Talk)).one()
        note_outcome(session, talk, "nobody_there", ana.id, hotline.clock.now, hotline.policy)

    assert hotline.rows(select(RegistrantPhone.stopped_at)) == [stopped]
    assert "requested" not in [row.state for row in callbacks(hotline)]


def test_staff_call_the_next_safe_phone_of_the_case_after_a_wrong_person(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=LIAISON)
    asks_express(phone, make_case(custody_status="in_custody", phone="+12025550155"))

    left = meets_a_wrong_person(phone, hotline)

    assert (left.state, left.reason, left.outcome) == ("left_for_staff", "to_supervisor", "next_phone")
    assert left.phone_key == hotline.database.keyring.index("phone", "+12025550155")
    assert hotline.database.keyring.unseal("callback.number", left.number_sealed) == "+12025550155"
