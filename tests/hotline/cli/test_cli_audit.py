"""`hotline audit`: whether the chain is whole, by itself and by its kept heads."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from config.settings import Settings
from hotline.cli import audit as command
from hotline.cli.command.context import Installation
from models.audit import audit
from models.audit.audit_head import Head, read_head, signing_key, write_head
from models.store.database import Database
from tests.factories import NOW, make_office


@pytest.fixture
def hotline(database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs one command on the suite's database, whose chain has six entries."""
    monkeypatch.setattr(command, "open_installation", lambda: Installation(settings, make_office(), database))
    with database.transaction() as session:
        for number in range(6):
            audit.record(session, actor="a", action="open_case", target=f"case:{number}", now=NOW)
    return lambda *args: CliRunner().invoke(command.audit, args)


def _kept(database: Database, settings: Settings) -> Path:
    with database.reading() as session:
        write_head(settings.audit_head_file, read_head(session, NOW), signing_key(settings.secret_key))
    return settings.audit_head_file


def _meddle(database: Database, sql: str) -> None:
    with database.transaction() as session:
        if session.get_bind().dialect.name == "sqlite":
            session.execute(text("DROP TRIGGER audit_entries_refuse_delete"))
            session.execute(text("DROP TRIGGER audit_entries_refuse_update"))
        else:
            session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(text(sql))


def _said(result: Result) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_whole_chain_passes(hotline: Any, database: Database, settings: Settings) -> None:
    _kept(database, settings)
    result = hotline("verify", "--json")

    assert result.exit_code == 0
    assert _said(result) == {
        "holds": True, "proven": True, "entries": 6, "heads": 1, "wrong": None, "entry": None,
        "newest_head": NOW.isoformat(timespec="seconds"),
    }  # fmt: skip
    said = hotline("verify").stdout
    assert "The chain holds: 6 entries, compared with 1 kept head." in said
    assert f"The newest is of {NOW:%Y-%m-%d %H:%M} UTC and names entry 6" in said


def test_chain_without_a_kept_head_is_not_proven_and_exits_3(
    hotline: Any, database: Database, settings: Settings
) -> None:
    result = hotline("verify", "--json")

    assert result.exit_code == 3
    assert (_said(result)["holds"], _said(result)["proven"]) == (True, False)
    assert hotline("verify").stdout.startswith("Not proven: 6 entries follow each other")

    write_head(settings.audit_head_file, Head(0, "", NOW), signing_key(settings.secret_key))
    assert hotline("verify").exit_code == 3, "the head of an empty chain proves nothing of the entries since"


def test_broken_chain_is_broken_even_without_a_kept_head(hotline: Any, database: Database) -> None:
    _meddle(database, "DELETE FROM audit_entries WHERE id = 3")
    assert hotline("verify").exit_code == 1


@pytest.mark.parametrize(
    ("sql", "wrong", "entry"),
    [
        ("UPDATE audit_entries SET actor = 'x' WHERE id = 3", "changed", 3),
        ("DELETE FROM audit_entries WHERE id = 3", "out_of_place", 4),
        ("UPDATE audit_entries SET facts = NULL, salt = NULL WHERE id = 3", "emptied", 3),
        ("DELETE FROM audit_entries WHERE id > 3", "cut", 6),
    ],
)
def test_broken_entry_is_named_and_exits_1(
    hotline: Any, database: Database, settings: Settings, sql: str, wrong: str, entry: int
) -> None:
    _kept(database, settings)
    _meddle(database, sql)
    result = hotline("verify", "--json")

    assert result.exit_code == 1
    assert (_said(result)["holds"], _said(result)["wrong"], _said(result)["entry"]) == (False, wrong, entry)
    assert f"entry {entry}" in hotline("verify").stdout


def test_heads_that_somebody_else_wrote_are_no_proof(
    hotline: Any, database: Database, settings: Settings
) -> None:
    kept = _kept(database, settings)
    kept.write_text(kept.read_text().replace('"entry": 6', '"entry": 5'))
    result = hotline("verify", "--json")

    assert result.exit_code == 1
    assert _said(result)["wrong"] == "heads"
    assert "Line 1" in result.stderr


def test_head_that_was_printed_can_be_kept_and_compared(
    hotline: Any, database: Database, settings: Settings
) -> None:
    settings.audit_head_file.parent.mkdir(parents=True, exist_ok=True)
    settings.audit_head_file.write_text(hotline("head").stdout)
    assert _said(hotline("head", "--json"))["entry"] == 6

    _meddle(database, "DELETE FROM audit_entries WHERE id = 6")

    assert _said(hotline("verify", "--json"))["wrong"] == "cut"
