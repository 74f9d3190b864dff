"""What was typed about one person is never filled in for another, however late its author signs in again."""

from datetime import timedelta
from typing import Any

import pytest

from models import Talk
from models.store.database import Database
from models.talks.talk import close
from tests.console.callbacks.office import PHONE, Office, just_talked, note_on
from tests.console.callbacks.test_talks_at_0 import begins
from tests.console.conftest import Clock, Member

NOT_SENT = "You had to sign in first, so this was not sent."


@pytest.fixture
def ana(staff: Any) -> Member:
    """A liaison on shift, who has signed in."""
    member: Member = staff("liaison", totp=True, on_shift=True, name="Ana Demo").signs_in()
    return member


def hangs_up(office_rows: Office, callback_id: int) -> None:
    now = office_rows.clock()
    office_rows.becomes(callback_id, state="reached", outcome="reached", closed_at=now)


def next_person(office_rows: Office, ana: Member) -> int:
    """The line has rung her for somebody else, who is afraid, and the two talk; the id of the callback."""
    callback_id = office_rows.promises(urgency="urgent", reason="afraid")
    office_rows.talks(callback_id, ana.staff_id)
    return callback_id


@pytest.mark.parametrize("is_called", [False, True])
def test_note_and_agreed_hour_of_one_person_come_back_on_that_persons_page(
    ana: Member, office_rows: Office, clock: Clock, database: Database, is_called: bool
) -> None:
    first = office_rows.promises(rank=3)
    office_rows.talks(first, ana.staff_id)
    ana.opens("/console/callbacks?urgent=1")
    clock.goes_on(minutes=33)
    hangs_up(office_rows, first)
    form = {
        "csrf_token": ana.token, "outcome": "call_later", "call_day": "2026-11-27", "call_time": "10:00",
        "note": "She moved to her sister.", "was-note": "",
    }  # fmt: skip
    ana.sends(f"/console/callbacks/{first}/finish", form)
    second = next_person(office_rows, ana) if is_called else None

    ana.signs_in_again(clock())

    assert ana.address == f"/console/callbacks/{first}?urgent=1"
    assert ana.reads(f"{NOT_SENT} What you had typed is here again")
    assert ana.value("note") == "She moved to her sister."
    assert (ana.value("call_day"), ana.value("call_time")) == ("2026-11-27", "10:00")
    ana.clicks("Save outcome")
    assert note_on(database, first) == "She moved to her sister."
    if second is not None:
        assert ana.opens("/console/callbacks").value("note") == ""
        assert note_on(database, second) == ""


def test_hand_over_that_came_after_the_sign_in_ended_is_there_again_with_its_note(
    ana: Member, staff: Any, office_rows: Office, clock: Clock
) -> None:
    luis = staff("liaison", on_shift=True, name="Luis Demo")
    callback_id = office_rows.promises()
    ana.opens(f"/console/callbacks/{callback_id}").clicks("Claim")
    clock.goes_on(minutes=31)
    office_rows.becomes(callback_id, lease_until=clock() + timedelta(minutes=5))
    ana.fills(note="Home after five.", to=str(luis.staff_id)).clicks("Hand to colleague")

    ana.signs_in_again(clock())

    assert ana.reads(f"{NOT_SENT} What you had typed is here again")
    assert ana.value("note") == "Home after five."
    assert ana.page.xpath("//details[@open]//select[@id='to']/option[@selected]/@value") == [
        str(luis.staff_id)
    ]
    ana.clicks("Hand to colleague")
    assert ana.reads("It is handed to your colleague.")
    assert office_rows.row(callback_id).staff_id == luis.staff_id


def test_recognition_of_one_person_never_opens_the_case_of_another(
    ana: Member, office_rows: Office, clock: Clock
) -> None:
    first = office_rows.promises()
    office_rows.talks(first, ana.staff_id)
    ana.opens("/console/callbacks").fills(recognized_by="agreed_word")
    clock.goes_on(minutes=31)
    ana.clicks("Record recognition")
    hangs_up(office_rows, first)
    second = next_person(office_rows, ana)

    ana.signs_in_again(clock())

    assert ana.path == f"/console/callbacks/{first}"
    assert ana.reads(f"{NOT_SENT[:-1]}, and nothing in it was done", "Its form is no longer on this page")
    assert "Record recognition" not in ana.buttons
    ana.opens("/console/callbacks")
    assert not ana.page.xpath("//input[@name='recognized_by'][@checked]")
    assert office_rows.row(second).recognized_by is None


