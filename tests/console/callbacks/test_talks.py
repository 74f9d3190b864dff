"""What the console shows while a phone rings and two people talk."""

import re
from datetime import timedelta
from typing import Any

from config.office import Office as OfficeFile
from models import Call, Callback, Case
from models.audit import audit
from models.cases.registrant import Registrant
from models.talks.leg_end import leg_ended
from tests.console.callbacks.office import Office
from tests.console.conftest import Clock, Member
from tests.factories import make_call
from workers.office_rules import callback_policy_of


def test_talk_shows_who_was_rung_into_it_and_who_is_there(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo")
    callback_id = office_rows.promises(
        state="talking", talking_at=clock(), staff_id=ana.staff_id, rank=None, announced_at=clock()
    )
    with office_rows.database.transaction() as session:
        interpreter = make_call(session, callback_id=callback_id, role="interpreter", started_at=clock())
        joined = make_call(
            session,
            callback_id=callback_id,
            role="colleague",
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


def test_talk_is_handed_over_only_where_somebody_is_there_and_nobody_is_rung_twice(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana, luis = staff(name="Ana Demo").signs_in(), staff(name="Luis Demo").signs_in()
    callback_id = office_rows.promises(
        state="talking", talking_at=clock(), staff_id=ana.staff_id, rank=None, announced_at=clock()
    )
    page = f"/console/callbacks/{callback_id}"
    staff(name="Carla Demo", on_shift=True, languages=["en", "es"])
    assert ana.opens(page).reads("Add colleague Carla Demo free, English, Spanish")
    assert "Transfer" not in ana.words
    with office_rows.database.transaction() as session:
        leg = make_call(session, callback_id=callback_id, role="colleague", staff_id=luis.staff_id)
        leg_id = leg.id
    assert not {"Carla Demo", "Transfer"} & {*ana.opens(page).buttons}
    luis.opens("/console/callbacks")
    assert luis.reads(f"Your phone rings. A colleague asks you into a call: Callback {callback_id}")

    with office_rows.database.transaction() as session:
        session.get_one(Call, leg_id).accepted_at = clock()

    assert {"Carla Demo", "Transfer"} <= {*ana.opens(page).buttons}
    assert luis.opens("/console/callbacks").reads(f"You are in a call: Callback {callback_id}")


def test_colleague_is_called_by_name_and_is_said_not_to_have_answered(
    staff: Any, office_rows: Office, clock: Clock, office: OfficeFile
) -> None:
    ana = staff(name="Ana Demo").signs_in()
    luis, carla = staff(name="Luis Demo", on_shift=True), staff(name="Carla Demo", on_shift=True)
    callback_id = office_rows.promises(
        state="talking", talking_at=clock(), staff_id=ana.staff_id, rank=None, announced_at=clock()
    )
    page = f"/console/callbacks/{callback_id}"

    ana.opens(page).clicks("Carla Demo")

    assert ana.reads("The phone of Carla Demo rings.")
    assert "The phone of Luis Demo rings." not in ana.words
    with office_rows.database.transaction() as session:
        (leg,) = session.query(Call).filter(Call.role == "colleague").all()
        assert leg.staff_id == carla.staff_id != luis.staff_id
        leg_ended(session, leg.id, "no-answer", clock(), callback_policy_of(office))
    assert ana.opens(page).reads("Carla Demo did not answer.", "Add colleague")


def test_colleague_who_does_not_join_a_talk_no_longer_reads_that_their_phone_rings(
    staff: Any, office_rows: Office, clock: Clock, office: OfficeFile
) -> None:
    ana, luis = staff().signs_in(), staff().signs_in()
    callback_id = office_rows.promises(
        state="talking", talking_at=clock(), staff_id=ana.staff_id, rank=None, announced_at=clock()
    )
    with office_rows.database.transaction() as session:
        leg = make_call(session, callback_id=callback_id, role="colleague", staff_id=luis.staff_id)
        leg_id = leg.id
    tag = luis.opens("/console/callbacks/current", HX_Request="true").headers["ETag"]
    assert luis.reads("Your phone rings. A colleague asks you into a call:")

    with office_rows.database.transaction() as session:
        leg_ended(session, leg_id, "no-answer", clock(), callback_policy_of(office))

    luis.opens("/console/callbacks/current", HX_Request="true", If_None_Match=tag)
    assert luis.status == 200
    assert "Your phone rings" not in luis.words


def test_list_of_a_liaison_whose_phone_rings_has_the_callback_beside_it_whatever_the_filters(
    staff: Any, office_rows: Office
) -> None:
    ana, luis = staff().signs_in(), staff().signs_in()
    callback_id = office_rows.promises(state="ringing_liaison", staff_id=ana.staff_id, rank=None)
    for query in ("", "?mine=1", "?attention=1&urgent=1"):
        assert "Your phone rings" not in luis.opens(f"/console/callbacks{query}").words
        assert ana.opens(f"/console/callbacks{query}").heading == "Callback: English"
        assert ana.reads("Your phone rings. Accept there by pressing 1")

    office_rows.becomes(callback_id, state="claimed")

    assert "Your phone rings" not in ana.opens("/console/callbacks").words


def test_opened_words_stay_through_the_clicks_of_a_talk(liaison: Member, office_rows: Office) -> None:
    callback_id = office_rows.promises()
    office_rows.talks(callback_id, liaison.staff_id)
    office_rows.becomes(callback_id, recognized_by="last_call")
    liaison.opens(f"/console/callbacks/{callback_id}").clicks("Show what may be said")
    assert liaison.reads("What may be said", "in custody")

    liaison.fills(note="She will call again").clicks("Save note")

    assert liaison.reads("The note is saved.", "What may be said", "in custody")
    assert len(office_rows.entries("look_at_case")) == 1


def test_callback_that_is_offered_again_in_seconds_is_not_said_to_be_called_later(
    liaison: Member, office_rows: Office, clock: Clock
) -> None:
    soon = office_rows.promises(next_attempt_at=clock() + timedelta(seconds=20))
    assert liaison.opens(f"/console/callbacks/{soon}").reads("offers it to the next colleague who is free.")

    later = office_rows.promises(next_attempt_at=clock() + timedelta(hours=2))
    assert liaison.opens(f"/console/callbacks/{later}").reads("The line calls by itself from")


def test_reopened_callback_says_how_the_last_try_ended_until_the_person_is_on_the_line(
    liaison: Member, office_rows: Office, clock: Clock
) -> None:
    callback_id = office_rows.promises(outcome="not_safe", taken_up_at=clock())
    assert liaison.opens(f"/console/callbacks/{callback_id}").reads("The person was not reached.")

    office_rows.talks(callback_id, liaison.staff_id)

    assert "The person was not reached" not in liaison.opens(f"/console/callbacks/{callback_id}").words


def test_liaison_who_calls_again_later_sees_how_the_call_before_ended_and_its_note(
    staff: Any, office_rows: Office, clock: Clock
) -> None:
    ana, luis = staff().signs_in(), staff().signs_in()
    first = office_rows.promises(
        state="reached", staff_id=ana.staff_id, rank=None, outcome="reached", talking_at=clock(),
        closed_at=clock(),
    )  # fmt: skip
    ana.opens(f"/console/callbacks/{first}")
    ana.fills(outcome="call_later", note="She asked about the court.").clicks("Save outcome")
    second = office_rows.entries("request_callback")[0].target.partition(":")[2]

    luis.opens(f"/console/callbacks/{second}")
    assert luis.reads("The call before this", "They asked to be called later.")
    assert f"/console/callbacks/{first}" in luis.links.values()
    assert "She asked about the court." not in luis.words
    luis.clicks("Claim")

    assert luis.reads("Its note: She asked about the court.")


def test_page_in_spanish_writes_every_time_of_day_by_the_same_clock(
    liaison: Member, office_rows: Office, clock: Clock
) -> None:
    callback_id = office_rows.promises(due_at=clock() + timedelta(hours=6))
    liaison.opens(f"/console/callbacks/{callback_id}").clicks("Español")

    times = re.findall(r"\d{1,2}:\d\d\s*[ap]?", liaison.page.text_content())
    assert len(times) >= 3
    assert all(one[-1] in "ap" for one in times), times


def test_callback_from_a_discreet_line_tells_staff_not_to_name_the_office_until_it_is_over(
    liaison: Member, office_rows: Office, clock: Clock
) -> None:
    callback_id = office_rows.promises()
    plain = office_rows.promises()
    with office_rows.database.transaction() as session:
        case_id = session.get_one(Callback, callback_id).case_id
        registrant_id = session.get_one(Case, case_id).registrant_id
        session.get_one(Registrant, registrant_id).line = "+12025550101"

    told = "Discreet line: do not name the office."
    assert liaison.opens(f"/console/callbacks/{callback_id}").reads(told)
    assert not liaison.opens(f"/console/callbacks/{plain}").reads(told)
    office_rows.talks(callback_id, liaison.staff_id)
    for page in (f"/console/callbacks/{callback_id}", f"/console/callbacks/{callback_id}/part"):
        assert liaison.opens(page).reads(told)
    office_rows.becomes(callback_id, state="reached", outcome="reached", closed_at=clock())
    assert not liaison.opens(f"/console/callbacks/{callback_id}").reads(told)


def test_case_pane_says_that_a_person_who_could_not_talk_had_answered(
    liaison: Member, office_rows: Office, clock: Clock
) -> None:
    callback_id = office_rows.promises()
    assert liaison.opens(f"/console/callbacks/{callback_id}").reads("none failed")
    with office_rows.database.transaction() as session:
        audit.record(
            session,
            actor="caller:1",
            action="not_safe_callback",
            target=f"callback:{callback_id}",
            now=clock(),
        )

    liaison.opens(f"/console/callbacks/{callback_id}")

    assert liaison.reads("the person answered and could not talk")
    assert not liaison.reads("none failed")


def test_tries_of_a_callback_that_was_left_do_not_contradict_why_it_was_left(
    liaison: Member, office_rows: Office, clock: Clock
) -> None:
    left = office_rows.promises(state="left_for_staff", outcome="not_safe", closed_at=clock())

    assert liaison.opens(f"/console/callbacks/{left}").reads("In the last try, someone answered")
    assert not liaison.reads("none failed")


def test_callback_on_hold_is_no_longer_shown_as_talking(staff: Any, office_rows: Office) -> None:
    ana = staff(name="Ana Demo").signs_in()
    callback_id = office_rows.promises()
    office_rows.talks(callback_id, ana.staff_id)
    page = f"/console/callbacks/{callback_id}"
    assert ana.opens(page).reads("Talking: Ana Demo")

    assert ana.clicks("Hold").opens(page).reads("On hold: Ana Demo", "The person is on hold.")

    assert "Talking: Ana Demo" not in ana.words
    assert ana.clicks("Resume").opens(page).reads("Talking: Ana Demo")


def test_liaison_is_not_named_as_the_caller_while_the_phone_of_the_person_rings(
    staff: Any, office_rows: Office
) -> None:
    ana = staff(name="Ana Demo").signs_in()
    callback_id = office_rows.promises(state="ringing_caller", staff_id=ana.staff_id, rank=None)

    ana.opens(f"/console/callbacks/{callback_id}")

    assert ana.reads("Ringing caller, Why: asked to be called back", "You have accepted. Stay on your phone")
    assert "Ringing caller: Ana Demo" not in ana.words
