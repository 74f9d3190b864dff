"""Which outcomes a talk may have, and what staff then read of the phones that are called no more."""

from typing import Any

import pytest
from sqlalchemy import select

from models import Callback
from models.cases.registrant import Phone as RegistrantPhone
from models.store.database import Database, keyring_of
from tests.conftest import ON_BOTH
from tests.console.callbacks.office import MESSAGE_ALLOWED, PHONE, Office, just_talked, note_on, the_talk
from tests.console.callbacks.test_talks_at_0 import begins
from tests.console.conftest import Clock, Member, words
from tests.factories import make_case


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
    assert "For supervisor" in words(row)
    assert "wrong person" in words(row)
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
    assert "Phone stopped" in words(row)
    assert ("no safe phone" in words(row)) is (other_phone is None)
    liaison.opens(f"/console/callbacks/{task}")
    assert liaison.reads(
        "The case has no safe phone for this call. Decide with the supervisor how to reach the person."
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


@ON_BOTH
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
        "The case has no safe phone for this call. Decide with the supervisor how to reach the person."
    )
