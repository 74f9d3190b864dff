"""A new PIN: six digits from the system's random generator, never one that a person would pick (R02)."""

import re
import secrets
from collections.abc import Callable, Iterator
from datetime import date
from itertools import combinations, pairwise, product

PIN_DIGITS = 6
#: In at least so many places a case's PIN and its duress PIN differ: no slip makes one the other (R10).
PLACES_APART = 3
_RUN = 4
_REPEATED_BLOCK = re.compile(r"(\d{1,3})\1+")
_SAME_THRICE = re.compile(r"(\d)\1\1")
#: The orders of day, month and two-digit year in a date.
_SHORT_DATES = ("MDY", "DMY", "YMD", "YDM")


def new_pin(number: str = "", is_taken: Callable[[str], bool] = lambda _pin: False) -> str:
    """A PIN of six digits, the first 1 to 9, that ``is_guessable`` accepts.

    ``number`` is the case number. It must not begin with the PIN: those digits at the PIN step would be the
    number entered again. ``is_taken`` says whether a PIN is too near to the case's other one (R10).
    """
    while True:
        pin = str(secrets.choice(range(10 ** (PIN_DIGITS - 1), 10**PIN_DIGITS)))
        if not is_guessable(pin) and not number.startswith(pin) and not is_taken(pin):
            return pin


def near_pins(pin: str) -> Iterator[str]:
    """The PIN itself and every six digits that differ from it in fewer than PLACES_APART places: 1,270."""
    yield pin
    for places in range(1, PLACES_APART):
        for changed in combinations(range(PIN_DIGITS), places):
            others = ([digit for digit in "0123456789" if digit != pin[place]] for place in changed)
            for digits in product(*others):
                near = list(pin)
                for place, digit in zip(changed, digits, strict=True):
                    near[place] = digit
                yield "".join(near)


def is_guessable(pin: str) -> bool:
    """Whether six digits are a repeat, a run or a date; people choose those, so guessers try them first.

    Repeats: a repeated block (121212), a digit three times in a row, fewer than three different digits. Runs:
    four or more in a row up or down (x1234x, 9876xx, also across 9 to 0). Dates: day, month and year in any
    usual order, and any year from 1900 to 2099 at either end.
    """
    return _repeats(pin) or _runs(pin) or _is_date(pin)


def _repeats(pin: str) -> bool:
    return bool(_REPEATED_BLOCK.fullmatch(pin) or _SAME_THRICE.search(pin)) or len(set(pin)) < 3


def _runs(pin: str) -> bool:
    steps = [(int(after) - int(before)) % 10 for before, after in pairwise(pin)]
    windows = (set(steps[i : i + _RUN - 1]) for i in range(len(steps) - _RUN + 2))
    return any(window in ({1}, {9}) for window in windows)


def _is_date(pin: str) -> bool:
    if "1900" <= pin[:4] <= "2099" or "1900" <= pin[-4:] <= "2099":
        return True
    pairs = (int(pin[:2]), int(pin[2:4]), int(pin[4:]))
    return any(_is_day(**dict(zip(order, pairs, strict=True))) for order in _SHORT_DATES)


def _is_day(*, Y: int, M: int, D: int) -> bool:  # noqa: N803 - the letters of a date's pattern
    return any(_exists(century + Y, M, D) for century in (1900, 2000))


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
