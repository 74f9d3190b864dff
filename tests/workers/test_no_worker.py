"""Redis is up and no worker lives: the sweeper does the jobs that nobody takes, and names the silent role
(R39).
"""

from datetime import timedelta

import pytest

from models.overview.trouble import troubles
from models.store.heartbeat import SILENT, Pulse, lives
from models.talks import leg as legs
from tests.call_center import CallCenter
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import make_staff
from tests.servers import Valkey
from workers.last_watch import LastWatch
from workers.queue import Jobs
from workers.sweeper import UNTAKEN_SECONDS

SUPERVISOR = "+12025550172"
ROLES = ("web", "worker", "sweeper")


def _beat(call_center: CallCenter, *roles: str) -> None:
    with call_center.database.transaction() as session:
        for role in roles:
            Pulse(role).beat(session, call_center.now)


def _sweeps_for(call_center: CallCenter, seconds: int) -> None:
    for _ in range(seconds // 2):
        call_center.sweeps(seconds=2)


@ON_SQLITE
def test_callback_is_made_from_the_first_ring_to_the_last_without_any_worker(
    call_center: CallCenter,
) -> None:
    _sweeps_for(call_center, 8)
    assert call_center.carrier.placed == []
    _sweeps_for(call_center, 4)
    (liaison,) = call_center.carrier.placed
    call_center.answers(liaison)
    call_center.presses(liaison, legs.accept_by_liaison)
    _sweeps_for(call_center, 12)
    caller = call_center.carrier.placed[1]
    call_center.answers(caller)
    call_center.presses(caller, legs.join_caller)
    assert call_center.state() == "talking"
    call_center.hangs_up(caller)
    _sweeps_for(call_center, 12)
    assert (call_center.state(), call_center.busy()) == ("reached", 0)
    assert call_center.carrier.redirected == [(liaison.call_sid, liaison.leg_id)]
    assert len(call_center.carrier.placed) == 2


def test_job_that_no_row_tells_of_is_done_as_well(call_center: CallCenter) -> None:
    call_center.works_off()
    (liaison,) = call_center.carrier.placed
    call_center.answers(liaison)
    leg_id = call_center.legs("liaison")[0].id
    call_center.jobs.enqueue("move_leg", leg_id)
    _sweeps_for(call_center, int(UNTAKEN_SECONDS) + 2)
    assert call_center.carrier.redirected == [(liaison.call_sid, liaison.leg_id)]
    assert call_center.jobs.waiting == []


def test_sweeper_waits_for_no_worker_once_none_shows_a_sign_of_life(call_center: CallCenter) -> None:
    _beat(call_center, *ROLES)
    call_center.now += SILENT
    call_center.sweeps(seconds=1)
    assert len(call_center.carrier.placed) == 1


def test_live_worker_keeps_its_jobs(call_center: CallCenter) -> None:
    _beat(call_center, *ROLES)
    _sweeps_for(call_center, 8)
    assert call_center.carrier.placed == []
    assert [name for name, _ in call_center.jobs.waiting] == ["dial_liaison"]


@pytest.mark.parametrize("silent", ROLES)
def test_role_that_is_silent_for_30_s_is_named_and_the_supervisor_is_paged(
    empty_call_center: CallCenter, silent: str
) -> None:
    call_center = empty_call_center
    with call_center.database.transaction() as session:
        make_staff(session, role="supervisor", phone=SUPERVISOR, on_shift=False)
    _beat(call_center, *ROLES)
    for _ in range(3):
        call_center.now += timedelta(seconds=9)
        _beat(call_center, *(role for role in ROLES if role != silent))
    call_center.sweeps(seconds=2)
    with call_center.database.reading() as session:
        assert troubles(session, call_center.now) == []
    call_center.sweeps(seconds=2)
    call_center.works_off()
    with call_center.database.reading() as session:
        assert [one.name for one in troubles(session, call_center.now)] == [silent]
    assert [to for to, _ in call_center.carrier.texts] == [SUPERVISOR]
    assert "Part of our system has stopped" in call_center.carrier.texts[0][1]
    assert [call.to for call in call_center.carrier.placed] == [SUPERVISOR]


def _answers_callers_for(call_center: CallCenter, seconds: int) -> None:
    """A web process lives and checks the others after each of its beats."""
    pulse, watch = Pulse("web"), LastWatch(call_center.database, call_center.carrier, lambda _seconds: None)
    for _ in range(seconds // 10):
        call_center.now += timedelta(seconds=10)
        with call_center.database.transaction() as session:
            pulse.beat(session, call_center.now)
        watch.look(call_center.office, call_center.now)


@ON_BOTH
@pytest.mark.parametrize("lives", [(), ("worker",)])
def test_process_that_answers_callers_pages_when_nobody_else_can(
    empty_call_center: CallCenter, lives: tuple[str, ...]
) -> None:
    call_center = empty_call_center
    with call_center.database.transaction() as session:
        make_staff(session, role="supervisor", phone=SUPERVISOR, on_shift=False)
    _beat(call_center, *ROLES)
    _answers_callers_for(call_center, 20)
    assert call_center.carrier.texts == []
    # A worker that lives has Redis to queue its page, and Redis may be what is down.
    _beat(call_center, *lives)

    _answers_callers_for(call_center, 30)

    assert [to for to, _ in call_center.carrier.texts] == [SUPERVISOR]
    assert "Part of our system has stopped" in call_center.carrier.texts[0][1]
    assert [call.to for call in call_center.carrier.placed] == [SUPERVISOR]


def test_process_that_answers_callers_pages_of_nothing_while_the_sweeper_lives(
    call_center: CallCenter,
) -> None:
    with call_center.database.transaction() as session:
        make_staff(session, role="supervisor", phone=SUPERVISOR, on_shift=False)
    _beat(call_center, "web", "sweeper")
    pulse = Pulse("sweeper")
    for _ in range(5):
        with call_center.database.transaction() as session:
            pulse.beat(session, call_center.now)
        _answers_callers_for(call_center, 10)
    assert call_center.carrier.texts == []


@ON_SQLITE
def test_redis_that_is_down_for_30_s_is_named_and_paged_and_callbacks_are_rung(
    call_center: CallCenter,
) -> None:
    with call_center.database.transaction() as session:
        make_staff(session, role="supervisor", phone=SUPERVISOR, on_shift=False)
    call_center.sweeps(seconds=2)
    call_center.jobs.is_down = True
    _sweeps_for(call_center, 28)
    assert [call.to for call in call_center.carrier.placed] != []
    with call_center.database.reading() as session:
        assert troubles(session, call_center.now) == []

    _sweeps_for(call_center, 4)

    with call_center.database.reading() as session:
        assert [one.name for one in troubles(session, call_center.now)] == ["redis"]
    assert [to for to, _ in call_center.carrier.texts] == [SUPERVISOR]
    call_center.jobs.is_down = False
    _sweeps_for(call_center, 2)
    with call_center.database.reading() as session:
        assert troubles(session, call_center.now) == []


@ON_SQLITE
@pytest.mark.parametrize("how", ["full", "copy"])
def test_redis_that_takes_no_write_is_named_and_paged_and_callbacks_are_rung(
    call_center: CallCenter, redis_url: str, valkey: Valkey, how: str
) -> None:
    with call_center.database.transaction() as session:
        make_staff(session, role="supervisor", phone=SUPERVISOR, on_shift=False)
    jobs = Jobs(redis_url)
    call_center.jobs = jobs  # type: ignore[assignment]
    call_center.sweeps(seconds=2)
    with valkey.takes_no_write(how):
        _sweeps_for(call_center, 32)

        assert [call.to for call in call_center.carrier.placed] != []
        with call_center.database.reading() as session:
            assert [one.name for one in troubles(session, call_center.now)] == ["redis"]
        assert [to for to, _ in call_center.carrier.texts] == [SUPERVISOR]
    _sweeps_for(call_center, 2)
    with call_center.database.reading() as session:
        assert troubles(session, call_center.now) == []
    jobs.close()


def test_role_that_never_started_is_missed_and_an_intake_that_nobody_runs_is_not(
    empty_call_center: CallCenter,
) -> None:
    call_center = empty_call_center
    with call_center.database.reading() as session:
        assert troubles(session, call_center.now) == []
    pulses = [Pulse("web"), Pulse("sweeper")]
    for _ in range(4):
        with call_center.database.transaction() as session:
            for pulse in pulses:
                pulse.beat(session, call_center.now)
        call_center.now += timedelta(seconds=10)
    with call_center.database.reading() as session:
        assert [one.name for one in troubles(session, call_center.now)] == ["worker"]
        assert {one.role: one.processes for one in lives(session, call_center.now)} == {
            "web": 1, "console": 0, "worker": 0, "sweeper": 1, "intake": 0, "events": 0, "redis": 0,
        }  # fmt: skip
