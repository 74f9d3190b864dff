"""Every change of an import's state is one log line, once it is committed, with the id alone (R39)."""

import json
import logging

import pytest

from config.logging import JsonLines
from models.custody.imports.custody_import import resume
from models.custody.imports.held import reject, release
from models.custody.imports.request import agree, ask
from models.custody.imports.upload import By, discard_upload, land_upload, upload
from models.store.database import Database
from tests.conftest import ON_BOTH
from tests.factories import NOW, make_staff
from tests.models.custody.feed import RULES, at, feed_file, feed_row, load, open_cases
from tests.models.custody.test_import_upload import LIVES

FEW, MANY = range(1), range(12)


@pytest.fixture
def people(database: Database, caplog: pytest.LogCaptureFixture) -> list[By]:
    """Two administrators with untied accounts, and a feed that has landed; what follows is logged."""
    cases = open_cases(database, *(f"A-{n}" for n in MANY))
    load(database, *(feed_row(name, as_of=at(-2)) for name in cases), now=at(-2))
    with database.transaction() as session:
        made = [make_staff(session, f"{name}@example.org", role="administrator") for name in ("ada", "bea")]
        people = [By(one.id, one.email) for one in made]
    caplog.set_level(logging.INFO)
    caplog.clear()
    return people


def _released(numbers: range) -> list[dict[str, str]]:
    return [feed_row(f"A-{n}", status="released") for n in numbers]


def _upload(database: Database, by: By, numbers: range) -> int:
    return upload(database, feed_file(*_released(numbers)), RULES, full=False, by=by, clock=lambda: NOW)


def _states(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [one for one in caplog.records if one.name == "models.store.change_log"]
    assert len({vars(one)["import_id"] for one in found}) == 1
    for one in found:
        line = json.loads(JsonLines("web").format(one))
        assert set(line) == {"at", "level", "process", "logger", "message", "import_id", "state"}
        assert line["message"] == "The import changed its state."
    return [vars(one)["state"] for one in found]


def test_upload_that_lands_leaves_a_line_for_each_state(
    database: Database, people: list[By], caplog: pytest.LogCaptureFixture
) -> None:
    import_id = _upload(database, people[0], FEW)
    land_upload(database, import_id, people[0], LIVES, NOW)
    resume(database, NOW)

    assert _states(caplog) == ["uploading", "previewed", "applying", "landed"]


@ON_BOTH
def test_upload_that_is_discarded_leaves_a_line_for_each_state(
    database: Database, people: list[By], caplog: pytest.LogCaptureFixture
) -> None:
    discard_upload(database, _upload(database, people[0], FEW), people[0], NOW)

    assert _states(caplog) == ["uploading", "previewed", "abandoned"]


def test_held_upload_that_two_people_release_in_the_console_is_applied_once(
    database: Database, people: list[By], caplog: pytest.LogCaptureFixture
) -> None:
    import_id = _upload(database, people[0], MANY)
    land_upload(database, import_id, people[0], LIVES, NOW)
    with database.transaction() as session:
        ask(session, import_id, "release", people[0], NOW)
    agree(database, import_id, "release", people[1], NOW, 0)
    resume(database, NOW)

    assert _states(caplog) == ["uploading", "previewed", "held", "applying", "landed"]


def test_held_import_that_two_people_release_by_command_is_applied_once(
    database: Database, people: list[By], caplog: pytest.LogCaptureFixture
) -> None:
    held = load(database, *_released(MANY)).import_id
    assert held is not None
    release(database, held, by=people[0].email, and_by=people[1].email, now=NOW, tied_days=0)

    assert _states(caplog) == ["staging", "held", "applying", "landed"]


def test_held_import_that_is_rejected_leaves_a_line_for_each_state(
    database: Database, people: list[By], caplog: pytest.LogCaptureFixture
) -> None:
    held = load(database, *_released(MANY)).import_id
    assert held is not None
    reject(database, held, by=people[0].email, now=NOW)

    assert _states(caplog) == ["staging", "held", "rejected"]


@ON_BOTH
def test_strict_import_with_rejects_leaves_a_line_for_each_state(
    database: Database, people: list[By], caplog: pytest.LogCaptureFixture
) -> None:
    assert load(database, feed_row("A-1", as_of=""), strict=True).refused

    assert _states(caplog) == ["staging", "abandoned"]
