"""Who is dialed next: the order of the list, the windows, the hours, the pace, and which liaison is rung."""

from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import select

from config.office import Office
from models import Callback, Phone, Staff, Talk
from models.calls.call_status import FINAL_CALL_STATUSES
from models.calls.pacing import Pace
from models.staff.schedule import set_schedule
from models.store.database import Database
from models.talks import leg as legs
from models.talks.joiner import add_colleague
from tests.call_center import CallCenter, accept
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import make_callback, make_case, make_office, make_staff
from workers.carrier import CarrierRefused

ANA, LUIS, RUTH, CARL = (f"+1202555017{last}" for last in range(4))


@pytest.fixture
def call_center(database: Database, office: Office, now: datetime) -> CallCenter:
    return CallCenter(database, office, now)


def _people(call_center: CallCenter, *phones: str, **facts: object) -> None:
    with call_center.database.transaction() as session:
        for phone in phones:
            make_staff(session, phone=phone, **facts)  # type: ignore[arg-type]


def _asks(call_center: CallCenter, verified: bool = True, **facts: object) -> int:
    with call_center.database.transaction() as session:
        return make_callback(session, make_case(session) if verified else None, **facts).id


def _pass(call_center: CallCenter, **later: float) -> list[str]:
    """One sweep and the jobs it queues; returns the phones that were rung meanwhile."""
    before = len(call_center.carrier.placed)
    call_center.sweeps(**later)
    call_center.works_off()
    return [call.to for call in call_center.carrier.placed[before:]]


def test_first_in_the_list_is_served_whatever_callback_the_job_names(call_center: CallCenter) -> None:
    hour = timedelta(hours=1)
    late = _asks(call_center, due_at=call_center.now + 3 * hour)
    soon = _asks(call_center, due_at=call_center.now + hour)
    urgent = _asks(call_center, urgency="urgent", due_at=call_center.now + 2 * hour)
    stranger = _asks(call_center, verified=False, urgency="urgent", due_at=call_center.now)
    order = []
    for _ in range(4):
        call_center.sweeps(seconds=2)
        call_center.jobs.waiting.clear()
        _people(call_center, ANA)
        call_center.dialler.dial_liaison(late)
        (ringing,) = call_center.rows(Callback, Callback.state == "ringing_liaison")
        order.append(ringing.id)
        with call_center.database.transaction() as session:
            session.get_one(Callback, ringing.id).state = "cancelled"
            session.get_one(Staff, ringing.staff_id).on_shift = False
    assert order == [stranger, urgent, soon, late]


@ON_SQLITE
def test_urgent_work_that_liaisons_miss_goes_to_the_supervisor_and_keeps_its_place(
    call_center: CallCenter,
) -> None:
    _people(call_center, ANA, LUIS)
    _people(call_center, RUTH, role="supervisor", on_shift=False)
    _asks(call_center, urgency="urgent")
    rung = []
    for _ in range(5):
        rung += _pass(call_center, seconds=16)
        call_center.hangs_up(call_center.carrier.placed[-1], "no-answer")
    assert rung[:4] == [ANA, LUIS, ANA, LUIS]
    for _ in range(10):
        rung += _pass(call_center, minutes=2)
        for call in call_center.carrier.placed:
            if call.status not in FINAL_CALL_STATUSES:
                call_center.hangs_up(call, "no-answer")
    row = call_center.callback()
    assert (row.state, row.rank, row.caller_tries) == ("requested", 0, 0)
    assert set(rung[4:]) == {RUTH}, "the liaisons are set away, and the supervisor is rung again"


def test_liaison_who_missed_it_is_rung_again_when_there_is_nobody_else(call_center: CallCenter) -> None:
    _people(call_center, ANA)
    _people(call_center, LUIS, languages="es", on_shift=False)
    _asks(call_center)
    assert _pass(call_center) == [ANA]
    call_center.hangs_up(call_center.carrier.placed[-1], "busy")
    assert _pass(call_center, seconds=16) == [ANA]


