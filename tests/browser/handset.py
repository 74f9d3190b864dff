"""One handset on the page of the exchange, used as a person would: by its name and its texts."""

import re

from playwright.sync_api import Locator, Page, expect


class Handset:
    """A handset by its name."""

    def __init__(self, page: Page, name: str) -> None:
        self.page, self.name = page, name
        self.card: Locator = page.get_by_role("article", name=name, exact=True)
        self.words: Locator = self.card.get_by_role("group", name=f"Words on {name}")
        #: The words of the last call.
        self.call: Locator = self.words.locator(".one-call:not(.one-text)").last

    def dials(self) -> None:
        """Dial, and wait for the new call: the words of earlier ones stay on the phone."""
        calls = self.words.locator(".one-call:not(.one-text)")
        earlier = calls.evaluate_all("all => all.at(-1)?.dataset.sid ?? ''")
        self.button("Dial the line").click()
        expect(self.call).not_to_have_attribute("data-sid", earlier)

    def answers(self) -> None:
        self.button("Answer").click()

    def hangs_up(self) -> None:
        self.button("Hang up").click()

    def presses(self, keys: str) -> None:
        for key in keys:
            self.card.get_by_role("group", name=re.compile("Keypad")).get_by_text(key, exact=True).click()

    def types(self, keys: str) -> None:
        """On the keyboard, wherever the page has put the focus."""
        for key in keys:
            self.page.keyboard.press(key)

    def says(self, words: str) -> None:
        self.card.get_by_label("Say something").fill(words)
        self.page.keyboard.press("Enter")

    def opens_settings(self) -> None:
        self.card.locator("summary", has_text=f"Settings of {self.name}").click()

    def hears(self, *phrases: str) -> None:
        """Wait until each of ``phrases`` was heard on the last call."""
        for phrase in phrases:
            expect(self.call).to_contain_text(phrase)

    def is_shown_as(self, state: str) -> None:
        expect(self.card.locator(".pill")).to_have_text(state)

    def button(self, name: str) -> Locator:
        return self.card.get_by_role("button", name=name, exact=True)


def is_live(page: Page) -> None:
    """Wait until the page follows the exchange."""
    expect(page.locator("#live")).to_have_text("Live")
