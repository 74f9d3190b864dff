"""A liaison who misses offers in a row is set away and told; urgent work is paged and loses nothing (R36)."""

from datetime import datetime, time, timedelta

import pytest
from sqlalchemy import select

from config.office import Office
from models import Alert, Callback, Staff
from models.callbacks.at_risk import make_alerts
from models.overview.standing import standing_for
from models.staff.schedule import set_schedule
from models.staff.staff import change_shift
from models.staff.wrap_up import end_wrap_up, extend_wrap_up
from models.store.database import Database
from models.store.refusal import RefusedError
from models.talks import leg as legs
from tests.callback_desk import CallbackDesk
from tests.factories import make_call, make_callback, make_case, make_office, make_staff

ANA, RUTH = "+12025550170", "+12025550172"


@pytest.fixture
def desk(database: Database, office: Office, now: datetime) -> CallbackDesk:
    """One liaison, a supervisor off shift, and somebody who is afraid."""
    desk = CallbackDesk(database, office, now)
    with database.transaction() as session:
        make_staff(session, "ana@office.example.org", phone=ANA)
        make_staff(session, role="supervisor", phone=RUTH, on_shift=False)
        make_callback(session, make_case(session), urgency="urgent", reason="afraid")
    return desk


def _offered(desk: CallbackDesk, status: str, *, hears: bool = False) -> None:
    desk.sweeps(seconds=16)
    desk.works_off()
    call = desk.carrier.placed[-1]
    assert call.to == ANA
    if hears:
        desk.answers(call)
    desk.hangs_up(call, status)


def _ana(desk: CallbackDesk) -> Staff:
    person = desk.rows(Staff)[0]
    assert isinstance(person, Staff)
    return person


@pytest.mark.parametrize(("status", "hears"), [("no-answer", False), ("busy", False), ("completed", True)])
def test_who_misses_two_offers_in_a_row_is_set_away_and_has_a_text(
    desk: CallbackDesk, status: str, hears: bool
) -> None:
    _offered(desk, status, hears=hears)
    assert _ana(desk).on_shift
    _offered(desk, status, hears=hears)
    person = _ana(desk)
    assert (person.on_shift, person.set_away_at) == (False, desk.now)
    (alert,) = desk.rows(Alert, Alert.level == "set_away")
    assert (alert.staff_id, alert.channel) == (person.id, "text")
    desk.sweeps(seconds=2)
    desk.works_off()
    told = (
        "This is the information line. This message is for the staff. "
        "You missed 2 calls in a row, so your shift has ended. Go back on shift to take calls."
    )
    assert [one for one in desk.carrier.texts if one[0] == ANA] == [(ANA, told)]
    row = desk.callback()
    assert (row.state, row.place, row.caller_tries) == ("requested", 0, 0)


@pytest.mark.parametrize(("status", "hears"), [("failed", False), ("canceled", False), ("completed", False)])
def test_a_refusal_a_withdrawn_call_or_a_fault_of_ours_is_no_miss(
    desk: CallbackDesk, status: str, hears: bool
) -> None:
    for _ in range(3):
        _offered(desk, status, hears=hears)
    assert (_ana(desk).on_shift, _ana(desk).missed_offers) == (True, 0)


def test_a_key_between_two_misses_begins_the_count_anew(desk: CallbackDesk) -> None:
    _offered(desk, "no-answer")
    desk.sweeps(seconds=16)
    desk.works_off()
    call = desk.carrier.placed[-1]
    desk.answers(call)
    desk.presses(call, legs.decline_by_liaison, desk.policy)
    desk.hangs_up(call)
    _offered(desk, "no-answer")
    assert _ana(desk).on_shift


def test_who_was_set_away_comes_back_by_beginning_their_shift(desk: CallbackDesk) -> None:
    for _ in range(2):
        _offered(desk, "no-answer")
    with desk.database.transaction() as session:
        change_shift(session, "ana@office.example.org", on_shift=True, actor="shell", now=desk.now)
    person = _ana(desk)
    assert (person.on_shift, person.set_away_at, person.missed_offers) == (True, None, 0)


def test_urgent_work_that_nobody_takes_is_one_page_with_a_count(desk: CallbackDesk) -> None:
    with desk.database.transaction() as session:
        make_callback(session, make_case(session), urgency="urgent", reason="afraid")
    for _ in range(2):
        _offered(desk, "no-answer")
    for _ in range(10):
        desk.sweeps(seconds=16)
    paged = desk.rows(Alert, Alert.level == "urgent_untaken")
    assert {(alert.channel, alert.promises) for alert in paged} == {("text", 2), ("call", 2)}
    assert len(paged) == 2
    assert {row.state for row in desk.rows(Callback)} <= {"requested", "ringing_liaison"}


