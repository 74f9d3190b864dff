"""Calls during a deployment of the line: a step was renamed or dropped, and nobody is stranded."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest
from flask import Flask
from sqlalchemy import text

from hotline import create_app
from ivr_flows.engine.flow import Announce, Collect, Decide, Flow
from models import Staff
from models.store.database import Database
from models.store.schema import is_current, newest_revision
from tests.calls.callbacks.test_callbacks import accepted_by
from tests.calls.conftest import Hotline, a_phone
from tests.calls.stories import (
    document_of,
    is_asked_for_a_number,
    opens_the_case,
    reaches_the_first_menu,
    wrong,
)
from tests.factories import HASHER, MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


@pytest.fixture
def deploys(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Renames steps of the victim line in a hotline that has calls: ``deploys(ask_pin="enter_pin")``.

    A step that is renamed to nothing is dropped.
    """
    line = app.extensions["hotline.line"]

    def deploy(**names: str) -> None:
        flow: Flow = line.flows["victim_line"]
        moved = {old: new for old, new in names.items() if new}
        steps = {names.get(name, name): _renamed(step, moved) for name, step in flow.steps.items()}
        steps.pop("", None)
        changed = dataclasses.replace(
            flow, steps=steps, moved=moved, open_to_all=frozenset(names.get(n, n) for n in flow.open_to_all)
        )
        monkeypatch.setitem(vars(line), "flows", {**line.flows, "victim_line": changed})

    return deploy


def _renamed(step: object, moved: Mapping[str, str]) -> object:
    match step:
        case Announce():
            return dataclasses.replace(step, next=moved.get(step.next, step.next))
        case Collect() | Decide():
            return dataclasses.replace(step, on={word: moved.get(to, to) for word, to in step.on.items()})
        case _:
            return step


def test_pin_keyed_at_a_step_with_a_new_name_opens_the_case(
    phone: Phone, make_case: MakeCase, deploys: Callable[..., None]
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_number(phone)
    phone.presses(case.number)

    deploys(ask_pin="enter_pin")
    phone.presses(case.pin)

    assert phone.hears("in custody")


def test_caller_with_a_slip_at_a_step_with_a_new_name_is_asked_again(
    phone: Phone, make_case: MakeCase, deploys: Callable[..., None]
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_number(phone)

    deploys(ask_number="enter_number")
    phone.presses(case.number[:-1] + str((int(case.number[-1]) + 1) % 10))

    assert phone.hears("That is not a case number", "case number")
    assert "/voice/steps/enter_number/" in document_of(phone)
    phone.presses(case.number)
    phone.presses(wrong(case.pin))
    assert phone.hears("Those numbers did not work", "case number")


def test_caller_who_waits_at_a_step_that_was_dropped_is_passed_to_a_person(
    phone: Phone, deploys: Callable[..., None], make_staff: Callable[..., object]
) -> None:
    make_staff()
    reaches_the_first_menu(phone)
    phone.presses("4")

    deploys(report="")
    phone.presses("1")

    assert phone.hears("I am calling someone for you")


@pytest.mark.parametrize("keys", ["*", "9"])
def test_repeat_works_when_the_step_before_was_dropped(
    phone: Phone, deploys: Callable[..., None], keys: str
) -> None:
    reaches_the_first_menu(phone)

    deploys(welcome="")
    phone.presses(keys)

    assert phone.hears("To hear about your case, press 1")
    assert phone.does_not_hear("something went wrong")


def test_open_case_stays_open(phone: Phone, make_case: MakeCase, deploys: Callable[..., None]) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))

    deploys(case_menu="menu_of_the_case")
    phone.presses("1")

    assert phone.hears("in custody", "to be called back, press 2")


@pytest.fixture
def expands(database: Database) -> Iterator[Callable[[], None]]:
    """Brings the database to the schema of a next release: more columns and one more table."""
    changes = (
        "ALTER TABLE calls ADD COLUMN next_release VARCHAR(8)",
        "ALTER TABLE callbacks ADD COLUMN next_release INTEGER NOT NULL DEFAULT 0",
        "CREATE TABLE next_release (id INTEGER PRIMARY KEY)",
        "UPDATE alembic_version SET version_num = '9999'",
    )
    undone = (
        "ALTER TABLE calls DROP COLUMN next_release",
        "ALTER TABLE callbacks DROP COLUMN next_release",
        "DROP TABLE next_release",
        f"UPDATE alembic_version SET version_num = '{newest_revision()}'",  # noqa: S608
    )

    def run(statements: Sequence[str]) -> None:
        with database.transaction() as session:
            for statement in statements:
                session.execute(text(statement))

    done = []
    yield lambda: done.append(run(changes))
    if done:
        run(undone)


def test_calls_go_on_while_a_new_tree_and_a_new_schema_are_deployed(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    expands: Callable[[], None],
    deploys: Callable[..., None],
) -> None:
    make_staff()
    case = make_case(custody_status="in_custody")
    is_asked_for_a_number(phone)
    phone.presses(case.number)

    # The database is brought to the next release first; the process that has the call is of this one.
    expands()
    phone.presses(case.pin)
    assert phone.hears("in custody")
    deploys(case_menu="menu_of_the_case")
    for key in ("2", "1"):
        phone.presses(key)
    assert phone.hears("We will call you")
    phone.hangs_up()

    # A process of this release that restarts meanwhile works on the new schema and keeps the promise.
    assert is_current(hotline.database)
    app = create_app(
        hotline.settings, office=hotline.office, database=hotline.database, hasher=HASHER, jobs=hotline.jobs,
        clock=hotline.clock,
    )  # fmt: skip
    liaison, to_caller = accepted_by(a_phone(app, hotline), hotline)
    called = a_phone(app, hotline).answers(to_caller)
    app.extensions["hotline.line"].guesses.close()
    assert liaison.hears("We are calling them now")
    assert called.hears("Is this a good time to talk? If yes, press 1")


def test_callback_promised_in_a_language_that_was_dropped_since_is_made_in_the_first_language(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(languages="es")
    opens_the_case(phone, make_case(custody_status="in_custody"), language="2")
    for key in ("2", "1"):
        phone.presses(key)
    assert phone.hears("Le llamaremos")
    phone.hangs_up()
    first = hotline.office.languages[:1]
    hotline.office = dataclasses.replace(
        hotline.office,
        languages=first,
        **{each: {"en": getattr(hotline.office, each)["en"]} for each in ("name", "neutral_name", "voices")},
    )
    app = create_app(
        hotline.settings, office=hotline.office, database=hotline.database, hasher=HASHER, jobs=hotline.jobs,
        clock=hotline.clock,
    )  # fmt: skip

    liaison, to_caller = accepted_by(a_phone(app, hotline), hotline)
    called = a_phone(app, hotline).answers(to_caller)
    app.extensions["hotline.line"].guesses.close()

    assert liaison.hears("We are calling them now")
    assert called.hears("Is this a good time to talk? If yes, press 1")
