"""The page of the exchange as a test opens it, and what several tests do there."""

from typing import Any

from playwright.sync_api import Locator, Page

from tests.browser.conftest import Visitors
from tests.browser.handset import Handset, is_live
from tests.exchange.small_exchange import Exchange, place


def opened(visitors: Visitors, exchange: Exchange, **options: Any) -> Page:
    """The page of an exchange where no time passes."""
    exchange.board.set_speed(None)
    page = visitors.opens(f"{exchange.url}/exchange/", **options)
    is_live(page)
    return page


def dialed(visitors: Visitors, exchange: Exchange) -> tuple[Page, Handset]:
    """The page, and the Victim's phone, which has dialed the small line and hears its menu."""
    page = opened(visitors, exchange)
    caller = Handset(page, "Victim")
    caller.dials()
    caller.hears("To talk to someone")
    return page, caller


def ring(page: Page) -> Locator:
    """The rings in the bar."""
    return page.get_by_role("region", name="Ringing and in calls").locator(".ring")


def adds(page: Page, name: str, number: str) -> None:
    """Add a phone to the page, as people type it."""
    page.locator("summary", has_text="Add phone").click()
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("textbox", name="Number").fill(number)
    page.get_by_role("button", name="Add phone", exact=True).click()


def rings_liaison(exchange: Exchange, page: Page, to: str = "+12025550170", **changes: Any) -> Handset:
    place(exchange, to=to, **changes)
    liaison = Handset(page, "Liaison")
    liaison.is_shown_as("Rings")
    return liaison
