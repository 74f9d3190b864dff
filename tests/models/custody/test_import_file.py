"""Reading a feed file: physical lines, stray quotes, bad bytes, and memory that a bad line cannot take."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.refusals.wording import in_english
from models.custody.imports.file import COLUMNS, LONGEST_RECORD, FeedRow, Reject, read_feed
from tests.models.custody.feed import feed_file, feed_row

GATES = {"adult": "yes", "section_1367": "no", "asylum_related": "no"}
HEADER = (",".join(COLUMNS) + "\n").encode()
GOOD = feed_file(feed_row("A-1")).read().split(b"\n")[1] + b"\n"


def read(*lines, header=HEADER):
    return list(read_feed(io.BytesIO(header + b"".join(lines)), GATES))


def told(*lines):
    return [(i.line, "row" if isinstance(i, FeedRow) else f"{i.field} {in_english(i)}") for i in read(*lines)]


def test_row_is_reported_by_the_physical_line_it_starts_on():
    quoted = GOOD.replace(b",,2026", b',"Stewart\n County\r\n Jail",2026', 1)
    rows = read(quoted, b"\n", b"\r\n", GOOD)
    assert [(row.line, row.content[2]) for row in rows] == [(2, "stewart county jail"), (7, None)]


def test_stray_quote_costs_only_its_own_line():
    stray = GOOD.replace(b"A-1", b'"A-1', 1)
    reason = "row is not readable CSV: a quote is not closed, or the line is too long"
    assert told(GOOD, stray, *[GOOD] * 300) == [
        (2, "row"),
        (3, reason),
        *((line, "row") for line in range(4, 304)),
    ]
    assert told(GOOD, stray) == [(2, "row"), (3, reason)]
    assert told(stray, GOOD, GOOD.replace(b"A-1", b'"A-1"', 1)) == [(2, reason), (3, "row"), (4, "row")]


@pytest.mark.parametrize("size", [LONGEST_RECORD, LONGEST_RECORD + 1, 3_000_000])
@pytest.mark.parametrize("letter", ["x", "ñ"])
def test_line_that_is_too_long_costs_only_itself(size, letter):
    first, *_ = told((letter * size).encode() + b"\n", GOOD)
    assert first[0] == 2
    assert first[1].startswith("row ")
    assert told((letter * size).encode() + b"\n", GOOD)[1:] == [(3, "row")]


def test_row_with_too_few_or_too_many_columns_is_rejected():
    assert told(b"A-1,in_custody\n", GOOD.replace(b"\n", b",x\n")) == [
        (2, "row has 2 columns instead of 12"),
        (3, "row has 13 columns instead of 12"),
    ]


def test_bytes_that_are_not_text_are_reported_by_field_and_in_a_gate_they_only_deny():
    latin = GOOD.replace(b",,2026", b",Ca\xf1on,2026", 1)
    assert told(latin) == [(2, "facility is not UTF-8 text")]
    (row,) = read(GOOD.replace(b"yes", b"y\xf1s", 1))
    assert row.content[3] is False


def test_file_may_lack_its_last_line_end():
    assert told(GOOD, GOOD.rstrip(b"\n")) == [(2, "row"), (3, "row")]


@given(
    st.lists(
        st.binary(max_size=40) | st.sampled_from([b'"', b"\n", b"\r", b",", GOOD, GOOD[:20]]), max_size=30
    )
)
def test_no_bytes_break_the_reader_or_make_lines_go_back(chunks):
    items = read(*chunks)
    lines = [item.line for item in items]
    assert lines == sorted(set(lines))
    assert all(isinstance(item, FeedRow | Reject) for item in items)


def test_progress_adds_up_to_the_length_of_the_file():
    seen = []
    data = HEADER + GOOD * 3000
    list(read_feed(io.BytesIO(data), GATES, seen.append))
    assert sum(seen) == len(data)
    assert len(seen) > 3
