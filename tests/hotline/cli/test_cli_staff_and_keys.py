"""`hotline staff` and `hotline keys` as an administrator uses them."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from hotline.cli import group
from models import AuditEntry, Staff, Subject
from models.calls.staff_number import for_main_line
from models.store import rotation
from models.store.database import Database
from models.store.heartbeat import Heartbeat, Pulse
from models.store.keyring import Keyring
from tests.conftest import ON_BOTH, SECRET_KEY
from tests.factories import NOW, make_call, make_subject

Hotline = Callable[..., Result]
NEW_KEY = ("k2", bytes(range(64, 96)))
ADD = ("staff", "add", "lea@office.example.org", "--name", "Lea Invented", "--role", "liaison")
PHONE = ("--phone", "+12025550150")


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """With a new field key, listed before the suite's."""
    name, key = NEW_KEY
    listed = f"{name}:{base64.b64encode(key).decode()},{environ['HOTLINE_FIELD_KEYS']}"
    return {**environ, "HOTLINE_FIELD_KEYS": listed}


@pytest.fixture
def hotline(environ: dict[str, str]) -> Hotline:
    """Run one command on the test's database; a new field key is listed before the suite's."""
    return lambda *args: CliRunner().invoke(group, list(args), env=environ)


def test_added_person_has_an_id_and_a_password_that_is_printed_once(
    hotline: Hotline, database: Database
) -> None:
    result = hotline(*ADD, *PHONE, "--languages", "en,es", "--on-shift", "--json")

    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert list(document) == ["id", "one_time_password"]
    with database.reading() as session:
        person = session.get_one(Staff, document["id"])
        assert PasswordHasher().verify(person.password_hash, document["one_time_password"])
        assert (person.email, person.languages, person.on_shift) == ("lea@office.example.org", "en,es", True)


def test_list_tells_who_may_be_rung_and_has_no_name_and_no_number(hotline: Hotline) -> None:
    hotline(*ADD, *PHONE, "--languages", "en,es", "--on-shift")
    hotline(
        "staff", "add", "max@office.example.org", "--name", "Max Invented", "--role", "supervisor", *PHONE
    )

    as_text, as_json = hotline("staff", "list"), hotline("staff", "list", "--json")

    assert [(one["email"], one["role"], one["on_shift"]) for one in json.loads(as_json.stdout)] == [
        ("lea@office.example.org", "liaison", True),
        ("max@office.example.org", "supervisor", False),
    ]
    assert "off shift" in as_text.output
    for told in (as_text.output, as_json.output):
        assert "Invented" not in told
        assert "555" not in told


def test_list_tells_who_is_on_a_break_after_a_hard_call(hotline: Hotline, database: Database) -> None:
    hotline(*ADD, *PHONE, "--on-shift")
    with database.transaction() as session:
        session.scalars(select(Staff)).one().resting_until = NOW + timedelta(minutes=10)

    assert "on shift, on a break" in hotline("staff", "list").output
    assert json.loads(hotline("staff", "list", "--json").stdout)[0]["resting"] is True


def test_list_tells_a_phone_that_rings_from_a_call(hotline: Hotline, database: Database) -> None:
    hotline(*ADD, *PHONE, "--on-shift")
    for accepted_at, does in ((None, "on shift, phone rings"), (NOW, "on shift, in a call")):
        with database.transaction() as session:
            leg = make_call(session, direction="outbound", accepted_at=accepted_at)
            session.scalars(select(Staff)).one().busy_call_id = leg.id

        assert does in hotline("staff", "list").output


def test_shift_is_started_and_ended(hotline: Hotline, database: Database) -> None:
    hotline(*ADD, *PHONE)

    for command, expected in (("on-shift", True), ("off-shift", False)):
        assert hotline("staff", command, "lea@office.example.org").exit_code == 0
        with database.reading() as session:
            assert session.scalars(select(Staff.on_shift)).one() is expected


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((*ADD, "--phone", "+19005550150"), "--phone"),
        ((*ADD, *PHONE, "--languages", "en,fr"), "--languages"),
        ((*ADD, *PHONE, "--languages", ","), "--languages"),
        ((*ADD, *PHONE, "--languages", ""), "--languages"),
        ((*ADD, *PHONE, "--name", " "), "--name"),
        (("staff", "add", "lea", *ADD[3:], *PHONE), "EMAIL"),
        (("staff", "on-shift", "nobody@office.example.org"), "EMAIL"),
        (("staff", "off-shift", "nobody"), "EMAIL"),
    ],
)
def test_wrong_field_is_named_in_one_sentence(
    hotline: Hotline, database: Database, arguments: tuple[str, ...], field: str
) -> None:
    result = hotline(*arguments)

    assert (result.exit_code, result.stdout) == (2, ""), result.output
    assert result.stderr.startswith(field)
    assert len(result.stderr.splitlines()) == 1
    with database.reading() as session:
        assert session.scalars(select(Staff)).all() == []


def test_second_person_under_one_email_is_refused(hotline: Hotline) -> None:
    hotline(*ADD, *PHONE)

    result = hotline(*ADD, *PHONE)

    assert result.exit_code == 2
    assert "EMAIL" in result.stderr
    assert "already" in result.stderr


def _fill(database: Database) -> None:
    with database.transaction() as session:
        for _ in range(5):
            make_subject(session)


