"""The callback list and one callback, as staff use them at their browsers."""

import re
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, text, update

from models import AuditEntry, Call, Callback, Staff
from models.database import Database
from models.direct_talk import DirectTalk, begin_talk, close
from models.registrant import Registrant, name_registrant
from models.staff import change_shift
from tests.callback_desk import WaitingJobs
from tests.console.conftest import Clock, Member
from tests.factories import MadeCase, make_call, make_callback, make_case

PHONE = "+12025550110"


class Office:
    """Rows that a test needs and looks at."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database, self.clock = database, clock

    def promises(self, *, case: bool = True, **facts: Any) -> int:
        """A promise to call somebody, at once unless told otherwise; its id."""
        now = self.clock()
        facts = {"place": 0, "due_at": now + timedelta(hours=8), "next_attempt_at": now} | facts
        with self.database.transaction() as session:
            made = make_case(session, "in_custody", facility="Stewart", as_of=now) if case else None
            return make_callback(session, made, phone=PHONE, **facts).id

    def row(self, callback_id: int) -> Callback:
        with self.database.reading() as session:
            found = session.get_one(Callback, callback_id)
            session.expunge(found)
            return found

    def entries(self, action: str) -> list[AuditEntry]:
        with self.database.reading() as session:
            found = list(session.scalars(select(AuditEntry).where(AuditEntry.action == action)))
            session.expunge_all()
            return found

    def becomes(self, callback_id: int, **facts: Any) -> None:
        with self.database.transaction() as session:
            row = session.get_one(Callback, callback_id)
            for name, value in facts.items():
                setattr(row, name, value)


@pytest.fixture
def office_rows(database: Database, clock: Clock) -> Office:
    return Office(database, clock)


def test_the_list_is_the_first_page_and_shows_how_to_call_but_no_whole_number(
    liaison: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises(silent=True, urgency="urgent", time_zone="America/Los_Angeles")

    liaison.opens("/console/")

    assert liaison.path == "/console/callbacks"
    assert liaison.reads(f"Callback {callback_id}", "Urgent", "Verified", "English", "••• 10")
    assert liaison.reads("ask yes or no questions", "Only they may answer", "No voicemail")
    assert liaison.reads("There: Wed", "3:00", "Now there: Wed", "7:00")
    assert "555" not in liaison.text


def test_each_view_holds_what_its_name_says(liaison: Member, office_rows: Office) -> None:
    now = office_rows.clock()
    due = office_rows.promises()
    late = office_rows.promises(due_at=now - timedelta(minutes=1))
    later = office_rows.promises(place=None, next_attempt_at=now + timedelta(hours=3))
    left = office_rows.promises(state="left_for_staff", outcome="unknown", closed_at=now, place=None)
    mine = office_rows.promises(
        state="claimed", staff_id=liaison.staff_id, claimed_at=now, lease_until=now, place=None
    )
    office_rows.promises(state="reached", closed_at=now, place=None)

    seen = {
        view: {
            int(href.rpartition("/")[2])
            for text, href in liaison.opens(f"/console/callbacks?view={view}").links.items()
            if text.startswith("Callback ")
        }
        for view in ("due", "late", "mine", "open", "left")
    }

    assert seen == {
        "due": {due, late},
        "late": {late},
        "mine": {mine},
        "open": {due, late, later, mine},
        "left": {left},
    }
    assert liaison.reads("Some of these people may have been rung already", "May have been rung")


def test_a_view_or_a_page_that_there_is_not_is_no_fault(liaison: Member, office_rows: Office) -> None:
    assert liaison.opens("/console/callbacks?view=all%27--").status == 404
    for page in ("0", "-1", "x", "99999999999999999999", "٣", "9999"):
        assert liaison.opens(f"/console/callbacks?view=open&page={page}").status == 200


def test_a_long_list_is_paged_and_costs_as_many_queries_as_a_short_one(
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


def test_a_part_that_did_not_change_answers_304_after_one_look(
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


def test_what_becomes_late_is_seen_without_anything_being_written(
    liaison: Member, office_rows: Office, clock: Clock
) -> None:
    office_rows.promises(due_at=clock() + timedelta(minutes=5))
    tag = liaison.opens("/console/callbacks/part?view=due").headers["ETag"]
    clock.goes_on(minutes=6)

    assert liaison.opens("/console/callbacks/part?view=due", If_None_Match=tag).status == 200
    assert liaison.reads("Late")


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


def test_a_talk_shows_who_was_rung_into_it_and_who_is_there(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo")
    callback_id = office_rows.promises(
        state="talking", talking_at=clock(), staff_id=ana.staff_id, place=None, announced_at=clock()
    )
    with office_rows.database.transaction() as session:
        interpreter = make_call(session, callback_id=callback_id, flow="interpreter_call", started_at=clock())
        joined = make_call(
            session,
            callback_id=callback_id,
            flow="colleague_call",
            staff_id=luis.staff_id,
            accepted_at=clock(),
        )
        ids = interpreter.id, joined.id
    page, part = f"/console/callbacks/{callback_id}", f"/console/callbacks/{callback_id}/part"

    assert ana.opens(page).reads("Luis Demo is in the talk as well.", "The interpreter's phone rings.")

    with office_rows.database.transaction() as session:
        session.get_one(Call, ids[0]).ended_at = clock()
    assert ana.opens(part).reads("Luis Demo is in the talk as well.")
    assert not ana.reads("The interpreter's phone rings.")

    with office_rows.database.transaction() as session:
        session.get_one(Call, ids[1]).accepted_at = clock() + timedelta(seconds=1)
    assert ana.opens(part).reads("Luis Demo has accepted; the person is told of them first.")


def test_a_talk_is_handed_over_only_where_somebody_is_there_and_nobody_is_rung_twice(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo").signs_in()
    callback_id = office_rows.promises(
        state="talking", talking_at=clock(), staff_id=ana.staff_id, place=None, announced_at=clock()
    )
    page = f"/console/callbacks/{callback_id}"
    assert ana.opens(page).reads("Add a colleague")
    assert "Hand over and leave" not in ana.words
    with office_rows.database.transaction() as session:
        leg = make_call(session, callback_id=callback_id, flow="colleague_call", staff_id=luis.staff_id)
        leg_id = leg.id
    assert not {"Add a colleague", "Hand over and leave"} & {*ana.opens(page).buttons}
    luis.opens("/console/callbacks")
    assert luis.reads("Your phone rings. A colleague asks you into a talk:", f"Callback {callback_id}")

    with office_rows.database.transaction() as session:
        session.get_one(Call, leg_id).accepted_at = clock()

    assert {"Add a colleague", "Hand over and leave"} <= {*ana.opens(page).buttons}
    assert luis.opens("/console/callbacks/part").reads("You are in a talk.", f"Callback {callback_id}")


def test_whose_phone_rings_is_led_to_the_callback_from_every_view_of_the_list(
    staff: Any, office_rows: Office
) -> None:
    ana, luis = staff().signs_in(), staff().signs_in()
    callback_id = office_rows.promises(state="ringing_liaison", staff_id=ana.staff_id, place=None)
    for view in ("due", "mine", "left"):
        for part in ("", "/part"):
            luis.opens(f"/console/callbacks{part}?view={view}")
            assert "Your phone rings" not in luis.words
            ana.opens(f"/console/callbacks{part}?view={view}")
            assert ana.reads(f"Your phone rings. It is for: Callback {callback_id}")

    office_rows.becomes(callback_id, state="claimed")

    assert "Your phone rings" not in ana.opens("/console/callbacks?view=due").words


def test_the_words_that_were_looked_at_stay_through_the_clicks_of_a_talk(
    liaison: Member, office_rows: Office, clock: Clock
) -> None:
    callback_id = office_rows.promises(state="claimed", staff_id=liaison.staff_id, place=None)
    office_rows.becomes(callback_id, lease_until=clock() + timedelta(minutes=15), claimed_at=clock())
    liaison.opens(f"/console/callbacks/{callback_id}").clicks("Show what may be said")
    assert liaison.reads("What may be said", "in custody")

    liaison.fills(note="She will call again").clicks("Keep the note")

    assert liaison.reads("The note is kept.", "What may be said", "in custody")
    assert len(office_rows.entries("look_at_case")) == 1


def test_who_calls_again_later_sees_how_the_call_before_ended_and_its_note(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana, luis = staff().signs_in(), staff().signs_in()
    first = office_rows.promises(
        state="reached", staff_id=ana.staff_id, place=None, outcome="reached", talking_at=clock(),
        closed_at=clock(),
    )  # fmt: skip
    ana.opens(f"/console/callbacks/{first}").fills(note="She asked about the court.").clicks("Keep the note")
    ana.fills(code="call_later").clicks("Note the outcome")
    second = office_rows.entries("request_callback")[0].target.partition(":")[2]

    luis.opens(f"/console/callbacks/{second}")
    assert luis.reads("The call before this", f"Callback {first}", "They asked to be called later.")
    assert "She asked about the court." not in luis.words
    luis.clicks("Take it")

    assert luis.reads("Its note: She asked about the court.")


def test_who_talks_with_a_caller_at_0_sees_how_it_stands_and_what_may_be_said(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana, luis = staff().signs_in(), staff().signs_in()
    with office_rows.database.transaction() as session:
        case = make_case(session, "in_custody", facility="Stewart", as_of=clock())
        calls = make_call(session, case_id=case.id, verified_at=clock(), silent=True), make_call(session)
        talks = [
            begin_talk(
                session, caller_call_id=call.id, leg_id=make_call(session, flow="liaison_at_0").id,
                staff_id=ana.staff_id, language="en", now=clock(),
            )
            for call in calls
        ]  # fmt: skip
        verified, unknown = (f"/console/talks/{talk.id}" for talk in talks)

    ana.opens("/console/callbacks")
    assert ana.reads("You are in a talk. What you need is here: A caller at 0", "Mine 0")
    ana.opens(verified)
    assert ana.reads("You have been talking since", "Cannot talk: ask yes or no", "Verified")
    ana.clicks("Show what may be said")
    assert ana.reads("These are the words of the line itself", "in custody", "202-555-0190")
    (look,) = office_rows.entries("look_at_case")
    assert (look.target, look.facts) == (f"case:{case.id}", {"ground": "talk", "talk": 1})

    assert ana.opens(unknown).reads("No PIN was given.", "Not verified")
    assert ana.opens(f"{unknown}/words").status == 403
    for path in (verified, f"{verified}/words", f"{verified}/part"):
        assert luis.opens(path).status == 404
    with office_rows.database.transaction() as session:
        close(session, session.get_one(DirectTalk, 1), "carrier", clock())
    assert ana.opens(f"{verified}/part").reads("The talk is over.")
    clock.goes_on(minutes=16)
    assert ana.opens(verified).status == 404
    assert len(office_rows.entries("look_at_case")) == 1


def test_a_page_in_spanish_writes_every_time_of_day_by_the_same_clock(
    liaison: Member, office_rows: Office, clock: Clock
) -> None:
    callback_id = office_rows.promises(due_at=clock() + timedelta(hours=6))
    liaison.opens(f"/console/callbacks/{callback_id}").clicks("Español")

    times = re.findall(r"\d{1,2}:\d\d\s*[ap]?", liaison.page.text_content())
    assert len(times) >= 3
    assert all(one[-1] in "ap" for one in times), times


def test_a_stale_tab_changes_nothing_and_shows_how_it_stands_now(
    liaison: Member, office_rows: Office, clock: Clock
) -> None:
    callback_id = office_rows.promises()
    liaison.opens(f"/console/callbacks/{callback_id}")
    office_rows.becomes(callback_id, state="reached", outcome="reached", closed_at=clock(), place=None)

    liaison.clicks("Call now")

    assert liaison.reads("This callback was closed on Nov 25, 2026, 10:00", "Reached: two people talked.")
    assert office_rows.row(callback_id).state == "reached"


def test_a_double_submit_rings_one_phone_once(
    liaison: Member, office_rows: Office, jobs: WaitingJobs, database: Database
) -> None:
    callback_id = office_rows.promises()
    token = liaison.opens(f"/console/callbacks/{callback_id}").token
    for _ in range(3):
        liaison.sends(f"/console/callbacks/{callback_id}/call", {"csrf_token": token})

    assert len(jobs.waiting) == 1
    with database.reading() as session:
        assert len(session.scalars(select(Call).where(Call.flow == "liaison_callback")).all()) == 1


@pytest.mark.parametrize(
    "action",
    [
        "claim",
        "release",
        "call",
        "hand",
        "cancel",
        "note",
        "outcome",
        "hold",
        "resume",
        "colleague",
        "interpreter",
        "hand-over",
        "end",
        "number",
        "reschedule",
        "nonsense",
    ],
)
def test_an_id_that_nobody_has_or_a_form_that_is_empty_is_never_a_fault(
    liaison: Member, office_rows: Office, action: str
) -> None:
    callback_id = office_rows.promises()
    token = liaison.opens("/console/callbacks").token
    for one in (999_999, callback_id):
        liaison.sends(f"/console/callbacks/{one}/{action}", {"csrf_token": token})
        assert liaison.status in {200, 403, 404, 422}, (one, liaison.status)


def test_somebody_elses_callback_is_seen_and_not_touched(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo").signs_in()
    callback_id = office_rows.promises()
    ana.opens(f"/console/callbacks/{callback_id}").clicks("Take it")
    before = office_rows.row(callback_id)
    token = luis.opens(f"/console/callbacks/{callback_id}").token

    for action, data in (
        ("release", {}), ("call", {}), ("hand", {"to": str(luis.staff_id)}),
        ("cancel", {"reason": "duplicate"}), ("reschedule", {"day": "2026-11-27", "time": "12:00"}),
        ("note", {"note": "hello"}), ("end", {}),
        ("hold", {}), ("outcome", {"code": "reached"}), ("number", {}),
    ):  # fmt: skip
        luis.sends(f"/console/callbacks/{callback_id}/{action}", {"csrf_token": token, **data})
        assert luis.status in {200, 403, 422}
    assert luis.opens(f"/console/callbacks/{callback_id}/words").status == 403

    after = office_rows.row(callback_id)
    assert (after.state, after.staff_id, after.note_sealed) == (before.state, ana.staff_id, None)
    assert PHONE not in luis.text
    assert office_rows.entries("look_at_case") == office_rows.entries("reveal_number") == []


def test_the_whole_number_is_shown_once_in_the_answer_and_noted(liaison: Member, office_rows: Office) -> None:
    callback_id = office_rows.promises()
    liaison.opens(f"/console/callbacks/{callback_id}").clicks("Take it").clicks("Show the whole number")

    assert liaison.reads(PHONE)
    assert liaison.headers["Cache-Control"] == "no-store"
    assert PHONE not in liaison.opens(f"/console/callbacks/{callback_id}").text
    assert [one.target for one in office_rows.entries("reveal_number")] == [f"callback:{callback_id}"]


def test_what_may_be_said_is_what_the_line_would_say_and_looking_is_an_entry(
    liaison: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises()
    liaison.opens(f"/console/callbacks/{callback_id}")
    assert "Show what may be said" not in liaison.links
    liaison.clicks("Take it").clicks("Show what may be said")

    assert liaison.reads("What may be said", "in custody", "Stewart")
    (entry,) = office_rows.entries("look_at_case")
    assert entry.actor == f"staff:{liaison.staff_id}"


@pytest.mark.parametrize("denied", ["releasable", "absent", "no record", "closed"])
def test_staff_see_the_one_neutral_phrase_for_every_reason_not_to_tell(
    liaison: Member, office_rows: Office, database: Database, clock: Clock, denied: str
) -> None:
    with database.transaction() as session:
        status = None if denied == "no record" else "in_custody"
        case: MadeCase = make_case(
            session, status, facility="Stewart", as_of=clock(), record={"releasable": denied != "releasable"}
        )
        from models import Case, Subject

        if denied == "absent":
            session.get_one(Subject, case.subject_id).absent_since = clock()
        if denied == "closed":
            session.get_one(Case, case.id).closed_at = clock()
        callback_id = make_callback(
            session, case, state="claimed", staff_id=liaison.staff_id, claimed_at=clock(), lease_until=clock()
        ).id

    liaison.opens(f"/console/callbacks/{callback_id}/words")

    said = liaison.page.xpath("//blockquote")[0].text_content()
    assert (
        " ".join(said.split())
        == (
            "We cannot confirm where this person is right now. Please act as if they may be out. "
            "To speak with a person, press 0 at any time."
        )
        or "cannot confirm" in said
    )
    assert not any(
        word in liaison.text for word in ("Stewart", "denied", "releasable", "juvenile", "closed at")
    )


def test_without_a_pin_no_case_is_opened(liaison: Member, office_rows: Office) -> None:
    callback_id = office_rows.promises(case=False)
    liaison.opens(f"/console/callbacks/{callback_id}").clicks("Take it")

    assert liaison.reads("No PIN was given", "say neither yes nor no to whether a case exists")
    assert liaison.opens(f"/console/callbacks/{callback_id}/words").status == 403


def test_another_time_is_settled_in_the_time_of_the_person_or_refused_with_all_that_was_typed(
    liaison: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises(time_zone="America/Los_Angeles")
    liaison.opens(f"/console/callbacks/{callback_id}")
    liaison.fills(day="2020-01-01", time="12:00").clicks("Settle this time")
    assert liaison.status == 422
    assert liaison.reads("The new time must lie ahead")
    assert (liaison.value("day"), liaison.value("time")) == ("2020-01-01", "12:00")

    liaison.fills(day="2026-11-27", time="12:30").clicks("Settle this time")

    assert liaison.reads("The line will call at that time.")
    found = office_rows.row(callback_id)
    assert found.next_attempt_at == datetime.fromisoformat("2026-11-27T12:30-08:00")
    assert found.state == "requested"


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_at_the_end_of_all_days_is_no_fault(liaison: Member, office_rows: Office, day: str) -> None:
    callback_id = office_rows.promises(time_zone="America/Los_Angeles")
    liaison.opens(f"/console/callbacks/{callback_id}")

    liaison.fills(day=day, time="23:59").clicks("Settle this time")

    assert liaison.status == 422
    assert office_rows.row(callback_id).state == "requested"


def test_nothing_is_handed_to_who_has_left_the_house(
    staff: Any, administrator: Member, office_rows: Office
) -> None:
    ana, gone = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo")
    callback_id = office_rows.promises()
    ana.opens(f"/console/callbacks/{callback_id}")
    assert ana.reads("Luis Demo")
    administrator.opens(f"/console/staff/{gone.staff_id}/leave").clicks("They leave the house")

    ana.fills(to=str(gone.staff_id)).clicks("Hand it on")

    assert ana.status == 422
    assert ana.reads("There is no such colleague on the staff list.")
    assert not ana.reads("Luis Demo")
    assert office_rows.row(callback_id).state == "requested"


def test_a_callback_is_handed_to_a_colleague_and_cancelled_with_a_reason(
    staff: Any, office_rows: Office
) -> None:
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo").signs_in()
    callback_id = office_rows.promises()
    ana.opens(f"/console/callbacks/{callback_id}").fills(to=str(luis.staff_id)).clicks("Hand it on")
    assert ana.reads("It is handed on.", "Taken: Luis Demo")

    luis.opens("/console/callbacks?view=mine")
    assert luis.reads(f"Callback {callback_id}")
    luis.opens(f"/console/callbacks/{callback_id}").clicks("Cancel the callback")
    assert luis.status == 422
    assert luis.reads("Choose a reason from the list.")
    luis.fills(reason="duplicate").clicks("Cancel the callback")
    assert luis.reads("The callback is cancelled.", "Cancelled: there was another callback for the same.")
    assert luis.reads("Handed to Luis Demo", "Ana Demo")


def test_a_note_that_must_not_stand_there_is_refused_and_stays_in_its_field(
    liaison: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises()
    liaison.opens(f"/console/callbacks/{callback_id}").clicks("Take it")
    liaison.fills(note="her A-number is A012345678").clicks("Keep the note")
    assert liaison.status == 422
    assert liaison.reads("looks like an A-number")
    assert liaison.value("note").strip() == "her A-number is A012345678"

    liaison.fills(note="Prefers mornings.").clicks("Keep the note")
    assert liaison.reads("The note is kept.")
    assert liaison.value("note").strip() == "Prefers mornings."


def test_a_note_that_a_colleague_wrote_meanwhile_is_not_overwritten_unseen(
    liaison: Member, supervisor: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises()
    liaison.opens(f"/console/callbacks/{callback_id}").clicks("Take it")
    supervisor.opens(f"/console/callbacks/{callback_id}")
    liaison.fills(note="Never before noon.").clicks("Keep the note")

    supervisor.fills(note="Third call this week.").clicks("Keep the note")

    assert supervisor.status == 422
    assert supervisor.reads("Somebody else has written the note meanwhile.", "now: Never before noon.")
    assert supervisor.value("note").strip() == "Third call this week."
    supervisor.clicks("Keep the note")
    assert supervisor.reads("The note is kept.")


@pytest.mark.parametrize("with_case", [True, False])
def test_a_note_holds_no_name_of_whom_it_is_about(
    liaison: Member, office_rows: Office, database: Database, with_case: bool
) -> None:
    callback_id = office_rows.promises()
    with database.transaction() as session:
        row = session.get_one(Callback, callback_id)
        registrant = session.scalars(select(Registrant)).one()
        name_registrant(session, registrant, "Rósa of Cedar-Hill")
        if not with_case:
            row.case_id, row.registrant_id, row.verified = None, registrant.id, True
    liaison.opens(f"/console/callbacks/{callback_id}").clicks("Take it")

    for note in ("ROSA's shift ends at six", "Asked for ivo."):
        liaison.fills(note=note).clicks("Keep the note")
        refused = with_case or "ROSA" in note
        assert liaison.reads("The note holds a name of this case. Take it out.") is refused
    assert (office_rows.row(callback_id).note_sealed is None) is with_case


def test_the_outcome_of_my_talk_is_noted_and_a_hard_call_gives_me_a_rest(
    liaison: Member, office_rows: Office, clock: Clock, database: Database
) -> None:
    callback_id = office_rows.promises(
        state="reached", staff_id=liaison.staff_id, talking_at=clock(), closed_at=clock(), outcome="reached",
        place=None,
    )  # fmt: skip
    liaison.opens(f"/console/callbacks/{callback_id}")
    liaison.fills(code="message_left", hard="1").clicks("Note the outcome")

    assert liaison.reads("The outcome is noted.")
    assert office_rows.row(callback_id).outcome == "message_left"
    with database.reading() as session:
        assert session.get_one(Staff, liaison.staff_id).resting_until is not None
    liaison.opens(f"/console/callbacks/{callback_id}").clicks("Note the outcome")
    clock.goes_on(minutes=16)
    token = liaison.token
    liaison.sends(f"/console/callbacks/{callback_id}/outcome", {"csrf_token": token, "code": "call_later"})
    assert liaison.reads("The time to note an outcome is over")


@pytest.mark.parametrize("button", ["Settle this time", "Cancel the callback"])
def test_who_settles_or_cancels_on_an_old_page_is_told_that_it_was_promised_otherwise_since(
    liaison: Member, office_rows: Office, staff: Any, button: str
) -> None:
    callback_id = office_rows.promises()
    other = staff("liaison").signs_in().opens(f"/console/callbacks/{callback_id}")
    liaison.opens(f"/console/callbacks/{callback_id}")
    liaison.fills(day="2026-11-27", time="12:00").clicks("Settle this time")
    assert liaison.reads("The line will call at that time.")
    settled = office_rows.row(callback_id)

    other.fills(reason="person_asked").clicks(button)

    assert other.status == 422
    assert other.reads("This callback has changed since you read it; it is promised by Nov 27")
    after = office_rows.row(callback_id)
    assert (after.state, after.next_attempt_at) == ("requested", settled.next_attempt_at)
    other.fills(reason="person_asked").clicks("Cancel the callback")
    assert other.reads("The callback is cancelled.")


def test_an_open_page_says_by_itself_that_its_time_has_come_and_that_it_is_late(
    liaison: Member, office_rows: Office, clock: Clock
) -> None:
    now = clock()
    callback_id = office_rows.promises(
        place=None, next_attempt_at=now + timedelta(minutes=5), due_at=now + timedelta(minutes=10)
    )
    part = f"/console/callbacks/{callback_id}/part"
    liaison.opens(part)
    assert liaison.reads("The line calls by itself from")
    for words in ("The line offers it to the next colleague who is free.", "Late"):
        tag = liaison.headers["ETag"]
        clock.goes_on(minutes=6)
        assert liaison.opens(part, If_None_Match=tag).status == 200
        assert liaison.reads(words)


def test_who_handed_a_talk_over_is_offered_its_note_and_no_number(
    liaison: Member, office_rows: Office, database: Database, staff: Any
) -> None:
    now = office_rows.clock()
    callback_id = office_rows.promises(
        state="talking", staff_id=staff("liaison").staff_id, talking_at=now, place=None
    )
    with database.transaction() as session:
        make_call(session, callback_id=callback_id, staff_id=liaison.staff_id, accepted_at=now, ended_at=now)

    liaison.opens(f"/console/callbacks/{callback_id}")

    assert liaison.reads("A short note for colleagues")
    assert not liaison.reads("Show the whole number")


def test_a_hard_call_is_noted_while_somebody_changes_the_shift_of_its_liaison(
    liaison: Member, office_rows: Office, clock: Clock, database: Database
) -> None:
    talk = office_rows.promises(
        state="reached", staff_id=liaison.staff_id, talking_at=clock(), closed_at=clock(), outcome="reached",
        place=None,
    )  # fmt: skip
    liaison.opens(f"/console/callbacks/{talk}").fills(code="message_left", hard="1")
    click = threading.Thread(target=liaison.clicks, args=("Note the outcome",))
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

    assert liaison.reads("The outcome is noted.")


def test_what_was_left_says_plainly_that_they_may_have_been_rung(
    liaison: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises(
        state="left_for_staff", outcome="unknown", closed_at=office_rows.clock(), place=None
    )
    liaison.opens(f"/console/callbacks/{callback_id}")
    assert liaison.reads("They may have been rung already.", "The line will not call this person by itself.")

    liaison.clicks("Take it up again")

    assert liaison.reads("They may have been rung already.", "then it is left for staff again")
    assert office_rows.row(callback_id).taken_up_at is not None


def test_a_supervisor_takes_a_callback_out_of_somebodys_hands(staff: Any, office_rows: Office) -> None:
    ana, ruth = staff().signs_in(), staff("supervisor").signs_in()
    callback_id = office_rows.promises()
    ana.opens(f"/console/callbacks/{callback_id}").clicks("Take it")
    ruth.opens(f"/console/callbacks/{callback_id}").clicks("Take it out of their hands")

    assert ruth.reads("It is back in the line.")
    assert office_rows.row(callback_id).state == "requested"


def test_the_list_is_read_in_spanish(staff: Any, office_rows: Office, app: Flask) -> None:
    ana: Member = staff().signs_in()
    callback_id = office_rows.promises(silent=True)
    ana.opens("/console/callbacks").clicks("Español")
    ana.opens(f"/console/callbacks/{callback_id}")
    assert ana.reads("Llamada de vuelta", "haga preguntas de sí o no", "Llamar ahora")


def test_what_all_consoles_share_of_the_list_holds_each_ones_own_token_and_count(
    staff: Any, office_rows: Office
) -> None:
    taken, other = office_rows.promises(), office_rows.promises()
    ana, ben, cleo = staff(), staff(), staff()
    for one in (ana, ben, cleo):
        one.signs_in()
    ana.opens(f"/console/callbacks/{taken}").clicks("Take it")

    seen = [one.opens("/console/callbacks/part?view=open") for one in (cleo, ana, ben)]

    assert len({one.token for one in seen}) == 3
    assert [one.reads("Mine 1") for one in seen] == [False, True, False]
    assert [one.reads("Call now") for one in seen] == [False, True, False]
    ben.clicks("Take")
    assert office_rows.row(other).staff_id == ben.staff_id
    assert cleo.opens("/console/callbacks/part?view=open").reads("Mine 0")
