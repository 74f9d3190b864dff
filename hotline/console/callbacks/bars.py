"""A bar chart of a day's hours, drawn here without a script; a table beside it has the same numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

#: The size of the picture in its own units; the page scales it.
WIDTH, HEIGHT, FOOT = 720, 180, 24
GAP = 0.22


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its position, its height, and the number that it shows."""

    x: float
    y: float
    width: float
    height: float
    value: int


@dataclass(frozen=True, slots=True)
class Bars:
    """``series`` bars side by side in each place; the full height means ``top``."""

    series: tuple[tuple[Bar, ...], ...]
    top: int
    places: int
    width: int = WIDTH
    height: int = HEIGHT
    foot: int = FOOT

    @property
    def base(self) -> int:
        """The y coordinate of the base line."""
        return self.height - self.foot

    def middle(self, place: int) -> float:
        """The x coordinate of the middle of a place."""
        return round((place + 0.5) * self.width / self.places, 1)


def draw(*values: Sequence[int], places: int) -> Bars:
    """Draw series of numbers, one for each of the first ``places``; places without a number stay empty."""
    top = max((one for series in values for one in series), default=0)
    step = WIDTH / places
    each = step * (1 - GAP) / len(values)
    base = HEIGHT - FOOT
    series = tuple(
        tuple(
            Bar(
                x=round(place * step + step * GAP / 2 + number * each, 1),
                y=round(base - _tall(value, top, base), 1),
                width=round(max(each - 1, 1), 1),
                height=round(_tall(value, top, base), 1),
                value=value,
            )
            for place, value in enumerate(one[:places])
        )
        for number, one in enumerate(values)
    )
    return Bars(series, top, places)


def _tall(value: int, top: int, base: int) -> float:
    # Leave a little room above the highest bar for its number.
    return 0.0 if top == 0 else value / top * (base - 18)
