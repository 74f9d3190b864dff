"""The main job at the desk in a real browser: from the ring to the outcome, and on to the next callback."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from models import Call, Callback, Staff, Subject
from models.callbacks.callback import advance
from models.talks.leg_end import leg_ended
from models.talks.talk import begin_talk
from tests.browser.conftest import Visitors
from tests.browser.console_server import NARROW, Colleague, ConsoleServer, judge, looks_again
from tests.browser.test_console_bar import looks, opens, said
from tests.browser.test_console_callbacks import promises
from tests.factories import make_call, make_callback, make_case, make_custody_record
from workers.office_rules import callback_policy_of


def two_talk(server: ConsoleServer, callback_id: int) -> None:
    """The liaison whose phone rings presses 1, and so does the person whom the line calls then."""
    now = datetime.now(UTC)
    with server.database.transaction() as session:
        row = session.get_one(Callback, callback_id)
        staff_id, liaison = row.staff_id, session.get_one(Call, row.liaison_call_id)
        liaison.accepted_at, liaison.place = now, "in_talk"
        caller = make_call(session, direction="outbound", role="called_back", callback_id=callback_id)
        session.flush()
        actor = f"liaison:{staff_id}"
        assert advance(session, callback_id, "accept", actor=actor, now=now, caller_call_id=caller.id)
        assert advance(session, callback_id, "join", actor=f"caller:{caller.id}", now=now, talking_at=now)
        begin_talk(
            session, caller_call_id=caller.id, leader_call_id=liaison.id, staff_id=staff_id, language="en",
            now=now, callback_id=callback_id,
        )  # fmt: skip


def is_free(server: ConsoleServer, who: Colleague) -> None:
    """Their phone has hung up, and their wrap-up is over."""
    with server.database.transaction() as session:
        person = session.get_one(Staff, who.staff_id)
        person.busy_call_id = person.busy_since = person.wrap_up_until = None


def opened(page: Any) -> int:
    return int(page.locator("#work-in").get_attribute("data-of"))


#: The main job: call, end, outcome, save. Each is one key or one click.
KEYS = ("c", "e", "1", "Control+Enter")
#: Whether the whole of an element is on the screen, with nothing over any of its corners.
WHOLE = """it => {
  const box = it.getBoundingClientRect();
  return [box.x + 1, box.right - 1].every(x => [box.y + 1, box.bottom - 1].every(
    y => it.contains(document.elementFromPoint(x, y))));
}"""
CLICKS = ("#does-call", "#bar-end", "label[for=outcome-reached]", "#save-outcome")


def test_three_callbacks_in_a_row_take_four_keys_each_and_two_more_four_clicks_and_load_no_page(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    def does(step: int) -> None:
        # Both ways lead to the next callback, and a click to the end of the list.
        if len(done) <= 3:
            page.keyboard.press(KEYS[step])
        else:
            page.locator(CLICKS[step]).click()

    ana = console_server.adds()
    promised = {promises(console_server) for _ in range(5)}
    page = console_server.opens(visitors, "/console/callbacks", ana)
    page.evaluate("window.isSamePage = true")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    done = []
    for number in range(5):
        expect(page.locator("#does-call")).to_be_visible()
        done.append(opened(page))

        does(0)
        expect(page.locator("#work").get_by_text("Accept there by pressing 1")).to_be_visible()
        two_talk(console_server, done[-1])
        expect(page.locator("#bar-end")).to_be_visible()
        does(1)
        expect(page.locator("#save-outcome")).to_be_visible()
        expect(page.locator("[data-outcomes] input:focus")).to_have_count(1)
        does(2)
        is_free(console_server, ana)
        does(3)

        said = (
            "Here is the next callback"
            if number < 4
            else "No other callback in your languages is to be called now."
        )
        expect(page.locator("#desk").get_by_text(said)).to_be_visible()
        expect(page.locator("main :focus")).to_have_count(1)

    assert set(done) == promised
    assert page.evaluate("window.isSamePage"), "a page was loaded"
    with console_server.database.reading() as session:
        rows = [session.get_one(Callback, one) for one in done]
        assert [(row.state, row.outcome) for row in rows] == [("reached", "reached")] * 5


def test_message_that_the_last_outcome_is_saved_has_the_width_of_the_page_above_the_list(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    now = datetime.now(UTC)
    ana = console_server.adds()
    over = {"outcome": "reached", "staff_id": ana.staff_id, "talking_at": now, "closed_at": now}
    done = promises(console_server, state="reached", rank=None, **over)
    page = console_server.opens(visitors, f"/console/callbacks/{done}", ana)
    page.set_viewport_size({"width": 390, "height": 768})

    page.locator("label[for=outcome-reached]").click()
    page.locator("#save-outcome").click()

    saved = page.locator("#desk .usa-alert--success")
    expect(saved).to_contain_text("Saved: Reached")
    expect(page.locator("#list-title")).to_be_focused()
    for width in (390, 1280, 1366, 1440):
        page.set_viewport_size({"width": width, "height": 768})
        box, title = saved.bounding_box(), page.locator("#list-title").bounding_box()
        assert box is not None
        assert title is not None
        assert box["width"] > 0.9 * width
        assert 0 <= box["y"] < title["y"] < 768


@pytest.mark.parametrize("language", ["en", "es"])
def test_what_may_be_said_the_outcome_and_the_note_are_on_one_screen(
    visitors: Visitors, console_server: ConsoleServer, language: str
) -> None:
    ana = console_server.adds()
    callback_id = promises(
        console_server, state="talking", talking_at=datetime.now(UTC), staff_id=ana.staff_id, rank=None
    )
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)
    page.set_viewport_size({"width": 1280, "height": 800})
    if language != "en":
        page.locator(f".top-language button[value={language}]").click()
    page.locator("label[for=recognized_by-spoken_code]").click()
    page.locator("#does-recognize").click()
    words = page.locator("#work blockquote p")
    expect(words.first).to_contain_text("in custody")

    assert [one.inner_text() for one in words.all() if not one.evaluate(WHOLE)] == []
    for one in ("#work blockquote p >> nth=0", "#bar-end", "#outcome-to_supervisor", "#note", "#save-note"):
        box = page.locator(one).bounding_box()
        assert box is not None
        assert box["y"] >= 0, (one, box)
        assert box["y"] + box["height"] <= 800, (one, box)
    if language == "es":
        # In English the same is judged below, with more words.
        judge(page, "work-talking", (900, 1280))


def test_words_that_may_be_said_change_on_the_open_page_which_says_so(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana, now = console_server.adds(), datetime.now(UTC)
    with console_server.database.transaction() as session:
        made = make_case(session, "in_custody", facility="Stewart", as_of=now)
        callback_id = make_callback(
            session, made, state="talking", talking_at=now, staff_id=ana.staff_id, rank=None, due_at=now,
            next_attempt_at=now, requested_at=now, recognized_by="last_call",
        ).id  # fmt: skip
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}/words", ana)
    said_words = page.locator(".said")
    expect(said_words).to_contain_text("in custody")
    expect(said_words).not_to_contain_text("The words changed")

    now = datetime.now(UTC)
    with console_server.database.transaction() as session:
        subject = session.get_one(Subject, made.subject_id)
        make_custody_record(session, subject, "escaped", status_at=now, as_of=now, recorded_at=now)
    looks_again(page)

    expect(said_words).to_contain_text("escaped")
    expect(said_words).to_contain_text("The words changed at")
    expect(page.locator("#announce p").last).to_contain_text("tell the person what they say now")
    judge(page, "work-changed")


def test_every_sentence_that_may_be_said_is_whole_during_the_talk_and_none_is_for_the_ear_alone(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana, now = console_server.adds(), datetime.now(UTC)
    with console_server.database.transaction() as session:
        record = {
            "removal_stage": "removal_ordered", "next_hearing_at": now + timedelta(days=3),
            "next_hearing_place": "Immigration Court of Elizabeth, New Jersey",
            "expected_release_at": now + timedelta(days=5),
        }  # fmt: skip
        case = make_case(session, "in_custody", facility="Stewart", as_of=now, record=record)
        callback_id = make_callback(
            session, case, state="talking", talking_at=now, staff_id=ana.staff_id, rank=None, due_at=now,
            next_attempt_at=now, requested_at=now,
        ).id  # fmt: skip
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.locator("label[for=recognized_by-spoken_code]").click()
    page.locator("#does-recognize").click()
    words = page.locator("#work blockquote p")
    for width, height in ((1280, 800), (1120, 760)):
        if width != 1280:
            page.set_viewport_size({"width": width, "height": height})
            page.reload()
        expect(words.last).to_contain_text("may be let out on")

        said = [(one.inner_text(), one.evaluate(WHOLE)) for one in words.all()]
        assert [words for words, is_whole in said if not is_whole] == []
        assert not any("Again" in words for words, _is_whole in said)
        page.locator("#save-note").scroll_into_view_if_needed()
        for one in ("label[for=outcome-reached]", "label[for=outcome-to_supervisor]", "#note", "#save-note"):
            box = page.locator(one).bounding_box()
            assert box is not None
            assert box["y"] >= 0, (one, box)
            assert box["y"] + box["height"] <= height, (one, box)
    judge(page, "work-said", (NARROW, 1120))


def test_missed_call_is_said_at_once_beside_what_was_typed(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = promises(console_server)
    page = opens(console_server, visitors, ana, f"/console/callbacks/{callback_id}")
    page.locator("#does-call").click()
    expect(page.locator("#work").get_by_text("Accept there by pressing 1")).to_be_visible()
    page.get_by_label("Note for colleagues").fill("Prefers mornings.")

    with console_server.database.transaction() as session:
        row = session.get_one(Callback, callback_id)
        assert row.liaison_call_id is not None
        policy = callback_policy_of(console_server.office)
        leg_ended(session, row.liaison_call_id, "no-answer", datetime.now(UTC), policy)

    expect(page.locator("#work").get_by_text("You did not answer your phone")).to_be_visible()
    expect(page.get_by_label("Note for colleagues")).to_have_value("Prefers mornings.")
    looks(page)
    looks(page)
    assert " ".join(said(page)).count("You did not answer your phone, so nobody was called.") == 1
    with console_server.database.reading() as session:
        row = session.get_one(Callback, callback_id)
        assert (row.state, row.staff_id, row.caller_tries, row.liaison_tries) == (
            "claimed", ana.staff_id, 0, 0,
        )  # fmt: skip


def test_refused_form_keeps_all_that_was_typed_and_the_address_of_the_page(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana, now = console_server.adds(), datetime.now(UTC)
    callback_id = promises(
        console_server, state="reached", outcome="reached", talking_at=now, closed_at=now, rank=None,
        staff_id=ana.staff_id,
    )  # fmt: skip
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)
    page.locator("label[for=outcome-call_later]").click()
    page.get_by_label("Call again on").fill("2020-01-01")
    page.get_by_label("Call again at").fill("12:30")
    page.locator("label[for=safety_plan]").click()
    page.get_by_label("Note for colleagues").fill("Prefers mornings.")

    page.keyboard.press("Control+Enter")

    expect(page.get_by_role("group", name="Please look at this again")).to_contain_text(
        "Choose a future time within 60 days."
    )
    assert page.url.endswith(f"/console/callbacks/{callback_id}")
    expect(page.locator("#outcome-call_later")).to_be_checked()
    expect(page.locator("#safety_plan")).to_be_checked()
    expect(page.get_by_label("Call again on")).to_have_value("2020-01-01")
    expect(page.get_by_label("Call again at")).to_have_value("12:30")
    expect(page.get_by_label("Note for colleagues")).to_have_value("Prefers mornings.")
    expect(page.get_by_role("group", name="Please look at this again")).to_be_focused()

    page.get_by_label("Note for colleagues").fill("PIN 760568, ann@example.org")
    page.keyboard.press("Control+Enter")
    summary = page.get_by_role("group", name="Please look at this again")
    expect(summary).to_contain_text("PIN")
    expect(summary).to_contain_text("e-mail address")
    expect(page.locator("#note-left")).to_have_text("253 left")
    # In a low window too, nothing lies over the summary.
    page.set_viewport_size({"width": 1280, "height": 560})
    covered = summary.evaluate(
        """it => {
          it.scrollIntoView({ block: "end" });
          const box = it.getBoundingClientRect();
          return !it.contains(document.elementFromPoint(box.x + box.width / 2, box.bottom - 4));
        }"""
    )
    assert not covered
    judge(page, "work-refused")
    visitors.complaints.clear()  # The browser counts the refusal itself as one.


def test_who_is_on_the_line_is_asked_before_anything_covers_it(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = promises(
        console_server, state="talking", talking_at=datetime.now(UTC), staff_id=ana.staff_id, rank=None
    )
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)
    page.set_viewport_size({"width": 1280, "height": 800})

    box = page.locator("#does-recognize").bounding_box()
    assert box is not None
    middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    assert page.evaluate("at => document.elementFromPoint(...at).id", middle) == "does-recognize"


def test_outcome_has_the_focus_when_the_person_hangs_up(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = promises(
        console_server, state="talking", talking_at=datetime.now(UTC), staff_id=ana.staff_id, rank=None
    )
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)
    page.locator("#work-title").focus()

    # The person has hung up, and the page hears of it.
    with console_server.database.transaction() as session:
        row = session.get_one(Callback, callback_id)
        row.state, row.outcome, row.closed_at = "reached", "reached", datetime.now(UTC)
    looks_again(page)

    expect(page.locator("[data-outcomes] input:focus")).to_have_count(1)
    page.keyboard.press("1")
    expect(page.locator("#outcome-reached")).to_be_checked()
    # No message is allowed. The others keep their keys.
    page.keyboard.press("2")
    expect(page.locator("#outcome-reached")).to_be_checked()
    page.keyboard.press("3")
    expect(page.locator("#outcome-nobody_there")).to_be_checked()


def test_outcome_chosen_during_the_talk_stays_chosen_when_the_person_hangs_up(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = promises(console_server, voicemail_allowed=True, voicemail_text="please_call")
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)
    page.locator("#does-call").click()
    expect(page.locator("#work").get_by_text("Accept there by pressing 1")).to_be_visible()
    two_talk(console_server, callback_id)
    expect(page.locator("#bar-end")).to_be_visible()
    page.locator("label[for=outcome-message_left]").click()

    # A hang-up counts as reached until somebody says otherwise, and here somebody has.
    with console_server.database.transaction() as session:
        row = session.get_one(Callback, callback_id)
        assert row.caller_call_id is not None
        policy = callback_policy_of(console_server.office)
        leg_ended(session, row.caller_call_id, "completed", datetime.now(UTC), policy)
    expect(page.locator("#save-outcome")).to_be_visible()

    expect(page.locator("#outcome-message_left")).to_be_checked()


def test_person_whom_the_line_did_not_reach_is_reopened_from_the_one_list_and_hidden_until_recognized(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    now = datetime.now(UTC)
    with console_server.database.transaction() as session:
        case = make_case(session, "released", phone="+12025550110")
        task = make_callback(
            session, case, state="left_for_staff", reason="notice", outcome="notice_no_code",
            urgency="urgent", verified=True, begun_by_staff=True, requested_at=now, due_at=now, closed_at=now,
            next_attempt_at=now,
        ).id  # fmt: skip
    page = console_server.opens(visitors, f"/console/callbacks/{task}", ana)

    expect(page.locator("#list")).to_contain_text("Reach them")
    expect(page.locator("#list")).to_contain_text("code problem")
    expect(page.locator("#work-in")).to_contain_text("said that they do not have the notice code")
    expect(page.locator("#work-in")).to_contain_text("Tell them what may be said.")
    judge(page, "desk-reach")
    page.get_by_role("button", name="Reopen", exact=True).first.click()
    expect(page.get_by_role("button", name="Call now").first).to_be_visible()
    assert "released" not in page.locator("#work-in").inner_text()
