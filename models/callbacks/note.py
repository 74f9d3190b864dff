"""A note by staff on a callback: who may write and read it (R37)."""

from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from models.audit import audit
from models.callbacks.callback import Callback
from models.callbacks.claim import OVERSEERS, actor_of, refuse, standing
from models.callbacks.refusals import CallbackRefusal
from models.callbacks.to_new_phone import holds_content
from models.calls.call import Call
from models.cases.case import Case
from models.cases.name_index import holds_name
from models.cases.registrant import Registrant
from models.cases.subject import Subject
from models.staff.staff import Staff
from models.store.database import keyring_of
from models.store.free_text import MOST_CHARACTERS, TextRefusal, refusals
from models.store.refusal import RefusedError


def keep_note(
    session: Session, callback_id: int, staff: Staff, text: str, now: datetime, seen: str | None = None
) -> None:
    """Save a note on a callback, replacing the previous one; an empty one deletes it.

    For the person who has the callback or talked in it, and for overseers. The note is sealed, and is in no
    audit entry. Raises RefusedError, with a TextRefusal when the text is not allowed, and when the previous
    note differs from ``seen``, which its author saw.
    """
    callback = standing(session, callback_id)
    if not may_note(session, callback, staff.id, staff.role):
        refuse(session, callback)
    knows = _may_know_names(session, callback, staff.id, now)
    changed = changed_note(
        session, text, note_of(session, callback), seen,
        case_id=callback.case_id if knows else None,
        registrant_id=callback.registrant_id if knows else None,
    )  # fmt: skip
    if changed is None:
        return
    callback.note_sealed = keyring_of(session).seal("callback.note", changed) if changed else None
    session.flush()
    audit.record(
        session, actor=actor_of(staff.id), action="note_callback", target=f"callback:{callback.id}", now=now
    )


def changed_note(
    session: Session,
    text: str,
    before: str,
    seen: str | None,
    *,
    case_id: int | None,
    registrant_id: int | None,
) -> str | None:
    """The note as it is to be saved in place of ``before``; None when it is the same.

    No name of the case or the registrant may be in it, where one is given. Raises RefusedError with
    each TextRefusal, or NOTE_CHANGED when ``before`` differs from ``seen``.
    """
    text = " ".join(text.split())
    why = [*refusals(text), *_name_in(session, case_id, registrant_id, text)]
    if why:
        raise RefusedError(why[0], field="note", more=why[1:], most=MOST_CHARACTERS)
    if seen is not None and seen != before and text != before:
        raise RefusedError(CallbackRefusal.NOTE_CHANGED, field="note")
    return None if text == before else text


def _name_in(
    session: Session, case_id: int | None, registrant_id: int | None, text: str
) -> list[TextRefusal]:
    """``NAME`` alone for a text with a name of the registrant, or of the person their case is about."""
    name = func.coalesce(Case.named_sealed, Subject.name_sealed)
    named = select(name).select_from(Case).join(Subject, Case.subject_id == Subject.id)
    theirs = select(Case.registrant_id).where(Case.id == case_id)
    registrant = select(Registrant.name_sealed).where(
        or_(Registrant.id == registrant_id, Registrant.id.in_(theirs))
    )
    keyring, names = keyring_of(session), list[str]()
    for purpose, query in (
        ("subject.name", named.where(Case.id == case_id)),
        ("registrant.name", registrant),
    ):
        names += [keyring.unseal(purpose, one) for one in session.scalars(query) if one is not None]
    return [TextRefusal.NAME] if any(holds_name(text, one) for one in names) else []


def may_note(session: Session, callback: Callback, staff_id: int, role: str) -> bool:
    """Whether this person reads and writes the note: also one who handed the call over after they talked."""
    return role in OVERSEERS or _has_it(session, callback, staff_id)


def _may_know_names(session: Session, callback: Callback, staff_id: int, now: datetime) -> bool:
    """Whether this person may know the names of the case or the registrant.

    Others must not find them out from what is refused. Whoever claims a callback, or talks with somebody who
    is not recognized yet, has not been shown its case (R37).
    """
    if callback.recognized_by is None or holds_content(session, callback, now):
        return False
    return _has_it(session, callback, staff_id)


def _has_it(session: Session, callback: Callback, staff_id: int) -> bool:
    """Whether somebody has the callback or talked in it."""
    if callback.staff_id == staff_id:
        return True
    if callback.talking_at is None:
        return False
    talked = select(Call.id).where(
        Call.callback_id == callback.id,
        Call.staff_id == staff_id,
        Call.accepted_at.is_not(None),
        # A person who accepted in an earlier round, in which nobody was reached, has not talked.
        or_(Call.ended_at.is_(None), Call.ended_at >= callback.talking_at),
    )
    return session.scalar(talked.limit(1)) is not None


def note_of(session: Session, callback: Callback) -> str:
    """The note on a callback; empty when there is none."""
    sealed = callback.note_sealed
    return "" if sealed is None else keyring_of(session).unseal("callback.note", sealed)
