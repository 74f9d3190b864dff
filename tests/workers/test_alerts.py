"""Promises at risk: who is told, when, by text or by call, and that nobody is told twice."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from config.office import Office
from ivr_flows.prompts import Prompts
from models import Alert, AuditEntry, Call, Callback, Staff
from models.callbacks.appointment import reschedule
from models.callbacks.at_risk import make_alerts
from models.callbacks.callback import advance
from models.callbacks.claim import claim
from models.calls.alert_sending import begin_alert
from models.overview.trouble import troubles
from models.staff.alert import LEVELS, ONLY_YOU, PIN_LOCKS, PROMPTS, TEXTS_REFUSED, Told, prompt_of, tell
from models.staff.schedule import Absence
from models.staff.staff import add_person
from models.store.database import Database
from tests.call_center import CallCenter
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import (
    make_callback,
    make_case,
    make_event,
    make_notice,
    make_office,
    make_registration,
    make_staff,
)
from workers.carrier import CarrierRefused, CarrierUnknown

LIAISON, SUPERVISOR, ON_CALL = "+12025550170", "+12025550172", "+12025550173"
ADMINISTRATOR = "+12025550174"


@pytest.fixture
def call_center(database: Database, office: Office, now: datetime) -> CallCenter:
    """A liaison who is busy all day, and a supervisor: nothing is dialed."""
    call_center = CallCenter(database, office, now)
    with database.transaction() as session:
        leg = Call(
            role="called_back", direction="outbound", started_at=now, language="en", flow="", step="", turn=0,
            heard_from="", said="",
        )  # fmt: skip
        session.add(leg)
        session.flush()
        make_staff(session, busy_call_id=leg.id, busy_since=now)
        make_staff(session, role="supervisor", phone=SUPERVISOR, on_shift=False, languages="es,en")
    return call_center


def _promise(call_center: CallCenter, due_in: float, **facts: object) -> Callback:
    with call_center.database.transaction() as session:
        return make_callback(
            session, make_case(session), due_at=call_center.now + timedelta(minutes=due_in), **facts
        )


def _texts(call_center: CallCenter) -> list[str]:
    """The people who were sent a text since the last sweep, in order."""
    call_center.works_off()
    told = [to for to, _ in call_center.carrier.texts]
    call_center.carrier.texts.clear()
    return told


def test_staff_then_the_supervisor_are_warned_before_and_after_each_level_once(
    call_center: CallCenter,
) -> None:
    _promise(call_center, 45)
    call_center.sweeps(minutes=14)
    assert _texts(call_center) == []
    call_center.sweeps(minutes=1)
    assert _texts(call_center) == [LIAISON]
    call_center.sweeps(minutes=20)
    assert (_texts(call_center), [call.to for call in call_center.carrier.placed]) == (
        [SUPERVISOR],
        [SUPERVISOR],
    )
    call_center.sweeps(minutes=10)
    assert _texts(call_center) == [LIAISON]
    call_center.sweeps(minutes=10)
    assert (_texts(call_center), [call.to for call in call_center.carrier.placed]) == (
        [SUPERVISOR],
        [SUPERVISOR] * 2,
    )
    for _ in range(3):
        call_center.sweeps(minutes=30)
    assert _texts(call_center) == []
    assert call_center.audited().count("warn_of_callback") == 4
    assert [alert.state for alert in call_center.rows(Alert)] == ["sent"] * 6


def test_warning_tells_how_many_and_nothing_else(call_center: CallCenter) -> None:
    for _ in range(3):
        _promise(call_center, 5)
    call_center.sweeps()
    call_center.works_off()
    assert call_center.carrier.texts == [
        (
            LIAISON,
            "This is the information line. This message is for the staff. "
            "3 promised calls are at risk. Please look at the callback list.",
        ),
        (
            SUPERVISOR,
            "Este es un mensaje de la línea de información para el personal. "
            "Hay 3 llamadas prometidas en riesgo. Por favor, revise la lista de llamadas.",
        ),
    ]
    (call,) = call_center.legs("alerted")
    assert (call.language, call.call_sid) == ("es", call_center.carrier.placed[0].call_sid)


def test_promise_that_is_kept_in_time_warns_nobody(call_center: CallCenter) -> None:
    _promise(call_center, 5, state="talking")
    kept = _promise(call_center, 5, state="talking", talking_at=call_center.now)
    with call_center.database.transaction() as session:
        assert advance(session, kept.id, "reach", actor="carrier", now=call_center.now)
    call_center.sweeps(minutes=1)
    assert _texts(call_center) == []


def test_supervisor_is_told_once_of_a_callback_left_for_staff(call_center: CallCenter) -> None:
    left = _promise(call_center, 600)
    with call_center.database.transaction() as session:
        advance(session, left.id, "leave", actor="worker", now=call_center.now, outcome="unknown_call")
    call_center.sweeps()
    call_center.works_off()
    ((to, body),) = call_center.carrier.texts
    assert to == SUPERVISOR
    assert "Una persona debe atender una llamada prometida." in body
    call_center.carrier.texts.clear()
    call_center.sweeps(minutes=30)
    assert (_texts(call_center), call_center.carrier.placed) == ([], [])


def test_supervisor_reads_in_a_text_that_somebody_was_made_an_administrator(call_center: CallCenter) -> None:
    call_center.sweeps()  # The entries of before are read, so the new one is news.
    with call_center.database.transaction() as session:
        add_person(
            session, email="new@office.example.org", name="Ada Invented", role="administrator",
            phone="+12025550177", languages=["en"], on_shift=False, password_hash="none",
            actor="command line", now=call_center.now,
        )  # fmt: skip
    call_center.sweeps()
    call_center.works_off()

    ((to, body),) = call_center.carrier.texts
    assert to == SUPERVISOR
    assert "Alguien pasó a supervisión o a administración." in body
    assert [alert.state for alert in call_center.rows(Alert)] == ["sent"]


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_alert_has_words_for_one_and_for_several(language: str) -> None:
    prompts = Prompts.load(("en", "es"))
    for level in (*PROMPTS, *(level for level, *_ in LEVELS)):
        for count in (1, 2):
            spoken = prompts.text(language, prompt_of(level, count), count=str(count))
            assert "{" not in spoken, level
            assert spoken.endswith("."), level


def test_liaison_on_call_is_warned_at_night_and_a_supervisor_at_home_only_gets_a_text(
    call_center: CallCenter,
) -> None:
    call_center.office = make_office(always_open=False)
    call_center.now = call_center.now.replace(day=26, hour=4)  # Eleven in the evening in New York.
    with call_center.database.transaction() as session:
        make_staff(session, phone=ON_CALL, on_shift=False, on_call=True)
        session.get_one(Staff, 1).on_shift = False
    _promise(call_center, 5, urgency="urgent", next_attempt_at=call_center.now + timedelta(hours=1))
    with call_center.database.transaction() as session:
        session.get_one(Staff, call_center.rows(Staff)[-1].id).on_call = True
    call_center.office = make_office(always_open=False)
    _sweep_without_schedules(call_center)
    assert (sorted(_texts(call_center)), call_center.carrier.placed) == ([SUPERVISOR, ON_CALL], [])


def _sweep_without_schedules(call_center: CallCenter) -> None:
    with call_center.database.transaction() as session:
        make_alerts(
            session, call_center.now, call_center.policies, call_center.office.is_open(call_center.now)
        )
    for alert in call_center.rows(Alert):
        call_center.jobs.enqueue("send_alert", alert.id)


def test_phone_that_takes_no_text_is_rung(call_center: CallCenter) -> None:
    _promise(call_center, 25)
    call_center.sweeps()
    call_center.carrier.refuses_next()
    call_center.works_off()
    call_center.sweeps(seconds=2)
    call_center.works_off()
    assert (call_center.carrier.texts, [call.to for call in call_center.carrier.placed]) == ([], [LIAISON])
    assert [(alert.channel, alert.state) for alert in call_center.rows(Alert)] == [
        ("text", "refused"), ("call", "sent"),
    ]  # fmt: skip


def test_staff_phone_that_said_stop_is_rung_and_the_audit_tells(call_center: CallCenter) -> None:
    _promise(call_center, 25)
    call_center.sweeps()
    call_center.carrier.refuses_texts = 21610
    call_center.works_off()
    call_center.sweeps(seconds=2)
    call_center.works_off()

    assert [call.to for call in call_center.carrier.placed] == [LIAISON]
    told = call_center.rows(AuditEntry, AuditEntry.action == "block_texts")
    assert [entry.target.partition(":")[0] for entry in told] == ["staff"]


def test_administrator_is_told_what_no_supervisor_can_be_told(call_center: CallCenter) -> None:
    """The only supervisor's number was mistyped: of nothing that went wrong did anybody hear."""
    _refuses_phones(call_center, {SUPERVISOR, LIAISON})
    with call_center.database.transaction() as session:
        make_staff(session, role="administrator", phone=ADMINISTRATOR, on_shift=False)
    _promise(call_center, 5, urgency="urgent")
    for _ in range(20):
        call_center.sweeps(minutes=1)
        call_center.works_off()

    told = [to for to, _ in call_center.carrier.texts]
    assert told == [ADMINISTRATOR] * 2, "shortly before its moment, and after it"
    assert call_center.carrier.placed == [], "at home nobody is called, as a supervisor is not"
    assert {alert.level for alert in call_center.rows(Alert, Alert.state == "sent")} == {"supervisor_before"}


