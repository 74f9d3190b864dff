"""What may be said, and the whole number; each look is an audit entry (R37)."""

import pytest

from models import Case
from models.store.database import Database
from tests.console.callbacks.office import Office
from tests.console.conftest import Clock, Member
from tests.factories import (
    MadeCase,
    make_callback,
    make_case,
    make_event,
    make_notice,
    make_registration,
)


def test_liaison_may_say_what_the_line_would_say_and_looking_is_an_entry(
    liaison: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises()
    liaison.opens(f"/console/callbacks/{callback_id}")
    assert "Show what may be said" not in liaison.links
    office_rows.talks(callback_id, liaison.staff_id)
    recognizes(liaison, callback_id)

    assert liaison.reads("What may be said", "in custody", "Stewart")
    assert "press 0" not in liaison.words
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
            session, case, state="talking", staff_id=liaison.staff_id, talking_at=clock(),
            recognized_by="last_call",
        ).id  # fmt: skip

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


def recognizes(liaison: Member, callback_id: int, how: str = "agreed_word") -> Member:
    """Record how the person on the line was recognized."""
    page = liaison.opens(f"/console/callbacks/{callback_id}")
    page.fills(recognized_by=how).clicks("Record recognition")
    return liaison


@pytest.mark.parametrize("is_silent", [True, False])
def test_page_of_a_person_who_cannot_talk_says_that_a_yes_recognizes_nobody(
    liaison: Member, office_rows: Office, is_silent: bool
) -> None:
    callback_id = office_rows.promises(silent=is_silent)
    path = f"/console/callbacks/{callback_id}"
    liaison.opens(path).clicks("Claim")
    office_rows.talks(callback_id, liaison.staff_id)

    liaison.opens(path)

    assert liaison.reads("How did you recognize the person?")
    assert ("a yes does not tell you who it is" in liaison.text) == is_silent


