"""The list of the desk: its order (R36), its filters, and how far it reads."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Callback, Talk
from models.callbacks.claim import keep_waiting
from models.callbacks.follow_up import BEHIND_NEWS, follow_up
from models.calls.offer import note_offer
from models.overview.work_list import FILTERS, PAGE, Reader, WorkList, work_list
from models.store.database import Database
from tests.factories import NOW, make_callback, make_case, make_staff

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LINES, DISCREET = ("+12025550100", "+12025550101"), ("+12025550101",)


def listed(session: Session, staff_id: int, *chosen: str, page: int = 1) -> WorkList:
    reader = Reader(staff_id, ("en",), NOW + 12 * HOUR)
    return work_list(session, reader, chosen, NOW, page, soon=15 * MINUTE, lines=LINES, discreet=DISCREET)


def promised(session: Session, **facts: Any) -> int:
    """A verified callback on the list, due in eight hours, unless ``facts`` say otherwise."""
    facts = {"rank": 1, "verified": True, "due_at": NOW + 8 * HOUR} | facts
    return make_callback(session, **facts).id


def ids(found: WorkList) -> list[int]:
    return [row.id for row in found.rows]


def test_list_has_own_work_then_offers_in_their_order_then_others_work_then_closed_windows(
    database: Database,
) -> None:
    with database.transaction() as session:
        ana, luis = make_staff(session), make_staff(session)
        later = promised(session, rank=None, next_attempt_at=NOW + 3 * HOUR, due_at=NOW + HOUR)
        sooner = promised(
            session, rank=None, next_attempt_at=NOW + 2 * HOUR, due_at=NOW + 9 * HOUR, urgency="urgent"
        )
        theirs = promised(session, state="claimed", staff_id=luis.id, due_at=NOW - HOUR)
        plain = promised(session)
        unverified = promised(session, rank=6, verified=False, due_at=NOW + 7 * HOUR)
        attention = promised(session, state="left_for_staff", rank=0, urgency="urgent", outcome="unknown")
        soon = promised(session, due_at=NOW + 10 * MINUTE)
        mine = promised(session, state="claimed", staff_id=ana.id, due_at=NOW + 20 * HOUR)
        promised(session, state="reached", closed_at=NOW, rank=None)
        anew = promised(session, state="left_for_staff", outcome="promised_anew", closed_at=NOW)
        session.get_one(Callback, anew).rank = None
        session.flush()

        found = listed(session, ana.id)

    assert ids(found) == [mine, soon, attention, unverified, plain, theirs, sooner, later]
    assert (found.total, found.found, found.pages, found.has_more) == (8, 8, 1, False)


def test_urgent_work_stands_first_of_what_colleagues_have(database: Database) -> None:
    with database.transaction() as session:
        ana, luis = make_staff(session), make_staff(session)
        plain = promised(session, state="claimed", staff_id=luis.id, due_at=NOW + MINUTE)
        afraid = promised(
            session, state="ringing_liaison", staff_id=None, rank=None, urgency="urgent", reason="afraid"
        )
        soon = promised(session, state="claimed", staff_id=luis.id, due_at=NOW - MINUTE, urgency="urgent")

        found = listed(session, ana.id)

    assert ids(found) == [soon, afraid, plain]


def test_list_alternates_as_the_line_does_after_its_last_offers(database: Database) -> None:
    with database.transaction() as session:
        ana = make_staff(session)
        verified = [promised(session, due_at=NOW + number * HOUR) for number in range(1, 5)]
        unverified = promised(session, rank=6, verified=False, due_at=NOW + 9 * HOUR)
        for _ in range(3):
            note_offer(session, verified=True, now=NOW)

        found = listed(session, ana.id)

    assert ids(found) == [unverified, *verified]


def test_each_filter_has_its_rows_and_its_count(database: Database) -> None:
    with database.transaction() as session:
        ana, luis = make_staff(session), make_staff(session)
        made = {
            "plain": promised(session, language="es"),
            "mine": promised(session, state="claimed", staff_id=ana.id, language="es"),
            "theirs": promised(session, state="claimed", staff_id=luis.id, language="es"),
            "urgent": promised(session, rank=0, urgency="urgent", language="es"),
            "english": promised(session),
            "late": promised(session, due_at=NOW - MINUTE, language="es"),
            "left": promised(session, state="left_for_staff", outcome="unknown", language="es"),
            "paged": promised(session, paged_at=NOW, language="es"),
        }
        names = {callback_id: name for name, callback_id in made.items()}
        pages = {name: listed(session, ana.id, name) for name in FILTERS}

    assert {name: {names[one] for one in ids(page)} for name, page in pages.items()} == {
        "mine": {"mine"},
        "urgent": {"urgent"},
        "languages": {"english"},
        "overdue": {"late"},
        "attention": {"left", "paged"},
        "follow_ups": set(),
    }
    for name, page in pages.items():
        assert page.counts[name] == page.found == len(page.rows)
        assert page.total == len(made)


def test_filters_combine(database: Database) -> None:
    with database.transaction() as session:
        ana = make_staff(session)
        promised(session, urgency="urgent", rank=0, language="es")
        promised(session, due_at=NOW - HOUR)
        both = promised(session, urgency="urgent", rank=0, due_at=NOW - MINUTE)

        found = listed(session, ana.id, "urgent", "overdue", "languages")

    assert (ids(found), found.found) == ([both], 1)
    assert found.counts["urgent"] == found.counts["overdue"] == found.counts["languages"] == 2


def test_my_follow_ups_are_those_after_my_talks_and_those_whose_time_i_agreed_on(database: Database) -> None:
    with database.transaction() as session:
        ana, luis = make_staff(session), make_staff(session)
        after_mine = promised(session, rank=None, next_attempt_at=NOW + HOUR)
        after_theirs = promised(session)
        for callback_id, leader in ((after_mine, ana), (after_theirs, luis)):
            first = make_callback(
                session, state="reached", staff_id=leader.id, talking_at=NOW, closed_at=NOW, rank=None
            )
            talk = session.scalars(select(Talk).filter_by(callback_id=first.id)).one()
            session.get_one(Callback, callback_id).requested_in_call_id = talk.caller_call_id
        rescheduled = promised(session, rescheduled_by_id=ana.id, due_at=NOW + 10 * HOUR)
        promised(session, rescheduled_by_id=ana.id, due_at=NOW + 20 * HOUR)
        promised(session, rescheduled_by_id=luis.id)

        found = listed(session, ana.id, "follow_ups")

    assert ids(found) == [rescheduled, after_mine]


def test_call_that_follows_a_colleagues_dropped_talk_is_no_follow_up_of_who_agreed_on_the_talk(
    database: Database,
) -> None:
    with database.transaction() as session:
        ana, luis = make_staff(session), make_staff(session)
        talk = make_callback(
            session, make_case(session), state="reached", staff_id=luis.id, talking_at=NOW, closed_at=NOW,
            rescheduled_by_id=ana.id,
        )  # fmt: skip
        follow_up(session, talk, reason="dropped", at=NOW, due_at=NOW + HOUR, actor="caller:1", now=NOW)

        assert ids(listed(session, ana.id, "follow_ups")) == []


def test_promise_whose_time_i_agreed_on_is_my_follow_up_after_a_call_that_a_colleague_made_of_it(
    database: Database,
) -> None:
    with database.transaction() as session:
        ana, luis = make_staff(session), make_staff(session)
        case = make_case(session)
        make_callback(
            session, case, state="left_for_staff", outcome=BEHIND_NEWS, closed_at=NOW, rank=None,
            rescheduled_by_id=ana.id, due_at=NOW + HOUR,
        )  # fmt: skip
        called = make_callback(
            session, case, state="ringing_liaison", staff_id=luis.id, taken_up_at=NOW, rank=None
        )
        keep_waiting(session, called, "liaison:2", NOW)

        assert ids(listed(session, ana.id, "follow_ups")) == [called.id]


def test_second_page_goes_on_where_the_first_ends(database: Database) -> None:
    with database.transaction() as session:
        ana = make_staff(session)
        made = [promised(session, due_at=NOW + HOUR + number * MINUTE) for number in range(PAGE + 3)]

        first, second = listed(session, ana.id), listed(session, ana.id, page=2)

    assert ids(first) + ids(second) == made
    assert (first.has_more, second.has_more, second.pages) == (True, False, 2)


def test_row_has_the_safest_wishes_of_two_callers_and_says_who_has_it(database: Database) -> None:
    with database.transaction() as session:
        ana = make_staff(session, name="Ana Demo")
        wishes = {"may_answer": "anyone", "voicemail_text": "hello", "voicemail_allowed": True}
        promised(session, asked_elsewhere=True, state="claimed", staff_id=ana.id, **wishes)

        (row,) = listed(session, ana.id).rows

    assert (row.may_answer, row.voicemail_text, row.holder, row.discreet) == (
        "only_me",
        None,
        "Ana",
        False,
    )


def test_unknown_filter_is_an_error(database: Database) -> None:
    with database.transaction() as session, pytest.raises(ValueError, match="filter"):
        listed(session, 1, "nonsense")
