"""Phones at the console: confirmed by a code, called as agreed, moved without a script, unsafe (R09)."""

from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from hotline.console.cases.forms import wishes_of
from models import Callback, Case, Phone, Registrant
from models.store.database import Database
from tests.console.case_pages import actions, kept_case, more_phones, verifies
from tests.console.cases.test_case_pins import asks
from tests.console.conftest import Clock, Member, words
from tests.factories import NOW, MadeCase, make_call, make_callback


@pytest.fixture
def case(liaison: Member, database: Database) -> MadeCase:
    """A case that is open to the liaison."""
    made = kept_case(database)
    verifies(liaison, made)
    return made


def phones(database: Database) -> list[str]:
    """The numbers of all phones in their order, those that may be rung with a +."""
    with database.reading() as session:
        rows = session.scalars(select(Phone).order_by(Phone.position)).all()
        return [
            ("+" if one.confirmed_at and not one.unsafe_since else "-")
            + database.keyring.unseal("phone.number", one.number_sealed)[-4:]
            for one in rows
        ]


def test_phone_is_added_gets_a_code_and_is_confirmed_by_it(
    liaison: Member, case: MadeCase, database: Database
) -> None:
    liaison.clicks("Add a phone").fills(phone="(202) 555-0111").clicks("Add the phone")
    assert liaison.reads("The phone is on the list.", "The line does not call this phone yet")
    assert phones(database) == ["+0110", "-0111"]

    liaison.clicks("Get a code")
    code = liaison.page.xpath("//p[contains(@class, 'spoken-code')]")[0].text_content().replace(" ", "")
    liaison.fills(code=code).clicks("Confirm the phone")

    assert liaison.reads("The phone is confirmed.")
    assert phones(database) == ["+0110", "+0111"]
    with database.reading() as session:
        assert session.scalars(select(Callback.reason)).all() == ["phone_added"]


def test_wrong_code_is_explained_and_may_be_typed_again(
    liaison: Member, case: MadeCase, database: Database
) -> None:
    liaison.clicks("Add a phone").fills(phone="+12025550111").clicks("Add the phone").clicks("Get a code")
    liaison.fills(code="0000").clicks("Confirm the phone")

    assert liaison.status == 422
    assert liaison.reads("Code: this is not the code")
    assert liaison.value("code") == "0000"
    assert phones(database) == ["+0110", "-0111"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Phone: this is not a phone number."),
        ("call me", "Phone: this is not a phone number."),
        ("202 555 0123 ext. 45", "Phone: this is not a phone number."),
        ("+19005550111", "Phone: the line may not ring this number. It takes ordinary numbers of: United"),
        ("+442071838750", "Phone: the line may not ring this number."),
        ("+12025550100", "Phone: the line may not ring this number."),
        ("202 555 0110", "Phone: this number is already on the list."),
    ],
)
def test_unusable_number_is_refused_with_a_sentence(
    liaison: Member, case: MadeCase, typed: str, sentence: str
) -> None:
    liaison.clicks("Add a phone").fills(phone=typed).clicks("Add the phone")

    assert liaison.status == 422
    assert liaison.reads(sentence)
    assert liaison.value("phone") == typed


def test_supervisor_who_searched_cannot_add_a_phone(supervisor: Member, database: Database) -> None:
    made = kept_case(database)
    supervisor.opens("/console/cases")
    supervisor.sends(
        f"/console/cases/{made.id}/open", {"csrf_token": supervisor.token, "reason": "complaint"}
    )
    assert "Add a phone" not in supervisor.links
    supervisor.opens(f"/console/cases/{made.id}/phones/new").fills(phone="+12025550111").clicks(
        "Add the phone"
    )

    assert supervisor.reads("first verify the person")
    assert phones(database) == ["+0110"]


def test_wishes_for_calls_to_a_phone_are_kept_and_shown(
    liaison: Member, case: MadeCase, database: Database
) -> None:
    liaison.clicks("How it is called")
    liaison.fills(may_answer="ask_for_me", voicemail_text="hello", window_starts="09:00", window_ends="12:30")
    liaison.clicks("Save")

    assert liaison.reads(
        "9 AM to 12:30 PM", "if someone there expects this call", "A greeting that says nothing"
    )
    with database.reading() as session:
        phone = session.scalars(select(Phone)).one()
        assert (phone.may_answer, phone.voicemail_allowed, phone.voicemail_text) == (
            "ask_for_me",
            True,
            "hello",
        )


