"""A bar chart of a day's hours with axes, drawn here without a script; a table has the same numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

#: The size of the picture in its own units; the page scales it. SIDE and FOOT are for the axes, and HEAD for
#: the unit above them, also in the larger letters of a phone.
WIDTH, HEIGHT, SIDE, FOOT, HEAD = 720, 250, 48, 60, 40
GAP = 0.22
#: The most steps of the axis of numbers, and how far apart they may be.
_MOST_TICKS = 4
_STEPS = (1, 2, 5)


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
    """``series`` bars side by side in each place; ``ticks``: each number of the axis and its y coordinate."""

    series: tuple[tuple[Bar, ...], ...]
    ticks: tuple[tuple[int, float], ...]
    places: int
    width: int = WIDTH
    height: int = HEIGHT
    side: int = SIDE
    head: int = HEAD

    @property
    def is_empty(self) -> bool:
        """Whether every number is 0, so that there is nothing to draw."""
        return all(bar.value == 0 for one in self.series for bar in one)

    @property
    def base(self) -> int:
        """The y coordinate of the base line."""
        return HEIGHT - FOOT

    def middle(self, place: int) -> float:
        """The x coordinate of the middle of a place."""
        return round(SIDE + (place + 0.5) * (WIDTH - SIDE) / self.places, 1)


def draw(*values: Sequence[int], places: int) -> Bars:
    """Draw series of numbers, one for each of the first ``places``; places without a number stay empty."""
    numbers = _numbers_of_axis(max((one for series in values for one in series), default=0))
    step = (WIDTH - SIDE) / places
    each = step * (1 - GAP) / len(values)
    base = HEIGHT - FOOT

    def tall(value: int) -> float:
        return value / numbers[-1] * (base - HEAD)

    series = tuple(
        tuple(
            Bar(
                x=round(SIDE + place * step + step * GAP / 2 + number * each, 1),
                y=round(base - tall(value), 1),
                width=round(max(each - 1, 1), 1),
                height=round(tall(value), 1),
                value=value,
            )
            for place, value in enumerate(one[:places])
        )
        for number, one in enumerate(values)
    )
    return Bars(series, tuple((one, round(base - tall(one), 1)) for one in numbers), places)


def _numbers_of_axis(top: int) -> list[int]:
    """Round numbers from 0 to ``top`` or just above it, at the same distance."""
    ten = 1
    while True:
        for one in _STEPS:
            step = one * ten
            if top <= step * _MOST_TICKS:
                return list(range(0, max(step, -(-top // step) * step) + 1, step))
        ten *= 10
