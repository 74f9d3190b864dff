"""Each area of the console has a blueprint of its own, and its views work without a browser."""

from types import ModuleType

import pytest
from flask import Blueprint, Flask

from hotline.console.blueprint import AREAS


@pytest.mark.parametrize(("area", "files"), AREAS, ids=[area.name for area, _ in AREAS])
def test_area_registers_alone_with_the_views_of_its_files(
    area: Blueprint, files: tuple[ModuleType, ...]
) -> None:
    app = Flask(__name__, static_folder=None)

    app.register_blueprint(area)

    assert {view.__module__ for view in app.view_functions.values()} == {file.__name__ for file in files}
    assert all(file.__name__.startswith(f"hotline.console.{area.name}.") for file in files)
