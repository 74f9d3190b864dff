"""`hotline office`: the office's current values, who changed them, and how a field goes back to the file."""

import json
from collections.abc import Callable

from click.testing import Result

from models.audit.office_change import change_fields, standing_changes
from models.store.database import Database
from tests.factories import NOW
from tests.hotline.cli.test_cli_staff_and_keys import hotline

__all__ = ["hotline"]

Hotline = Callable[..., Result]


def close_mondays(database: Database) -> None:
    with database.transaction() as session:
        seen = standing_changes(session)
        change_fields(
            session, {"hours.monday": []}, reason="Moving installation.", seen=seen, actor="ruth", now=NOW
        )


def test_current_values_are_shown_with_their_source(hotline: Hotline, database: Database) -> None:
    close_mondays(database)

    shown = {one["field"]: one for one in json.loads(hotline("office", "show", "--json").stdout)}

    assert shown["hours.monday"] == {"field": "hours.monday", "value": [], "from": "console"}
    assert shown["hours.tuesday"]["value"] == ["08:00-20:00"]
    assert shown["policies.fresh_minutes"]["value"]["review_by"] == "2027-06-30"
    assert "file     hours.tuesday = ['08:00-20:00']" in hotline("office", "show").output


def test_changes_are_listed_with_who_and_why(hotline: Hotline, database: Database) -> None:
    assert "Nothing was changed" in hotline("office", "changes").output
    close_mondays(database)

    listed = json.loads(hotline("office", "changes", "--json").stdout)

    assert [(one["by"], one["field"], one["reason"]) for one in listed] == [
        ("ruth", "hours.monday", "Moving installation.")
    ]
    assert "hours.monday: Moving installation." in hotline("office", "changes").output


def test_changes_tell_an_added_court_from_a_removed_one(hotline: Hotline) -> None:
    hotline("court", "add", "Alder Creek Court", "--time-zone", "America/Chicago")
    hotline("court", "remove", "Alder Creek Court")

    removed, added = hotline("office", "changes").output.splitlines()

    assert added.endswith("court Alder Creek Court: added")
    assert removed.endswith("court Alder Creek Court: removed")


def test_field_goes_back_to_the_file_and_the_commands_see_it(hotline: Hotline, database: Database) -> None:
    close_mondays(database)

    assert json.loads(hotline("office", "reset", "hours.monday", "--json").stdout) == {"changed": True}
    assert "stood in the file already" in hotline("office", "reset", "hours.monday").output
    refused = hotline("office", "reset", "release.gates")
    assert refused.exit_code == 2
    assert refused.output.startswith("FIELD: release.gates is none that is changed in the console")
    assert hotline("office", "reset", "hours.monday", "--reason", " ").exit_code == 0
