"""Forms answer in the open page: nothing is loaded, sent twice or lost, and the answer is in view."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from hotline.console.sign_in.passwords import BusyError, Passwords
from models import Case
from tests.browser.conftest import Visitors
from tests.browser.console_server import Colleague, ConsoleServer, looks_again
from tests.browser.test_console_bar import opens, said
from tests.browser.test_console_cases import opened_case
from tests.console.signed_in import cookie_of

#: Of a phone, in CSS pixels. Nearly every page is longer than its screen.
SCREEN = {"width": 390, "height": 650}
IN_A_MONTH = datetime.now(UTC) + timedelta(days=30)
SOON = IN_A_MONTH.date().isoformat()
NUMBER = "65387769"


@dataclass(frozen=True)
class Press:
    """A button, what its answer says, what is typed in its form, and the page if it is another one."""

    button: str
    says: str
    typed: dict[str, str] = field(default_factory=dict)
    path: str = ""


PRESSES = {
    "people": (
        Press("Save phone", "Enter an ordinary phone number", {"phone": "12"}, "shift"),
        Press("Add absence", "Absence added.", {"first_day": SOON, "last_day": SOON}),
        # Another absence has a button like it, so its name says which one it removes.
        Press(f"Remove {IN_A_MONTH:%b} {IN_A_MONTH.day}, {IN_A_MONTH.year}", "Absence removed."),
        # Somebody else has saved it since the page was loaded. The next press is based on what they saved.
        Press("Save", "Someone else has changed this", {"seen": "old", "phone": "+12025550138"}, "staff/2"),
        Press("Save", "Saved.", {"phone": "+12025550138"}),
    ),
    "office": (
        Press("Save hours", "Not saved", {"hours-monday": "25:00", "reason": "A storm."}, "office/hours"),
        Press("Save hours", "Saved.", {"hours-monday": "10:00-12:00", "reason": "A storm."}),
        Press("Save phone", "Someone else has changed this", {"seen": "old"}, "office/facilities/1"),
    ),
    "cases": (
        Press("Open the case", "How you know them: choose one.", {"number": NUMBER}, "cases"),
        Press("Search", "1 case", {"name": "arden", "reason": "complaint"}),
        Press("Call agency", "Accept on your phone", path="cases/1"),
        Press("Call interpreter", "Your phone is already on a call with us."),
        Press("Move down: Phone 1", ""),
        Press("Move down: Phone 1", ""),
        Press("Show: Case number", NUMBER),
        Press("Read it to them", "Calls at night: choose one.", path="cases/1/notices"),
        Press("Read it to them", "Read this to the person", {"nights": "no"}),
        Press("Give a duress PIN", "", path="cases/1/duress"),
    ),
    "audit and account": (
        Press("Search", "Its number has digits alone.", {"number": "x"}, "audit"),
        Press("Search", "No entry matches.", {"number": "", "what": "hold_import"}),
        Press("Search", "Entries", {"what": "search_cases"}),
        Press("End all other sessions", "other session", path="account"),
    ),
}

#: Type in a form and press its button twice, before the answer is there. Another form is typed in as well.
PRESS = """(button, typed) => {
    window.isSame = true;
    window.said = [];
    for (const one of button.form.elements) {
        if (!(one.name in typed)) continue;
        if (one.type === "radio") one.checked = one.value === typed[one.name];
        else one.value = typed[one.name];
    }
    // What a browser refuses by itself sends nothing.
    button.form.noValidate = true;
    const isOther = (one) => one.form && one.form !== button.form && !one.value;
    const other = [...document.querySelectorAll("main :is([type=text], [type=tel])")].find(isOther);
    if (other) other.value = "not sent yet";
    button.focus();
    button.click();
    button.click();
    return other ? other.id : "";
}"""
#: What the answer left behind. A screen reader hears a message, or what has the focus.
LEFT = """other => {
    const isSeen = (one) => {
        const { top, bottom } = one.getBoundingClientRect();
        return top < window.innerHeight && bottom > 0;
    };
    const focused = document.activeElement;
    const answer = document.querySelector("main :is([data-result], [data-focus])");
    return {
        isSame: window.isSame === true,
        hasFocus: Boolean(focused.closest("main *")),
        isSeen: isSeen(answer || focused),
        answerHasFocus: answer === focused,
        typed: document.getElementById(other)?.value,
    };
}"""


@pytest.fixture(scope="module")
def people(shared_server: ConsoleServer) -> dict[str, Colleague]:
    """An administrator, and a supervisor with an open case who is signed in twice."""
    ada = shared_server.adds("administrator", "Ada Invented")
    shared_server.adds("liaison", "Ana Invented")
    sam = shared_server.adds("supervisor", "Sam Invented")
    case = opened_case(shared_server, sam, number=NUMBER)
    with shared_server.database.transaction() as session:
        session.get_one(Case, case.id).pin_kind = "standing"
    cookie_of(shared_server.database, sam.staff_id, datetime.now(UTC))
    return {"people": ada, "office": ada, "cases": sam, "audit and account": sam}


@pytest.mark.parametrize("area", PRESSES)
def test_form_is_answered_in_its_page_in_view_and_once(
    visitors: Visitors, shared_server: ConsoleServer, people: dict[str, Colleague], area: str
) -> None:
    page = opens(shared_server, visitors, people[area], f"/console/{PRESSES[area][0].path}")
    page.set_viewport_size(SCREEN)
    posts: list[str] = []
    page.on("request", lambda one: posts.append(one.url) if one.method == "POST" else None)

    for number, press in enumerate(PRESSES[area]):
        if number and press.path:
            page.goto(f"{shared_server.url}/console/{press.path}")
        _is_answered_well(page, press)
        assert len(posts) == number + 1, f"{press} is sent once"
        # The browser notes each form that was refused; the page itself has no complaint.
        assert all("422" in one or "409" in one for one in visitors.complaints)
        visitors.complaints.clear()


def _is_answered_well(page: Page, press: Press) -> None:
    button = page.get_by_role("main").get_by_role("button", name=press.button, exact=True).first
    other = button.evaluate(PRESS, press.typed)

    if press.says:
        expect(page.locator("main :is([data-result], [data-focus])").first).to_contain_text(press.says)
    expect(page.locator("main form[data-sent]")).to_have_count(0)
    left: dict[str, Any] = page.evaluate(LEFT, other)
    # A new PIN is unknown here. A phone that moves has no message: its button has the focus and a new name.
    heard = sum(press.says in one for one in said(page)) if press.says else not left["answerHasFocus"]
    assert left["isSame"], f"{press} loads no page"
    assert left["hasFocus"], f"{press} keeps the focus"
    assert left["isSeen"], f"{press} is answered in view"
    assert left["answerHasFocus"] + heard == 1, f"the answer to {press} is heard once"
    assert left["typed"] in ("not sent yet", None), f"{press} keeps what was typed elsewhere"


def test_double_click_ends_the_shift_and_does_not_start_it_again(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    """The button to start it took the place of the one to end it between the two clicks."""
    page = console_server.opens(visitors, "/console/shift", console_server.adds(on_shift=True))
    ends, starts = (
        page.locator("#bar").get_by_role("button", name=f"{does} shift") for does in ("End", "Start")
    )
    sent: list[str] = []
    page.on("request", lambda one: sent.append(str(one.post_data)) if one.method == "POST" else None)
    ends.click()
    expect(starts).to_be_visible()

    starts.hover()
    page.mouse.down(click_count=2)
    page.mouse.up(click_count=2)

    looks_again(page)
    expect(page.get_by_role("main").get_by_role("button", name="Start shift")).to_be_visible()
    assert ["end_shift" in one for one in sent] == [True]


def test_way_back_from_the_field_of_an_error_keeps_what_was_typed(
    visitors: Visitors, shared_server: ConsoleServer, people: dict[str, Colleague]
) -> None:
    """The page was loaded anew behind it, and was empty."""
    page = shared_server.opens(visitors, "/console/shift", people["people"])
    page.get_by_role("button", name="Save languages").click()
    expect(page.locator("main [data-result]")).to_contain_text("Languages saved.")
    page.get_by_label("New phone number").fill("202 555")
    page.get_by_label("First day").fill("2036-12-24")
    page.get_by_role("button", name="Add absence").click()
    page.get_by_role("link", name="This day is more than two years away").first.click()
    expect(page.get_by_label("First day")).to_be_focused()

    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))

    page.go_back()

    expect(page).to_have_url(f"{shared_server.url}/console/shift")
    expect(page.get_by_label("New phone number")).to_have_value("202 555")
    assert page.url not in asked
    visitors.complaints.clear()


def test_phone_on_which_no_message_may_be_left_gets_hours(
    visitors: Visitors, shared_server: ConsoleServer, people: dict[str, Colleague]
) -> None:
    """Its browser took "Leave no message" for no choice, and sent nothing."""
    page = shared_server.opens(visitors, "/console/cases/1/phones/1", people["cases"])
    page.get_by_label("Not before").fill("10:00")
    page.get_by_label("Not after").fill("12:00")

    page.get_by_role("button", name="Save").click()

    expect(page.locator("main [data-result]")).to_have_text(re.compile("The line calls this phone that way"))


def test_password_that_cannot_be_made_now_says_why(
    visitors: Visitors,
    shared_server: ConsoleServer,
    people: dict[str, Colleague],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The page said what its title says."""

    def is_busy(*_: Any) -> str:
        raise BusyError("Too many passwords at once.")

    monkeypatch.setattr(Passwords, "hash", is_busy)
    page = shared_server.opens(visitors, "/console/staff/2/password", people["people"])

    page.get_by_role("button", name="Reset password").click()

    expect(page.locator("#connection")).to_have_text("Sign-in is busy. Wait a few seconds, then try again.")
    visitors.complaints.clear()
