"""`hotline custody` and `hotline facility`: exit codes, JSON, one sentence for each error."""

import csv
import dataclasses
import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from hotline.cli import custody as custody_file
from hotline.cli import facility as facility_file
from hotline.cli import group
from hotline.cli.command.context import Installation
from models.audit import audit
from models.audit.audit import AuditEntry
from models.custody.custody import CustodyRecord
from models.custody.directory import Facility
from models.custody.imports import lock
from models.custody.imports.file import COLUMNS
from models.staff.two_people import ATTEMPT
from tests.factories import make_staff
from tests.models.custody.feed import feed_row, open_cases


@pytest.fixture
def hotline(monkeypatch, database, settings, office):
    """Runs `hotline …` on the test's database."""
    for module in (custody_file, facility_file):
        monkeypatch.setattr(module, "open_installation", lambda: Installation(settings, office, database))

    def run(*words):
        return CliRunner().invoke(group, [str(word) for word in words])

    return run


@pytest.fixture
def feed(tmp_path):
    """Writes a feed file, confirmed now."""

    def write(*rows, name="feed.csv"):
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write


def row(subject_id, **values):
    moment = datetime.now(UTC)
    return feed_row(subject_id, **{"as_of": moment, "status_at": moment - timedelta(days=2), **values})


def test_import_prints_exactly_what_the_surface_promises(hotline, feed, database):
    open_cases(database, "A-1")
    done = hotline("custody", "import", feed(row("A-1"), row("A-2"), row("A-3", as_of="soon")), "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {
        "rows": 3, "new": 1, "changed": 0, "unchanged": 0, "ignored": 1,
        "rejected": [{"line": 4, "field": "as_of", "reason": "is not an ISO 8601 time"}], "held": False,
    }  # fmt: skip


def test_person_at_the_terminal_reads_the_counts_and_the_first_faults(hotline, feed, database):
    open_cases(database, "A-1")
    done = hotline("custody", "import", feed(row("A-1", facility="X"), *[row("A-2", as_of="")] * 25))
    assert done.exit_code == 0
    assert "new        1" in done.stdout
    assert "line 3: as_of is missing" in done.stdout
    assert "and 5 more" in done.stdout
    assert done.stderr == "Rows with facilities that the directory lacks, which are not kept: 1.\n"


def test_dry_run_says_that_nothing_was_written(hotline, feed, database):
    open_cases(database, "A-1")
    done = hotline("custody", "import", feed(row("A-1")), "--dry-run")

    assert (done.exit_code, done.stderr) == (0, "This was a dry run: nothing was written.\n")
    assert "new        1" in done.stdout
    with database.reading() as session:
        assert session.scalars(select(CustodyRecord.id)).all() == []


def test_unknown_status_is_one_sentence_and_not_a_log_line_as_well(hotline, feed, database, caplog):
    open_cases(database, "A-1")
    done = hotline("custody", "import", feed(row("A-1", status="paroled")))

    assert done.stderr == "Rows with a status outside the vocabulary, which is taken as unknown: 1.\n"
    assert "custody.unmapped_status" not in caplog.text


def test_strict_exits_2_with_one_sentence_that_names_line_and_field(hotline, feed, database):
    open_cases(database, "A-1")
    done = hotline("custody", "import", feed(row("A-1"), row("A-2", as_of="")), "--strict", "--json")
    assert done.exit_code == 2
    assert done.stderr == (
        "feed.csv: line 3: as_of is missing; nothing landed, since 1 rows were rejected under --strict.\n"
    )
    assert json.loads(done.stdout)["rejected"][0]["line"] == 3
    with database.reading() as session:
        assert session.scalars(select(CustodyRecord.id)).all() == []


def test_unreadable_file_exits_2_with_one_sentence(hotline, tmp_path):
    missing = hotline("custody", "import", tmp_path / "none.csv")
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert missing.stderr == "none.csv: The file cannot be read: No such file or directory.\n"
    folder = hotline("custody", "import", tmp_path)
    assert folder.exit_code == 2
    (tmp_path / "odd.csv").write_text("subject_id,status,race\n")
    odd = hotline("custody", "import", tmp_path / "odd.csv", "--dry-run")
    assert (odd.exit_code, odd.stderr) == (2, "odd.csv: Line 1: the column status_at is missing.\n")


