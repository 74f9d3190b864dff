"""The wallboard by the browser."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from hotline.console.callbacks.bars import HEIGHT, draw
from hotline.console.shell.durations import short
from models.callbacks.lone_refusal import judge_refusal
from models.store.database import Database
from tests.console.conftest import Clock, Member
from tests.factories import make_call, make_callback, make_import, make_staff


def test_supervisor_sees_the_state_of_the_line_and_the_part_renews_itself(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    now = clock()
    with database.transaction() as session:
        make_callback(session, requested_at=now - timedelta(minutes=70), due_at=now)
        make_callback(session, requested_at=now - timedelta(minutes=5), due_at=now + timedelta(minutes=20))
        make_staff(session)
        make_import(session, settled_at=now - timedelta(minutes=90))
    # Their first page was the wallboard, and its figures are kept for some seconds.
    clock.goes_on(seconds=5)

    supervisor.opens("/console/wallboard")

    for figure in (
        "Waiting 2", "Longest wait 1 h 10 min", "Late promises 1", "Promises at risk 1", "Free 1",
    ):  # fmt: skip
        assert figure in supervisor.words
    assert supervisor.reads("Age of the feed 1 h 30 min")
    renewed = supervisor.page.xpath("//*[@hx-trigger='every 5s']")[0].get("hx-get")
    assert supervisor.opens(renewed).reads("Waiting 2")
    assert supervisor.page.xpath("//svg[@role='img']/@aria-label")


def test_supervisor_sees_which_number_the_carrier_refuses(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    with database.transaction() as session:
        for minutes in (4, 3):
            before = clock() - timedelta(minutes=minutes)
            judge_refusal(session, make_call(session).id, "+12025550101", 21210, before)
    clock.goes_on(seconds=5)

    supervisor.opens("/console/wallboard")

    assert supervisor.reads("The carrier has refused our calls from +12025550101 for 3 min.", "21210")


def test_figures_are_read_once_for_everyone_who_looks_within_seconds(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    supervisor.opens("/console/wallboard/figures")
    with database.transaction() as session:
        make_callback(session, requested_at=clock())

    assert supervisor.opens("/console/wallboard/figures").reads("Waiting 0")
    clock.goes_on(seconds=5)
    assert supervisor.opens("/console/wallboard/figures").reads("Waiting 1")


def _looks_at(staff: Any, database: Database, clock: Clock, now: datetime) -> Member:
    """A supervisor at the wallboard, a minute after somebody asked to be called."""
    clock.now = now
    supervisor: Member = staff("supervisor").signs_in()
    with database.transaction() as session:
        make_callback(session, requested_at=now - timedelta(minutes=1))
    clock.goes_on(seconds=5)
    supervisor.opens("/console/wallboard")
    return supervisor


@pytest.mark.parametrize(
    ("now", "hours", "one_o_clock"),
    [(datetime(2027, 3, 14, 20, 5, tzinfo=UTC), 16, 1), (datetime(2026, 11, 1, 21, 5, tzinfo=UTC), 18, 2)],
)
def test_each_hour_of_the_table_is_that_of_the_clock_on_the_wall_when_clocks_change(
    staff: Any, database: Database, clock: Clock, now: datetime, hours: int, one_o_clock: int
) -> None:
    supervisor = _looks_at(staff, database, clock, now)

    table = supervisor.page.xpath("//table[caption='Today by the hour']//tbody/tr")
    rows = [[" ".join(cell.text_content().split()) for cell in row] for row in table]
    assert (len(rows), rows[-1][:2]) == (hours, ["4:00 PM", "1"])
    assert [row[0] for row in rows].count("1:00 AM") == one_o_clock


@pytest.mark.parametrize(
    ("now", "hours"),
    [(datetime(2027, 3, 15, 3, 30, tzinfo=UTC), 23), (datetime(2026, 11, 2, 4, 30, tzinfo=UTC), 25)],
)
def test_last_hour_of_such_a_day_is_in_the_picture_too(
    staff: Any, database: Database, clock: Clock, now: datetime, hours: int
) -> None:
    supervisor = _looks_at(staff, database, clock, now)

    (bar, *_others) = supervisor.page.xpath("//svg//rect")
    assert float(bar.get("x")) == pytest.approx(720 - 720 / hours, abs=4)
    marks = supervisor.page.xpath("(//svg)[1]//text[contains(@class, 'bars-hour')]")
    (last,) = [mark for mark in marks if mark.text == "21"]
    assert float(last.get("x")) == pytest.approx(720 - 2.5 * 720 / hours, abs=1)


def test_thirty_callbacks_take_as_many_statements_as_three(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    def looks(callbacks: int) -> int:
        with database.transaction() as session:
            for _ in range(callbacks):
                make_callback(session, requested_at=clock())
        clock.goes_on(seconds=5)
        statements.clear()
        supervisor.opens("/console/wallboard")
        return len(statements)

    assert looks(3) == looks(30)


def test_bars_are_as_high_as_their_numbers() -> None:
    bars = draw([2, 4, 0], [1, 1, 0], places=24)

    first, second = bars.series
    assert first[0].height * 2 == first[1].height
    assert first[1].y + first[1].height == bars.base < HEIGHT
    assert first[0].x + first[0].width <= second[0].x
    assert draw([], places=24).top == 0


def test_lengths_of_time_are_short() -> None:
    lengths = [
        None,
        timedelta(seconds=45),
        timedelta(minutes=12),
        timedelta(hours=3, minutes=5),
        timedelta(days=3),
    ]

    assert [short(one) for one in lengths] == ["–", "45 s", "12 min", "3 h 05 min", "3 d 0 h"]
