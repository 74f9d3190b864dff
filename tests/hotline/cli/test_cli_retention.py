"""`hotline purge` and `hotline hold`: what they print, what they refuse, and what they leave alone."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from config.settings import Settings
from hotline.cli.command.context import Installation
from hotline.cli.retention import hold as hold_module
from hotline.cli.retention import purge as purge_module
from models import AuditEntry, Call, CarrierRecord, LegalHold
from models.audit import audit
from models.calls.pacing import close_breaker, open_breaker
from models.overview.audit_watch import watch
from models.retention.carrier_record import note_records, record_refused
from models.store.database import Database
from tests.conftest import ON_BOTH
from tests.factories import make_call, make_case, make_office, make_policies, make_staff
from workers.carrier import Carrier

FIRST, SECOND, LIAISON = "s@office.example.org", "a@office.example.org", "l@office.example.org"


@pytest.fixture
def hotline(database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs one command on the suite's database; the carrier of its settings cannot be reached."""
    installation = Installation(settings, make_office(), database)
    commands = {"purge": purge_module.purge, "hold": hold_module.hold}
    for module in (purge_module, hold_module):
        monkeypatch.setattr(module, "open_installation", lambda: installation)
    return lambda name, *args: CliRunner().invoke(commands[name], args)


@pytest.fixture
def number(database: Database) -> str:
    """The number of a case with an old call, in an office with two people who may hold it."""
    old = datetime.now(UTC) - timedelta(days=100)
    with database.transaction() as session:
        make_staff(session, FIRST, role="supervisor", on_shift=False)
        make_staff(session, SECOND, role="administrator", on_shift=False)
        make_staff(session, LIAISON)
        case = make_case(session)
        make_call(session, "CA" + "1" * 32, case_id=case.id, started_at=old, ended_at=old)
        return case.number


def _said(result: Result, exit_code: int = 0) -> Any:
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


