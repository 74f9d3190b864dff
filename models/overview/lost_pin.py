"""A lost PIN: a caller's report that it is lost, and the new one that two staff members give (R08)."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from secrets import randbelow

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from models.audit import audit
from models.callbacks.callback import IS_OWED, Callback
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.callback_request import A_DAY, Promise, promise_callback
from models.callbacks.follow_up import NO_SAFE_PHONE
from models.callbacks.wishes import wishes_of_phone
from models.cases.case import Case, apart_from_duress_pin, find_case, give_new_pin
from models.cases.duress_likeness import follow_staff_changes
from models.cases.new_pin import new_pin
from models.cases.pin_hash import PinHasher
from models.cases.registrant import Registrant
from models.cases.safe_phone import next_window, proving_phones, safe_phones
from models.overview.refusals import LostPinRefusal
from models.staff.lost_pin_report import NEW, WAITING, LostPinReport
from models.staff.staff import Staff, staff_by_email
from models.staff.two_people import check_untied
from models.store.database import keyring_of
from models.store.job import Job
from models.store.policies import Policies
from models.store.refusal import RefusedError

#: How staff may have verified that someone is the registrant; the code is stored (R08).
EVIDENCE = ("rang_confirmed_phone", "agency_vouched", "met_in_person")


_AN_HOUR = timedelta(hours=1)
_A_FEW = 200


def has_phone_for(session: Session, evidence: str, case: Case, now: datetime) -> bool:
    """Whether this ``evidence`` is possible: calling the person needs a phone that proves who they are."""
    return evidence != "rang_confirmed_phone" or bool(proving_phones(session, case.registrant_id, now))


class LostPinError(RefusedError):
    """A request about a lost PIN is refused; the message says why."""


def settle_lost_pins(
    session: Session, now: datetime, policy: CallbackPolicy, shared_phone_keys: Collection[str] = ()
) -> list[Job]:
    """Judge the reports that calls left, oldest first; returns the calls to place for them.

    This does not happen in the call, so that a number without a case takes the caller no less time (R05). A
    liaison is to call the case's first safe phone in its window, because the caller may have merely found the
    number. The call is at a random moment of the next ``lost_pin_minutes``. If it were placed at once, a
    reporter who then presses 0 would notice that the only liaison on shift is busy, which would reveal that
    the number has a case. Without one the row is left for staff. Above the line's limit, or after a
    case's daily number of calls, a report waits for a supervisor: a stranger may have used up those calls.
    """
    most_seconds = policy.numbers.lost_pin_minutes * 60
    jobs: list[Job] = []
    new = select(LostPinReport).where(NEW).order_by(LostPinReport.id).limit(_A_FEW)
    for report in session.scalars(new).all():
        case = _case_of(session, report.number_key)
        if case is None or not _may_report(session, report, case, policy.numbers, shared_phone_keys):
            report.state = "refused"
        elif _had_its_calls(session, report, policy.numbers) or (
            _called_lately(session, now) >= policy.numbers.lost_pin_calls_an_hour
        ):
            report.state = "waiting"
            _write_entry(session, "sweeper", "hold_lost_pin", case, now)
        else:
            report.state = "called"
            earliest = now + timedelta(seconds=randbelow(most_seconds + 1))
            jobs += _ring_proving_phone(session, report, case, earliest, now, policy)
        report.settled_at = now
        session.flush()
    return jobs


def waiting_lost_pins(session: Session) -> Sequence[tuple[int, int, datetime]]:
    """The reports that wait for a supervisor: their id, their case, and when they came in."""
    query = (
        select(LostPinReport.id, Case.id, LostPinReport.reported_at)
        .join(Case, Case.number_key == LostPinReport.number_key)
        .where(WAITING)
        .order_by(LostPinReport.id)
        .limit(_A_FEW)
    )
    return [(row[0], row[1], row[2]) for row in session.execute(query)]


def decide_lost_pin(
    session: Session, report_id: int, *, call: bool, by: str, now: datetime, policy: CallbackPolicy
) -> list[Job]:
    """As a supervisor, let a waiting report call the case's phone, or drop it.

    Raises LostPinError if it no longer waits, or for a call while one about this PIN is promised (R08).
    """
    report = session.scalars(
        select(LostPinReport).where(LostPinReport.id == report_id).with_for_update()
    ).one_or_none()
    case = _case_of(session, report.number_key) if report is not None else None
    if report is None or case is None or report.state != "waiting":
        raise LostPinError(LostPinRefusal.NOT_WAITING)
    if call and _is_open(session, case):
        raise LostPinError(LostPinRefusal.CALL_OPEN)
    report.state, report.settled_at = ("called" if call else "declined"), now
    _write_entry(session, by, "release_lost_pin" if call else "decline_lost_pin", case, now)
    return _ring_proving_phone(session, report, case, now, now, policy) if call else []


def _may_report(
    session: Session,
    report: LostPinReport,
    case: Case,
    policies: Policies,
    shared_phone_keys: Collection[str],
) -> bool:
    """Limits: few reports a day from one phone, and one open report per case (R08)."""
    earlier = _earlier(report)
    # Somebody may have spent the day's reports under this phone's number, so its own case has separate ones.
    is_counted = report.phone_key is not None and report.phone_key not in shared_phone_keys
    if is_counted and not _is_own_phone(session, report, case):
        of_phone = session.scalar(earlier.where(LostPinReport.phone_key == report.phone_key)) or 0
        if of_phone >= policies.lost_pin_reports_a_day:
            return False
    # A report may have waited for days: until a supervisor decides, it is the open one.
    waits = select(LostPinReport.id).where(WAITING, LostPinReport.number_key == report.number_key)
    return session.scalar(waits.limit(1)) is None and not _is_open(session, case)


def _had_its_calls(session: Session, report: LostPinReport, policies: Policies) -> bool:
    """Whether reports have used up the calls to this case's phones that need no supervisor in a day."""
    called = _earlier(report).where(
        LostPinReport.number_key == report.number_key, LostPinReport.state == "called"
    )
    return (session.scalar(called) or 0) >= policies.unverified_callbacks_a_day


