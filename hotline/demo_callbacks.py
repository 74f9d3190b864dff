"""The demo's callbacks, for people who want to see a list with something in it.

The line calls nobody by itself on the demo's first day: a person who tries out a call has the line to
themselves.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.office import Office
from models import Case
from models.audit import audit
from models.callbacks.callback import Callback
from models.staff.alert import LEFT_TOLD
from models.store.database import keyring_of
from workers.office_rules import policies_of

#: How far ahead the line may begin to dial. A demo that is started again begins this time anew.
AHEAD = timedelta(hours=18)


@dataclass(frozen=True, kw_only=True)
class _Promise:
    """A callback to make; ``number`` is the person's case number, None for a person who gave no PIN."""

    phone: str
    reason: str
    language: str = "en"
    number: str | None = None
    hours_ago: int = 1
    left: bool = False
    silent: bool = False
    may_answer: str = "only_me"
    voicemail_text: str | None = None


PROMISES = (
    _Promise(
        phone="+12025550112", number="50291730", reason="about_court", hours_ago=2, may_answer="ask_for_me",
        voicemail_text="please_call",
    ),
    _Promise(phone="+12025550114", language="es", reason="asked", silent=True),
    _Promise(
        phone="+12025550113", number="72408695", language="es", reason="about_safety", hours_ago=5, left=True,
    ),
)  # fmt: skip


def keep_promises(session: Session, office: Office, actor: str, now: datetime, *, missing_too: bool) -> None:
    """Move untouched callbacks into the future at each start; ``missing_too`` adds the missing ones."""
    at = office.next_open(now + AHEAD)
    due = office.due_at("other", at)
    for promise in PROMISES:
        key = keyring_of(session).index("phone", promise.phone)
        found = session.scalars(select(Callback.id).where(Callback.phone_key == key).limit(1)).first()
        if found is None and missing_too:
            _make(session, promise, key, office, actor, now, at, due)
        elif found is not None:
            untouched = (Callback.state == "requested", Callback.liaison_tries == 0, Callback.rank.is_(None))
            session.execute(
                update(Callback)
                .where(Callback.id == found, *untouched)
                .values(next_attempt_at=at, due_at=due)
            )


def _make(
    session: Session, promise: _Promise, key: str, office: Office, actor: str, now: datetime, at: datetime,
    due: datetime,
) -> None:  # fmt: skip
    asked = now - timedelta(hours=promise.hours_ago)
    case = None
    if promise.number is not None:
        number_key = keyring_of(session).index("case", promise.number)
        case = session.scalars(select(Case).where(Case.number_key == number_key)).one()
    callback = Callback(
        state="left_for_staff" if promise.left else "requested",
        urgency="other",
        reason=promise.reason,
        verified=case is not None,
        case_id=None if case is None else case.id,
        registrant_id=None if case is None else case.registrant_id,
        language=promise.language if promise.language in office.languages else office.languages[0],
        time_zone=office.time_zone,
        number_sealed=keyring_of(session).seal("callback.number", promise.phone),
        phone_key=key,
        voicemail_allowed=promise.voicemail_text is not None,
        voicemail_text=promise.voicemail_text,
        may_answer=promise.may_answer,
        silent=promise.silent,
        requested_at=asked,
        due_at=office.due_at("other", asked) if promise.left else due,
        next_attempt_at=asked if promise.left else at,
        closed_at=now if promise.left else None,
        outcome="not_safe" if promise.left else None,
        caller_tries=policies_of(office).caller_tries if promise.left else 0,
        # Nobody gets a text message about an invented callback.
        warned=LEFT_TOLD if promise.left else 0,
    )
    session.add(callback)
    session.flush()
    target = f"callback:{callback.id}"
    facts = {"class": "other", "reason": promise.reason, "verified": callback.verified}
    audit.record(
        session, actor=actor, action="request_callback", target=target, facts=facts, state="requested",
        now=asked,
    )  # fmt: skip
    if promise.left:
        audit.record(
            session, actor=actor, action="leave_callback", target=target, state="left_for_staff", now=now
        )