def test_administrator_hears_of_nothing_that_one_supervisor_is_told(call_center: CallCenter) -> None:
    _refuses_phones(call_center, {SUPERVISOR})
    with call_center.database.transaction() as session:
        make_staff(session, role="supervisor", phone=ON_CALL, on_shift=False)
        make_staff(session, role="administrator", phone=ADMINISTRATOR, on_shift=False)
    _promise(call_center, 5, urgency="urgent")
    for _ in range(20):
        call_center.sweeps(minutes=1)
        call_center.works_off()

    assert {to for to, _ in call_center.carrier.texts} == {LIAISON, ON_CALL}


def test_matter_for_a_supervisor_alone_is_told_to_no_administrator(call_center: CallCenter) -> None:
    _refuses_phones(call_center, {SUPERVISOR})
    with call_center.database.transaction() as session:
        (staff_id,) = session.scalars(select(Staff.id).where(Staff.role == "supervisor")).all()
        make_staff(session, role="administrator", phone=ADMINISTRATOR, on_shift=False)
        tell(session, ONLY_YOU, [Told(staff_id, 1)], call_center.now)
    for _ in range(4):
        call_center.sweeps(minutes=1)
        call_center.works_off()

    assert call_center.carrier.texts == []
    assert {alert.staff_id for alert in call_center.rows(Alert)} == {staff_id}


