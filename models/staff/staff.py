"""Staff: liaisons, supervisors and administrators, their phones and shifts."""

import secrets
from collections.abc import Sequence
from datetime import datetime

from argon2 import PasswordHasher
from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.audit import audit
from models.staff.refusals import StaffRefusal
from models.store.base import Base, UtcDateTime
from models.store.database import keyring_of
from models.store.refusal import RefusedError

ROLES = ("liaison", "supervisor", "administrator")
#: Letters and digits that are hard to confuse when a password is read from paper.
_CLEAR = "23456789abcdefghjkmnpqrstuvwxyz"
_GROUPS, _GROUP = 4, 5
#: What a change of shift resets: missed offers count from it on, and nobody stays set away or spared.
FRESH: dict[str, object] = {
    "missed_offers": 0, "set_away_at": None, "wrap_up_until": None, "spared_until": None,
}  # fmt: skip


class StaffError(RefusedError):
    """A change of the staff list is refused; the message says why, without a number."""


class Staff(Base):
    """``busy_call_id`` is the leg that rings or has this person. Anyone on shift and not busy is free.

    ``resting_until`` ends a break after a hard call, which began at ``resting_since``; the sweeper clears
    it, and until then the line does not call them. Until ``on_staff_line_until`` their phone is in a call
    to the staff line and is not called; that ends with the call, or when its last menu is long over.
    Until ``wrap_up_until`` they are writing up a talk (models/staff/wrap_up.py). ``set_away_at`` is when
    the line ended their shift because they missed ``missed_offers`` in a row (models/staff/set_away.py).
    Until ``spared_until``, somebody who is not on shift is not called again for urgent work that they did
    not take. A staff number and its PIN open the staff line, and a code is entered to accept a call on a
    personal phone; ``new_hash`` is a new one of these between its two entries
    (models/calls/staff_secret.py).
    """

    __tablename__ = "staff"
    __table_args__ = (Index("uq_staff_number_key", "number_key", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name_sealed: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(16))
    phone_sealed: Mapped[str] = mapped_column(Text)
    phone_key: Mapped[str] = mapped_column(String(64))
    office_phone: Mapped[bool] = mapped_column(default=True)
    languages: Mapped[str] = mapped_column(String(100), default="en")
    password_hash: Mapped[str] = mapped_column(Text)
    password_is_one_time: Mapped[bool] = mapped_column(default=True)
    on_shift: Mapped[bool] = mapped_column(default=False)
    on_call: Mapped[bool] = mapped_column(default=False)
    away: Mapped[bool] = mapped_column(default=False)
    #: Whether the schedule had them on shift when it was last applied; None before the first time.
    scheduled_shift: Mapped[bool | None]
    shift_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_offered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    busy_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    busy_call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id", use_alter=True))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    number_sealed: Mapped[str | None] = mapped_column(Text)
    number_key: Mapped[str | None] = mapped_column(String(64))
    pin_hash: Mapped[str | None] = mapped_column(Text)
    code_hash: Mapped[str | None] = mapped_column(Text)
    new_hash: Mapped[str | None] = mapped_column(Text)
    #: The language in which they read the console; None means the browser's.
    interface_language: Mapped[str | None] = mapped_column(String(16))
    totp_sealed: Mapped[str | None] = mapped_column(Text)
    #: The time step of the last accepted code: no code of that step or an earlier one is accepted again.
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    resting_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resting_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    on_staff_line_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    missed_offers: Mapped[int] = mapped_column(default=0, server_default="0")
    set_away_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    spared_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    wrap_up_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    wrap_up_extended: Mapped[int] = mapped_column(default=0, server_default="0")
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def add_staff(
    session: Session,
    *,
    email: str,
    name: str,
    role: str,
    phone: str,
    languages: Sequence[str],
    on_shift: bool,
    actor: str,
    now: datetime,
    office_phone: bool = True,
) -> tuple[int, str]:
    """Add a person; returns their id and a one-time password, which is hashed here.

    This is for the command line and for tests. A console page hashes without an open transaction and then
    calls ``add_person``, which has the same arguments and errors.
    """
    password = new_password()
    password_hash = PasswordHasher().hash(password)
    person_id = add_person(
        session, email=email, name=name, role=role, phone=phone, languages=languages, on_shift=on_shift,
        password_hash=password_hash, actor=actor, now=now, office_phone=office_phone,
    )  # fmt: skip
    return person_id, password


def add_person(
    session: Session,
    *,
    email: str,
    name: str,
    role: str,
    phone: str,
    languages: Sequence[str],
    on_shift: bool,
    password_hash: str,
    actor: str,
    now: datetime,
    office_phone: bool = True,
) -> int:
    """Add a person with the hash of a one-time password; returns their id. ``phone`` is in E.164.

    Accepting a call requires a staff code on a personal phone, but not on an office phone (Legs). Raises
    StaffError when the e-mail is already on the list or the role is none of ROLES.
    """
    if role not in ROLES:
        raise StaffError(StaffRefusal.UNKNOWN_ROLE)
    email = email.lower()
    if session.scalar(select(Staff.id).where(Staff.email == email)) is not None:
        raise StaffError(StaffRefusal.KNOWN_EMAIL)
    keyring = keyring_of(session)
    person = Staff(
        email=email,
        name_sealed=keyring.seal("staff.name", name),
        role=role,
        phone_sealed=keyring.seal("staff.phone", phone),
        phone_key=keyring.index("phone", phone),
        office_phone=office_phone,
        languages=",".join(languages),
        password_hash=password_hash,
        on_shift=on_shift,
        shift_changed_at=now if on_shift else None,
        created_at=now,
    )
    session.add(person)
    session.flush()
    facts = {
        "role": role, "languages": list(languages), "on_shift": on_shift, "office_phone": office_phone,
    }  # fmt: skip
    audit.record(session, actor=actor, action="add_staff", target=f"staff:{person.id}", facts=facts, now=now)
    return person.id


def change_shift(session: Session, email: str, *, on_shift: bool, actor: str, now: datetime) -> None:
    """Begin or end a person's shift; a current call continues. Raises StaffError for an unknown e-mail.

    It applies until the next change in their schedule. If the shift already is as requested, nothing changes
    and no audit entry is written.
    """
    person_id = find_staff(session, email).id
    # A person who ends their shift has seen that they were set away.
    session.execute(update(Staff).where(Staff.id == person_id).values(set_away_at=None))
    changed = session.scalar(
        update(Staff)
        .where(Staff.id == person_id, Staff.on_shift.is_not(on_shift))
        .values(on_shift=on_shift, shift_changed_at=now, **FRESH)
        .returning(Staff.id)
    )
    if changed is None:
        return
    action = "begin_shift" if on_shift else "end_shift"
    audit.record(session, actor=actor, action=action, target=f"staff:{person_id}", now=now)


def find_staff(session: Session, email: str) -> Staff:
    """The person with this e-mail. Raises StaffError if nobody has it."""
    person = staff_by_email(session, email)
    if person is None:
        raise StaffError(StaffRefusal.UNKNOWN_EMAIL)
    return person


def staff_by_email(session: Session, email: str) -> Staff | None:
    """The person with this e-mail, in any letter case; None if nobody has it, or their account is closed."""
    theirs = select(Staff).where(Staff.email == email.strip().lower(), Staff.left_at.is_(None))
    return session.scalars(theirs).one_or_none()


def name_of(session: Session, staff_id: int) -> str:
    """A person's name. Raises StaffError if nobody has this id."""
    sealed = session.scalar(select(Staff.name_sealed).where(Staff.id == staff_id))
    if sealed is None:
        raise StaffError(StaffRefusal.UNKNOWN)
    return keyring_of(session).unseal("staff.name", sealed)


def choose_interface_language(session: Session, staff_id: int, language: str) -> None:
    """Show this person the console in this language from now on, wherever they sign in."""
    session.execute(update(Staff).where(Staff.id == staff_id).values(interface_language=language))


def count_on_shift(session: Session) -> int:
    """How many people the line may call, busy or not."""
    return session.scalar(select(func.count()).select_from(Staff).where(Staff.on_shift)) or 0


def everyone(session: Session) -> list[Staff]:
    """The staff list, in the order in which people were added."""
    return list(session.scalars(select(Staff).order_by(Staff.id)))


def new_password() -> str:
    """Twenty clear letters and digits in groups of five: 99 bits, easy to read aloud and to type."""
    groups = ("".join(secrets.choice(_CLEAR) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)
