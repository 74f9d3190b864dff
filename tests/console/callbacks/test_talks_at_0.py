"""What the console shows of a talk with a caller at 0, and what its leader clicks there."""

from typing import Any

from models import Callback, Talk
from models.store.database import Database
from models.talks.talk import begin_talk, close
from tests.conftest import ON_BOTH
from tests.console.callbacks.office import Office
from tests.console.conftest import Clock, Member, words
from tests.factories import make_call, make_case, make_wait


def begins(office_rows: Office, leader: Member, **facts: Any) -> str:
    """This member of staff has just taken a caller at 0; the address of its page."""
    with office_rows.database.transaction() as session:
        caller = make_call(session, **{"phone": "+12025550110", **facts})
        make_wait(session, caller, verified="verified_at" in facts)
        leg = make_call(
            session, role="liaison_at_0", staff_id=leader.staff_id, parent_call_id=caller.id,
            accepted_at=office_rows.clock(), place="in_talk",
        )  # fmt: skip
        talk = begin_talk(
            session, caller_call_id=caller.id, leader_call_id=leg.id, staff_id=leader.staff_id,
            language="en", now=office_rows.clock(),
        )  # fmt: skip
        return f"/console/talks/{talk.id}"


def test_liaison_who_talks_with_a_caller_at_0_sees_its_state_and_what_may_be_said(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana, luis = staff().signs_in(), staff().signs_in()
    with office_rows.database.transaction() as session:
        case = make_case(session, "in_custody", facility="Stewart", as_of=clock())
        calls = (
            make_call(session, case_id=case.id, verified_at=clock(), silent=True, line="+12025550101"),
            make_call(session),
        )
        make_wait(session, calls[0])
        talks = [
            begin_talk(
                session, caller_call_id=call.id, leader_call_id=make_call(session, role="liaison_at_0").id,
                staff_id=ana.staff_id, language="en", now=clock(),
            )
            for call in calls
        ]  # fmt: skip
        verified, unknown = (f"/console/talks/{talk.id}" for talk in talks)

    ana.opens("/console/callbacks")
    assert ana.heading.startswith("Caller at 0: ")
    ana.opens(verified)
    assert ana.reads("You have been talking since", "Cannot talk: ask yes or no", "PINVerified")
    assert ana.reads("Discreet line: do not name the office.")
    ana.clicks("Show what may be said")
    assert ana.reads("These are the words of the line itself", "in custody", "202-555-0190")
    (look,) = office_rows.entries("look_at_case")
    facts = look.facts or {}
    assert (look.target, facts) == (
        f"case:{case.id}",
        {"ground": "talk", "talk": 1, "words": facts["words"]},
    )

    assert ana.opens(unknown).reads("No PIN was given.", "PINNot verified")
    assert ana.opens(f"{unknown}/words").status == 403
    for path in (verified, f"{verified}/words", f"{verified}/part"):
        assert luis.opens(path).status == 404
    with office_rows.database.transaction() as session:
        close(session, session.get_one(Talk, 1), "carrier", clock())
    assert ana.opens(f"{verified}/part").reads("Say here or on your phone how it ended.")
    clock.goes_on(minutes=16)
    assert ana.opens(verified).reads("It was closed on", "What happened so far")
    assert not {"The case", "Verified", "How did it end?"} & {*ana.words.splitlines()}
    assert "Show what may be said" not in ana.words
    assert ana.opens(f"{verified}/words").status == 403
    assert len(office_rows.entries("look_at_case")) == 1


def test_leader_of_a_talk_at_0_holds_it_ends_it_and_saves_its_outcome_on_its_page(
    staff: Any, office_rows: Office
) -> None:
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo").signs_in()
    page = begins(office_rows, ana)

    assert {"Hold", "End call"} <= {*ana.opens(page).buttons}
    assert ana.clicks("Hold").reads("You put the person on hold.", "The person is on hold.")
    assert ana.clicks("Resume").reads("You took the person back from hold.")
    assert ana.reads("Luis Demo off shift, English")
    assert luis.opens(page).status == 404
    overseer = staff("supervisor").signs_in()
    assert "End call" not in overseer.opens(page).buttons
    talk_id = page.rpartition("/")[2]
    overseer.sends("/console/bar", {"csrf_token": overseer.token, "does": "end", "talk": talk_id})
    assert overseer.reads("You are not leading this call.")

    ana.opens(page).clicks("End call")
    assert ana.reads("The call is ended.", "How did it end?")
    ana.fills(outcome="to_supervisor").clicks("Save outcome")
    assert ana.reads("Saved: For the supervisor (Caller at 0).")
    assert ana.opens(page).reads("Accepted by key; the talk began", "On hold", "The talk ended")
    with office_rows.database.reading() as session:
        (left,) = session.query(Callback).all()
        assert (left.state, left.reason) == ("left_for_staff", "to_supervisor")


def test_colleague_rung_into_a_talk_at_0_is_led_to_its_page_and_a_supervisor_may_look(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo").signs_in()
    page = begins(office_rows, ana)
    with office_rows.database.transaction() as session:
        (talk,) = session.query(Talk).all()
        make_call(session, role="colleague", staff_id=luis.staff_id, parent_call_id=talk.caller_call_id)

    luis.opens("/console/callbacks")
    assert luis.reads("Your phone rings. A colleague asks you into a call: A caller at 0")
    assert luis.opens(page).reads("Ana Demo leads the talk with the person", "The phone of Luis Demo rings.")
    assert ana.opens(page).reads("The phone of Luis Demo rings.")
    assert staff("supervisor").signs_in().opens(page).reads("Ana Demo leads the talk with the person")


def test_talk_at_0_is_open_beside_the_list_of_its_leader(staff: Any, office_rows: Office) -> None:
    ana = staff(name="Ana Demo").signs_in()
    begins(office_rows, ana)

    ana.opens("/console/callbacks")

    assert ana.heading == "Caller at 0: English"
    assert "Save note" in ana.buttons
    assert "Back to the list" not in ana.links


def test_ringing_of_a_caller_at_0_is_beside_the_list(staff: Any, office_rows: Office) -> None:
    ana = staff(name="Ana Demo").signs_in()
    with office_rows.database.transaction() as session:
        caller = make_call(session, phone="+12025550110")
        make_call(session, role="liaison_at_0", staff_id=ana.staff_id, parent_call_id=caller.id)

    ana.opens("/console/callbacks")

    assert ana.reads("Your phone rings. A caller at 0")
    rings = words(ana.page.get_element_by_id("no-call"))
    assert "How to talk Language: English" in rings
    assert "Hello, you have reached" in rings
    assert "How can I help you?" in rings


def test_liaison_reads_how_to_talk_with_a_caller_at_0_while_the_phone_rings(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo").signs_in()
    with office_rows.database.transaction() as session:
        case = make_case(session, "in_custody", as_of=clock())
        caller = make_call(
            session, silent=True, line="+12025550101", language="es", case_id=case.id, verified_at=clock()
        )
        make_call(session, role="liaison_at_0", staff_id=ana.staff_id, parent_call_id=caller.id)

    rings = words(ana.opens("/console/callbacks").page.get_element_by_id("no-call"))

    assert "Cannot talk: ask yes or no questions. They answer 1 for yes and 2 for no." in rings
    assert "Discreet line: do not name the office.Language: Spanish" in rings
    assert "First words: Hola, le atiende" in rings
    assert "¿Me oye?" in rings
    # Whether they gave a PIN nobody learns before they talk.
    assert "PIN" not in rings
    assert not luis.opens("/console/callbacks").reads("How to talk")


def test_only_the_leader_of_a_talk_at_0_sees_the_time_zone_of_a_caller_who_gave_a_pin(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    """A time zone that the caller never said would tell a colleague or a supervisor of the PIN (R37)."""
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo").signs_in()
    with office_rows.database.transaction() as session:
        case = make_case(session, "in_custody", as_of=clock())
        caller = make_call(session, case_id=case.id, verified_at=clock())
        make_wait(session, caller)
        leg = make_call(session, role="liaison_at_0", staff_id=ana.staff_id, parent_call_id=caller.id)
        talk = begin_talk(
            session, caller_call_id=caller.id, leader_call_id=leg.id, staff_id=ana.staff_id,
            language="en", now=clock(),
        )  # fmt: skip
        make_call(session, role="colleague", staff_id=luis.staff_id, parent_call_id=caller.id)
        page = f"/console/talks/{talk.id}"

    assert ana.opens(page).reads("PINVerified", "Time zone", "America/New_York")
    for other in (luis, staff("supervisor").signs_in()):
        assert "Time zone" not in other.opens(page).words
        assert other.reads("Ana Demo leads the talk with the person")


@ON_BOTH
def test_liaison_who_transferred_a_caller_at_0_saves_the_note_that_they_had_begun(
    staff: Any, office_rows: Office, database: Database
) -> None:
    luis, ana = staff(name="Luis Demo").signs_in(), staff(name="Ana Demo").signs_in()
    page = begins(office_rows, luis)
    luis.opens(page)
    with database.transaction() as session:
        (talk,) = session.query(Talk).all()
        talk.staff_id = ana.staff_id

    assert luis.opens(f"{page}/part").reads("Ana Demo leads the talk with the person", "Note for colleagues")
    assert not {"Save outcome", "How did it end?"} & {*luis.words.splitlines(), *luis.buttons}
    luis.opens(page).fills(note="She asked about the court.").clicks("Save note")

    assert luis.reads("The note is saved.", "She asked about the court.")
    assert ana.opens(page).reads("She asked about the court.", "How did it end?")
    luis.sends(f"{page}/finish", {"csrf_token": luis.token, "outcome": "reached"})
    assert luis.reads("You are not leading this call.")
    stranger = staff().signs_in()
    stranger.sends(f"{page}/note", {"csrf_token": stranger.token, "note": "x"})
    assert stranger.status == 404
