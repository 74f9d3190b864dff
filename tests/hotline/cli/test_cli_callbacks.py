"""`hotline callbacks` as outside checks read it, and as staff without the console use it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from hotline.cli import group
from models import AuditEntry, Callback
from models.callbacks.callback import STATES
from models.staff.alert import PUT_OFF
from models.store.database import Database
from tests.factories import NOW, make_callback, make_case, make_staff

Hotline = Callable[..., Result]


@pytest.fixture
def hotline(environ: dict[str, str]) -> Hotline:
    """Run `hotline callbacks` on the test's database."""
    return lambda *args: CliRunner().invoke(group, ["callbacks", *args], env=environ)


def test_every_callback_is_listed_oldest_first_with_no_number_and_no_name(
    hotline: Hotline, database: Database
) -> None:
    with database.transaction() as session:
        for age, state in enumerate(STATES):
            case = make_case(session) if age % 2 else None
            make_callback(session, case, state=state, requested_at=NOW - timedelta(hours=age))
    result = hotline("list", "--json")
    listed = json.loads(result.stdout)
    assert result.exit_code == 0
    assert [row["state"] for row in listed] == list(reversed(STATES))
    assert all(set(row) == {"id", "state", "requested_at", "due_at", "verified"} for row in listed)
    assert listed[-1] == {
        "id": listed[-1]["id"],
        "state": "requested",
        "requested_at": "2026-11-25T15:00:00+00:00",
        "due_at": "2026-11-26T15:00:00+00:00",
        "verified": False,
    }
    assert "555" not in result.output
    assert "555" not in hotline("list").output


def test_list_is_narrowed_by_state(hotline: Hotline, database: Database) -> None:
    with database.transaction() as session:
        for state in STATES:
            make_callback(session, state=state)
    result = hotline("list", "--state", "requested", "--state", "left_for_staff", "--json")
    assert [row["state"] for row in json.loads(result.stdout)] == ["requested", "left_for_staff"]
    text = hotline("list", "--state", "talking").stdout
    assert "talking" in text
    assert "reached" not in text


def test_table_says_how_a_talk_ended_that_counts_as_reached(hotline: Hotline, database: Database) -> None:
    with database.transaction() as session:
        make_callback(session, state="reached", outcome="wrong_person")
        make_callback(session, state="requested")

    heads, talked, waiting = hotline("list").stdout.splitlines()

    assert heads.endswith("verified  outcome")
    assert "reached" in talked
    assert talked.endswith("wrong_person")
    assert waiting.endswith("no")


def test_empty_list_is_an_empty_document(hotline: Hotline, database: Database) -> None:
    assert json.loads(hotline("list", "--json").stdout) == []
    assert hotline("list").stdout == "No callbacks.\n"


def test_unknown_state_is_refused(hotline: Hotline, database: Database) -> None:
    result = hotline("list", "--state", "lost")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--state" in result.stderr


def test_aged_list_has_every_open_callback_with_its_age(hotline: Hotline, database: Database) -> None:
    asked = datetime.now(UTC) - timedelta(minutes=90)
    with database.transaction() as session:
        for state in STATES:
            make_callback(session, state=state, requested_at=asked, due_at=asked + timedelta(minutes=60))
    listed = json.loads(hotline("list", "--aged", "--json").stdout)
    assert [row["state"] for row in listed] == [
        "requested", "claimed", "ringing_liaison", "ringing_caller", "left_for_staff",
    ]  # fmt: skip
    assert {(row["waiting_minutes"], row["late_minutes"], row["urgency"]) for row in listed} == {
        (90, 30, "other")
    }
    assert "90 min     30 min  other" in hotline("list", "--aged").stdout
    assert "waiting" not in hotline("list").stdout


def test_aged_list_counts_no_warning_of_a_promise_that_was_put_off_and_not_told(
    hotline: Hotline, database: Database
) -> None:
    with database.transaction() as session:
        make_callback(session, warned=PUT_OFF)

    assert [row["warned"] for row in json.loads(hotline("list", "--aged", "--json").stdout)] == [0]


