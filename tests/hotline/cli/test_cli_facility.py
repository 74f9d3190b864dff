"""`hotline facility`: the directory as an administrator keeps it."""

import json
from collections.abc import Callable

import pytest
from click.testing import Result

from tests.hotline.cli.test_cli_staff_and_keys import hotline

__all__ = ["hotline"]

Hotline = Callable[..., Result]


def test_directory_is_listed_by_name_and_an_entry_can_be_removed(hotline: Hotline) -> None:
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


@pytest.mark.parametrize("phone", ["+19005550123", "12025550180", "+1202", "+12025550180;ext=45"])
def test_number_that_nobody_should_ring_is_refused(hotline: Hotline, phone: str) -> None:
    refused = hotline("facility", "add", "Stewart", "--phone", phone)

    assert refused.exit_code == 2
    assert refused.output.startswith("--phone is")


def test_court_is_added_listed_and_removed_again(hotline: Hotline) -> None:
    added = json.loads(
        hotline("court", "add", "Lumpkin Court", "--time-zone", "America/New_York", "--json").stdout
    )
    again = json.loads(
        hotline("court", "add", "LUMPKIN  court", "--time-zone", "America/Chicago", "--json").stdout
    )

    assert (added["added"], again) == (True, {"id": added["id"], "added": False})
    listed = json.loads(hotline("court", "list", "--json").stdout)
    assert [(one["name"], one["time_zone"]) for one in listed] == [("LUMPKIN  court", "America/Chicago")]
    assert hotline("court", "remove", "lumpkin court").exit_code == 0
    assert hotline("court", "remove", "lumpkin court").exit_code == 2


def test_court_needs_a_time_zone(hotline: Hotline) -> None:
    refused = hotline("court", "add", "Lumpkin Court", "--time-zone", "Eastern-ish")

    assert refused.exit_code == 2
    assert refused.output.startswith("--time-zone is not an IANA time zone")


@pytest.mark.parametrize("name", ["Asylum Office Arlington", "Juvenile Hall", "Centro de Menores"])
def test_entry_whose_name_would_tell_is_refused(hotline: Hotline, name: str) -> None:
    for words in (("facility", "--phone", "+12025550180"), ("court", "--time-zone", "America/Chicago")):
        refused = hotline(words[0], "add", name, *words[1:])

        assert refused.exit_code == 2
        assert "NAME: The name has a word that would tell" in refused.output
        assert name not in refused.output
        assert json.loads(hotline(words[0], "list", "--json").stdout) == []
