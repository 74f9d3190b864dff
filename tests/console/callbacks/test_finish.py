"""One click at the end of a talk saves its outcome, its facts and its note, and shows the next callback."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models import Call, Callback, Staff, Talk
from models.callbacks.note import note_of
from models.calls.place import ASKED_OUTCOME
from models.cases.registrant import Phone as RegistrantPhone
from models.outcomes.talk_note import note_of_talk
from models.store.database import Database, keyring_of
from models.talks.talk import close
from tests.call_center import WaitingJobs
from tests.console.callbacks.office import MESSAGE_ALLOWED, PHONE, Office
from tests.console.callbacks.test_talks_at_0 import begins
from tests.console.conftest import Clock, Member, words
from tests.factories import make_call, make_case


def just_talked(office_rows: Office, who: Member, **facts: Any) -> int:
    """Somebody whose callback this person has just talked in."""
    now = office_rows.clock()
    over = {
        "state": "reached", "outcome": "reached", "staff_id": who.staff_id, "talking_at": now,
        "closed_at": now, "rank": None,
    }  # fmt: skip
    return office_rows.promises(**over | facts)


def the_talk(database: Database) -> Talk:
    with database.reading() as session:
        (found,) = session.scalars(select(Talk)).all()
        session.expunge(found)
        return found


def note_on(database: Database, callback_id: int) -> str:
    with database.reading() as session:
        return note_of(session, session.get_one(Callback, callback_id))


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


def test_no_outcome_is_chosen_until_somebody_has_said_how_the_talk_ended(
    liaison: Member, office_rows: Office
) -> None:
    # The talk counts as reached by itself. A stranger may have pressed the key.
    done = just_talked(office_rows, liaison, **MESSAGE_ALLOWED)
    chosen = "//input[@name='outcome'][@checked]/@value"
    assert liaison.opens(f"/console/callbacks/{done}").page.xpath(chosen) == []
    assert liaison.reads("Call over", "Until then it counts as reached, and nobody calls again.")
    assert not liaison.reads("two people talked")

    liaison.clicks("Save outcome")
    assert liaison.status == 422
    assert liaison.reads("Choose an outcome from the list.")

    liaison.opens(f"/console/callbacks/{done}").fills(outcome="message_left").clicks("Save outcome")
    assert liaison.opens(f"/console/callbacks/{done}").page.xpath(chosen) == ["message_left"]
    assert liaison.reads("Call over", "A message was left.")
    assert not liaison.reads("counts as reached")


def offered(member: Member) -> list[tuple[str, str]]:
    """The outcomes that a page offers, each with its key."""
    found = member.page.xpath("//input[@name='outcome']")
    return [(one.get("data-number"), one.get("value")) for one in found]


def test_message_is_no_outcome_where_the_person_allows_none_and_goes_to_the_supervisor(
    liaison: Member, office_rows: Office, database: Database
) -> None:
    done = just_talked(office_rows, liaison)
    liaison.opens(f"/console/callbacks/{done}")

    assert offered(liaison) == [
        ("1", "reached"), ("3", "nobody_there"), ("4", "wrong_person"), ("5", "call_later"),
        ("6", "to_supervisor"),
    ]  # fmt: skip
    assert liaison.reads("This person allowed no message.", "choose “For the supervisor”")

    sent = {"csrf_token": liaison.token, "outcome": "message_left", "note": "I left a message."}
    liaison.sends(f"/console/callbacks/{done}/finish", sent)
    assert liaison.status == 422
    assert liaison.reads("This person allowed no message. If you left one all the same, choose")
    assert (office_rows.row(done).outcome, note_on(database, done)) == ("reached", "")

    liaison.opens(f"/console/callbacks/{done}").fills(outcome="to_supervisor", note="I left a message.")
    assert liaison.clicks("Save outcome").reads("Saved: For the supervisor")
    assert note_on(database, done) == "I left a message."


def test_message_is_no_outcome_either_where_a_second_caller_heard_that_none_is_left(
    liaison: Member, office_rows: Office
) -> None:
    done = just_talked(office_rows, liaison, asked_elsewhere=True, **MESSAGE_ALLOWED)

    liaison.opens(f"/console/callbacks/{done}")

    assert "message_left" not in dict(offered(liaison)).values()
    assert liaison.reads("This person allowed no message.")


def test_allowed_message_is_the_second_outcome(liaison: Member, office_rows: Office) -> None:
    done = just_talked(office_rows, liaison, **MESSAGE_ALLOWED)

    liaison.opens(f"/console/callbacks/{done}")

    assert offered(liaison)[1] == ("2", "message_left")
    assert not liaison.reads("allowed no message")


def test_caller_at_0_was_left_no_message_and_is_nobody_at_a_wrong_phone(
    staff: Any, office_rows: Office, database: Database
) -> None:
    ana = staff(name="Ana Demo").signs_in()
    page = begins(office_rows, ana)
    ana.opens(page).clicks("End call")

    assert offered(ana) == [
        ("1", "reached"), ("3", "nobody_there"), ("5", "call_later"), ("6", "to_supervisor"),
    ]  # fmt: skip
    assert not ana.reads("allowed no message")
    assert not ana.reads("this phone is not called any more")

    for outcome in ("message_left", "wrong_person"):
        ana.sends(f"{page}/finish", {"csrf_token": ana.token, "outcome": outcome, "note": ""})
        assert ana.status == 422
        assert ana.reads("This person called us. Choose an outcome from the list.")
    assert the_talk(database).outcome == "reached"


def test_row_of_the_next_safe_phone_says_that_a_wrong_person_answered_the_other_one(
    liaison: Member, office_rows: Office, database: Database
) -> None:
    done = just_talked(office_rows, liaison)
    with database.transaction() as session:
        case = make_case(session, phone="+12025550155")
        session.get_one(Callback, done).case_id = case.id

    liaison.opens(f"/console/callbacks/{done}").fills(outcome="wrong_person").clicks("Save outcome")

    with database.reading() as session:
        (left,) = session.scalars(select(Callback.id).where(Callback.id != done)).all()
    (row,) = liaison.opens("/console/callbacks").page.xpath(f"//li[@id='row-{left}']")
    assert "For the supervisor" in words(row)
    assert "wrong person answered" in words(row)
    assert row.xpath(".//button[normalize-space()='Reopen']")
    liaison.opens(f"/console/callbacks/{left}")
    assert liaison.reads("A wrong person answered another phone of theirs", "This is their next safe phone.")
    assert "Call now" in liaison.buttons


@pytest.mark.parametrize("other_phone", ["+12025550155", None])
def test_staff_read_about_a_person_whose_phone_a_wrong_person_answered_for_somebody_else(
    liaison: Member, office_rows: Office, database: Database, other_phone: str | None
) -> None:
    done = just_talked(office_rows, liaison, case=False)
    with database.transaction() as session:
        case = make_case(session, phone=PHONE)
        if other_phone is not None:
            keyring = keyring_of(session)
            second = RegistrantPhone(
                registrant_id=case.registrant_id, position=2, confirmed_at=office_rows.clock(),
                number_sealed=keyring.seal("phone.number", other_phone),
                phone_key=keyring.index("phone", other_phone),
            )  # fmt: skip
            session.add(second)
    liaison.opens(f"/console/callbacks/{done}")
    assert liaison.reads("Wrong person: this phone is not called any more, and staff get a task for each")

    liaison.fills(outcome="wrong_person").clicks("Save outcome")

    with database.reading() as session:
        theirs = Callback.registrant_id == case.registrant_id, Callback.state == "left_for_staff"
        (task,) = session.scalars(select(Callback.id).where(*theirs)).all()
    (row,) = liaison.opens("/console/callbacks").page.xpath(f"//li[@id='row-{task}']")
    assert "A phone was stopped" in words(row)
    assert ("no safe phone" in words(row)) is (other_phone is None)
    liaison.opens(f"/console/callbacks/{task}")
    assert liaison.reads(
        "The case has no safe phone. Decide with the supervisor how to reach the person."
        if other_phone is None
        else "a text said stop, or a wrong person answered. Call another safe phone"
    )


NO_PHONE = "There is no phone that may be called for this, so the line calls nobody."
OTHER_PHONE = "Look for another safe phone on the page of the case, and call that one from there."


@pytest.mark.parametrize("outcome", ["call_later", "nobody_there"])
def test_liaison_reads_that_a_phone_that_said_stop_is_not_called_again_and_what_to_do(
    liaison: Member, office_rows: Office, database: Database, outcome: str
) -> None:
    done = just_talked(office_rows, liaison, stopped_after=True)

    liaison.opens(f"/console/callbacks/{done}").fills(outcome=outcome).clicks("Save outcome")

    assert liaison.reads("Saved:", NO_PHONE, OTHER_PHONE)
    assert liaison.opens(f"/console/callbacks/{done}").reads(NO_PHONE, OTHER_PHONE)
    assert liaison.reads("There was no phone to call for it")
    with database.reading() as session:
        (left,) = session.scalars(select(Callback.id).where(Callback.id != done)).all()
    (row,) = liaison.opens("/console/callbacks").page.xpath(f"//li[@id='row-{left}']")
    assert "phone said stop" in words(row)
    assert liaison.opens(f"/console/callbacks/{left}").reads(
        "This phone asked for no more calls.", OTHER_PHONE
    )

    liaison.opens(f"/console/callbacks/{done}").fills(outcome="reached").clicks("Save outcome")
    assert not liaison.reads(NO_PHONE)
    assert not liaison.opens(f"/console/callbacks/{done}").reads(NO_PHONE)


def test_liaison_reads_that_a_caller_at_0_without_number_and_pin_is_called_by_nobody(
    staff: Any, office_rows: Office, database: Database
) -> None:
    ana = staff(name="Ana Demo").signs_in()
    page = begins(office_rows, ana, phone=None)
    ana.opens(page).clicks("End call")

    ana.fills(outcome="call_later").clicks("Save outcome")

    assert ana.reads("Saved: Call again later (Caller at 0).", NO_PHONE)
    assert not ana.reads(OTHER_PHONE)
    assert ana.opens(page).reads(NO_PHONE)
    with database.reading() as session:
        assert session.scalars(select(Callback)).all() == []


def test_liaison_reads_that_the_case_of_a_caller_at_0_has_no_phone_to_call(
    staff: Any, office_rows: Office, database: Database, clock: Clock
) -> None:
    ana = staff(name="Ana Demo").signs_in()
    with office_rows.database.transaction() as session:
        case_id = make_case(session, "in_custody", as_of=clock()).id
    page = begins(office_rows, ana, phone=None, case_id=case_id, verified_at=clock())
    ana.opens(page).clicks("End call")

    ana.fills(outcome="to_supervisor").clicks("Save outcome")

    assert ana.reads("Saved: For the supervisor (Caller at 0).", NO_PHONE, OTHER_PHONE)
    with database.reading() as session:
        left = session.scalars(select(Callback.id)).one()
    (row,) = ana.opens("/console/callbacks").page.xpath(f"//li[@id='row-{left}']")
    assert "no safe phone" in words(row)
    assert ana.opens(f"/console/callbacks/{left}").reads(
        "The case has no safe phone. Decide with the supervisor how to reach the person."
    )


def test_colleague_who_goes_on_with_a_talk_reads_what_it_was_about(
    staff: Any, office_rows: Office, database: Database
) -> None:
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo").signs_in()
    callback_id = office_rows.promises(reason="about_safety")
    for told in (
        "Saved: Call again later (About safety).",
        "Saved: Call again later (About safety: Asked to call later).",
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
        assert "About safety: Asked to call later" in words(row)
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
        "The outcome was noted: Reached", "needs an interpreter", "safety plan made",
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
    assert curious.opens(f"/console/callbacks/{done}").reads("The outcome was noted: Reached")
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

    assert luis.opens(page).reads("The outcome was noted: Reached")
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
    assert ana.opens(page).reads("safety plan made", "The note was written", "Reached: two people talked.")
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
