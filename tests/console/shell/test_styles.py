"""The style sheets of the console and of the exchange keep to the type sizes and spacing units of USWDS."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

STYLES = Path("hotline/console/static")
USWDS = STYLES / "uswds" / "css" / "uswds.min.css"
SHEETS = sorted([*STYLES.glob("*.css"), *Path("hotline/exchange/page/static").glob("*.css")])
#: The name and the value of each token of the two scales.
TOKENS = dict(
    re.findall(r"--((?:space|text)-\w+): ([^;]+);", (STYLES / "console.css").read_text(encoding="utf-8"))
)
SPACED = r"(?:scroll-)?(?:padding|margin)(?:-[a-z-]+)?|(?:row-|column-|grid-)?gap"
SPACE = r"(?:var\(--space-\w+\))"
#: A sum of units is a unit and another; a negative one is a unit times -1.
SPACES = rf"(?:0|auto|inherit|\d+%|{SPACE}|calc\(-1 \* {SPACE}\)|calc\({SPACE}(?: \+ {SPACE})+\))"
ALLOWED = {
    re.compile(SPACED): re.compile(rf"{SPACES}(?: {SPACES})*"),
    re.compile(r"font-size"): re.compile(r"inherit|var\(--text-\w+\)"),
    # The short form has a size too.
    re.compile(r"font"): re.compile(r"inherit"),
}


def _declarations(style: str) -> Iterator[tuple[str, str]]:
    """Each property of a style sheet with its value; the margins of a sheet of paper are in millimeters."""
    style = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    screen = re.sub(r"@page\s*\{(?:[^{}]|\{[^{}]*\})*\}", "", style)
    for name, value in re.findall(r"(?<=[{;])\s*([a-z-]+)\s*:\s*([^;{}]+?)\s*(?=[;}])", screen):
        yield name, value.removesuffix("!important").strip()


def _off_scale(style: str) -> list[str]:
    return [
        f"{name}: {value}"
        for name, value in _declarations(style)
        for names, values in ALLOWED.items()
        if names.fullmatch(name)
        and not (values.fullmatch(value) and set(re.findall(r"var\(--([\w-]+)\)", value)) <= TOKENS.keys())
    ]


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.stem)
def test_every_padding_margin_gap_and_font_size_is_on_the_scale(sheet: Path) -> None:
    assert _off_scale(sheet.read_text(encoding="utf-8")) == []


def test_units_are_those_of_uswds_by_their_names_and_sizes_are_among_its() -> None:
    theirs = USWDS.read_text(encoding="utf-8")
    sizes = set(re.findall(r"font-size:([^;}]+)", theirs))

    for name, value in TOKENS.items():
        kind, _, unit = name.partition("-")
        if kind == "space":
            assert f".padding-{unit}{{padding:{value.removeprefix('0')}}}" in theirs, name
        else:
            assert value in sizes, name
    assert len(TOKENS) > 20


def test_every_token_of_the_two_scales_is_used() -> None:
    used = "".join(sheet.read_text(encoding="utf-8") for sheet in SHEETS)

    assert [name for name in TOKENS if f"var(--{name})" not in used] == []


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (".a { color: red; padding: .3rem var(--space-2) }", "padding: .3rem var(--space-2)"),
        (".a{margin-left:-1px;}", "margin-left: -1px"),
        ("@media (width < 9rem) { .a { column-gap: .35em; } }", "column-gap: .35em"),
        (".a { gap: calc(var(--space-1) + .3rem); }", "gap: calc(var(--space-1) + .3rem)"),
        (".a { padding-inline: var(--space-9); }", "padding-inline: var(--space-9)"),
        (".a { font-size: .9rem; }", "font-size: .9rem"),
        (".a { font-size: var(--space-2); }", "font-size: var(--space-2)"),
        (".a { font: 1rem serif; }", "font: 1rem serif"),
    ],
)
def test_value_beside_the_scale_is_named(wrong: str, named: str) -> None:
    assert _off_scale(wrong) == [named]
