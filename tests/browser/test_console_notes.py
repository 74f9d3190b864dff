"""The note of a callback in a real browser: what is typed is not lost, not replaced, and no key."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from models import Callback, Staff
from models.callbacks.claim import release
from models.callbacks.note import keep_note, note_of
from models.talks.talk import Talk, begin_talk
from tests.browser.conftest import Visitors
from tests.browser.console_server import ConsoleServer, judge, looks_again
from tests.browser.test_console_bar import opens, said
from tests.browser.test_console_callbacks import claims, promises
from tests.browser.test_console_work import is_free, two_talk
from tests.factories import make_call, make_wait


def test_draft_of_a_note_is_restored_and_one_that_would_be_refused_is_never_stored(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = promises(console_server)
    claims(console_server, callback_id, ana)
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)
    field = page.get_by_label("Note for colleagues")
    field.fill("Prefers mornings.")
    page.goto(f"{console_server.url}/console/cases")
    page.goto(f"{console_server.url}/console/callbacks/{callback_id}")
    expect(field).to_have_value("Prefers mornings.")

    field.fill("Prefers mornings. PIN 760568")
    assert page.evaluate("JSON.stringify(sessionStorage)").find("760568") < 0
    page.reload()
    expect(field).to_have_value("")

    field.fill("Never before noon.")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile("/console/sign-in"))
    assert page.evaluate("Object.keys(sessionStorage).filter(key => key.startsWith('note:'))") == []


def test_note_that_a_colleague_saves_while_one_is_typed_is_not_replaced(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana, supervisor = console_server.adds(), console_server.adds("supervisor")
    callback_id = promises(console_server)
    claims(console_server, callback_id, ana)
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)
    field = page.get_by_label("Note for colleagues")
    field.fill("Prefers mornings.")
    with console_server.database.transaction() as session:
        luis = session.get_one(Staff, supervisor.staff_id)
        keep_note(session, callback_id, luis, "She moves on Friday.", datetime.now(UTC))
    looks_again(page)
    expect(field).to_have_value("Prefers mornings.")

    page.locator("#save-note").click()

    expect(page.get_by_text("The note changed while you were editing.").first).to_be_visible()
    looks_again(page)
    expect(field).to_have_value("Prefers mornings.")
    with console_server.database.reading() as session:
        assert note_of(session, session.get_one(Callback, callback_id)) == "She moves on Friday."
    page.locator("#save-note").click()
    expect(page.get_by_text("The note is saved.").first).to_be_visible()
    visitors.complaints.clear()  # The browser counts the refusal itself as one.


def test_note_outcome_and_day_of_a_refused_form_stay_when_the_wrap_up_ends_and_the_note_is_saved_then(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana, note = console_server.adds(), "Wants help with transport to court."
    callback_id = promises(console_server)
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)
    page.locator("#does-call").click()
    expect(page.locator("#work").get_by_text("Accept there by pressing 1")).to_be_visible()
    two_talk(console_server, callback_id)
    field, day = page.get_by_label("Note for colleagues"), page.get_by_label("Call again on")
    page.locator("#bar-end").click()
    expect(page.locator("#save-outcome")).to_be_visible()
    field.fill(note)
    page.keyboard.press("Control+Enter")
    refusal = page.locator("#outcome-error")
    expect(refusal).to_have_text("Choose an outcome from the list.")

    is_free(console_server, ana)
    looks_again(page)

    expect(page.get_by_text("Wrap-up until")).to_have_count(0)
    expect(field).to_have_value(note)
    expect(refusal).to_be_visible()
    assert page.evaluate("Object.keys(sessionStorage).filter(key => key.startsWith('note:')).length") == 1
    judge(page, "work-refused-save")
    page.locator("label[for=outcome-call_later]").click()
    day.fill("2020-01-02")
    page.get_by_label("Call again at").fill("10:00")
    page.locator("#save-outcome").click()
    expect(page.locator("#call_day-error")).to_have_text("Choose a future time within 60 days.")
    expect(day).to_have_attribute("aria-invalid", "true")
    expect(refusal).to_have_count(0)
    with console_server.database.transaction() as session:
        session.get_one(Staff, ana.staff_id).wrap_up_until = datetime.now(UTC) + timedelta(minutes=5)
    looks_again(page)
    expect(page.locator("#work").get_by_text("Wrap-up until")).to_be_visible()
    expect(page.locator("#outcome-call_later")).to_be_checked()
    expect(day).to_have_value("2020-01-02")

    page.locator("#save-note").click()
    expect(page.get_by_text("The note is saved.").first).to_be_visible()
    expect(page.locator("#call_day-error")).to_have_count(0)
    expect(page.locator("#outcome-call_later")).to_be_checked()
    expect(day).to_have_value("2020-01-02")
    page.locator("label[for=outcome-reached]").click()
    page.locator("#save-outcome").click()
    expect(page.locator("#desk").get_by_text("Saved: Reached")).to_be_visible()
    with console_server.database.reading() as session:
        row = session.get_one(Callback, callback_id)
        assert row.outcome == "reached"
        assert note_of(session, row) == note
    visitors.complaints.clear()  # The browser logs that two forms were refused.


def test_refusal_of_a_typed_note_is_said_once_and_not_again_when_the_call_ends(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = promises(
        console_server, state="talking", talking_at=datetime.now(UTC), staff_id=ana.staff_id, rank=None
    )
    page = opens(console_server, visitors, ana, f"/console/callbacks/{callback_id}")
    page.get_by_label("Note for colleagues").fill("PIN 760568")
    refusal = "The note has what looks like a PIN or a code. Remove it."
    expect(page.locator("#note-live")).to_have_text(refusal)

    page.locator("#bar-hold").click()
    expect(page.locator("#work").get_by_text("The person is on hold.")).to_be_visible()
    page.locator("#bar-end").click()
    expect(page.locator("#save-outcome")).to_be_visible()
    expect(page.locator("#note-live")).to_have_text(refusal)
    assert " ".join(said(page)).count(refusal) == 1

    page.get_by_label("Note for colleagues").fill("Prefers mornings.")
    page.get_by_label("Note for colleagues").fill("Prefers mornings. PIN 760568")
    expect(page.locator("#note-live")).to_have_text(refusal)
    assert " ".join(said(page)).count(refusal) == 2


def test_ctrl_enter_saves_the_note_alone_during_a_call_and_keeps_the_outcome_that_is_chosen(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = promises(
        console_server, state="talking", talking_at=datetime.now(UTC), staff_id=ana.staff_id, rank=None
    )
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)
    for text in ("Prefers mornings.", "Prefers evenings."):
        page.get_by_label("Note for colleagues").fill(text)

        with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
            page.keyboard.press("Control+Enter")

        assert answered.value.url.endswith(f"/console/callbacks/{callback_id}/note")
        expect(page.locator("#work .usa-alert--success")).to_have_text(re.compile("The note is saved."))
        with console_server.database.reading() as session:
            assert note_of(session, session.get_one(Callback, callback_id)) == text
        expect(page.get_by_label("Note for colleagues")).to_be_focused()
        page.locator("label[for=outcome-call_later]").click()
    expect(page.locator("#outcome-call_later")).to_be_checked()
    expect(page.locator("#outcome-error")).to_have_count(0)


def test_draft_of_somebody_whose_session_ended_is_gone_when_the_next_person_signs_in_there(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana, luis = console_server.adds(), console_server.adds(name="Luis Invented")
    callback_id = promises(console_server)
    claims(console_server, callback_id, ana)
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)
    drafts = "Object.keys(sessionStorage).filter(key => key.startsWith('note:')).length"
    page.get_by_label("Note for colleagues").fill("Prefers mornings.")

    page.context.clear_cookies()
    page.goto(f"{console_server.url}/console/sign-in")
    assert page.evaluate(drafts) == 1
    page.context.add_cookies(console_server._cookies(luis))
    page.goto(f"{console_server.url}/console/cases")

    assert page.evaluate(drafts) == 0


def test_note_that_a_liaison_had_begun_stays_in_its_field_after_they_transferred_the_caller_at_0(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    luis, ana = console_server.adds(), console_server.adds()
    now = datetime.now(UTC)
    with console_server.database.transaction() as session:
        caller = make_call(session)
        make_wait(session, caller)
        leg = make_call(
            session, role="liaison_at_0", staff_id=luis.staff_id, parent_call_id=caller.id, accepted_at=now,
            place="in_talk",
        )  # fmt: skip
        talk_id = begin_talk(
            session, caller_call_id=caller.id, leader_call_id=leg.id, staff_id=luis.staff_id, language="en",
            now=now,
        ).id  # fmt: skip
    page = console_server.opens(visitors, f"/console/talks/{talk_id}", luis)
    field = page.get_by_label("Note for colleagues")
    field.fill("She asked about the court.")

    with console_server.database.transaction() as session:
        session.get_one(Talk, talk_id).staff_id = ana.staff_id
    looks_again(page)

    expect(page.get_by_text("leads the talk with the person")).to_be_visible()
    expect(page.get_by_text("How did it end?")).to_have_count(0)
    expect(field).to_have_value("She asked about the court.")
    judge(page, "work-transferred")
    page.locator("#save-note").click()
    expect(page.get_by_text("The note is saved.").first).to_be_visible()
    expect(field).to_have_value("She asked about the court.")


def test_letters_of_a_note_are_no_keys_once_a_supervisor_took_the_claim(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    callback_id = promises(console_server)
    claims(console_server, callback_id, ana)
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)
    page.get_by_label("Note for colleagues").click()
    page.keyboard.type("Ask about the ")
    supervisor = console_server.adds("supervisor")
    with console_server.database.transaction() as session:
        release(session, callback_id, session.get_one(Staff, supervisor.staff_id), datetime.now(UTC))

    with page.expect_response("**/part"):
        looks_again(page)
    expect(page.get_by_label("Note for colleagues")).to_have_count(0)
    expect(page.locator("#work-title")).to_be_focused()
    page.keyboard.type("court date")

    page.wait_for_timeout(1_000)
    with console_server.database.reading() as session:
        row = session.get_one(Callback, callback_id)
        assert (row.state, row.staff_id) == ("requested", None)
    page.wait_for_timeout(1_000)
    page.keyboard.press("t")
    expect(page.get_by_label("Note for colleagues")).to_have_value("Ask about the ")


@pytest.mark.parametrize("act", ["hand", "release", "reschedule", "cancel"])
def test_note_that_was_typed_goes_with_the_callback(
    visitors: Visitors, console_server: ConsoleServer, act: str
) -> None:
    ana = console_server.adds()
    luis = console_server.adds(name="Luis Invented", on_shift=True)
    callback_id = promises(console_server)
    claims(console_server, callback_id, ana)
    page = console_server.opens(visitors, f"/console/callbacks/{callback_id}", ana)
    note = page.get_by_label("Note for colleagues")
    note.fill("PIN 760568")
    if act != "release":
        page.locator(f"#more-{act}-{callback_id} > summary").click()
    if act == "hand":
        page.get_by_label("Colleague", exact=True).select_option(str(luis.staff_id))
    elif act == "reschedule":
        page.locator(f"#more-{act}-{callback_id}").get_by_text("Yes", exact=True).click()
    elif act == "cancel":
        page.locator("label[for^=reason-]").first.click()
    page.locator(f"#does-{act}").click()
    expect(page.locator("#note-error")).to_contain_text("a PIN or a code")
    expect(note).to_have_value("PIN 760568")

    note.fill("Knows the court date.")
    page.locator(f"#does-{act}").click()

    expect(page.locator("#desk .usa-alert--success").first).to_be_visible()
    with console_server.database.reading() as session:
        assert note_of(session, session.get_one(Callback, callback_id)) == "Knows the court date."
    assert page.evaluate("Object.keys(sessionStorage).filter(key => key.startsWith('note:'))") == []
    visitors.complaints.clear()  # The browser counts the refusal itself as one.


def test_draft_of_one_callback_is_not_in_the_note_of_another(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds()
    first, second = promises(console_server), promises(console_server)
    for one in (first, second):
        claims(console_server, one, ana)
    page = console_server.opens(visitors, f"/console/callbacks/{first}?mine=1", ana)
    field = page.get_by_label("Note for colleagues")
    field.fill("Prefers mornings.")

    page.locator(f"#callback-{second}").click()
    expect(page.locator("#work-in")).to_have_attribute("data-of", str(second))
    expect(field).to_have_value("")
    page.locator(f"#callback-{first}").click()

    expect(page.locator("#work-in")).to_have_attribute("data-of", str(first))
    expect(field).to_have_value("Prefers mornings.")
