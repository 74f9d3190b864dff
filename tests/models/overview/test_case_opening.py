"""A case is open to staff for a reason and a time, and no trying tells which cases exist (R37)."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.office_rules import rules_of
from models import AuditEntry, Callback, CaseOpening
from models.cases.case import new_number
from models.custody.custody_status import NEUTRAL
from models.overview.case_change import case_locked
from models.overview.case_opening import (
    BINDING_GROUNDS,
    MOST_FAILED,
    CaseOpeningError,
    Grounds,
    grounds_for,
    look_at,
    open_by_verification,
    open_from_search,
)
from models.overview.case_page import heard_of_case, read_case_page
from models.overview.my_shift import change_phone
from models.overview.staff_record import let_go
from models.staff.staff_access import access_locked
from models.store.database import Database, run_last_work
from tests.conftest import ON_BOTH
from tests.factories import NOW, make_callback, make_case, make_office, make_policies
from tests.models.staff.staff_people import Someone, someone

POLICIES, RULES = make_policies(), rules_of(make_office()).release


def test_logged_verification_opens_a_case_for_the_stated_time_to_that_person_alone(
    database: Database,
) -> None:
    with database.transaction() as session:
        case, me, other = make_case(session), someone(session), someone(session)
        assert grounds_for(session, me, case.id, NOW, POLICIES) is None

        assert open_by_verification(session, me, case.number, "met_in_person", NOW, POLICIES) == case.id

        grounds = grounds_for(session, me, case.id, NOW, POLICIES)
        assert grounds is not None
        assert (grounds.ground, grounds.reason) == ("verification", "met_in_person")
        assert grounds.until == NOW + timedelta(minutes=60)
        assert grounds_for(session, other, case.id, NOW, POLICIES) is None
        assert grounds_for(session, me, case.id, NOW + timedelta(minutes=60), POLICIES) is None


HOLDERS: dict[str, Callable[[Session, int, int], Any]] = {
    "a page of the case": lambda session, case_id, _me: case_locked(session, case_id),
    "whoever verifies": lambda session, _case_id, me: open_by_verification(
        session, Someone(me, "ana@example.org", "liaison"), new_number(), "met_in_person", NOW, POLICIES
    ),
    "the staff list": lambda session, _case_id, me: let_go(session, me, by_id=0, actor="the suite", now=NOW),
    "my shift": lambda session, _case_id, me: change_phone(
        session, me, "+12025550170", NOW, office_phone=True
    ),
    "set-up": lambda session, _case_id, me: access_locked(session, me),
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_promise_that_names_a_case_and_its_liaison_does_not_wait_for_a_transaction_that_changes_them(
    database: Database, holder: str
) -> None:
    with database.transaction() as session:
        case, me = make_case(session), someone(session).staff_id
    is_held = database.engine.dialect.name == "postgresql"
    with ExitStack() as held:
        if is_held:
            HOLDERS[holder](held.enter_context(database.transaction()), case.id, me)
        with database.transaction() as session:
            if is_held:
                # The other transaction may hold what the promise needs next, such as the end of the audit.
                session.execute(text("SET LOCAL lock_timeout = '2s'"))
            made = make_callback(session, case, staff_id=me, state="claimed").id

    with database.reading() as session:
        assert session.get_one(Callback, made).case_id == case.id


def test_closed_case_opens_like_any_other(database: Database) -> None:
    with database.transaction() as session:
        closed, me = make_case(session, closed_at=NOW), someone(session)

        assert open_by_verification(session, me, closed.number, "agency_vouched", NOW, POLICIES) == closed.id


def test_number_that_no_case_has_opens_nothing_and_is_counted(database: Database) -> None:
    with database.transaction() as session:
        me, numbers = someone(session), [new_number(), new_number(), "not a number"]
        for number in numbers:
            assert open_by_verification(session, me, number, "agency_vouched", NOW, POLICIES) is None

        run_last_work(session)
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "fail_to_open_case")).all()
        assert {entry.target for entry in entries} == {f"staff:{me.staff_id}"}
        assert len(entries) == 3
        assert not any(number in f"{entry.facts}" for entry in entries for number in numbers)


def test_right_number_opens_nothing_either_after_five_wrong_ones_in_an_hour(database: Database) -> None:
    with database.transaction() as session:
        case, me, other = make_case(session), someone(session), someone(session)
        for _ in range(MOST_FAILED):
            open_by_verification(session, me, new_number(), "met_in_person", NOW, POLICIES)

        assert open_by_verification(session, me, case.number, "met_in_person", NOW, POLICIES) is None
        assert open_by_verification(session, other, case.number, "met_in_person", NOW, POLICIES) == case.id
        later = NOW + timedelta(hours=1, seconds=1)
        assert open_by_verification(session, me, case.number, "met_in_person", later, POLICIES) == case.id


def test_unknown_evidence_is_refused_before_any_query(database: Database) -> None:
    with database.transaction() as session:
        case, me = make_case(session), someone(session)
        with pytest.raises(CaseOpeningError):
            open_by_verification(session, me, case.number, "sounds_right", NOW, POLICIES)
        assert session.scalars(select(CaseOpening)).all() == []


@pytest.mark.parametrize(
    ("facts", "opens"),
    [
        ({"state": "talking"}, True),
        ({"state": "ringing_liaison"}, True),
        ({"state": "reached", "closed_at": NOW - timedelta(minutes=14)}, True),
        ({"state": "reached", "closed_at": NOW - timedelta(minutes=16)}, False),
        ({"state": "talking", "verified": False}, False),
        ({"state": "talking", "recognized_by": None}, False),
        ({"state": "reached", "closed_at": NOW - timedelta(minutes=1), "recognized_by": None}, False),
    ],
)
def test_callback_asked_for_with_the_pin_opens_its_case_to_the_liaison_who_claimed_it(
    database: Database, facts: dict[str, Any], opens: bool
) -> None:
    with database.transaction() as session:
        case, me, other = make_case(session), someone(session), someone(session)
        make_callback(session, case, staff_id=me.staff_id, **({"recognized_by": "agreed_word"} | facts))

        assert (grounds_for(session, me, case.id, NOW, POLICIES) is not None) is opens
        assert grounds_for(session, other, case.id, NOW, POLICIES) is None


def test_talk_with_the_person_counts_although_the_case_was_searched_for_before(database: Database) -> None:
    """The page told the liaison to verify the person first, with whom they were talking."""
    with database.transaction() as session:
        case, me = make_case(session), someone(session, role="supervisor")
        open_from_search(session, me, case.id, "complaint", NOW, POLICIES)
        make_callback(session, case, staff_id=me.staff_id, state="talking", recognized_by="agreed_word")

        grounds = grounds_for(session, me, case.id, NOW, POLICIES)

        assert grounds is not None
        assert grounds.ground == "callback"


def test_verification_counts_although_a_search_opened_the_case_later(database: Database) -> None:
    with database.transaction() as session:
        case, me = make_case(session), someone(session, role="supervisor")
        open_by_verification(session, me, case.number, "met_in_person", NOW, POLICIES)
        open_from_search(session, me, case.id, "complaint", NOW + timedelta(minutes=5), POLICIES)

        grounds = grounds_for(session, me, case.id, NOW + timedelta(minutes=6), POLICIES)

        assert grounds == Grounds("verification", "met_in_person", NOW + timedelta(minutes=60))


@pytest.mark.parametrize(
    ("reasons", "ground"), [(["staff_call"], "staff_call"), (["staff_call", "asked"], "callback")]
)
def test_call_that_staff_began_opens_its_case_on_a_ground_that_adds_no_phone(
    database: Database, reasons: list[str], ground: str
) -> None:
    with database.transaction() as session:
        case, me = make_case(session), someone(session)
        for reason in reasons:
            make_callback(
                session, case, staff_id=me.staff_id, recognized_by="agreed_word", reason=reason,
                state="reached", closed_at=NOW,
            )  # fmt: skip

        grounds = grounds_for(session, me, case.id, NOW, POLICIES)

    assert grounds is not None
    assert (grounds.ground, grounds.ground in BINDING_GROUNDS) == (ground, ground == "callback")


@ON_BOTH
def test_each_look_is_an_entry_with_its_ground_and_a_look_without_one_is_refused(database: Database) -> None:
    with database.transaction() as session:
        case, me = make_case(session), someone(session, "supervisor")
        with pytest.raises(CaseOpeningError):
            look_at(session, me, case.id, NOW, POLICIES)
        open_from_search(session, me, case.id, "complaint", NOW, POLICIES)

        for _ in range(2):
            look_at(session, me, case.id, NOW, POLICIES)

        run_last_work(session)
        looks = session.scalars(select(AuditEntry).where(AuditEntry.action == "look_at_case")).all()
        assert [entry.facts for entry in looks] == [{"ground": "search", "reason": "complaint"}] * 2
        assert {entry.target for entry in looks} == {f"case:{case.id}"}


@pytest.mark.parametrize(
    ("role", "reason", "exists"),
    [
        ("liaison", "complaint", True),
        ("administrator", "complaint", True),
        ("supervisor", "curious", True),
        ("supervisor", "complaint", False),
    ],
)
def test_only_a_supervisor_with_a_reason_opens_a_case_that_was_found_by_name(
    database: Database, role: str, reason: str, exists: bool
) -> None:
    with database.transaction() as session:
        case, me = make_case(session), someone(session, role)
        with pytest.raises(CaseOpeningError):
            open_from_search(session, me, case.id if exists else 999_999, reason, NOW, POLICIES)


def test_page_of_a_case_says_what_a_caller_may_hear_and_no_more(database: Database) -> None:
    with database.transaction() as session:
        said = make_case(session, "in_custody", facility="Stewart")
        denied = make_case(session, "in_custody", record={"releasable": False})
        closed = make_case(session, "in_custody", closed_at=NOW)
        nothing = make_case(session)

        page = read_case_page(session, said.id, NOW, RULES)

        assert (page.heard.status, page.heard.facility_name) == ("in_custody", "Stewart")
        for silent in (denied, closed, nothing):
            assert heard_of_case(session, silent.id, NOW, RULES) is NEUTRAL
        assert heard_of_case(session, 999_999, NOW, RULES) is NEUTRAL
        assert "Invented" not in repr(page)


@ON_BOTH
def test_try_at_the_same_moment_as_the_fifth_wrong_one_waits_for_it_and_counts_it(
    database: Database,
) -> None:
    with database.transaction() as session:
        case, me = make_case(session), someone(session)
        for _ in range(MOST_FAILED - 1):
            open_by_verification(session, me, new_number(), "met_in_person", NOW, POLICIES)
    opened, is_over = list[int | None](), threading.Event()

    def tries_the_right_one() -> None:
        with database.transaction() as session:
            opened.append(open_by_verification(session, me, case.number, "met_in_person", NOW, POLICIES))
        is_over.set()

    second = threading.Thread(target=tries_the_right_one)
    with database.transaction() as session:
        open_by_verification(session, me, new_number(), "met_in_person", NOW, POLICIES)
        second.start()
        # It cannot be over before this one is; to wait a moment shows that it is not.
        is_over.wait(0.3)
    second.join()

    assert opened == [None]
