"""From the claim to the outcome: a whole house, two handsets and the console in a real browser."""

import os
import subprocess
import sys

import pytest
from playwright.sync_api import Page, expect

from config.settings import variables
from hotline.demo import PEOPLE
from hotline.demo_staff import PASSWORD, STAFF
from tests.browser.conftest import Visitors
from tests.browser.handset import Handset, is_live
from tests.hotline.test_serve import Serving

CASE = next(person for person in PEOPLE if person.status == "in_custody" and person.language == "en")


def environment(serving: Serving) -> dict[str, str]:
    """What a command of that house finds."""
    ours = {name: value for name, value in os.environ.items() if name not in variables()}
    return {**ours, "HOTLINE_DATA_DIR": str(serving.data_dir), "HOTLINE_OFFICE_ALWAYS_OPEN": "1"}


def runs(serving: Serving, *words: str) -> str:
    """What a command of the house prints."""
    command = [sys.executable, "-m", "hotline.cli", *words]
    done = subprocess.run(command, env=environment(serving), capture_output=True, check=True, text=True)
    return done.stdout


@pytest.mark.timeout(240)
def test_somebody_is_called_back_from_the_console_from_the_claim_to_the_outcome(
    serving: Serving, visitors: Visitors
) -> None:
    for person in STAFF:
        runs(serving, "staff", "off-shift", person[0])
    phones = visitors.opens(f"http://127.0.0.1:{serving.port}/exchange/")
    is_live(phones)
    phones.get_by_label("Instant").check()
    victim, liaison = Handset(phones, "Victim"), Handset(phones, "Liaison")
    victim.dials()
    for heard, keys in (
        ("Para español, oprima 2.", "1"), ("your case, press 1.", "1"), ("case number", CASE.number),
        ("PIN", CASE.pin), ("To be called back, press 2.", "2"), ("as soon as we can, press 1.", "1"),
    ):  # fmt: skip
        victim.hears(heard)
        victim.types(keys)
    victim.hears("We will call you")
    victim.hangs_up()

    page = signed_in(serving, visitors)
    row = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="Callback 1", exact=True))
    expect(row).to_contain_text("Verified")
    row.get_by_role("button", name="Take callback 1").click()
    expect(page.get_by_text("It is yours until")).to_be_visible()
    page.get_by_role("button", name="Call now").click()
    expect(page.get_by_text("Accept there by pressing 1").first).to_be_visible()

    liaison.answers()
    liaison.hears("To accept, press 1.")
    liaison.presses("1")
    expect(page.get_by_text("You have accepted. Stay on your phone:")).to_be_visible()
    victim.answers()
    victim.hears("Is this a good time to talk?")
    victim.presses("1")
    expect(page.get_by_text("You have been talking since")).to_be_visible()
    expect(page.get_by_text("in custody")).not_to_be_visible()
    page.get_by_text("They said the word we agreed on").click()
    page.get_by_role("button", name="Record recognition").click()
    page.get_by_role("link", name="Show what may be said").click()
    expect(page.locator("blockquote")).to_contain_text("in custody")

    page.get_by_role("button", name="Hold", exact=True).click()
    victim.hears("You are on hold")
    page.get_by_role("button", name="Back from hold").click()
    victim.hears("Our team is on the line with you")
    page.get_by_role("button", name="End the call").click()
    victim.hears("Goodbye")
    page.get_by_text("Reached", exact=True).last.click()
    page.get_by_role("button", name="Note the outcome").click()

    expect(page.get_by_text("The outcome is noted.")).to_be_visible()
    expect(page.get_by_role("table")).to_contain_text("The person pressed their key; the talk began")


def signed_in(serving: Serving, visitors: Visitors) -> Page:
    """The list, open before Ana of the demo office, who signs in by her password and a code."""
    email = STAFF[0][0]
    page = visitors.opens(f"http://127.0.0.1:{serving.port}/console/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Code").fill(runs(serving, "staff", "sign-in-code", email).split()[0])
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Callbacks")
    return page
