"""The check finds any change of any entry of the audit; the kept head shows a chain that was cut."""

import dataclasses
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from models import AuditEntry
from models.audit import audit
from models.audit.audit import Fault, find_fault
from models.audit.audit_head import (
    Checked,
    HeadError,
    check,
    head_is_due,
    note_head,
    read_head,
    read_heads,
    signing_key,
    write_head,
)
from models.audit.refusals import HeadRefusal
from models.store.database import Database
from tests.conftest import ON_BOTH, SECRET_KEY
from tests.factories import NOW
from tests.models.audit.test_audit import _meddle, _record
from tests.models.undone import undone

KEY = signing_key(SECRET_KEY)
MANY = 9
COLUMNS = ("id", "at", "actor", "action", "target", "facts", "salt", "commitment", "previous", "hash")
PLACES = st.integers(0, MANY - 1)
DEEDS = st.one_of(
    st.tuples(st.just("remove"), PLACES),
    st.tuples(st.just("insert"), PLACES),
    st.tuples(st.just("swap"), st.lists(PLACES, min_size=2, max_size=2, unique=True)),
    st.tuples(st.sampled_from(["actor", "action", "target", "commitment", "previous", "hash"]), PLACES),
    st.tuples(st.sampled_from(["facts", "salt", "at"]), PLACES),
)
HOUSE = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def chain(database: Database) -> Database:
    with database.transaction() as session:
        for number in range(MANY):
            _record(session, number, order=number)
    return database


def _rows(session: Session) -> list[dict[str, Any]]:
    entries = session.execute(select(AuditEntry.__table__).order_by(AuditEntry.id))
    return [dict(row._mapping) for row in entries]


