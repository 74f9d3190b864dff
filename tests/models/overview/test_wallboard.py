"""The wallboard counts what supervisors must see, however many rows there are."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from models import Guard, PinTry, QueuedCall
from models.callbacks.callback import NOTICE_TASK
from models.callbacks.follow_up import ANEW
from models.calls.pin_guard import SPRAYING
from models.overview.wallboard.figures import Figures, figures
from models.staff.alert import PUT_OFF, PUT_OFF_TOLD
from models.store.database import Database
from models.talks.talk import begin_talk, close
from tests.factories import NOW, make_call, make_callback, make_import, make_staff
from tests.statements import sent_statements

MIDNIGHT = NOW.replace(hour=5)
RISK = timedelta(minutes=30)


def read(database: Database) -> Figures:
    with database.reading() as session:
        return figures(session, NOW, midnight=MIDNIGHT, risk=RISK, tied_days=30)


def test_empty_installation_has_figures_too(database: Database) -> None:
    found = read(database)

    assert (found.waiting, found.longest_wait, found.median, found.feed_at) == (0, None, None, None)
    assert [hour.requested for hour in found.hours] == [0] * 11


def test_waiting_callers_are_counted_with_the_longest_wait(database: Database) -> None:
    with database.transaction() as session:
        for minutes, seen in ((9, 0), (3, 0), (40, 30)):
            call = make_call(session)
            since, seen_at = NOW - timedelta(minutes=minutes), NOW - timedelta(minutes=seen)
            session.add(QueuedCall(call_id=call.id, verified=False, since=since, seen_at=seen_at))
        make_callback(session, requested_at=NOW - timedelta(hours=3), verified=True)
        make_callback(session, requested_at=NOW - timedelta(hours=1))
        make_callback(session, requested_at=NOW - timedelta(hours=9), state="talking", talking_at=NOW)
        make_callback(session, requested_at=NOW - timedelta(hours=9), state="reached", talking_at=NOW)
        for ended in (False, True):
            caller, leg = make_call(session), make_call(session)
            talk = begin_talk(
                session,
                caller_call_id=caller.id,
                leader_call_id=leg.id,
                staff_id=None,
                language="en",
                now=NOW,
            )
            if ended:
                close(session, talk, "carrier", NOW)

    found = read(database)

    # The third caller on the line was not heard of for half an hour: nobody is there.
    assert (found.on_line, found.verified, found.unverified, found.talking) == (2, 1, 1, 1)
    assert (found.waiting, found.talking_at_0) == (4, 1)
    assert found.longest_wait == timedelta(hours=3)


def test_person_whom_the_line_calls_no_more_still_waits_since_they_asked(database: Database) -> None:
    def left(hours: int, **facts: Any) -> None:
        facts = {"requested_at": NOW - timedelta(hours=hours), "state": "left_for_staff", **facts}
        make_callback(session, closed_at=NOW, **facts)

    with database.transaction() as session:
        make_callback(session, requested_at=NOW - timedelta(hours=1))
        left(5, outcome="no_answer")
        # This one has talked, that one is another callback by now, and nobody asked for the last.
        left(6, talking_at=NOW - timedelta(hours=2))
        left(7, outcome=ANEW)
        left(8, reason=NOTICE_TASK)

    assert read(database).longest_wait == timedelta(hours=5)


def test_promises_are_counted_as_late_at_risk_or_left_for_a_person(database: Database) -> None:
    with database.transaction() as session:
        for minutes in (-5, 0, 20, 30, 31):
            paged_at = NOW if minutes == -5 else None
            make_callback(session, due_at=NOW + timedelta(minutes=minutes), paged_at=paged_at)
        make_callback(session, due_at=NOW, state="talking", talking_at=NOW)
        make_callback(session, due_at=NOW, state="left_for_staff", closed_at=NOW)
        # It is another callback by now, and is in no list of those left.
        make_callback(session, due_at=NOW, state="left_for_staff", closed_at=NOW, outcome=ANEW)

    found = read(database)

    # One that is left for a person is overdue as well; people were paged about another one.
    assert (found.late, found.at_risk, found.attention) == (3, 2, 2)


def test_promise_that_must_wait_until_after_its_moment_is_at_risk_already(database: Database) -> None:
    with database.transaction() as session:
        for told in (PUT_OFF, PUT_OFF_TOLD):
            due_at, moment = NOW + timedelta(hours=9), NOW + timedelta(hours=40)
            make_callback(session, due_at=due_at, next_attempt_at=moment, warned=told)
        make_callback(session, due_at=due_at, next_attempt_at=NOW + timedelta(hours=8))

    assert read(database).at_risk == 2


def test_wait_counts_callers_who_still_wait_and_not_those_of_yesterday(database: Database) -> None:
    with database.transaction() as session:
        for minutes in (10, 20, 30):
            asked = NOW - timedelta(hours=2)
            make_callback(
                session, requested_at=asked, state="reached", talking_at=asked + timedelta(minutes=minutes)
            )
        make_callback(session, requested_at=NOW - timedelta(hours=2))
        yesterday = MIDNIGHT - timedelta(seconds=1)
        make_callback(session, requested_at=yesterday, state="reached", talking_at=yesterday)

    found = read(database)

    assert (found.asked, found.talked) == (4, 3)
    assert found.median == timedelta(minutes=20)
    # One of four still waits, so nobody knows what nine of ten will have waited.
    assert found.nine_of_ten is None
    assert [(hour.requested, hour.talked) for hour in found.hours][8] == (4, 3)


def test_caller_who_talked_counts_in_the_hour_in_which_they_asked(database: Database) -> None:
    asked = MIDNIGHT + timedelta(hours=3, minutes=50)
    with database.transaction() as session:
        talked = asked + timedelta(minutes=20)
        make_callback(session, requested_at=asked, state="reached", talking_at=talked, closed_at=talked)

    assert [(hour.requested, hour.talked) for hour in read(database).hours][3:5] == [(1, 1), (0, 0)]


def test_each_hour_of_a_day_whose_clocks_change_begins_an_hour_after_the_one_before(
    database: Database,
) -> None:
    # Clocks go back on November 1: the hour from one to two comes twice.
    midnight = datetime(2026, 11, 1, tzinfo=ZoneInfo("America/New_York"))
    now = midnight.astimezone(UTC) + timedelta(hours=5)

    with database.reading() as session:
        hours = figures(session, now, midnight=midnight, risk=RISK, tied_days=30).hours

    starts = [hour.starts.astimezone(UTC) for hour in hours]
    assert starts == [midnight.astimezone(UTC) + timedelta(hours=n) for n in range(6)]


def test_people_are_free_busy_or_on_a_break(database: Database) -> None:
    with database.transaction() as session:
        make_staff(session)
        make_staff(session, busy_call_id=make_call(session).id)
        make_staff(session, resting_until=NOW + timedelta(minutes=5))
        make_staff(session, on_shift=False, on_call=True)
        make_staff(session, on_shift=False)

    found = read(database)

    assert (found.on_shift, found.free, found.busy, found.resting, found.on_call) == (3, 1, 1, 1, 1)


def test_liaison_in_wrap_up_or_with_a_refused_phone_is_not_said_to_be_free(database: Database) -> None:
    """The wallboard said "Free 2" and did not warn, while frightened people waited and no phone rang."""
    with database.transaction() as session:
        make_staff(session, wrap_up_until=NOW + timedelta(seconds=30))
        make_staff(session, spared_until=NOW + timedelta(minutes=32))

    found = read(database)

    assert (found.on_shift, found.free, found.busy, found.resting) == (2, 0, 1, 0)


def test_wrong_pins_of_today_are_counted_and_a_tightened_line_is_shown(database: Database) -> None:
    with database.transaction() as session:
        for turn, (hours, opened) in enumerate(((1, False), (1, False), (2, True), (20, False))):
            session.add(
                PinTry(call_id=1, turn=turn, number_key="k", counter="", at=NOW - timedelta(hours=hours),
                       opened=opened)
            )  # fmt: skip
        session.add(Guard(name=SPRAYING, raised_until=NOW + timedelta(minutes=5), measured_at=NOW))

    found = read(database)

    assert (found.right_pins, found.wrong_pins, found.tightened) == (1, 2, True)
    assert found.hours[9].wrong_pins == 2


def test_feed_is_as_old_as_what_landed_last(database: Database) -> None:
    with database.transaction() as session:
        make_import(session, settled_at=NOW - timedelta(hours=5))
        make_import(session, settled_at=NOW - timedelta(hours=2))
        make_import(session, state="held", settled_at=None)

    found = read(database)

    assert found.feed_at == NOW - timedelta(hours=2)


def test_old_file_that_landed_a_moment_ago_does_not_make_the_feed_young(database: Database) -> None:
    with database.transaction() as session:
        make_import(session, settled_at=NOW - timedelta(hours=3), newest_as_of=NOW - timedelta(hours=4))
        make_import(session, settled_at=NOW, newest_as_of=NOW - timedelta(hours=9))

    assert read(database).feed_at == NOW - timedelta(hours=4)


def test_thirty_rows_take_as_many_statements_as_three(database: Database) -> None:
    def looks(rows: int) -> int:
        with database.transaction() as session:
            for _ in range(rows):
                make_callback(session, phone="+12025550110")
                make_staff(session)
        with sent_statements(database) as statements:
            read(database)
        return len(statements)

    assert looks(3) == looks(30)
