"""A case: one registrant about one subject, under one number and one PIN."""

import secrets
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, column, func, or_, select, table, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship
from stdnum import damm

from models.audit import audit
from models.cases.new_pin import new_pin
from models.cases.pin import PinCounter
from models.cases.pin_hash import PinHasher
from models.cases.refusals import CaseRefusal
from models.cases.registrant import Phone, Registrant, register
from models.cases.subject import Subject, find_or_add_subject, rename_subject
from models.store.base import Base, UtcDateTime
from models.store.database import keyring_of
from models.store.keyring import Keyring
from models.store.refusal import RefusedError

_IMPORTS = table(
    "imports", *(column(name, UtcDateTime) for name in ("newest_as_of", "settled_at", "retracted_at"))
)
#: With more live cases than this, guesses at 8 digits would hit a case more than once in a thousand (R01).
LIVE_CASES_OF_8_DIGITS = 9_000
LEAST_DIGITS = 8
#: The lengths of case numbers (R01).
NUMBER_LENGTHS = (LEAST_DIGITS, 10)


class CaseError(RefusedError):
    """A request about a case is refused; the message says why, without the case number."""


class Case(Base):
    """The number is kept sealed and as a keyed index; the PIN only as an Argon2id hash (R01-R03).

    ``pin_kind`` is ``standing``, ``one_time`` (a mailed PIN, which expires at ``pin_expires_at`` and only
    lets the caller choose a PIN of their own; ``letter_uses`` counts how often it did) or ``none`` (the first
    PIN waits for a second person's approval; until then nothing opens the case). Until
    ``changes_held_until``, phones and windows cannot be changed, since staff have just given a new PIN (R08).
    ``duress_of`` marks the duress case of another case, which only that case's duress PIN opens, and
    ``pin_mark`` is how near other PINs are to that PIN (models/cases/duress.py).
    ``named_by`` is the one staff member who said whom the case is about, under the name that they typed
    (``named_sealed``). Both are set until a second person confirms it, and until then callers are told
    nothing about that person. The caller has been told of wrong tries up to ``tries_told_at`` (R04). A number
    is never reissued: a closed case keeps its row.
    """

    __tablename__ = "cases"

    id: Mapped[int] = mapped_column(primary_key=True)
    registrant_id: Mapped[int] = mapped_column(ForeignKey("registrants.id"), index=True)
    subject_id: Mapped[int] = mapped_column(ForeignKey("subjects.id"), index=True)
    number_key: Mapped[str] = mapped_column(String(65), unique=True)
    number_sealed: Mapped[str] = mapped_column(Text)
    pin_hash: Mapped[str] = mapped_column(Text)
    pin_kind: Mapped[str] = mapped_column(String(16), default="standing")
    pin_issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    pin_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    letter_uses: Mapped[int] = mapped_column(default=0, server_default="0")
    duress_of: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), unique=True)
    pin_mark: Mapped[str | None] = mapped_column(Text)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tries_told_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    changes_held_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    named_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id", use_alter=True))
    named_sealed: Mapped[str | None] = mapped_column(Text)

    registrant: Mapped[Registrant] = relationship()
    subject: Mapped[Subject] = relationship()


def check_digit_is_right(digits: str) -> bool:
    """Whether ``digits`` could be a case number: 8 or 10, the first not 0, the last a Damm check digit."""
    well_formed = (
        digits.isascii() and digits.isdecimal() and len(digits) in NUMBER_LENGTHS and digits[0] != "0"
    )
    return well_formed and bool(damm.is_valid(digits))


def begins_number(keyring: Keyring, digits: str, number_key: str, lengths: Iterable[int]) -> bool:
    """Whether the case number with this blind index begins with ``digits`` and has one of ``lengths``.

    A call has only the index, so this tries each number that begins with them: ten of eight digits, a
    thousand of ten.
    """
    for length in lengths:
        more = length - 1 - len(digits)
        for end in range(10**more):
            body = f"{digits}{end:0{more}d}"
            if keyring.index("case", body + str(damm.calc_check_digit(body))) == number_key:
                return True
    return False


def new_number(length: int = 8) -> str:
    """A random number of ``length`` digits with its check digit; does not check whether it is taken."""
    body = str(secrets.choice(range(1, 10))) + f"{secrets.randbelow(10 ** (length - 2)):0{length - 2}d}"
    return body + str(damm.calc_check_digit(body))