def test_all_values_are_under_the_new_key_after_a_rotation(hotline: Hotline, database: Database) -> None:
    _fill(database)

    result = hotline("keys", "rotate", "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"moved": 10, "remaining": 0}
    new = Keyring([NEW_KEY], SECRET_KEY)
    with database.reading() as session:
        for sealed in session.scalars(select(Subject.feed_id_sealed)):
            assert new.unseal("subject.feed_id", sealed)
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.facts) == ("rotate_keys", {"moved": 10, "remaining": 0})


def test_nothing_is_sealed_anew_while_a_process_runs_that_has_another_first_key(
    hotline: Hotline, database: Database
) -> None:
    """Such a process reads no name and no phone that was sealed anew: its calls would end in an apology."""
    _fill(database)
    now = datetime.now(UTC)
    with database.transaction() as session:
        Pulse("worker").beat(session, now - timedelta(seconds=40))
        Pulse("web").beat(session, now)

    refused = hotline("keys", "rotate", "--json")

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == (
        "HOTLINE_FIELD_KEYS: a process of web has another first key than k2: restart every process with "
        "these keys, and wait half a minute.\n"
    )
    with database.reading() as session:
        assert session.scalars(select(AuditEntry)).all() == []
        assert rotation.count_remaining(session) == 0

    with database.transaction() as session:
        session.execute(update(Heartbeat).where(Heartbeat.role == "web").values(field_key="k2"))
    assert json.loads(hotline("keys", "rotate", "--json").stdout) == {"moved": 10, "remaining": 0}


def test_interrupted_rotation_says_how_many_remain_and_the_next_one_goes_on(
    hotline: Hotline, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(database)
    write = rotation._write

    def write_and_be_interrupted(*args: object) -> int:
        write(*args)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(rotation, "_write", write_and_be_interrupted)
        stopped = hotline("keys", "rotate")

    assert stopped.exit_code == 1
    assert "5 values remain" in stopped.stderr
    assert json.loads(hotline("keys", "rotate", "--json").stdout) == {"moved": 5, "remaining": 0}


def test_value_that_no_key_opens_is_reported_and_exits_as_a_fault(
    hotline: Hotline, database: Database
) -> None:
    with database.transaction() as session:
        make_subject(session).feed_id_sealed = "gone.AAAA"

    result = hotline("keys", "rotate", "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"moved": 1, "remaining": 1}
    assert "HOTLINE_FIELD_KEYS" in result.stderr


def test_staff_pin_and_code_are_shown_once_and_the_number_stays(hotline: Hotline, database: Database) -> None:
    hotline(*ADD, *PHONE, "--personal")
    first = json.loads(hotline("staff", "pin", "lea@office.example.org", "--json").stdout)
    second = json.loads(hotline("staff", "pin", "Lea@office.example.org", "--json").stdout)
    code = json.loads(hotline("staff", "code", "lea@office.example.org", "--json").stdout)["code"]

    assert first["staff_number"] == second["staff_number"]
    assert first["main_line_number"] == for_main_line(first["staff_number"])
    assert first["pin"] != second["pin"]
    assert (len(first["staff_number"]), len(first["pin"]), len(code)) == (5, 6, 5)
    with database.reading() as session:
        person = session.scalars(select(Staff)).one()
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        session.expunge_all()
    assert not person.office_phone
    assert "$argon2id$" in (person.pin_hash or "")
    assert "$argon2id$" in (person.code_hash or "")
    assert [entry.action for entry in entries][1:] == [
        "issue_staff_pin",
        "issue_staff_pin",
        "issue_staff_code",
    ]
    for entry in entries:
        assert first["pin"] not in str(entry.facts)
        assert code not in str(entry.facts)


@pytest.mark.parametrize("what", ["pin", "code"])
def test_pin_or_code_for_an_unknown_e_mail_is_refused(hotline: Hotline, what: str) -> None:
    result = hotline("staff", what, "nobody@office.example.org")

    assert result.exit_code == 2
    assert "No one on the staff list has this e-mail." in result.stderr


@ON_BOTH
def test_changed_pepper_is_refused_until_it_is_accepted(
    hotline: Hotline, database: Database, environ: dict[str, str]
) -> None:
    def with_pepper(pepper: str, *args: str) -> Result:
        return CliRunner().invoke(group, list(args), env={**environ, "HOTLINE_PIN_PEPPER": pepper})

    assert hotline("staff", "list").exit_code == 0
    refused = with_pepper("o" * 32, "staff", "list")
    accepted = with_pepper("o" * 32, "keys", "accept-pepper", "--json")

    assert refused.exit_code == 2
    assert refused.stderr == (
        "HOTLINE_PIN_PEPPER is not the key with which this database has been used, by this or another "
        "machine: no PIN would open; after a change on purpose run `hotline keys accept-pepper`.\n"
    )
    assert json.loads(accepted.stdout) == {"changed": True}
    assert with_pepper("o" * 32, "staff", "list").exit_code == 0
    assert hotline("staff", "list").exit_code == 2
    assert json.loads(with_pepper("o" * 32, "keys", "accept-pepper", "--json").stdout) == {"changed": False}
    with database.reading() as session:
        assert session.scalars(select(AuditEntry.action)).all() == ["accept_pepper"]