def test_supervisor_accepts_like_a_liaison(call_center: CallCenter) -> None:
    _people(call_center, ANA)
    _people(call_center, RUTH, role="supervisor", on_shift=False)
    _asks(call_center, liaison_tries=3, urgency="urgent")
    with call_center.database.transaction() as session:
        session.get_one(Staff, 1).on_shift = False
    assert _pass(call_center) == [RUTH]
    call = call_center.carrier.placed[-1]
    call_center.answers(call)
    assert call_center.presses(call, legs.accept_by_liaison) == "accepted"
    assert call_center.state() == "ringing_caller"


def test_ordinary_callbacks_ring_nobody_after_hours_and_urgent_ones_ring_the_person_on_call(
    call_center: CallCenter,
) -> None:
    call_center.office = make_office(always_open=False)
    call_center.now = call_center.now.replace(
        day=26, hour=0, minute=59
    )  # A minute before eight in the evening.
    _people(call_center, ANA)
    _asks(call_center)
    call_center.sweeps()
    call_center.now += timedelta(minutes=2)
    _people(call_center, CARL, on_shift=False)
    with call_center.database.transaction() as session:
        session.scalars(select(Staff).order_by(Staff.id)).first().on_shift = False  # type: ignore[union-attr]
    assert _pass(call_center) == []
    opens = call_center.now.replace(day=27, hour=13, minute=0)
    assert call_center.callback().next_attempt_at == opens, "the next day is Thanksgiving"
    _asks(call_center, urgency="urgent")
    assert _pass(call_center, seconds=2) == [], "nobody is on call"
    _on_call(call_center)
    assert _pass(call_center, seconds=2) == [CARL]


def _on_call(call_center: CallCenter) -> None:
    with call_center.database.transaction() as session:
        carl = session.scalars(select(Staff).order_by(Staff.id.desc())).first()
        assert carl is not None
        set_schedule(
            session, carl.email, kind="on_call", weekdays=range(7), span=(time(20), time(8)), actor="suite",
            now=call_center.now,
        )  # fmt: skip


def test_phone_rings_in_its_own_window_and_an_urgent_request_opens_it(call_center: CallCenter) -> None:
    """R29: two to four in the afternoon where the phone is; it is ten in the morning."""
    call_center.office = make_office(always_open=False)
    _people(call_center, ANA)
    with call_center.database.transaction() as session:
        case = make_case(session, phone="+12025550110")
        phone = session.scalars(select(Phone)).one()
        phone.window_starts, phone.window_ends = time(14), time(16)
        callback = make_callback(session, case)
    assert _pass(call_center) == []
    assert call_center.callback().next_attempt_at == call_center.now.replace(hour=19)
    with call_center.database.transaction() as session:
        row = session.get_one(Callback, callback.id)
        row.urgency, row.next_attempt_at = "urgent", call_center.now
    assert _pass(call_center, seconds=2) == [ANA]


@pytest.mark.parametrize("said", ["unsafe_since", "stopped_at"])
def test_phone_barred_since_is_not_rung_and_a_person_decides(call_center: CallCenter, said: str) -> None:
    _people(call_center, ANA)
    with call_center.database.transaction() as session:
        case = make_case(session, phone="+12025550110")
        setattr(session.scalars(select(Phone)).one(), said, call_center.now)
        make_callback(session, case, urgency="urgent")
    assert _pass(call_center) == []
    assert (call_center.state(), call_center.callback().outcome) == ("left_for_staff", "cannot_dial")


@ON_BOTH
def test_window_in_which_nobody_ever_works_is_left_for_a_person(call_center: CallCenter) -> None:
    call_center.office = make_office(always_open=False)
    _people(call_center, ANA)
    evening = call_center.now.replace(
        hour=1, minute=30
    )  # Half past eight in New York; the office closes at eight.
    _asks(call_center, window_starts=evening, window_ends=evening + timedelta(minutes=20))
    assert _pass(call_center) == []
    assert (call_center.state(), call_center.callback().outcome) == ("left_for_staff", "no_window")