def open_case(
    session: Session,
    *,
    hasher: PinHasher,
    subject_id: str,
    subject_name: str,
    language: str,
    phone: str | None,
    time_zone: str,
    now: datetime,
    actor: str = "command line",
) -> tuple[str, str]:
    """Open a case for a new registrant; returns its number and PIN, which are shown only this once (R03).

    ``subject_id`` is the feed's id: its subject is found or added. ``phone`` is a confirmed, safe phone in
    E.164, saved with the safest consents of R35. ``time_zone`` is an IANA name. All were validated before.
    """
    pin = new_pin()
    # Hashed before the first statement, so that no database transaction is open during the hash.
    pin_hash = hasher.hash(pin)
    number = free_number(session, subject_id, phone, pin)
    add_case(
        session,
        number=number,
        pin_hash=pin_hash,
        subject=find_or_add_subject(session, feed_id=subject_id, name=subject_name, now=now),
        registrant=register(session, language=language, time_zone=time_zone, phone=phone, now=now),
        now=now,
        actor=actor,
    )
    return number, pin


def add_case(
    session: Session,
    *,
    number: str,
    pin_hash: str,
    subject: Subject,
    registrant: Registrant,
    now: datetime,
    actor: str,
) -> Case:
    """Write the row and its audit entry under a number found free; ``pin_hash`` "" means no PIN yet."""
    keyring = keyring_of(session)
    begin_following(session, subject.id)
    case = Case(
        pin_kind="standing" if pin_hash else "none",
        registrant=registrant,
        subject=subject,
        number_key=keyring.index("case", number),
        number_sealed=keyring.seal("case.number", number),
        pin_hash=pin_hash,
        pin_issued_at=now,
        opened_at=now,
    )
    session.add(case)
    session.flush()
    # Not the subject: a small id would reveal that somebody else has a case about the same person.
    facts = {"language": registrant.language}
    audit.record(session, actor=actor, action="open_case", target=f"case:{case.id}", facts=facts, now=now)
    return case


def rotate_pin(
    session: Session,
    hasher: PinHasher,
    number: str,
    now: datetime,
    actor: str = "command line",
    *,
    expires_at: datetime | None = None,
) -> str:
    """Give a case a new PIN, shown only this once, and lift its lock and waits (R04).

    A closed case gets one too, like every other neutral case (R13). With ``expires_at`` it is a one-time PIN
    for a letter: it expires then, and the line has the caller replace it in the first call that enters it
    (R02). Raises CaseError when there is no such case.
    """
    pin = new_pin(number)
    pin_hash = hasher.hash(pin)
    case = find_case(session, number)
    pin, pin_hash = apart_from_duress_pin(session, hasher, case, number, (pin, pin_hash))
    give_new_pin(session, case, pin_hash, now, expires_at=expires_at)
    facts = None if expires_at is None else {"kind": "one_time"}
    audit.record(session, actor=actor, action="rotate_pin", target=f"case:{case.id}", facts=facts, now=now)
    return pin


def apart_from_duress_pin(
    session: Session, hasher: PinHasher, case: Case, number: str, made: tuple[str, str]
) -> tuple[str, str]:
    """A PIN that was just made, and its hash, or others if it is too near to the case's duress PIN (R10).

    That happens once in some eight hundred times, so the PIN is hashed before the first statement.
    """
    mark = session.scalar(select(Case.pin_mark).where(Case.duress_of == case.id))
    if mark is None or not hasher.is_near(mark, made[0]):
        return made
    pin = new_pin(number, lambda pin: hasher.is_near(mark, pin))
    return pin, hasher.hash(pin)


def give_new_pin(
    session: Session,
    case: Case,
    pin_hash: str,
    now: datetime,
    *,
    expires_at: datetime | None = None,
    by_two_people: bool = False,
) -> None:
    """Put a PIN's hash into force, and lift the lock and waits caused by tries at the old one.

    A PIN approved by two people also clears each counter's 30-day total, since old guesses reveal nothing
    about it. What the next verified caller is told about wrong tries does not change (R04).
    """
    case.pin_hash = pin_hash
    case.pin_kind = "standing" if expires_at is None else "one_time"
    case.pin_issued_at = now
    case.pin_expires_at, case.letter_uses = expires_at, 0
    session.flush()
    lifted = {"lifted_at": now, "spent_at": None} if by_two_people else {}
    session.execute(
        update(PinCounter)
        .where(PinCounter.number_key == case.number_key)
        .values(consecutive=0, wait_until=None, locked_at=None, **lifted)
    )


