"""The callback list as a liaison reads it: one row for each, in the order of the work, and what it polls."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, before_render_template
from sqlalchemy import select

from models import Talk
from models.audit import audit
from models.callbacks.callback import advance
from models.store.database import Database
from tests.conftest import ON_SQLITE
from tests.console.callbacks.office import PHONE, Office
from tests.console.conftest import Clock, Member, words
from tests.statements import sent_statements

NO_BREAK = "\N{NARROW NO-BREAK SPACE}"


def rows(member: Member, query: str = "") -> dict[int, str]:
    """The words of each row of the list, in its order, by the callback's id."""
    member.opens(f"/console/callbacks{query}")
    found = member.page.xpath("//li[starts-with(@id, 'row-')]")
    return {int(one.get("id")[4:]): words(one).replace(NO_BREAK, " ") for one in found}


def test_row_says_all_that_a_liaison_needs_to_choose_and_no_number(
    liaison: Member, office_rows: Office
) -> None:
    now = office_rows.clock()
    callback_id = office_rows.promises(
        urgency="urgent", reason="afraid", time_zone="America/Los_Angeles", silent=True, caller_tries=2,
        due_at=now + timedelta(minutes=12), language="es",
    )  # fmt: skip

    (row,) = rows(liaison).values()

    assert liaison.opens("/console/").path == "/console/callbacks"
    assert row.startswith("Due in 12 min Urgent Afraid Waiting Verified SpanishES 7 AM there 2 tries used")
    for mark in ("cannot talk", "only they may answer", "no voicemail", "interpreter needed"):
        assert mark in row
    assert row.endswith("Claim Call now")
    assert "discreet line" not in row
    assert PHONE[-4:] not in liaison.text
    assert f"/console/callbacks/{callback_id}" in liaison.text


def test_row_says_verified_only_of_a_person_who_gave_the_pin(liaison: Member, office_rows: Office) -> None:
    asked = office_rows.promises()
    news = office_rows.promises(
        reason="notice", begun_by_staff=True, state="left_for_staff", outcome="notice_no_code"
    )
    stranger = office_rows.promises(case=False, verified=False)

    found = rows(liaison)

    assert " Verified English" in found[asked]
    assert "erified" not in found[news]
    assert " Not verified English" in found[stranger]


def test_row_of_a_person_who_could_not_talk_and_is_tried_anew_does_not_say_first_try(
    liaison: Member, office_rows: Office
) -> None:
    now = office_rows.clock()
    callback_id = office_rows.promises(state="ringing_caller", caller_tries=1)
    (row,) = rows(liaison).values()
    assert "1 try used" in row

    # They said so by key, and are called again in the part of the day that they were promised.
    with office_rows.database.transaction() as session:
        assert advance(
            session, callback_id, "not_safe", actor="caller:1", now=now, caller_tries=0,
            next_attempt_at=now + timedelta(hours=3),
        )  # fmt: skip

    (row,) = rows(liaison).values()
    assert "no tries used" in row
    assert "first try" not in row


def test_row_says_that_its_person_needed_an_interpreter_though_the_reader_speaks_their_language(
    liaison: Member, office_rows: Office
) -> None:
    before = office_rows.promises(
        case=False, state="reached", outcome="reached", talking_at=office_rows.clock(),
        closed_at=office_rows.clock(),
    )  # fmt: skip
    office_rows.promises(case=False)
    (row,) = rows(liaison).values()
    assert "interpreter needed" not in row

    with office_rows.database.transaction() as session:
        talk = session.scalars(select(Talk).filter_by(callback_id=before)).one()
        talk.needs_interpreter = True

    (row,) = rows(liaison).values()
    assert "interpreter needed" in row


def test_rows_tell_two_colleagues_of_one_first_name_apart(
    liaison: Member, staff: Any, office_rows: Office
) -> None:
    lease = {"state": "claimed", "lease_until": office_rows.clock() + timedelta(hours=1), "rank": None}
    people = [staff(name=name) for name in ("Luis Demo", "Luis Perez", "Rosa Demo", "Eva Diaz", "Eva Duran")]
    for one in people:
        office_rows.promises(staff_id=one.staff_id, **lease)

    found = list(rows(liaison).values())

    for row, name in zip(found, ("Luis D.", "Luis P.", "Rosa", "Eva Diaz", "Eva Duran"), strict=True):
        assert f"Claimed: {name} has it" in row


def test_legend_explains_each_mark_in_a_sentence(liaison: Member) -> None:
    liaison.opens("/console/callbacks")

    assert liaison.reads(
        "What the marks mean",
        "Cannot talk: ask yes or no questions. They answer 1 for yes and 2 for no.",
        "Only they may answer: if somebody else does, say nothing and end the call.",
        "Discreet line: nobody names the office.",
    )


