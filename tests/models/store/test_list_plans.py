"""Claiming is as quick with a million callbacks as with a hundred: each read of the list is by an index."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from models.callbacks.at_risk import make_alerts
from models.callbacks.callback import CALLBACKS, Callback
from models.callbacks.callback_list import due_callbacks, tidy_list
from models.callbacks.follow_up import is_promised_again
from models.callbacks.liaison import unverified_may_take, unverified_may_take_at_0
from models.calls.alert_sending import unsent_alerts
from models.calls.call import CALLS
from models.frame.call_bar import call_bar
from models.frame.console_version import console_version
from models.outcomes.next_callback import next_to_claim
from models.outcomes.talk_facts import needs_interpreter, which_need_interpreter
from models.overview.history import history_of
from models.overview.my_shift import finished_since, today_of
from models.overview.outcome import last_talk
from models.overview.untaken import untaken
from models.overview.work_list import FILTERS, Reader, WorkList, work_list
from models.store.database import Database, keyring_of
from models.store.keyring import Keyring
from models.talks.dispatch import ring_first, ring_next
from models.talks.left_behind import left_behind_legs
from models.talks.next_offer import first_on_list, owed_callback
from models.talks.stranded import (
    close_forgotten,
    free_forgotten,
    give_back_lapsed,
    held_in_conference,
    lapsed_callbacks,
    talks_to_ask_about,
    undialled_at_0,
    undialled_callers,
    undialled_joiners,
    undialled_takers,
    unknown_joiners,
)
from models.talks.talk import Talk
from tests.conftest import DATABASES
from tests.factories import NOW, make_office, make_policies, make_staff
from tests.models.store.test_query_plans import _plans
from tests.models.undone import undone
from tests.own_database import analyze, own_database
from workers.office_rules import callback_policy_of

OFFICE, POLICIES = make_office(), make_policies()
POLICY = callback_policy_of(OFFICE)
#: Never many: people, and what the line knows of its own pace. Of the audit only the newest entry is read.
SMALL = {"staff", "staff_1", "paces", "guards", "calls_1", "audit_entries", "offers"}
#: Walked from end to end and never long: the list in its own order, the alerts that are not sent yet, and of
#: this moment the callers who wait at 0, the talks and call-outs, and the legs of talks.
WALKED = (
    r"SCAN (\w+) USING (?:COVERING )?INDEX "
    r"(?:ix_callbacks_line|ix_alerts_unsent|ix_queued_calls_waiting|uq_talks_on|ix_callouts_on"
    r"|ix_calls_live_children|ix_calls_live_legs)"
)
LOOKS: dict[str, Callable[[Session, datetime], Any]] = {
    "the head of the line": lambda session, now: due_callbacks(session, now, 8, POLICY.due_soon),
    "whom somebody is free for": lambda session, now: first_on_list(session, now, POLICY, 8),
    "who joins the line": lambda session, now: tidy_list(session, now, POLICY),
    "half of the capacity": unverified_may_take,
    "whether a callback is owed the next offer": owed_callback,
    "half of the capacity at 0": unverified_may_take_at_0,
    "urgent work that nobody has": lambda session, now: untaken(session, now, now + POLICY.due_soon),
    "the call bar": lambda session, now: call_bar(session, 1, now, 10_000),
    "promises at risk": lambda session, now: make_alerts(session, now, POLICIES, is_open=True),
    "alerts to send": lambda session, now: unsent_alerts(session, now, 50),
    "claims that lapsed": give_back_lapsed,
    "legs that lapsed": lapsed_callbacks,
    "accepted and not dialled": undialled_callers,
    "legs left behind": left_behind_legs,
    "joiners and not dialled": undialled_joiners,
    "legs at 0 and not dialled": undialled_at_0,
    "talks to ask about": lambda session, now: talks_to_ask_about(session, now, now, POLICY),
    "joiners of whom nothing is known": lambda session, now: unknown_joiners(session, now, POLICY),
    "callers on hold in a conference": held_in_conference,
    "talks longer than any call": close_forgotten,
    "liaisons reserved by nothing": lambda session, now: free_forgotten(session, now, POLICY),
    "the talk that ended last": lambda session, now: last_talk(session, 1, now, POLICIES.outcome_minutes),
    "what somebody finished in a day": lambda session, now: finished_since(session, 1, now, now, 15),
    "the figures of a day": lambda session, now: today_of(session, 1, now, now),
    "a slot": lambda session, now: ring_next(session, 1, now, POLICY),
    "a ring": lambda session, now: ring_first(session, now, POLICY),
    "legs of those who asked to be rung": undialled_takers,
    "whether open consoles changed": lambda session, _now: console_version(session),
    "whether a call was promised again": lambda session, _now: is_promised_again(session, 7),
    "a history": lambda session, _now: history_of(session, 1),
    "the callback that is shown next": lambda session, now: next_to_claim(session, ("en",), now, POLICY),
    "which persons of a page need an interpreter": lambda session, _now: which_need_interpreter(
        session, range(1, 26)
    ),
    "whether a person needs an interpreter": lambda session, _now: needs_interpreter(
        session, session.get_one(Callback, 1)
    ),
}
MANY = 4_000


def _page_of_list(session: Session, chosen: str) -> WorkList:
    return work_list(
        session, Reader(1, ("en",), NOW), (chosen,) if chosen else (), NOW,
        soon=POLICY.due_soon, lines=OFFICE.lines, discreet=OFFICE.discreet_lines,
    )  # fmt: skip


def _listed(now: datetime, number: int) -> dict[str, Any]:
    """One of many: two in three long over, the rest wait for a closed window, or are on the list."""
    state = ("reached", "left_for_staff", "requested")[number % 3]
    on_list = number % 6 == 2
    return {
        "state": state, "urgency": "other", "reason": "asked", "verified": number % 4 > 0, "language": "en",
        "time_zone": "America/New_York", "phone_key": f"{number:064d}",
        "voicemail_allowed": False, "may_answer": "only_me", "requested_at": now,
        "due_at": now + timedelta(hours=5, seconds=number), "warned": 5,
        "rank": (1 if number % 4 else 6) if on_list or state == "left_for_staff" else None,
        "next_attempt_at": now if on_list else now + timedelta(hours=3), "liaison_tries": 0,
        "caller_tries": 0,
    }  # fmt: skip


def _call(at: datetime) -> dict[str, Any]:
    return {
        "direction": "outbound", "flow": "", "role": "called_back", "line": "", "started_at": at,
        "ended_at": at, "language": "en", "pace": "normal", "step": "", "turn": 0, "heard_from": "",
        "misses": 0, "silences": 0, "tries": 0, "said": "", "trail": "",
    }  # fmt: skip


def _talk(number: int) -> dict[str, Any]:
    at = NOW - timedelta(days=9)
    return {
        "callback_id": number if number % 3 else None, "caller_call_id": number, "leader_call_id": number + 1,
        "staff_id": 1, "language": "en", "conference": "", "began_at": at, "closed_at": at,
        "outcome": "reached",
    }  # fmt: skip


@pytest.fixture(scope="module", params=DATABASES)
def crowded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, _keyring: Keyring
) -> Iterator[Database]:
    """A database of its own with many on the list, whose planner knows of them."""
    with own_database(request, tmp_path_factory, _keyring) as database:
        with database.transaction() as session:
            make_staff(session)
            sealed = keyring_of(session).seal("callback.number", "+12025550110")
            rows = [_listed(NOW, number) | {"number_sealed": sealed} for number in range(MANY)]
            session.execute(insert(CALLBACKS), rows)
            session.execute(insert(CALLS), [_call(NOW - timedelta(days=9))] * MANY)
            session.execute(insert(Talk), [_talk(number) for number in range(1, MANY)])
        analyze(database)
        yield database


@pytest.mark.parametrize("name", LOOKS)
def test_read_of_the_list_reads_through_no_table_that_grows(crowded: Database, name: str) -> None:
    with undone(crowded) as session:
        plan = _plans(session, lambda: LOOKS[name](session, NOW))

    # SQLite calls it a constant row when a statement reads no table by itself.
    scanned = set(re.findall(r"(?:SCAN|Seq Scan on) (?!CONSTANT ROW)(\w+)", plan)) - SMALL
    walked = set(re.findall(WALKED, plan))
    assert not {table for table in scanned - walked if not table.startswith("anon")}, plan


def test_head_of_the_list_is_read_in_the_order_of_its_index_and_sorted_nowhere(crowded: Database) -> None:
    with crowded.reading() as session:
        plan = _plans(session, lambda: due_callbacks(session, NOW, 8, POLICY.due_soon))

    assert "ix_callbacks_line" in plan
    assert not re.search(r"TEMP B-TREE|Sort", plan), plan


@pytest.mark.parametrize("crowded", ["postgresql"], indirect=True)
def test_head_of_the_list_is_sorted_nowhere_after_years_of_callbacks(crowded: Database) -> None:
    columns = ", ".join(column.name for column in CALLBACKS.columns if column.name != "id")
    with undone(crowded) as session:
        closed = f"SELECT {columns} FROM callbacks WHERE state = 'reached' LIMIT 1"  # noqa: S608
        many = f"SELECT c.* FROM ({closed}) c, generate_series(1, 100000)"  # noqa: S608
        session.execute(text(f"INSERT INTO callbacks ({columns}) {many}"))
        session.execute(text("ANALYZE callbacks"))
        plan = _plans(session, lambda: first_on_list(session, NOW, POLICY, 8))

    assert "ix_callbacks_line" in plan
    assert not re.search("Sort", plan), plan


def test_callback_whose_time_comes_is_found_by_that_time(crowded: Database) -> None:
    with undone(crowded) as session:
        plan = _plans(session, lambda: tidy_list(session, NOW, POLICY))

    assert "ix_callbacks_not_yet" in plan


@pytest.mark.parametrize("chosen", ["", *FILTERS])
def test_page_of_the_consoles_list_is_read_from_an_index_and_sorted_nowhere(
    crowded: Database, chosen: str
) -> None:
    with crowded.reading() as session:
        plan = _plans(session, lambda: _page_of_list(session, chosen))

    page = plan.split("\n\n")[0]
    assert "ix_callbacks_" in page, plan
    assert not re.search(r"(?:SCAN|Seq Scan on) callbacks(?! USING)", plan), plan


def test_promises_at_risk_are_found_by_the_moment_promised(crowded: Database) -> None:
    with undone(crowded) as session:
        plan = _plans(session, lambda: make_alerts(session, NOW, POLICIES, is_open=True))

    assert plan.count("ix_callbacks_warned") == 5, plan
    assert "ix_callbacks_left" in plan
