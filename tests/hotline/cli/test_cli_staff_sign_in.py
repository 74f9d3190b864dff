"""`hotline staff unlock`, `reset` and `sign-in-code`: what an administrator with a shell does for someone."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hotline.cli import group
from hotline.demo_staff import PASSWORD, STAFF, TOTP_SECRET, next_code
from models import AuditEntry, SignInCounter, Staff
from models.staff.sign_in_counter import counter_key, reserve_try
from models.staff.staff import add_staff
from models.staff.staff_password import PasswordKdf
from models.staff.staff_totp import code_of, set_totp
from models.store.database import Database
from models.store.keyring import Keyring
from models.store.migrate import upgrade
from tests.conftest import FIELD_KEYS, SECRET_KEY
from tests.factories import make_policies

EMAIL = STAFF[0][0]
NOW = datetime(2026, 11, 25, 15, 0, tzinfo=UTC)


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """An installation in a folder of its own, with one person."""
    url = f"sqlite:///{tmp_path / 'hotline.db'}"
    for name, value in {
        "HOTLINE_DATA_DIR": str(tmp_path),
        "HOTLINE_DATABASE_URL": url,
        "HOTLINE_SECRET_KEY": SECRET_KEY.decode(),
        "HOTLINE_PIN_PEPPER": "the PIN pepper of the test suite, never of an installation",
        "HOTLINE_FIELD_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "TWILIO_AUTH_TOKEN": "the-token-of-the-test-suite",
    }.items():
        monkeypatch.setenv(name, value)
    database = Database(url, Keyring(FIELD_KEYS, SECRET_KEY))
    upgrade(database)
    with database.transaction() as session:
        add_staff(
            session, email=EMAIL, name="Ana Demo", role="liaison", phone="+12025550170", languages=["en"],
            on_shift=False, actor="test", now=NOW,
        )  # fmt: skip
    return database


def says(*arguments: str) -> Any:
    return CliRunner().invoke(group, ["staff", *arguments])


def test_lock_is_lifted_and_that_is_an_entry(installation: Database) -> None:
    with installation.transaction() as session:
        key = counter_key(session, "account", EMAIL)
        for _ in range(2):
            reserve_try(session, key, NOW, make_policies(sign_in_lock_after_failures=2))
    with installation.reading() as session:
        assert session.get(SignInCounter, key) is not None

    result = says("unlock", EMAIL.upper())

    assert (result.exit_code, result.output) == (0, "They can sign in again.\n")
    with installation.reading() as session:
        assert session.get(SignInCounter, key) is None
        assert list(session.query(AuditEntry.action).order_by(AuditEntry.id))[-1] == ("unlock_sign_in",)


def test_reset_prints_a_password_that_works_once(installation: Database) -> None:
    result = says("reset", EMAIL, "--json")

    password = json.loads(result.output)["one_time_password"]
    with installation.reading() as session:
        person = session.query(Staff).one()
        assert person.password_is_one_time
        assert person.totp_sealed is None
        assert PasswordKdf().matches(person.password_hash, password)


@pytest.mark.parametrize("command", ["unlock", "reset", "sign-in-code"])
def test_unknown_email_is_refused_in_one_sentence(installation: Database, command: str) -> None:
    result = says(command, "nobody@office.example.org")

    assert result.exit_code == 2
    assert result.stderr.startswith("EMAIL: No")


def test_code_of_a_demo_person_is_printed_and_never_one_that_was_used(installation: Database) -> None:
    with installation.transaction() as session:
        staff_id = session.query(Staff.id).scalar()
        set_totp(session, staff_id, TOTP_SECRET, 0)
    assert len(says("sign-in-code", EMAIL).output.strip()) == 6

    with installation.transaction() as session:
        step = int(NOW.timestamp()) // 30
        assert next_code(session, EMAIL, NOW) == code_of(TOTP_SECRET, NOW)
        set_totp(session, staff_id, TOTP_SECRET, step)
        session.expire_all()
        after = datetime.fromtimestamp((step + 1) * 30, UTC)
        assert next_code(session, EMAIL, NOW) == code_of(TOTP_SECRET, after)


def test_no_code_is_printed_for_someone_with_an_authenticator_of_their_own(installation: Database) -> None:
    with installation.transaction() as session:
        set_totp(session, session.query(Staff.id).scalar(), "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", 0)

    assert says("sign-in-code", EMAIL).exit_code == 2


def test_production_prints_no_code(installation: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "HOTLINE_ENV": "production",
        "HOTLINE_PUBLIC_URL": "https://line.example.org",
        "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    }.items():
        monkeypatch.setenv(name, value)

    result = says("sign-in-code", EMAIL)

    assert result.exit_code == 2
    assert "production" in result.stderr


def test_demo_password_is_strong_enough() -> None:
    from models.staff.staff_password import weakness

    assert weakness(PASSWORD, ["ana@office.example.org", "Ana Demo"]) is None
