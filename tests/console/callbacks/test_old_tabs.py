"""Old tabs, forms sent twice, and ids of others."""

from typing import Any

import pytest
from sqlalchemy import select

from models import Call
from models.store.database import Database
from tests.call_center import WaitingJobs
from tests.console.callbacks.office import PHONE, Office
from tests.console.conftest import Clock, Member


def test_stale_tab_changes_nothing_and_shows_the_current_state(
    liaison: Member, office_rows: Office, clock: Clock
) -> None:
    callback_id = office_rows.promises()
    liaison.opens(f"/console/callbacks/{callback_id}")
    office_rows.becomes(callback_id, state="reached", outcome="reached", closed_at=clock(), rank=None)

    liaison.clicks("Call now")

    assert liaison.reads("This callback was closed on Nov 25, 2026, 10:00", "Reached: two people talked.")
    assert office_rows.row(callback_id).state == "reached"


def test_double_submit_rings_one_phone_once(
    liaison: Member, office_rows: Office, jobs: WaitingJobs, database: Database
) -> None:
    callback_id = office_rows.promises()
    token = liaison.opens(f"/console/callbacks/{callback_id}").token
    for _ in range(3):
        liaison.sends(f"/console/callbacks/{callback_id}/call", {"csrf_token": token})

    assert len(jobs.waiting) == 1
    with database.reading() as session:
        assert len(session.scalars(select(Call).where(Call.role == "liaison")).all()) == 1


@pytest.mark.parametrize(
    "action",
    [
        "claim",
        "release",
        "call",
        "hand",
        "cancel",
        "note",
        "finish",
        "number",
        "reschedule",
        "nonsense",
    ],
)
def test_unknown_id_or_empty_form_is_never_a_fault(liaison: Member, office_rows: Office, action: str) -> None:
    callback_id = office_rows.promises()
    token = liaison.opens("/console/callbacks").token
    for one in (999_999, callback_id):
        liaison.sends(f"/console/callbacks/{one}/{action}", {"csrf_token": token})
        assert liaison.status in {200, 403, 404, 422}, (one, liaison.status)


def test_liaison_sees_somebody_elses_callback_and_cannot_change_it(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo").signs_in()
    callback_id = office_rows.promises()
    ana.opens(f"/console/callbacks/{callback_id}").clicks("Claim")
    before = office_rows.row(callback_id)
    token = luis.opens(f"/console/callbacks/{callback_id}").token

    for action, data in (
        ("release", {}), ("call", {}), ("hand", {"to": str(luis.staff_id)}),
        ("cancel", {"reason": "duplicate"}), ("reschedule", {"day": "2026-11-27", "time": "12:00"}),
        ("note", {"note": "hello"}), ("number", {}),
        ("finish", {"outcome": "reached", "note": "hello"}),
    ):  # fmt: skip
        luis.sends(f"/console/callbacks/{callback_id}/{action}", {"csrf_token": token, **data})
        assert luis.status in {200, 403, 422}
    assert luis.opens(f"/console/callbacks/{callback_id}/words").status == 403

    after = office_rows.row(callback_id)
    assert (after.state, after.staff_id, after.note_sealed) == (before.state, ana.staff_id, None)
    assert PHONE not in luis.text
    assert office_rows.entries("look_at_case") == office_rows.entries("reveal_number") == []


def test_whole_number_is_shown_once_in_the_answer_and_recorded(liaison: Member, office_rows: Office) -> None:
    callback_id = office_rows.promises()
    liaison.opens(f"/console/callbacks/{callback_id}").clicks("Claim").clicks("Show the whole number")

    assert liaison.reads(PHONE)
    assert liaison.headers["Cache-Control"] == "no-store"
    assert PHONE not in liaison.opens(f"/console/callbacks/{callback_id}").text
    assert [one.target for one in office_rows.entries("reveal_number")] == [f"callback:{callback_id}"]
