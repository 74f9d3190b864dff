"""How people settle a held import, and what the line says until they do (R16)."""

import pytest
from sqlalchemy import func, select

from models.audit.audit import AuditEntry
from models.custody.custody import CustodyRecord
from models.custody.custody_status import NEUTRAL
from models.custody.imports.custody_import import CustodyImport, ImportRow
from models.custody.imports.held import SettleError, reject, release
from models.custody.refusals import SettleRefusal
from tests.conftest import ON_BOTH
from tests.factories import NOW
from tests.models.custody.feed import (
    at,
    feed_row,
    held_codes,
    held_ids,
    load,
    open_cases,
    two_staff,
    what_is_heard,
)


def eleven_held_releases(database):
    """Twelve in custody; then a file that releases eleven of them at once and confirms the twelfth."""
    cases = open_cases(database, *(f"A-{n}" for n in range(12)))
    load(database, *(feed_row(f"A-{n}", as_of=at(-2)) for n in range(12)), now=at(-2))
    rows = [feed_row(f"A-{n}", status="released", status_at=at(-1)) for n in range(11)]
    result = load(database, *rows, feed_row("A-11"))
    return cases, result


def test_held_import_changes_nothing_and_those_it_would_change_cannot_be_confirmed(database):
    cases, result = eleven_held_releases(database)
    assert (result.held, result.changed, result.unchanged) == (True, 11, 1)
    assert held_codes(database) == [["status_changes"]]
    assert what_is_heard(database, cases["A-0"]) is NEUTRAL
    assert what_is_heard(database, cases["A-11"]).status == "in_custody"
    with database.reading() as session:
        assert session.scalar(select(func.count(CustodyRecord.id))) == 12


def test_two_people_release_it_and_then_it_is_said(database):
    cases, _ = eleven_held_releases(database)
    (import_id,) = held_ids(database)
    done = release(database, import_id, **two_staff(database), now=at(1))
    assert (done.landed, done.dropped) == (12, 0)
    assert held_ids(database) == []
    assert what_is_heard(database, cases["A-0"], at(1)).status == "released"
    with database.reading() as session:
        assert session.scalars(select(ImportRow)).all() == []
        entry = session.get_one(CustodyImport, import_id)
        assert (entry.state, entry.settled_by) == (
            "landed", ["ana@office.example.org", "ben@office.example.org"],
        )  # fmt: skip
        who = session.scalars(select(AuditEntry.actor).where(AuditEntry.action == "release_import"))
        assert sorted(who) == ["ana@office.example.org", "ben@office.example.org"]


def test_one_person_alone_or_a_stranger_cannot_release_it(database):
    cases, _ = eleven_held_releases(database)
    (import_id,) = held_ids(database)
    staff = two_staff(database)
    with pytest.raises(SettleError, match=f"^{SettleRefusal.TWO_PEOPLE}$"):
        release(database, import_id, by=staff["by"], and_by=" ANA@office.example.org", now=NOW, tied_days=30)
    with pytest.raises(SettleError, match=f"^{SettleRefusal.NOT_STAFF}$"):
        release(database, import_id, by=staff["by"], and_by="nobody@example.org", now=NOW, tied_days=30)
    with pytest.raises(SettleError, match=f"^{SettleRefusal.NO_HELD_IMPORT}$"):
        release(database, 999, **staff, now=NOW)
    assert what_is_heard(database, cases["A-0"]) is NEUTRAL


def test_rejected_import_frees_the_people_that_it_held_and_changes_nothing(database):
    cases, _ = eleven_held_releases(database)
    (import_id,) = held_ids(database)
    by = two_staff(database)["by"]
    reject(database, import_id, by=by, now=NOW)
    assert what_is_heard(database, cases["A-0"]).status == "in_custody"
    with pytest.raises(SettleError):
        reject(database, import_id, by=by, now=NOW)


def test_row_that_was_overtaken_while_held_is_dropped_at_the_release(database):
    cases, _ = eleven_held_releases(database)
    (import_id,) = held_ids(database)
    assert not load(database, feed_row("A-0", as_of=at(1)), now=at(1)).held
    assert what_is_heard(database, cases["A-0"], at(1)) is NEUTRAL

    done = release(database, import_id, **two_staff(database), now=at(1))

    assert (done.landed, done.dropped) == (11, 1)
    said = what_is_heard(database, cases["A-0"], at(1))
    assert (said.status, said.as_of) == ("in_custody", at(1))


@ON_BOTH
def test_person_whom_two_imports_hold_is_free_when_both_are_settled(database):
    cases, _ = eleven_held_releases(database)
    rows = [feed_row(f"A-{n}", status="escaped", status_at=at(0), as_of=at(1)) for n in range(11)]
    assert load(database, *rows, now=at(1)).held
    first, second = held_ids(database)
    staff = two_staff(database)
    reject(database, first, by=staff["by"], now=at(1))
    assert what_is_heard(database, cases["A-0"], at(1)) is NEUTRAL
    release(database, second, **staff, now=at(1))
    assert what_is_heard(database, cases["A-0"], at(1)).status == "escaped"


def test_newer_import_that_people_released_ends_the_hold_of_an_older_one(database):
    cases, _ = eleven_held_releases(database)
    rows = [feed_row(f"A-{n}", status="released", status_at=at(-1), as_of=at(1)) for n in range(11)]
    assert load(database, *rows, now=at(1)).held
    first, second = held_ids(database)
    release(database, second, **two_staff(database), now=at(1))
    assert what_is_heard(database, cases["A-0"], at(1)) is NEUTRAL
    reject(database, first, by="ana@office.example.org", now=at(1))
    assert what_is_heard(database, cases["A-0"], at(1)).status == "released"


@pytest.mark.parametrize(
    ("late", "heard"),
    [
        ({"as_of": at(0.9)}, None),
        ({"as_of": at(1.2)}, "in_custody"),
        ({"as_of": at(0.9), "status": "released", "status_at": at(0.8)}, "released"),
    ],
)
def test_row_that_came_while_a_snapshot_was_held_counts_if_it_is_newer_or_tells_of_a_release(
    database, late, heard
):
    """The line said "in custody" of somebody whom the newest snapshot does not name."""
    case = open_cases(database, *(f"A-{n}" for n in range(40)))["A-39"]
    everyone = [feed_row(f"A-{n}") for n in range(40)]
    load(database, *everyone, full=True)
    later = [feed_row(f"A-{n}", as_of=at(1)) for n in range(39)]
    assert load(database, *later, full=True, now=at(1)).held
    load(database, feed_row("A-39", **late), now=at(1.3))
    release(database, held_ids(database)[0], **two_staff(database), now=at(1.4))

    assert what_is_heard(database, case, at(1.4)).status == heard
