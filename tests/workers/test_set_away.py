"""A liaison who misses offers in a row is set away and told; urgent work is paged and loses nothing (R36)."""

from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import select

from config.office import Office
from models import Alert, Callback, Staff
from models.callbacks.at_risk import make_alerts
from models.frame.standing import standing_for
from models.overview.untaken import untaken
from models.staff.schedule import set_schedule
from models.staff.staff import change_shift
from models.staff.wrap_up import end_wrap_up, extend_wrap_up
from models.store.database import Database
from models.store.refusal import RefusedError
from models.talks import leg as legs
from models.talks.own_call import call_now
from tests.call_center import CallCenter
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import make_call, make_callback, make_case, make_office, make_staff

ANA, RUTH = "+12025550170", "+12025550172"


@pytest.fixture
def call_center(database: Database, office: Office, now: datetime) -> CallCenter:
    """One liaison, a supervisor off shift, and somebody who is afraid."""
    call_center = CallCenter(database, office, now)
    with database.transaction() as session:
        make_staff(session, "ana@office.example.org", phone=ANA)
        make_staff(session, role="supervisor", phone=RUTH, on_shift=False)
        make_callback(session, make_case(session), urgency="urgent", reason="afraid")
    return call_center


def _offered(call_center: CallCenter, status: str, *, hears: bool = False) -> None:
    call_center.sweeps(seconds=16)
    call_center.works_off()
    call = call_center.carrier.placed[-1]
    assert call.to == ANA
    if hears:
        call_center.answers(call)
    call_center.hangs_up(call, status)


def _ana(call_center: CallCenter) -> Staff:
    person = call_center.rows(Staff)[0]
    assert isinstance(person, Staff)
    return person


@pytest.mark.parametrize(("status", "hears"), [("no-answer", False), ("busy", False), ("completed", True)])
def test_liaison_who_misses_two_offers_in_a_row_is_set_away_and_gets_a_text(
    call_center: CallCenter, status: str, hears: bool
) -> None:
    _offered(call_center, status, hears=hears)
    assert _ana(call_center).on_shift
    _offered(call_center, status, hears=hears)
    person = _ana(call_center)
    assert (person.on_shift, person.set_away_at) == (False, call_center.now)
    (alert,) = call_center.rows(Alert, Alert.level == "set_away")
    assert (alert.staff_id, alert.channel) == (person.id, "text")
    call_center.sweeps(seconds=2)
    call_center.works_off()
    told = (
        "This is the information line. This message is for the staff. "
        "You missed 2 calls in a row, so your shift has ended. Go back on shift to take calls."
    )
    assert [one for one in call_center.carrier.texts if one[0] == ANA] == [(ANA, told)]
    row = call_center.callback()
    assert (row.state, row.rank, row.caller_tries) == ("requested", 0, 0)


@pytest.mark.parametrize(("status", "hears"), [("failed", False), ("canceled", False), ("completed", False)])
def test_refusal_a_withdrawn_call_or_a_fault_of_ours_is_no_miss(
    call_center: CallCenter, status: str, hears: bool
) -> None:
    for _ in range(call_center.policies.away_after_misses):
        _offered(call_center, status, hears=hears)
    assert (_ana(call_center).on_shift, _ana(call_center).missed_offers) == (True, 0)


def test_key_between_two_misses_restarts_the_count(call_center: CallCenter) -> None:
    _offered(call_center, "no-answer")
    call_center.sweeps(seconds=16)
    call_center.works_off()
    call = call_center.carrier.placed[-1]
    call_center.answers(call)
    call_center.presses(call, legs.decline_by_liaison, call_center.policy)
    call_center.hangs_up(call)
    _offered(call_center, "no-answer")
    assert _ana(call_center).on_shift


def test_liaison_who_was_set_away_comes_back_by_beginning_their_shift(call_center: CallCenter) -> None:
    for _ in range(2):
        _offered(call_center, "no-answer")
    with call_center.database.transaction() as session:
        change_shift(session, "ana@office.example.org", on_shift=True, actor="shell", now=call_center.now)
    person = _ana(call_center)
    assert (person.on_shift, person.set_away_at, person.missed_offers) == (True, None, 0)