@pytest.mark.parametrize("is_silent", [False, True])
def test_callback_that_two_callers_asked_for_without_a_pin_shows_the_safest_wishes(
    liaison: Member, office_rows: Office, is_silent: bool
) -> None:
    wishes = {"may_answer": "anyone", "voicemail_text": "hello", "voicemail_allowed": True}
    callback_id = office_rows.promises(case=False, rank=3, asked_elsewhere=True, silent=is_silent, **wishes)

    (row,) = rows(liaison).values()
    liaison.opens(f"/console/callbacks/{callback_id}")

    assert all(mark in row for mark in ("perhaps two callers", "only they may answer", "no voicemail"))
    assert liaison.reads("Two callers may have asked for this", "Only they may answer", "No voicemail")
    assert "may be spoken with" not in liaison.text


def test_what_needs_attention_stands_in_the_order_of_the_list_with_its_reason_and_one_action(
    liaison: Member, office_rows: Office
) -> None:
    now = office_rows.clock()
    plain = office_rows.promises(rank=1, due_at=now + timedelta(hours=20))
    untaken = office_rows.promises(
        urgency="urgent", due_at=now + timedelta(minutes=40), liaison_tries=3,
        paged_at=now - timedelta(minutes=1), next_attempt_at=now + timedelta(seconds=9),
    )  # fmt: skip
    left = office_rows.promises(
        state="left_for_staff", rank=1, outcome="unknown", closed_at=now, due_at=now + timedelta(hours=2)
    )

    found = rows(liaison)

    assert list(found) == [untaken, left, plain]
    assert "Needs attention: nobody took it" in found[untaken]
    assert "Needs attention: maybe called" in found[left]
    assert found[left].endswith("Reopen Call now")
    assert "Needs attention" not in found[plain]
    assert "Needs attention" in liaison.opens(f"/console/callbacks/{untaken}").text


def test_row_that_cannot_be_claimed_says_why_in_a_word(
    staff: Any, liaison: Member, office_rows: Office
) -> None:
    now = office_rows.clock()
    maria = staff(name="Maria Invented")
    has = {"staff_id": maria.staff_id, "claimed_at": now, "lease_until": now, "rank": None}
    theirs = office_rows.promises(state="claimed", **has)
    talking = office_rows.promises(state="talking", talking_at=now, held_at=now, **has)
    opens = now + timedelta(hours=3)
    closed = office_rows.promises(
        rank=None, next_attempt_at=opens, window_starts=opens, window_ends=opens + timedelta(hours=4)
    )
    again = office_rows.promises(rank=None, next_attempt_at=now + timedelta(minutes=30), caller_tries=1)
    stopped = office_rows.promises(state="left_for_staff", outcome="stopped", closed_at=now)

    found = rows(liaison)

    assert "Claimed: Maria has it" in found[theirs]
    assert "On hold: Maria has it" in found[talking]
    assert "Not yet: window opens 1 PM" in found[closed]
    assert "Needs attention: phone said stop" in found[stopped]
    assert not any("Claim Call now" in found[one] for one in (theirs, talking, closed, stopped))
    assert "Later: line calls 10:30 AM" in found[again]
    assert found[again].endswith("Claim Call now")


def test_reader_reads_that_they_have_it_and_calls_from_the_row(liaison: Member, office_rows: Office) -> None:
    callback_id = office_rows.promises()
    rows(liaison)

    liaison.clicks("Claim")

    assert liaison.path == f"/console/callbacks/{callback_id}"
    row = rows(liaison)[callback_id]
    assert "Claimed: You have it" in row
    assert row.endswith("Call now")


def test_filters_have_counts_are_combined_and_keep_the_open_callback(
    liaison: Member, office_rows: Office
) -> None:
    now = office_rows.clock()
    office_rows.promises(urgency="urgent", language="es")
    late = office_rows.promises(urgency="urgent", due_at=now - timedelta(minutes=8))
    office_rows.promises(due_at=now - timedelta(hours=2))
    assert {"Mine 0", "Urgent 2", "My languages 2", "Overdue 2", "Needs attention 0"} <= set(
        liaison.opens("/console/callbacks").links
    )

    liaison.opens(f"/console/callbacks/{late}").clicks("Urgent 2").clicks("Overdue 2")

    assert liaison.path == f"/console/callbacks/{late}"
    shown = liaison.page.xpath("//li[starts-with(@id, 'row-')]")
    assert [one.get("id") for one in shown] == [f"row-{late}"]
    assert "8 min overdue" in words(shown[0])
    liaison.clicks("Overdue 2")
    assert len(liaison.page.xpath("//li[starts-with(@id, 'row-')]")) == 2


def test_filters_stay_after_a_row_is_claimed_and_returned(liaison: Member, office_rows: Office) -> None:
    urgent = office_rows.promises(urgency="urgent")
    office_rows.promises()
    liaison.opens("/console/callbacks?urgent=1&languages=1").clicks("Claim")
    assert liaison.path == f"/console/callbacks/{urgent}"
    assert "Show all" not in liaison.text
    assert [one.get("id") for one in liaison.page.xpath("//li[starts-with(@id, 'row-')]")] == [
        f"row-{urgent}"
    ]

    liaison.clicks("Return to list")

    assert liaison.path == "/console/callbacks"
    assert len(liaison.page.xpath("//a[@aria-current='true'][starts-with(@id, 'filter-')]")) == 2


