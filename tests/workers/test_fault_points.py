"""A worker kills itself between each pair of lines that matter, once each; the rows alone finish the work.

It may die at each write that its job sends to the database, at each commit, before the carrier is asked, when
it has dialed and the answer is not noted yet, and around each job that it queues. After every death the
sweeper and a new worker bring the promise to two people talking, or to a person of the office, in a minute.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.connection import Connection

import pytest
from sqlalchemy import delete, event

from config.office import Office
from models import Call, Callback, Pace, Staff
from models.callbacks.callback_state import FINAL_STATES
from models.store.database import Database
from models.store.keyring import Keyring
from models.talks import leg as legs
from tests.call_center import CallCenter, CallCenterCarrier, WaitingJobs
from tests.conftest import FIELD_KEYS, SECRET_KEY, in_turn
from tests.factories import NOW, make_callback, make_case, make_staff
from tests.phone import PlacedCall
from workers.callbacks import Dialler

#: From the loss of a worker to the promise's next move, or to a person, with the shipped policies.
BOUND = timedelta(seconds=60)


class Doom:
    """Counts the points that a job passes, and ends the process at one of them."""

    def __init__(self, at: int | None) -> None:
        self.at, self.passed = at, 0

    def point(self, *_: object) -> None:
        if self.passed == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.passed += 1


class _DoomedCarrier(CallCenterCarrier):
    """Tells the parent which calls were placed, whatever happens to the process."""

    def __init__(self, doom: Doom, told: Connection) -> None:
        super().__init__()
        self._doom, self._told = doom, told

    def place_call(self, *, to: str, leg_id: str, ring_seconds: int, line: str | None = None) -> str:
        """Dial; the process may die before, after the carrier dialed, and when the answer is there."""
        self._doom.point()
        call_sid = super().place_call(to=to, leg_id=leg_id, ring_seconds=ring_seconds, line=line)
        self._told.send((to, leg_id, ring_seconds, call_sid))
        self._doom.point()
        return call_sid


class _DoomedJobs(WaitingJobs):
    def __init__(self, doom: Doom) -> None:
        super().__init__()
        self._doom = doom

    def enqueue(self, name: str, row_id: int) -> bool:
        """The process may die before a job is queued, and after."""
        self._doom.point()
        return super().enqueue(name, row_id)


def _work(url: str, office: Office, job: str, row_id: int, at: int | None, told: Connection) -> None:
    doom = Doom(at)
    database = Database(url, Keyring(FIELD_KEYS, SECRET_KEY), pool_size=1)

    def before_a_write(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        # What was only read leaves no more behind than the write before it.
        if not statement.startswith("SELECT"):
            doom.point()

    event.listen(database.write_engine, "before_cursor_execute", before_a_write)
    event.listen(database.write_engine, "commit", lambda _connection: doom.point())
    carrier = _DoomedCarrier(doom, told)
    dialler = Dialler(database, carrier, office, _DoomedJobs(doom), lambda: NOW, lambda _: None)  # type: ignore[arg-type]
    dialler.do(job, row_id)
    told.send(doom.passed)


def _runs(call_center: CallCenter, url: str, job: str, row_id: int, at: int | None) -> tuple[int, bool]:
    """Do a job in a process that dies at a point; what it dialed rings on. The points; whether it died."""
    context = multiprocessing.get_context("fork")
    hears, tells = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(url, call_center.office, job, row_id, at, tells))
    process.start()
    tells.close()
    passed = 0
    try:
        while True:
            told = hears.recv()
            if isinstance(told, int):
                passed = told
            else:
                to, leg_id, ring_seconds, call_sid = told
                call = PlacedCall(to, leg_id, ring_seconds)
                call.call_sid = call_sid
                call_center.carrier.placed.append(call)
    except EOFError:
        process.join(60)
    died = process.exitcode == -signal.SIGKILL
    assert died or process.exitcode == 0
    process.close()
    hears.close()
    return passed, died


@pytest.fixture
def call_center(database: Database, office: Office) -> CallCenter:
    return CallCenter(database, office, NOW)


def _asks(call_center: CallCenter) -> int:
    """One more promise, with a liaison and a supervisor of its own, as if nothing else had ever been."""
    with call_center.database.transaction() as session:
        for person in session.query(Staff):
            person.on_shift, person.role = False, "liaison"
        session.execute(delete(Pace))
        make_staff(session, phone="+12025550170")
        callback = make_callback(session, make_case(session))
    call_center.now = NOW
    call_center.carrier.placed.clear()
    call_center.jobs.waiting.clear()
    call_center.waited.clear()
    return callback.id


def _state(call_center: CallCenter, callback_id: int) -> tuple[str, str | None]:
    (row,) = call_center.rows(Callback, Callback.id == callback_id)
    return row.state, row.outcome


def _people_do_their_part(call_center: CallCenter, answered: set[str]) -> None:
    """Each phone that rings answers once: the liaison accepts, the person called back says yes."""
    for call in list(call_center.carrier.placed):
        if call.leg_id in answered or call.status != "ringing":
            continue
        answered.add(call.leg_id)
        call_center.answers(call)
        role = call_center.rows(Call, Call.leg_id == call.leg_id)[0].role
        call_center.presses(call, legs.accept_by_liaison if role == "liaison" else legs.join_caller)


def _comes_to_an_end(call_center: CallCenter, callback_id: int, answers: bool) -> None:
    """Sweep every twenty seconds, do the jobs, and let phones be answered, or let all events be lost."""
    answered: set[str] = set()
    started = call_center.now
    while call_center.now - started < BOUND:
        call_center.sweeps(seconds=20)
        call_center.works_off()
        if answers:
            _people_do_their_part(call_center, answered)
            call_center.works_off()
        if _state(call_center, callback_id)[0] in ("talking", *FINAL_STATES):
            return


def _is_sound(call_center: CallCenter, callback_id: int) -> None:
    """Nobody was rung twice for one acceptance."""
    accepted = len(call_center.rows(Call, Call.callback_id == callback_id, Call.role == "called_back"))
    rung = [call for call in call_center.carrier.placed if call.to == "+12025550110"]
    assert len(rung) <= accepted <= 1


def _each_point(do: Callable[[int | None], tuple[int, bool]]) -> int:
    """Run a job to its end to count its points, then once for each of them."""
    points, died = do(None)
    assert not died
    assert points >= 8
    for at in range(points):
        _, died = do(at)
        assert died, f"the job did not come to its point {at} of {points}"
    return points


@pytest.mark.timeout(300)
@in_turn("answers", [False, True])
def test_worker_that_rings_a_liaison_may_die_anywhere(
    call_center: CallCenter, database_url: str, answers: bool
) -> None:
    ends = set()

    def dies(at: int | None) -> tuple[int, bool]:
        callback_id = _asks(call_center)
        found = _runs(call_center, database_url, "dial_liaison", callback_id, at)
        call_center.carrier.is_deaf = not answers
        _comes_to_an_end(call_center, callback_id, answers)
        _is_sound(call_center, callback_id)
        state, outcome = _state(call_center, callback_id)
        assert state in ("talking", "left_for_staff"), f"after point {at}: {state}, {outcome}"
        ends.add(state)
        return found

    _each_point(dies)
    assert ends == ({"talking", "left_for_staff"} if answers else {"left_for_staff"})


@pytest.mark.timeout(300)
def test_worker_that_rings_the_caller_may_die_anywhere(call_center: CallCenter, database_url: str) -> None:
    ends = set()

    def dies(at: int | None) -> tuple[int, bool]:
        callback_id = _asks(call_center)
        call_center.dialler.dial_liaison(callback_id)
        (liaison,) = call_center.carrier.placed
        call_center.answers(liaison)
        assert call_center.presses(liaison, legs.accept_by_liaison) == "accepted"
        call_center.jobs.waiting.clear()
        found = _runs(call_center, database_url, "dial_caller", callback_id, at)
        _comes_to_an_end(call_center, callback_id, answers=True)
        _is_sound(call_center, callback_id)
        state, outcome = _state(call_center, callback_id)
        assert state in ("talking", "left_for_staff"), f"after point {at}: {state}, {outcome}"
        ends.add(state)
        return found

    _each_point(dies)
    assert ends == {"talking", "left_for_staff"}


@pytest.mark.timeout(300)
def test_worker_that_releases_a_liaison_may_die_anywhere(call_center: CallCenter, database_url: str) -> None:
    """The caller's phone was busy: the liaison who waits is told so or freed, and the place is kept."""

    def dies(at: int | None) -> tuple[int, bool]:
        callback_id = _asks(call_center)
        call_center.dialler.dial_liaison(callback_id)
        liaison = call_center.carrier.placed[-1]
        call_center.answers(liaison)
        call_center.presses(liaison, legs.accept_by_liaison)
        call_center.works_off()
        call_center.hangs_up(call_center.carrier.placed[-1], "busy")
        ((name, leg_id),) = call_center.jobs.waiting
        call_center.jobs.waiting.clear()
        points, died = _runs(call_center, database_url, name, leg_id, at)
        for _ in range(3):
            call_center.sweeps(seconds=2)
            call_center.works_off()
        assert _state(call_center, callback_id)[0] == "requested"
        call_center.hangs_up(liaison)
        assert call_center.busy() == 0
        return points, died

    points, _ = dies(None)
    for at in range(points):
        assert dies(at)[1]
