"""Forms that came before a proof of identity: kept, sealed, until the same person has given it."""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.staff.staff_session import StaffSession, hash_of
from models.store.database import keyring_of
from models.store.keyring import SealError

PURPOSE = "staff_session.kept"
#: Longer forms are not kept: nobody types that much.
MOST_CHARACTERS = 60_000
#: The most forms of a session: each tab that asks for a proof has one, and the oldest is dropped.
MOST_FORMS = 4


@dataclass(frozen=True, slots=True)
class KeptForm:
    """``page`` is the path of the form's page; ``fields`` are the values typed, by name.

    ``act`` is where the form was sent: only a form with this address shows again what was typed. ``at`` is
    the second in which it was sent, or 0 for a form that is never sent again by itself. ``key`` names it, so
    that each tab goes on with its own.
    """

    page: str
    fields: Mapping[str, list[str]] = field(repr=False)
    act: str
    at: int = 0
    key: str = field(default_factory=lambda: secrets.token_hex(8))


def keep_form(session: Session, token: str, form: KeptForm) -> bool:
    """Keep it with this token's session, whether or not that has ended; False if there is none."""
    found = session.execute(
        select(StaffSession.id).where(StaffSession.token_hash == hash_of(token)).with_for_update()
    ).one_or_none()
    if found is None or len(_text([form])) > MOST_CHARACTERS:
        return False
    kept = [*read_kept_forms(session, found.id), form][-MOST_FORMS:]
    while len(_text(kept)) > MOST_CHARACTERS:
        kept.pop(0)
    _store(session, found.id, kept)
    return True


def carry_kept_forms(session: Session, old_token: str, new_token: str) -> None:
    """Move the kept forms to a new session of the same person; never to anyone else's."""
    old = session.scalars(
        select(StaffSession).where(
            StaffSession.token_hash == hash_of(old_token), StaffSession.kept_sealed.is_not(None)
        )
    ).one_or_none()
    if old is None:
        return
    kept, old.kept_sealed = old.kept_sealed, None
    session.flush()
    session.execute(
        update(StaffSession)
        .where(StaffSession.token_hash == hash_of(new_token), StaffSession.staff_id == old.staff_id)
        .values(kept_sealed=kept)
    )


def read_kept_forms(session: Session, session_id: int) -> list[KeptForm]:
    """The forms kept for this session, the oldest first."""
    sealed = session.scalar(select(StaffSession.kept_sealed).where(StaffSession.id == session_id))
    if sealed is None:
        return []
    try:
        return [KeptForm(**one) for one in json.loads(keyring_of(session).unseal(PURPOSE, sealed))]
    except SealError:
        return []


def find_kept_form(session: Session, session_id: int, key: str) -> KeptForm | None:
    """The kept form with this key, or None."""
    return next((one for one in read_kept_forms(session, session_id) if one.key == key), None)


def forget_kept_forms(session: Session, session_id: int, forms: Iterable[KeptForm]) -> None:
    """Delete kept forms after they were shown again."""
    session.execute(select(StaffSession.id).where(StaffSession.id == session_id).with_for_update())
    keys = {one.key for one in forms}
    _store(session, session_id, [one for one in read_kept_forms(session, session_id) if one.key not in keys])


def _store(session: Session, session_id: int, forms: list[KeptForm]) -> None:
    sealed = keyring_of(session).seal(PURPOSE, _text(forms)) if forms else None
    session.execute(update(StaffSession).where(StaffSession.id == session_id).values(kept_sealed=sealed))


def _text(forms: list[KeptForm]) -> str:
    return json.dumps([asdict(one) for one in forms])
