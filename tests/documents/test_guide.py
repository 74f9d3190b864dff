"""The guide for liaisons shows the pictures that `make guide` takes, and no other."""

import re

from tests.browser.guide_pictures import NAMES
from tests.documents.writing import DOCS

GUIDE = DOCS / "liaisons" / "index.md"
#: The six together are fetched by everybody who reads the guide.
MOST_BYTES = 200_000


def test_guide_shows_each_picture_in_the_order_of_the_day() -> None:
    shown = re.findall(r"^\[!\[[^]]+\]\(pictures/([\w-]+)\.png\)\]", GUIDE.read_text(), re.MULTILINE)

    assert tuple(shown) == NAMES


def test_pictures_are_those_that_the_command_takes_and_small() -> None:
    kept = {path.stem: path.stat().st_size for path in (DOCS / "liaisons" / "pictures").iterdir()}

    assert set(kept) == set(NAMES)
    assert max(kept.values()) <= MOST_BYTES


def test_buttons_of_the_guide_are_on_pages_of_the_console() -> None:
    named = set(re.findall(r"\*\*([A-Z][a-z]+(?: [a-z]+)*)\*\*", GUIDE.read_text()))
    console = DOCS.parent / "hotline" / "console"
    pages = "".join(path.read_text() for kind in ("*.html", "*.py") for path in console.rglob(kind))

    assert len(named) > 10
    assert {words for words in named if words not in pages} == set()
