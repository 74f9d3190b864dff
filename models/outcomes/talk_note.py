"""A note by staff on a talk with a caller at 0; a callback has its note itself (R37)."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.callbacks.claim import OVERSEERS, actor_of
from models.callbacks.note import changed_note
from models.calls.call import Call
from models.staff.staff import Staff
from models.store.database import keyring_of
from models.store.refusal import RefusedError
from models.talks.follow_talk import opened_case
from models.talks.refusals import TalkRefusal
from models.talks.talk import Talk, audit_talk

_PURPOSE = "talk.note"


def keep_talk_note(
    session: Session, talk: Talk, staff: Staff, text: str, now: datetime, seen: str | None = None
) -> None:
    """Save a note on a talk, replacing the previous one; an empty one deletes it.

    For those who talked in it and for overseers. As in ``models/callbacks/note.py: keep_note``, the note is
    sealed and is in no audit entry. Raises RefusedError as there.
    """
    if not may_note_talk(session, talk, staff.id, staff.role):
        raise RefusedError(TalkRefusal.NOT_LED)
    case = opened_case(session, session.get_one(Call, talk.caller_call_id))
    knows_names = _talked(session, talk, staff.id)
    changed = changed_note(
        session, text, note_of_talk(session, talk), seen,
        case_id=case.id if case is not None and knows_names else None, registrant_id=None,
    )  # fmt: skip
    if changed is None:
        return
    talk.note_sealed = keyring_of(session).seal(_PURPOSE, changed) if changed else None
    session.flush()
    audit_talk(session, talk, "note_talk", actor_of(staff.id), now)


def note_of_talk(session: Session, talk: Talk) -> str:
    """The note on a talk; empty when there is none."""
    return "" if talk.note_sealed is None else keyring_of(session).unseal(_PURPOSE, talk.note_sealed)


def may_note_talk(session: Session, talk: Talk, staff_id: int, role: str) -> bool:
    """Whether this person reads and writes the note."""
    return role in OVERSEERS or _talked(session, talk, staff_id)


def _talked(session: Session, talk: Talk, staff_id: int) -> bool:
    """Whether this person leads the talk, or pressed the accept key for it."""
    if talk.staff_id == staff_id:
        return True
    came = select(Call.id).where(
        Call.parent_call_id == talk.caller_call_id,
        Call.staff_id == staff_id,
        Call.accepted_at >= talk.began_at,
    )
    return session.scalar(came.limit(1)) is not None
