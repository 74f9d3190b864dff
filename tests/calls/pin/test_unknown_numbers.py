"""A number that no case has is answered like any case's: whole calls, statements and KDF runs (R05)."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from models.cases.case import close_case, new_number
from tests.calls.conftest import Hotline
from tests.calls.stories import lost_pins_are_settled, wrong
from tests.calls.visits import Visits
from tests.conftest import in_turn
from tests.factories import HASHER, MadeCase
from tests.phone import Phone
from tests.statements import sent_statements

MakeCase = Callable[..., MadeCase]
#: No PIN here is ever right. The later visits meet waits.
MAIN_LINE: Mapping[str, Sequence[str]] = {
    "three wrong PINs and a callback": ("1", "1", "NUMBER", "WRONG", "WRONG", "WRONG", "1", "1"),
    "silence, wrong PINs and a lost PIN": ("1", "1", "NUMBER", "WRONG", "", "WRONG", "WRONG", "4", "1", "1"),
    "slips, the way back, silence": (
        "1", "1", "12", "NUMBER", "12", "WRONG", "#", "NUMBER", "WRONG", "*", "", "", "",
    ),
    "a lost PIN at once": ("1", "2", "3", "NUMBER", "1", "2", "1", "1"),
    "0 after a wrong PIN, in Spanish": ("2", "1", "NUMBER", "WRONG", "0", "1"),
    "more wrong PINs": ("1", "1", "NUMBER", "WRONG", "WRONG", "WRONG", "2", "2"),
    "and more": ("1", "1", "NUMBER", "WRONG", "WRONG", "WRONG", "3", "1"),
}  # fmt: skip
DISCREET_LINE: Mapping[str, Sequence[str]] = {
    "three wrong codes and a callback": ("1", "NUMBER", "WRONG", "WRONG", "WRONG", "1", "1"),
    "the way back, silence": ("1", "NUMBER", "WRONG", "#", "NUMBER", "WRONG", "", "", ""),
}
NUMBERS = {
    "none": "+12025550171",
    "held back": "+12025550172",
    "hard news": "+12025550173",
    "closed": "+12025550174",
}


@in_turn("is_known", [True, False])
@pytest.mark.parametrize("visits_of", [MAIN_LINE, DISCREET_LINE], ids=["main line", "discreet line"])
def test_no_number_tells_whether_a_case_has_it_without_the_right_pin(
    phone: Phone,
    make_case: MakeCase,
    hotline: Hotline,
    visits_of: Mapping[str, Sequence[str]],
    is_known: bool,
) -> None:
    def made(kind: str, status: str, **facts: Any) -> MadeCase:
        case = make_case(custody_status=status, phone=NUMBERS[kind] if is_known else None, **facts)
        return dataclasses.replace(case, pin=wrong(case.pin))

    cases = {
        "held back": made("held back", "in_custody", record={"releasable": False}),
        "hard news": made("hard news", "released"),
        "closed": made("closed", "in_custody"),
    }
    cases["none"] = dataclasses.replace(cases["closed"], number=new_number())
    with hotline.database.transaction() as session:
        close_case(session, cases["closed"].number, now=hotline.clock.now, actor="boss")
    to = sorted(hotline.office.discreet_lines)[0] if visits_of is DISCREET_LINE else None
    visits = Visits({kind: phone.another() for kind in NUMBERS}, cases, NUMBERS, to=to)
    work: dict[str, list[tuple[int, list[str]]]] = {kind: [] for kind in NUMBERS}
    runs = HASHER.runs

    def after_turn(kind: str) -> None:
        nonlocal runs
        work[kind].append((HASHER.runs - runs, statements.copy()))
        statements.clear()
        runs = HASHER.runs

    for words, keys in visits_of.items():
        with sent_statements(hotline.database) as statements:
            visits.visit(keys, after_turn)
        for kind in NUMBERS:
            assert visits.documents[kind] == visits.documents["none"], f"{kind}: {words}"
            assert work[kind] == work["none"], f"work for {kind}: {words}"
        lost_pins_are_settled(hotline)
        hotline.clock.passes(minutes=5)
    assert any(run for run, _statements in work["none"])
