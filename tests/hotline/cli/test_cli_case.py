"""`hotline case` as an administrator uses it: what it prints, what it refuses, and how it exits."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from config.settings import Settings
from hotline.cli import group
from models import AuditEntry, Callback, Case, Phone, Staff
from models.audit import audit
from models.cases.case import check_digit_is_right, new_number
from models.cases.pin_hash import PinHasher
from models.staff.two_people import ATTEMPT
from models.store.database import Database
from tests.factories import make_callback, make_case, make_staff

Hotline = Callable[..., Result]
ADD = ("case", "add", "--subject-id", "A-1", "--subject-name", "Ivo Invented")


@pytest.fixture
def hotline(environ: dict[str, str]) -> Hotline:
    """Run one command of the command line on the test's database."""
    return lambda *args: CliRunner().invoke(group, list(args), env=environ)


def _refused(result: Result, *words: str) -> bool:
    """Whether it exits 2 with one sentence on stderr that has these words, and prints nothing."""
    lines = result.stderr.strip().splitlines()
    assert (result.exit_code, result.stdout, len(lines)) == (2, "", 1), result.output
    return all(word in lines[0] for word in words)


def test_added_case_prints_its_number_and_a_pin_that_opens_it(
    hotline: Hotline, settings: Settings, database: Database
) -> None:
    result = hotline(
        *ADD, "--language", "es", "--phone", "+12025550123", "--time-zone", "America/Chicago", "--json"
    )

    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert list(document) == ["case_number", "pin"]
    assert check_digit_is_right(document["case_number"])
    with database.reading() as session:
        case = session.scalars(select(Case)).one()
        assert PinHasher(settings.pin_pepper).matches(case.pin_hash, document["pin"])
        assert (case.registrant.language, case.registrant.time_zone) == ("es", "America/Chicago")


def test_case_without_options_has_the_offices_language_and_time_zone_and_no_phone(
    hotline: Hotline, database: Database
) -> None:
    result = hotline(*ADD)

    assert result.exit_code == 0, result.output
    assert "Case number" in result.stdout
    with database.reading() as session:
        case = session.scalars(select(Case)).one()
        assert (case.registrant.language, case.registrant.time_zone) == ("en", "America/New_York")
        assert session.scalars(select(Phone)).all() == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--language", "fr"),
        ("--language", ""),
        ("--phone", "5550177"),
        ("--phone", "+1900555"),
        ("--phone", "+19005550123"),
        ("--phone", "+18005550123"),
        ("--phone", "+442079460123"),
        ("--phone", "+12025550100"),
        ("--phone", "nobody"),
        ("--phone", "+12025550123 ext. 45"),
        ("--phone", ""),
        ("--time-zone", "Mars/Olympus"),
        ("--time-zone", ""),
        ("--time-zone", "Europe"),
        ("--time-zone", "../../etc/passwd"),
        ("--time-zone", "\0"),
        ("--subject-id", " "),
        ("--subject-id", "x" * 101),
        ("--subject-id", "a\nb"),
        ("--subject-name", ""),
        ("--subject-name", "\u200e\ud800"),
    ],
)
def test_wrong_field_is_named_without_what_was_typed(
    hotline: Hotline, database: Database, option: str, value: str
) -> None:
    result = hotline(*ADD, option, value)

    assert _refused(result, option)
    assert len(value) < 5 or value not in result.stderr
    with database.reading() as session:
        assert session.scalars(select(Case)).all() == []


def test_new_pin_is_printed_once_and_replaces_the_old(
    hotline: Hotline, settings: Settings, database: Database
) -> None:
    first = json.loads(hotline(*ADD, "--json").stdout)

    result = hotline("case", "rotate-pin", first["case_number"], "--json")

    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    second = json.loads(result.stdout)
    assert second["case_number"] == first["case_number"]
    hasher = PinHasher(settings.pin_pepper)
    with database.reading() as session:
        stored = session.scalars(select(Case.pin_hash)).one()
    assert hasher.matches(stored, second["pin"])
    assert not hasher.matches(stored, first["pin"])


def test_closed_case_stays_closed_and_its_callback_is_kept(hotline: Hotline, database: Database) -> None:
    with database.transaction() as session:
        case = make_case(session)
        callback = make_callback(session, case).id

    assert json.loads(hotline("case", "close", case.number, "--json").stdout) == {"closed": True}

    with database.reading() as session:
        closed_at = session.get_one(Case, case.id).closed_at
        assert closed_at is not None
        assert timedelta(0) <= datetime.now(UTC) - closed_at < timedelta(minutes=5)
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "close_case")).one()
        assert entry.actor == "command line"
        assert session.get_one(Callback, callback).state == "requested"
    assert _refused(hotline("case", "close", case.number), "closed")
    rotated = hotline("case", "rotate-pin", case.number, "--json")
    assert json.loads(rotated.stdout)["pin"] != case.pin
    assert rotated.stderr.startswith("This case is closed: with its PIN the line tells no status.")


@pytest.mark.parametrize("command", ["rotate-pin", "close"])
def test_unknown_number_is_refused_without_being_repeated(hotline: Hotline, command: str) -> None:
    number = new_number()

    result = hotline("case", command, number)

    assert _refused(result, "No case")
    assert number not in result.output


