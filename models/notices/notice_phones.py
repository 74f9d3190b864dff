"""The phones that a notice may use: confirmed, safe, with a consent that stands, and not used up by it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, exists, func, or_, select, text, update
from sqlalchemy.orm import Session

from models.callbacks.callback import Callback
from models.calls.call import CALLS
from models.calls.role import CALLED_BACK
from models.cases.case import Case
from models.cases.daily_window import DailyWindow
from models.cases.registrant import Consent, Phone
from models.cases.safe_phone import SAFE
from models.notices.cadence import AllowedPhone
from models.notices.notice import IS_WAITING, NOTICE_PHONES, NOTICES, Notice, NoticePhone
from models.notices.registration import Registration
from models.store.database import keyring_of
from models.store.keyring import SealError

VOICE, TEXT = "voice", "text"
_CAP_PERIOD = timedelta(hours=24)
#: How soon a phone that was in another call of ours is tried again.
_AFTER_OUR_CALL = timedelta(seconds=30)
# The exact words of the partial indexes, so that both databases use them.
_LIVE_NOTICE = text("calls.ended_at IS NULL AND calls.notice_id IS NOT NULL")
_LIVE_CALLBACK = text("calls.ended_at IS NULL AND calls.callback_id IS NOT NULL")
# Built once: each ring sends these several times, and building takes longer than sending.
_REGISTRATION = select(Notice.registration_id).where(Notice.id == bindparam("notice")).scalar_subquery()
_WITH_CONSENT = (
    select(Phone, Consent.cap_per_day, Registration)
    .join(Consent, Consent.phone_id == Phone.id)
    .join(Registration, Registration.id == Consent.registration_id)
    .where(
        Phone.registrant_id == bindparam("registrant"),
        *SAFE,
        or_(Phone.content_held_until.is_(None), Phone.content_held_until <= bindparam("now")),
        Consent.registration_id == _REGISTRATION,
        Consent.channel == bindparam("channel"),
        Consent.withdrawn_at.is_(None),
    )
    .order_by(Phone.position, Consent.granted_at.desc(), Consent.id.desc())
)
_USED = (
    select(NoticePhone)
    .where(NoticePhone.notice_id == bindparam("notice"), NoticePhone.channel == bindparam("channel"))
    .execution_options(populate_existing=True)
)
#: A call that was refused or failed rang nobody; one of unknown fate may have (``workers/mending.py``).
_MAY_HAVE_RUNG = or_(
    and_(CALLS.c.call_sid.is_not(None), func.coalesce(CALLS.c.call_status, "") != "failed"),
    CALLS.c.ended_at.is_(None),
    CALLS.c.call_status == "no-answer",
)
_PLACED = (
    select(CALLS.c.started_at)
    .distinct()
    .join(NOTICES, NOTICES.c.id == CALLS.c.notice_id)
    .join(Case, Case.id == NOTICES.c.case_id)
    .where(
        Case.registrant_id == bindparam("registrant"),
        CALLS.c.phone_key.in_(bindparam("phone_keys", expanding=True)),
        CALLS.c.started_at > bindparam("since"),
        _MAY_HAVE_RUNG,
    )
)
_NEWEST_ASKED = (
    select(CALLS.c.phone_key, CALLS.c.call_sid)
    .where(
        CALLS.c.notice_id == bindparam("notice"),
        or_(CALLS.c.call_sid.is_not(None), CALLS.c.call_status == "failed"),
    )
    .order_by(CALLS.c.id.desc())
    .limit(1)
)
_LAST_RUNG = select(func.max(CALLS.c.started_at)).where(
    CALLS.c.notice_id == bindparam("notice"), CALLS.c.phone_key == bindparam("phone_key"), _MAY_HAVE_RUNG
)
_FIRST_RUNG = select(func.min(CALLS.c.started_at)).where(
    CALLS.c.notice_id == bindparam("notice"), _MAY_HAVE_RUNG
)
#: When staff last told the person the news, or canceled the task.
_SETTLED_AT = (
    select(func.max(Notice.closed_at))
    .where(
        Notice.registration_id == _REGISTRATION,
        or_(Notice.confirmed_by == "staff", Notice.outcome == "staff_cancelled"),
    )
    .scalar_subquery()
)
_AGREED_SINCE = exists().where(
    Consent.registration_id == _REGISTRATION,
    Consent.phone_id == NoticePhone.phone_id,
    Consent.granted_at > NoticePhone.last_try_at,
)
_WRONG_CODES = (
    select(NoticePhone.phone_id, func.sum(NoticePhone.wrong_codes).label("wrong"))
    .join(Notice, Notice.id == NoticePhone.notice_id)
    .join(Case, Case.id == Notice.case_id)
    .where(
        Notice.registration_id == _REGISTRATION,
        NoticePhone.channel == VOICE,
        NoticePhone.wrong_codes > 0,
        or_(Case.last_verified_at.is_(None), Case.last_verified_at <= NoticePhone.last_try_at),
        ~_AGREED_SINCE,
        or_(_SETTLED_AT.is_(None), NoticePhone.last_try_at >= _SETTLED_AT),
    )
    .group_by(NoticePhone.phone_id)
)


def last_digits(session: Session, case: Case) -> str:
    """The last two digits of a case number, which each call says after the code or the key.

    One person may have two cases, and two people may share a phone. Without the digits "in custody" about one
    case takes back "released" about another. Said only where there is another case, they would tell of it
    whoever shares the phone, or whoever answers (R13).
    """
    return keyring_of(session).unseal("case.number", case.number_sealed)[-2:]


def allowed_phones(
    session: Session,
    notice_id: int,
    registrant_id: int,
    now: datetime,
    can_dial: Callable[[str], bool],
    code_tries: int,
) -> list[AllowedPhone]:
    """The phones that may ring for this notice, first choice first, with our calls of the last 24 hours.

    The person heard "at most 3 times a day", so the calls to all of their phones count together. Phones that
    an escape rings at once are called once. Calls for somebody else who has one of these phones too do not
    count: that person agreed to a number of their own.

    A phone that replaces an unsafe one hears nothing about the case until its hold is over (R09). No answer
    to the question about nights counts as yes (R28), but by day their window holds (R29). Each registration
    has its own answer. A phone with
    ``code_tries`` wrong codes in a row rings for no later notice either (``wrong_codes``).
    """
    phones = _with_consent(session, notice_id, registrant_id, VOICE, now)
    refused = _refused_last(session, notice_id) if len(phones) > 1 else None
    used = {one.phone_id: one for one in _used(session, notice_id, VOICE)}
    placed = _placed(session, registrant_id, [phone.phone_key for phone, *_ in phones], now)
    wrong = wrong_codes(session, notice_id)
    found = []
    for phone, cap, nights in phones:
        mine = used.get(phone.id)
        if wrong.get(phone.id, 0) >= code_tries:
            continue
        if (mine is not None and mine.is_stopped) or not _can_dial(session, phone, can_dial):
            continue
        found.append(
            AllowedPhone(
                phone.id,
                DailyWindow.of(phone.window_starts, phone.window_ends),
                nights=nights is not False,
                cap=cap,
                placed=placed,
                tries=0 if mine is None else mine.tries,
                last_try_at=None if mine is None else mine.last_try_at,
                not_before=None if mine is None else mine.not_before,
                any_hour=nights is True,
                is_refused=refused is not None and phone.phone_key == refused,
            )
        )
    return found


def is_called(
    session: Session, notice_id: int, registrant_id: int, phone_key: str | None, now: datetime
) -> bool:
    """Whether this phone may be called about a notice, whatever its tries, its cap and its window."""
    phones = _with_consent(session, notice_id, registrant_id, VOICE, now)
    return any(phone.phone_key == phone_key for phone, *_ in phones)


def phone_of_notice(session: Session, notice_id: int, phone_id: int, channel: str = VOICE) -> NoticePhone:
    """The row of a notice and a phone, locked; made if it is the first time."""
    mine = select(NoticePhone).where(
        NoticePhone.notice_id == notice_id, NoticePhone.phone_id == phone_id, NoticePhone.channel == channel
    )
    found = session.scalars(mine.with_for_update().execution_options(populate_existing=True)).first()
    if found is None:
        found = NoticePhone(notice_id=notice_id, phone_id=phone_id, channel=channel)
        session.add(found)
        session.flush()
    return found


def phone_of_leg(session: Session, notice_id: int, phone_key: str | None) -> NoticePhone | None:
    """The row of the phone that a leg of this notice rang, locked."""
    mine = (
        select(NoticePhone)
        .join(Phone, Phone.id == NoticePhone.phone_id)
        .where(NoticePhone.notice_id == notice_id, NoticePhone.channel == VOICE, Phone.phone_key == phone_key)
        .with_for_update(of=NoticePhone)
        .execution_options(populate_existing=True)
    )
    return session.scalars(mine).first()


def wrong_codes(session: Session, notice_id: int) -> dict[int, int]:
    """How many wrong codes in a row each phone entered, over all notices of the same registration (R30).

    Whoever has the phone would else have new tries with every change in custody. The count ends when a call
    gives the PIN, when staff tell the person the news or cancel the task, when the registration is agreed
    anew, or with the right code (``forget_wrong_codes``). The duress PIN ends nothing: its case is another.
    """
    return {row.phone_id: row.wrong for row in session.execute(_WRONG_CODES, {"notice": notice_id})}


def forget_wrong_codes(session: Session, notice_id: int, phone_id: int) -> None:
    """The right code was entered on this phone: the wrong ones before it were slips."""
    registration = select(Notice.registration_id).where(Notice.id == notice_id).scalar_subquery()
    theirs = select(Notice.id).where(Notice.registration_id == registration)
    slips = NOTICE_PHONES.c.phone_id == phone_id, NOTICE_PHONES.c.wrong_codes > 0
    forgotten = update(NOTICE_PHONES).where(NOTICE_PHONES.c.notice_id.in_(theirs), *slips)
    session.execute(forgotten.values(wrong_codes=0))


def is_in_our_call(
    session: Session, phone_key: str, notice_id: int, now: datetime, longest: timedelta
) -> bool:
    """Whether the line rings this phone, or has it in a call, about anything but this notice.

    Only calls that we placed count: anybody can keep a call open under this number. A call older than
    ``longest`` does not count: the event of its end may be lost, or its person holds up the others.
    """
    mine = and_(CALLS.c.phone_key == phone_key, CALLS.c.started_at > now - longest)
    about_notice = select(CALLS.c.id).where(_LIVE_NOTICE, mine, CALLS.c.notice_id != notice_id)
    called_back = select(CALLS.c.id).where(_LIVE_CALLBACK, mine, CALLS.c.role == CALLED_BACK)
    return any(session.execute(one.limit(1)).first() is not None for one in (about_notice, called_back))


def is_called_about_news(session: Session, callback: Callback, now: datetime, longest: timedelta) -> bool:
    """Whether the line calls the person of this callback about news, on any of their phones.

    A call older than ``longest`` does not count, as in ``is_in_our_call``.
    """
    whose = or_(Case.id == callback.case_id, Case.registrant_id == callback.registrant_id)
    person = select(Case.registrant_id).where(whose)
    theirs = (
        select(CALLS.c.id)
        .join(NOTICES, NOTICES.c.id == CALLS.c.notice_id)
        .join(Case, Case.id == NOTICES.c.case_id)
        .where(_LIVE_NOTICE, CALLS.c.started_at > now - longest, Case.registrant_id.in_(person))
    )
    return session.execute(theirs.limit(1)).first() is not None


def rang_nobody(session: Session, phone: NoticePhone, phone_key: str | None) -> None:
    """A leg to this phone, ended already, was no try, and the next call does not wait for it."""
    rung = {"notice": phone.notice_id, "phone_key": phone_key}
    phone.tries, phone.last_try_at = max(0, phone.tries - 1), session.scalar(_LAST_RUNG, rung)


def first_rung(session: Session, notice_id: int) -> datetime | None:
    """When a phone first rang about this notice, as far as anybody knows."""
    found: datetime | None = session.scalar(_FIRST_RUNG, {"notice": notice_id})
    return found


def rest_alone(phone: NoticePhone, until: datetime) -> None:
    """Put off this phone alone until then."""
    phone.not_before = max(phone.not_before or until, until)


def wait_for_our_call(phone: NoticePhone, now: datetime) -> None:
    """Put off this phone alone for a moment."""
    rest_alone(phone, now + _AFTER_OUR_CALL)


def wait_for_our_calls(
    session: Session, notice_id: int, phone_ids: Sequence[int], now: datetime, longest: timedelta
) -> bool:
    """Put off those of these phones that are in a call of ours, or next. Returns whether there was one."""
    is_any = False
    for phone_id in phone_ids:
        key = session.get_one(Phone, phone_id).phone_key
        if _is_called_next(session, key) or is_in_our_call(session, key, notice_id, now, longest):
            wait_for_our_call(phone_of_notice(session, notice_id, phone_id), now)
            is_any = True
    session.flush()
    return is_any


def _is_called_next(session: Session, phone_key: str) -> bool:
    """Whether a liaison is being called for a callback to this phone, which rings at their key.

    News waits for the first liaison alone: with a full list they may miss one call after the other.
    """
    offered = Callback.state == "ringing_liaison", Callback.liaison_tries == 0
    called = select(Callback.id).where(Callback.phone_key == phone_key, *offered)
    return session.execute(called.limit(1)).first() is not None


def rest_phone(session: Session, phone_key: str, until: datetime) -> None:
    """Somebody at this phone cannot talk now: no call about news that is not urgent rings there until then.

    Urgent news goes on at its own pace (R28), and so do the other phones.
    """
    soon = (
        select(Notice, Phone.id)
        .join(Case, Case.id == Notice.case_id)
        .join(Phone, Phone.registrant_id == Case.registrant_id)
        .where(Phone.phone_key == phone_key, IS_WAITING, ~Notice.is_urgent, Notice.next_attempt_at < until)
        .order_by(Notice.id)
        # One that somebody claims right now is about to ring.
        .with_for_update(skip_locked=True, of=Notice)
    )
    for notice, phone_id in session.execute(soon).all():
        rest_alone(phone_of_notice(session, notice.id, phone_id), until)
    session.flush()


def phones_to_text(session: Session, notice_id: int, registrant_id: int, now: datetime) -> list[Phone]:
    """The phones that allow texts and got none about this notice (R28)."""
    texted = {one.phone_id for one in _used(session, notice_id, TEXT)}
    return [
        phone
        for phone, *_ in _with_consent(session, notice_id, registrant_id, TEXT, now)
        if phone.id not in texted
    ]


def may_be_texted(session: Session, notice_id: int, registrant_id: int, phone_id: int, now: datetime) -> bool:
    """Whether this phone still agrees to texts about a notice, and may hear of the case."""
    phones = _with_consent(session, notice_id, registrant_id, TEXT, now)
    return any(phone.id == phone_id for phone, *_ in phones)


def _with_consent(
    session: Session, notice_id: int, registrant_id: int, channel: str, now: datetime
) -> list[tuple[Phone, int, bool | None]]:
    """Each safe phone with a consent for this channel, the cap of the newest one, and the answer for nights.

    Only consents of the notice's own registration count: one for callbacks says nothing of other calls.
    """
    asked = {"notice": notice_id, "registrant": registrant_id, "channel": channel, "now": now}
    rows = session.execute(_WITH_CONSENT, asked)
    newest: dict[int, tuple[Phone, int, bool | None]] = {}
    for phone, cap, registration in rows:
        newest.setdefault(phone.id, (phone, cap, registration.nights(phone.night_allowed)))
    return list(newest.values())


def _used(session: Session, notice_id: int, channel: str) -> list[NoticePhone]:
    return list(session.scalars(_USED, {"notice": notice_id, "channel": channel}))


def _placed(
    session: Session, registrant_id: int, phone_keys: list[str], now: datetime
) -> tuple[datetime, ...]:
    """When this person's notices rang these phones in the last 24 hours, as far as anybody knows."""
    rung = {"registrant": registrant_id, "phone_keys": phone_keys, "since": now - _CAP_PERIOD}
    return tuple(session.scalars(_PLACED, rung))


def _refused_last(session: Session, notice_id: int) -> str | None:
    """The key of the phone to which the last call about this notice was refused."""
    newest = session.execute(_NEWEST_ASKED, {"notice": notice_id}).first()
    return None if newest is None or newest.call_sid is not None else newest.phone_key


def _can_dial(session: Session, phone: Phone, can_dial: Callable[[str], bool]) -> bool:
    try:
        return can_dial(keyring_of(session).unseal("phone.number", phone.number_sealed))
    except SealError:
        return False
