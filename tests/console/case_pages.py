"""Cases, and the ways in which staff open them, for tests of the console's pages."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import AuditEntry, Staff
from models.cases.registrant import CALLS_PER_DAY, SAFEST_WORDS, Consent, Phone
from models.overview.case_opening import open_by_verification
from models.store.database import Database, keyring_of
from tests.console.conftest import Member
from tests.factories import NOW, MadeCase, make_case
from tests.models.staff.staff_people import Someone

PHONE = "+12025550110"


def kept_case(database: Database, custody_status: str | None = "in_custody", **facts: Any) -> MadeCase:
    """A case with one confirmed phone, whose subject is where a record says."""
    facts = {"phone": PHONE, "facility": "Stewart", **facts}
    if custody_status is None:
        facts.pop("facility")
    with database.transaction() as session:
        return make_case(session, custody_status, **facts)


def more_phones(session: Session, case: MadeCase, places: range) -> None:
    """Further confirmed phones of the case's registrant, at these places of the list."""
    keyring = keyring_of(session)
    for place in places:
        number = f"+120255501{place:02d}"
        consent = Consent(channel="voice", words=SAFEST_WORDS, cap_per_day=CALLS_PER_DAY, granted_at=NOW)
        session.add(
            Phone(
                registrant_id=case.registrant_id, position=place, confirmed_at=NOW, consents=[consent],
                number_sealed=keyring.seal("phone.number", number),
                phone_key=keyring.index("phone", number),
            )
        )  # fmt: skip
    session.flush()


def verifies(person: Member, case: MadeCase, evidence: str = "met_in_person") -> Member:
    """Have opened a case by its number and how the person was recognized; its page is open.

    test_case_finding.py tests the form, which takes two pages more.
    """
    console = person.console
    with console.database.transaction() as session:
        me = session.get_one(Staff, person.staff_id)
        who = Someone(me.id, me.email, me.role)
        opened = open_by_verification(session, who, case.number, evidence, console.clock(), console.policies)
    person.opens(f"/console/cases/{opened}")
    assert person.heading.startswith("Case about"), person.words
    return person


def actions(database: Database) -> list[str]:
    """The audited actions, in order."""
    with database.reading() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
