"""Texts about a notice: they say to call the line, and no more; once for each phone that allows them (R28).

The row is the intent: it is marked before the carrier is asked, so that no phone is texted twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, bindparam, delete, exists, false, or_, select, update
from sqlalchemy.orm import Session

from models.callbacks.callback_policy import CallbackPolicy
from models.calls import pacing
from models.calls.pacing import PROBE
from models.cases.case import Case
from models.cases.daily_window import DailyWindow
from models.cases.duress import is_calling_paused
from models.cases.registrant import Consent, Phone
from models.cases.safe_phone import SAFE
from models.custody.custody_event import FEED_SILENT, CustodyEvent
from models.custody.custody_status import HeardRules
from models.notices.cadence import AllowedPhone, may_ring
from models.notices.notice import CAP, IS_OPEN, IS_UNSENT, IS_WAITING, NOTICE_PHONES, Notice, NoticePhone
from models.notices.notice_moves import locked
from models.notices.notice_phones import TEXT, may_be_texted, phone_of_notice, phones_to_text
from models.notices.placing import Facts, facts_of, line_of, ring_now
from models.store.base import UtcDateTime
from models.store.database import keyring_of
from models.store.policies import Policies


@dataclass(frozen=True, slots=True)
class NoticeText:
    """A text that only its holder may send now; ``number`` is E.164, and ``line`` is where it comes from.

    ``pause``: how long it waits if the carrier refuses it now, although it sends others; None if it was never
    refused before.
    """

    number: str = field(repr=False)
    language: str
    line: str
    pause: timedelta | None


def add_texts(session: Session, notice_id: int, now: datetime, policies: Policies) -> list[int]:
    """Add a text for each phone that allows one and may ring now; the ids of their rows."""
    facts = facts_of(session, notice_id)
    if facts.is_about_feed:
        # They would call the line, which knows no more than the feed.
        return []
    return [
        phone_of_notice(session, notice_id, phone.id, TEXT).id
        for phone in phones_to_text(session, notice_id, facts.registrant.id, now)
        if _may_text(facts, phone, now, policies)
    ]


def untexted_notices(session: Session, now: datetime, limit: int) -> Sequence[int]:
    """The due notices with a phone that agreed to texts and got none about them, urgent ones first.

    None while calls go out: then the texts are made with the first call.
    """
    if not pacing.is_refused(session) and pacing.taking_none(session) is None:
        return []
    return session.scalars(_UNTEXTED, {"now": now, "most": limit}).all()


def add_texts_alone(
    session: Session, notice_id: int, now: datetime, policy: CallbackPolicy, rules: HeardRules
) -> None:
    """Add the texts of a due notice whose calls wait because the carrier takes none (R28)."""
    notice = locked(session, notice_id)
    if notice is None or notice.state != "waiting" or notice.next_attempt_at > now:
        return
    is_ready = ring_now(session, facts_of(session, notice_id), now, policy, rules) is not None
    if is_ready or is_capped(session, notice_id):
        add_texts(session, notice_id, now, policy.numbers)


def is_capped(session: Session, notice_id: int) -> bool:
    """Whether staff have a notice because its person allows no more calls now: texts are not among those."""
    return session.scalar(select(Notice.task).where(Notice.id == notice_id)) == CAP


def unsent_texts(session: Session, now: datetime, limit: int) -> Sequence[int]:
    """The texts of open notices that may be sent now, those that were never refused first."""
    return session.scalars(_UNSENT_TEXTS, {"now": now, "most": limit}).all()


def is_unsent(session: Session, notice_phone_id: int, now: datetime) -> bool:
    """Whether this text is still to be sent, and does not wait after a refusal."""
    unsent = select(NoticePhone.id).join(Notice, Notice.id == NoticePhone.notice_id).where(
        NoticePhone.id == notice_phone_id, IS_OPEN, *_UNSENT, _IS_DUE
    )  # fmt: skip
    return session.execute(unsent, {"now": now}).first() is not None


def begin_text(
    session: Session, notice_phone_id: int, now: datetime, policy: CallbackPolicy
) -> NoticeText | None:
    """Take the right to send a text, once; None if it is taken, or its phone may not be texted now.

    A text that waited until the night, while the carrier took none, is dropped: the notice's next try adds
    another one. So is one to a phone that the person has taken out of it meanwhile.
    """
    mine = session.get(NoticePhone, notice_phone_id)
    if mine is not None and not _may_send(session, mine, now, policy.numbers):
        session.execute(delete(NOTICE_PHONES).where(NOTICE_PHONES.c.id == notice_phone_id, *_UNSENT))
        return None
    pause = None if mine is None else _pause_after(mine)
    begun = update(NOTICE_PHONES).where(NOTICE_PHONES.c.id == notice_phone_id, *_UNSENT)
    taken = session.execute(begun.values(tries=1, last_try_at=now))
    if cast(CursorResult[Any], taken).rowcount != 1:
        return None
    row = session.execute(
        select(Phone.number_sealed, NoticePhone.notice_id)
        .join(NoticePhone, NoticePhone.phone_id == Phone.id)
        .where(NoticePhone.id == notice_phone_id, *SAFE)
    ).first()
    if row is None:
        return None
    number = keyring_of(session).unseal("phone.number", row.number_sealed)
    registrant = facts_of(session, row.notice_id).registrant
    return NoticeText(number, registrant.language, line_of(registrant, policy.lines), pause)


def text_barred(session: Session, notice_phone_id: int) -> None:
    """The text was certainly not sent, and this phone takes none."""
    _set(session, notice_phone_id, is_stopped=True)


def text_refused(session: Session, notice_phone_id: int, not_before: datetime | None) -> None:
    """The text was certainly not sent; it is sent later, but not before this moment."""
    _set(session, notice_phone_id, tries=0, not_before=not_before)


def text_not_taken(session: Session, notice_phone_id: int) -> None:
    """The carrier took no text at all, whichever it was."""
    _set(session, notice_phone_id, tries=0, last_try_at=None, not_before=None)


def _set(session: Session, notice_phone_id: int, **values: Any) -> None:
    session.execute(update(NOTICE_PHONES).where(NOTICE_PHONES.c.id == notice_phone_id).values(**values))


def _pause_after(text: NoticePhone) -> timedelta | None:
    """Twice as long as it waited last, up to half an hour: an outage of the account may look the same."""
    if text.last_try_at is None:
        return None
    waited = PROBE if text.not_before is None else text.not_before - text.last_try_at
    return min(2 * waited, _LONGEST_PAUSE)


def _may_send(session: Session, text: NoticePhone, now: datetime, policies: Policies) -> bool:
    facts = facts_of(session, text.notice_id)
    if is_calling_paused(session, facts.case.id, facts.registrant.id):
        return False
    if facts.registration.lapses_at <= now or not may_be_texted(
        session, text.notice_id, facts.registrant.id, text.phone_id, now
    ):
        return False
    return _may_text(facts, session.get_one(Phone, text.phone_id), now, policies)


def _may_text(facts: Facts, phone: Phone, now: datetime, policies: Policies) -> bool:
    window = DailyWindow.of(phone.window_starts, phone.window_ends)
    answer = facts.registration.nights(phone.night_allowed)
    allowed = AllowedPhone(phone.id, window, nights=answer is not False, cap=1, any_hour=answer is True)
    return may_ring(facts.course, allowed, facts.registrant.time_zone, now, policies)


#: A text that alone is refused is tried after a minute, then after twice as long each time, up to this.
_LONGEST_PAUSE = timedelta(minutes=30)
_UNSENT = (IS_UNSENT, NOTICE_PHONES.c.is_stopped == false())
_IS_DUE = or_(NoticePhone.not_before.is_(None), NoticePhone.not_before <= bindparam("now", type_=UtcDateTime))
_AGREED_UNTEXTED = (
    select(Phone.id)
    .join(Consent, Consent.phone_id == Phone.id)
    .where(
        Phone.registrant_id == Case.registrant_id, *SAFE,
        Consent.registration_id == Notice.registration_id, Consent.channel == TEXT,
        Consent.withdrawn_at.is_(None),
        ~exists().where(
            NoticePhone.notice_id == Notice.id, NoticePhone.phone_id == Phone.id, NoticePhone.channel == TEXT
        ),
    )
)  # fmt: skip
_UNTEXTED = (
    select(Notice.id)
    .join(Case, Case.id == Notice.case_id)
    .join(CustodyEvent, CustodyEvent.id == Notice.event_id)
    .where(
        IS_WAITING,
        CustodyEvent.kind != FEED_SILENT,
        Notice.next_attempt_at <= bindparam("now", type_=UtcDateTime),
        _AGREED_UNTEXTED.correlate(Notice, Case).exists(),
    )
    .order_by(Notice.is_urgent.desc(), Notice.next_attempt_at, Notice.id)
    .limit(bindparam("most"))
)
_UNSENT_TEXTS = (
    select(NoticePhone.id)
    .join(Notice, Notice.id == NoticePhone.notice_id)
    .where(IS_OPEN, *_UNSENT, _IS_DUE)
    .order_by(NoticePhone.last_try_at.asc().nulls_first(), NoticePhone.id)
    .limit(bindparam("most"))
)