def test_note_on_a_caller_at_0_comes_back_on_the_page_of_that_talk(
    ana: Member, office_rows: Office, clock: Clock, database: Database
) -> None:
    page = begins(office_rows, ana)
    ana.opens("/console/callbacks").fills(note="She waits in the church.")
    clock.goes_on(minutes=31)
    ana.clicks("Save note")
    with database.transaction() as session:
        close(session, session.get_one(Talk, int(page.rpartition("/")[2])), "reached", now=clock())
    next_person(office_rows, ana)

    ana.signs_in_again(clock())

    assert ana.path == page
    assert ana.value("note") == "She waits in the church."
    assert ana.reads(NOT_SENT)


def test_phone_typed_beside_a_talk_comes_back_on_the_page_of_that_case(
    ana: Member, office_rows: Office, clock: Clock
) -> None:
    first = office_rows.promises()
    office_rows.talks(first, ana.staff_id)
    ana.opens("/console/callbacks").fills(recognized_by="agreed_word").clicks("Record recognition")
    ana.opens("/console/callbacks").fills(phone="202-555-0144")
    clock.goes_on(minutes=31)
    ana.clicks("Add the phone")
    case_id = office_rows.row(first).case_id
    hangs_up(office_rows, first)
    next_person(office_rows, ana)

    ana.signs_in_again(clock())

    assert ana.path == f"/console/cases/{case_id}/phones/new"
    assert ana.value("phone") == "202-555-0144"


def test_note_that_was_refused_once_and_came_too_late_then_is_not_lost(
    ana: Member, office_rows: Office, clock: Clock
) -> None:
    callback_id = just_talked(office_rows, ana)
    ana.opens(f"/console/callbacks/{callback_id}")
    ana.fills(outcome="reached", note=f"call {PHONE}").clicks("Save outcome")
    # Without scripts the refused form stands at the address that it was sent to.
    assert ana.path == f"/console/callbacks/{callback_id}/finish"
    ana.fills(note="call her sister")
    clock.goes_on(minutes=31)
    ana.clicks("Save note")

    ana.signs_in_again(clock())

    assert ana.path == f"/console/callbacks/{callback_id}"
    assert ana.value("note") == "call her sister"


def test_note_sent_from_a_page_of_another_person_is_not_filled_in_there(
    ana: Member, office_rows: Office, clock: Clock
) -> None:
    first, second = just_talked(office_rows, ana), just_talked(office_rows, ana)
    ana.opens(f"/console/callbacks/{second}")
    form = {"csrf_token": ana.token, "note": "She moved to her sister.", "was-note": ""}
    clock.goes_on(minutes=31)
    ana.sends(f"/console/callbacks/{first}/note", form)

    ana.signs_in_again(clock())

    assert ana.path == f"/console/callbacks/{second}"
    assert ana.value("note") == ""
    assert ana.reads("Its form is no longer on this page: not all that you had typed is here.")


def test_panes_that_are_put_into_the_open_page_leave_the_note_to_a_whole_page_that_says_so(
    ana: Member, office_rows: Office, clock: Clock
) -> None:
    callback_id = just_talked(office_rows, ana)
    page = f"/console/callbacks/{callback_id}"
    ana.opens(page)
    old_tab = ana.new_tab(page)
    ana.fills(note="She moved to her sister.")
    clock.goes_on(minutes=31)
    ana.clicks("Save note").fills(email=ana.email, password=ana.password).clicks("Sign in")
    answer = ana.posts("/console/sign-in/code", {"csrf_token": ana.token, "code": ana.code(clock())})
    assert answer.status_code == 303

    assert old_tab.opens(page, HX_Request="true").value("note") == ""
    assert old_tab.opens(page).value("note") == "She moved to her sister."
    assert old_tab.reads(NOT_SENT)