def test_liaison_who_was_set_away_and_makes_a_call_of_their_own_still_reads_how_many_they_missed(
    call_center: CallCenter,
) -> None:
    """The bar on every page said "You missed 0 offers in a row", and the wallboard said 0 too."""
    for _ in range(2):
        _offered(call_center, "no-answer")
    with call_center.database.transaction() as session:
        call_center.take(call_now(session, 1, 1, call_center.now, call_center.policy))
    call_center.works_off()
    call = call_center.carrier.placed[-1]
    assert call.to == ANA
    call_center.answers(call)

    assert call_center.presses(call, legs.accept_by_liaison) == "accepted"

    with call_center.database.reading() as session:
        standing = standing_for(session, 1, untaken(session, call_center.now, call_center.now))
        assert (standing.presence, standing.missed) == ("away", 2)


@ON_SQLITE
def test_urgent_work_that_nobody_takes_is_one_page_with_a_count(call_center: CallCenter) -> None:
    with call_center.database.transaction() as session:
        make_callback(session, make_case(session), urgency="urgent", reason="afraid")
    for _ in range(2):
        _offered(call_center, "no-answer")
    for _ in range(5):
        call_center.sweeps(seconds=32)
    paged = call_center.rows(Alert, Alert.level == "urgent_untaken")
    assert {(alert.channel, alert.promises) for alert in paged} == {("text", 2), ("call", 2)}
    assert len(paged) == 2
    assert {row.state for row in call_center.rows(Callback)} <= {"requested", "ringing_liaison"}


@ON_SQLITE
def test_supervisor_who_does_not_pick_up_keeps_nobody_from_a_liaison_who_is_free_again(
    call_center: CallCenter,
) -> None:
    """One frightened caller was below others: the line rang the supervisor for her whenever Ana was free."""
    for _ in range(2):
        _offered(call_center, "no-answer")
    for _ in range(6):
        call_center.sweeps(seconds=32)
        call_center.works_off()
        call = call_center.carrier.placed[-1]
        if call.status == "ringing":
            call_center.hangs_up(call, "no-answer")
    assert 1 <= sum(call.to == RUTH for call in call_center.carrier.placed) <= 2
    with call_center.database.transaction() as session:
        make_callback(session, make_case(session), due_at=call_center.now + timedelta(hours=30))
        change_shift(session, "ana@office.example.org", on_shift=True, actor="shell", now=call_center.now)

    call_center.sweeps(seconds=2)
    call_center.works_off()

    call = call_center.carrier.placed[-1]
    (ringing,) = call_center.rows(Callback, Callback.state == "ringing_liaison")
    assert (call.to, ringing.urgency) == (ANA, "urgent")


@ON_BOTH
def test_supervisor_who_did_not_pick_up_has_no_talk_to_write_down_and_is_rung_after_three_minutes(
    call_center: CallCenter,
) -> None:
    """Her pause was a wrap-up, which the console showed, and which saving an older outcome ended at once."""
    for _ in range(2):
        _offered(call_center, "no-answer")
    while not call_center.rows(Staff, Staff.spared_until.is_not(None)):
        _nobody_picks_up(call_center)
    rung = len(call_center.legs("liaison"))
    with call_center.database.transaction() as session:
        assert (
            standing_for(session, 2, untaken(session, call_center.now, call_center.now)).presence != "wrap_up"
        )
        end_wrap_up(session, 2, call_center.now)
        with pytest.raises(RefusedError):
            extend_wrap_up(session, 2, 30, call_center.now)

    for _ in range(5):
        _nobody_picks_up(call_center, seconds=32)
    assert len(call_center.legs("liaison")) == rung
    for _ in range(2):
        _nobody_picks_up(call_center)
    assert [leg.staff_id for leg in call_center.legs("liaison")[rung:]] == [2]


def _nobody_picks_up(call_center: CallCenter, seconds: float = 16) -> None:
    call_center.sweeps(seconds=seconds)
    call_center.works_off()
    for call in call_center.carrier.placed:
        if call.status == "ringing":
            call_center.hangs_up(call, "no-answer")


@ON_SQLITE
def test_one_person_on_call_who_does_not_pick_up_is_rung_once_in_three_minutes_for_all_of_them(
    night: CallCenter,
) -> None:
    """Each frightened caller had her rung three times before she had a pause: every 24 seconds."""
    # Eight minutes, and one sweep in each time that she was rung again before.
    for _ in range(20):
        _nobody_picks_up(night, seconds=24)
    assert 3 <= len(night.legs("liaison")) <= 4
    texts = [
        one.promises for one in night.rows(Alert, Alert.level == "urgent_untaken", Alert.channel == "text")
    ]
    assert texts == [6], "one page with a count"
    assert {(row.state, row.rank) for row in night.rows(Callback)} == {("requested", 0)}