def _earlier(report: LostPinReport) -> Select[int]:
    """How many reports came in the 24 hours before this one."""
    since = report.reported_at - A_DAY
    return (
        select(func.count())
        .select_from(LostPinReport)
        .where(LostPinReport.id < report.id, LostPinReport.reported_at > since)
    )


def _is_own_phone(session: Session, report: LostPinReport, case: Case) -> bool:
    """Whether the report came from a phone that it may call; the limits of the case apply to it."""
    own = proving_phones(session, case.registrant_id, report.reported_at)
    return any(phone.phone_key == report.phone_key for phone in own)


def _called_lately(session: Session, now: datetime) -> int:
    return session.scalar(
        select(func.count())
        .select_from(LostPinReport)
        .where(LostPinReport.reported_at > now - _AN_HOUR, LostPinReport.state == "called")
    ) or 0  # fmt: skip


def _ring_proving_phone(
    session: Session,
    report: LostPinReport,
    case: Case,
    earliest: datetime,
    now: datetime,
    policy: CallbackPolicy,
) -> list[Job]:
    registrant = session.get_one(Registrant, case.registrant_id)
    phone = next(
        (
            (one, number)
            for one in proving_phones(session, registrant.id, now)
            if policy.can_dial(number := keyring_of(session).unseal("phone.number", one.number_sealed))
        ),
        None,
    )
    window = next_window(phone[0], registrant.time_zone, earliest) if phone is not None else None
    first_at = policy.calling_window(max(earliest, window[0]) if window else earliest, registrant.time_zone)
    # This is not tied to the reporter's call: no key in it and no hang-up may move this callback, and no
    # prompt there may reveal that it exists (R08, R35).
    promise = Promise(
        number=phone[1] if phone is not None else "", urgency="other", reason="lost_pin", verified=False,
        language=registrant.language, time_zone=registrant.time_zone, requested_at=now,
        due_at=max(policy.due_at("other", now), first_at), next_attempt_at=first_at,
        registrant_id=registrant.id, silent=report.silent, window=window,
        state="requested" if phone is not None else "left_for_staff",
        outcome=None if phone is not None else NO_SAFE_PHONE,
    )  # fmt: skip
    made = promise_callback(session, promise, actor=f"caller:{report.call_id}", now=now)
    return [("dial_liaison", made)] if made is not None and phone is not None else []