@pytest.fixture
def at_carrier(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A carrier that deletes what it is asked to, and lists nothing else: the records that it deleted."""
    deleted: list[str] = []
    monkeypatch.setattr(Carrier, "delete_record", lambda _self, _kind, sid: deleted.append(sid))
    monkeypatch.setattr(Carrier, "records_before", lambda *_: iter(()))
    return deleted


def _calls(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(Call)) or 0


def _add(
    hotline: Any, *args: str, by: str = FIRST, and_by: str = SECOND, reason: str = "litigation"
) -> Result:
    result: Result = hotline("hold", "add", *args, "--reason", reason, "--by", by, "--and", and_by, "--json")
    return result


def test_dry_run_says_what_would_go(hotline: Any, database: Database, number: str) -> None:
    document = _said(hotline("purge", "--dry-run", "--json"))

    assert (document["dry_run"], document["rows"], document["carrier_records"]) == (True, {"calls": 1}, 1)
    assert number not in str(document)
    assert _calls(database) == 1
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(CarrierRecord)) == 0


def test_purge_lists_what_the_carrier_did_not_delete(hotline: Any, database: Database, number: str) -> None:
    with database.transaction() as session:
        note_records(session, "message", ["SM" + "2" * 32])
        record_refused(session, "SM" + "2" * 32, 20409, datetime.now(UTC) - timedelta(days=1))

    result = hotline("purge", "--json")

    document = _said(result, exit_code=1)
    assert document["rows"] == {"calls": 1}
    assert document["carrier_stopped"] == "The carrier cannot be reached."
    assert document["not_deleted"] == [
        {"message_sid": "SM" + "2" * 32, "tries": 1, "code": 20409},
        {"call_sid": "CA" + "1" * 32, "tries": 0, "code": None},
    ]
    assert "2 records at the carrier were not deleted" in result.stderr
    assert _calls(database) == 0
    assert number not in result.output


def test_purge_is_done_once_the_carrier_has_deleted_all_and_not_before(
    hotline: Any, database: Database, number: str, at_carrier: list[str]
) -> None:
    """A job of each night looked fine, while the carrier kept who had called (R41)."""
    with database.transaction() as session:
        open_breaker(session, "calls", 20003, datetime.now(UTC))
    not_asked = _said(hotline("purge", "--json"), exit_code=1)
    assert "it was not asked" in not_asked["carrier_stopped"]
    assert at_carrier == []
    with database.transaction() as session:
        close_breaker(session, "calls", datetime.now(UTC))

    assert _said(hotline("purge", "--json"))["not_deleted"] == []
    assert at_carrier == ["CA" + "1" * 32]


def test_text_names_counts_and_undeleted_records(hotline: Any, number: str) -> None:
    assert "From before" in hotline("purge", "--dry-run").stdout

    said = hotline("purge").stdout

    assert "calls              1" in said
    assert f"call CA{'1' * 32}  tries 0  code -" in said
    assert number not in said


def test_hold_on_everything_leaves_nothing_to_purge(
    hotline: Any, database: Database, number: str, at_carrier: list[str]
) -> None:
    hold = _said(_add(hotline, "--everything"))["hold"]

    assert _said(hotline("purge", "--json"))["everything_held"] is True
    assert _calls(database) == 1
    (listed,) = _said(hotline("hold", "list", "--json"))
    assert (listed["case"], listed["set_by"], listed["lifted_at"]) == (None, [FIRST, SECOND], None)
    lifted = hotline("hold", "lift", str(hold), "--by", SECOND, "--and", FIRST)

    assert lifted.stdout == f"Hold {hold} is lifted.\n"
    assert "lifted" in hotline("hold", "list").stdout
    assert _said(hotline("purge", "--json"))["rows"] == {"calls": 1}
    assert number not in lifted.output


def test_hold_on_a_case_keeps_its_call(
    hotline: Any, database: Database, number: str, at_carrier: list[str]
) -> None:
    _said(_add(hotline, "--case", number))

    assert _said(hotline("purge", "--json"))["rows"] == {}
    assert _calls(database) == 1
    assert number not in hotline("hold", "list").stdout


def test_hold_is_an_entry_of_each_of_the_two_and_an_alarm(
    hotline: Any, database: Database, number: str
) -> None:
    with database.transaction() as session:
        watch(session, datetime.now(UTC), make_policies())

    hold = _said(_add(hotline, "--case", number))["hold"]

    with database.transaction() as session:
        found = watch(session, datetime.now(UTC), make_policies())
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "add_hold").order_by(AuditEntry.id)
        ).all()
        assert [(entry.actor, entry.target) for entry in entries] == [
            (FIRST, f"hold:{hold}"), (SECOND, f"hold:{hold}"),
        ]  # fmt: skip
    assert [one.rule for one in found] == ["shell_pair"]


@pytest.mark.parametrize(
    ("args", "changed", "sentence"),
    [
        ((), {}, "Give either --case NUMBER or --everything."),
        (("--everything",), {"and_by": FIRST}, "--and: a second person must agree."),
        (("--everything",), {"by": LIAISON}, "Only supervisors and administrators set and lift legal holds"),
        (("--everything",), {"by": "x@office.example.org"}, "No one on the staff list has this e-mail."),
        (("--everything",), {"reason": "because"}, "--reason must be one of litigation"),
        (("--case", "12345674"), {}, "--case: "),
    ],
)
def test_hold_is_refused_in_one_sentence(
    hotline: Any, database: Database, number: str, args: tuple[str, ...], changed: Any, sentence: str
) -> None:
    result = _add(hotline, *args, **changed)

    assert result.exit_code == 2
    assert result.stderr.startswith(sentence)
    assert number not in result.output
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(LegalHold)) == 0


def test_two_of_whom_one_added_the_other_set_no_hold(hotline: Any, database: Database, number: str) -> None:
    with database.transaction() as session:
        person = make_staff(session, "n@office.example.org", role="supervisor", on_shift=False)
        audit.record(
            session, actor=FIRST, action="add_staff", target=f"staff:{person.id}", now=datetime.now(UTC)
        )

    result = _add(hotline, "--case", number, and_by="n@office.example.org")

    assert result.exit_code == 2
    assert result.stderr.startswith("--and: one of the two was added")
    with database.reading() as session:
        tried = session.scalars(select(AuditEntry).where(AuditEntry.action == "try_tied_approval")).all()
        assert len(tried) == 1


@ON_BOTH
def test_same_hold_is_not_set_twice_and_a_lifted_one_not_lifted_again(hotline: Any, number: str) -> None:
    hold = _said(_add(hotline, "--case", number))["hold"]

    assert _add(hotline, "--case", number).stderr == "Such a hold is in force already.\n"
    assert hotline("hold", "lift", str(hold), "--by", FIRST, "--and", SECOND).exit_code == 0
    again = hotline("hold", "lift", str(hold), "--by", FIRST, "--and", SECOND)
    assert (again.exit_code, again.stderr.startswith(f"HOLD: no hold {hold} is in force")) == (2, True)
    beyond = hotline("hold", "lift", "9" * 20, "--by", FIRST, "--and", SECOND)
    assert (beyond.exit_code, "'HOLD'" in beyond.stderr) == (2, True)
