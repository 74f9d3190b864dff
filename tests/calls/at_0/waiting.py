"""What the tests of waiting callers share."""

from sqlalchemy import or_, select

from models import Call, QueuedCall
from models.cases.registrant import Phone as RegisteredPhone
from tests.calls.conftest import Hotline
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase
from tests.phone import Phone

OTHER, TALKER = "+12025550148", "+12025550149"


def waits_in_queue(phone: Phone, case: MadeCase, **how: str) -> None:
    """Open the case and ask for a person while none is free."""
    opens_the_case(phone, case, **how)
    phone.presses("0")
    assert phone.hears("No one can answer right now")


def waits(hotline: Hotline) -> list[QueuedCall]:
    """The places in the queue, without that of the caller who talks with the busy liaison."""
    talker = hotline.database.keyring.index("phone", TALKER)
    those = select(QueuedCall).join(Call, Call.id == QueuedCall.call_id)
    others = or_(Call.phone_key.is_(None), Call.phone_key != talker)
    return hotline.rows(those.where(others).order_by(QueuedCall.id))


def outcomes(hotline: Hotline) -> list[str | None]:
    return [wait.outcome for wait in waits(hotline)]


def consents_at(hotline: Hotline, case: MadeCase, **facts: object) -> None:
    """Change the phone that the registrant of a case has."""
    with hotline.database.transaction() as session:
        phone = session.scalars(
            select(RegisteredPhone).where(RegisteredPhone.registrant_id == case.registrant_id)
        ).one()
        for name, value in facts.items():
            setattr(phone, name, value)


def _a_sweep(hotline: Hotline) -> None:
    hotline.sweeps()
    hotline.jobs.works_off()