@pytest.fixture
def night(database: Database, now: datetime) -> CallCenter:
    """The office is closed, Nia alone is on call, and six people are afraid."""
    call_center = CallCenter(database, make_office(always_open=False), now.replace(day=26, hour=4))
    with database.transaction() as session:
        make_staff(session, "nia@office.example.org", on_shift=False)
        set_schedule(
            session, "nia@office.example.org", kind="on_call", weekdays=range(7), span=(time(0), time(0)),
            actor="shell", now=call_center.now,
        )  # fmt: skip
        for _ in range(6):
            make_callback(
                session,
                make_case(session),
                urgency="urgent",
                reason="afraid",
                next_attempt_at=call_center.now,
            )
    return call_center


def test_phone_that_is_busy_with_our_own_page_has_missed_nothing(call_center: CallCenter) -> None:
    """A supervisor on shift was set away, because the line itself was telling them of late promises."""
    with call_center.database.transaction() as session:
        change_shift(session, "ana@office.example.org", on_shift=False, actor="shell", now=call_center.now)
        ruth = session.get_one(Staff, 2)
        ruth.on_shift = True
        session.scalars(select(Callback)).one().due_at = call_center.now + timedelta(minutes=5)
    call_center.jobs.waiting.clear()
    with call_center.database.transaction() as session:
        make_alerts(
            session, call_center.now, call_center.policies, call_center.office.is_open(call_center.now)
        )
    call_center.dialler.send_alert(call_center.rows(Alert, Alert.channel == "call")[0].id)
    (page,) = call_center.carrier.placed
    call_center.answers(page)
    for _ in range(3):
        call_center.sweeps(seconds=16)
        call_center.works_off()
        offer = call_center.carrier.placed[-1]
        assert offer is not page
        call_center.hangs_up(offer, "busy")

    ruth = call_center.rows(Staff)[1]
    assert (ruth.on_shift, ruth.missed_offers) == (True, 0)


def test_call_that_was_told_to_end_and_stays_silent_excuses_no_miss(call_center: CallCenter) -> None:
    """The whole line was killed in a talk: for ten minutes a frightened caller rang only her, in vain."""
    with call_center.database.transaction() as session:
        make_call(
            session, "CA-forgotten", direction="outbound", role="liaison", staff_id=1,
            call_status="leaving", started_at=call_center.now, last_key_at=call_center.now,
        )  # fmt: skip
    for _ in range(2):
        call_center.sweeps(seconds=16)
        call_center.works_off()
        call_center.hangs_up(call_center.carrier.placed[-1], "no-answer")

    ana = call_center.rows(Staff)[0]
    assert (ana.on_shift, ana.set_away_at is not None) == (False, True)


@ON_BOTH
def test_supervisor_is_rung_for_urgent_work_while_the_only_phone_on_shift_is_refused(
    call_center: CallCenter,
) -> None:
    """Nobody's phone rang, and nobody was paged, until ten minutes before the promised moment."""
    with call_center.database.transaction() as session:
        ana = session.scalars(select(Staff).where(Staff.role == "liaison")).one()
        ana.spared_until = call_center.now + timedelta(minutes=32)

    call_center.sweeps(seconds=16)
    call_center.works_off()

    assert [call.to for call in call_center.carrier.placed] == [RUTH]


@ON_BOTH
def test_supervisors_are_paged_at_night_while_the_phone_of_the_one_on_call_is_refused(
    call_center: CallCenter,
) -> None:
    """The person on call was counted on, though no call reached them, and nobody else heard of it."""
    call_center.now += timedelta(hours=12)
    with call_center.database.transaction() as session:
        ana = session.scalars(select(Staff).where(Staff.role == "liaison")).one()
        ana.on_shift, ana.on_call = False, True
        ana.spared_until = call_center.now + timedelta(minutes=32)
        row = session.scalars(select(Callback)).one()
        row.requested_at = row.next_attempt_at = call_center.now
        row.due_at = call_center.now + timedelta(hours=1)

    call_center.sweeps(seconds=16)

    ruth = call_center.rows(Staff, Staff.role == "supervisor")[0]
    paged = call_center.rows(Alert, Alert.level == "urgent_untaken", Alert.staff_id == ruth.id)
    assert {(alert.channel, alert.promises) for alert in paged} == {("text", 1), ("call", 1)}
