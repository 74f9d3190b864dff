"""The audit is searched by time, person, action and target, a page at a time, by an index each time."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from models import AuditEntry
from models.audit import audit
from models.audit.audit_search import Page, Place, Search, names_of, search
from models.store.database import Database
from models.store.keyring import Keyring
from tests.conftest import DATABASES
from tests.factories import NOW
from tests.models.store.test_query_plans import _plans
from tests.own_database import analyze, own_database

MANY = 6_000
ACTORS = ("lea@office.example.org", "sweeper", "import", "liaison:7", "ruth@office.example.org")
ACTIONS = ("request_callback", "look_at_case", "land_import")
SEARCHES = {
    "everything": Search(),
    "a time": Search(since=NOW + timedelta(seconds=100), until=NOW + timedelta(seconds=900)),
    "an actor": Search(actors=("sweeper",)),
    "a person by all their names": Search(actors=names_of(7, ACTORS[0])),
    "an action": Search(action="land_import"),
    "a target": Search(target="case:5"),
    "a person and an action": Search(actors=(ACTORS[0],), action="look_at_case"),
    "a target and a time": Search(target="case:5", since=NOW + timedelta(seconds=9)),
}


def _entry(number: int) -> dict[str, Any]:
    return {
        "at": NOW + timedelta(seconds=number // 3), "actor": ACTORS[number % 5],
        "action": ACTIONS[number % 3], "target": f"case:{number % 8}", "facts": {"n": number},
        "salt": f"{number:032d}", "commitment": f"{number:064d}", "previous": f"{number:064d}",
        "hash": f"{number:064d}",
    }  # fmt: skip


@pytest.fixture(scope="module", params=DATABASES)
def full(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, _keyring: Keyring
) -> Iterator[Database]:
    """A database with many entries, whose planner knows of them. Their contents do not matter here."""
    with own_database(request, tmp_path_factory, _keyring) as database:
        with database.transaction() as session:
            session.execute(insert(AuditEntry.__table__), [_entry(number) for number in range(MANY)])
        analyze(database)
        yield database


def _wanted(number: int, wanted: Search) -> bool:
    entry = _entry(number)
    return (
        (not wanted.actors or entry["actor"] in wanted.actors)
        and wanted.action in {"", entry["action"]}
        and wanted.target in {"", entry["target"]}
        and (wanted.since is None or entry["at"] >= wanted.since)
        and (wanted.until is None or entry["at"] < wanted.until)
    )


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("behind", [False, True])
def test_search_reads_its_page_from_an_index_and_sorts_nothing(
    full: Database, name: str, behind: bool
) -> None:
    after = Place(NOW + timedelta(seconds=600), 1800) if behind else None
    with full.reading() as session:
        plan = _plans(session, lambda: search(session, SEARCHES[name], after))

    assert not re.search(r"Seq Scan|SCAN audit_entries(?! USING)|TEMP B-TREE|Sort", plan), plan
    assert "ix_audit_entries_" in plan


@pytest.mark.parametrize("name", SEARCHES)
def test_pages_of_a_search_have_everything_that_was_wanted_newest_first(full: Database, name: str) -> None:
    wanted, found, after = SEARCHES[name], list[int](), None
    with full.reading() as session:
        for _ in range(12):
            page: Page = search(session, wanted, after, size=40)
            found += [int(entry.facts["n"]) for entry in page.entries]
            after = page.older
            if after is None:
                break

    meant = sorted((n for n in range(MANY) if _wanted(n, wanted)), reverse=True)
    assert found == meant[: len(found)]
    assert len(found) == min(len(meant), 480)


def test_purged_entry_is_shown_without_its_facts(database: Database) -> None:
    with database.transaction() as session:
        audit.record(session, actor="a", action="b", target="c:1", facts={"n": 1}, now=NOW)
    with database.transaction() as session:
        audit.purge_facts(session, NOW + timedelta(days=1), 0, 10, NOW)
        (entry,) = search(session, Search()).entries

    assert entry.purged
    assert entry.facts == {}


@given(st.datetimes(NOW.replace(tzinfo=None, year=1990), NOW.replace(tzinfo=None)), st.integers(1, 10**9))
def test_position_is_in_a_link_and_is_read_back(at: Any, id_: int) -> None:
    place = Place(at.replace(tzinfo=NOW.tzinfo), id_)

    assert Place.from_text(place.to_text()) == place


@given(st.text(max_size=60))
def test_mistyped_link_is_no_position_and_no_fault(text_: str) -> None:
    place = Place.from_text(text_)

    assert place is None or Place.from_text(place.to_text()) == place
