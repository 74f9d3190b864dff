"""What the console shows to who talks with a caller at 0: how it stands, and what may be said (R37)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.audit import audit
from models.callbacks.case_words import heard_for
from models.callbacks.claim import actor_of
from models.calls.call import Call
from models.cases.case import Case
from models.cases.registrant import Registrant
from models.custody.custody_status import Heard, HeardRules
from models.store.policies import Policies
from models.store.refusal import RefusedError
from models.talks.call_queue import OPENS_ITS_CASE
from models.talks.direct_talk import DirectTalk
from models.talks.refusals import TalkRefusal


@dataclass(frozen=True, slots=True)
class TalkAt0:
    """``case_id`` is that of a caller who was verified when they began to wait, by the PIN that is in force.

    It is None for anybody else. ``time_zone`` is the person's own, None while nobody knows it.
    """

    id: int
    talking_at: datetime
    held_at: datetime | None
    closed_at: datetime | None
    language: str
    silent: bool
    line: str
    case_id: int | None
    time_zone: str | None


def own_talk(
    session: Session, talk_id: int, staff_id: int, now: datetime, policies: Policies
) -> TalkAt0 | None:
    """A talk that this person leads, or led until just now; None for any other."""
    row = session.execute(
        select(DirectTalk, Call.silent, Call.line, Case.id, Call.time_zone, Registrant.time_zone)
        .join(Call, Call.id == DirectTalk.caller_call_id)
        .outerjoin(Case, OPENS_ITS_CASE)
        .outerjoin(Registrant, Registrant.id == Case.registrant_id)
        .where(DirectTalk.id == talk_id, DirectTalk.staff_id == staff_id)
    ).first()
    if row is None:
        return None
    talk, silent, line, case_id, said_zone, kept_zone = row
    shortly = now - timedelta(minutes=policies.outcome_minutes)
    if talk.closed_at is not None and talk.closed_at <= shortly:
        return None
    return TalkAt0(
        talk.id, talk.talking_at, talk.held_at, talk.closed_at, talk.language, silent, line, case_id,
        kept_zone or said_zone,
    )  # fmt: skip


def look_at_talk_words(
    session: Session, talk_id: int, staff_id: int, now: datetime, rules: HeardRules, policies: Policies
) -> Heard:
    """What may be said to this caller now, and the entry that this person looked.

    Raises RefusedError when the caller gave no PIN, or the talk is none of theirs.
    """
    talk = own_talk(session, talk_id, staff_id, now, policies)
    if talk is None or talk.case_id is None:
        raise RefusedError(TalkRefusal.NO_PIN)
    audit.record(
        session,
        actor=actor_of(staff_id),
        action="look_at_case",
        target=f"case:{talk.case_id}",
        facts={"ground": "talk", "talk": talk.id},
        now=now,
    )
    return heard_for(session, talk.case_id, now, rules)
