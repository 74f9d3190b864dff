"""A held import: whom it pages and when, and the two people who settle it in the console (R16)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from models import Alert, AuditEntry, CustodyImport, Staff
from models.custody.custody_status import NEUTRAL
from models.custody.imports.custody_import import resume
from models.custody.imports.held import SettleError, list_held
from models.custody.imports.paging import has_call_list, is_anything_held, page_held
from models.custody.imports.request import agree, ask, withdraw
from models.custody.imports.upload import By
from models.custody.refusals import SettleRefusal
from models.store.database import Database
from tests.conftest import ON_BOTH
from tests.factories import NOW, MadeCase, make_policies, make_staff
from tests.models.custody.feed import at, feed_row, load, open_cases, what_is_heard

POLICIES = make_policies()


@pytest.fixture
def two(database: Database) -> tuple[By, By]:
    with database.transaction() as session:
        people = [
            make_staff(session, f"{name}@office.example.org", role="supervisor", on_shift=False)
            for name in ("ruth", "sam")
        ]
        return By(people[0].id, people[0].email), By(people[1].id, people[1].email)


@pytest.fixture
def held(database: Database) -> dict[str, MadeCase]:
    """Twelve people whom one import would release, held by the brake."""
    cases = open_cases(database, *(f"A-{n}" for n in range(12)))
    load(database, *(feed_row(name, as_of=at(-2)) for name in cases), now=at(-2))
    load(database, *(feed_row(name, status="released") for name in cases))
    return cases


#: The office's policy `two_people_days`.
TIED_DAYS = 30


def _held_id(database: Database) -> int:
    with database.reading() as session:
        (entry,) = list_held(session)
        return entry.id


def _ask(database: Database, import_id: int, way: str, by: By) -> None:
    with database.transaction() as session:
        ask(session, import_id, way, by, NOW)


def test_two_people_release_it(database: Database, two: tuple[By, By], held: dict[str, MadeCase]) -> None:
    first, second = two
    import_id = _held_id(database)
    _ask(database, import_id, "release", first)
    assert what_is_heard(database, held["A-0"]) is NEUTRAL

    agree(database, import_id, "release", second, NOW, TIED_DAYS)
    resume(database, NOW)

    assert what_is_heard(database, held["A-0"]).status == "released"
    with database.reading() as session:
        assert session.get_one(CustodyImport, import_id).settled_by == [first.email, second.email]
        said = session.execute(
            select(AuditEntry.actor, AuditEntry.action, AuditEntry.facts)
            .where(AuditEntry.target == f"import:{import_id}", AuditEntry.actor.like("%@%"))
            .order_by(AuditEntry.id)
        ).all()
        assert [tuple(one) for one in said] == [
            (first.email, "ask_release_import", None),
            (second.email, "release_import", {"asked_by": first.staff_id}),
        ]


def test_two_people_reject_it(database: Database, two: tuple[By, By], held: dict[str, MadeCase]) -> None:
    import_id = _held_id(database)
    _ask(database, import_id, "reject", two[0])

    agree(database, import_id, "reject", two[1], NOW, TIED_DAYS)
    resume(database, NOW)

    assert what_is_heard(database, held["A-0"]).status == "in_custody"
    with database.reading() as session:
        assert session.get_one(CustodyImport, import_id).state == "rejected"


def test_nobody_settles_what_they_requested_themselves(
    database: Database, two: tuple[By, By], held: dict[str, MadeCase]
) -> None:
    import_id = _held_id(database)
    _ask(database, import_id, "release", two[0])

    with pytest.raises(SettleError, match=f"^{SettleRefusal.SAME_PERSON}$"):
        agree(database, import_id, "release", two[0], NOW, TIED_DAYS)


@pytest.mark.parametrize("now_is", [{"role": "liaison"}, {"left_at": NOW}])
@pytest.mark.parametrize("whose", [0, 1])
def test_both_people_must_still_have_the_right_to_settle_when_the_second_agrees(
    database: Database, two: tuple[By, By], held: dict[str, MadeCase], now_is: dict[str, Any], whose: int
) -> None:
    import_id = _held_id(database)
    _ask(database, import_id, "release", two[0])
    with database.transaction() as session:
        session.execute(update(Staff).where(Staff.id == two[whose].staff_id).values(now_is))

    who_may_not = (SettleRefusal.ASKER_MAY_NOT, SettleRefusal.YOU_MAY_NOT)[whose]
    with pytest.raises(SettleError, match=f"^{who_may_not}$"):
        agree(database, import_id, "release", two[1], NOW, TIED_DAYS)

    with database.reading() as session:
        assert session.get_one(CustodyImport, import_id).state == "held"


@ON_BOTH
def test_second_click_agrees_to_nothing_that_it_did_not_read(
    database: Database, two: tuple[By, By], held: dict[str, MadeCase]
) -> None:
    first, second = two
    import_id = _held_id(database)
    with pytest.raises(SettleError, match=f"^{SettleRefusal.CHANGED}$"):
        agree(database, import_id, "release", second, NOW, TIED_DAYS)
    _ask(database, import_id, "reject", first)

    with pytest.raises(SettleError, match=f"^{SettleRefusal.CHANGED}$"):
        agree(database, import_id, "release", second, NOW, TIED_DAYS)
    with pytest.raises(SettleError, match=f"^{SettleRefusal.ASKED}$") as refused:
        _ask(database, import_id, "release", second)
    assert refused.value.facts == {"who": first.email}


def test_person_who_comes_too_late_is_told_who_settled_it(
    database: Database, two: tuple[By, By], held: dict[str, MadeCase]
) -> None:
    import_id = _held_id(database)
    _ask(database, import_id, "release", two[0])
    agree(database, import_id, "release", two[1], NOW, TIED_DAYS)

    with pytest.raises(SettleError, match=f"^{SettleRefusal.SETTLED}$") as refused:
        agree(database, import_id, "release", two[1], NOW, TIED_DAYS)
    assert refused.value.facts == {"who": f"{two[0].email}, {two[1].email}"}
    with pytest.raises(SettleError, match=f"^{SettleRefusal.NOT_HELD}$"):
        _ask(database, 99, "release", two[0])


@ON_BOTH
def test_request_can_be_taken_back(database: Database, two: tuple[By, By], held: dict[str, MadeCase]) -> None:
    import_id = _held_id(database)
    _ask(database, import_id, "release", two[0])
    with database.transaction() as session:
        withdraw(session, import_id, two[1], NOW)
        with pytest.raises(SettleError, match=f"^{SettleRefusal.NOT_ASKED}$"):
            withdraw(session, import_id, two[1], NOW)

    _ask(database, import_id, "reject", two[1])


def test_import_can_be_settled_in_two_ways(
    database: Database, two: tuple[By, By], held: dict[str, MadeCase]
) -> None:
    with pytest.raises(SettleError, match=f"^{SettleRefusal.NO_WAY}$"):
        _ask(database, _held_id(database), "burn", two[0])


def _pages(database: Database, now: datetime) -> list[tuple[str, str]]:
    with database.transaction() as session:
        before = set(session.scalars(select(Alert.id)).all())
        page_held(session, now, POLICIES, is_open=True)
        made = session.scalars(select(Alert).order_by(Alert.id)).all()
        session.execute(update(Alert).values(state="sent"))
        return [(one.level, one.channel) for one in made if one.id not in before]


def test_supervisors_are_paged_at_0_15_and_30_minutes_and_told_of_the_call_list_at_60(
    database: Database, two: tuple[By, By], held: dict[str, MadeCase]
) -> None:
    paged = {
        minute: {level for level, _ in found}
        for minute in range(0, 90)
        if (found := _pages(database, NOW + timedelta(minutes=minute)))
    }

    assert paged == {0: {"import_held"}, 15: {"import_held"}, 30: {"import_held"}, 60: {"call_list"}}
    with database.reading() as session:
        assert has_call_list(session.get_one(CustodyImport, _held_id(database)).pages, POLICIES)


def test_each_supervisor_has_a_text_and_a_call(
    database: Database, two: tuple[By, By], held: dict[str, MadeCase]
) -> None:
    assert sorted(_pages(database, NOW)) == [("import_held", "call")] * 2 + [("import_held", "text")] * 2


def test_newest_page_after_a_pause_replaces_those_before(
    database: Database, two: tuple[By, By], held: dict[str, MadeCase]
) -> None:
    assert {level for level, _ in _pages(database, NOW + timedelta(minutes=40))} == {"import_held"}
    assert _pages(database, NOW + timedelta(minutes=41)) == []
    assert {level for level, _ in _pages(database, NOW + timedelta(hours=3))} == {"call_list"}


def test_office_without_a_supervisor_pages_its_administrators(
    database: Database, held: dict[str, MadeCase]
) -> None:
    with database.transaction() as session:
        make_staff(session, "ada@office.example.org", role="administrator")

    assert len(_pages(database, NOW)) == 2


def test_settled_import_pages_nobody(
    database: Database, two: tuple[By, By], held: dict[str, MadeCase]
) -> None:
    import_id = _held_id(database)
    _ask(database, import_id, "reject", two[0])
    agree(database, import_id, "reject", two[1], NOW, TIED_DAYS)

    assert _pages(database, NOW + timedelta(minutes=15)) == []
    with database.reading() as session:
        assert not is_anything_held(session)
