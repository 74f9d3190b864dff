"""A wrong person answers: their phone is stopped, staff see to the next, a mistake is taken back (R33)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from models import Callback, Staff, Talk
from models.callbacks.claim import may_be_called
from models.callbacks.follow_up import NotAgainError, promise_anew
from models.callbacks.refusals import CallbackRefusal
from models.cases.registrant import Phone as RegistrantPhone
from models.overview.outcome import note_outcome
from models.overview.phone_stop import lift_stop
from models.store.refusal import RefusedError
from tests.calls.callbacks.test_callbacks import asks_express
from tests.calls.conftest import Clock, Hotline
from tests.calls.staff.conftest import LIAISON, callbacks, set_callbacks, talked
from tests.factories import MadeCase, make_callback
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


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
            may_be_called(session, session.get_one(Callback, left.id), clock.now)


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
        may_be_called(session, session.get_one(Callback, left.id), clock.now)


@pytest.mark.parametrize("phone_of_case", [CALLER, "+12025550155", None])
def test_wrong_person_that_was_chosen_by_mistake_leaves_nothing_behind(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, phone_of_case: str | None
) -> None:
    ana = make_staff(phone=LIAISON)
    asks_express(phone, make_case(custody_status="in_custody", phone=phone_of_case or "+12025550155"))
    if phone_of_case is None:
        set_callbacks(hotline, case_id=None, registrant_id=None, verified=False)
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
    set_callbacks(hotline, case_id=None, registrant_id=None, verified=False)
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


def test_what_an_earlier_wrong_person_stopped_stays_stopped_when_a_later_one_is_taken_back(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    ana = make_staff(phone=LIAISON)
    asks_express(phone, make_case(custody_status="in_custody"))
    set_callbacks(hotline, case_id=None, registrant_id=None, verified=False)
    tasks: list[int] = []

    def gets_a_task() -> None:
        now = hotline.clock.now
        with hotline.database.transaction() as session:
            task = make_callback(
                session,
                phone=CALLER,
                state="left_for_staff",
                outcome="not_safe",
                requested_at=now,
                closed_at=now,
            )
            tasks.append(task.id)

    gets_a_task()
    hotline.clock.passes(minutes=1)
    meets_a_wrong_person(phone, hotline)
    hotline.clock.passes(hours=1)
    gets_a_task()
    now = hotline.clock.now
    with hotline.database.transaction() as session:
        asked = make_callback(session, phone=CALLER, requested_at=now, next_attempt_at=now).id
    hotline.jobs.enqueue("dial_liaison", asked)
    hotline.clock.passes(minutes=1)
    meets_a_wrong_person(phone, hotline)
    outcomes = select(Callback.outcome).where(Callback.id.in_(tasks)).order_by(Callback.id)
    assert hotline.rows(outcomes) == ["wrong_person", "wrong_person"]

    with hotline.database.transaction() as session:
        talk = session.scalars(select(Talk).order_by(Talk.id.desc()).limit(1)).one()
        note_outcome(session, talk, "reached", ana.id, hotline.clock.now, hotline.policy)

    assert hotline.rows(outcomes) == ["wrong_person", "stop_lifted"]


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