def _write_anew(session: Session, rows: list[dict[str, Any]]) -> None:
    """Make these the entries, like somebody who bypassed the triggers."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("DROP TRIGGER IF EXISTS audit_entries_refuse_delete"))
    else:
        session.execute(text("SET LOCAL session_replication_role = replica"))
    session.execute(text("DELETE FROM audit_entries"))
    session.execute(insert(AuditEntry.__table__), rows)


def _do(rows: list[dict[str, Any]], deed: str, where: Any) -> list[dict[str, Any]]:
    rows = [dict(row) for row in rows]
    if deed == "remove":
        del rows[where]
    elif deed == "insert":
        rows.insert(where, {**rows[where], "actor": "nobody"})
        rows[where]["hash"] = f"{where:064d}"
        for number, row in enumerate(rows, start=1):
            row["id"] = number
    elif deed == "swap":
        one, other = where
        rows[one], rows[other] = rows[other], rows[one]
        rows[one]["id"], rows[other]["id"] = rows[other]["id"], rows[one]["id"]
    elif deed == "facts":
        rows[where]["facts"] = {"order": where + 1}
    elif deed == "at":
        rows[where]["at"] = NOW.replace(year=2020)
    elif deed == "salt":
        rows[where]["salt"] = "0" * 32
    else:
        rows[where][deed] = f"{where + 1:064d}"
    return rows


@HOUSE
@given(deed=DEEDS)
def test_any_one_change_removal_insertion_or_swap_is_found(chain: Database, deed: tuple[str, Any]) -> None:
    # Each example begins with the whole chain.
    with undone(chain) as session:
        head = read_head(session, NOW)
        _write_anew(session, _do(_rows(session), *deed))
        assert check(session, [head]).what is not None, deed


def test_changed_and_misplaced_entries_have_names(chain: Database) -> None:
    _meddle(chain, "UPDATE audit_entries SET actor = 'x' WHERE id = 4")

    with chain.reading() as session:
        assert find_fault(session) == Fault(4, "changed")


def test_removed_entry_shows_at_the_one_behind_it(chain: Database) -> None:
    _meddle(chain, "DELETE FROM audit_entries WHERE id = 4")

    with chain.reading() as session:
        assert find_fault(session) == Fault(5, "out_of_place")


def test_chain_that_was_cut_fits_by_itself_and_not_its_kept_head(chain: Database, tmp_path: Path) -> None:
    kept = tmp_path / "elsewhere" / "heads.jsonl"
    with chain.reading() as session:
        write_head(kept, read_head(session, NOW), KEY)
    _meddle(chain, "DELETE FROM audit_entries WHERE id > 6")

    heads = read_heads(kept, KEY.public_key())
    with chain.reading() as session:
        assert audit.verify(session) is None
        assert check(session, heads) == Checked(6, 1, MANY, "cut")


def test_chain_that_was_rewritten_as_a_whole_does_not_fit_its_kept_head(chain: Database) -> None:
    with chain.reading() as session:
        head = read_head(session, NOW)
    _meddle(chain, "DELETE FROM audit_entries")
    with chain.transaction() as session:
        for number in range(MANY + 2):
            _record(session, number, order=100 + number)

    with chain.reading() as session:
        assert audit.verify(session) is None
        found = check(session, [dataclasses.replace(head, entry=session.scalar(select(AuditEntry.id)) or 0)])
        assert found.what == "rewritten"


def test_chain_that_grew_since_fits_its_kept_heads(chain: Database, tmp_path: Path) -> None:
    kept = tmp_path / "heads.jsonl"
    for number in range(3):
        with chain.transaction() as session:
            write_head(kept, read_head(session, NOW), KEY)
            _record(session, 50 + number)

    heads = read_heads(kept, KEY.public_key())
    with chain.reading() as session:
        assert check(session, heads) == Checked(MANY + 3, 3, None, None)


def test_head_that_somebody_else_wrote_is_refused_by_its_line(chain: Database, tmp_path: Path) -> None:
    kept = tmp_path / "heads.jsonl"
    with chain.reading() as session:
        head = read_head(session, NOW)
    write_head(kept, head, KEY)
    write_head(kept, head, signing_key(b"the secret of another hotline, long enough for it"))

    with pytest.raises(HeadError) as refused:
        read_heads(kept, KEY.public_key())
    assert (refused.value.code, refused.value.facts) == (HeadRefusal.NOT_OURS, {"line": 2})


def test_head_whose_words_were_changed_is_refused(chain: Database, tmp_path: Path) -> None:
    kept = tmp_path / "heads.jsonl"
    with chain.reading() as session:
        write_head(kept, read_head(session, NOW), KEY)
    kept.write_text(kept.read_text().replace('"entry": 9', '"entry": 8'))

    with pytest.raises(HeadError) as refused:
        read_heads(kept, KEY.public_key())
    assert (refused.value.code, refused.value.facts) == (HeadRefusal.NOT_OURS, {"line": 1})


def test_head_that_was_cut_off_by_a_crash_is_left_out(chain: Database, tmp_path: Path) -> None:
    kept = tmp_path / "heads.jsonl"
    with chain.reading() as session:
        write_head(kept, read_head(session, NOW), KEY)
    kept.write_text(kept.read_text() + '{"entry": 1')

    assert len(read_heads(kept, KEY.public_key())) == 1


def test_heads_after_one_that_was_cut_off_are_trusted(chain: Database, tmp_path: Path) -> None:
    kept = tmp_path / "heads.jsonl"
    with chain.reading() as session:
        head = read_head(session, NOW)
    write_head(kept, head, KEY)
    whole = kept.read_text()
    # The disk of the second place was full, or its machine lost power.
    kept.write_text(whole + whole[:40])

    write_head(kept, dataclasses.replace(head, at=NOW + timedelta(days=1)), KEY)

    heads = read_heads(kept, KEY.public_key())
    assert [one.at for one in heads] == [NOW, NOW + timedelta(days=1)]
    with chain.reading() as session:
        assert check(session, heads) == Checked(MANY, 2, None, None)


def test_head_of_which_a_full_disk_takes_a_part_is_not_kept(
    chain: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, write = tmp_path / "heads.jsonl", os.write
    with chain.reading() as session:
        head = read_head(session, NOW)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda place, line: write(place, line[:30]))
        with pytest.raises(OSError, match="No space left"):
            write_head(kept, head, KEY)
    write_head(kept, head, KEY)

    assert [one.entry for one in read_heads(kept, KEY.public_key())] == [head.entry]


def test_chain_has_no_head_until_one_is_kept(tmp_path: Path) -> None:
    assert read_heads(tmp_path / "none.jsonl", KEY.public_key()) == []


@ON_BOTH
def test_head_is_due_each_day_and_soon_again_after_a_failure(database: Database) -> None:
    with database.transaction() as session:
        assert head_is_due(session, NOW)
        note_head(session, NOW, written=True)
        assert not head_is_due(session, NOW + timedelta(hours=23))
        assert head_is_due(session, NOW + timedelta(hours=24))
        note_head(session, NOW, written=False)
        assert not head_is_due(session, NOW + timedelta(minutes=9))
        assert head_is_due(session, NOW + timedelta(minutes=10))
        note_head(session, NOW + timedelta(days=9), written=True)
        # The clock was ahead, and is set right.
        assert head_is_due(session, NOW)


def test_purge_takes_facts_and_salts_of_old_entries_and_leaves_the_chain_whole(chain: Database) -> None:
    before, place, passes = NOW + timedelta(seconds=5), 0, 0
    while True:
        with chain.transaction() as session:
            at = audit.purge_facts(session, before, place, most=2, now=NOW + timedelta(days=90))
        if at is None:
            break
        place, passes = at.last_id, passes + 1

    with chain.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        gone = [entry.facts is None and entry.salt is None for entry in entries[:MANY]]
        assert gone == [True] * 5 + [False] * 4
        assert [(entry.action, entry.facts) for entry in entries[MANY:]] == [
            ("purge_audit", {"first": 1, "last": 2}),
            ("purge_audit", {"first": 3, "last": 4}),
            ("purge_audit", {"first": 5, "last": 5}),
        ]
        assert audit.verify(session) is None
    # The last look finds the entries of the purge itself.
    assert passes == 6


def test_later_purge_leaves_the_entries_of_the_one_before(chain: Database) -> None:
    for days in (90, 180):
        with chain.transaction() as session:
            at = NOW + timedelta(days=days)
            audit.purge_facts(session, at, 0, most=100, now=at)
            _record(session, days * 86_400, order=days)

    with chain.reading() as session:
        purges = select(AuditEntry.facts).where(AuditEntry.action == "purge_audit").order_by(AuditEntry.id)
        assert session.scalars(purges).all() == [
            {"first": 1, "last": MANY},
            {"first": MANY + 2, "last": MANY + 2},
        ]
        assert audit.verify(session) is None
