"""The clock of the machine was ahead, and is set right: what it wrote meanwhile puts nothing off (R36)."""

from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from models import Alert, Callback, Staff
from models.callbacks.appointment import reschedule
from models.callbacks.claim import claim
from models.callbacks.follow_up import BEHIND_NEWS
from models.calls import pacing
from models.calls.alert_sending import begin_alert
from models.overview.trouble import troubles
from models.staff.alert import LEFT_TOLD, TEXTS_REFUSED
from models.staff.paging import PagedMatter
from models.talks.dispatch import claim_callback
from tests.call_center import CallCenter
from tests.conftest import ON_BOTH, in_turn
from tests.factories import make_callback, make_case, make_staff
from workers import notice_sweep

SUPERVISOR = "+12025550172"
AHEAD = pytest.mark.parametrize("ahead", [timedelta(hours=5), timedelta(days=150)])


def is_set_right(call_center: CallCenter, ahead: timedelta) -> None:
    """The sweeper was alive under the wrong clock, and a minute after it was set right."""
    call_center.sweeps(seconds=2)
    call_center.jobs.waiting.clear()
    call_center.now -= ahead
    call_center.sweeps(seconds=60)


def is_on(monkeypatch: pytest.MonkeyPatch, machine: str) -> None:
    """The sweeper of this machine makes the next pass."""
    monkeypatch.setattr(notice_sweep, "CLOCK", machine)
    monkeypatch.setitem(notice_sweep._APART, machine, 1)


@ON_BOTH
@AHEAD
def test_liaison_is_called_again_although_the_last_one_missed_it_by_a_clock_ahead(
    call_center: CallCenter, ahead: timedelta
) -> None:
    """The second offer waited for where the clock had been."""
    call_center.now += ahead
    call_center.sweeps(seconds=0)
    call_center.works_off()
    call_center.hangs_up(call_center.carrier.placed[-1], "no-answer")
    assert call_center.state() == "requested"

    is_set_right(call_center, ahead)
    for _ in range(3):
        call_center.sweeps(seconds=60)
        call_center.works_off()

    assert len(call_center.carrier.placed) == 2
    assert call_center.state() == "ringing_liaison"


@AHEAD
def test_callback_that_was_promised_by_a_clock_ahead_is_made_and_is_late_when_it_is(
    empty_call_center: CallCenter, ahead: timedelta
) -> None:
    call_center, wrong = empty_call_center, empty_call_center.now + ahead
    call_center.now = wrong
    with call_center.database.transaction() as session:
        case, due = make_case(session), wrong + timedelta(minutes=60)
        make_callback(session, case, urgency="urgent", requested_at=wrong, due_at=due, next_attempt_at=wrong)
    is_set_right(call_center, ahead)

    row = call_center.callback()
    assert abs(row.due_at - (call_center.now + timedelta(minutes=59))) <= timedelta(minutes=2)
    with call_center.database.transaction() as session:
        make_staff(session)
    call_center.sweeps(seconds=2)
    call_center.works_off()
    assert call_center.state() == "ringing_liaison"


@AHEAD
def test_evening_that_was_chosen_by_a_clock_ahead_is_still_the_evening_of_its_person(
    empty_call_center: CallCenter, ahead: timedelta
) -> None:
    """Also across a change to daylight saving time: moved by days of UTC, 6 PM of April was 5 PM."""
    call_center, zone = empty_call_center, ZoneInfo("America/New_York")
    call_center.now += ahead
    wrong = call_center.now
    starts = wrong.astimezone(zone).replace(hour=18).astimezone(UTC)
    ends = starts + timedelta(hours=3)
    with call_center.database.transaction() as session:
        make_callback(
            session, make_case(session), requested_at=wrong, due_at=ends, next_attempt_at=starts,
            window_starts=starts, window_ends=ends, time_zone=zone.key,
        )  # fmt: skip
        make_staff(session)
    is_set_right(call_center, ahead)

    row = call_center.callback()
    assert row.window_starts is not None
    assert row.window_ends is not None
    assert timedelta() < row.window_starts - call_center.now < timedelta(hours=24)
    assert row.window_starts.astimezone(zone).hour == row.next_attempt_at.astimezone(zone).hour == 18
    assert row.window_ends.astimezone(zone).hour == row.due_at.astimezone(zone).hour == 21
    assert call_center.carrier.placed == []


