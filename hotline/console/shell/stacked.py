"""The rows of a table for a phone: cells one below the other, each with the head of its column."""

import re
from collections.abc import Sequence
from itertools import count

from markupsafe import Markup, escape

_ROWS = re.compile(r"(<tr\b)")
_CELLS = re.compile(r"<(td|th)\b")
#: Without a role a browser forgets that a cell is a cell once it is displayed as a block.
_ROLES = {"td": "cell", "th": "rowheader"}


def stacked(rows: Markup, heads: Sequence[str]) -> Markup:
    """Return ``rows`` with the column's head at every cell; the style sheet shows it in stacked rows.

    No cell spans columns, and none contains a table.
    """
    parts = _ROWS.split(str(rows))
    return Markup("").join(
        Markup('<tr role="row"') if part == "<tr" else _labelled(part, heads) for part in parts
    )


def _labelled(row: str, heads: Sequence[str]) -> Markup:
    places = count()

    def labelled(cell: re.Match[str]) -> str:
        place = next(places)
        head = heads[place] if place < len(heads) else ""
        return f'<{cell[1]} role="{_ROLES[cell[1]]}" data-head="{escape(head)}"'

    return Markup(_CELLS.sub(labelled, row))  # noqa: S704 - the template escaped it, and only heads are added
