"""Signing in to the console in a real browser: at first, with an app, with a passkey, by keyboard."""

import re
from typing import Any

import pyotp
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitors
from tests.browser.console_server import Colleague, ConsoleServer, judge

NEW_PASSWORD = "seven quiet herons over the weir"


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def gives_password(page: Page, who: Colleague) -> None:
    page.get_by_label("E-mail").fill(who.email)
    page.get_by_label("Password").fill(who.password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def with_authenticator(page: Page) -> Any:
    """A built-in authenticator that says yes, as a fingerprint reader would."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return session


def test_sign_in_page_is_accessible(visitors: Visitors, console_server: ConsoleServer) -> None:
    console_server.is_well_made(visitors, "/console/sign-in", None, "sign-in")


def test_new_colleague_signs_in_for_the_first_time_step_by_step(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    nina = console_server.adds_newcomer()
    page = console_server.shows(visitors, "/console/")
    gives_password(page, nina)
    heading(page, "Choose your own password")
    judge(page, "new-password")

    page.get_by_label("New password").fill("passwordpassword1")
    page.get_by_label("Repeat the password").fill("passwordpassword1")
    page.get_by_role("button", name="Continue").click()
    problems = page.get_by_role("group", name="Please look at this again")
    expect(problems).to_contain_text("This password is easy to guess.")
    judge(page, "new-password-refused")
    page.get_by_label("New password").fill(NEW_PASSWORD)
    page.get_by_label("Repeat the password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Continue").click()

    heading(page, "Set up a second factor")
    page.get_by_text("I cannot scan it").click()
    judge(page, "second-proof")
    secret = page.locator(".secret").inner_text().replace(" ", "")
    page.get_by_label("Code").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Continue").click()

    heading(page, "Your recovery codes")
    expect(page.get_by_text("They are shown only now")).to_be_focused()
    expect(page.locator(".codes li")).to_have_count(10)
    judge(page, "codes")
    page.get_by_role("button", name="I saved them").click()
    heading(page, "Callbacks")
    # The browser itself notes the errors.
    visitors.complaints[:] = [one for one in visitors.complaints if "status of 422" not in one]


def test_pages_after_a_wrong_password_and_of_the_code_are_accessible(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds("liaison")
    page = console_server.shows(visitors, "/console/")
    gives_password(page, Colleague(ana.staff_id, ana.email, "wrong"))
    expect(page.get_by_role("alert")).to_have_text(re.compile("is not right"))
    judge(page, "sign-in-wrong")
    gives_password(page, ana)
    heading(page, "Enter your code")
    judge(page, "code")
    page.get_by_label("Code").fill(ana.code())
    page.get_by_role("button", name="Continue").click()
    heading(page, "Callbacks")
    for path, name in (
        ("/console/confirm", "confirm"),
        ("/console/none", "not-found"),
        ("/console/account/authenticator", "authenticator"),
        ("/console/account/password", "password"),
        ("/console/account/passkey", "passkey"),
    ):
        page.goto(console_server.url + path)
        judge(page, name)
    # The browser itself notes a missing page, and the errors.
    visitors.complaints[:] = [one for one in visitors.complaints if "status of 4" not in one]


def test_passkey_is_made_at_the_first_sign_in_and_opens_without_a_password(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    nina = console_server.adds_newcomer()
    page = console_server.opens(visitors, "/console/", new=True)
    with_authenticator(page)
    gives_password(page, nina)
    page.get_by_label("New password").fill(NEW_PASSWORD)
    page.get_by_label("Repeat the password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Continue").click()

    page.get_by_role("button", name="Create passkey").click()
    heading(page, "Your recovery codes")
    page.get_by_role("button", name="I saved them").click()
    heading(page, "Callbacks")
    page.get_by_role("button", name="Sign out").click()
    heading(page, "Sign in")
    page.get_by_role("button", name="Sign in with a passkey").click()

    heading(page, "Callbacks")
    page.goto(f"{console_server.url}/console/account")
    expect(page.get_by_role("region", name="Passkeys")).to_contain_text("Chrome, Linux")


def test_passkey_that_was_added_proves_identity_again_and_is_useless_once_removed(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds("liaison")
    page = console_server.opens(visitors, "/console/account/passkey", ana, new=True)
    with_authenticator(page)
    page.get_by_label("Name of the passkey").fill("Desk <1>")
    page.get_by_role("button", name="Create passkey").click()
    expect(page.get_by_text("Passkey added.").first).to_be_visible()
    page.goto(f"{console_server.url}/console/confirm")
    page.get_by_role("button", name="Use my passkey").click()
    heading(page, "Callbacks")

    page.goto(f"{console_server.url}/console/account")
    page.get_by_role("button", name="Remove the passkey Desk <1>").click()
    expect(page.get_by_text("You have no passkey.")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()

    expect(page.get_by_text("This passkey was not accepted.")).to_be_visible()
    visitors.complaints[:] = [one for one in visitors.complaints if "status of 422" not in one]


def test_passkey_that_is_refused_by_its_owner_says_so(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    page = console_server.opens(visitors, "/console/sign-in", new=True)
    authenticator = with_authenticator(page)
    authenticator.send("WebAuthn.disable")
    page.evaluate("() => { navigator.credentials.get = () => Promise.reject(new Error('no')); }")

    page.get_by_role("button", name="Sign in with a passkey").click()

    expect(page.get_by_text("No passkey was used.")).to_be_visible()


def test_staff_sign_in_by_keyboard_alone_and_with_the_skip_link(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds("liaison")
    page = console_server.shows(visitors, "/console/sign-in")
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type(ana.email)
    page.keyboard.press("Tab")
    page.keyboard.type(ana.password)
    page.keyboard.press("Enter")
    heading(page, "Enter your code")
    expect(page.get_by_label("Code")).to_be_focused()
    page.keyboard.type(ana.code())
    page.keyboard.press("Enter")
    heading(page, "Callbacks")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_everything_works_without_scripts(visitors: Visitors, console_server: ConsoleServer) -> None:
    ana = console_server.adds("liaison")
    page = console_server.opens(visitors, "/console/", java_script_enabled=False)
    gives_password(page, ana)
    page.get_by_label("Code").fill(ana.code())
    page.get_by_role("button", name="Continue").click()
    heading(page, "Callbacks")

    page.get_by_role("button", name="Sign out").click()

    heading(page, "Sign in")
    expect(page.get_by_role("button", name="passkey")).to_have_count(0)


def test_lost_connection_is_reported_and_what_was_typed_stays(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds("liaison")
    page = console_server.opens(visitors, "/console/account/password", ana)
    page.get_by_label("New password").fill(NEW_PASSWORD)
    page.context.set_offline(True)

    expect(page.locator("#connection")).to_contain_text("The connection is lost.")
    page.get_by_label("Repeat the password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_label("New password")).to_have_value(NEW_PASSWORD)
    page.context.set_offline(False)
    expect(page.locator("#connection")).to_contain_text("The connection is back.")
    page.get_by_role("button", name="Change password").click()

    expect(page.get_by_text("Password changed.")).to_be_visible()


def test_sign_in_can_be_read_in_spanish_and_at_twice_its_size(
    visitors: Visitors, console_server: ConsoleServer
) -> None:
    ana = console_server.adds("liaison")
    page = console_server.opens(visitors, "/console/account", ana, width=640)
    page.get_by_role("button", name="Español").click()
    heading(page, "Mi cuenta")

    judge(page, "account-spanish", widths=(320, 640))
