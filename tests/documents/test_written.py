"""What code writes into the documents is what the documents show."""

import platform
import re

import pytest

from tests.documents.writing import BEGIN, DOCS, END, ladders, module_maps, pages

AGAIN = "Run `make docs`, and look at what changed."


def test_tables_of_commands_variables_and_policies_are_those_of_the_code() -> None:
    stale = [path.name for path, text in pages().items() if path.read_text(encoding="utf-8") != text]

    assert not stale, AGAIN


def test_no_other_page_says_that_code_wrote_a_part_of_it() -> None:
    marked = {path for path in DOCS.rglob("*.md") if {BEGIN, END} & set(path.read_text().splitlines())}

    assert marked == set(pages())


def test_call_and_sequences_are_what_a_played_call_does() -> None:
    stale = [path.name for path, drawn in ladders().items() if path.read_text(encoding="utf-8") != drawn]

    assert not stale, AGAIN


@pytest.mark.skipif(platform.machine() != "x86_64", reason="Graphviz rounds in another way there")
def test_module_maps_are_the_imports_of_the_code() -> None:
    drawn = module_maps()
    stale = [path.name for path, picture in drawn.items() if path.read_text(encoding="utf-8") != picture]

    assert not stale, AGAIN
    kept = {path for path in (DOCS / "developers" / "pictures").iterdir() if path.stem.startswith("modules")}
    assert kept == set(drawn)


def test_key_press_makes_one_read_and_one_write() -> None:
    drawn = next(text for path, text in ladders().items() if path.stem == "key-press")

    assert re.findall(r">((?:SELECT|INSERT|UPDATE|DELETE) \w+[^<]*)<", drawn) == [
        "SELECT calls",
        "UPDATE calls",
    ]