def test_supervisor_is_told_of_late_news_if_the_one_on_call_cannot_be_called(
    empty_call_center: CallCenter,
) -> None:
    """The supervisor would have heard of it an hour and a half later."""
    call_center = empty_call_center
    _refuses_phones(call_center, {ON_CALL})
    with call_center.database.transaction() as session:
        make_staff(session, phone=ON_CALL, on_shift=False, on_call=True)
        make_staff(session, role="supervisor", phone=SUPERVISOR, on_shift=False)
        case = make_case(session, custody_status="released")
        event = make_event(session, case.subject_id, "released", at=call_center.now, made_at=call_center.now)
        late, never = call_center.now - timedelta(minutes=31), call_center.now + timedelta(hours=20)
        make_notice(session, make_registration(session, case), event, made_at=late, next_attempt_at=never)
    for _ in range(4):
        call_center.sweeps(minutes=1)
        call_center.works_off()

    assert _texts(call_center) == [SUPERVISOR]


def _refuses_phones(call_center: CallCenter, phones: set[str]) -> None:
    """From now on these are no numbers for the carrier."""
    call_center.carrier.refuses_to = call_center.carrier.refuses_texts_to = dict.fromkeys(phones, 21211)


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_alert_that_may_not_have_been_sent_is_sent_again_at_once_and_then_every_ten_minutes(
    call_center: CallCenter, lost: int
) -> None:
    with call_center.database.transaction() as session:
        (ruth,) = session.scalars(select(Staff.id).where(Staff.role == "supervisor")).all()
        tell(session, PIN_LOCKS, [Told(ruth, 1)], call_center.now)
    for _ in range(lost):
        call_center.carrier.loses_next_answer(dialled=False)
    told_after = []
    for minute in range(30):
        call_center.sweeps(minutes=1)
        call_center.works_off()
        told_after += [minute] * (len(call_center.carrier.texts) - len(told_after))
    assert told_after == [{1: 1, 2: 11, 3: 21}[lost]]
    assert sorted(alert.state for alert in call_center.rows(Alert)) == ["sent", "unknown"]


