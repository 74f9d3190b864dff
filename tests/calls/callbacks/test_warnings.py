"""A call that warns the supervisor of a promise at risk, as the supervisor hears it."""

from datetime import timedelta

from sqlalchemy import select

from models import Call
from models.callbacks.at_risk import make_alerts
from tests.calls.conftest import Hotline
from tests.factories import make_callback
from tests.phone import Phone
from workers.office_rules import policies_of


def _a_promise_is_at_risk(hotline: Hotline, make_staff: object) -> None:
    make_staff(role="supervisor", on_shift=False, phone="+12025550172")  # type: ignore[operator]
    with hotline.database.transaction() as session:
        make_callback(session, due_at=hotline.clock.now + timedelta(minutes=5))
        is_open = hotline.office.is_open(hotline.clock.now)
        make_alerts(session, hotline.clock.now, policies_of(hotline.office), is_open)
    for alert_id in (1, 2, 3):
        hotline.dialler.send_alert(alert_id)


def test_supervisor_hears_how_many_promises_are_at_risk_and_confirms_by_a_key(
    phone: Phone, hotline: Hotline, make_staff: object
) -> None:
    _a_promise_is_at_risk(hotline, make_staff)
    (rung,) = [call for call in hotline.carrier.placed if call.to == "+12025550172"]

    supervisor = phone.answers(rung)

    assert supervisor.hears(
        "This message is for the staff.", "One promised call is at risk.", "To confirm", "press 1"
    )
    supervisor.presses("1")
    assert supervisor.hears("Thank you. Goodbye.")
    call = hotline.row(select(Call).where(Call.role == "alerted"))
    assert (call.accepted_at, call.ended_at) == (hotline.clock.now, hotline.clock.now)


def test_machine_that_answers_confirms_nothing_and_hears_no_name_and_no_number(
    phone: Phone, hotline: Hotline, make_staff: object
) -> None:
    _a_promise_is_at_risk(hotline, make_staff)
    (rung,) = [call for call in hotline.carrier.placed if call.to == "+12025550172"]

    machine = phone.answers(rung)
    for _ in range(4):
        machine.says_nothing()

    assert machine.is_over
    assert "555" not in machine.heard_so_far
    assert "Victim" not in machine.heard_so_far
    assert hotline.row(select(Call.accepted_at).where(Call.role == "alerted")) is None