def replace_lost_pin(
    session: Session,
    hasher: PinHasher,
    number: str,
    *,
    evidence: str,
    by: str,
    and_by: str,
    hold: timedelta,
    policy: CallbackPolicy,
    now: datetime,
) -> tuple[str, int]:
    """Give a case a new PIN approved by two people; returns it, shown only once, and how many are told.

    A closed case gets one too: its caller was promised a person, like every caller of a neutral case (R13).

    Every safe phone gets a callback in its window to tell its owner, and for ``hold`` phones and windows
    cannot be changed (R08). Raises LostPinError for an unknown code or person, the same person twice, or
    calling as evidence without a proving phone; CaseError for an unknown number; and TiedError for two people
    who may not approve together (R40).
    """
    if evidence not in EVIDENCE:
        raise LostPinError(LostPinRefusal.UNKNOWN_EVIDENCE, known=", ".join(EVIDENCE))
    pin = new_pin(number)
    pin_hash = hasher.hash(pin)
    people = [_named(session, by, "--by"), _named(session, and_by, "--and")]
    if people[0].id == people[1].id:
        raise LostPinError(LostPinRefusal.SAME_PERSON)
    case = find_case(session, number)
    if not has_phone_for(session, evidence, case, now):
        raise LostPinError(LostPinRefusal.NO_PHONE)
    days = policy.numbers.two_people_days
    check_untied(session, people[0].id, people[1].id, f"case:{case.id}", now, days)
    pin, pin_hash = apart_from_duress_pin(session, hasher, case, number, (pin, pin_hash))
    give_new_pin(session, case, pin_hash, now, by_two_people=True)
    case.changes_held_until = now + hold
    session.flush()
    follow_staff_changes(session, case)
    told = tell_safe_phones(session, case, "pin_changed", people[0].email, policy, now)
    for person in people:
        audit.record(
            session,
            actor=person.email,
            action="replace_lost_pin",
            target=f"case:{case.id}",
            facts={"evidence": evidence, "phones_told": told},
            now=now,
        )
    return pin, told


def tell_of_letter(
    session: Session, case_id: int, actor: str, policy: CallbackPolicy, now: datetime, *, again: bool
) -> int:
    """Tell every safe phone that the PIN in a letter was used: somebody else may have opened it (R02).

    The first use may be the registrant's own, in a call that dropped, and one ``again`` may be by a person
    who found the letter. A call that is still to come tells about both.
    """
    case = session.get_one(Case, case_id)
    if again and _is_open(session, case, "letter_pin_used"):
        return 0
    return tell_safe_phones(session, case, "letter_pin_used", actor, policy, now)


def tell_safe_phones(
    session: Session,
    case: Case,
    reason: str,
    actor: str,
    policy: CallbackPolicy,
    now: datetime,
    *,
    but: int | None = None,
) -> int:
    """Promise each safe phone a callback in its window: its owner may not be the one who asked. How many.

    ``reason`` is ``pin_changed``, ``letter_pin_used`` or ``phone_added``; ``but`` is the id of a phone that
    does not need to be told.
    """
    registrant = session.get_one(Registrant, case.registrant_id)
    told = 0
    for phone in safe_phones(session, registrant.id):
        number = keyring_of(session).unseal("phone.number", phone.number_sealed)
        if phone.id == but or not policy.can_dial(number):
            continue
        window = next_window(phone, registrant.time_zone, now)
        first_at = policy.calling_window(max(now, window[0]) if window else now, registrant.time_zone)
        # Confirmed by its owner, so it counts as verified; without a case it opens none (R37).
        promise = Promise(
            number=number, urgency="other", reason=reason, verified=True, language=registrant.language,
            time_zone=registrant.time_zone, requested_at=now,
            due_at=max(policy.due_at("other", now), first_at), next_attempt_at=first_at, window=window,
            registrant_id=registrant.id, wishes=wishes_of_phone(phone),
        )  # fmt: skip
        told += promise_callback(session, promise, actor=actor, now=now) is not None
    return told


def _case_of(session: Session, number_key: str | None) -> Case | None:
    if number_key is None:
        return None
    return session.scalars(select(Case).where(Case.number_key == number_key)).first()


def _is_open(session: Session, case: Case, reason: str = "lost_pin") -> bool:
    standing = select(Callback.id).where(
        Callback.registrant_id == case.registrant_id, Callback.reason == reason, IS_OWED
    )
    return session.execute(standing.limit(1)).first() is not None


def _write_entry(session: Session, actor: str, action: str, case: Case, now: datetime) -> None:
    audit.record(session, actor=actor, action=action, target=f"case:{case.id}", now=now)


def _named(session: Session, email: str, option: str) -> Staff:
    person = staff_by_email(session, email)
    if person is None:
        raise LostPinError(LostPinRefusal.NOT_STAFF, option=option)
    return person
