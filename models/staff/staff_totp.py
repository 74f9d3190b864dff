"""Codes of an authenticator app (TOTP, RFC 6238): each works once, up to one time step early or late."""

from datetime import datetime

import pyotp
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from models.staff.staff import Staff
from models.store.database import keyring_of

PURPOSE = "staff.totp"
STEP_SECONDS = 30
#: How many steps before and after the current one are accepted: clocks differ, and typing takes time.
SLACK = 1


def new_secret() -> str:
    """A secret of 160 bits in base32, for an authenticator and for `set_totp`."""
    return pyotp.random_base32()


def address_of(secret: str, email: str, issuer: str) -> str:
    """The ``otpauth://`` address that an authenticator reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)


def code_of(secret: str, now: datetime) -> str:
    """The code that an authenticator shows now."""
    return pyotp.TOTP(secret).at(now)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step of this code, within the slack; None for a wrong code. Spaces do not matter."""
    said = "".join(code.split())
    if not (said.isascii() and said.isdigit() and len(said) == 6):
        return None
    totp, step = pyotp.TOTP(secret), int(now.timestamp()) // STEP_SECONDS
    found = None
    for one in range(step - SLACK, step + SLACK + 1):
        # All are compared, so that the time it takes reveals nothing.
        if pyotp.utils.strings_equal(said, totp.generate_otp(one)):
            found = one
    return found


def set_totp(session: Session, staff_id: int, secret: str, step: int) -> None:
    """Put a person's authenticator into force; ``step`` is of the code that proved it, now used up."""
    sealed = keyring_of(session).seal(PURPOSE, secret)
    session.execute(update(Staff).where(Staff.id == staff_id).values(totp_sealed=sealed, totp_step=step))


def check_totp(session: Session, staff_id: int, code: str, now: datetime) -> bool:
    """Whether this is a code of their authenticator that was not used before; it is now used up.

    If two requests have the same code, only one gets in.
    """
    sealed = session.scalar(select(Staff.totp_sealed).where(Staff.id == staff_id))
    if sealed is None:
        return False
    step = step_of(keyring_of(session).unseal(PURPOSE, sealed), code, now)
    if step is None:
        return False
    used = session.scalar(
        update(Staff)
        .where(
            Staff.id == staff_id,
            Staff.totp_sealed == sealed,
            or_(Staff.totp_step.is_(None), Staff.totp_step < step),
        )
        .values(totp_step=step)
        .returning(Staff.id)
    )
    return used is not None
