"""docs/operators/retention.md places every column of every table, and the purge deletes what it says."""

import re
from pathlib import Path

import pytest

from models import Base
from models.retention.rules import rules
from tests.factories import NOW

PAGE = Path(__file__).parents[3] / "docs" / "operators" / "retention.md"


def _rows() -> dict[str, list[str]]:
    """The cells of each row of the page's table, by the table of the database."""
    cells = [line.strip("|").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    return {row[0].strip(" `"): row for row in cells}


def _names(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def test_page_has_every_table_and_no_other() -> None:
    assert set(_rows()) == set(Base.metadata.tables)


@pytest.mark.parametrize("table", sorted(Base.metadata.tables))
def test_every_column_is_personal_or_of_the_rest(table: str) -> None:
    _, personal, _, rest, _ = _rows()[table]

    placed = _names(personal) + _names(rest)

    assert sorted(placed) == sorted(column.name for column in Base.metadata.tables[table].columns)


def test_purge_deletes_the_rows_of_which_the_page_says_so() -> None:
    said = {table for table, (_, _, goes, _, _) in _rows().items() if goes.startswith("whole row")}

    assert said == {rule.table.name for rule in rules(NOW, NOW, any_held=True)}


def test_sealed_and_keyed_columns_are_personal() -> None:
    """A sealed column holds a name, a number or words; a keyed hash finds whoever knows the number."""
    other = {"facility_key", "court_key", "name_key", "field_key"}
    for table, (_, _, _, rest, _) in _rows().items():
        kept = {name for name in _names(rest) if name.endswith(("_sealed", "_key"))} - other
        assert not kept, table
