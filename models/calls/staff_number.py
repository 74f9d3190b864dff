"""A staff number as it is entered on the main line, where a case number is asked for."""

from stdnum import damm

from models.calls.staff_secret import NUMBER_DIGITS
from models.cases.case import LEAST_DIGITS

#: No case number begins with 0 (R01), so one slip in a case number never makes such a number.
_ZEROS = "0" * (LEAST_DIGITS - NUMBER_DIGITS - 1)


def for_main_line(number: str) -> str:
    """Zeros, the staff number and a Damm check digit: as long as a case number, but never one."""
    return _ZEROS + number + str(damm.calc_check_digit(_ZEROS + number))


def from_main_line(digits: str) -> str | None:
    """The staff number in ``digits``, whether or not anybody has it; None for any other number."""
    number = digits[len(_ZEROS) : -1]
    if len(number) != NUMBER_DIGITS or not digits.isascii() or not digits.isdecimal():
        return None
    return number if number[0] != "0" and digits == for_main_line(number) else None
