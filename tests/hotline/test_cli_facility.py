"""`hotline facility`: the directory as an administrator keeps it."""

import json
from collections.abc import Callable

import pytest
from click.testing import Result

from tests.hotline.test_cli_staff_and_keys import hotline

__all__ = ["hotline"]

Hotline = Callable[..., Result]


def test_the_directory_is_listed_by_name_and_an_entry_can_be_taken_out(hotline: Hotline) -> None:
    hotline("facility", "add", "Stewart", "--phone", "+12025550180")
    hotline("facility", "add", "Cedar Hill Jail", "--phone", "+12025550181")

    listed = json.loads(hotline("facility", "list", "--json").stdout)

    assert [(entry["name"], entry["phone"]) for entry in listed] == [
        ("Cedar Hill Jail", "+12025550181"),
        ("Stewart", "+12025550180"),
    ]
    assert hotline("facility", "remove", "cedar hill JAIL").exit_code == 0
    assert "Cedar" not in hotline("facility", "list").output
    again = hotline("facility", "remove", "Cedar Hill Jail")
    assert again.exit_code == 2
    assert "NAME: the directory has no such facility." in again.output


@pytest.mark.parametrize("phone", ["+19005550123", "12025550180", "+1202"])
def test_a_number_that_nobody_should_ring_is_refused(hotline: Hotline, phone: str) -> None:
    refused = hotline("facility", "add", "Stewart", "--phone", phone)

    assert refused.exit_code == 2
    assert refused.output.startswith("--phone is")