def test_agreed_time_in_two_weeks_stays_when_the_clock_was_ahead_for_a_night(
    empty_call_center: CallCenter,
) -> None:
    """It was agreed on before, by the right clock."""
    call_center, ahead = empty_call_center, timedelta(days=5)
    at = call_center.now + timedelta(days=14)
    with call_center.database.transaction() as session:
        make_staff(session)
        make_callback(
            session, make_case(session), due_at=at + timedelta(hours=1), next_attempt_at=at,
            window_starts=at, window_ends=at + timedelta(hours=3),
        )  # fmt: skip
    call_center.now += ahead
    is_set_right(call_center, ahead)
    for _ in range(3):
        call_center.sweeps(seconds=60)
        call_center.works_off()

    assert call_center.carrier.placed == []
    assert call_center.callback().window_starts == at


@pytest.mark.parametrize("ahead", [timedelta(hours=5), timedelta(days=5)])
@pytest.mark.parametrize("chosen", [None, timedelta(hours=2)])
def test_time_that_staff_agreed_on_by_the_right_clock_stays_to_the_minute(
    empty_call_center: CallCenter, ahead: timedelta, chosen: timedelta | None
) -> None:
    """It moved earlier by as much as the clock had been ahead, up to the part of the day they had chosen."""
    call_center, at = empty_call_center, empty_call_center.now + timedelta(days=14)
    starts, ends = (None, None) if chosen is None else (at - chosen, at + chosen)
    with call_center.database.transaction() as session:
        row = make_callback(session, make_case(session), window_starts=starts, window_ends=ends)
        reschedule(session, row.id, make_staff(session), at, call_center.now, call_center.policy)
    call_center.now += ahead
    is_set_right(call_center, ahead)

    assert call_center.callback().next_attempt_at == at
    assert call_center.callback().due_at == at + timedelta(hours=1)


def test_time_that_staff_agreed_on_by_a_clock_ahead_moves_with_it(empty_call_center: CallCenter) -> None:
    call_center, ahead, truly = empty_call_center, timedelta(days=150), empty_call_center.now
    with call_center.database.transaction() as session:
        row, staff = make_callback(session, make_case(session)), make_staff(session)
    call_center.now += ahead
    at = call_center.now + timedelta(days=2)
    with call_center.database.transaction() as session:
        reschedule(session, row.id, session.merge(staff), at, call_center.now, call_center.policy)
    is_set_right(call_center, ahead)

    row = call_center.callback()
    assert abs(row.next_attempt_at - truly - timedelta(days=2)) <= timedelta(hours=1)
    assert row.due_at - row.next_attempt_at == timedelta(hours=1)


def test_older_request_that_its_caller_moved_by_a_clock_ahead_is_made(empty_call_center: CallCenter) -> None:
    """It waited for an evening in five months: only what was requested by that clock was moved."""
    call_center, ahead, truly = empty_call_center, timedelta(days=150), empty_call_center.now
    evening = (truly + ahead).replace(hour=22, minute=0), (truly + ahead).replace(hour=23, minute=59)
    with call_center.database.transaction() as session:
        make_callback(
            session, make_case(session), requested_at=truly, due_at=evening[1], next_attempt_at=evening[0],
            window_starts=evening[0], window_ends=evening[1],
        )  # fmt: skip
    call_center.now += ahead
    is_set_right(call_center, ahead)

    row = call_center.callback()
    assert row.requested_at == truly
    assert row.next_attempt_at == row.window_starts
    assert row.next_attempt_at - truly < timedelta(hours=24)
    assert row.due_at - truly < timedelta(hours=24)


