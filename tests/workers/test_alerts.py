"""Promises at risk: who is told, when, by text or by call, and that nobody is told twice."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from config.office import Office
from models import Alert, AuditEntry, Call, Callback, Staff
from models.callbacks.appointment import reschedule
from models.callbacks.at_risk import make_alerts
from models.callbacks.callback import advance
from models.callbacks.claim import claim
from models.calls.alert_sending import begin_alert
from models.overview.trouble import troubles
from models.staff.schedule import Absence
from models.store.database import Database
from tests.callback_desk import CallbackDesk
from tests.factories import make_callback, make_case, make_office, make_staff
from workers.carrier import CarrierRefused, CarrierUnknown

LIAISON, SUPERVISOR, ON_CALL = "+12025550170", "+12025550172", "+12025550173"


@pytest.fixture
def desk(database: Database, office: Office, now: datetime) -> CallbackDesk:
    """A liaison who is busy all day, and a supervisor: nothing is dialled."""
    desk = CallbackDesk(database, office, now)
    with database.transaction() as session:
        leg = Call(
            role="called_back", direction="outbound", started_at=now, language="en", flow="", step="", turn=0,
            heard_from="", said="",
        )  # fmt: skip
        session.add(leg)
        session.flush()
        make_staff(session, busy_call_id=leg.id, busy_since=now)
        make_staff(session, role="supervisor", phone=SUPERVISOR, on_shift=False, languages="es,en")
    return desk


def _promise(desk: CallbackDesk, due_in: float, **facts: object) -> Callback:
    with desk.database.transaction() as session:
        return make_callback(
            session, make_case(session), due_at=desk.now + timedelta(minutes=due_in), **facts
        )


def _texts(desk: CallbackDesk) -> list[str]:
    """Who was sent a text since the last look, in order."""
    desk.works_off()
    told = [to for to, _ in desk.carrier.texts]
    desk.carrier.texts.clear()
    return told


def test_staff_then_the_supervisor_are_warned_before_and_after_each_level_once(desk: CallbackDesk) -> None:
    _promise(desk, 45)
    desk.sweeps(minutes=14)
    assert _texts(desk) == []
    desk.sweeps(minutes=1)
    assert _texts(desk) == [LIAISON]
    desk.sweeps(minutes=20)
    assert (_texts(desk), [call.to for call in desk.carrier.placed]) == ([SUPERVISOR], [SUPERVISOR])
    desk.sweeps(minutes=10)
    assert _texts(desk) == [LIAISON]
    desk.sweeps(minutes=10)
    assert (_texts(desk), [call.to for call in desk.carrier.placed]) == ([SUPERVISOR], [SUPERVISOR] * 2)
    for _ in range(3):
        desk.sweeps(minutes=30)
    assert _texts(desk) == []
    assert desk.audited().count("warn_of_callback") == 4
    assert [alert.state for alert in desk.rows(Alert)] == ["sent"] * 6


def test_a_warning_tells_how_many_and_nothing_else(desk: CallbackDesk) -> None:
    for _ in range(3):
        _promise(desk, 5)
    desk.sweeps()
    desk.works_off()
    assert desk.carrier.texts == [
        (
            LIAISON,
            "This is the information line. This message is for the staff. "
            "3 promised calls are at risk. Please look at the callback list.",
        ),
        (
            SUPERVISOR,
            "Esta es la línea de información. Este mensaje es para el personal. "
            "Hay 3 llamadas prometidas en riesgo. Por favor, revise la lista de llamadas.",
        ),
    ]
    (call,) = desk.legs("alerted")
    assert (call.language, call.call_sid) == ("es", desk.carrier.placed[0].call_sid)


def test_a_promise_that_is_kept_in_time_warns_nobody(desk: CallbackDesk) -> None:
    _promise(desk, 5, state="talking")
    kept = _promise(desk, 5, state="talking", talking_at=desk.now)
    with desk.database.transaction() as session:
        assert advance(session, kept.id, "reach", actor="carrier", now=desk.now)
    desk.sweeps(minutes=1)
    assert _texts(desk) == []


def test_a_callback_left_for_staff_is_told_to_the_supervisor_once(desk: CallbackDesk) -> None:
    left = _promise(desk, 600)
    with desk.database.transaction() as session:
        advance(session, left.id, "leave", actor="worker", now=desk.now, outcome="unknown_call")
    desk.sweeps()
    desk.works_off()
    ((to, body),) = desk.carrier.texts
    assert to == SUPERVISOR
    assert "Una persona debe atender una llamada prometida." in body
    desk.carrier.texts.clear()
    desk.sweeps(minutes=30)
    assert (_texts(desk), desk.carrier.placed) == ([], [])


def test_at_night_who_is_on_call_is_warned_and_a_supervisor_at_home_is_only_sent_a_text(
    desk: CallbackDesk,
) -> None:
    desk.office = make_office(always_open=False)
    desk.now = desk.now.replace(day=26, hour=4)  # Eleven in the evening in New York.
    with desk.database.transaction() as session:
        make_staff(session, phone=ON_CALL, on_shift=False, on_call=True)
        session.get_one(Staff, 1).on_shift = False
    _promise(desk, 5, urgency="urgent", next_attempt_at=desk.now + timedelta(hours=1))
    with desk.database.transaction() as session:
        session.get_one(Staff, desk.rows(Staff)[-1].id).on_call = True
    desk.office = make_office(always_open=False)
    _sweep_without_schedules(desk)
    assert (sorted(_texts(desk)), desk.carrier.placed) == ([SUPERVISOR, ON_CALL], [])


def _sweep_without_schedules(desk: CallbackDesk) -> None:
    with desk.database.transaction() as session:
        make_alerts(session, desk.now, desk.policies, desk.office.is_open(desk.now))
    for alert in desk.rows(Alert):
        desk.jobs.enqueue("send_alert", alert.id)


def test_a_phone_that_takes_no_text_is_rung(desk: CallbackDesk) -> None:
    _promise(desk, 25)
    desk.sweeps()
    desk.carrier.refuses_next()
    desk.works_off()
    desk.sweeps(seconds=2)
    desk.works_off()
    assert (desk.carrier.texts, [call.to for call in desk.carrier.placed]) == ([], [LIAISON])
    assert [(alert.channel, alert.state) for alert in desk.rows(Alert)] == [
        ("text", "refused"), ("call", "sent"),
    ]  # fmt: skip


def test_a_phone_of_staff_that_said_stop_is_rung_and_the_audit_tells(desk: CallbackDesk) -> None:
    _promise(desk, 25)
    desk.sweeps()
    desk.carrier.refuses_texts = 21610
    desk.works_off()
    desk.sweeps(seconds=2)
    desk.works_off()

    assert [call.to for call in desk.carrier.placed] == [LIAISON]
    told = desk.rows(AuditEntry, AuditEntry.action == "block_texts")
    assert [entry.target.partition(":")[0] for entry in told] == ["staff"]


def test_an_alert_of_which_nobody_knows_whether_it_was_sent_is_not_sent_again(desk: CallbackDesk) -> None:
    _promise(desk, 25)
    desk.sweeps()
    desk.carrier.loses_next_answer()
    for _ in range(3):
        desk.works_off()
        desk.sweeps(minutes=1)
    assert len(desk.carrier.texts) == 1
    assert [alert.state for alert in desk.rows(Alert)] == ["unknown"]


def test_an_alert_whose_worker_died_is_noted_as_unknown(desk: CallbackDesk) -> None:
    _promise(desk, 25)
    desk.sweeps()
    (alert,) = desk.rows(Alert)
    with desk.database.transaction() as session:
        assert begin_alert(session, alert.id, desk.now) is not None
    with desk.database.transaction() as session:
        assert begin_alert(session, alert.id, desk.now) is None
    desk.sweeps(seconds=61)
    assert [alert.state for alert in desk.rows(Alert)] == ["unknown"]
    assert desk.carrier.texts == []


def test_a_job_that_runs_twice_tells_once_and_with_redis_down_the_sweeper_tells(desk: CallbackDesk) -> None:
    _promise(desk, 25)
    desk.jobs.is_down = True
    desk.sweeps()
    (alert,) = desk.rows(Alert)
    desk.dialler.send_alert(alert.id)
    assert len(desk.carrier.texts) == 1


def test_a_carrier_that_is_down_delays_no_part_of_the_sweep(desk: CallbackDesk) -> None:
    asked = []

    def is_down(*, to: str, body: str) -> None:
        asked.append(to)
        raise CarrierUnknown("No answer.")

    desk.jobs.is_down = True
    desk.carrier.send_text = is_down  # type: ignore[method-assign]
    _promise(desk, 5)
    desk.sweeps()
    assert asked == [LIAISON], "asked once in a pass"
    assert [alert.state for alert in desk.rows(Alert)] == ["unknown", "made", "made"]


def test_a_late_promise_that_is_settled_anew_is_watched_like_a_new_one(desk: CallbackDesk) -> None:
    """A supervisor settled another time with a person who was late; when that passed too nobody was told."""
    made = _promise(desk, 20)
    for _ in range(8):
        desk.sweeps(minutes=5)
        desk.works_off()
    assert desk.callback().warned == 4
    _texts(desk)
    with desk.database.transaction() as session:
        ruth = session.scalars(select(Staff).where(Staff.role == "supervisor")).one()
        policy = desk.policy
        at = desk.now + timedelta(hours=3)
        reschedule(session, made.id, ruth, at, desk.now, policy)

    desk.now = desk.callback().due_at + timedelta(minutes=11)
    told = []
    for _ in range(12):
        desk.sweeps(minutes=5)
        told += _texts(desk)

    assert LIAISON in told
    assert SUPERVISOR in told


def test_what_was_left_taken_up_and_left_once_more_is_told_once_more(desk: CallbackDesk) -> None:
    made = _promise(desk, 90, state="left_for_staff", outcome="unknown", closed_at=desk.now)
    desk.sweeps(minutes=1)
    assert _texts(desk) == [SUPERVISOR]
    with desk.database.transaction() as session:
        liaison = session.scalars(select(Staff).where(Staff.role == "liaison")).one()
        claim(session, made.id, liaison.id, desk.now, desk.policies)

    desk.sweeps(minutes=20)
    assert desk.state() == "left_for_staff", "the claim was not used"
    desk.sweeps(minutes=1)

    assert _texts(desk) == [SUPERVISOR]


def test_where_every_supervisor_and_administrator_is_away_they_are_told_all_the_same(
    desk: CallbackDesk,
) -> None:
    """The day's warnings were noted as told, and nobody had them, that day or the next."""
    _promise(desk, 90, state="left_for_staff", outcome="unknown", closed_at=desk.now)
    today = desk.now.date()
    with desk.database.transaction() as session:
        ruth = session.scalars(select(Staff).where(Staff.role == "supervisor")).one()
        session.add(Absence(staff_id=ruth.id, first_day=today, last_day=today))
        gone = make_staff(session, role="supervisor", phone=ON_CALL, on_shift=False, away=True)
        gone.left_at = desk.now

    desk.sweeps(minutes=1)

    assert _texts(desk) == [SUPERVISOR]