def test_all_workers_together_ask_the_carrier_no_faster_than_the_account_may(
    call_center: CallCenter,
) -> None:
    _people(call_center, ANA, LUIS, RUTH, CARL)
    for _ in range(4):
        _asks(call_center)
    assert len(_pass(call_center)) == 2
    assert call_center.waited == [1.0], "one now and one in a second; the others are offered again"
    assert len(_pass(call_center, seconds=2)) == 2
    assert call_center.waited == [1.0, 1.0]


def test_caller_with_a_waiting_liaison_takes_their_slot_before_a_new_liaison(call_center: CallCenter) -> None:
    _people(call_center, ANA, LUIS, RUTH)
    _asks(call_center)
    _asks(call_center)
    _pass(call_center)
    for call in list(call_center.carrier.placed):
        call_center.answers(call)
        call_center.presses(call, legs.accept_by_liaison)
    _asks(call_center)
    call_center.waited.clear()
    call_center.works_off()
    assert call_center.waited == [2.0, 3.0]
    call_center.sweeps()
    call_center.works_off()
    assert [call.to for call in call_center.carrier.placed[2:]] == ["+12025550110"] * 2
    assert _pass(call_center, seconds=4) == [RUTH]


def test_two_jobs_of_one_acceptance_take_one_slot(call_center: CallCenter) -> None:
    _people(call_center, ANA)
    callback_id = _asks(call_center)
    _pass(call_center)
    call_center.presses(call_center.carrier.placed[0], legs.accept_by_liaison)
    call_center.jobs.waiting.clear()
    call_center.waited.clear()
    for _ in range(3):
        call_center.dialler.dial_caller(callback_id)
    assert (call_center.waited, len(call_center.carrier.placed)) == ([1.0], 2)


@ON_BOTH
def test_colleague_rung_into_a_talk_takes_one_slot_even_if_the_job_is_doubled(
    call_center: CallCenter,
) -> None:
    _people(call_center, ANA, LUIS)
    _asks(call_center)
    call_center.sweeps()
    _, caller = accept(call_center)
    call_center.answers(caller)
    call_center.presses(caller, legs.join_caller)
    with call_center.database.transaction() as session:
        talk = session.scalars(select(Talk)).one()
        ((_, leg_id),) = add_colleague(session, talk, "liaison:1", call_center.now)[1]

    class DoubledJob(list[float]):
        """The queue gives the job out again while the first worker waits for its slot."""

        def append(self, seconds: float) -> None:
            super().append(seconds)
            call_center.dialler.ring_joiner(leg_id)

    call_center.waited = DoubledJob()
    call_center.dialler.ring_joiner(leg_id)
    call_center.dialler.ring_joiner(leg_id)

    assert call_center.waited == [2.0], (
        "the liaison's call and the caller's were placed at this moment's slots"
    )
    assert [call.to for call in call_center.carrier.placed].count(LUIS) == 1
    (pace,) = call_center.rows(Pace)
    assert pace.next_at == call_center.now + timedelta(seconds=3)


def test_unreachable_carrier_is_left_alone_for_a_while_and_costs_nobody_a_try(
    call_center: CallCenter,
) -> None:
    asked = []

    def unreachable(**_order: object) -> str:
        asked.append(call_center.now)
        raise CarrierRefused("The carrier cannot be reached.", about="connection")

    _people(call_center, ANA, LUIS)
    _asks(call_center)
    _asks(call_center)
    call_center.carrier.place_call = unreachable  # type: ignore[method-assign,assignment]
    for _ in range(3):
        _pass(call_center, seconds=2)
    assert len(asked) == 2
    assert [row.liaison_tries for row in call_center.rows(Callback)] == [0, 0]
    assert {row.state for row in call_center.rows(Callback)} == {"requested"}
