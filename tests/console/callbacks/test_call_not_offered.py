"""A callback that nobody may call now: the page says why, and what can be done instead."""

from datetime import timedelta
from typing import Any

import pytest

from tests.console.callbacks.office import Office
from tests.console.conftest import Member


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
    assert liaison.reads("Later , Why: asked to be called back")
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
    assert liaison.reads("Needs attention: wrong person")
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
