"""Who is dialled next: the order of the line, the windows, the hours, the pace, and who is rung for whom."""

from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import select

from config.office import Office
from models import Callback, Phone, Staff
from models.calls.call_status import FINAL_CALL_STATUSES
from models.calls.pacing import Pace
from models.staff.schedule import set_schedule
from models.store.database import Database
from models.talks import leg as legs
from models.talks.joiner import add_colleague
from tests.callback_desk import CallbackDesk, accept
from tests.factories import make_callback, make_case, make_office, make_staff
from workers.carrier import CarrierRefused

ANA, LUIS, RUTH, CARL = (f"+1202555017{last}" for last in range(4))


@pytest.fixture
def desk(database: Database, office: Office, now: datetime) -> CallbackDesk:
    return CallbackDesk(database, office, now)


def _people(desk: CallbackDesk, *phones: str, **facts: object) -> None:
    with desk.database.transaction() as session:
        for phone in phones:
            make_staff(session, phone=phone, **facts)  # type: ignore[arg-type]


def _asks(desk: CallbackDesk, verified: bool = True, **facts: object) -> int:
    with desk.database.transaction() as session:
        return make_callback(session, make_case(session) if verified else None, **facts).id


def _pass(desk: CallbackDesk, **later: float) -> list[str]:
    """One sweep and the jobs it hands on; answers who was rung meanwhile."""
    before = len(desk.carrier.placed)
    desk.sweeps(**later)
    desk.works_off()
    return [call.to for call in desk.carrier.placed[before:]]


def test_whatever_the_job_was_for_the_first_in_line_is_served(desk: CallbackDesk) -> None:
    hour = timedelta(hours=1)
    late = _asks(desk, due_at=desk.now + 3 * hour)
    soon = _asks(desk, due_at=desk.now + hour)
    urgent = _asks(desk, urgency="urgent", due_at=desk.now + 2 * hour)
    stranger = _asks(desk, verified=False, urgency="urgent", due_at=desk.now)
    order = []
    for _ in range(4):
        desk.sweeps(seconds=2)
        desk.jobs.waiting.clear()
        _people(desk, ANA)
        desk.dialler.dial_liaison(late)
        (ringing,) = desk.rows(Callback, Callback.state == "ringing_liaison")
        order.append(ringing.id)
        with desk.database.transaction() as session:
            session.get_one(Callback, ringing.id).state = "cancelled"
            session.get_one(Staff, ringing.staff_id).on_shift = False
    assert order == [stranger, urgent, soon, late]


def test_urgent_work_that_liaisons_miss_goes_to_the_supervisor_and_stays_in_its_place(
    desk: CallbackDesk,
) -> None:
    _people(desk, ANA, LUIS)
    _people(desk, RUTH, role="supervisor", on_shift=False)
    _asks(desk, urgency="urgent")
    rung = []
    for _ in range(5):
        rung += _pass(desk, seconds=16)
        desk.hangs_up(desk.carrier.placed[-1], "no-answer")
    assert rung[:4] == [ANA, LUIS, ANA, LUIS]
    for _ in range(20):
        rung += _pass(desk, minutes=1)
        for call in desk.carrier.placed:
            if call.status not in FINAL_CALL_STATUSES:
                desk.hangs_up(call, "no-answer")
    row = desk.callback()
    assert (row.state, row.place, row.caller_tries) == ("requested", 0, 0)
    assert set(rung[4:]) == {RUTH}, "the liaisons are set away, and the supervisor is rung again"


def test_who_missed_it_is_rung_again_when_there_is_nobody_else(desk: CallbackDesk) -> None:
    _people(desk, ANA)
    _people(desk, LUIS, languages="es", on_shift=False)
    _asks(desk)
    assert _pass(desk) == [ANA]
    desk.hangs_up(desk.carrier.placed[-1], "busy")
    assert _pass(desk, seconds=16) == [ANA]


def test_a_supervisor_accepts_as_a_liaison_does(desk: CallbackDesk) -> None:
    _people(desk, ANA)
    _people(desk, RUTH, role="supervisor", on_shift=False)
    _asks(desk, liaison_tries=3, urgency="urgent")
    with desk.database.transaction() as session:
        session.get_one(Staff, 1).on_shift = False
    assert _pass(desk) == [RUTH]
    call = desk.carrier.placed[-1]
    desk.answers(call)
    assert desk.presses(call, legs.accept_by_liaison) == "accepted"
    assert desk.state() == "ringing_caller"


def test_while_the_office_is_closed_ordinary_callbacks_ring_nobody_and_urgent_ones_the_on_call(
    desk: CallbackDesk,
) -> None:
    desk.office = make_office(always_open=False)
    desk.now = desk.now.replace(day=26, hour=0, minute=59)  # A minute before eight in the evening.
    _people(desk, ANA)
    _asks(desk)
    desk.sweeps()
    desk.now += timedelta(minutes=2)
    _people(desk, CARL, on_shift=False)
    with desk.database.transaction() as session:
        session.scalars(select(Staff).order_by(Staff.id)).first().on_shift = False  # type: ignore[union-attr]
    assert _pass(desk) == []
    opens = desk.now.replace(day=27, hour=13, minute=0)
    assert desk.callback().next_attempt_at == opens, "the next day is Thanksgiving"
    _asks(desk, urgency="urgent")
    assert _pass(desk, seconds=2) == [], "nobody is on call"
    _on_call(desk)
    assert _pass(desk, seconds=2) == [CARL]


def _on_call(desk: CallbackDesk) -> None:
    with desk.database.transaction() as session:
        carl = session.scalars(select(Staff).order_by(Staff.id.desc())).first()
        assert carl is not None
        set_schedule(
            session, carl.email, kind="on_call", weekdays=range(7), span=(time(20), time(8)), actor="suite",
            now=desk.now,
        )  # fmt: skip