def confirm_named(session: Session, case: Case) -> None:
    """Accept the person whom one staff member named as the person of the case.

    That person's stored name is not changed, unless no other case is about them.
    """
    same = (Case.subject_id == case.subject_id, Case.id != case.id, Case.duress_of.is_(None))
    others = select(Case.id).where(*same).limit(1)
    if case.named_sealed is not None and session.scalar(others) is None:
        subject = session.get_one(Subject, case.subject_id)
        rename_subject(session, subject, keyring_of(session).unseal("subject.name", case.named_sealed))
    case.named_by = case.named_sealed = None
    session.flush()


def close_case(session: Session, number: str, now: datetime, actor: str = "command line") -> None:
    """Close a case. What its registrant was promised on the phone is still done (R13).

    Raises CaseError when there is no such case or it is already closed.
    """
    end_case(session, find_open_case(session, number), now, actor)


def end_case(session: Session, case: Case, now: datetime, actor: str) -> None:
    """Close an open case that was already found, as ``close_case`` does."""
    case.closed_at = now
    session.flush()
    stop_following(session, case.subject_id, now)
    audit.record(session, actor=actor, action="close_case", target=f"case:{case.id}", now=now)


def stop_following(session: Session, subject_id: int, now: datetime) -> None:
    """A case is no longer about this person: without another open case nothing can be confirmed of them.

    The feed's rows about a person without an open case are ignored, also one by which the gate closes (R12).
    So a case that is opened later says nothing of them until a newer row comes (``begin_following``).
    """
    if _is_followed(session, subject_id):
        return
    gone = update(Subject).where(Subject.id == subject_id)
    session.execute(gone.values(absent_since=func.coalesce(Subject.absent_since, now), ignored_until=now))


def begin_following(session: Session, subject_id: int) -> None:
    """A case will be about this person: only a row newer than all that were ignored tells of them again.

    If no file came since the last case about them was closed or moved, as by a slip, none was ignored.
    """
    subject = session.get_one(Subject, subject_id)
    gone_at = subject.ignored_until
    if gone_at is None or _is_followed(session, subject_id):
        return
    came = or_(
        _IMPORTS.c.settled_at.is_(None), _IMPORTS.c.settled_at >= gone_at, _IMPORTS.c.retracted_at >= gone_at
    )
    if session.execute(select(_IMPORTS.c.settled_at).where(came).limit(1)).first() is not None:
        subject.ignored_until = session.scalar(select(func.max(_IMPORTS.c.newest_as_of))) or gone_at
    elif subject.absent_since == gone_at:
        subject.absent_since = subject.ignored_until = None
    session.flush()


def _is_followed(session: Session, subject_id: int) -> bool:
    open_ones = select(Case.id).where(Case.subject_id == subject_id, Case.closed_at.is_(None))
    return session.execute(open_ones.limit(1)).first() is not None


def find_case(session: Session, number: str) -> Case:
    """The case with this number, open or closed, locked. Raises CaseError if there is none."""
    key = keyring_of(session).index("case", number)
    case = session.scalars(
        select(Case).where(Case.number_key == key).with_for_update(key_share=True)
    ).one_or_none()
    if case is None:
        raise CaseError(CaseRefusal.UNKNOWN_NUMBER)
    return case


def find_open_case(session: Session, number: str) -> Case:
    """The open case with this number, locked. Raises CaseError if there is none."""
    case = find_case(session, number)
    if case.closed_at is not None:
        raise CaseError(CaseRefusal.NUMBER_CLOSED)
    return case


def number_length(session: Session) -> int:
    """How many digits the next case number has: ten from 9,000 live cases on (R01)."""
    live = session.scalar(select(func.count()).select_from(Case).where(Case.closed_at.is_(None))) or 0
    return 8 if live < LIVE_CASES_OF_8_DIGITS else 10


def free_number(session: Session, subject_id: str, phone: str | None, pin: str | None = None) -> str:
    """A number that no case has or had, and that is not a phone or id that someone might guess (R01).

    It does not begin with ``pin`` either: those digits at the PIN step would be the number entered again.
    """
    length = number_length(session)
    keyring = keyring_of(session)
    id_digits = "".join(filter(str.isdecimal, subject_id))
    while True:
        number = new_number(length)
        if number in id_digits or (phone is not None and phone.endswith(number)):
            continue
        if pin is not None and number.startswith(pin):
            continue
        taken = select(Case.id).where(Case.number_key == keyring.index("case", number))
        # Ten digits may be someone's full phone number in North America.
        is_phone = select(Phone.id).where(Phone.phone_key == keyring.index("phone", f"+1{number}"))
        if session.scalar(taken) is None and session.scalars(is_phone.limit(1)).first() is None:
            return number
