"""People who are registered for notices, and what became of them, for the tests of this folder."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import CustodyEvent, Notice, Registration
from models.cases.subject import Subject
from models.store.database import Database
from tests.factories import NOW, MadeCase, make_case, make_registration, make_subject
from tests.models.custody.feed import at, feed_row, load

OUT = {"status": "released", "status_at": at(0.5), "as_of": at(1)}


def registered_case(session: Session, feed_id: str = "A-1", **facts: Any) -> MadeCase:
    """An open case about the person with this feed id, whose registrant asked to be called."""
    subject = session.scalars(
        select(Subject).where(Subject.feed_key == session.info["keyring"].index("feed", feed_id))
    ).one_or_none()
    subject = subject or make_subject(session, feed_id=feed_id)
    case = make_case(session, subject=subject, phone="+12025550130")
    register(session, case, **facts)
    return case


def register(session: Session, case: MadeCase, **facts: Any) -> Registration:
    """The registrant of a case asks to be called; ``facts`` change the registration."""
    return make_registration(session, case, **facts)


def feeds(database: Database, feed_id: str = "A-1", **values: Any) -> None:
    """One file with one row about this person; it arrives when the row says that it was confirmed."""
    load(database, feed_row(feed_id, **values), now=values.get("as_of", NOW))


def notices(database: Database) -> Sequence[Notice]:
    """All notices in the order of their making."""
    with database.reading() as session:
        found = session.scalars(select(Notice).order_by(Notice.id)).all()
        session.expunge_all()
        return found


def states(database: Database) -> list[tuple[str, str, str | None]]:
    """Each notice: what it tells, its state, and why it was stopped."""
    with database.reading() as session:
        rows = session.execute(
            select(CustodyEvent.kind, Notice.state, Notice.outcome)
            .join(CustodyEvent, CustodyEvent.id == Notice.event_id)
            .order_by(Notice.id)
        )
        return [(kind, state, outcome) for kind, state, outcome in rows]


def change_notices(database: Database, **values: Any) -> None:
    """What became of every notice meanwhile."""
    with database.transaction() as session:
        session.execute(update(Notice).values(**values))
