"""What keys do in a call about a notice: the code, the news, its confirmation, a person instead (R30).

Nothing here tells content: the verbs ask ``news`` what may be said, and it answers only after the code.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.callbacks.callback import IS_OWED, Callback
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.callback_request import Promise, promise_callback
from models.callbacks.case_words import heard_for
from models.callbacks.next_try import put_off_others
from models.callbacks.wishes import SAFEST, VOICEMAIL_TEXTS, wishes_of_phone
from models.calls.call_status import LEAVING, bring_forward
from models.cases.duress import is_calling_paused
from models.cases.registrant import Phone
from models.custody.custody_event import FEED_SILENT, REMINDERS, CustodyEvent
from models.custody.custody_status import Heard, HeardRules
from models.notices.cadence import Ring, pause_after
from models.notices.notice import IS_OPEN, LATE, Notice
from models.notices.notice_code import is_right
from models.notices.notice_moves import (
    ask_staff,
    confirm,
    end_untold,
    leave,
    lock_leg,
    locked,
    note_perhaps_said,
    note_said,
    open_notices_of,
    record_move,
)
from models.notices.notice_phones import (
    forget_wrong_codes,
    is_called,
    last_digits,
    phone_of_leg,
    rest_phone,
    wrong_codes,
)
from models.notices.placing import Facts, facts_of, phones_of, ring_of, why_not
from models.notices.taking_back.corrections import WrongNews, wrong_news
from models.store.database import keyring_of
from models.store.job import Job

if TYPE_CHECKING:
    from models.calls.call_state import CallState

#: The reason of the callback for a person who wants to hear the news from a person (R19).
REASON = "hard_news"
#: The text of a message that is a promise.
_WE_CALL_AGAIN = "we_call_again"


class News(NamedTuple):
    """What is said in a call: the record, its details too, and when something false was told before (R16).

    With ``silent_since`` it is that the feed has confirmed nobody since then, and nothing of the record.
    ``case_ends`` are the last digits of the case number.
    """

    heard: Heard
    with_details: bool
    was_wrong: WrongNews | None
    silent_since: datetime | None = None
    case_ends: str | None = None


def begin(
    session: Session, leg: "CallState", now: datetime, rules: HeardRules
) -> Literal["code", "key", "gone"]:
    """Key 1 or 5: somebody is there. ``code``: their code is asked; ``key``: no code is needed, or none more.

    ``gone``: the news was confirmed elsewhere meanwhile, or it may not be told any more.
    """
    facts = _facts(session, leg, now)
    if facts is None or not _may_be_told(session, leg, facts, now, rules):
        return "gone"
    leg.accepted_at = leg.accepted_at or now
    # Whoever has entered the code in this call and presses 5 is not asked again: a slip would lock them out.
    if facts.registration.code_key is not None and leg.opened_at is None:
        return "code"
    leg.opened_at = leg.opened_at or now
    return "key"


def try_code(
    session: Session, leg: "CallState", code: str, now: datetime, policy: CallbackPolicy
) -> Literal["right", "wrong", "spent", "gone"]:
    """One try at the notice code. The last wrong one in a row stops this phone alone, until somebody settles
    it (R30, ``wrong_codes``).
    """
    facts = _facts(session, leg, now)
    if facts is None or facts.registration.code_key is None:
        return "gone"
    phone = phone_of_leg(session, facts.notice.id, leg.phone_key)
    if phone is None or phone.is_stopped:
        return "spent"
    if is_right(keyring_of(session), facts.case.id, facts.registration.code_key, code):
        leg.opened_at = now
        forget_wrong_codes(session, facts.notice.id, phone.phone_id)
        return "right"
    phone.wrong_codes += 1
    session.flush()
    in_a_row = wrong_codes(session, facts.notice.id).get(phone.phone_id, 0)
    # Those of this notice count even if its person has called with the PIN during the call.
    if max(phone.wrong_codes, in_a_row) < policy.numbers.notice_code_tries:
        return "wrong"
    _give_up_phone(session, leg, facts, "wrong_code", now)
    return "spent"


def has_no_code(session: Session, leg: "CallState", now: datetime) -> None:
    """ "I don't have my code": this phone is not called about this notice again, and staff are to help."""
    facts = _facts(session, leg, now)
    if facts is not None:
        _give_up_phone(session, leg, facts, "no_code", now)


def news(session: Session, leg: "CallState", now: datetime, rules: HeardRules) -> News | None:
    """What may be said in this call now; None before the code, or at all.

    It is the newest record, never the event: a gate that closed meanwhile silences it. The details of a
    record, such as a court date, are said if one of the case's open notices is about them, or corrects one.
    """
    if leg.opened_at is None:
        return None
    # A person who gave the code was offered the news, and hears it even if another phone has confirmed it.
    facts = _facts(session, leg, now, also_confirmed=True)
    if facts is None or not _may_be_told(session, leg, facts, now, rules):
        return None
    told = heard_for(session, facts.case.id, now, rules)
    if facts.is_about_feed:
        return News(told, False, None, facts.event.at)
    reminder = (
        select(Notice.id)
        .join(CustodyEvent, CustodyEvent.id == Notice.event_id)
        .where(Notice.case_id == facts.case.id, IS_OPEN, CustodyEvent.kind.in_(REMINDERS))
    )
    was_wrong = wrong_news(session, facts.case.id, rules.zone)
    is_of_date = was_wrong is not None and was_wrong.is_of_date
    with_details = is_of_date or session.execute(reminder.limit(1)).first() is not None
    return News(
        told,
        with_details,
        was_wrong,
        case_ends=last_digits(session, facts.case),
    )


def note_heard(session: Session, leg: "CallState", now: datetime, *, is_status: bool) -> None:
    """The news was said in this call; or without ``is_status``, that nothing can be confirmed."""
    facts = _facts(session, leg, now, also_confirmed=True)
    if facts is None:
        return
    told = [facts.notice] if facts.is_about_feed else _of_custody(session, facts.case.id)
    note_said(session, told, now, is_status=is_status)
    if facts.notice.heard_at is None:
        facts.notice.heard_at = now
        session.flush()
        record_move(session, facts.notice.id, "hear_notice", now, _actor(leg))


def note_said_on_line(
    session: Session, case_id: int, now: datetime, *, is_status: bool, reminders: bool = False
) -> None:
    """A caller with the PIN heard the status while notices of this case are open; with ``reminders``, a date.

    The status does not tell of a court date or an expected release, and so of no reminder.
    """
    note_said(session, _told_alike(session, case_id, reminders=reminders), now, is_status=is_status)


def confirm_in_call(session: Session, leg: "CallState", now: datetime) -> list[Job] | None:
    """The key that says "I heard this"; the case's other open notices were told in the same words.

    None: the key does not count, since the news was withdrawn or this phone may not be called any more.
    """
    facts = _facts(session, leg, now, also_confirmed=True)
    if facts is None or leg.opened_at is None:
        return None
    # Staff may have confirmed it while this person heard it; should that be taken back, the key counts.
    if facts.is_about_feed or facts.notice.state == "confirmed":
        return confirm(session, facts.notice.id, "call", now, _actor(leg))
    found = _of_custody(session, facts.case.id)
    return _confirm_said(session, found, "call", leg.opened_at, now, _actor(leg))


def confirm_on_line(
    session: Session, case_id: int, since: datetime, now: datetime, actor: str, *, reminders: bool
) -> list[Job]:
    """Confirm what a caller heard after ``since``; returns the jobs that stop phones which still ring."""
    found = _told_alike(session, case_id, reminders=reminders)
    return _confirm_said(session, found, "line", since, now, actor)


def confirm_by_staff(
    session: Session, case_id: int, told_at: datetime, now: datetime, actor: str
) -> list[Job]:
    """Confirm what was open when staff told it: news that came later may not have been told.

    So what the person has heard is the record of that moment, and not one of a file that came since (R16).
    """
    found = [one for one in _of_custody(session, case_id) if one.made_at <= told_at]
    return [job for one in found for job in confirm(session, one.id, "staff", now, actor, told_at=told_at)]


def confirm_newest_by_staff(
    session: Session, case_id: int, since: datetime, until: datetime, now: datetime, actor: str
) -> list[Job]:
    """Confirm what the feed reported after ``since`` up to ``until``: staff told the words that this made.

    Their words are still the same. They say nothing of news from before ``since``, which others replaced.
    """
    found = _reported(session, _of_custody(session, case_id), since, until)
    return [job for one in found for job in confirm(session, one.id, "staff", now, actor, told_at=now)]


def note_said_by_staff(
    session: Session,
    case_id: int,
    told_at: datetime,
    now: datetime,
    actor: str,
    *,
    since: datetime | None = None,
) -> None:
    """Staff may have told what the feed had reported at ``told_at``, and after ``since``; it stays open.

    Words follow the feed at once, and the notice of what they tell is made some seconds later.
    """
    found = _reported(session, _of_custody(session, case_id), since, told_at)
    note_perhaps_said(session, found, now, actor, told_at=told_at)


def _reported(
    session: Session, found: Sequence[Notice], since: datetime | None, until: datetime
) -> list[Notice]:
    """Those of what the feed reported after ``since`` up to ``until``."""
    reported = select(CustodyEvent.id).where(
        CustodyEvent.id.in_([one.event_id for one in found]), CustodyEvent.made_at <= until
    )
    if since is not None:
        reported = reported.where(CustodyEvent.made_at > since)
    told = set(session.scalars(reported))
    return [one for one in found if one.event_id in told]


def _confirm_said(
    session: Session, found: Iterable[Notice], by: str, since: datetime, now: datetime, actor: str
) -> list[Job]:
    """Confirm those that were said after ``since``, and not news that came between the words and the key.

    If no status was said, only corrections were told.
    """
    said = [
        one.id
        for one in found
        if one.said_at is not None
        and one.said_at >= since
        and (one.said_record_id is not None or one.corrects_id is not None)
    ]
    return [job for one in said for job in confirm(session, one, by, now, actor)]


def _told_alike(session: Session, case_id: int, *, reminders: bool) -> list[Notice]:
    """The open notices of a case that the same words tell: its reminders, or its other news."""
    found = _of_custody(session, case_id)
    of_dates = select(CustodyEvent.id).where(CustodyEvent.kind.in_(REMINDERS))
    dates = set(session.scalars(of_dates.where(CustodyEvent.id.in_([one.event_id for one in found]))))
    return [one for one in found if (one.event_id in dates) is reminders]


def ask_person(
    session: Session,
    leg: "CallState",
    now: datetime,
    due_at: datetime,
    policy: CallbackPolicy,
    *,
    is_silence: bool = False,
) -> Callback | None:
    """Promise an urgent callback by a person until ``due_at``, and end the line's own tries (R19).

    After ``is_silence`` the line goes on calling, on this phone and the others, as long as it has tries left:
    nobody asked for anything, and perhaps nobody of the office is there until the morning (R28). The promised
    call is the one that staff have on their list meanwhile.

    Returns the promise, which is an earlier one if it was promised to this phone before. None: nobody
    may call this phone about it, or the duress PIN was used meanwhile: then one liaison decides about a call,
    so that no hour can be promised, and is told at once that the news waits (R10, R36). A promise to another
    phone of theirs does not count, and neither does a key there.

    The callback opens no case, since nobody entered the PIN: staff recognize the person first (R37).
    """
    facts = _facts(session, leg, now, also_confirmed=True)
    if facts is None or leg.phone_sealed is None:
        return None
    if _is_paused(session, facts):
        _leave_to_person(session, leg, facts, now)
        return None
    registrant = facts.registrant
    owed = select(Callback).where(
        Callback.registrant_id == registrant.id, Callback.phone_key == leg.phone_key,
        Callback.reason == REASON, IS_OWED,
    )  # fmt: skip
    promised = session.scalars(owed.order_by(Callback.due_at).limit(1)).first()
    if promised is None:
        phone = session.scalars(
            select(Phone).where(Phone.registrant_id == registrant.id, Phone.phone_key == leg.phone_key)
        ).first()
        promise = Promise(
            number=keyring_of(session).unseal("call.phone", leg.phone_sealed), urgency="urgent",
            reason=REASON, verified=True, language=leg.language, time_zone=registrant.time_zone,
            requested_at=now, due_at=due_at, next_attempt_at=now, call_id=leg.id,
            registrant_id=registrant.id, silent=leg.silent,
            wishes=SAFEST if phone is None else wishes_of_phone(phone),
        )  # fmt: skip
        made = promise_callback(session, promise, actor=_actor(leg), now=now)
        promised = None if made is None else session.get_one(Callback, made)
    if is_silence and _rings_again(session, facts, now, policy, is_try=True):
        if facts.notice.task in (None, LATE):
            ask_staff(session, facts.notice, "said_nothing", now, _actor(leg))
    else:
        _leave_to_person(session, leg, facts, now)
    return promised


def _of_custody(session: Session, case_id: int) -> list[Notice]:
    """The open notices that the words of the status tell; that the feed is silent is another matter."""
    about_feed = set(
        session.scalars(
            select(Notice.id)
            .join(CustodyEvent, CustodyEvent.id == Notice.event_id)
            .where(Notice.case_id == case_id, IS_OPEN, CustodyEvent.kind == FEED_SILENT)
        )
    )
    return [one for one in open_notices_of(session, case_id) if one.id not in about_feed]


def put_off(
    session: Session, leg: "CallState", now: datetime, policy: CallbackPolicy
) -> tuple[Literal["put_off", "gone"], list[Job]]:
    """Not a good time: this phone rings again later, and the others go on. It is no refusal and no try.

    The phone is left alone as long as if nobody had answered: somebody who could not talk at that moment must
    not hear of an escape hours later than somebody who was not there. Before the code it counts as a round of
    the callbacks to it: else anyone who has the phone could put them off with every call about news.
    Returns the jobs to enqueue: a liaison who is being called for a callback to it is released.
    """
    facts = _facts(session, leg, now)
    bring_forward(session, leg.id, LEAVING)
    jobs: list[Job] = []
    if leg.phone_key is not None:
        without_code = leg.opened_at is None
        jobs = put_off_others(session, leg.phone_key, _actor(leg), now, policy, counted=without_code)
        rest_phone(session, leg.phone_key, now + policy.retry)
    if facts is None or facts.notice.state != "ringing":
        return "gone", jobs
    phone = phone_of_leg(session, facts.notice.id, leg.phone_key)
    if phone is not None:
        pause = pause_after(phone.tries, policy.numbers, is_urgent=facts.notice.is_urgent)
        # From the ring, as the next round is: from the key it would miss that round by some seconds.
        phone.not_before = min(phone.last_try_at or now, now) + pause
    session.flush()
    record_move(session, facts.notice.id, "put_off_notice", now, _actor(leg))
    return "put_off" if _rings_again(session, facts, now, policy) else "gone", jobs


def rings_again(session: Session, leg: "CallState", now: datetime, policy: CallbackPolicy) -> bool:
    """Whether the line calls about this notice again, if nobody confirms it in this call."""
    facts = _facts(session, leg, now)
    if facts is None or facts.notice.state not in ("waiting", "ringing"):
        return False
    return _rings_again(session, facts, now, policy, is_try=True)


def leave_message(session: Session, leg: "CallState", now: datetime, policy: CallbackPolicy) -> str | None:
    """Which neutral text a machine may record now, or None: once for a phone that allows it (R31)."""
    facts = _facts(session, leg, now)
    if facts is None or facts.notice.state != "ringing":
        return None
    mine = phone_of_leg(session, facts.notice.id, leg.phone_key)
    phone = None if mine is None else session.get(Phone, mine.phone_id)
    if mine is None or phone is None or not phone.voicemail_allowed or mine.has_message:
        return None
    if _is_paused(session, facts):
        return None
    texts = [text for text in VOICEMAIL_TEXTS if text is not None]
    words = phone.voicemail_text if phone.voicemail_text in texts else texts[0]
    if words == _WE_CALL_AGAIN and not _rings_again(session, facts, now, policy, is_try=True):
        return None
    mine.has_message = True
    session.flush()
    record_move(session, facts.notice.id, "leave_message", now, "worker")
    return words


def _facts(
    session: Session, leg: "CallState", now: datetime, *, also_confirmed: bool = False
) -> Facts | None:
    """The notice of a leg, locked after the leg; None once it is over, or its phone may not be called.

    A phone that was marked unsafe or said stop during the call hears no more of it, and ends nothing (R09,
    R33). ``also_confirmed``: a notice that was confirmed meanwhile counts too.
    """
    if leg.notice_id is None:
        return None
    lock_leg(session, leg.id)
    notice = locked(session, leg.notice_id)
    if notice is None or notice.state == "stopped" or (notice.state == "confirmed" and not also_confirmed):
        return None
    facts = facts_of(session, notice.id)
    return facts if is_called(session, notice.id, facts.registrant.id, leg.phone_key, now) else None


def _may_be_told(session: Session, leg: "CallState", facts: Facts, now: datetime, rules: HeardRules) -> bool:
    if _is_paused(session, facts):
        return False
    why = why_not(session, facts, now, rules, is_answered=True)
    if why is not None:
        end_untold(session, facts.notice, why, now, _actor(leg))
    return why is None


def _is_paused(session: Session, facts: Facts) -> bool:
    """Whether the duress PIN was used, perhaps during this call: nothing more is told or promised (R10)."""
    return is_calling_paused(session, facts.case.id, facts.registrant.id)


def _leave_to_person(session: Session, leg: "CallState", facts: Facts, now: datetime) -> None:
    """The person wants to hear it from a person: the line calls nobody about the case's open notices."""
    for one in open_notices_of(session, facts.case.id):
        leave(session, one, "asked_person", now, _actor(leg))


def _give_up_phone(session: Session, leg: "CallState", facts: Facts, task: str, now: datetime) -> None:
    phone = phone_of_leg(session, facts.notice.id, leg.phone_key)
    if phone is not None:
        phone.is_stopped = True
    ask_staff(session, facts.notice, task, now, _actor(leg))


def _rings_again(
    session: Session, facts: Facts, now: datetime, policy: CallbackPolicy, *, is_try: bool = False
) -> bool:
    """Whether the line calls about this notice again by itself, so that it may say so.

    ``is_try``: the call that goes on counts as one of the tries once it is over.
    """
    if _is_paused(session, facts):
        return False
    more_tries = 1 if is_try and facts.notice.state == "ringing" else 0
    phones = phones_of(session, facts, now, policy)
    return isinstance(ring_of(session, facts, phones, now, policy, more_tries=more_tries), Ring)


def _actor(leg: "CallState") -> str:
    return f"caller:{leg.id}"
