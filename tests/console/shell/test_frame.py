"""The frame of every page: grouped navigation, messages that do not pile up, and a way to look again."""

from typing import Any

import pytest

from tests.console.conftest import Member, words

WORK, CASES = ["Callbacks", "My shift"], ["Cases", "PINs"]
ALL = {
    "Work": [*WORK, "Wallboard"],
    "Cases": [*CASES, "Locks", "Only you", "Imports"],
    "Office": ["Staff", "Schedule", "Office", "Prompts"],
    "Audit": ["Audit"],
}


def groups_of(nav: Any) -> dict[str, list[str]]:
    """The names of the pages in each group of a navigation."""
    return {
        group.get("aria-label"): [words(link) for link in group.xpath("./li/a")]
        for group in nav.xpath(".//ul[@aria-label]")
    }


@pytest.mark.parametrize(
    ("role", "groups"),
    [
        ("liaison", {"Work": WORK, "Cases": [*CASES, "Only you"], "Office": ["Prompts"]}),
        ("supervisor", ALL),
        ("administrator", {**ALL, "Cases": [*CASES, "Imports"]}),
    ],
)
def test_navigation_has_groups_in_the_page_and_in_the_menu_of_a_phone(
    staff: Any, role: str, groups: dict[str, list[str]]
) -> None:
    page = staff(role).signs_in().opens("/console/prompts").page

    wide, narrow = page.xpath("//nav[contains(@class, 'top-nav')]")

    assert groups_of(wide) == groups_of(narrow) == groups
    for nav in (wide, narrow):
        assert [words(one) for one in nav.xpath(".//a[@aria-current]")] == ["Prompts"]
    assert words(narrow.xpath(".//summary")[0]) == "Menu: Prompts"


def test_same_message_is_shown_once_however_often_it_was_left(liaison: Member) -> None:
    sent = {"csrf_token": liaison.opens("/console/cases").token, "does": "end", "callback": "999"}
    for _ in range(3):
        liaison.posts("/console/bar", sent)

    page = liaison.opens("/console/cases").page

    assert len(page.xpath("//main/div[contains(@class, 'usa-alert')]")) == 1


def test_page_says_without_scripts_how_to_look_again(liaison: Member) -> None:
    page = liaison.opens("/console/callbacks?view=mine").page

    (link,) = page.xpath("//noscript//a")
    assert (words(link), link.get("href")) == ("Look again", "/console/callbacks?view=mine")
