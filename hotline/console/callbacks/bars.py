"""Bars of a day's hours as a picture drawn here: no script, and a table beside it says the same."""

from collections.abc import Sequence
from dataclasses import dataclass

#: The size of the picture in its own units; the page scales it.
WIDTH, HEIGHT, FOOT = 720, 180, 24
GAP = 0.22


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: where it stands and how high it is, and the number that it shows."""

    x: float
    y: float
    width: float
    height: float
    value: int


@dataclass(frozen=True, slots=True)
class Bars:
    """``series`` of bars side by side in each place; ``top`` is what the full height stands for."""

    series: tuple[tuple[Bar, ...], ...]
    top: int
    places: int
    width: int = WIDTH
    height: int = HEIGHT
    foot: int = FOOT

    @property
    def base(self) -> int:
        """Where the bars stand."""
        return self.height - self.foot

    def middle(self, place: int) -> float:
        """The middle of a place on the foot line."""
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
    # A little room above the highest bar for its number.
    return 0.0 if top == 0 else value / top * (base - 18)