def test_second_import_at_once_says_so_and_exits_1(hotline, feed, database, monkeypatch):
    monkeypatch.setattr(lock, "WAIT_SECONDS", 0.0)
    open_cases(database, "A-1")
    with lock.import_lock(database):
        done = hotline("custody", "import", feed(row("A-1")))
    assert done.exit_code == 1
    assert done.stderr == "Another custody import is running. Try again when it has ended.\n"


def test_held_import_exits_0_is_listed_and_is_released_by_two(hotline, feed, database):
    open_cases(database, *(f"A-{n}" for n in range(11)))
    hotline("custody", "import", feed(*(row(f"A-{n}") for n in range(11))))
    with database.transaction() as session:
        make_staff(session, "ana@office.example.org")
        make_staff(session, "ben@office.example.org")
    assert hotline("custody", "held").stdout == "Nothing is held.\n"

    done = hotline(
        "custody", "import", feed(*(row(f"A-{n}", status="released") for n in range(11))), "--json"
    )
    assert (done.exit_code, json.loads(done.stdout)["held"]) == (0, True)

    (entry,) = json.loads(hotline("custody", "held", "--json").stdout)
    assert (entry["changed"], entry["people"]) == (11, 11)
    assert entry["reasons"] == [{"code": "status_changes", "count": 11, "limit": 10}]
    assert "status_changes 11 (at most 10)" in hotline("custody", "held").stdout

    number = entry["import"]
    alone = hotline(
        "custody", "release", number, "--by", "ana@office.example.org", "--and", "ana@office.example.org"
    )
    assert (alone.exit_code, alone.stderr) == (2, "--and: two different people must release an import.\n")
    both = hotline(
        "custody", "release", number, "--by", "ana@office.example.org", "--and", "ben@office.example.org",
        "--json",
    )  # fmt: skip
    assert json.loads(both.stdout) == {"import": number, "landed": 11, "dropped": 0}
    again = hotline("custody", "reject", number, "--by", "ana@office.example.org")
    assert (again.exit_code, again.stderr) == (2, f"IMPORT: there is no held import {number}.\n")


def test_held_import_is_not_released_by_two_tied_accounts(hotline, feed, database):
    open_cases(database, "A-1")
    with database.transaction() as session:
        make_staff(session, "ana@office.example.org", role="administrator")
        ben = make_staff(session, "ben@office.example.org", role="supervisor").id
        audit.record(
            session, actor="ana@office.example.org", action="add_staff", target=f"staff:{ben}",
            now=datetime.now(UTC),
        )  # fmt: skip
    hotline("custody", "import", feed(row("A-1", as_of=datetime.now(UTC) + timedelta(hours=1))))
    (entry,) = json.loads(hotline("custody", "held", "--json").stdout)

    done = hotline(
        "custody", "release", entry["import"], "--by", "ana@office.example.org",
        "--and", "ben@office.example.org",
    )  # fmt: skip

    assert (done.exit_code, done.stderr.startswith("--and: one of the two was added")) == (2, True)
    assert json.loads(hotline("custody", "held", "--json").stdout) == [entry]
    with database.reading() as session:
        tried = session.scalars(select(AuditEntry.target).where(AuditEntry.action == ATTEMPT)).all()
    assert tried == [f"import:{entry['import']}"]


PAIR = ("--by", "ana@office.example.org", "--and", "ben@office.example.org")


@pytest.fixture
def hotline_in_production(monkeypatch, database, settings, office):
    """Runs `hotline …` on the test's database, in production."""
    production = dataclasses.replace(settings, env="production")
    monkeypatch.setattr(custody_file, "open_installation", lambda: Installation(production, office, database))
    return lambda *words: CliRunner().invoke(group, [str(word) for word in words])


