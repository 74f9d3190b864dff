"""The callback list: its views, its pages, and what it polls by itself."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from models.store.database import Database
from tests.conftest import ON_SQLITE
from tests.console.callbacks.office import Office
from tests.console.conftest import Clock, Member


def test_list_is_the_first_page_and_shows_how_to_call_but_no_whole_number(
    liaison: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises(silent=True, urgency="urgent", time_zone="America/Los_Angeles")

    liaison.opens("/console/")

    assert liaison.path == "/console/callbacks"
    assert liaison.reads(f"Callback {callback_id}", "Urgent", "Verified", "English", "••• 10")
    assert liaison.reads("ask yes or no questions", "Only they may answer", "No voicemail")
    assert liaison.reads("There: Wed", "3:00", "Now there: Wed", "7:00")
    assert "555" not in liaison.text


@pytest.mark.parametrize("is_silent", [False, True])
def test_callback_that_two_callers_asked_for_without_a_pin_shows_the_safest_wishes(
    liaison: Member, office_rows: Office, is_silent: bool
) -> None:
    wishes = {"may_answer": "anyone", "voicemail_text": "hello", "voicemail_allowed": True}
    office_rows.promises(case=False, rank=3, asked_elsewhere=True, silent=is_silent, **wishes)

    liaison.opens("/console/")

    assert liaison.reads("Two callers may have asked for this", "Only they may answer", "No voicemail")
    assert "may be spoken with" not in liaison.text


def test_urgent_callback_that_nobody_takes_needs_attention_at_the_top_of_the_list(
    liaison: Member, office_rows: Office
) -> None:
    now = office_rows.clock()
    office_rows.promises(due_at=now + timedelta(hours=20))
    untaken = office_rows.promises(
        urgency="urgent", due_at=now + timedelta(minutes=40), rank=0, liaison_tries=3,
        paged_at=now - timedelta(minutes=1), next_attempt_at=now + timedelta(seconds=9),
    )  # fmt: skip

    rows = liaison.opens("/console/callbacks?view=due").page.xpath("//li[contains(@class, 'callback')]")

    assert f"Callback {untaken}" in rows[0].text_content()
    assert "Needs attention" in rows[0].text_content()
    assert "Needs attention" not in rows[1].text_content()
    assert "Needs attention" in liaison.opens(f"/console/callbacks/{untaken}").text


def test_each_view_has_what_its_name_says(liaison: Member, office_rows: Office) -> None:
    now = office_rows.clock()
    due = office_rows.promises()
    late = office_rows.promises(due_at=now - timedelta(minutes=1))
    later = office_rows.promises(rank=None, next_attempt_at=now + timedelta(hours=3))
    left = office_rows.promises(state="left_for_staff", outcome="unknown", closed_at=now)
    mine = office_rows.promises(
        state="claimed", staff_id=liaison.staff_id, claimed_at=now, lease_until=now, rank=None
    )
    office_rows.promises(state="reached", closed_at=now, rank=None)

    seen = {
        view: {
            int(href.rpartition("/")[2])
            for text, href in liaison.opens(f"/console/callbacks?view={view}").links.items()
            if text.startswith("Callback ")
        }
        for view in ("due", "late", "mine", "open", "left")
    }

    assert seen == {
        "due": {due, late, left},
        "late": {late},
        "mine": {mine},
        "open": {due, late, later, mine, left},
        "left": {left},
    }
    assert liaison.reads("Some of these people may have been rung already", "May have been rung")


def test_unknown_view_or_page_is_no_fault(liaison: Member, office_rows: Office) -> None:
    assert liaison.opens("/console/callbacks?view=all%27--").status == 404
    for page in ("0", "-1", "x", "99999999999999999999", "٣", "9999"):
        assert liaison.opens(f"/console/callbacks?view=open&page={page}").status == 200


@ON_SQLITE
def test_long_list_is_paged_and_costs_as_many_queries_as_a_short_one(
    liaison: Member, office_rows: Office, database: Database
) -> None:
    def queries(path: str) -> int:
        count = 0

        def counts(*_: Any) -> None:
            nonlocal count
            count += 1

        event.listen(database.engine, "before_cursor_execute", counts)
        liaison.opens(path)
        event.remove(database.engine, "before_cursor_execute", counts)
        return count

    for _ in range(3):
        one = office_rows.promises()
    few, few_of_one = queries("/console/callbacks?view=open"), queries(f"/console/callbacks/{one}")
    for _ in range(57):
        office_rows.promises()
    for _ in range(30):
        liaison.sends(
            f"/console/callbacks/{one}/number", {"csrf_token": liaison.opens("/console/callbacks").token}
        )

    assert queries("/console/callbacks?view=open") == few
    assert queries(f"/console/callbacks/{one}") == few_of_one
    assert "Next page" in liaison.opens("/console/callbacks?view=open").links
    liaison.clicks("Next page")
    assert len([text for text in liaison.links if text.startswith("Callback ")]) == 25


def test_unchanged_part_answers_304_after_one_look(
    liaison: Member, office_rows: Office, database: Database, clock: Clock
) -> None:
    callback_id = office_rows.promises()
    for path in ("/console/callbacks/part?view=due", f"/console/callbacks/{callback_id}/part"):
        tag = liaison.opens(path).headers["ETag"]
        statements: list[str] = []

        def keeps(_c: Any, _u: Any, said: str, *_: Any, kept: list[str] = statements) -> None:
            kept.append(said)

        event.listen(database.engine, "before_cursor_execute", keeps)
        liaison.opens(path, If_None_Match=tag)
        event.remove(database.engine, "before_cursor_execute", keeps)
        assert (liaison.status, liaison.text) == (304, "")
        # One finds out who asks, the other whether anything changed.
        assert len([one for one in statements if one.startswith("SELECT")]) == 2

        liaison.opens(f"/console/callbacks/{callback_id}").clicks(
            "Take it" if "part?" in path else "Put it back"
        )
        assert liaison.opens(path, If_None_Match=tag).status == 200


def test_callback_that_becomes_late_is_shown_without_a_write(
    liaison: Member, office_rows: Office, clock: Clock
) -> None:
    office_rows.promises(due_at=clock() + timedelta(minutes=5))
    tag = liaison.opens("/console/callbacks/part?view=due").headers["ETag"]
    clock.goes_on(minutes=6)

    assert liaison.opens("/console/callbacks/part?view=due", If_None_Match=tag).status == 200
    assert liaison.reads("Late")
