"""How a person wants to be called back: who may answer, which message is left, what a drop means (R31)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from models.audit import audit
from models.callbacks.callback import CALLBACKS, IS_IDLE, IS_OWED, Callback
from models.callbacks.claim import WAITS
from models.cases.case import Case
from models.cases.registrant import Phone
from models.store.database import changed_one

#: With whom we may talk when the phone is answered; the first is the safest.
WHO_MAY_ANSWER = ("only_me", "ask_for_me", "anyone")
#: The neutral messages that may be left; None means no message, the safest (R31).
VOICEMAIL_TEXTS = (None, "please_call", "we_call_again", "hello")
#: What to do when the call drops; the first is the safest.
WHEN_DROPPED = ("wait_for_me", "ring_once")
ABOUT = ("about_person", "about_court", "about_safety", "about_other")
#: Reasons of a callback that none of those may take the place of.
WEIGHTY = frozenset({"afraid", "hard_news", "lockout"})


@dataclass(frozen=True, slots=True)
class Wishes:
    """The answers of one callback."""

    may_answer: str = "only_me"
    voicemail_text: str | None = None
    when_dropped: str = "wait_for_me"

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of a callback's row for these answers."""
        return {
            "may_answer": self.may_answer,
            "voicemail_text": self.voicemail_text,
            "voicemail_allowed": self.voicemail_text is not None,
            "when_dropped": self.when_dropped,
        }

    def safer_with(self, other: "Wishes") -> "Wishes":
        """The safer answer of the two to each question."""
        return Wishes(
            min(self.may_answer, other.may_answer, key=WHO_MAY_ANSWER.index),
            min(self.voicemail_text, other.voicemail_text, key=VOICEMAIL_TEXTS.index),
            min(self.when_dropped, other.when_dropped, key=WHEN_DROPPED.index),
        )

    def as_text(self) -> str:
        """The answers in a call's row; ``of_text`` parses them."""
        return f"{self.may_answer},{self.voicemail_text or ''},{self.when_dropped}"

    @classmethod
    def of_text(cls, text: str | None) -> "Wishes":
        """Parse ``as_text``; the safest answers if there is no text."""
        if not text:
            return SAFEST
        may_answer, voicemail_text, when_dropped = text.split(",")
        return cls(may_answer, voicemail_text or None, when_dropped)


SAFEST = Wishes()


def save_wish(session: Session, callback_id: int, *, actor: str, now: datetime, **values: Any) -> bool:
    """Change how a callback is made, as long as nobody is being called for it; False when it is too late.

    One that waits behind a call about news is promised again as it is then.
    """
    return _change(session, callback_id, or_(IS_IDLE, and_(*WAITS)), values, actor, now)


def save_safer(
    session: Session, callback_id: int, chosen: Wishes, *, actor: str, now: datetime, **harmless: str
) -> None:
    """Apply the safer answers in ``chosen`` to a callback for which somebody is already being called.

    ``harmless`` are columns in which no answer is safer than another: the language, and the topic.
    """
    before = wishes_of(session, callback_id)
    safer = before.safer_with(chosen)
    values = harmless | ({} if safer == before else safer.columns)
    if values:
        _change(session, callback_id, IS_OWED, values, actor, now)


def _change(
    session: Session,
    callback_id: int,
    still: ColumnElement[bool],
    values: dict[str, Any],
    actor: str,
    now: datetime,
) -> bool:
    statement = update(CALLBACKS).where(CALLBACKS.c.id == callback_id, still)
    changed = changed_one(session, statement.values(**values))
    if changed:
        audit.record(
            session,
            actor=actor,
            action="change_callback",
            target=f"callback:{callback_id}",
            facts={"changed": sorted(values)},
            now=now,
        )
    return changed


def wishes_of(session: Session, callback_id: int) -> Wishes:
    """How this callback is to be made."""
    return _wishes(session.get_one(Callback, callback_id, populate_existing=True))


def allows_message(callback: Callback) -> bool:
    """Whether a message may be left for this callback (R31).

    Somebody else who asked without a PIN as well has heard that there will be none (R35).
    """
    return callback.voicemail_allowed and not callback.asked_elsewhere


def last_wishes(session: Session, callback: Callback) -> Wishes:
    """The answers given the last time this case was to be called at this phone, else the safest.

    What was since agreed for the phone itself counts instead. Another phone may be in another home, so its
    answers do not count here.
    """
    if callback.case_id is None:
        return SAFEST
    before = session.scalars(
        select(Callback)
        .where(
            Callback.case_id == callback.case_id,
            Callback.phone_key == callback.phone_key,
            Callback.id != callback.id,
        )
        .order_by(Callback.id.desc())
        .limit(1)
    ).first()
    phone = session.scalars(
        select(Phone)
        .join(Case, Case.registrant_id == Phone.registrant_id)
        .where(Case.id == callback.case_id, Phone.phone_key == callback.phone_key)
        .order_by(Phone.position)
        .limit(1)
    ).first()
    agreed_at = None if phone is None else phone.wishes_at
    if phone is not None and agreed_at is not None and (before is None or before.requested_at < agreed_at):
        return wishes_of_phone(phone)
    return SAFEST if before is None else _wishes(before)


def wishes_of_phone(phone: Phone) -> Wishes:
    """What its owner agreed to for this phone, for every call to it."""
    return Wishes(phone.may_answer, phone.voicemail_text if phone.voicemail_allowed else None)


def _wishes(callback: Callback) -> Wishes:
    text = callback.voicemail_text if callback.voicemail_allowed else None
    return Wishes(callback.may_answer, text, callback.when_dropped)
