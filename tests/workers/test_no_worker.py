"""Redis is up and no worker lives: the sweeper does what nobody takes, and the silent role is named (R39)."""

from datetime import timedelta

import pytest

from models.overview.trouble import troubles
from models.store.heartbeat import SILENT, Pulse, lives
from models.talks import leg as legs
from tests.callback_desk import CallbackDesk
from tests.factories import make_staff
from workers.last_watch import LastWatch
from workers.sweeper import UNTAKEN_SECONDS

SUPERVISOR = "+12025550172"
ROLES = ("web", "worker", "sweeper")


def _beat(desk: CallbackDesk, *roles: str) -> None:
    with desk.database.transaction() as session:
        for role in roles:
            Pulse(role).beat(session, desk.now)


def _sweeps_for(desk: CallbackDesk, seconds: int) -> None:
    for _ in range(seconds // 2):
        desk.sweeps(seconds=2)


def test_a_callback_is_kept_from_the_first_ring_to_the_last_without_any_worker(desk: CallbackDesk) -> None:
    _sweeps_for(desk, 8)
    assert desk.carrier.placed == []
    _sweeps_for(desk, 4)
    (liaison,) = desk.carrier.placed
    desk.answers(liaison)
    desk.presses(liaison, legs.accept_by_liaison)
    _sweeps_for(desk, 12)
    caller = desk.carrier.placed[1]
    desk.answers(caller)
    desk.presses(caller, legs.join_caller)
    assert desk.state() == "talking"
    desk.hangs_up(caller)
    _sweeps_for(desk, 12)
    assert (desk.state(), desk.busy()) == ("reached", 0)
    assert desk.carrier.redirected == [(liaison.call_sid, liaison.leg_id)]
    assert len(desk.carrier.placed) == 2


def test_a_job_that_no_row_tells_of_is_done_as_well(desk: CallbackDesk) -> None:
    desk.works_off()
    (liaison,) = desk.carrier.placed
    desk.answers(liaison)
    leg_id = desk.legs("liaison")[0].id
    desk.jobs.enqueue("move_leg", leg_id)
    _sweeps_for(desk, int(UNTAKEN_SECONDS) + 2)
    assert desk.carrier.redirected == [(liaison.call_sid, liaison.leg_id)]
    assert desk.jobs.waiting == []


def test_once_no_worker_shows_a_sign_of_life_the_sweeper_waits_for_none(desk: CallbackDesk) -> None:
    _beat(desk, *ROLES)
    desk.now += SILENT
    desk.sweeps(seconds=1)
    assert len(desk.carrier.placed) == 1


def test_a_worker_that_lives_keeps_its_jobs(desk: CallbackDesk) -> None:
    _beat(desk, *ROLES)
    _sweeps_for(desk, 8)
    assert desk.carrier.placed == []
    assert [name for name, _ in desk.jobs.waiting] == ["dial_liaison"]


@pytest.mark.parametrize("silent", ROLES)
def test_a_role_that_is_silent_for_30_s_is_named_and_the_supervisor_is_paged(
    empty_desk: CallbackDesk, silent: str
) -> None:
    desk = empty_desk
    with desk.database.transaction() as session:
        make_staff(session, role="supervisor", phone=SUPERVISOR, on_shift=False)
    _beat(desk, *ROLES)
    for _ in range(3):
        desk.now += timedelta(seconds=9)
        _beat(desk, *(role for role in ROLES if role != silent))
    desk.sweeps(seconds=2)
    with desk.database.reading() as session:
        assert troubles(session, desk.now) == []
    desk.sweeps(seconds=2)
    desk.works_off()
    with desk.database.reading() as session:
        assert [one.name for one in troubles(session, desk.now)] == [silent]
    assert [to for to, _ in desk.carrier.texts] == [SUPERVISOR]
    assert "Part of our system has stopped" in desk.carrier.texts[0][1]
    assert [call.to for call in desk.carrier.placed] == [SUPERVISOR]


def _answers_callers_for(desk: CallbackDesk, seconds: int) -> None:
    """A web process lives and looks after each of its beats."""
    pulse, watch = Pulse("web"), LastWatch(desk.database, desk.carrier, lambda _seconds: None)
    for _ in range(seconds // 10):
        desk.now += timedelta(seconds=10)
        with desk.database.transaction() as session:
            pulse.beat(session, desk.now)
        watch.look(desk.office, desk.now)


@pytest.mark.parametrize("lives", [(), ("worker",)])
def test_with_nobody_else_to_page_the_process_that_answers_callers_does_it(
    empty_desk: CallbackDesk, lives: tuple[str, ...]
) -> None:
    desk = empty_desk
    with desk.database.transaction() as session:
        make_staff(session, role="supervisor", phone=SUPERVISOR, on_shift=False)
    _beat(desk, *ROLES)
    _answers_callers_for(desk, 20)
    assert desk.carrier.texts == []
    # A worker that lives has Redis to hand its page on by, and Redis may be what is down.
    _beat(desk, *lives)

    _answers_callers_for(desk, 30)

    assert [to for to, _ in desk.carrier.texts] == [SUPERVISOR]
    assert "Part of our system has stopped" in desk.carrier.texts[0][1]
    assert [call.to for call in desk.carrier.placed] == [SUPERVISOR]


def test_a_process_that_answers_callers_pages_of_nothing_while_the_sweeper_lives(desk: CallbackDesk) -> None:
    with desk.database.transaction() as session:
        make_staff(session, role="supervisor", phone=SUPERVISOR, on_shift=False)
    _beat(desk, "web", "sweeper")
    pulse = Pulse("sweeper")
    for _ in range(5):
        with desk.database.transaction() as session:
            pulse.beat(session, desk.now)
        _answers_callers_for(desk, 10)
    assert desk.carrier.texts == []


def test_redis_that_is_down_for_30_s_is_named_and_paged_and_callbacks_are_rung(desk: CallbackDesk) -> None:
    with desk.database.transaction() as session:
        make_staff(session, role="supervisor", phone=SUPERVISOR, on_shift=False)
    desk.sweeps(seconds=2)
    desk.jobs.is_down = True
    _sweeps_for(desk, 28)
    assert [call.to for call in desk.carrier.placed] != []
    with desk.database.reading() as session:
        assert troubles(session, desk.now) == []

    _sweeps_for(desk, 4)

    with desk.database.reading() as session:
        assert [one.name for one in troubles(session, desk.now)] == ["redis"]
    assert [to for to, _ in desk.carrier.texts] == [SUPERVISOR]
    desk.jobs.is_down = False
    _sweeps_for(desk, 2)
    with desk.database.reading() as session:
        assert troubles(session, desk.now) == []


def test_a_role_that_never_started_is_missed_and_an_intake_that_nobody_runs_is_not(
    empty_desk: CallbackDesk,
) -> None:
    desk = empty_desk
    with desk.database.reading() as session:
        assert troubles(session, desk.now) == []
    pulses = [Pulse("web"), Pulse("sweeper")]
    for _ in range(4):
        with desk.database.transaction() as session:
            for pulse in pulses:
                pulse.beat(session, desk.now)
        desk.now += timedelta(seconds=10)
    with desk.database.reading() as session:
        assert [one.name for one in troubles(session, desk.now)] == ["worker"]
        assert {one.role: one.processes for one in lives(session, desk.now)} == {
            "web": 1, "worker": 0, "sweeper": 1, "intake": 0, "redis": 0,
        }  # fmt: skip
