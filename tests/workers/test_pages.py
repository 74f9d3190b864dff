"""A bad day or an attack is one message with a count, never one for each row (R04, R16, R36)."""

from datetime import timedelta
from itertools import pairwise

import pytest

from models import Alert, Callback, Staff
from models.audit import audit
from models.calls import pacing
from models.custody.unlisted import keep_unlisted
from models.overview.trouble import troubles
from models.store.heartbeat import Pulse
from tests.call_center import CallCenter
from tests.conftest import ON_SQLITE
from tests.factories import make_call, make_callback, make_case, make_import, make_staff, make_subject

RUTH, LEA = "+12025550172", "+12025550174"
RUTHS, LEAS = "ruth@office.example.org", "lea@office.example.org"


@pytest.fixture
def call_center(empty_call_center: CallCenter) -> CallCenter:
    """A supervisor who is in a call all day: nothing is dialed for anybody."""
    with empty_call_center.database.transaction() as session:
        leg = make_call(session, started_at=empty_call_center.now, direction="outbound", role="called_back")
        make_staff(
            session, RUTHS, role="supervisor", phone=RUTH, on_shift=False, busy_call_id=leg.id,
            busy_since=empty_call_center.now,
        )  # fmt: skip
    return empty_call_center


def _is_afraid(call_center: CallCenter, times: int = 1, *, has_pin: bool = True, **facts: object) -> None:
    with call_center.database.transaction() as session:
        for _ in range(times):
            make_callback(
                session, make_case(session) if has_pin else None, urgency="urgent", reason="afraid",
                next_attempt_at=call_center.now,
                requested_at=call_center.now, due_at=call_center.now + timedelta(minutes=60), **facts,
            )  # fmt: skip


def _told(call_center: CallCenter, level: str, channel: str = "text") -> list[int]:
    """The counts that one person was told by one channel, in order."""
    return [one.promises for one in call_center.rows(Alert, Alert.level == level, Alert.channel == channel)]


def test_one_more_frightened_caller_seconds_after_the_page_is_no_second_page(call_center: CallCenter) -> None:
    """The person on call was paged with 23, and again with 1 twelve seconds later."""
    _is_afraid(call_center, 23)
    call_center.sweeps(seconds=2)
    call_center.sweeps(seconds=10)
    _is_afraid(call_center)
    for _ in range(6):
        call_center.sweeps(seconds=2)
    assert _told(call_center, "urgent_untaken") == [23]

    call_center.sweeps(minutes=10)
    assert _told(call_center, "urgent_untaken") == [23, 24], (
        "the page tells how many wait, not how many are new"
    )
    assert _told(call_center, "urgent_untaken", "call") == [23, 24]

    call_center.sweeps(minutes=20)
    assert _told(call_center, "urgent_untaken") == [23, 24], "nothing new is no page"


@ON_SQLITE
def test_hundred_pranks_are_one_page_with_the_whole_count(call_center: CallCenter) -> None:
    _is_afraid(call_center, 100, has_pin=False, rank=3)
    for _ in range(3):
        call_center.sweeps(seconds=4)
    assert _told(call_center, "urgent_untaken") == [100]


def test_promises_that_come_near_one_by_one_are_gathered_and_each_is_told_ten_minutes_before(
    call_center: CallCenter,
) -> None:
    with call_center.database.transaction() as session:
        for number in range(10):
            make_callback(
                session, make_case(session), due_at=call_center.now + timedelta(minutes=11 + number)
            )
    for _ in range(20):
        call_center.sweeps(minutes=1)
        late = [
            one.id
            for one in call_center.rows(Callback, Callback.warned < 2)
            if one.due_at <= call_center.now + timedelta(minutes=10)
        ]
        assert late == []
    told = [(one.made_at, one.promises) for one in call_center.rows(Alert, Alert.channel == "text")]
    moments = [at for at, _ in told]
    assert len(told) <= 3
    for earlier, later in pairwise(moments):
        assert later - earlier >= timedelta(minutes=10)


@ON_SQLITE
def test_feed_that_sends_a_new_name_every_other_minute_is_a_message_in_ten_minutes(
    call_center: CallCenter,
) -> None:
    for minute in range(0, 22, 2):
        with call_center.database.transaction() as session:
            import_id = make_import(session).id
            keep_unlisted(session, import_id, {("facility", f"place {minute}"): (1, 2)}, call_center.now)
        call_center.sweeps(minutes=2)
    told = _told(call_center, "unlisted")
    assert (len(told), sum(told)) == (3, 11)


@ON_SQLITE
def test_feed_with_every_file_held_pages_once_in_ten_minutes_and_counts_them(
    call_center: CallCenter,
) -> None:
    for _ in range(11):
        with call_center.database.transaction() as session:
            make_import(session, state="held", started_at=call_center.now, decided_at=call_center.now)
        call_center.sweeps(minutes=2)
    assert _told(call_center, "import_held") == _told(call_center, "import_held", "call") == [1, 6, 11]


def _looks_at_their_own(call_center: CallCenter, email: str, surname: str) -> None:
    """Look at the case of somebody with one's own surname, which raises an alarm at the next sweep."""
    with call_center.database.transaction() as session:
        case = make_case(session, subject=make_subject(session, name=f"Ivo {surname}"))
        audit.record(
            session, actor=email, action="look_at_case", target=f"case:{case.id}", now=call_center.now
        )


