"""Another time, another person, an outcome: what staff change on a callback page."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text, update

from config.office import Office as Settings
from models import Staff
from models.staff.staff import change_shift
from models.store.database import Database
from tests.call_center import WaitingJobs
from tests.console.callbacks.office import MESSAGE_ALLOWED, Office
from tests.console.conftest import Clock, Member
from tests.factories import NOW
from tests.fake_carrier import FakeCarrier
from workers.sweeper import sweep


def test_new_time_is_in_the_persons_zone_or_refused_with_everything_that_was_typed(
    liaison: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises(time_zone="America/Los_Angeles")
    liaison.opens(f"/console/callbacks/{callback_id}")
    liaison.fills(day="2020-01-01", time="12:00", agreed="yes").clicks("Reschedule")
    assert liaison.status == 422
    assert liaison.reads("Choose a future time within 60 days.")
    assert (liaison.value("day"), liaison.value("time")) == ("2020-01-01", "12:00")

    liaison.fills(day="2026-11-27", time="12:30", agreed="yes").clicks("Reschedule")

    assert liaison.reads("The line will call at that time.")
    found = office_rows.row(callback_id)
    assert found.next_attempt_at == datetime.fromisoformat("2026-11-27T12:30-08:00")
    assert found.state == "requested"


def test_promise_to_somebody_who_is_afraid_becomes_no_later_unless_they_agreed(
    liaison: Member, office_rows: Office
) -> None:
    due_at = office_rows.clock() + timedelta(minutes=59)
    callback_id = office_rows.promises(urgency="urgent", reason="afraid", due_at=due_at)
    liaison.opens(f"/console/callbacks/{callback_id}")
    assert liaison.reads("Did they agree to this time?", "They were promised a call by")

    for answer, words in (
        ("", "Say whether they agreed to this time."),
        ("no", "They were promised a call by Nov 25, 2026, 10:59 AM. Only they can agree to a later time."),
    ):
        liaison.fills(day="2027-01-13", time="10:00", agreed=answer).clicks("Reschedule")
        assert liaison.status == 422
        assert liaison.reads(words)
        assert office_rows.row(callback_id).due_at == due_at

    liaison.fills(agreed="yes").clicks("Reschedule")

    assert liaison.reads(
        "The line calls by itself from Wed, Jan 13, 10:00 AM there, the time that staff set."
    )
    assert liaison.reads("There: Wed, Jan 13, 11:00 AM")
    assert liaison.reads(
        "They agreed to another time: due by Jan 13, 2027, 11:00 AM, before that by Nov 25, 2026, 10:59 AM"
    )


def test_supervisor_reads_in_the_audit_from_when_to_when_a_promise_was_moved(
    liaison: Member, supervisor: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises()
    liaison.opens(f"/console/callbacks/{callback_id}")
    liaison.fills(day="2026-11-27", time="12:30", agreed="yes").clicks("Reschedule")

    supervisor.opens("/console/audit")

    assert supervisor.reads("the person agreed Yes", "was due by Nov 25, 2026, 6:00 PM")
    assert supervisor.reads("due by Nov 27, 2026, 1:30 PM")
    assert supervisor.clicks("Español").reads("plazo anterior")


@pytest.mark.parametrize(
    "facts",
    [
        {"due_at": NOW + timedelta(days=9)},
        {"state": "left_for_staff", "outcome": "no_answer", "closed_at": NOW},
        {"begun_by_staff": True, "reason": "staff_call"},
    ],
)
def test_earlier_time_and_one_for_what_was_left_need_no_word_of_the_person(
    liaison: Member, office_rows: Office, facts: dict[str, Any]
) -> None:
    callback_id = office_rows.promises(**facts)
    liaison.opens(f"/console/callbacks/{callback_id}")

    liaison.fills(day="2026-11-27", time="12:30", agreed="no").clicks("Reschedule")

    assert liaison.reads("The line will call at that time.", "Staff chose another time: due by Nov 27, 2026")


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_day_at_the_end_of_all_days_is_no_fault(liaison: Member, office_rows: Office, day: str) -> None:
    callback_id = office_rows.promises(time_zone="America/Los_Angeles")
    liaison.opens(f"/console/callbacks/{callback_id}")

    liaison.fills(day=day, time="23:59").clicks("Reschedule")

    assert liaison.status == 422
    assert office_rows.row(callback_id).state == "requested"


def test_callback_cannot_be_assigned_to_a_deactivated_account(
    staff: Any, administrator: Member, office_rows: Office
) -> None:
    ana, gone = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo", on_shift=True)
    callback_id = office_rows.promises()
    ana.opens(f"/console/callbacks/{callback_id}")
    assert ana.reads("Luis Demo")
    administrator.opens(f"/console/staff/{gone.staff_id}/leave").clicks("Deactivate account")

    ana.fills(to=str(gone.staff_id)).clicks("Hand to colleague")

    assert ana.status == 422
    assert ana.reads("Choose a colleague who is on the staff list.")
    assert not ana.reads("Luis Demo")
    assert office_rows.row(callback_id).state == "requested"


def test_callback_is_assigned_to_a_colleague_and_cancelled_with_a_reason(
    staff: Any, office_rows: Office
) -> None:
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo", on_shift=True).signs_in()
    staff(name="Carl Demo")
    callback_id = office_rows.promises()
    ana.opens(f"/console/callbacks/{callback_id}")
    assert ana.reads("Luis Demo – free")
    assert not ana.reads("Carl Demo"), "who is not on shift cannot come"
    ana.fills(to=str(luis.staff_id)).clicks("Hand to colleague")
    assert ana.reads("It is handed to your colleague.", "Claimed: Luis Demo")

    luis.opens("/console/callbacks?mine=1")
    assert luis.page.get_element_by_id(f"row-{callback_id}") is not None
    luis.opens(f"/console/callbacks/{callback_id}").clicks("Cancel callback")
    assert luis.status == 422
    assert luis.reads("Choose a reason from the list.")
    luis.fills(reason="duplicate").clicks("Cancel callback")
    assert luis.reads("The callback is canceled.", "Canceled: there was another callback for the same.")
    assert luis.reads("Handed to Luis Demo", "Ana Demo")


def test_note_typed_without_scripts_goes_with_the_hand_over(staff: Any, office_rows: Office) -> None:
    """The hand-over was a form of its own, so what was typed in the note was lost without a word."""
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo", on_shift=True).signs_in()
    callback_id = office_rows.promises()
    ana.opens(f"/console/callbacks/{callback_id}").clicks("Claim")

    ana.fills(note="He is home after five").clicks("Hand to colleague")
    assert ana.status == 422
    assert ana.reads("Choose a colleague who is on the staff list.")
    ana.fills(note="He is home after five, call 202-555-0123", to=str(luis.staff_id)).clicks(
        "Hand to colleague"
    )
    assert ana.status == 422, "a phone is refused"
    ana.fills(note="He is home after five").clicks("Hand to colleague")
    assert ana.reads("It is handed to your colleague.", "Claimed: Luis Demo")
    assert luis.opens(f"/console/callbacks/{callback_id}").reads("He is home after five")


@pytest.mark.parametrize("state", ["requested", "left_for_staff"])
def test_callback_that_a_colleague_does_not_begin_in_five_minutes_goes_back(
    staff: Any, office_rows: Office, jobs: WaitingJobs, office: Settings, clock: Clock, state: str
) -> None:
    def minutes_pass(minutes: int) -> None:
        clock.goes_on(minutes=minutes)
        sweep(office_rows.database, jobs, FakeCarrier(), office, clock())

    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo", on_shift=True).signs_in()
    callback_id = office_rows.promises(state=state)
    ana.opens(f"/console/callbacks/{callback_id}")
    assert ana.reads("If they do not begin it in 5 minutes, it returns to the list.")
    ana.fills(to=str(luis.staff_id)).clicks("Hand to colleague")
    minutes_pass(4)
    assert ana.opens(f"/console/callbacks/{callback_id}").reads("Claimed: Luis Demo")

    minutes_pass(2)

    assert not ana.opens(f"/console/callbacks/{callback_id}").reads("Claimed: Luis Demo")
    assert luis.opens("/console/callbacks?mine=1").reads("Mine 0")
    assert f'id="row-{callback_id}"' in ana.opens("/console/callbacks").text
    row = office_rows.row(callback_id)
    assert (row.state, row.staff_id if state == "requested" else None) == (state, None)


def test_liaison_saves_the_outcome_of_their_talk_and_a_hard_call_gives_them_a_break(
    liaison: Member, office_rows: Office, clock: Clock, database: Database
) -> None:
    callback_id = office_rows.promises(
        state="reached", staff_id=liaison.staff_id, talking_at=clock(), closed_at=clock(), outcome="reached",
        rank=None, **MESSAGE_ALLOWED,
    )  # fmt: skip
    liaison.opens(f"/console/callbacks/{callback_id}")
    liaison.fills(outcome="message_left", hard="1").clicks("Save outcome")

    assert liaison.reads("Saved: Message left (Asked for a call).")
    assert office_rows.row(callback_id).outcome == "message_left"
    with database.reading() as session:
        assert session.get_one(Staff, liaison.staff_id).resting_until is not None
    liaison.opens(f"/console/callbacks/{callback_id}").clicks("Save outcome")
    liaison.opens(f"/console/callbacks/{callback_id}")
    clock.goes_on(minutes=16)
    liaison.fills(outcome="call_later").clicks("Save outcome")
    assert liaison.reads("The time to save an outcome is over")


@pytest.mark.parametrize("button", ["Reschedule", "Cancel callback"])
def test_change_from_an_old_page_is_refused_with_the_new_due_time(
    liaison: Member, office_rows: Office, staff: Any, button: str
) -> None:
    callback_id = office_rows.promises()
    other = staff("liaison").signs_in().opens(f"/console/callbacks/{callback_id}")
    liaison.opens(f"/console/callbacks/{callback_id}")
    liaison.fills(day="2026-11-27", time="12:00", agreed="yes").clicks("Reschedule")
    assert liaison.reads("The line will call at that time.")
    settled = office_rows.row(callback_id)

    other.fills(reason="person_asked", agreed="yes").clicks(button)

    assert other.status == 422
    assert other.reads("This callback has changed since you opened it; it is due by Nov 27")
    after = office_rows.row(callback_id)
    assert (after.state, after.next_attempt_at) == ("requested", settled.next_attempt_at)
    other.fills(reason="person_asked").clicks("Cancel callback")
    assert other.reads("The callback is canceled.")


def test_open_page_says_by_itself_that_it_is_due_and_that_it_is_late(
    liaison: Member, office_rows: Office, clock: Clock
) -> None:
    now = clock()
    callback_id = office_rows.promises(
        rank=None, next_attempt_at=now + timedelta(minutes=5), due_at=now + timedelta(minutes=10)
    )
    part = f"/console/callbacks/{callback_id}/part"
    liaison.opens(part)
    assert liaison.reads("The line calls by itself from")
    for words in ("The line offers it to the next colleague who is free.", "Late"):
        tag = liaison.headers["ETag"]
        clock.goes_on(minutes=6)
        assert liaison.opens(part, If_None_Match=tag).status == 200
        assert liaison.reads(words)


def test_hard_call_is_saved_while_somebody_changes_the_shift_of_its_liaison(
    liaison: Member, office_rows: Office, clock: Clock, database: Database
) -> None:
    talk = office_rows.promises(
        state="reached", staff_id=liaison.staff_id, talking_at=clock(), closed_at=clock(), outcome="reached",
        rank=None, **MESSAGE_ALLOWED,
    )  # fmt: skip
    liaison.opens(f"/console/callbacks/{talk}").fills(outcome="message_left", hard="1")
    click = threading.Thread(target=liaison.clicks, args=("Save outcome",))
    with database.transaction() as session:
        session.execute(update(Staff).where(Staff.id == liaison.staff_id).values(away=False))
        if database.engine.dialect.name == "postgresql":
            # On SQLite one writes after the other anyway.
            click.start()
            waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            while not session.scalar(waits):
                click.join(0.01)
        change_shift(session, liaison.email, on_shift=True, actor="the suite", now=clock())
    if not click.ident:
        click.start()
    click.join(30)

    assert liaison.reads("Saved: Message left (Asked for a call).")


def test_callback_left_for_staff_says_plainly_that_the_phone_may_have_rung(
    liaison: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises(
        state="left_for_staff", outcome="unknown", closed_at=office_rows.clock(), rank=None
    )
    liaison.opens(f"/console/callbacks/{callback_id}")
    assert liaison.reads(
        "Their phone may have rung already.", "The line will not call this person by itself."
    )

    liaison.clicks("Reopen")

    assert liaison.reads("Their phone may have rung already.", "then it needs attention again")
    assert office_rows.row(callback_id).taken_up_at is not None


def test_supervisor_takes_a_callback_out_of_somebodys_hands(staff: Any, office_rows: Office) -> None:
    ana, ruth = staff().signs_in(), staff("supervisor").signs_in()
    callback_id = office_rows.promises()
    ana.opens(f"/console/callbacks/{callback_id}").clicks("Claim")
    ruth.opens(f"/console/callbacks/{callback_id}").clicks("Take it from them")

    assert ruth.reads("Returned to the callback list.")
    assert office_rows.row(callback_id).state == "requested"


def test_list_is_read_in_spanish(staff: Any, office_rows: Office, app: Flask) -> None:
    ana: Member = staff().signs_in()
    callback_id = office_rows.promises(silent=True)
    ana.opens("/console/callbacks").clicks("Español")
    ana.opens(f"/console/callbacks/{callback_id}")
    assert ana.reads("Llamada de vuelta: inglés", "haga preguntas de sí o no", "Llamar ahora")


def test_part_of_the_list_has_each_persons_own_token_and_count(staff: Any, office_rows: Office) -> None:
    taken, other = office_rows.promises(), office_rows.promises()
    ana, ben, cleo = staff(), staff(), staff()
    for one in (ana, ben, cleo):
        one.signs_in()
    ana.opens(f"/console/callbacks/{taken}").clicks("Claim")

    seen = [one.opens("/console/callbacks/part") for one in (cleo, ana, ben)]

    assert len({one.token for one in seen}) == 3
    assert [one.reads("Mine 1") for one in seen] == [False, True, False]
    assert [one.reads("You have it") for one in seen] == [False, True, False]
    ben.clicks("Claim")
    assert office_rows.row(other).staff_id == ben.staff_id
    assert cleo.opens("/console/callbacks/part").reads("Mine 0")