def test_callback_left_for_staff_is_promised_again_once_somebody_looked_into_it(
    hotline: Hotline, database: Database
) -> None:
    with database.transaction() as session:
        make_staff(session, email="ruth@office.example.org", role="supervisor")
        case = make_case(session)
        left = make_callback(
            session, case, state="left_for_staff", outcome="no_answer", urgency="urgent", warned=5
        ).id

    result = hotline("again", str(left), "--by", "Ruth@office.example.org", "--json")

    made = json.loads(result.stdout)["id"]
    with database.reading() as session:
        row, before = session.get_one(Callback, made), session.get_one(Callback, left)
        assert (before.state, before.outcome) == ("left_for_staff", "promised_anew")
        assert (row.state, row.urgency, row.case_id, row.warned) == ("requested", "urgent", case.id, 0)
        assert row.phone_key == before.phone_key
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
        assert (entry.actor, entry.action) == ("ruth@office.example.org", "request_callback")
    assert [row["id"] for row in json.loads(hotline("list", "--aged", "--json").stdout)] == [made]
    assert hotline("again", str(left), "--by", "ruth@office.example.org").exit_code == 2


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"state": "reached"}, "neither needs attention nor was unanswered"),
        ({"state": "left_for_staff", "outcome": "stopped"}, "no more calls"),
        ({"state": "no_answer", "by": "nobody@office.example.org"}, "No one on the staff list"),
        ({"state": "no_answer", "stands": True}, "already has another callback"),
        ({"state": "no_answer", "id": 77}, "ID: There is no such callback"),
    ],
)
def test_callback_that_may_not_be_promised_again_is_refused_in_one_sentence(
    hotline: Hotline, database: Database, facts: dict[str, Any], sentence: str
) -> None:
    with database.transaction() as session:
        make_staff(session, email="ruth@office.example.org", role="supervisor")
        case = make_case(session)
        row = make_callback(session, case, state=facts["state"], outcome=facts.get("outcome"))
        if facts.get("stands"):
            make_callback(session, case)
        found = facts.get("id", row.id)

    result = hotline("again", str(found), "--by", facts.get("by", "ruth@office.example.org"))

    assert (result.exit_code, sentence in result.stderr) == (2, True), result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_callback_left_for_staff_is_claimed_by_command(hotline: Hotline, database: Database) -> None:
    with database.transaction() as session:
        left = make_callback(session, make_case(session), state="left_for_staff", urgency="urgent").id
        make_staff(session, "ana@office.example.org", on_shift=False)

    result = hotline("retry", str(left), "--by", "ana@office.example.org", "--json")

    assert (result.exit_code, json.loads(result.stdout)) == (0, {"id": left, "state": "ringing_liaison"})
    with database.reading() as session:
        assert session.get_one(Callback, left).state == "ringing_liaison"
        entries = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert list(entries)[-2:] == ["take_up_callback", "ring_liaison_callback"]


def test_callback_is_cancelled_by_command(hotline: Hotline, database: Database) -> None:
    with database.transaction() as session:
        made = make_callback(session).id
        make_staff(session, "ana@office.example.org")
    options = ("--by", "ana@office.example.org", "--reason", "duplicate")

    assert hotline("cancel", str(made), *options).stdout == "Canceled.\n"

    again = hotline("cancel", str(made), *options)
    assert again.exit_code == 2
    assert again.stderr.startswith("This callback was closed on ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("retry", "4711", "--by", "ana@office.example.org"), "ID: There is no such callback.\n"),
        (("retry", "1", "--by", "nobody@office.example.org"), "--by: No one on the staff list"),
        (("retry", "x", "--by", "ana@office.example.org"), "ID"),
        (("retry", "1"), "--by"),
        (("cancel", "1", "--by", "ana@office.example.org", "--reason", "bored"), "--reason"),
    ],
)
def test_impossible_command_is_one_sentence_on_stderr(
    hotline: Hotline, database: Database, words: tuple[str, ...], said: str
) -> None:
    with database.transaction() as session:
        make_staff(session, "ana@office.example.org")

    result = hotline(*words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
