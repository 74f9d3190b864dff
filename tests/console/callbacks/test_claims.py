"""A liaison claims a callback and calls; of two at once one wins, and the other reads who has it."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from models import Call, Staff
from models.staff.set_away import spare
from models.store.database import Database
from models.talks.leg_end import leg_ended
from tests.call_center import WaitingJobs
from tests.console.callbacks.office import Office
from tests.console.conftest import Member, words
from workers.office_rules import callback_policy_of


def test_liaison_claims_a_callback_and_calls(
    liaison: Member, office_rows: Office, jobs: WaitingJobs, database: Database
) -> None:
    callback_id = office_rows.promises()
    liaison.opens("/console/callbacks").clicks("Claim")
    assert liaison.path == f"/console/callbacks/{callback_id}"
    assert liaison.reads("You claimed it.", "It is yours until")
    assert office_rows.row(callback_id).staff_id == liaison.staff_id
    assert jobs.waiting == []

    liaison.clicks("Call now")

    assert liaison.reads("You asked for the call.", "Your phone rings. Accept there by pressing 1")
    with database.reading() as session:
        (leg_id,) = session.scalars(select(Call.id).where(Call.role == "liaison"))
        assert session.get_one(Staff, liaison.staff_id).busy_call_id == leg_id
    assert jobs.waiting == [("ring_taker", leg_id)]


def test_loser_of_two_who_claim_one_callback_at_once_reads_who_has_it_and_since_when(
    staff: Any, office_rows: Office, jobs: WaitingJobs
) -> None:
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo").signs_in()
    callback_id = office_rows.promises()
    for one in (ana, luis):
        one.opens(f"/console/callbacks/{callback_id}")

    ana.clicks("Claim")
    luis.clicks("Claim")

    assert luis.reads("Ana Demo claimed this callback on Nov 25, 2026, 10:00", "Claimed: Ana Demo")
    assert office_rows.row(callback_id).staff_id == ana.staff_id
    luis.opens(f"/console/callbacks/{callback_id}")
    luis.sends(f"/console/callbacks/{callback_id}/call", {"csrf_token": luis.token})
    assert luis.reads("Ana Demo claimed this callback")
    assert jobs.waiting == []
    assert len(office_rows.entries("claim_callback")) == 1


def test_colleagues_who_share_a_name_are_told_apart_when_one_claims_and_hands_over(
    staff: Any, office_rows: Office
) -> None:
    first, second = (staff(name="Ana Demo", on_shift=True).signs_in() for _ in range(2))
    luis = staff(name="Luis Demo", on_shift=True).signs_in()
    callback_id = office_rows.promises()
    for one in (second, luis):
        one.opens(f"/console/callbacks/{callback_id}")

    second.clicks("Claim")
    luis.clicks("Claim")

    assert luis.reads(f"Ana Demo ({second.email}) claimed this callback")
    # The choice of the colleague to hand it to.
    assert second.opens(f"/console/callbacks/{callback_id}").reads(f"Ana Demo ({first.email})")


def test_liaison_who_misses_their_own_call_reads_that_and_until_when_they_may_try_again(
    liaison: Member, office_rows: Office, jobs: WaitingJobs, database: Database, office: Any, now: datetime
) -> None:
    callback_id = office_rows.promises()
    liaison.opens("/console/callbacks").clicks("Claim").clicks("Call now")
    ((_, leg_id),) = jobs.waiting
    with database.transaction() as session:
        leg_ended(session, leg_id, "no-answer", now, callback_policy_of(office))

    liaison.opens(f"/console/callbacks/{callback_id}")

    assert liaison.reads("You did not answer your phone, so nobody was called.", "It is yours until", "10:02")
    assert liaison.reads("The liaison missed the call that they had asked for")
    liaison.clicks("Call now")
    assert liaison.reads("Your phone rings. Accept there by pressing 1")


def test_liaison_whose_call_the_carrier_refused_does_not_read_that_they_did_not_answer(
    liaison: Member, office_rows: Office, jobs: WaitingJobs, database: Database, office: Any, now: datetime
) -> None:
    callback_id = office_rows.promises()
    liaison.opens("/console/callbacks").clicks("Claim").clicks("Call now")
    ((_, leg_id),) = jobs.waiting
    with database.transaction() as session:
        leg_ended(session, leg_id, "failed", now, callback_policy_of(office), actor="worker", counted=False)

    liaison.opens(f"/console/callbacks/{callback_id}")

    assert liaison.reads("The line could not place the call to your phone, so nobody was called.", "10:02")
    assert not liaison.reads("You did not answer your phone")


def test_callback_that_was_left_for_staff_is_not_said_to_be_back_on_the_list(
    staff: Any, office_rows: Office
) -> None:
    ana, ruth = staff().signs_in(), staff("supervisor").signs_in()
    left = {"state": "left_for_staff", "outcome": "unknown", "closed_at": office_rows.clock()}
    callback_id = office_rows.promises(**left)
    ana.opens(f"/console/callbacks/{callback_id}").clicks("Reopen")

    ruth.opens(f"/console/callbacks/{callback_id}").clicks("Take it from them")

    assert ruth.reads("It needs attention again.")
    assert not ruth.reads("Returned to the callback list.")
    assert office_rows.row(callback_id).state == "left_for_staff"


def test_spanish_button_that_returns_a_colleagues_claim_does_not_say_that_the_supervisor_has_it_then(
    staff: Any, office_rows: Office, database: Database
) -> None:
    ana, ruth = staff(name="Ana Demo").signs_in(), staff("supervisor", name="Ruth Demo").signs_in()
    with database.transaction() as session:
        session.get_one(Staff, ruth.staff_id).interface_language = "es"
    callback_id = office_rows.promises()
    ana.opens(f"/console/callbacks/{callback_id}").clicks("Claim")

    ruth.opens(f"/console/callbacks/{callback_id}")
    assert not any(button.startswith("Tomarla") for button in ruth.buttons)
    ruth.clicks("Quitarle la llamada a su colega")

    assert ruth.reads("Ya está de vuelta en la lista")
    assert office_rows.row(callback_id).staff_id is None


def test_urgent_callback_that_was_returned_is_not_said_to_be_with_the_colleague_who_had_it(
    staff: Any, office_rows: Office
) -> None:
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo").signs_in()
    callback_id = office_rows.promises(
        state="left_for_staff", outcome="unknown", closed_at=office_rows.clock(), urgency="urgent"
    )
    ana.opens(f"/console/callbacks/{callback_id}").clicks("Reopen").clicks("Return to list")

    for one in (ana, luis):
        (row,) = one.opens("/console/callbacks").page.xpath(f"//li[@id='row-{callback_id}']")
        assert "Needs attention: maybe called" in words(row)
    assert not ana.reads("You have it")
    assert not luis.reads("Ana has it")
    ana.opens(f"/console/callbacks/{callback_id}")
    assert "Reopen" in ana.buttons
    assert "Show the whole number" not in ana.buttons


def test_colleague_on_a_break_is_not_said_to_be_free(
    staff: Any, office_rows: Office, database: Database, now: datetime
) -> None:
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo", on_shift=True)
    callback_id = office_rows.promises()
    assert ana.opens(f"/console/callbacks/{callback_id}").reads("Luis Demo – free")
    with database.transaction() as session:
        session.get_one(Staff, luis.staff_id).resting_until = now + timedelta(minutes=10)

    ana.fills(to=str(luis.staff_id)).clicks("Hand to colleague")

    assert ana.reads("Luis Demo is on a break. Choose another colleague.")
    assert office_rows.row(callback_id).state == "requested"

    ana.opens(f"/console/callbacks/{callback_id}")

    assert not ana.reads("Luis Demo –"), "they cannot come now"


def test_supervisor_who_was_not_at_the_phone_and_now_is_calls_the_frightened_person_at_once(
    supervisor: Member, office_rows: Office
) -> None:
    """For three minutes after the missed ring they read that their phone was on a call with us."""
    callback_id = office_rows.promises(urgency="urgent", reason="afraid")
    with office_rows.database.transaction() as session:
        assert spare(session, supervisor.staff_id, office_rows.clock(), timedelta(minutes=3))

    supervisor.opens(f"/console/callbacks/{callback_id}").clicks("Call now")

    assert not supervisor.reads("already on a call")
    row = office_rows.row(callback_id)
    assert (row.state, row.staff_id) == ("ringing_liaison", supervisor.staff_id)