def test_two_machines_whose_clocks_differ_bring_no_call_forward(
    empty_call_center: CallCenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each pass took the other machine's clock for its own, set back: half an hour was over in 40 seconds."""
    call_center, at = empty_call_center, empty_call_center.now + timedelta(minutes=30)
    with call_center.database.transaction() as session:
        make_callback(session, make_case(session), next_attempt_at=at, due_at=at + timedelta(hours=1))
    for _ in range(20):
        for name, differs in (("clock of one", timedelta()), ("clock of another", timedelta(seconds=90))):
            is_on(monkeypatch, name)
            call_center.now += differs
            call_center.sweeps(seconds=1)
            call_center.now -= differs

    assert call_center.callback().next_attempt_at == at


@in_turn("differs", [timedelta(seconds=90), timedelta(minutes=20), timedelta(days=150)])
def test_two_machines_whose_clocks_differ_page_once_in_a_quarter_of_an_hour(
    empty_call_center: CallCenter, monkeypatch: pytest.MonkeyPatch, differs: timedelta
) -> None:
    """Each took the page of the other for one of a clock set back: two pages, or one in each pass."""
    call_center, supervisor = empty_call_center, "ruth@office.example.org"
    with call_center.database.transaction() as session:
        make_staff(session, supervisor, role="supervisor", phone="+12025550172", on_shift=False)
        pacing.open_breaker(session, pacing.TEXTS, 20003, call_center.now, None)
    paged = []
    for _ in range(40):
        for machine, its in (("clock of one", timedelta()), ("clock of another", differs)):
            is_on(monkeypatch, machine)
            call_center.now += its
            call_center.sweeps(seconds=15)
            call_center.works_off()
            call_center.now -= its
        with call_center.database.reading() as session:
            refused = select(Alert.id).where(Alert.level == TEXTS_REFUSED, Alert.channel == "call")
            paged.append(len(session.scalars(refused).all()))

    # By the clock that is ahead the first one may be long ago.
    assert paged[25] <= 2
    assert paged[-1] == paged[25] + 1


def test_matter_that_was_told_by_a_machine_that_is_gone_is_told_again(
    empty_call_center: CallCenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other sweeper goes on, and its machine's clock was never wrong."""
    call_center, ahead = empty_call_center, timedelta(days=150)
    with call_center.database.transaction() as session:
        make_staff(session, "ruth@office.example.org", role="supervisor", phone="+12025550172")
        pacing.open_breaker(session, pacing.TEXTS, 20003, call_center.now, None)
    is_on(monkeypatch, "clock of one")
    call_center.sweeps(seconds=2)
    call_center.works_off()
    is_on(monkeypatch, "clock of another")
    call_center.now += ahead
    call_center.sweeps(minutes=16)
    call_center.works_off()
    call_center.now -= ahead
    is_on(monkeypatch, "clock of one")
    for _ in range(3):
        call_center.sweeps(seconds=62)
        call_center.works_off()

    with call_center.database.reading() as session:
        refused = select(Alert.made_at).where(Alert.level == TEXTS_REFUSED, Alert.channel == "call")
        assert len(session.scalars(refused).all()) == 3


@ON_BOTH
@AHEAD
def test_promise_that_waits_behind_news_is_made_although_the_clock_was_ahead(
    empty_call_center: CallCenter, ahead: timedelta
) -> None:
    """It was promised again for where the clock had been, once nobody was being called about the news."""
    call_center, wrong = empty_call_center, empty_call_center.now + ahead
    call_center.now = wrong
    with call_center.database.transaction() as session:
        make_callback(
            session, make_case(session), state="left_for_staff", outcome=BEHIND_NEWS, closed_at=wrong,
            requested_at=wrong, due_at=wrong + timedelta(hours=2), next_attempt_at=wrong + timedelta(hours=1),
            urgency="urgent", warned=LEFT_TOLD,
        )  # fmt: skip
        make_staff(session)
    with call_center.database.transaction() as session:
        session.add(PagedMatter(name=notice_sweep.CLOCK, paged_at=wrong))
    call_center.now -= ahead
    call_center.sweeps(seconds=2)

    with call_center.database.reading() as session:
        assert session.scalars(select(Alert.level)).all() == []
    call_center.sweeps(minutes=61)
    call_center.works_off()
    with call_center.database.reading() as session:
        assert [row.state for row in session.scalars(select(Callback).order_by(Callback.id))] == [
            "left_for_staff", "ringing_liaison",
        ]  # fmt: skip


@AHEAD
def test_container_that_replaces_one_with_a_clock_ahead_makes_what_it_promised(
    empty_call_center: CallCenter, monkeypatch: pytest.MonkeyPatch, ahead: timedelta
) -> None:
    """It has a name of its own, so it compared its clock with none: an afraid person waited for months."""
    call_center, wrong = empty_call_center, empty_call_center.now + ahead
    is_on(monkeypatch, "clock of the old one")
    call_center.now = wrong
    with call_center.database.transaction() as session:
        case, due = make_case(session), wrong + timedelta(minutes=60)
        make_callback(session, case, urgency="urgent", requested_at=wrong, due_at=due, next_attempt_at=wrong)
    call_center.sweeps(seconds=2)
    is_on(monkeypatch, "clock of the new one")
    call_center.now -= ahead
    with call_center.database.transaction() as session:
        make_staff(session)
    call_center.sweeps(seconds=2)
    call_center.works_off()

    assert call_center.state() == "ringing_liaison"
    call_center.sweeps(hours=25)
    with call_center.database.reading() as session:
        names = select(PagedMatter.name).where(PagedMatter.name.startswith("clock"))
        assert session.scalars(names).all() == ["clock of the new one"]


@AHEAD
def test_claim_of_a_worker_that_died_under_a_clock_ahead_is_given_back(
    call_center: CallCenter, ahead: timedelta
) -> None:
    call_center.now += ahead
    row = call_center.callback()
    with call_center.database.transaction() as session:
        assert claim_callback(session, row.id, call_center.now, call_center.policy)
    is_set_right(call_center, ahead)
    call_center.sweeps(seconds=60)

    assert call_center.state() == "requested"


@AHEAD
def test_claim_of_staff_under_a_clock_ahead_ends_as_any_other(
    call_center: CallCenter, ahead: timedelta
) -> None:
    call_center.now += ahead
    with call_center.database.transaction() as session:
        staff = session.scalars(select(Staff)).one()
        claim(
            session,
            session.scalars(select(Callback)).one().id,
            staff.id,
            call_center.now,
            call_center.policies,
        )
    is_set_right(call_center, ahead)
    assert call_center.state() == "claimed"
    call_center.sweeps(hours=4)

    assert call_center.state() == "requested"


@AHEAD
def test_liaison_is_free_although_their_wrap_up_ends_by_a_clock_ahead(
    call_center: CallCenter, ahead: timedelta
) -> None:
    call_center.now += ahead
    with call_center.database.transaction() as session:
        staff = session.scalars(select(Staff)).one()
        staff.wrap_up_until = staff.spared_until = call_center.now + timedelta(seconds=30)
    is_set_right(call_center, ahead)
    call_center.sweeps(seconds=60)
    call_center.works_off()

    assert call_center.state() == "ringing_liaison"


@ON_BOTH
@AHEAD
def test_supervisor_is_texted_although_texts_were_refused_under_a_clock_ahead(
    empty_call_center: CallCenter, ahead: timedelta
) -> None:
    """The next text was to be tried where the clock had been, and doctor named the refusal until then."""
    call_center = empty_call_center
    _has_late_promise(call_center, ahead)
    call_center.carrier.refuses_texts = 20003
    for _ in range(4):
        call_center.sweeps(seconds=5)
        call_center.works_off()
    assert _named(call_center) == ["texts"]

    call_center.carrier.refuses_texts = None
    is_set_right(call_center, ahead)
    for _ in range(3):
        call_center.sweeps(seconds=30)
        call_center.works_off()

    assert {to for to, _ in call_center.carrier.texts} == {SUPERVISOR}
    assert _named(call_center) == []


def test_carrier_that_is_away_is_still_named_once_a_clock_ahead_is_set_right(
    empty_call_center: CallCenter,
) -> None:
    call_center, ahead = empty_call_center, timedelta(hours=5)
    _has_late_promise(call_center, ahead)
    call_center.carrier.is_away = True
    for _ in range(10):
        call_center.sweeps(seconds=6)
        call_center.works_off()
    assert _named(call_center) == ["carrier"]

    is_set_right(call_center, ahead)
    for _ in range(10):
        call_center.sweeps(seconds=6)
        call_center.works_off()

    assert _named(call_center) == ["carrier"]
    with call_center.database.reading() as session:
        assert "for -" not in troubles(session, call_center.now)[0].told(call_center.now)


def test_page_whose_sender_died_under_a_clock_ahead_is_sent_again(empty_call_center: CallCenter) -> None:
    call_center, ahead = empty_call_center, timedelta(hours=5)
    _has_late_promise(call_center, ahead)
    call_center.sweeps(seconds=2)
    for alert in call_center.rows(Alert):
        with call_center.database.transaction() as session:
            assert begin_alert(session, alert.id, call_center.now) is not None

    is_set_right(call_center, ahead)
    for _ in range(3):
        call_center.sweeps(seconds=60)
        call_center.works_off()

    assert {to for to, _ in call_center.carrier.texts} == {SUPERVISOR}


def _has_late_promise(call_center: CallCenter, ahead: timedelta) -> None:
    call_center.now += ahead
    with call_center.database.transaction() as session:
        make_staff(session, role="supervisor", phone=SUPERVISOR, on_shift=False)
        never = call_center.now + timedelta(days=1)
        make_callback(session, make_case(session), due_at=call_center.now, next_attempt_at=never)


def _named(call_center: CallCenter) -> list[str]:
    """What doctor, the wallboard and the pages name as trouble."""
    with call_center.database.reading() as session:
        return [one.name for one in troubles(session, call_center.now)]
