"""Signing in to the console in a real browser."""

from playwright.sync_api import expect

from tests.browser.conftest import Visitors
from tests.browser.console_house import ConsoleHouse


def test_the_way_in_and_the_first_page_are_for_everyone(
    visitors: Visitors, console_house: ConsoleHouse
) -> None:
    ana = console_house.adds("liaison")

    console_house.is_well_made(visitors, "/console/sign-in", None, "sign-in")
    console_house.is_well_made(visitors, "/console/", ana, "home")


def test_someone_signs_in(visitors: Visitors, console_house: ConsoleHouse) -> None:
    ana = console_house.adds("liaison")
    page = console_house.opens(visitors, "/console/")

    page.get_by_label("E-mail").fill(ana.email)
    page.get_by_label("Password").fill(ana.password)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Welcome")