def test_a_supervisor_who_does_not_pick_up_keeps_nobody_from_the_liaison_who_comes_free(
    desk: CallbackDesk,
) -> None:
    """One who is afraid stood below others: the line rang the supervisor for her whenever Ana came free."""
    for _ in range(2):
        _offered(desk, "no-answer")
    for _ in range(12):
        desk.sweeps(seconds=16)
        desk.works_off()
        call = desk.carrier.placed[-1]
        if call.status == "ringing":
            desk.hangs_up(call, "no-answer")
    assert 1 <= sum(call.to == RUTH for call in desk.carrier.placed) <= 2
    with desk.database.transaction() as session:
        make_callback(session, make_case(session), due_at=desk.now + timedelta(hours=30))
        change_shift(session, "ana@office.example.org", on_shift=True, actor="shell", now=desk.now)

    desk.sweeps(seconds=2)
    desk.works_off()

    call = desk.carrier.placed[-1]
    (ringing,) = desk.rows(Callback, Callback.state == "ringing_liaison")
    assert (call.to, ringing.urgency) == (ANA, "urgent")


def test_a_supervisor_who_did_not_pick_up_has_no_talk_to_write_down_and_is_rung_after_three_minutes(
    desk: CallbackDesk,
) -> None:
    """Her pause was a wrap-up, which the console showed, and which saving an older outcome ended at once."""
    for _ in range(2):
        _offered(desk, "no-answer")
    while not desk.rows(Staff, Staff.spared_until.is_not(None)):
        _nobody_picks_up(desk)
    rung = len(desk.legs("liaison"))
    with desk.database.transaction() as session:
        assert standing_for(session, 2, desk.now).wrap_up_until is None
        end_wrap_up(session, 2, desk.now)
        with pytest.raises(RefusedError):
            extend_wrap_up(session, 2, 30, desk.now)

    for _ in range(10):
        _nobody_picks_up(desk)
    assert len(desk.legs("liaison")) == rung
    for _ in range(2):
        _nobody_picks_up(desk)
    assert [leg.staff_id for leg in desk.legs("liaison")[rung:]] == [2]


def _nobody_picks_up(desk: CallbackDesk, seconds: float = 16) -> None:
    desk.sweeps(seconds=seconds)
    desk.works_off()
    for call in desk.carrier.placed:
        if call.status == "ringing":
            desk.hangs_up(call, "no-answer")


def test_one_person_on_call_who_does_not_pick_up_is_rung_once_in_three_minutes_for_all_of_them(
    night: CallbackDesk,
) -> None:
    """Each frightened caller had her rung three times before she had a pause: every 24 seconds."""
    # Twelve minutes, and two looks in each time that she was rung again before.
    for _ in range(60):
        _nobody_picks_up(night, seconds=12)
    assert 3 <= len(night.legs("liaison")) <= 5
    texts = [
        one.promises for one in night.rows(Alert, Alert.level == "urgent_untaken", Alert.channel == "text")
    ]
    assert texts == [6], "one page with a count"
    assert {(row.state, row.place) for row in night.rows(Callback)} == {("requested", 0)}


@pytest.fixture
def night(database: Database, now: datetime) -> CallbackDesk:
    """The office is closed, Nia alone is on call, and six people are afraid."""
    desk = CallbackDesk(database, make_office(always_open=False), now.replace(day=26, hour=4))
    with database.transaction() as session:
        make_staff(session, "nia@office.example.org", on_shift=False)
        set_schedule(
            session, "nia@office.example.org", kind="on_call", weekdays=range(7), span=(time(0), time(0)),
            actor="shell", now=desk.now,
        )  # fmt: skip
        for _ in range(6):
            make_callback(
                session, make_case(session), urgency="urgent", reason="afraid", next_attempt_at=desk.now
            )
    return desk


def test_a_phone_that_is_busy_with_our_own_page_has_missed_nothing(desk: CallbackDesk) -> None:
    """A supervisor on shift was set away, because the line itself was telling them of late promises."""
    with desk.database.transaction() as session:
        change_shift(session, "ana@office.example.org", on_shift=False, actor="shell", now=desk.now)
        ruth = session.get_one(Staff, 2)
        ruth.on_shift = True
        session.scalars(select(Callback)).one().due_at = desk.now + timedelta(minutes=5)
    desk.jobs.waiting.clear()
    with desk.database.transaction() as session:
        make_alerts(session, desk.now, desk.policies, desk.office.is_open(desk.now))
    desk.dialler.send_alert(desk.rows(Alert, Alert.channel == "call")[0].id)
    (page,) = desk.carrier.placed
    desk.answers(page)
    for _ in range(3):
        desk.sweeps(seconds=16)
        desk.works_off()
        offer = desk.carrier.placed[-1]
        assert offer is not page
        desk.hangs_up(offer, "busy")

    ruth = desk.rows(Staff)[1]
    assert (ruth.on_shift, ruth.missed_offers) == (True, 0)


def test_a_call_that_was_told_to_end_and_is_heard_of_no_more_excuses_no_miss(desk: CallbackDesk) -> None:
    """The whole line was killed in a talk: for ten minutes a frightened caller rang her alone, in vain."""
    with desk.database.transaction() as session:
        make_call(
            session, "CA-forgotten", direction="outbound", role="liaison", staff_id=1,
            call_status="leaving", started_at=desk.now, last_key_at=desk.now,
        )  # fmt: skip
    for _ in range(2):
        desk.sweeps(seconds=16)
        desk.works_off()
        desk.hangs_up(desk.carrier.placed[-1], "no-answer")

    ana = desk.rows(Staff)[0]
    assert (ana.on_shift, ana.set_away_at is not None) == (False, True)
