"""Passkeys of staff: a browser or security key made each one for the console; we store its public half."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, delete, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.store.base import Base, UtcDateTime
from models.store.database import keyring_of

MOST_PASSKEYS = 10
#: The longest id that an authenticator may give (WebAuthn, 4), in base64url.
LONGEST_ID = 1400


class PasskeyError(ValueError):
    """A passkey cannot be added; the page does not say why."""


class Passkey(Base):
    """``credential_id`` is in base64url; ``sign_count`` is the last count from the authenticator.

    ``challenge_hash`` is the hash of the last challenge it answered, which cannot be used again.
    """

    __tablename__ = "passkeys"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    credential_id: Mapped[str] = mapped_column(String(LONGEST_ID), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger, default=0)
    challenge_hash: Mapped[str | None] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def user_handle(session: Session, staff_id: int) -> bytes:
    """The handle an authenticator stores for a person: 32 bytes that mean nothing to anyone else."""
    return bytes.fromhex(keyring_of(session).index("staff.passkey", str(staff_id)))


def passkeys_of(session: Session, staff_id: int) -> Sequence[Passkey]:
    """A person's passkeys, oldest first."""
    return session.scalars(select(Passkey).where(Passkey.staff_id == staff_id).order_by(Passkey.id)).all()


def find_passkey(session: Session, credential_id: str) -> Passkey | None:
    """The passkey with this id, or None."""
    return session.scalars(select(Passkey).where(Passkey.credential_id == credential_id)).one_or_none()


def add_passkey(
    session: Session,
    staff_id: int,
    *,
    credential_id: str,
    public_key: bytes,
    sign_count: int,
    name: str,
    now: datetime,
) -> None:
    """Add one. Raises PasskeyError when it already exists, or when the person has MOST_PASSKEYS."""
    if len(credential_id) > LONGEST_ID or find_passkey(session, credential_id) is not None:
        raise PasskeyError("This passkey is known already.")
    if len(passkeys_of(session, staff_id)) >= MOST_PASSKEYS:
        raise PasskeyError("No more passkeys can be added.")
    session.add(
        Passkey(
            staff_id=staff_id,
            credential_id=credential_id,
            public_key=public_key,
            sign_count=sign_count,
            name=name[:80],
            created_at=now,
        )
    )
    session.flush()


def use_passkey(session: Session, passkey_id: int, *, challenge: bytes, count: int, now: datetime) -> bool:
    """Record a sign-in with this passkey; False for a challenge that it has already answered."""
    hashed = hashlib.sha256(challenge).hexdigest()
    used = session.scalar(
        update(Passkey)
        .where(
            Passkey.id == passkey_id,
            or_(Passkey.challenge_hash.is_(None), Passkey.challenge_hash != hashed),
        )
        .values(sign_count=count, used_at=now, challenge_hash=hashed)
        .returning(Passkey.id)
    )
    return used is not None


def remove_passkey(session: Session, staff_id: int, passkey_id: int) -> bool:
    """Remove one of this person's; False when they have none with this id."""
    removed = session.scalar(
        delete(Passkey).where(Passkey.id == passkey_id, Passkey.staff_id == staff_id).returning(Passkey.id)
    )
    return removed is not None


def forget_passkeys(session: Session, staff_id: int) -> None:
    """Remove all passkeys of this person."""
    session.execute(delete(Passkey).where(Passkey.staff_id == staff_id))