def test_supervisor_who_searched_allows_no_call_that_the_person_did_not_allow(
    supervisor: Member, database: Database
) -> None:
    made = kept_case(database)
    with database.transaction() as session:
        phone = session.scalars(select(Phone)).one()
        phone.may_answer, phone.window_starts, phone.window_ends = "only_me", time(18), time(20)
        phone_id, agreed = phone.id, [one.words for one in phone.consents]
    supervisor.opens("/console/cases")
    supervisor.sends(
        f"/console/cases/{made.id}/open", {"csrf_token": supervisor.token, "reason": "complaint"}
    )

    supervisor.opens(f"/console/cases/{made.id}/phones/{phone_id}")
    assert supervisor.reads("You can only make it stricter")
    supervisor.fills(may_answer="anyone", voicemail_text="please_call", window_starts="", window_ends="")
    supervisor.clicks("Save")

    assert supervisor.status == 422
    assert supervisor.reads("This allows more than the person agreed to. Verify them first")
    with database.reading() as session:
        phone = session.scalars(select(Phone)).one()
        assert (phone.may_answer, phone.voicemail_allowed, phone.window_starts) == (
            "only_me",
            False,
            time(18),
        )
        assert [one.words for one in phone.consents] == agreed
    # What allows less is saved.
    supervisor.fills(may_answer="only_me", voicemail_text="", window_starts="19:00", window_ends="20:00")
    supervisor.clicks("Save")
    assert supervisor.reads("Saved. The line calls this phone that way from now on.", "7 PM to 8 PM")


def test_administrator_who_approves_a_pin_marks_no_mail_safe(
    liaison: Member, administrator: Member, case: MadeCase, database: Database
) -> None:
    asks(liaison, case)
    administrator.opens("/console/pins").clicks("Review").clicks("Open the case")

    administrator.clicks("Change the details")
    assert administrator.reads("To mark mail as safe, verify the person first")
    administrator.fills(mail_safe="1", pace="slow").clicks("Save details")

    assert administrator.status == 422
    assert administrator.reads("Mail is safe: only the person can say so.")
    with database.reading() as session:
        registrant = session.scalars(select(Registrant)).one()
        assert (registrant.mail_safe, registrant.pace) == (False, "normal")
    # Once the person said so to staff who verified them, it may be taken back by anybody.
    liaison.opens(f"/console/cases/{case.id}/details").fills(mail_safe="1").clicks("Save details")
    administrator.opens(f"/console/cases/{case.id}/details").fills(mail_safe=[]).clicks("Save details")
    assert administrator.reads("Details saved.")


@pytest.mark.parametrize(
    ("starts", "ends", "sentence"),
    [
        ("09:00", "", "Times: give both, or neither."),
        ("25:00", "09:00", "Not before: this is not a time of day"),
        ("09:00", "09:00", "Not after: this is the same time"),
        ("noon", "13:00", "Not before: this is not a time of day"),
    ],
)
def test_impossible_window_is_refused_and_stays_in_the_form(
    liaison: Member, case: MadeCase, starts: str, ends: str, sentence: str
) -> None:
    liaison.clicks("How it is called").fills(window_starts=starts, window_ends=ends).clicks("Save")

    assert liaison.status == 422
    assert liaison.reads(sentence)
    assert liaison.value("window_starts") == starts


def test_old_tab_allows_no_message_that_somebody_else_has_taken_back(
    staff: Any, liaison: Member, case: MadeCase, database: Database
) -> None:
    other = verifies(staff("liaison").signs_in(), case).clicks("How it is called")
    liaison.clicks("How it is called").fills(voicemail_text="hello").clicks("Save")
    other.opens(other.path)
    liaison.clicks("How it is called").fills(voicemail_text="").clicks("Save")

    other.fills(window_starts="09:00", window_ends="12:00").clicks("Save")

    assert other.status == 422
    assert other.reads("Someone else has changed this meanwhile.")
    assert (other.value("voicemail_text"), other.value("window_starts")) == ("", "09:00")
    other.clicks("Save")
    with database.reading() as session:
        phone = session.scalars(select(Phone)).one()
        assert (phone.voicemail_allowed, str(phone.window_starts)) == (False, "09:00:00")


def test_old_tab_makes_no_mail_safe_that_somebody_else_marked_unsafe(
    staff: Any, liaison: Member, case: MadeCase, database: Database
) -> None:
    liaison.clicks("Change the details").fills(mail_safe="1").clicks("Save details")
    other = verifies(staff("liaison").signs_in(), case).clicks("Change the details")
    liaison.clicks("Change the details").fills(mail_safe=[], pace="slow").clicks("Save details")

    other.fills(language="es", pace="slow").clicks("Save details")

    assert other.status == 422
    assert other.reads("Someone else has changed this meanwhile.")
    other.clicks("Save details")
    with database.reading() as session:
        registrant = session.scalars(select(Registrant)).one()
        assert (registrant.mail_safe, registrant.language, registrant.pace) == (False, "es", "slow")


def test_phones_are_moved_without_a_script(liaison: Member, case: MadeCase, database: Database) -> None:
    with database.transaction() as session:
        more_phones(session, case, range(11, 13))
    liaison.opens(f"/console/cases/{case.id}")

    liaison.clicks("Move down")
    assert phones(database) == ["+0111", "+0110", "+0112"]
    for button in liaison.page.xpath("//button[@aria-label='Move up: Phone 3']"):
        liaison._submits(button)

    assert phones(database) == ["+0111", "+0112", "+0110"]


