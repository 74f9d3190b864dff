"""What those who wait in line have in common."""

from sqlalchemy import or_, select

from models import Call, LineWait
from models.cases.registrant import Phone as RegisteredPhone
from tests.calls.conftest import House
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase
from tests.phone import Phone
from workers.sweeper import sweep

OTHER, TALKER = "+12025550148", "+12025550149"


def waits_in_line(phone: Phone, case: MadeCase, **how: str) -> None:
    """Open the case and ask for a person while none is free."""
    opens_the_case(phone, case, **how)
    phone.presses("0")
    assert phone.hears("No one can answer right now")


def waits(house: House) -> list[LineWait]:
    """The places in line, but the one of whoever talks with the busy liaison."""
    talker = house.database.keyring.index("phone", TALKER)
    those = select(LineWait).join(Call, Call.id == LineWait.call_id)
    others = or_(Call.phone_key.is_(None), Call.phone_key != talker)
    return house.rows(those.where(others).order_by(LineWait.id))


def outcomes(house: House) -> list[str | None]:
    return [wait.outcome for wait in waits(house)]


def consents_at(house: House, case: MadeCase, **facts: object) -> None:
    """Change the phone that the registrant of a case has."""
    with house.database.transaction() as session:
        phone = session.scalars(
            select(RegisteredPhone).where(RegisteredPhone.registrant_id == case.registrant_id)
        ).one()
        for name, value in facts.items():
            setattr(phone, name, value)


def _a_sweep(house: House) -> None:
    sweep(house.database, house.jobs, house.carrier, house.office, house.clock.now)
    house.jobs.works_off()
