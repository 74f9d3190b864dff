"""The whole demo in a real browser: a call to the line, a callback, and two people who talk."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from playwright.sync_api import expect

from config.settings import variables
from hotline.demo import PEOPLE
from hotline.demo_staff import STAFF
from tests.browser.conftest import Visitors
from tests.browser.handset import Handset, is_live
from tests.hotline.test_serve import Serving, until

CASE = next(person for person in PEOPLE if person.status == "in_custody" and person.language == "en")


def callbacks(serving: Serving) -> list[dict[str, Any]]:
    """What `hotline callbacks list` shows."""
    ours = {name: value for name, value in os.environ.items() if name not in variables()}
    listed = subprocess.run(
        [sys.executable, "-m", "hotline.cli", "callbacks", "list", "--json"],
        env={**ours, "HOTLINE_DATA_DIR": str(serving.data_dir)},
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(listed.stdout)
    return found


@pytest.mark.timeout(60)
def test_staff_dial_their_own_line_from_a_phone_of_the_page(serving: Serving, visitors: Visitors) -> None:
    page = visitors.opens(f"http://127.0.0.1:{serving.port}/exchange/")
    is_live(page)
    page.get_by_label("Instant").check()
    liaison = Handset(page, "Liaison")
    liaison.card.get_by_label("Line").select_option("+12025550103")
    liaison.dials()
    liaison.hears("For English, press 1.")
    liaison.types("1")
    liaison.hears("This is the staff line of the information line.")
    liaison.hangs_up()


@pytest.mark.timeout(180)
def test_someone_hears_a_status_asks_to_be_called_back_and_talks_with_a_liaison(
    serving: Serving, visitors: Visitors
) -> None:
    page = visitors.opens(f"http://127.0.0.1:{serving.port}/exchange/")
    assert page.url == f"http://127.0.0.1:{serving.port + 1}/exchange/"
    is_live(page)
    page.get_by_label("Instant").check()
    victim, liaison = Handset(page, "Victim"), Handset(page, "Liaison")
    assert STAFF[0][3].endswith("0170")

    victim.dials()
    victim.hears("If you are in danger, hang up and call 911.", "Para español, oprima 2.")
    victim.types("1")
    victim.hears("To hear about your case, press 1.")
    victim.types("1")
    victim.hears("case number")
    victim.types(CASE.number)
    victim.hears("PIN")
    victim.types(CASE.pin)
    victim.hears("in custody", "as of", "To be called back, press 2.")
    victim.types("2")
    victim.hears("To have us call this phone as soon as we can, press 1.")
    victim.types("1")
    victim.hears("We will call you")
    victim.hangs_up()
    victim.is_shown_as("Call over")

    liaison.is_shown_as("Rings")
    liaison.answers()
    liaison.hears("To accept, press 1.")
    liaison.types("1")
    victim.is_shown_as("Rings")
    victim.answers()
    victim.hears("Is this a good time to talk? If yes, press 1.")
    victim.presses("1")
    victim.is_shown_as("Talking")
    victim.says("Hello, who is this?")
    liaison.hears("Hello, who is this?")
    liaison.says("Ana, from the office.")
    victim.hears("Ana, from the office.")
    victim.hangs_up()
    liaison.hears("The call is over. How did it end?", "If you talked with them, press 1.")
    liaison.presses("1")

    liaison.hears("It is saved.")
    liaison.is_shown_as("Call over")
    until(lambda: [one["state"] for one in callbacks(serving)] == ["reached"], "the callback")
    (reached,) = callbacks(serving)
    assert reached["verified"] is True


def test_a_page_finds_the_exchange_again_after_it_was_killed(serving: Serving, visitors: Visitors) -> None:
    page = visitors.opens(f"http://127.0.0.1:{serving.port + 1}/exchange/")
    is_live(page)
    killed = serving.child("exchange")

    killed.kill()

    expect(page.get_by_text("Not live: trying again …")).to_be_visible()
    until(lambda: serving.has_another("exchange", killed), "another exchange")
    is_live(page)
    Handset(page, "Victim").dials()
    Handset(page, "Victim").hears("If you are in danger")
    # A browser notes each try that failed meanwhile.
    assert all("Failed to load resource" in one or "ERR_" in one for one in visitors.complaints)
    visitors.complaints.clear()
