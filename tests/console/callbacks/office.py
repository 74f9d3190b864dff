"""Callbacks of an office as its console lists them."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from models import AuditEntry, Callback, Talk
from models.callbacks.note import note_of
from models.store.database import Database
from tests.console.conftest import Clock, Member
from tests.factories import make_callback, make_case, make_talk

PHONE = "+12025550110"
#: The wishes of a person who allows a neutral message on their machine.
MESSAGE_ALLOWED = {"voicemail_allowed": True, "voicemail_text": "please_call"}


class Office:
    """Rows that a test needs and looks at."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database, self.clock = database, clock

    def promises(self, *, case: bool = True, **facts: Any) -> int:
        """A promise to call somebody, at once unless ``facts`` say otherwise; its id."""
        now = self.clock()
        facts = {"rank": 0, "due_at": now + timedelta(hours=8), "next_attempt_at": now} | facts
        with self.database.transaction() as session:
            made = make_case(session, "in_custody", facility="Stewart", as_of=now) if case else None
            return make_callback(session, made, phone=PHONE, **facts).id

    def row(self, callback_id: int) -> Callback:
        with self.database.reading() as session:
            found = session.get_one(Callback, callback_id)
            session.expunge(found)
            return found

    def entries(self, action: str) -> list[AuditEntry]:
        with self.database.reading() as session:
            entries = select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)
            found = list(session.scalars(entries))
            session.expunge_all()
            return found

    def talks(self, callback_id: int, staff_id: int) -> None:
        """The person has pressed their key, and this member of staff leads the talk."""
        now = self.clock()
        self.becomes(callback_id, state="talking", staff_id=staff_id, talking_at=now, rank=None)

    def becomes(self, callback_id: int, **facts: Any) -> None:
        with self.database.transaction() as session:
            row = session.get_one(Callback, callback_id)
            for name, value in facts.items():
                setattr(row, name, value)
            session.flush()
            talk = session.scalars(select(Talk).where(Talk.callback_id == callback_id)).first()
            if talk is None and row.state == "talking":
                make_talk(session, row)
            elif talk is not None and row.state != "talking":
                talk.closed_at, talk.outcome = row.closed_at or self.clock(), row.outcome


def just_talked(office_rows: Office, who: Member, **facts: Any) -> int:
    """Somebody whose callback this person has just talked in."""
    now = office_rows.clock()
    over = {
        "state": "reached", "outcome": "reached", "staff_id": who.staff_id, "talking_at": now,
        "closed_at": now, "rank": None,
    }  # fmt: skip
    return office_rows.promises(**over | facts)


def the_talk(database: Database) -> Talk:
    """The only talk there is."""
    with database.reading() as session:
        (found,) = session.scalars(select(Talk)).all()
        session.expunge(found)
        return found


def note_on(database: Database, callback_id: int) -> str:
    """The note that staff wrote on this callback."""
    with database.reading() as session:
        return note_of(session, session.get_one(Callback, callback_id))