def test_key_1_of_a_call_we_placed_opens_no_case_before_the_person_is_recognized(
    liaison: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises()
    path = f"/console/callbacks/{callback_id}"
    liaison.opens(path).clicks("Claim")
    assert liaison.reads("The case opens when the person is on the line")
    assert liaison.opens(f"{path}/words").status == 403

    office_rows.talks(callback_id, liaison.staff_id)
    liaison.opens(path)
    assert liaison.reads("Hello, this is the information line", "Do not say why you call")
    assert not any(word in liaison.words for word in ("in custody", "Stewart", "Show what may be said"))
    assert liaison.opens(f"{path}/words").status == 403
    liaison.opens(f"/console/cases/{office_rows.row(callback_id).case_id}")
    assert liaison.reads("This case is not open to you.")

    recognizes(liaison, callback_id, "spoken_code")

    assert liaison.reads(
        "Recognition is recorded", "They gave a code that staff told them, not their notice code"
    )
    assert liaison.reads("in custody", "Stewart")
    (entry,) = office_rows.entries("recognize_person")
    assert (entry.actor, entry.facts) == (f"staff:{liaison.staff_id}", {"code": "spoken_code"})


@pytest.mark.parametrize("reason", ["pin_changed", "phone_stopped", "lost_pin"])
def test_news_of_a_pin_or_a_phone_waits_until_the_person_is_recognized(
    liaison: Member, office_rows: Office, reason: str
) -> None:
    with office_rows.database.transaction() as session:
        registrant_id = make_case(session).registrant_id
    callback_id = office_rows.promises(
        case=False, reason=reason, verified=reason != "lost_pin", registrant_id=registrant_id
    )
    office_rows.talks(callback_id, liaison.staff_id)

    liaison.opens(f"/console/callbacks/{callback_id}")

    assert liaison.reads(
        "Anyone may have pressed the key", "Do not say why you call before you know who it is"
    )
    recognizes(liaison, callback_id)
    assert "Anyone may have pressed the key" not in liaison.opens(f"/console/callbacks/{callback_id}").words
    assert office_rows.row(callback_id).recognized_by == "agreed_word"


def test_liaison_who_talks_with_a_caller_without_a_pin_reads_only_the_first_words(
    liaison: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises(case=False, verified=False)
    office_rows.talks(callback_id, liaison.staff_id)

    liaison.opens(f"/console/callbacks/{callback_id}")

    assert liaison.reads(
        "Say only: Hello, this is the information line. Who am I speaking with?", "Anyone may have pressed"
    )
    # The machine has just asked that, and they pressed 1.
    assert "a good time to talk" not in liaison.words
    assert "Record recognition" not in liaison.words


@pytest.mark.parametrize(
    ("wish", "before", "in_talk"),
    [
        ("only_me", "Only they may answer: if somebody else does, say nothing", "say nothing more"),
        ("ask_for_me", "ask if someone there expects this call", "ask if someone there expects this call"),
        ("anyone", "You may speak with anyone who answers", "you may ask them to get the person"),
    ],
)
def test_liaison_reads_the_same_in_the_talk_as_before_it_about_somebody_else_who_answers(
    liaison: Member, office_rows: Office, wish: str, before: str, in_talk: str
) -> None:
    callback_id = office_rows.promises(may_answer=wish)
    assert liaison.opens(f"/console/callbacks/{callback_id}").reads(before)
    # No page shows their name before staff know who it is.
    assert "ask for them" not in liaison.words

    office_rows.talks(callback_id, liaison.staff_id)
    liaison.opens(f"/console/callbacks/{callback_id}")

    assert liaison.reads(in_talk)
    assert liaison.reads(
        "If the person does not come to the phone, end the call and choose “No one was there”"
    )
    assert liaison.reads("If they say that it is the wrong number, choose “Wrong person”")


@pytest.mark.parametrize("wish", ["silent", "asked_elsewhere"])
def test_first_words_to_somebody_who_may_only_press_keys_are_a_yes_or_no_question(
    liaison: Member, office_rows: Office, wish: str
) -> None:
    callback_id = office_rows.promises(case=False, verified=False, **{wish: True})

    assert liaison.opens(f"/console/callbacks/{callback_id}").reads("Can you hear me?")
    assert "Who am I speaking with?" not in liaison.words


def test_liaison_reads_the_first_words_in_the_language_of_the_person(
    liaison: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises(case=False, verified=False, language="es")

    liaison.opens(f"/console/callbacks/{callback_id}").clicks("Claim")

    assert liaison.reads("First words: Hola, le llamamos de la línea de información. ¿Con quién hablo?")


def test_recognition_is_from_a_closed_list_and_only_the_person_who_talks_records_it(
    liaison: Member, office_rows: Office
) -> None:
    callback_id = office_rows.promises()
    path = f"/console/callbacks/{callback_id}"
    office_rows.talks(callback_id, liaison.staff_id)
    liaison.opens(path).clicks("Record recognition")
    assert liaison.reads("Choose how you recognized the person.")
    token = liaison.token
    liaison.sends(f"{path}/recognize", {"csrf_token": token, "recognized_by": "sounds_right"})
    assert liaison.reads("Choose how you recognized the person.")

    office_rows.becomes(callback_id, state="claimed", talking_at=None)
    liaison.sends(f"{path}/recognize", {"csrf_token": token, "recognized_by": "agreed_word"})
    assert liaison.reads("You are not on this call now.")

    assert office_rows.row(callback_id).recognized_by is None
    assert office_rows.entries("recognize_person") == []


def test_no_case_is_opened_without_a_pin(liaison: Member, office_rows: Office) -> None:
    callback_id = office_rows.promises(case=False)
    liaison.opens(f"/console/callbacks/{callback_id}").clicks("Claim")

    assert liaison.reads("No PIN was given", "say neither yes nor no to whether a case exists")
    assert liaison.opens(f"/console/callbacks/{callback_id}/words").status == 403


def test_page_says_neither_that_nobody_answered_nor_that_nobody_rings_after_a_hold(
    liaison: Member, office_rows: Office
) -> None:
    # Two of the three tries were answered: somebody pressed 2, then 7; the last one rang out.
    callback_id = office_rows.promises(
        state="left_for_staff", outcome="no_answer", caller_tries=3, closed_at=office_rows.clock(), rank=None
    )

    liaison.opens(f"/console/callbacks/{callback_id}")

    assert liaison.reads("The person was not reached in any of the tries.")
    assert not liaison.reads("did not answer")
    assert liaison.reads("If it drops while they are on hold, the line calls them.")


def test_callback_of_a_person_who_asked_for_a_person_says_how_its_words_are_opened(
    liaison: Member, office_rows: Office
) -> None:
    with office_rows.database.transaction() as session:
        registrant_id = make_case(session, "released").registrant_id
    callback_id = office_rows.promises(
        case=False, reason="hard_news", verified=True, registrant_id=registrant_id
    )
    office_rows.talks(callback_id, liaison.staff_id)

    recognizes(liaison, callback_id)

    assert liaison.reads("Recognition is recorded.", "it opens no case", "Ask for the case number")
    assert liaison.reads("“Reached” counts as told only if you saw the words during the call.")
    assert "The case is open to you" not in liaison.words
    assert liaison.reads("Nobody gave it.")
    assert liaison.links["Open a case by its number"] == "/console/cases"


def test_liaison_who_corrects_earlier_news_reads_that_it_was_wrong(
    liaison: Member, office_rows: Office, clock: Clock
) -> None:
    callback_id = office_rows.promises(reason="notice", begun_by_staff=True)
    with office_rows.database.transaction() as session:
        case = session.get_one(Case, office_rows.row(callback_id).case_id)
        kept = MadeCase(case.id, "", "", case.subject_id or 0, case.registrant_id)
        registration = make_registration(session, kept)
        told = {"state": "confirmed", "confirmed_by": "call", "confirmed_at": clock(), "said_at": clock()}
        false = make_notice(session, registration, make_event(session, kept.subject_id, "released"), **told)
        correction = make_event(session, kept.subject_id, "in_custody", corrects_id=false.event_id)
        make_notice(session, registration, correction, corrects_id=false.id)
    office_rows.talks(callback_id, liaison.staff_id)

    liaison.opens(f"/console/callbacks/{callback_id}")
    assert liaison.reads("is to be told that what we told them was wrong")
    assert "in custody" not in liaison.words

    recognizes(liaison, callback_id)

    assert liaison.reads("What we told you today was wrong.", "in custody", "Stewart")
    liaison.opens(f"/console/cases/{kept.id}")
    assert liaison.reads("What we told you today was wrong", "Correction: in custody")
