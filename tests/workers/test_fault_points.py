"""A worker kills itself between each pair of lines that matter, once each; the rows alone bring it on.

Where it may die: at each write that its job sends to the database, at each commit, before the carrier is
asked, when it has dialled and the answer is not noted yet, and around each job handed on. After every one the
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
from tests.callback_desk import CallbackDesk, DeskCarrier, WaitingJobs
from tests.conftest import FIELD_KEYS, SECRET_KEY
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


class _DoomedCarrier(DeskCarrier):
    """Tells the parent which calls were placed, whatever becomes of the process."""

    def __init__(self, doom: Doom, told: Connection) -> None:
        super().__init__()
        self._doom, self._told = doom, told

    def place_call(self, *, to: str, leg_id: str, ring_seconds: int, line: str | None = None) -> str:
        """Dial; the process may die before, after the carrier dialled, and when the answer is there."""
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
        """The process may die before a job is handed on, and after."""
        self._doom.point()
        return super().enqueue(name, row_id)


def _work(url: str, office: Office, job: str, row_id: int, at: int | None, told: Connection) -> None:
    doom = Doom(at)
    database = Database(url, Keyring(FIELD_KEYS, SECRET_KEY), pool_size=1)

    def before_a_write(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        # What was only read leaves no more behind than the write before it.
        if not statement.startswith("SELECT"):
            doom.point()

    event.listen(database.engine, "before_cursor_execute", before_a_write)
    event.listen(database.engine, "commit", doom.point)
    carrier = _DoomedCarrier(doom, told)
    dialler = Dialler(database, carrier, office, _DoomedJobs(doom), lambda: NOW, lambda _: None)  # type: ignore[arg-type]
    dialler.do(job, row_id)
    told.send(doom.passed)


def _runs(desk: CallbackDesk, url: str, job: str, row_id: int, at: int | None) -> tuple[int, bool]:
    """Do a job in a process that dies at a point; what it dialled rings on. The points; whether it died."""
    context = multiprocessing.get_context("fork")
    hears, tells = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(url, desk.office, job, row_id, at, tells))
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
                desk.carrier.placed.append(call)
    except EOFError:
        process.join(60)
    died = process.exitcode == -signal.SIGKILL
    assert died or process.exitcode == 0
    process.close()
    hears.close()
    return passed, died


@pytest.fixture
def desk(database: Database, office: Office) -> CallbackDesk:
    return CallbackDesk(database, office, NOW)


def _asks(desk: CallbackDesk) -> int:
    """One more promise, with a liaison and a supervisor of its own, as if nothing else had ever been."""
    with desk.database.transaction() as session:
        for person in session.query(Staff):
            person.on_shift, person.role = False, "liaison"
        session.execute(delete(Pace))
        make_staff(session, phone="+12025550170")
        callback = make_callback(session, make_case(session))
    desk.now = NOW
    desk.carrier.placed.clear()
    desk.jobs.waiting.clear()
    desk.waited.clear()
    return callback.id


def _state(desk: CallbackDesk, callback_id: int) -> tuple[str, str | None]:
    (row,) = desk.rows(Callback, Callback.id == callback_id)
    return row.state, row.outcome


def _people_do_their_part(desk: CallbackDesk, answered: set[str]) -> None:
    """Whoever is rung answers once: the liaison accepts, the person called back says yes."""
    for call in list(desk.carrier.placed):
        if call.leg_id in answered or call.status != "ringing":
            continue
        answered.add(call.leg_id)
        desk.answers(call)
        role = desk.rows(Call, Call.leg_id == call.leg_id)[0].role
        desk.presses(call, legs.accept_by_liaison if role == "liaison" else legs.join_caller)


def _comes_to_an_end(desk: CallbackDesk, callback_id: int, answers: bool) -> None:
    """Sweep every four seconds, do the jobs, and let phones be answered, or let all events be lost."""
    answered: set[str] = set()
    started = desk.now
    while desk.now - started < BOUND:
        desk.sweeps(seconds=4)
        desk.works_off()
        if answers:
            _people_do_their_part(desk, answered)
            desk.works_off()
        if _state(desk, callback_id)[0] in ("talking", *FINAL_STATES):
            return


def _is_sound(desk: CallbackDesk, callback_id: int) -> None:
    """Nobody was rung twice for one acceptance."""
    accepted = len(desk.rows(Call, Call.callback_id == callback_id, Call.role == "called_back"))
    rung = [call for call in desk.carrier.placed if call.to == "+12025550110"]
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
@pytest.mark.parametrize("answers", [True, False])
def test_a_worker_that_rings_a_liaison_may_die_anywhere(
    desk: CallbackDesk, database_url: str, answers: bool
) -> None:
    ends = set()

    def dies(at: int | None) -> tuple[int, bool]:
        callback_id = _asks(desk)
        found = _runs(desk, database_url, "dial_liaison", callback_id, at)
        desk.carrier.is_deaf = not answers
        _comes_to_an_end(desk, callback_id, answers)
        _is_sound(desk, callback_id)
        state, outcome = _state(desk, callback_id)
        assert state in ("talking", "left_for_staff"), f"after point {at}: {state}, {outcome}"
        ends.add(state)
        return found

    _each_point(dies)
    assert ends == ({"talking", "left_for_staff"} if answers else {"left_for_staff"})


@pytest.mark.timeout(300)
def test_a_worker_that_rings_the_caller_may_die_anywhere(desk: CallbackDesk, database_url: str) -> None:
    ends = set()

    def dies(at: int | None) -> tuple[int, bool]:
        callback_id = _asks(desk)
        desk.dialler.dial_liaison(callback_id)
        (liaison,) = desk.carrier.placed
        desk.answers(liaison)
        assert desk.presses(liaison, legs.accept_by_liaison) == "accepted"
        desk.jobs.waiting.clear()
        found = _runs(desk, database_url, "dial_caller", callback_id, at)
        _comes_to_an_end(desk, callback_id, answers=True)
        _is_sound(desk, callback_id)
        state, outcome = _state(desk, callback_id)
        assert state in ("talking", "left_for_staff"), f"after point {at}: {state}, {outcome}"
        ends.add(state)
        return found

    _each_point(dies)
    assert ends == {"talking", "left_for_staff"}


@pytest.mark.timeout(300)
def test_a_worker_that_lets_a_liaison_go_may_die_anywhere(desk: CallbackDesk, database_url: str) -> None:
    """The caller's phone was busy: the liaison who waits is told so or freed, and the place is kept."""

    def dies(at: int | None) -> tuple[int, bool]:
        callback_id = _asks(desk)
        desk.dialler.dial_liaison(callback_id)
        liaison = desk.carrier.placed[-1]
        desk.answers(liaison)
        desk.presses(liaison, legs.accept_by_liaison)
        desk.works_off()
        desk.hangs_up(desk.carrier.placed[-1], "busy")
        ((name, leg_id),) = desk.jobs.waiting
        desk.jobs.waiting.clear()
        points, died = _runs(desk, database_url, name, leg_id, at)
        for _ in range(3):
            desk.sweeps(seconds=2)
            desk.works_off()
        assert _state(desk, callback_id)[0] == "requested"
        desk.hangs_up(liaison)
        assert desk.busy() == 0
        return points, died

    points, _ = dies(None)
    for at in range(points):
        assert dies(at)[1]
