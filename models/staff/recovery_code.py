"""Recovery codes of staff: ten, for when the phone with the authenticator is lost."""

import secrets
from datetime import datetime

from sqlalchemy import ForeignKey, String, delete, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base, UtcDateTime
from models.store.database import keyring_of

CODES = 10
#: Letters and digits that are hard to confuse on paper: two groups of five are 49 bits.
_CLEAR = "23456789abcdefghjkmnpqrstuvwxyz"
_GROUPS, _GROUP = 2, 5


class RecoveryCode(Base):
    """``code_key`` is a keyed hash; each code works once."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    code_key: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def issue_recovery_codes(session: Session, staff_id: int, now: datetime) -> list[str]:
    """Ten new codes that replace all old ones; they are readable only now."""
    forget_recovery_codes(session, staff_id)
    codes = [_new_code() for _ in range(CODES)]
    session.add_all(
        RecoveryCode(staff_id=staff_id, code_key=_key(session, staff_id, code), made_at=now) for code in codes
    )
    session.flush()
    return codes


def use_recovery_code(session: Session, staff_id: int, code: str, now: datetime) -> bool:
    """Whether this is one of their unused codes; it is now used. Case and spaces do not matter."""
    used = session.scalar(
        update(RecoveryCode)
        .where(RecoveryCode.code_key == _key(session, staff_id, code), RecoveryCode.used_at.is_(None))
        .values(used_at=now)
        .returning(RecoveryCode.id)
    )
    return used is not None


def recovery_codes_left(session: Session, staff_id: int) -> int:
    """How many of their codes are unused."""
    left = select(func.count()).where(RecoveryCode.staff_id == staff_id, RecoveryCode.used_at.is_(None))
    return session.scalar(left) or 0


def forget_recovery_codes(session: Session, staff_id: int) -> None:
    """Delete all of their codes."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))


def _new_code() -> str:
    return "-".join("".join(secrets.choice(_CLEAR) for _ in range(_GROUP)) for _ in range(_GROUPS))


def _key(session: Session, staff_id: int, code: str) -> str:
    plain = "".join(letter for letter in code.casefold() if letter.isalnum())
    return keyring_of(session).index("staff.recovery", f"{staff_id}\0{plain}")