def test_plain_file_takes_two_people_in_production(hotline_in_production, feed, database):
    """A manifest vouches for a batch of the sender; nobody but people vouches for a plain file."""
    open_cases(database, "A-1")
    with database.transaction() as session:
        make_staff(session, "ana@office.example.org", role="administrator")
        make_staff(session, "ben@office.example.org", role="supervisor")
    file = feed(row("A-1"))

    for words in ((), PAIR[:2], PAIR[2:]):
        alone = hotline_in_production("custody", "import", file, *words)
        assert (alone.exit_code, alone.stdout) == (2, "")
        assert alone.stderr == "--by and --and: two people must vouch for a file that has no manifest.\n"
    same = hotline_in_production("custody", "import", file, *PAIR[:3], PAIR[1])
    assert (same.exit_code, same.stderr) == (2, "--and: two different people must vouch for a file.\n")
    with database.reading() as session:
        assert session.scalars(select(CustodyRecord.id)).all() == []
    assert hotline_in_production("custody", "import", file, "--dry-run").exit_code == 0

    done = hotline_in_production("custody", "import", file, *PAIR, "--json")

    assert json.loads(done.stdout)["new"] == 1
    with database.reading() as session:
        who = session.scalars(select(AuditEntry.actor).where(AuditEntry.action == "vouch_import")).all()
        assert sorted(who) == ["ana@office.example.org", "ben@office.example.org"]


def test_two_tied_accounts_vouch_for_no_plain_file(hotline_in_production, feed, database):
    open_cases(database, "A-1")
    with database.transaction() as session:
        make_staff(session, "ana@office.example.org", role="administrator")
        ben = make_staff(session, "ben@office.example.org", role="supervisor").id
        audit.record(
            session, actor="ana@office.example.org", action="add_staff", target=f"staff:{ben}",
            now=datetime.now(UTC),
        )  # fmt: skip

    done = hotline_in_production("custody", "import", feed(row("A-1")), *PAIR)

    assert (done.exit_code, done.stderr.startswith("--and: one of the two was added")) == (2, True)
    with database.reading() as session:
        assert session.scalars(select(CustodyRecord.id)).all() == []
        assert session.scalars(select(AuditEntry.target).where(AuditEntry.action == ATTEMPT)).all() == [
            "feed"
        ]


def test_held_import_is_rejected_by_one(hotline, feed, database):
    open_cases(database, "A-1")
    with database.transaction() as session:
        make_staff(session, "ana@office.example.org")
    future = row("A-1", as_of=datetime.now(UTC) + timedelta(hours=1))
    hotline("custody", "import", feed(future))
    (entry,) = json.loads(hotline("custody", "held", "--json").stdout)
    done = hotline("custody", "reject", entry["import"], "--by", "ana@office.example.org", "--json")
    assert json.loads(done.stdout) == {"import": entry["import"], "rejected": True}
    assert json.loads(hotline("custody", "held", "--json").stdout) == []


@pytest.mark.parametrize("command", [("release", "--and", "ben@office.example.org"), ("reject",)])
def test_number_that_no_import_can_have_is_bad_input_and_no_fault(hotline, command):
    what, *also = command
    for number in ("2147483648", "99999999999999999999"):
        refused = hotline("custody", what, number, "--by", "ana@office.example.org", *also)

        assert (refused.exit_code, refused.stdout) == (2, "")
        assert "Invalid value for 'IMPORT': " in refused.stderr


def test_facility_is_added_and_the_same_name_again_updates_its_phone(hotline, database):
    first = json.loads(hotline("facility", "add", "Stewart", "--phone", "+12025550123", "--json").stdout)
    again = json.loads(hotline("facility", "add", " STEWART", "--phone", "+1 202 555 0124", "--json").stdout)
    assert again == {"id": first["id"], "added": False}
    with database.reading() as session:
        (entry,) = session.execute(select(Facility.name, Facility.phone)).all()
        assert tuple(entry) == ("STEWART", "+12025550124")
        told = session.execute(select(AuditEntry.action, AuditEntry.target).order_by(AuditEntry.id)).all()
        assert [tuple(t) for t in told] == [
            ("add_facility", f"facility:{first['id']}"), ("update_facility", f"facility:{first['id']}"),
        ]  # fmt: skip


@pytest.mark.parametrize("phone", ["911", "5550123", "+1", "stewart", ""])
def test_facility_needs_a_phone_that_can_be_called(hotline, phone):
    done = hotline("facility", "add", "Stewart", "--phone", phone)
    assert done.exit_code == 2
    assert done.stderr == "--phone is not a phone number in E.164, such as +12025550123.\n"