def test_a_phone_rings_in_its_own_window_and_an_urgent_request_opens_it(desk: CallbackDesk) -> None:
    """R29: two to four in the afternoon where the phone is; it is ten in the morning."""
    desk.office = make_office(always_open=False)
    _people(desk, ANA)
    with desk.database.transaction() as session:
        case = make_case(session, phone="+12025550110")
        phone = session.scalars(select(Phone)).one()
        phone.window_starts, phone.window_ends = time(14), time(16)
        callback = make_callback(session, case)
    assert _pass(desk) == []
    assert desk.callback().next_attempt_at == desk.now.replace(hour=19)
    with desk.database.transaction() as session:
        row = session.get_one(Callback, callback.id)
        row.urgency, row.next_attempt_at = "urgent", desk.now
    assert _pass(desk, seconds=2) == [ANA]


@pytest.mark.parametrize("said", ["unsafe_since", "stopped_at"])
def test_a_phone_barred_since_is_not_rung_and_a_person_decides(desk: CallbackDesk, said: str) -> None:
    _people(desk, ANA)
    with desk.database.transaction() as session:
        case = make_case(session, phone="+12025550110")
        setattr(session.scalars(select(Phone)).one(), said, desk.now)
        make_callback(session, case, urgency="urgent")
    assert _pass(desk) == []
    assert (desk.state(), desk.callback().outcome) == ("left_for_staff", "cannot_dial")


def test_a_window_in_which_nobody_ever_works_is_left_for_a_person(desk: CallbackDesk) -> None:
    desk.office = make_office(always_open=False)
    _people(desk, ANA)
    evening = desk.now.replace(hour=1, minute=30)  # Half past eight in New York; the office closes at eight.
    _asks(desk, window_starts=evening, window_ends=evening + timedelta(minutes=20))
    assert _pass(desk) == []
    assert (desk.state(), desk.callback().outcome) == ("left_for_staff", "no_window")


def test_the_carrier_is_asked_no_faster_than_the_account_may_over_all_workers(desk: CallbackDesk) -> None:
    _people(desk, ANA, LUIS, RUTH, CARL)
    for _ in range(4):
        _asks(desk)
    assert len(_pass(desk)) == 2
    assert desk.waited == [1.0], "one now and one in a second; the others are offered again"
    assert len(_pass(desk, seconds=2)) == 2
    assert desk.waited == [1.0, 1.0]


def test_a_caller_whom_somebody_waits_for_takes_their_slot_before_a_liaison(desk: CallbackDesk) -> None:
    _people(desk, ANA, LUIS, RUTH)
    _asks(desk)
    _asks(desk)
    _pass(desk)
    for call in list(desk.carrier.placed):
        desk.answers(call)
        desk.presses(call, legs.accept_by_liaison)
    _asks(desk)
    desk.waited.clear()
    desk.works_off()
    assert desk.waited == [2.0, 3.0]
    desk.sweeps()
    desk.works_off()
    assert [call.to for call in desk.carrier.placed[2:]] == ["+12025550110"] * 2
    assert _pass(desk, seconds=4) == [RUTH]


def test_two_jobs_of_one_acceptance_take_one_slot(desk: CallbackDesk) -> None:
    _people(desk, ANA)
    callback_id = _asks(desk)
    _pass(desk)
    desk.presses(desk.carrier.placed[0], legs.accept_by_liaison)
    desk.jobs.waiting.clear()
    desk.waited.clear()
    for _ in range(3):
        desk.dialler.dial_caller(callback_id)
    assert (desk.waited, len(desk.carrier.placed)) == ([1.0], 2)


def test_a_colleague_rung_into_a_talk_takes_one_slot_though_the_job_is_doubled(desk: CallbackDesk) -> None:
    _people(desk, ANA, LUIS)
    _asks(desk)
    desk.sweeps()
    _, caller = accept(desk)
    desk.answers(caller)
    desk.presses(caller, legs.join_caller)
    with desk.database.transaction() as session:
        callback = session.scalars(select(Callback)).one()
        ((_, leg_id),) = add_colleague(session, callback, "liaison:1", desk.now)[1]

    class DoubledJob(list[float]):
        """The queue hands the job on again while the first worker waits for its slot."""

        def append(self, seconds: float) -> None:
            super().append(seconds)
            desk.dialler.ring_joiner(leg_id)

    desk.waited = DoubledJob()
    desk.dialler.ring_joiner(leg_id)
    desk.dialler.ring_joiner(leg_id)

    assert desk.waited == [2.0], "the liaison's call and the caller's were placed at this moment's slots"
    assert [call.to for call in desk.carrier.placed].count(LUIS) == 1
    (pace,) = desk.rows(Pace)
    assert pace.next_at == desk.now + timedelta(seconds=3)


def test_a_carrier_that_cannot_be_reached_is_left_alone_for_a_while_and_counts_for_nobody(
    desk: CallbackDesk,
) -> None:
    asked = []

    def unreachable(**_order: object) -> str:
        asked.append(desk.now)
        raise CarrierRefused("The carrier cannot be reached.", about="connection")

    _people(desk, ANA, LUIS)
    _asks(desk)
    _asks(desk)
    desk.carrier.place_call = unreachable  # type: ignore[method-assign,assignment]
    for _ in range(3):
        _pass(desk, seconds=2)
    assert len(asked) == 2
    assert [row.liaison_tries for row in desk.rows(Callback)] == [0, 0]
    assert {row.state for row in desk.rows(Callback)} == {"requested"}
