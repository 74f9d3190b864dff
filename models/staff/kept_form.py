"""A form that came before a proof of identity: kept, sealed, until the same person has given it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.staff.staff_session import StaffSession, hash_of
from models.store.database import keyring_of
from models.store.keyring import SealError

PURPOSE = "staff_session.kept"
#: A longer form is not kept: nobody types that much.
MOST_CHARACTERS = 60_000


@dataclass(frozen=True, slots=True)
class KeptForm:
    """``page`` is the path of the form's page; ``fields`` are the values typed, by name.

    ``act`` is where the form was sent, if it can be sent there again as it was; else None.
    """

    page: str
    fields: Mapping[str, list[str]] = field(repr=False)
    act: str | None = None


def keep_form(session: Session, token: str, form: KeptForm) -> bool:
    """Keep it with this token's session, whether or not that has ended; False if there is none."""
    text = json.dumps({"page": form.page, "fields": form.fields, "act": form.act})
    if len(text) > MOST_CHARACTERS:
        return False
    kept = session.scalar(
        update(StaffSession)
        .where(StaffSession.token_hash == hash_of(token))
        .values(kept_sealed=keyring_of(session).seal(PURPOSE, text))
        .returning(StaffSession.id)
    )
    return kept is not None


def carry_kept_form(session: Session, old_token: str, new_token: str) -> None:
    """Move the kept form to a new session of the same person; never to anyone else's."""
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


def read_kept_form(session: Session, session_id: int) -> KeptForm | None:
    """The form kept for this session, or None."""
    sealed = session.scalar(select(StaffSession.kept_sealed).where(StaffSession.id == session_id))
    if sealed is None:
        return None
    try:
        kept = json.loads(keyring_of(session).unseal(PURPOSE, sealed))
    except SealError:
        return None
    return KeptForm(kept["page"], kept["fields"], kept.get("act"))


def forget_kept_form(session: Session, session_id: int) -> None:
    """Delete the kept form after it was shown again."""
    session.execute(update(StaffSession).where(StaffSession.id == session_id).values(kept_sealed=None))