def test_texts_for_which_there_were_too_many_requests_slow_down(desk: CallbackDesk) -> None:
    """Each alert was tried again at each sweep: 150 requests a minute for five supervisors."""
    with desk.database.transaction() as session:
        for number in range(4):
            make_staff(session, role="supervisor", phone=f"+1202555018{number}", on_shift=False)
    _promise(desk, 90, state="left_for_staff", outcome="unknown", closed_at=desk.now)
    asked = []

    def is_overloaded(*, to: str, body: str) -> None:
        asked.append((to, body))
        raise CarrierRefused("Too many requests.", about="pace", code=20429)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desk.carrier, "send_text", is_overloaded)
        for _ in range(30):
            desk.sweeps(seconds=2)
            desk.works_off()
    assert 8 <= len(asked) <= 13, "one in five seconds"

    for _ in range(10):
        desk.sweeps(seconds=2)
        desk.works_off()
    assert len(desk.carrier.texts) == 5


def test_a_carrier_that_takes_not_even_the_warnings_is_named(desk: CallbackDesk) -> None:
    """With no callback due, only calls to supervisors met it, and every place said that all was well."""
    _promise(desk, 5, next_attempt_at=desk.now + timedelta(hours=5))
    desk.carrier.is_away = True
    for _ in range(30):
        desk.sweeps(seconds=2)
        desk.works_off()
    with desk.database.reading() as session:
        assert [one.name for one in troubles(session, desk.now)] == ["carrier"]