@ON_BOTH
def test_page_whose_call_did_ring_after_all_is_not_sent_again(call_center: CallCenter) -> None:
    """The carrier's answers were lost, and its events tell of the calls."""
    with call_center.database.transaction() as session:
        (ruth,) = session.scalars(select(Staff.id).where(Staff.role == "supervisor")).all()
        tell(session, TEXTS_REFUSED, [Told(ruth, 1, is_rung=True)], call_center.now)
    for _ in range(2):
        call_center.carrier.loses_next_answer()
    for _ in range(3):
        call_center.sweeps(minutes=1)
        call_center.works_off()
    assert len(call_center.carrier.placed) == 2
    for placed in call_center.carrier.placed:
        call_center.tells(placed, "no-answer", leg_id=placed.leg_id)

    for _ in range(15):
        call_center.sweeps(minutes=1)
        call_center.works_off()

    assert len(call_center.carrier.placed) == 2
    calls = call_center.rows(Alert, Alert.channel == "call")
    assert sorted(alert.state for alert in calls) == ["sent", "unknown"]


def test_alert_whose_worker_died_is_recorded_as_unknown_and_sent_again(call_center: CallCenter) -> None:
    _promise(call_center, 25)
    call_center.sweeps()
    (alert,) = call_center.rows(Alert)
    with call_center.database.transaction() as session:
        assert begin_alert(session, alert.id, call_center.now) is not None
    with call_center.database.transaction() as session:
        assert begin_alert(session, alert.id, call_center.now) is None
    call_center.sweeps(seconds=61)
    assert sorted(alert.state for alert in call_center.rows(Alert)) == ["made", "unknown"]
    assert _texts(call_center) == [LIAISON]


def test_job_that_runs_twice_tells_once_and_the_sweeper_tells_with_redis_down(
    call_center: CallCenter,
) -> None:
    _promise(call_center, 25)
    call_center.jobs.is_down = True
    call_center.sweeps()
    (alert,) = call_center.rows(Alert)
    call_center.dialler.send_alert(alert.id)
    assert len(call_center.carrier.texts) == 1


def test_carrier_that_is_down_delays_no_part_of_the_sweep(call_center: CallCenter) -> None:
    asked = []

    def is_down(*, to: str, body: str, line: str | None = None) -> None:
        asked.append(to)
        raise CarrierUnknown("No answer.")

    call_center.jobs.is_down = True
    call_center.carrier.send_text = is_down  # type: ignore[method-assign]
    _promise(call_center, 5)
    call_center.sweeps()
    assert asked == [LIAISON], "asked once in a pass"
    states = sorted(alert.state for alert in call_center.rows(Alert))
    assert states == ["made", "made", "made", "unknown"], "the lost one is sent again"


