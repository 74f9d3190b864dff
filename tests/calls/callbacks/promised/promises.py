"""Callers who ask for a call very soon, and what they are promised."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select

from models import Callback, Staff
from tests.calls.conftest import Hotline
from tests.factories import MadeCase, make_call, make_callback, make_case
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
OTHER = "+12025550188"
MAIN, DISCREET, SECOND = "+12025550100", "+12025550101", "+12025550104"
CRISIS = {
    "1": "call the suicide and crisis line, at 988",
    "2": "línea de crisis y prevención del suicidio, al 988",
}


def is_afraid(phone: Phone, from_: str = CALLER, language: str = "1", to: str = MAIN) -> None:
    """Somebody without a case asks to be called because they are afraid."""
    phone.dials_in(from_=from_, to=to)
    for key in (language, "2", "1", "3"):
        phone.presses(key)


def hears_no_hour(phone: Phone, language: str = "1") -> None:
    """The caller hears that our calls do not go out, and a crisis line."""
    no_hour = {
        "1": "We will call you as soon as we can, but we cannot say when",
        "2": "no podemos decir cuándo",
    }
    assert phone.hears(no_hour[language], CRISIS[language])
    assert phone.does_not_hear("no later than", "a más tardar")


def is_promised(
    hotline: Hotline, phone: Phone, clock_time: str, due_at: datetime, language: str = "1"
) -> None:
    """The caller hears the true time and the crisis line, and the row holds exactly that time."""
    assert phone.hears(
        {"1": "We will call you no later than", "2": "Le llamaremos a más tardar"}[language], clock_time
    )
    assert phone.hears(CRISIS[language])
    assert asked_last(hotline).due_at == due_at


def asked_last(hotline: Hotline) -> Callback:
    found = hotline.rows(select(Callback).where(Callback.reason == "afraid").order_by(Callback.id.desc()))
    assert isinstance(found[0], Callback)
    return found[0]


def others_wait(hotline: Hotline, times: int, *, verified: bool = False, **facts: object) -> None:
    """``times`` others asked a while ago, are afraid as well, and nobody has talked with them."""
    now = hotline.clock.now
    asked = {"requested_at": now - timedelta(minutes=5), "due_at": now + timedelta(minutes=55)}
    with hotline.database.transaction() as session:
        for number in range(times):
            make_callback(
                session, make_case(session) if verified else None, phone=f"+120255501{30 + number % 50}",
                urgency="urgent", reason="hard_news", next_attempt_at=now, rank=0 if verified else 3,
                **{**asked, **facts},
            )  # fmt: skip


def is_in_a_talk(hotline: Hotline, person: Staff) -> None:
    with hotline.database.transaction() as session:
        leg = make_call(session, started_at=hotline.clock.now, direction="outbound", role="called_back")
        session.get_one(Staff, person.id).busy_call_id = leg.id
