"""Another time, another person, a note, an outcome: what staff change on a callback page."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from config.office import Office as Settings
from models import Callback, Staff
from models.cases.registrant import Registrant, name_registrant
from models.staff.staff import change_shift
from models.store.database import Database
from tests.call_center import WaitingJobs
from tests.console.callbacks.office import MESSAGE_ALLOWED, Office
from tests.console.conftest import Clock, Member
from tests.factories import NOW, make_call
from tests.fake_carrier import FakeCarrier
from workers.sweeper import sweep


def named_callback(office_rows: Office, *, with_case: bool) -> int:
    """A callback to Rósa: for her case about Ivo, or to her as a registrant alone."""
    callback_id = office_rows.promises()
    with office_rows.database.transaction() as session:
        row = session.get_one(Callback, callback_id)
        registrant = session.scalars(select(Registrant)).one()
        name_registrant(session, registrant, "Rósa of Cedar-Hill")
        if not with_case:
            row.case_id, row.registrant_id, row.verified = None, registrant.id, True
    return callback_id


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

    assert liaison.reads("The line calls by itself from Wed, Jan 13, 10:00 AM there.")
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
    assert ana.reads("This colleague is not on the staff list.")
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


def test_forbidden_note_is_refused_and_stays_in_its_field(liaison: Member, office_rows: Office) -> None:
    callback_id = office_rows.promises()
    liaison.opens(f"/console/callbacks/{callback_id}").clicks("Claim")
    liaison.fills(note="her A-number is A012345678").clicks("Save note")
    assert liaison.status == 422
    assert liaison.reads("looks like an A-number")
    assert liaison.value("note").strip() == "her A-number is A012345678"

    liaison.fills(note="Prefers mornings.").clicks("Save note")
    assert liaison.reads("The note is saved.")
    assert liaison.value("note").strip() == "Prefers mornings."


def test_note_that_a_colleague_wrote_meanwhile_is_not_overwritten_unseen(
    liaison: Member, supervisor: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises()
    liaison.opens(f"/console/callbacks/{callback_id}").clicks("Claim")
    supervisor.opens(f"/console/callbacks/{callback_id}")
    liaison.fills(note="Never before noon.").clicks("Save note")

    supervisor.fills(note="Third call this week.").clicks("Save note")

    assert supervisor.status == 422
    assert supervisor.reads(
        "The note changed while you were editing.", "now: Never before noon. Your text is still"
    )
    assert supervisor.value("note").strip() == "Third call this week."
    supervisor.clicks("Save note")
    assert supervisor.reads("The note is saved.")


def test_note_that_its_author_changed_in_another_tab_is_not_said_to_be_somebody_elses(
    liaison: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises()
    page = f"/console/callbacks/{callback_id}"
    liaison.opens(page).clicks("Claim")
    form = {"csrf_token": liaison.token, "was-note": "", "note": "She asked about the court."}
    liaison.sends(f"{page}/note", form)

    liaison.sends(f"{page}/note", {**form, "note": "Prefers mornings."})

    assert liaison.reads(
        "The note changed while you were editing.", "now: She asked about the court. Your text"
    )
    assert "Someone else" not in liaison.words


@pytest.mark.parametrize("with_case", [True, False])
def test_note_cannot_have_the_name_of_the_person_it_is_about(
    liaison: Member, office_rows: Office, database: Database, with_case: bool
) -> None:
    callback_id = named_callback(office_rows, with_case=with_case)
    office_rows.talks(callback_id, liaison.staff_id)
    office_rows.becomes(callback_id, recognized_by="agreed_word")
    liaison.opens(f"/console/callbacks/{callback_id}")

    for note in ("ROSA's shift ends at six", "Asked for ivo."):
        liaison.fills(note=note).clicks("Save note")
        refused = with_case or "ROSA" in note
        assert liaison.reads("The note has a name from this case. Remove it.") is refused
    assert (office_rows.row(callback_id).note_sealed is None) is with_case


@pytest.mark.parametrize("with_case", [True, False])
def test_nobody_learns_a_name_by_guessing_it_in_a_note_before_the_person_is_recognized(
    liaison: Member, office_rows: Office, with_case: bool
) -> None:
    callback_id = named_callback(office_rows, with_case=with_case)
    liaison.opens(f"/console/callbacks/{callback_id}").clicks("Claim")
    guesses = ("Is it Rosa?", "Is it Ivo?", "Is it Milena?")

    for is_on_the_phone in (False, True):
        if is_on_the_phone:
            office_rows.talks(callback_id, liaison.staff_id)
        liaison.opens(f"/console/callbacks/{callback_id}")
        for guess in guesses:
            liaison.fills(note=guess).clicks("Save note")
            assert liaison.reads("The note is saved."), (guess, is_on_the_phone)


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


def test_liaison_who_handed_a_talk_over_is_offered_its_note_and_no_number(
    liaison: Member, office_rows: Office, database: Database, staff: Any
) -> None:
    now = office_rows.clock()
    callback_id = office_rows.promises(
        state="talking", staff_id=staff("liaison").staff_id, talking_at=now, rank=None
    )
    with database.transaction() as session:
        make_call(session, callback_id=callback_id, staff_id=liaison.staff_id, accepted_at=now, ended_at=now)

    liaison.opens(f"/console/callbacks/{callback_id}")

    assert liaison.reads("Note for colleagues")
    assert not liaison.reads("Show the whole number")


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
    assert ana.reads("Llamada de vuelta", "haga preguntas de sí o no", "Llamar ahora")


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


def test_callback_whose_phone_said_stop_offers_no_call_and_says_why(
    liaison: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises(
        state="left_for_staff", outcome="stopped", closed_at=office_rows.clock(), rank=None
    )
    liaison.opens("/console/callbacks?attention=1")
    assert liaison.reads("Needs attention: phone said stop")
    assert "Reopen" not in liaison.buttons
    liaison.opens(f"/console/callbacks/{callback_id}")

    assert liaison.reads("This phone asked for no more calls.", "It can only be canceled")
    buttons = {button.text_content().strip() for button in liaison.page.xpath("//button")}
    assert buttons.isdisjoint({"Reopen", "Call now", "Reschedule", "Hand to colleague"})
    assert not liaison.reads("that is your decision")
    liaison.fills(reason="person_asked").clicks("Cancel callback")
    assert office_rows.row(callback_id).state == "cancelled"


@pytest.mark.parametrize("state", ["requested", "claimed", "left_for_staff"])
def test_outside_the_persons_hours_the_page_says_when_they_begin_and_offers_no_call(
    liaison: Member, office_rows: Office, state: str
) -> None:
    now = office_rows.clock()
    opens = now + timedelta(hours=3)
    hours = {"next_attempt_at": opens, "window_starts": opens, "window_ends": opens + timedelta(hours=4)}
    of_state: dict[str, dict[str, Any]] = {
        "claimed": {"staff_id": liaison.staff_id, "claimed_at": now, "lease_until": opens},
        "left_for_staff": {"outcome": "not_safe", "closed_at": now},
    }
    callback_id = office_rows.promises(rank=None, state=state, **hours, **of_state.get(state, {}))

    liaison.opens(f"/console/callbacks/{callback_id}")

    assert liaison.reads("Nobody may call this person before Wed 1:00 PM there: their hours begin then.")
    assert not liaison.reads("You may call now.")
    assert liaison.page.xpath("//*[@id='does-call']") == []


def test_a_later_call_of_the_line_keeps_nobody_from_calling_now(liaison: Member, office_rows: Office) -> None:
    later = office_rows.clock() + timedelta(minutes=30)
    callback_id = office_rows.promises(rank=None, next_attempt_at=later, caller_tries=1)

    liaison.opens(f"/console/callbacks/{callback_id}")

    assert liaison.reads("The line calls by itself from Wed 10:30 AM there. You may call now.")
    # It does not wait for a liaison, as the message after an outcome says of the list.
    assert liaison.reads("Later asked to be called back")
    assert not liaison.reads("Not dialled before")
    liaison.clicks("Call now")
    assert office_rows.row(callback_id).state == "ringing_liaison"


def test_after_a_wrong_person_the_page_says_so_and_offers_neither_a_call_nor_its_first_words(
    liaison: Member, office_rows: Office
) -> None:
    left = {"state": "left_for_staff", "outcome": "wrong_person", "reason": "to_supervisor", "rank": None}
    callback_id = office_rows.promises(closed_at=office_rows.clock(), **left)
    in_no_case = office_rows.promises(case=False, closed_at=office_rows.clock(), **left)
    liaison.opens("/console/callbacks?attention=1")
    assert liaison.reads("Needs attention: wrong person answered")
    assert not liaison.reads("said stop")
    assert "Reopen" not in liaison.buttons

    liaison.opens(f"/console/callbacks/{callback_id}")

    assert liaison.reads("A wrong person answered this phone, so it is not called any more.")
    assert liaison.reads("Look for another safe phone on the page of the case")
    for untrue in ("Someone asked", "asked for no more calls", "First words"):
        assert not liaison.reads(untrue)
    assert liaison.page.xpath("//h2[normalize-space()='How to call']") == []
    buttons = {button.text_content().strip() for button in liaison.page.xpath("//button")}
    assert buttons.isdisjoint({"Reopen", "Call now", "Reschedule", "Hand to colleague"})
    assert not liaison.opens(f"/console/callbacks/{in_no_case}").reads("page of the case")


def test_callback_whose_case_has_a_newer_one_offers_no_call_and_names_the_newer(
    liaison: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises(
        state="left_for_staff", outcome="unknown", closed_at=office_rows.clock(), rank=None
    )
    left = office_rows.row(callback_id)
    newer = office_rows.promises(case=False)
    office_rows.becomes(newer, case_id=left.case_id)

    liaison.opens(f"/console/callbacks/{callback_id}")

    assert liaison.reads("has a newer callback. Claim that one and close this one.")
    assert liaison.page.xpath("//*[@id='does-claim' or @id='does-call']") == []


def test_task_about_news_can_be_called_although_its_person_is_promised_another_callback(
    liaison: Member, office_rows: Office
) -> None:
    news = {"state": "left_for_staff", "reason": "notice", "outcome": "notice_late", "urgency": "urgent"}
    callback_id = office_rows.promises(closed_at=office_rows.clock(), **news)
    other = office_rows.promises(case=False, next_attempt_at=office_rows.clock() + timedelta(hours=8))
    office_rows.becomes(other, case_id=office_rows.row(callback_id).case_id, rank=None)

    liaison.opens(f"/console/callbacks/{callback_id}")

    assert not liaison.reads("newer callback")
    assert not liaison.reads("It can only be canceled")
    liaison.clicks("Reopen")
    assert "Call now" in {button.text_content().strip() for button in liaison.page.xpath("//button")}
    liaison.opens(f"/console/callbacks/{other}")
    assert liaison.reads("It waits while staff call this person, and is promised as before after that.")


def test_task_about_news_leads_to_the_callback_that_its_person_is_promised_now(
    liaison: Member, office_rows: Office
) -> None:
    news = {"state": "left_for_staff", "reason": "notice", "outcome": "notice_late", "urgency": "urgent"}
    callback_id = office_rows.promises(closed_at=office_rows.clock(), **news)
    other = office_rows.promises(case=False)
    office_rows.becomes(other, case_id=office_rows.row(callback_id).case_id)

    liaison.opens(f"/console/callbacks/{callback_id}")

    assert liaison.reads("promised a callback now. Claim that one, and tell them the news in that call.")
    assert not liaison.reads("It can only be canceled")
    assert liaison.page.xpath("//*[@id='does-claim' or @id='does-call']") == []
    assert liaison.page.xpath(f"//main//a[@href='/console/callbacks/{other}']") != []


def test_claimed_callback_whose_phone_said_stop_since_can_only_be_returned(
    liaison: Member, office_rows: Office
) -> None:
    now = office_rows.clock()
    callback_id = office_rows.promises(
        state="claimed", outcome="stopped", staff_id=liaison.staff_id, claimed_at=now, taken_up_at=now,
        lease_until=now + timedelta(minutes=5), rank=None,
    )  # fmt: skip
    liaison.opens(f"/console/callbacks/{callback_id}")

    assert liaison.reads("This phone asked for no more calls.", "Return to list")
    assert "Call now" not in {button.text_content().strip() for button in liaison.page.xpath("//button")}
