"""The demo's staff: invented people whose password and codes everyone may know. Refused in production."""

from datetime import datetime

from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.office import Office
from models import Staff
from models.staff.staff import add_person
from models.staff.staff_access import set_password
from models.staff.staff_totp import PURPOSE, SLACK, STEP_SECONDS, code_of, set_totp
from models.store.database import Database, keyring_of

#: E-mail, name, role, office phone, languages, on shift.
STAFF = (
    ("ana@office.example.org", "Ana Demo", "liaison", "+12025550170", ("en",), True),
    ("luis@office.example.org", "Luis Demo", "liaison", "+12025550171", ("en", "es"), True),
    ("ruth@office.example.org", "Ruth Demo", "supervisor", "+12025550172", ("en",), False),
    ("kim@office.example.org", "Kim Demo", "administrator", "+12025550173", ("en",), False),
)
#: The console password of all of them.
PASSWORD = "nobody real works here"  # noqa: S105 - it is meant to be known
TOTP_SECRET = "DEMOONLYDEMOONLYDEMOONLYDEMOONLY"  # noqa: S105


def add_missing_staff(database: Database, office: Office, actor: str, now: datetime) -> None:
    """Add missing people, and set up those who have not done it themselves; a changed password stays."""
    with database.reading() as session:
        there = dict(session.execute(select(Staff.email, Staff.password_is_one_time)).all())
    for email, name, role, phone, languages, on_shift in STAFF:
        if not there.get(email, True):
            continue
        hashed = PasswordHasher(parallelism=1).hash(PASSWORD)
        with database.transaction() as session:
            if email not in there:
                add_person(
                    session,
                    email=email,
                    name=name,
                    role=role,
                    phone=phone,
                    languages=[word for word in languages if word in office.languages]
                    or office.languages[:1],
                    on_shift=on_shift,
                    password_hash=hashed,
                    actor=actor,
                    now=now,
                )
            staff_id = session.scalars(select(Staff.id).where(Staff.email == email)).one()
            set_password(session, staff_id, hashed)
            set_totp(session, staff_id, TOTP_SECRET, 0)


def has_demo_authenticator(session: Session, staff_id: int) -> bool:
    """Whether this person's codes are the ones that everyone can compute."""
    sealed = session.scalar(select(Staff.totp_sealed).where(Staff.id == staff_id))
    return sealed is not None and keyring_of(session).unseal(PURPOSE, sealed) == TOTP_SECRET


def next_code(session: Session, email: str, now: datetime) -> str | None:
    """The code that signs a demo person in now, or None for anyone else."""
    person = session.scalars(select(Staff).where(Staff.email == email)).one_or_none()
    if person is None or not has_demo_authenticator(session, person.id):
        return None
    step = int(now.timestamp()) // STEP_SECONDS
    # A code works once, so a person who has just signed in gets the next one.
    ahead = min(max(0, (person.totp_step or 0) + 1 - step), SLACK)
    return code_of(TOTP_SECRET, datetime.fromtimestamp((step + ahead) * STEP_SECONDS, now.tzinfo))
