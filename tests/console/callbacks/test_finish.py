"""One click at the end of a talk saves its outcome, its facts and its note, and shows the next callback."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from models import Call, Callback, Staff, Talk
from models.calls.place import ASKED_OUTCOME
from models.outcomes.talk_note import note_of_talk
from models.store.database import Database
from models.talks.talk import close
from tests.call_center import WaitingJobs
from tests.console.callbacks.office import MESSAGE_ALLOWED, Office, just_talked, note_on, the_talk
from tests.console.callbacks.test_talks_at_0 import begins
from tests.console.conftest import Clock, Member, words
from tests.factories import make_call, make_case


def test_one_click_saves_outcome_and_note_and_shows_the_next_callback_unclaimed(
    liaison: Member, office_rows: Office, database: Database
) -> None:
    done, following = just_talked(office_rows, liaison, **MESSAGE_ALLOWED), office_rows.promises()

    liaison.opens(f"/console/callbacks/{done}").fills(outcome="message_left", note="Prefers mornings.")
    liaison.clicks("Save outcome")

    assert liaison.path == f"/console/callbacks/{following}"
    assert liaison.reads(
        "Saved: Message left (Asked for a call). Here is the next callback; nobody has claimed"
    )
    assert office_rows.row(following).state == "requested"
    assert (office_rows.row(done).outcome, note_on(database, done)) == ("message_left", "Prefers mornings.")


def test_colleague_who_goes_on_with_a_talk_reads_what_it_was_about(
    staff: Any, office_rows: Office, database: Database
) -> None:
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo").signs_in()
    callback_id = office_rows.promises(reason="about_safety")
    for told in (
        "Saved: Call again later (About safety).",
        "Saved: Call again later (About safety: Asked for later).",
    ):
        with office_rows.database.transaction() as session:
            row = session.get_one(Callback, callback_id)
            row.caller_call_id = make_call(session, callback_id=callback_id, role="called_back").id
        office_rows.talks(callback_id, ana.staff_id)
        ana.opens(f"/console/callbacks/{callback_id}").clicks("End call")
        ana.opens(f"/console/callbacks/{callback_id}").fills(outcome="call_later").clicks("Save outcome")

        assert ana.reads(told, "The line calls this person by itself from Wed 12:00 PM there.")
        with database.reading() as session:
            callback_id = session.scalars(select(Callback.id).order_by(Callback.id.desc())).first() or 0
        (row,) = luis.opens("/console/callbacks").page.xpath(f"//li[@id='row-{callback_id}']")
        assert "About safety: Asked for later" in words(row)
        assert luis.opens(f"/console/callbacks/{callback_id}").reads("asked to be called later: about safety")


def test_refused_note_saves_nothing_and_keeps_everything_that_was_typed(
    liaison: Member, office_rows: Office, database: Database
) -> None:
    done = just_talked(office_rows, liaison)
    liaison.opens(f"/console/callbacks/{done}")
    liaison.fills(outcome="to_supervisor", safety_plan="1", note="PIN 760568").clicks("Save outcome")

    assert liaison.status == 422
    assert liaison.reads("looks like a PIN or a code")
    assert liaison.value("note").strip() == "PIN 760568"
    assert liaison.page.xpath("//input[@name='outcome'][@checked]/@value") == ["to_supervisor"]
    assert liaison.page.xpath("//input[@name='safety_plan']/@checked")
    assert (office_rows.row(done).outcome, note_on(database, done)) == ("reached", "")
    assert the_talk(database).safety_plan is False
    with database.reading() as session:
        assert len(session.scalars(select(Callback)).all()) == 1


def test_facts_of_the_talk_are_saved_and_stand_in_its_history(
    liaison: Member, office_rows: Office, database: Database
) -> None:
    done = just_talked(office_rows, liaison)
    liaison.opens(f"/console/callbacks/{done}")
    liaison.fills(
        outcome="reached", interpreter="1", safety_plan="1", referred_to=["crisis", "domestic_violence"]
    ).clicks("Save outcome")

    talk = the_talk(database)
    assert (talk.needs_interpreter, talk.safety_plan) == (True, True)
    assert talk.referred_to == ["crisis", "domestic_violence"]
    assert liaison.opens(f"/console/callbacks/{done}").reads(
        "The outcome was saved: Reached", "needs an interpreter", "safety plan made",
        "referred to the suicide and crisis line, the domestic violence hotline",
    )  # fmt: skip


def test_safety_plan_and_services_of_a_talk_are_read_by_nobody_who_may_not_read_its_note(
    liaison: Member, supervisor: Member, staff: Any, office_rows: Office
) -> None:
    done = just_talked(office_rows, liaison)
    liaison.opens(f"/console/callbacks/{done}")
    liaison.fills(outcome="reached", safety_plan="1", referred_to=["domestic_violence"])
    liaison.clicks("Save outcome")

    curious: Member = staff(name="Luis Demo").signs_in()
    assert curious.opens(f"/console/callbacks/{done}").reads("The outcome was saved: Reached")
    assert not curious.reads("safety plan")
    assert not curious.reads("domestic violence")
    assert supervisor.opens(f"/console/callbacks/{done}").reads("safety plan made", "domestic violence")


def test_colleague_who_never_came_into_a_talk_at_0_reads_nothing_of_its_safety_plan(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo").signs_in()
    page = begins(office_rows, ana)
    with office_rows.database.transaction() as session:
        talk = session.scalars(select(Talk)).one()
        rung = make_call(
            session, role="colleague", staff_id=luis.staff_id, parent_call_id=talk.caller_call_id
        )
        rung.ended_at = clock()
        close(session, talk, "carrier", clock())
    ana.opens(page).fills(outcome="reached", safety_plan="1").clicks("Save outcome")
    assert ana.opens(page).reads("safety plan made")

    assert luis.opens(page).reads("The outcome was saved: Reached")
    assert not luis.reads("safety plan")


def test_unknown_service_is_not_saved(liaison: Member, office_rows: Office, database: Database) -> None:
    done = just_talked(office_rows, liaison)
    token = liaison.opens(f"/console/callbacks/{done}").token

    liaison.sends(
        f"/console/callbacks/{done}/finish",
        {"csrf_token": token, "outcome": "reached", "note": "", "referred_to": ["crisis", "nobody_knows"]},
    )

    assert the_talk(database).referred_to == ["crisis"]


def test_person_who_needs_an_interpreter_is_shown_so_at_their_next_callback(
    liaison: Member, office_rows: Office, database: Database
) -> None:
    done = just_talked(office_rows, liaison)
    case_id = office_rows.row(done).case_id
    other = office_rows.promises()
    liaison.opens(f"/console/callbacks/{done}").fills(outcome="call_later", interpreter="1")
    liaison.clicks("Save outcome")

    with database.reading() as session:
        later = session.scalars(
            select(Callback.id).where(Callback.case_id == case_id, Callback.id != done)
        ).one()
    assert liaison.opens(f"/console/callbacks/{later}").reads("Needs an interpreter.")
    assert not liaison.opens(f"/console/callbacks/{other}").reads("Needs an interpreter.")


def test_call_again_at_the_time_that_was_agreed_on(
    liaison: Member, office_rows: Office, database: Database
) -> None:
    done = just_talked(office_rows, liaison, time_zone="America/Los_Angeles")
    liaison.opens(f"/console/callbacks/{done}")
    liaison.fills(outcome="call_later", call_day="2020-01-01", call_time="12:30").clicks("Save outcome")
    assert liaison.status == 422
    assert liaison.reads("Choose a future time within 60 days.")
    assert (liaison.value("call_day"), liaison.value("call_time")) == ("2020-01-01", "12:30")
    assert office_rows.row(done).outcome == "reached"

    liaison.fills(outcome="call_later", call_day="2026-11-27", call_time="12:30").clicks("Save outcome")

    with database.reading() as session:
        later = session.scalars(select(Callback).where(Callback.id != done)).one()
        assert later.next_attempt_at == datetime.fromisoformat("2026-11-27T12:30-08:00")
        assert later.due_at == later.next_attempt_at + timedelta(hours=1)


def test_half_a_time_is_refused_beside_its_field(liaison: Member, office_rows: Office) -> None:
    done = just_talked(office_rows, liaison)
    liaison.opens(f"/console/callbacks/{done}").fills(outcome="call_later", call_day="2026-11-27")

    liaison.clicks("Save outcome")

    assert liaison.status == 422
    assert liaison.reads("Enter a day and a time.")


def test_agreed_time_is_refused_where_the_person_has_another_callback_already(
    liaison: Member, office_rows: Office
) -> None:
    done = just_talked(office_rows, liaison)
    other = office_rows.promises()
    office_rows.becomes(other, case_id=office_rows.row(done).case_id)
    liaison.opens(f"/console/callbacks/{done}")

    liaison.fills(outcome="call_later", call_day="2026-11-27", call_time="12:30").clicks("Save outcome")

    assert liaison.status == 422
    assert liaison.reads("This person already has another callback.")


def test_outcome_and_note_of_a_talk_at_0_are_saved_by_one_click(
    staff: Any, office_rows: Office, database: Database
) -> None:
    ana = staff(name="Ana Demo").signs_in()
    page = begins(office_rows, ana)
    following = office_rows.promises()
    ana.opens(page).clicks("End call")
    assert ana.reads("Say here or on your phone how it ended.")
    assert not ana.reads("two people talked")
    ana.fills(outcome="reached", safety_plan="1", note="call 202-555-0110").clicks("Save outcome")
    assert ana.status == 422
    assert ana.value("note").strip() == "call 202-555-0110"

    ana.fills(outcome="reached", safety_plan="1", note="Asked about the court.").clicks("Save outcome")

    assert ana.path == f"/console/callbacks/{following}"
    talk = the_talk(database)
    with database.reading() as session:
        assert note_of_talk(session, session.get_one(Talk, talk.id)) == "Asked about the court."
    assert "Asked about the court." not in str(talk.note_sealed)
    assert ana.opens(page).reads("safety plan made", "The note was saved", "Reached: two people talked.")
    assert not ana.reads("Say here or on your phone")


def test_saved_outcome_lets_go_of_the_phone_that_still_asks_for_it(
    staff: Any, office_rows: Office, database: Database, jobs: WaitingJobs
) -> None:
    ana = staff(name="Ana Demo").signs_in()
    page = begins(office_rows, ana)
    ana.opens(page).clicks("End call")
    leg_id = the_talk(database).leader_call_id
    with database.transaction() as session:
        session.get_one(Call, leg_id).place = ASKED_OUTCOME
    jobs.waiting.clear()

    ana.fills(outcome="nobody_there").clicks("Save outcome")

    assert jobs.waiting == [("move_leg", leg_id)]


def test_note_of_a_talk_at_0_may_not_name_the_person_of_its_case(
    staff: Any, office_rows: Office, clock: Clock, database: Database
) -> None:
    ana = staff(name="Ana Demo").signs_in()
    with office_rows.database.transaction() as session:
        case_id = make_case(session, "in_custody", as_of=clock()).id
    page = begins(office_rows, ana, case_id=case_id, verified_at=clock())
    ana.opens(page).fills(note="Asked for ivo.").clicks("Save note")
    assert ana.reads("The note has a name from this case. Remove it.")


def test_list_is_shown_where_nobody_waits(liaison: Member, office_rows: Office) -> None:
    done = just_talked(office_rows, liaison)

    liaison.opens(f"/console/callbacks/{done}").fills(outcome="reached").clicks("Save outcome")

    assert liaison.path == "/console/callbacks"
    assert liaison.reads("Saved: Reached (Asked for a call). No other callback in your languages is to be")


def test_one_who_is_afraid_and_gave_no_pin_is_shown_next_after_three_verified_ones(
    liaison: Member, office_rows: Office
) -> None:
    """Of 40 urgent callbacks a liaison who works by the console was never shown the one without a PIN."""
    now = office_rows.clock()
    verified = [
        office_rows.promises(urgency="urgent", due_at=now + timedelta(minutes=10 + n)) for n in range(5)
    ]
    afraid = office_rows.promises(
        case=False, verified=False, urgency="urgent", reason="afraid", rank=3,
        due_at=now + timedelta(minutes=50),
    )  # fmt: skip
    shown = [verified[0]]
    for _ in range(4):
        liaison.opens(f"/console/callbacks/{shown[-1]}").clicks("Call now")
        office_rows.talks(shown[-1], liaison.staff_id)
        liaison.opens(f"/console/callbacks/{shown[-1]}").clicks("End call")
        with office_rows.database.transaction() as session:
            session.get_one(Staff, liaison.staff_id).busy_call_id = None
        liaison.opens(f"/console/callbacks/{shown[-1]}").fills(outcome="reached").clicks("Save outcome")
        shown.append(int(liaison.path.rsplit("/", 1)[-1]))

    assert shown == [*verified[:3], afraid, verified[3]]


def test_callback_in_another_language_or_one_that_needs_attention_is_not_shown_next(
    liaison: Member, office_rows: Office
) -> None:
    done = just_talked(office_rows, liaison, reason="about_court")
    office_rows.promises(language="es")
    office_rows.promises(state="left_for_staff", outcome="not_safe", closed_at=office_rows.clock())

    liaison.opens(f"/console/callbacks/{done}").fills(outcome="reached").clicks("Save outcome")

    assert liaison.path == "/console/callbacks"
    assert liaison.reads("Saved: Reached (About the court).")


def test_nobody_else_finishes_a_talk(staff: Any, office_rows: Office) -> None:
    ana, luis = staff().signs_in(), staff().signs_in()
    done = just_talked(office_rows, ana)
    token = luis.opens(f"/console/callbacks/{done}").token

    sent = {"csrf_token": token, "outcome": "message_left", "note": "x"}
    luis.sends(f"/console/callbacks/{done}/finish", sent)

    assert office_rows.row(done).outcome == "reached"


def test_wrap_up_runs_beside_the_form_and_is_extended_there(
    liaison: Member, office_rows: Office, clock: Clock, database: Database
) -> None:
    done = just_talked(office_rows, liaison)
    until = clock() + timedelta(seconds=30)
    with database.transaction() as session:
        session.get_one(Staff, liaison.staff_id).wrap_up_until = until

    liaison.opens(f"/console/callbacks/{done}")
    assert liaison.reads("Wrap-up until", "or until the outcome is saved.")
    for button in liaison.page.xpath("//button[@id='wrap-up-extend']"):
        liaison._submits(button)

    with database.reading() as session:
        assert session.get_one(Staff, liaison.staff_id).wrap_up_extended == 1