def test_alarms_come_in_one_message_and_nobody_is_told_of_one_about_themselves(
    call_center: CallCenter,
) -> None:
    with call_center.database.transaction() as session:
        lea = make_staff(
            session, LEAS, name="Lea Quill", role="supervisor", phone=LEA, on_shift=False
        ).id  # fmt: skip
        session.get_one(Staff, 1).name_sealed = call_center.database.keyring.seal("staff.name", "Ruth Byrd")
    call_center.sweeps()
    for email, name in ((LEAS, "Quill"), (RUTHS, "Byrd"), (LEAS, "Quill"), (LEAS, "Quill"), (RUTHS, "Byrd")):
        _looks_at_their_own(call_center, email, name)
        call_center.sweeps(seconds=2)
    assert _told_of_alarms(call_center) == [(1, 1)]
    call_center.sweeps(minutes=10)
    assert _told_of_alarms(call_center) == [(1, 1), (1, 2), (lea, 2)]


def test_administrators_are_told_of_an_alarm_about_every_supervisor(call_center: CallCenter) -> None:
    """Gathered with another one it must not be lost between the two."""
    with call_center.database.transaction() as session:
        boss = make_staff(session, "boss@office.example.org", role="administrator", on_shift=False).id
        make_staff(session, LEAS, name="Lea Quill", phone=LEA, on_shift=False)
        session.get_one(Staff, 1).name_sealed = call_center.database.keyring.seal("staff.name", "Ruth Byrd")
    call_center.sweeps()
    _looks_at_their_own(call_center, RUTHS, "Byrd")
    _looks_at_their_own(call_center, LEAS, "Quill")
    call_center.sweeps(seconds=2)
    assert _told_of_alarms(call_center) == [(1, 1), (boss, 1)]


def test_person_whom_a_command_named_is_told_of_the_approval_whatever_their_role(
    call_center: CallCenter,
) -> None:
    """The supervisor hears of it too, and a liaison whom nobody named does not."""
    with call_center.database.transaction() as session:
        boss = make_staff(session, "boss@office.example.org", role="administrator", away=True).id
        lea = make_staff(session, LEAS, phone=LEA).id
        make_staff(session, "nia@office.example.org", phone="+12025550173")
    call_center.sweeps()
    with call_center.database.transaction() as session:
        for email in ("boss@office.example.org", LEAS):
            audit.record(
                session, actor=email, action="release_import", target="import:7", now=call_center.now
            )
    call_center.sweeps(seconds=2)
    assert _told_of_alarms(call_center) == [(1, 1), (boss, 1), (lea, 1)]


def _told_of_alarms(call_center: CallCenter) -> list[tuple[int, int]]:
    """The people whom the line told of alarms, each with the count, in order."""
    found = call_center.rows(Alert, Alert.level == "audit_alarm")
    return [(one.staff_id, one.promises) for one in found]


def test_roles_that_fall_silent_together_are_one_page(call_center: CallCenter) -> None:
    with call_center.database.transaction() as session:
        for role in ("web", "worker", "intake"):
            Pulse(role).beat(session, call_center.now)
    call_center.sweeps(seconds=31)
    assert _told(call_center, "role_silent") == _told(call_center, "role_silent", "call") == [1]
    call_center.sweeps(seconds=60)
    assert _told(call_center, "role_silent") == [1]


@ON_SQLITE
def test_supervisor_has_one_text_of_each_matter_after_a_night_in_which_the_carrier_refused_all(
    call_center: CallCenter,
) -> None:
    """They had a text for each quarter of an hour of the night, one after another."""
    for kind in (pacing.CALLS, pacing.TEXTS):
        with call_center.database.transaction() as session:
            pacing.open_breaker(session, kind, 20003, call_center.now, None)
    call_center.carrier.refuses_calls = call_center.carrier.refuses_texts = 20003
    for _ in range(8):
        _is_afraid(call_center)
        call_center.sweeps(minutes=30)
        call_center.works_off()
    call_center.carrier.refuses_calls = call_center.carrier.refuses_texts = None

    for _ in range(6):
        call_center.sweeps(seconds=62)
        call_center.works_off()

    matters = ("will not place our calls", "8 urgent calls are waiting", "7 promised calls are at risk")
    for matter in matters:
        assert sum(matter in body for _, body in call_center.carrier.texts) == 1, matter
    assert len(call_center.carrier.texts) <= len(matters) + 1


def test_people_are_paged_and_a_dead_worker_is_named_after_a_clock_was_put_back(
    empty_call_center: CallCenter,
) -> None:
    """A machine began five hours ahead: for five hours no page went out, and no death was noticed."""
    call_center = empty_call_center
    with call_center.database.transaction() as session:
        make_staff(session, RUTHS, role="supervisor", phone=RUTH, on_shift=False)
    true_now, worker, lives_on = call_center.now, Pulse("worker"), [Pulse("sweeper"), Pulse("web")]
    call_center.now = true_now + timedelta(hours=5)
    with call_center.database.transaction() as session:
        for pulse in (worker, *lives_on):
            pulse.beat(session, call_center.now)
    _is_left(call_center)
    call_center.sweeps(seconds=2)
    call_center.works_off()
    assert _told(call_center, "left_for_staff") == [1]

    call_center.now = true_now
    _is_left(call_center)
    for _ in range(5):
        with call_center.database.transaction() as session:
            for pulse in lives_on:
                if pulse.is_due(call_center.now):
                    pulse.beat(session, call_center.now)
        call_center.sweeps(seconds=10)
        call_center.works_off()

    assert _told(call_center, "left_for_staff") == [1, 2]
    assert _told(call_center, "role_silent") == [1]
    with call_center.database.reading() as session:
        assert [one.name for one in troubles(session, call_center.now)] == ["worker"]


def _is_left(call_center: CallCenter) -> None:
    with call_center.database.transaction() as session:
        make_callback(
            session, make_case(session), state="left_for_staff", outcome="unknown", closed_at=call_center.now
        )
