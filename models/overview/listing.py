"""One callback as a page shows it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from models.callbacks.callback import CALLBACKS, Callback
from models.callbacks.wishes import SAFEST
from models.staff.staff_name import read_staff_names
from models.store.database import keyring_of
from models.store.keyring import SealError
from models.talks.talk import Talk

#: Staff see the end of a phone number; showing a whole one is logged, one at a time.
_SHOWN_DIGITS = 2


@dataclass(frozen=True, slots=True)
class Listed:
    """One callback as a page shows it. ``number`` is masked; ``holder`` is the name of who has claimed it.

    If another call without a PIN asked for it as well (``asked_elsewhere``), its wishes are the safest ones:
    one caller was promised those, and the other only heard that we may do otherwise (R35).
    """

    id: int
    state: str
    urgency: str
    reason: str
    verified: bool
    language: str
    time_zone: str
    requested_at: datetime
    due_at: datetime
    next_attempt_at: datetime
    news_at: datetime
    on_list: bool
    silent: bool
    voicemail_text: str | None
    may_answer: str
    when_dropped: str
    liaison_tries: int
    caller_tries: int
    outcome: str | None
    staff_id: int | None
    claimed_at: datetime | None
    missed_by_id: int | None
    lease_until: datetime | None
    talking_at: datetime | None
    held_at: datetime | None
    closed_at: datetime | None
    taken_up_at: datetime | None
    paged_at: datetime | None
    asked_elsewhere: bool
    number: str = field(repr=False)
    holder: str | None = field(repr=False)


def find_listed(session: Session, callback_id: int) -> Listed | None:
    """One callback, as a page shows it."""
    row = session.execute(_select().where(Callback.id == callback_id)).first()
    return None if row is None else _listed(session, row)


def masked(number: str) -> str:
    """A phone number with only its end visible."""
    return f"••• {number[-_SHOWN_DIGITS:]}"


def _select() -> Select[Any]:
    columns = [CALLBACKS.c[name] for name in Listed.__dataclass_fields__ if name in CALLBACKS.c]
    return select(
        *columns,
        CALLBACKS.c.rank.is_not(None).label("on_list"),
        CALLBACKS.c.number_sealed,
        Talk.held_at,
    ).outerjoin(Talk, Talk.callback_id == CALLBACKS.c.id)


def _listed(session: Session, row: Any) -> Listed:
    keyring, values = keyring_of(session), dict(row._mapping)
    number = values.pop("number_sealed")
    if values["asked_elsewhere"]:
        values |= {wish: chosen for wish, chosen in SAFEST.columns.items() if wish in values}
    try:
        shown = masked(keyring.unseal("callback.number", number))
    except SealError:
        shown = "•••"
    holder = None if values["staff_id"] is None else read_staff_names(session).by_id[values["staff_id"]]
    return Listed(**values, number=shown, holder=holder)
