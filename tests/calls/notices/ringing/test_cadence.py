"""Which phone rings when: cadence, windows, nights, caps, STOP, and two calls at once."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import select, update

from models import Call, Notice, Subject
from models import Phone as PhoneRow
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import (
    CODE,
    FIRST,
    SECOND,
    Registered,
    minutes_until_next,
    misses,
    picks_up,
    reports,
    sweeps,
    the_notice,
    until_the_last_try,
)
from tests.conftest import ON_SQLITE
from tests.factories import make_call, make_custody_record, make_office
from tests.phone import Phone
from workers.sweeper import sweep

Registering = Callable[..., Registered]
NIGHT = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)  # 11 PM in New York


@ON_SQLITE
def test_release_rings_every_half_hour_six_times_and_then_every_two_hours_for_a_day(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("released", cap=99).is_due()
    started, rang = hotline.clock.now, []
    for _ in range(20):
        if the_notice(hotline).state != "waiting":
            break
        sweeps(hotline, minutes=max(0, minutes_until_next(hotline)))
        if hotline.carrier.ringing:
            rang.append(round((hotline.clock.now - started).total_seconds() / 60))
            misses(phone, hotline)

    assert rang[:6] == [0, 30, 60, 90, 120, 150]
    assert rang[6:] == list(range(270, 24 * 60 + 1, 120))
    assert (the_notice(hotline).state, the_notice(hotline).outcome) == ("left_for_staff", "unconfirmed")


def test_transfer_rings_three_times_in_the_window_and_then_needs_a_person(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("transferred").is_due("transferred")
    for _ in range(3):
        sweeps(hotline, minutes=max(0, minutes_until_next(hotline)))
        misses(phone, hotline)

    assert the_notice(hotline).outcome == "unconfirmed"
    assert len(hotline.carrier.placed) == 3


@pytest.mark.parametrize(
    ("kind", "tries", "hours"), [("transferred", 0, 0), ("released", 13, 20)], ids=["not urgent", "urgent"]
)
def test_person_who_confirms_nothing_is_promised_another_call_but_not_in_the_last_try(
    phone: Phone, registered: Registering, hotline: Hotline, kind: str, tries: int, hours: int
) -> None:
    made = registered(kind, cap=99)
    made.is_due(kind)
    # So many tries and hours ago it began; two more calls may follow the next one.
    began = hotline.clock.now - timedelta(hours=hours)
    made.changes(Notice, tries=tries, made_at=began)
    if hours:
        with hotline.database.transaction() as session:
            make_call(
                session, direction="outbound", role="notified", notice_id=the_notice(hotline).id,
                started_at=began, ended_at=began, call_status="no-answer",
            )  # fmt: skip
    until_the_last_try(phone, hotline, 2)
    called = hears_the_news_and_says_nothing(phone, hotline, kind)
    assert called.hears("We will call again. Goodbye.")
    assert FIRST in sweeps(hotline, hours=2)

    called = hears_the_news_and_says_nothing(phone, hotline, kind)

    assert called.hears("The call is over. You can call us at any time. Goodbye.")
    assert called.does_not_hear("We will call again.")
    assert the_notice(hotline).state == "left_for_staff"
    assert FIRST not in sweeps(hotline, hours=3)


def hears_the_news_and_says_nothing(phone: Phone, hotline: Hotline, kind: str) -> Phone:
    """The person gives the code, hears the news, and confirms nothing until the call is over."""
    called = picks_up(phone, hotline)
    for keys in ("1", CODE, "1") if kind == "released" else ("1", CODE):
        called.presses(keys)
    while not called.is_over:
        called.says_nothing()
    return called


def test_phones_take_turns_in_the_registrants_order(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("released", phones=(FIRST, SECOND)).is_due()

    assert sweeps(hotline) == [FIRST]
    misses(phone, hotline)
    assert sweeps(hotline, minutes=31) == [SECOND]
    misses(phone, hotline, SECOND)
    assert sweeps(hotline, minutes=31) == [FIRST]


def test_escape_rings_every_phone_at_once_and_one_confirmation_stops_the_others(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("escaped", phones=(FIRST, SECOND)).is_due("escaped")

    assert sorted(sweeps(hotline)) == [FIRST, SECOND]
    called = picks_up(phone, hotline, SECOND)
    for keys in ("1", CODE, "1", "1"):
        called.presses(keys)

    hotline.jobs.works_off()
    assert hotline.carrier.ringing == []
    assert the_notice(hotline).state == "confirmed"


@ON_SQLITE
@pytest.mark.parametrize("ahead", [{"hours": 1}, {"days": 3}])
def test_escape_is_called_about_on_time_although_the_clock_of_the_machine_was_ahead(
    phone: Phone, registered: Registering, hotline: Hotline, ahead: dict[str, int]
) -> None:
    """Set right again, it had put off the next call to where it was then."""
    made = registered("in_custody", phones=(FIRST, SECOND))
    hotline.clock.passes(minutes=1)
    truly = hotline.clock.now
    hotline.clock.passes(**ahead)
    reports(hotline, "escaped", made, status_at=truly.isoformat(), as_of=truly.isoformat())
    assert {FIRST, SECOND} <= {*sweeps(hotline, seconds=5)}
    misses(phone, hotline, FIRST)
    misses(phone, hotline, SECOND)

    hotline.clock.passes(**{name: -many for name, many in ahead.items()})

    assert sorted(sweeps(hotline, minutes=5)) == [FIRST, SECOND]
    misses(phone, hotline, FIRST)
    misses(phone, hotline, SECOND)
    assert sweeps(hotline, minutes=20) == []
    assert {FIRST, SECOND} <= {*sweeps(hotline, minutes=11)}
    # It is on the list of those on call too.
    assert the_notice(hotline).task == "late"


@pytest.mark.parametrize("ahead", [{"hours": 5}, {"days": 150}])
def test_not_a_good_time_that_was_said_by_a_clock_ahead_lasts_half_an_hour(
    phone: Phone, registered: Registering, hotline: Hotline, ahead: dict[str, int]
) -> None:
    """The phone would not have rung again before the moment at which the clock had been."""
    made = registered("in_custody", phones=(FIRST,))
    hotline.clock.passes(minutes=1)
    truly = hotline.clock.now
    hotline.clock.passes(**ahead)
    reports(hotline, "escaped", made, status_at=truly.isoformat(), as_of=truly.isoformat())
    assert sweeps(hotline, seconds=5) == [FIRST]
    picks_up(phone, hotline, FIRST).presses("2")
    hotline.jobs.works_off()

    hotline.clock.passes(**{name: -many for name, many in ahead.items()})

    assert sweeps(hotline, minutes=5) == []
    assert sweeps(hotline, minutes=31) == [FIRST]


@pytest.mark.parametrize(
    ("status", "night_allowed", "rings"),
    [("released", None, True), ("released", True, True), ("released", False, False),
     ("transferred", True, False), ("deceased", True, False)],
)  # fmt: skip
def test_night_rings_only_for_an_escape_or_release_and_never_against_a_recorded_no(
    registered: Registering, hotline: Hotline, status: str, night_allowed: bool | None, rings: bool
) -> None:
    hotline.clock.now = NIGHT
    made = registered(status, phone={"night_allowed": night_allowed}, as_of=NIGHT)
    made.is_due(status)

    assert sweeps(hotline) == ([FIRST] if rings else [])

    if not rings:
        assert the_notice(hotline).next_attempt_at == datetime(2026, 11, 26, 13, 0, tzinfo=UTC)


def test_phone_rings_only_in_its_own_window(registered: Registering, hotline: Hotline) -> None:
    window = {"window_starts": time(14), "window_ends": time(16), "night_allowed": False}
    registered("released", phone=window).is_due()

    assert sweeps(hotline) == []
    assert the_notice(hotline).next_attempt_at == datetime(2026, 11, 25, 19, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "night_allowed", "rings"),
    [("released", True, True), ("released", None, False), ("released", False, False),
     ("transferred", True, False)],
)  # fmt: skip
def test_person_who_agreed_to_any_hour_is_called_about_a_release_outside_the_part_of_the_day_they_chose(
    registered: Registering, hotline: Hotline, status: str, night_allowed: bool | None, rings: bool
) -> None:
    window = {"window_starts": time(14), "window_ends": time(16), "night_allowed": night_allowed}
    registered(status, phone=window).is_due(status)

    assert sweeps(hotline) == ([FIRST] if rings else [])


def test_cap_counts_the_calls_to_all_phones_of_a_person(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("in_custody", phones=(FIRST, SECOND), cap=3)
    caller = phone.another()
    caller.dials_in(from_=FIRST)
    for key in ("1", "1", made.case.number, made.case.pin, "2", "4"):
        caller.presses(key)
    assert caller.hears("one after another, or all at once if they escape", "at most 3 times a day")
    caller.hangs_up()
    made.is_due("released", is_urgent=True)
    rang = []
    for _ in range(6):
        for number in sweeps(hotline, minutes=31):
            rang.append(number)
            misses(phone, hotline, number)

    assert rang == [FIRST, SECOND, FIRST]
    assert the_notice(hotline).task == "cap"


def test_escape_that_rings_all_phones_at_once_is_one_call_of_the_cap(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("escaped", phones=(FIRST, SECOND), cap=2).is_due("escaped")
    rang = []
    for _ in range(4):
        found = sweeps(hotline, minutes=31)
        rang.append(found)
        for number in found:
            misses(phone, hotline, number)

    assert [sorted(found) for found in rang] == [[FIRST, SECOND], [FIRST, SECOND], [], []]
    assert the_notice(hotline).task == "cap"


@ON_SQLITE
def test_escape_rings_again_once_the_calls_about_other_news_leave_the_cap(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("transferred", cap=2)
    made.is_due("transferred")
    for _ in range(2):
        assert sweeps(hotline, hours=2) == [FIRST]
        misses(phone, hotline)
    sweeps(hotline, hours=6)
    with hotline.database.transaction() as session:
        subject = session.get_one(Subject, made.case.subject_id)
        make_custody_record(session, subject, "escaped", as_of=hotline.clock.now)
    made.is_due("escaped")

    assert sweeps(hotline) == []
    escape = hotline.rows(select(Notice).order_by(Notice.id))[-1]
    assert (escape.state, escape.task, escape.task_at) == ("waiting", "cap", hotline.clock.now)
    assert [sweeps(hotline, hours=hours) for hours in (14, 3)] == [[], [FIRST]]
    called = picks_up(phone.another(), hotline)
    for keys in ("1", CODE, "1", "1"):
        called.presses(keys)
    assert called.hears("We will not call about this again")
    sweeps(hotline, minutes=1)
    assert hotline.rows(select(Notice).order_by(Notice.id))[-1].state == "confirmed"


def test_escape_that_could_not_be_told_for_a_day_rings_once_the_cap_allows_it(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    """The 24 hours are hours in which it may be told (R28)."""
    made = registered("escaped", cap=2)
    made.is_due("escaped")
    for _ in range(2):
        assert sweeps(hotline, minutes=31) == [FIRST]
        misses(phone, hotline)
    made.changes(Subject, absent_since=hotline.clock.now)
    assert sweeps(hotline, minutes=2) == []
    hotline.clock.passes(hours=20)
    made.changes(Subject, absent_since=None)

    assert sweeps(hotline, minutes=2) == []
    assert the_notice(hotline).task == "cap"
    assert FIRST in sweeps(hotline, hours=4)


def test_phone_that_said_stop_rings_no_more_and_the_next_one_takes_over(
    registered: Registering, hotline: Hotline, texts: Callable[..., str]
) -> None:
    registered("released", phones=(FIRST, SECOND)).is_due()
    assert sweeps(hotline) == [FIRST]

    texts("STOP", from_=FIRST)
    hotline.jobs.works_off()
    assert hotline.carrier.ringing == []
    assert hotline.carrier.placed[0].status == "canceled"
    with hotline.database.transaction() as session:
        from models.talks.call_event import record_call_event

        form = {"CallSid": hotline.carrier.placed[0].call_sid, "CallStatus": "canceled"}
        record_call_event(session, form, hotline.clock.now, hotline.policy)

    assert sweeps(hotline, minutes=31) == [SECOND]


def test_unsafe_and_unconfirmed_phones_never_ring(registered: Registering, hotline: Hotline) -> None:
    made = registered("released")
    made.is_due()
    made.changes(PhoneRow, unsafe_since=hotline.clock.now)

    assert sweeps(hotline) == []
    assert the_notice(hotline).outcome == "no_phone"


def test_person_who_says_not_now_at_one_phone_does_not_silence_the_other(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("escaped", phones=(FIRST, SECOND)).is_dialed("escaped")
    picks_up(phone, hotline, FIRST).presses("2")
    misses(phone, hotline, SECOND)

    assert sweeps(hotline, minutes=31) == [FIRST, SECOND]


@ON_SQLITE
def test_no_more_due_notices_stand_in_the_queue_than_have_their_turn(
    registered: Registering, hotline: Hotline
) -> None:
    """One job waits for each turn, and the callback of a caller would wait behind all of them."""
    hotline.office = make_office(policies={"carrier_calls_per_second": 1})
    for number in range(40, 52):
        registered("released", phones=(f"+120255501{number}",)).is_due()

    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, hotline.clock.now, lambda _s: None)

    assert len(hotline.jobs.waiting) == 1
    hotline.jobs.works_off()
    assert len(hotline.rung()) == 1


@ON_SQLITE
def test_those_who_may_not_be_called_now_take_no_turn_of_those_who_may(
    registered: Registering, hotline: Hotline
) -> None:
    """One turn each would keep the people behind a hundred of them waiting for minutes, on any night."""
    hotline.office = make_office(policies={"carrier_calls_per_second": 1})
    hotline.clock.now = NIGHT
    for number in range(40, 46):
        registered(
            "released", phones=(f"+120255501{number}",), phone={"night_allowed": False}, as_of=NIGHT
        ).is_due()
    registered("released", as_of=NIGHT).is_due()

    assert sweeps(hotline) == [FIRST]


def is_in_a_call_about_a_transfer(phone: Phone, registered: Registered, hotline: Hotline) -> Phone:
    """Somebody at the first phone is asked for the code, and an escape is reported."""
    registered.is_due("transferred")
    assert sweeps(hotline) == [FIRST]
    called = picks_up(phone, hotline)
    called.presses("1")
    with hotline.database.transaction() as session:
        make_custody_record(session, session.get_one(Subject, registered.case.subject_id), "escaped")
    registered.is_due("escaped")
    return called


def test_phone_in_a_call_of_ours_is_called_about_an_escape_as_soon_as_that_call_is_over(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    called = is_in_a_call_about_a_transfer(phone, registered("in_custody"), hotline)

    assert sweeps(hotline) == []
    assert sweeps(hotline, minutes=1) == []
    called.hangs_up()

    assert sweeps(hotline, minutes=1) == [FIRST]


def test_escape_rings_the_second_phone_at_once_and_the_first_after_its_call_with_us(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    called = is_in_a_call_about_a_transfer(phone, registered("in_custody", phones=(FIRST, SECOND)), hotline)

    assert sweeps(hotline) == [SECOND]
    misses(phone, hotline, SECOND)
    assert sweeps(hotline, minutes=1) == []
    called.hangs_up()

    assert sweeps(hotline, minutes=1) == [FIRST]


def test_call_of_ours_that_goes_on_and_on_keeps_no_escape_from_the_phone(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    is_in_a_call_about_a_transfer(phone, registered("in_custody"), hotline)

    assert sweeps(hotline) == []
    assert sweeps(hotline, minutes=31) == [FIRST]


def test_changes_in_two_cases_of_one_phone_ring_it_one_after_the_other_and_it_misses_none(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    for code in ("2593", "7316"):
        registered("released", code=code).is_due("released")

    assert sweeps(hotline) == [FIRST]
    called = picks_up(phone, hotline)
    called.presses("1")
    assert sweeps(hotline, minutes=1) == []
    called.presses("2593")
    called.presses("1")
    called.presses("1")
    called.hangs_up()

    assert sweeps(hotline, minutes=1) == [FIRST]
    states = select(Notice.state, Notice.tries).order_by(Notice.id)
    with hotline.database.reading() as session:
        assert session.execute(states).all() == [("confirmed", 0), ("ringing", 0)]


def test_phone_that_two_workers_dial_at_once_has_missed_neither_call(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("released", code="2593").is_due("released")
    assert sweeps(hotline) == [FIRST]
    # The second worker looks before the first has written that it dials.
    dialed_at = hotline.clock.now
    with hotline.database.transaction() as session:
        session.execute(update(Call).values(started_at=dialed_at - timedelta(hours=1)))
    registered("released", code="7316").is_due("released")
    assert sweeps(hotline, seconds=1) == [FIRST, FIRST]
    with hotline.database.transaction() as session:
        session.execute(update(Call).values(started_at=dialed_at))

    misses(phone, hotline, status="busy")
    second = hotline.rows(select(Notice).order_by(Notice.id))[1]

    assert (second.tries, second.state) == (0, "waiting")
    assert second.next_attempt_at - hotline.clock.now <= timedelta(minutes=1)
