"""Who sees the page of a talk with a caller at 0, its state, and what the caller may hear (R37)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.callbacks.case_words import View, viewed
from models.callbacks.claim import OVERSEERS
from models.calls.call import Call
from models.cases.case import Case
from models.cases.registrant import Registrant
from models.custody.custody_status import Heard, HeardRules
from models.staff.staff_name import read_staff_names
from models.store.policies import Policies
from models.store.refusal import RefusedError
from models.talks.call_queue import OPENS_ITS_CASE
from models.talks.refusals import TalkRefusal
from models.talks.talk import Talk
from models.talks.talk_legs import Joiner, joiners_of, joins


@dataclass(frozen=True, slots=True)
class TalkAt0:
    """``is_led``: the viewer leads it, or led it to its end; ``leader`` is the name of the leader.

    ``is_recent``: it is on, or its outcome may still be refined. For the leader and during that time,
    ``case_id`` is the case of a caller who was verified when they began to wait, by the PIN that is in force;
    None for anybody else. ``time_zone`` is the registrant's where ``case_id`` is shown. Otherwise, and so for
    anybody but the leader, it is only what the caller confirmed in this call; None if they confirmed none.
    """

    id: int
    began_at: datetime
    held_at: datetime | None
    closed_at: datetime | None
    outcome: str | None
    language: str
    silent: bool
    line: str
    is_led: bool
    is_recent: bool
    case_id: int | None
    time_zone: str | None
    joiners: list[Joiner]
    leader: str | None = field(repr=False)


def shown_talk(
    session: Session, talk_id: int, staff_id: int, role: str, now: datetime, policies: Policies
) -> TalkAt0 | None:
    """A talk at 0 as this person may see it; None for a person who may not.

    Its leader sees it, whoever led it before, a person called into it, and an overseer.
    """
    row = session.execute(
        select(Talk, Call.silent, Call.line, Case.id, Call.time_zone, Registrant.time_zone)
        .join(Call, Call.id == Talk.caller_call_id)
        .outerjoin(Case, OPENS_ITS_CASE)
        .outerjoin(Registrant, Registrant.id == Case.registrant_id)
        .where(Talk.id == talk_id, Talk.callback_id.is_(None))
    ).first()
    if row is None:
        return None
    talk, silent, line, case_id, said_zone, kept_zone = row
    is_led = talk.staff_id == staff_id
    if not is_led and role not in OVERSEERS and not _came_into(session, talk, staff_id):
        return None
    shortly = now - timedelta(minutes=policies.outcome_minutes)
    is_recent = talk.closed_at is None or talk.closed_at > shortly
    shows_case = is_led and is_recent
    return TalkAt0(
        talk.id, talk.began_at, talk.held_at, talk.closed_at, talk.outcome, talk.language, silent, line,
        is_led, is_recent, case_id if shows_case else None,
        # To others a registrant's time zone would tell that a PIN was given.
        (kept_zone if shows_case else None) or said_zone,
        [] if talk.is_over else joiners_of(session, talk),
        None if talk.staff_id is None else read_staff_names(session).by_id[talk.staff_id],
    )  # fmt: skip


def look_at_talk_words(
    session: Session, talk: TalkAt0, staff_id: int, now: datetime, rules: HeardRules
) -> Heard:
    """What may be told to this caller now, and the audit entry that this person viewed it.

    Raises RefusedError when the caller entered no PIN, or the talk is not, or no longer, theirs.
    """
    return viewed(session, view_in_talk(talk, staff_id), now, rules)


def view_in_talk(talk: TalkAt0, staff_id: int) -> View:
    """What this person views in this talk. Raises RefusedError as `look_at_talk_words` does."""
    if talk.case_id is None:
        raise RefusedError(TalkRefusal.NO_PIN)
    return View(talk.case_id, staff_id, "talk", talk.id, talk.began_at)


def _came_into(session: Session, talk: Talk, staff_id: int) -> bool:
    """Whether this person was called into the talk, or led it before somebody else did."""
    theirs = select(Call.id).where(Call.staff_id == staff_id, joins(talk))
    led = select(Call.id).where(
        Call.staff_id == staff_id,
        Call.parent_call_id == talk.caller_call_id,
        Call.accepted_at >= talk.began_at,
    )
    return session.scalar(theirs.union(led).limit(1)) is not None