def test_empty_list_says_whether_filters_hide_callbacks(liaison: Member, office_rows: Office) -> None:
    liaison.opens("/console/callbacks?mine=1")
    assert liaison.reads("No callback fits these filters.", "Show all 0")
    liaison.clicks("Show all 0")
    assert liaison.reads("No callback is open. A new one appears here by itself.", "Look again")

    office_rows.promises()
    assert liaison.opens("/console/callbacks").reads("Nothing is open. Choose a callback from the list.")


def test_list_without_an_open_callback_shows_the_call_that_the_reader_is_in(
    liaison: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises()
    part = liaison.opens("/console/callbacks/current", HX_Request="true")
    assert part.reads("Nothing is open.")
    tag = liaison.headers["ETag"]
    assert liaison.opens("/console/callbacks/current", HX_Request="true", If_None_Match=tag).status == 304

    office_rows.talks(callback_id, liaison.staff_id)

    assert liaison.opens("/console/callbacks/current", HX_Request="true", If_None_Match=tag).status == 200
    assert liaison.reads("Callback: English", "You have been talking since")
    assert liaison.opens("/console/callbacks").heading == "Callback: English"


def test_page_in_place_is_the_panes_alone_and_a_page_of_the_history_is_whole(
    liaison: Member, office_rows: Office
) -> None:
    path = f"/console/callbacks/{office_rows.promises()}"

    in_place = liaison.opens(path, HX_Request="true").text
    whole = liaison.opens(path, HX_Request="true", HX_History_Restore_Request="true").text

    assert "<title>Callback" in in_place
    assert "<html" not in in_place
    assert "<html" in whole


def test_unknown_filter_or_page_is_no_fault(liaison: Member, office_rows: Office) -> None:
    assert liaison.opens("/console/callbacks?view=all%27--&everything=1").status == 200
    for page in ("0", "-1", "x", "99999999999999999999", "٣", "9999"):
        assert liaison.opens(f"/console/callbacks?page={page}").status == 200
        assert liaison.opens(f"/console/callbacks/part?opened={page}").status == 200


@ON_SQLITE
def test_long_list_is_paged_and_costs_as_many_queries_as_a_short_one(
    liaison: Member, office_rows: Office, database: Database
) -> None:
    def queries(path: str) -> int:
        with sent_statements(database) as statements:
            liaison.opens(path)
        return len(statements)

    for _ in range(3):
        one = office_rows.promises()
    few, few_of_one = queries("/console/callbacks"), queries(f"/console/callbacks/{one}")
    for _ in range(57):
        office_rows.promises()
    with database.transaction() as session:
        for _ in range(30):
            audit.record(
                session, actor=f"staff:{liaison.staff_id}", action="reveal_number", target=f"callback:{one}",
                now=office_rows.clock(),
            )  # fmt: skip

    # Where urgent ones are more than the bar names, one statement more counts them.
    assert queries("/console/callbacks") == few + 1
    assert queries(f"/console/callbacks/{one}") == few_of_one + 1
    assert "Next page" in liaison.opens("/console/callbacks").links
    liaison.clicks("Next page")
    assert len(liaison.page.xpath("//li[starts-with(@id, 'row-')]")) == 25


def test_unchanged_part_answers_304_and_renders_nothing(
    app: Flask, liaison: Member, office_rows: Office, clock: Clock
) -> None:
    callback_id = office_rows.promises()
    for path in ("/console/callbacks/part", f"/console/callbacks/{callback_id}/part"):
        tag = liaison.opens(path).headers["ETag"]
        rendered: list[str] = []

        def keeps(_app: Flask, template: Any, *, kept: list[str] = rendered, **_: Any) -> None:
            kept.append(template.name)

        with before_render_template.connected_to(keeps, app):
            liaison.opens(path, If_None_Match=tag)
        assert (liaison.status, liaison.text, rendered) == (304, "", [])
        liaison.opens(f"/console/callbacks/{callback_id}").clicks(
            "Claim" if path.endswith("callbacks/part") else "Return to list"
        )
        assert liaison.opens(path, If_None_Match=tag).status == 200


def test_callback_that_becomes_late_is_shown_without_a_write(
    liaison: Member, office_rows: Office, clock: Clock
) -> None:
    office_rows.promises(due_at=clock() + timedelta(minutes=5))
    tag = liaison.opens("/console/callbacks/part").headers["ETag"]
    clock.goes_on(minutes=6)

    assert liaison.opens("/console/callbacks/part", If_None_Match=tag).status == 200
    assert liaison.reads("1 min overdue")
