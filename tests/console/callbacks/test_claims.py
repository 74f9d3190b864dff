"""A liaison takes a callback and calls; of two at once one wins, and the other is told who."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from models import Call, Staff
from models.database import Database
from models.leg_end import leg_ended
from tests.callback_desk import WaitingJobs
from tests.console.callbacks.office import Office
from tests.console.conftest import Member


def test_a_liaison_takes_a_callback_and_calls(
    liaison: Member, office_rows: Office, jobs: WaitingJobs, database: Database
) -> None:
    callback_id = office_rows.promises()
    liaison.opens("/console/callbacks").clicks("Take")
    assert liaison.path == f"/console/callbacks/{callback_id}"
    assert liaison.reads("You took it.", "It is yours until")
    assert office_rows.row(callback_id).staff_id == liaison.staff_id
    assert jobs.waiting == []

    liaison.clicks("Call now")

    assert liaison.reads("You asked for the call.", "Your phone rings. Accept there by pressing 1")
    with database.reading() as session:
        (leg_id,) = session.scalars(select(Call.id).where(Call.flow == "liaison_callback"))
        assert session.get_one(Staff, liaison.staff_id).busy_call_id == leg_id
    assert jobs.waiting == [("ring_taker", leg_id)]


def test_two_sessions_fight_over_one_callback_and_the_loser_is_told_who_and_when(
    staff: Any, office_rows: Office, jobs: WaitingJobs
) -> None:
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo").signs_in()
    callback_id = office_rows.promises()
    for one in (ana, luis):
        one.opens(f"/console/callbacks/{callback_id}")

    ana.clicks("Take it")
    luis.clicks("Take it")

    assert luis.reads("Ana Demo took this callback on Nov 25, 2026, 10:00", "Taken: Ana Demo")
    assert office_rows.row(callback_id).staff_id == ana.staff_id
    luis.opens(f"/console/callbacks/{callback_id}")
    luis.sends(f"/console/callbacks/{callback_id}/call", {"csrf_token": luis.token})
    assert luis.reads("Ana Demo took this callback")
    assert jobs.waiting == []
    assert len(office_rows.entries("claim_callback")) == 1


def test_a_liaison_who_misses_their_own_call_reads_so_and_until_when_they_may_try_again(
    liaison: Member, office_rows: Office, jobs: WaitingJobs, database: Database, office: Any, now: datetime
) -> None:
    callback_id = office_rows.promises()
    liaison.opens("/console/callbacks").clicks("Take").clicks("Call now")
    ((_, leg_id),) = jobs.waiting
    with database.transaction() as session:
        leg_ended(session, leg_id, "no-answer", now, office)

    liaison.opens(f"/console/callbacks/{callback_id}")

    assert liaison.reads("You did not answer your phone, so nobody was called.", "It is yours until", "10:02")
    assert liaison.reads("Their own call was not answered")
    liaison.clicks("Call now")
    assert liaison.reads("Your phone rings. Accept there by pressing 1")