@pytest.mark.parametrize("command", ["rotate-pin", "close"])
@pytest.mark.parametrize("number", ["1234", "12345678", "02345678", "A1234567", "1234567890123", ""])
def test_mistyped_number_is_told_apart_from_an_unknown_one(
    hotline: Hotline, command: str, number: str
) -> None:
    assert _refused(hotline("case", command, number), "NUMBER", "check digit")


@pytest.fixture
def two_people(database: Database) -> tuple[str, str]:
    with database.transaction() as session:
        for email in ("lea@office.example.org", "sam@office.example.org"):
            make_staff(session, email)
    return "lea@office.example.org", "sam@office.example.org"


def test_lost_pin_is_replaced_by_two_people_and_every_safe_phone_is_told(
    hotline: Hotline, settings: Settings, database: Database, two_people: tuple[str, str]
) -> None:
    with database.transaction() as session:
        case = make_case(session, phone="+12025550123")
    by, and_by = two_people

    result = hotline(
        "case", "lost-pin", case.number, "--evidence", "met_in_person", "--by", by, "--and", and_by, "--json"
    )

    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["phones_told"] == 1
    assert case.number not in result.output
    with database.reading() as session:
        row = session.get_one(Case, case.id)
        assert PinHasher(settings.pin_pepper).matches(row.pin_hash, document["pin"])
        assert row.changes_held_until is not None
        assert row.changes_held_until - row.pin_issued_at == timedelta(hours=72)
        told = session.scalars(select(Callback)).one()
        assert (told.reason, told.state, told.case_id) == ("pin_changed", "requested", None)
        replaced = select(AuditEntry).where(AuditEntry.action == "replace_lost_pin").order_by(AuditEntry.id)
        entries = session.scalars(replaced).all()
        assert [entry.actor for entry in entries] == [by, and_by]
        assert entries[0].facts == {"evidence": "met_in_person", "phones_told": 1}


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"--evidence": "sounded_right"}, "--evidence"),
        ({"--evidence": "rang_confirmed_phone"}, "no confirmed, safe phone"),
        ({"--by": "nobody@office.example.org"}, "--by"),
        ({"--and": "nobody@office.example.org"}, "--and"),
        ({"--and": "lea@office.example.org"}, "second person"),
    ],
)
def test_lost_pin_is_not_replaced_on_one_word_or_without_evidence(
    hotline: Hotline, database: Database, two_people: tuple[str, str], changes: dict[str, str], word: str
) -> None:
    with database.transaction() as session:
        case = make_case(session)
    options = {"--evidence": "met_in_person", "--by": two_people[0], "--and": two_people[1], **changes}

    result = hotline("case", "lost-pin", case.number, *(part for pair in options.items() for part in pair))

    assert _refused(result, word)
    with database.reading() as session:
        assert session.scalars(select(Callback)).all() == []
        assert session.get_one(Case, case.id).changes_held_until is None


def test_lost_pin_is_not_replaced_by_two_tied_accounts(
    hotline: Hotline, database: Database, two_people: tuple[str, str]
) -> None:
    with database.transaction() as session:
        case = make_case(session, phone="+12025550123")
        sam = session.scalars(select(Staff.id).where(Staff.email == two_people[1])).one()
        audit.record(
            session, actor=two_people[0], action="reset_sign_in", target=f"staff:{sam}", now=datetime.now(UTC)
        )

    result = hotline(
        "case", "lost-pin", case.number, "--evidence", "met_in_person", "--by", two_people[0], "--and",
        two_people[1],
    )  # fmt: skip

    assert _refused(result, "--and: one of the two was added, reset")
    with database.reading() as session:
        assert session.get_one(Case, case.id).changes_held_until is None
        tried = select(AuditEntry.target).where(AuditEntry.action == ATTEMPT)
        assert session.scalars(tried).all() == [f"case:{case.id}"]


def test_pin_for_a_letter_is_one_time_and_dies_in_21_days(hotline: Hotline, database: Database) -> None:
    with database.transaction() as session:
        case = make_case(session)

    result = hotline("case", "rotate-pin", case.number, "--one-time", "--json")

    assert result.exit_code == 0, result.output
    with database.reading() as session:
        row = session.get_one(Case, case.id)
        assert row.pin_kind == "one_time"
        assert row.pin_expires_at is not None
        assert row.pin_expires_at - row.pin_issued_at == timedelta(days=21)


def test_supervisor_alone_lifts_the_total_of_wrong_tries(hotline: Hotline, database: Database) -> None:
    with database.transaction() as session:
        case = make_case(session)
        make_staff(session, "ruth@office.example.org", role="supervisor")
        make_staff(session, "ana@office.example.org", role="liaison")

    for nobody in ("ana@office.example.org", "nobody@office.example.org"):
        assert _refused(hotline("case", "lift-total", case.number, "--by", nobody), "--by", "supervisor")
    result = hotline("case", "lift-total", case.number, "--by", "ruth@office.example.org", "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"tries_lifted": 0}
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "lift_total")).one()
        assert entry.actor == "ruth@office.example.org"