@ON_SQLITE
def test_late_promise_with_a_new_time_is_watched_like_a_new_one(call_center: CallCenter) -> None:
    """A supervisor set another time with a person who was late; when that passed too nobody was told."""
    made = _promise(call_center, 20)
    for _ in range(4):
        call_center.sweeps(minutes=10)
        call_center.works_off()
    assert call_center.callback().warned == 4
    _texts(call_center)
    with call_center.database.transaction() as session:
        ruth = session.scalars(select(Staff).where(Staff.role == "supervisor")).one()
        policy = call_center.policy
        at = call_center.now + timedelta(hours=3)
        reschedule(session, made.id, ruth, at, call_center.now, policy)

    call_center.now = call_center.callback().due_at + timedelta(minutes=11)
    told = []
    for _ in range(6):
        call_center.sweeps(minutes=10)
        told += _texts(call_center)

    assert LIAISON in told
    assert SUPERVISOR in told


def test_callback_that_was_left_claimed_and_left_once_more_is_told_once_more(call_center: CallCenter) -> None:
    made = _promise(call_center, 90, state="left_for_staff", outcome="unknown", closed_at=call_center.now)
    call_center.sweeps(minutes=1)
    assert _texts(call_center) == [SUPERVISOR]
    with call_center.database.transaction() as session:
        liaison = session.scalars(select(Staff).where(Staff.role == "liaison")).one()
        claim(session, made.id, liaison.id, call_center.now, call_center.policies)

    call_center.sweeps(minutes=20)
    assert call_center.state() == "left_for_staff", "the claim was not used"
    call_center.sweeps(minutes=1)

    assert _texts(call_center) == [SUPERVISOR]


def test_supervisors_and_administrators_are_told_even_when_all_of_them_are_away(
    call_center: CallCenter,
) -> None:
    """The day's warnings were recorded as told, and nobody got them, that day or the next."""
    _promise(call_center, 90, state="left_for_staff", outcome="unknown", closed_at=call_center.now)
    today = call_center.now.date()
    with call_center.database.transaction() as session:
        ruth = session.scalars(select(Staff).where(Staff.role == "supervisor")).one()
        session.add(Absence(staff_id=ruth.id, first_day=today, last_day=today))
        gone = make_staff(session, role="supervisor", phone=ON_CALL, on_shift=False, away=True)
        gone.left_at = call_center.now

    call_center.sweeps(minutes=1)

    assert _texts(call_center) == [SUPERVISOR]


@ON_SQLITE
def test_texts_slow_down_after_too_many_requests(call_center: CallCenter) -> None:
    """Each alert was tried again at each sweep: 150 requests a minute for five supervisors."""
    with call_center.database.transaction() as session:
        for number in range(4):
            make_staff(session, role="supervisor", phone=f"+1202555018{number}", on_shift=False)
    _promise(call_center, 90, state="left_for_staff", outcome="unknown", closed_at=call_center.now)
    asked = []

    def is_overloaded(*, to: str, body: str, line: str | None = None) -> None:
        asked.append((to, body))
        raise CarrierRefused("Too many requests.", about="pace", code=20429)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(call_center.carrier, "send_text", is_overloaded)
        for _ in range(15):
            call_center.sweeps(seconds=2)
            call_center.works_off()
    assert 4 <= len(asked) <= 7, "one in five seconds"

    for _ in range(5):
        call_center.sweeps(seconds=4)
        call_center.works_off()
    assert len(call_center.carrier.texts) == 5


@ON_SQLITE
def test_carrier_that_takes_not_even_the_warnings_is_named(call_center: CallCenter) -> None:
    """With no callback due, only calls to supervisors met the refusal, and every place said that all was
    well.
    """
    _promise(call_center, 5, next_attempt_at=call_center.now + timedelta(hours=5))
    call_center.carrier.is_away = True
    for _ in range(10):
        call_center.sweeps(seconds=6)
        call_center.works_off()
    with call_center.database.reading() as session:
        assert [one.name for one in troubles(session, call_center.now)] == ["carrier"]