def test_phone_becomes_unsafe_after_one_question_and_its_ringing_leg_ends(
    liaison: Member, case: MadeCase, database: Database, jobs: Any
) -> None:
    with database.transaction() as session:
        leg = make_call(session, direction="outbound").id
        make_callback(session, case, state="ringing_caller", caller_call_id=leg)

    asks = liaison.page.xpath("//button[.='Unsafe: stop calling it']/ancestor::details[not(@open)]")[0]
    assert "To call it again, somebody must confirm it anew with a code." in words(asks)
    liaison.clicks("Unsafe: stop calling it")

    assert phones(database) == ["-0110"]
    part = words(liaison.page.get_element_by_id("phones"))
    assert "The phone is marked unsafe. We do not call it any more." in part
    assert liaison.reads("Unsafe", "Needs attention")
    assert ("release_leg", leg) in jobs.waiting
    assert "mark_phone_unsafe" in actions(database)


@pytest.mark.parametrize("reason", ["lost_pin", "pin_changed"])
def test_call_that_opens_no_case_does_not_ring_an_unsafe_phone_either(
    liaison: Member, case: MadeCase, database: Database, reason: str
) -> None:
    with database.transaction() as session:
        made = make_callback(session, reason=reason, registrant_id=case.registrant_id).id

    liaison.clicks("Unsafe: stop calling it")

    liaison.opens(f"/console/callbacks/{made}")
    assert liaison.reads("Needs attention", "This phone cannot be called: it is unsafe")
    liaison.clicks("Call now")
    assert liaison.reads(
        "This phone cannot be called: it is marked unsafe, asked us to stop, or is not a valid number."
    )
    with database.reading() as session:
        assert session.get_one(Callback, made).liaison_call_id is None


def test_page_says_until_when_changes_are_held_and_unsafe_still_works(
    liaison: Member, case: MadeCase, database: Database
) -> None:
    with database.transaction() as session:
        session.get_one(Case, case.id).changes_held_until = NOW + timedelta(hours=72)
    liaison.opens(f"/console/cases/{case.id}")
    assert liaison.reads("Phones and times stay as they are until Nov 28, 2026", "Phones and times are held")
    liaison.clicks("How it is called").fills(window_starts="09:00", window_ends="10:00").clicks("Save")
    assert liaison.status == 422
    assert liaison.reads("stay as they are until Nov 28, 2026")

    liaison.opens(f"/console/cases/{case.id}").clicks("Unsafe: stop calling it")

    assert phones(database) == ["-0110"]


def test_phones_change_again_after_the_hold(
    liaison: Member, case: MadeCase, database: Database, clock: Clock
) -> None:
    with database.transaction() as session:
        session.get_one(Case, case.id).changes_held_until = NOW + timedelta(minutes=10)
    clock.goes_on(minutes=10)
    liaison.opens(f"/console/cases/{case.id}")

    assert "Add a phone" in liaison.links


def test_click_that_shows_a_number_is_an_entry(liaison: Member, case: MadeCase, database: Database) -> None:
    assert "+12025550110" not in liaison.text

    liaison.clicks("Show the number")

    assert liaison.reads("+12025550110")
    assert actions(database)[-2:] == ["reveal_phone", "look_at_case"]
    liaison.opens(f"/console/cases/{case.id}")
    assert "+12025550110" not in liaison.text


def test_phone_of_another_case_is_out_of_reach(liaison: Member, case: MadeCase, database: Database) -> None:
    theirs = kept_case(database, phone="+12025550199")
    with database.reading() as session:
        other = session.scalars(select(Phone.id).where(Phone.registrant_id == theirs.registrant_id)).one()
    token = liaison.token
    for deed in ("unsafe", "move", "reveal", "code", "confirm"):
        liaison.sends(f"/console/cases/{case.id}/phones/{other}/{deed}", {"csrf_token": token})
        assert "0199" not in liaison.text
        liaison.sends(f"/console/cases/{theirs.id}/phones/{other}/{deed}", {"csrf_token": token})
        assert liaison.path == "/console/cases"

    assert "+0199" in phones(database)


def test_liaison_who_did_not_add_a_case_does_not_see_its_number(
    liaison: Member, case: MadeCase, database: Database
) -> None:
    for path in ("number", "number-letter"):
        liaison.opens(f"/console/cases/{case.id}")
        liaison.sends(f"/console/cases/{case.id}/{path}", {"csrf_token": liaison.token})
        assert liaison.reads("This is not for your role.")

    assert case.number not in liaison.text
    assert "reveal_case_number" not in actions(database)


# Anything may be typed as a time.


@given(st.text(max_size=8), st.text(max_size=8))
def test_time_is_read_or_refused_with_its_field_and_never_breaks(starts: str, ends: str) -> None:
    errors: dict[str, str] = {}

    agreed = wishes_of({"may_answer": "only_me", "window_starts": starts, "window_ends": ends}, errors)

    if not errors:
        assert (agreed.window_starts is None) == (agreed.window_ends is None)
    else:
        assert set(errors) <= {"window_starts", "window_ends"}
