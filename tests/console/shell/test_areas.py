"""Each area of the console has a blueprint of its own, and tests can call its views without a browser."""

import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from flask import Blueprint, Flask, g

from hotline.console.audit.views import audit
from hotline.console.blueprint import AREAS
from hotline.console.callbacks.views import callbacks
from hotline.console.cases.views import cases
from hotline.console.imports.views import imports
from hotline.console.office.views import office
from hotline.console.people.shift_views import shift
from hotline.console.shell.guard import Person
from hotline.console.sign_in.account_views import account
from tests.console.conftest import Clock, Member


@pytest.mark.parametrize(("area", "files"), AREAS, ids=[area.name for area, _ in AREAS])
def test_area_registers_alone_with_the_views_of_its_files(
    area: Blueprint, files: tuple[ModuleType, ...]
) -> None:
    app = Flask(__name__, static_folder=None)

    app.register_blueprint(area)

    assert {view.__module__ for view in app.view_functions.values()} == {file.__name__ for file in files}
    assert all(file.__name__.startswith(f"hotline.console.{area.name}.") for file in files)


@pytest.mark.parametrize(
    ("view", "heading"),
    [
        (account, "My account"),
        (audit, "Audit"),
        (callbacks, "Callbacks"),
        (cases, "Cases"),
        (imports, "Imports"),
        (office, "Overview"),
        (shift, "My shift"),
    ],
)
def test_supervisor_gets_a_page_from_the_view_alone(
    app: Flask, staff: Any, clock: Clock, view: Callable[[], str], heading: str
) -> None:
    member: Member = staff("supervisor")
    with app.test_request_context("/console/"):
        g.person = Person(
            staff_id=member.staff_id,
            email=member.email,
            role="supervisor",
            name="Sam Demo",
            language="en",
            spoken=("en",),
            session_id=1,
            method="code",
            fresh_at=clock(),
        )

        page = view()

    assert re.search(rf"<h1[^>]*>{heading}</h1>", page)
