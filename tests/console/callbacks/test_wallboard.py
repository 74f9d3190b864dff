"""The wallboard by the browser."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from itsdangerous import TimestampSigner

from hotline.console.callbacks.bars import HEIGHT, SIDE, WIDTH, draw
from hotline.console.shell.durations import short
from models import Case, Heartbeat, PinCounter, Staff
from models.audit import audit
from models.callbacks.lone_refusal import judge_refusal
from models.store.database import Database
from tests.console.case_pages import kept_case
from tests.console.conftest import Clock, Member
from tests.factories import (
    make_call,
    make_callback,
    make_case,
    make_event,
    make_import,
    make_notice,
    make_registration,
    make_staff,
)
from tests.statements import sent_statements

#: The width of all the hours in the picture, right of its axis.
WIDE = WIDTH - SIDE


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

    # The names of the page's own values do not take the place of those of every page.
    assert supervisor.page.xpath("//form[@class='top-language']//button/@lang") == ["es"]
    for figure in ("Waiting 2", "Longest wait 1 h 10 min", "Overdue 1", "At risk 1", "Free 1"):
        assert figure in supervisor.words
    assert supervisor.reads("Median wait", "90th percentile wait", "Feed updated 1 h 30 min ago")
    assert supervisor.page.xpath("//svg[@role='img']/@aria-label")
    renewed = supervisor.page.xpath("//*[@id='figures']")[0].get("hx-get")
    assert supervisor.opens(renewed).reads("Waiting 2")
    supervisor.opens(renewed, If_None_Match=supervisor.headers["ETag"])
    assert supervisor.status == 304


def test_board_that_is_as_it_was_is_not_sent_again_a_second_later(
    supervisor: Member, database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What needs a person has a form, whose token has the second in which it was made."""
    with database.transaction() as session:
        make_callback(session, rank=0, urgency="urgent", due_at=clock(), next_attempt_at=clock())
    clock.goes_on(seconds=5)
    supervisor.opens("/console/wallboard/figures")
    assert "Claim" in supervisor.buttons
    tag = supervisor.headers["ETag"]

    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _self: int(time.time()) + 2)

    assert supervisor.opens("/console/wallboard/figures", If_None_Match=tag).status == 304


def test_urgent_news_that_nobody_confirmed_stands_among_what_needs_a_person(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    now = clock()
    with database.transaction() as session:
        case = make_case(session, "released")
        registration = make_registration(session, case)
        for number, minutes in enumerate((29, 31, 125)):
            event_of = make_event(session, case.subject_id, before_id=None, at=now + timedelta(hours=number))
            make_notice(session, registration, event_of, made_at=now - timedelta(minutes=minutes))
    clock.goes_on(seconds=5)

    supervisor.opens("/console/wallboard")

    assert supervisor.reads("2 urgent notices are unconfirmed after 30 min", "1 of them after 2 h")


def test_tile_is_red_for_its_own_figure_only(supervisor: Member, database: Database, clock: Clock) -> None:
    now = clock()
    with database.transaction() as session:
        make_callback(session, due_at=now + timedelta(hours=9), state="left_for_staff", closed_at=now)
    clock.goes_on(seconds=5)

    supervisor.opens("/console/wallboard")

    red = supervisor.page.xpath("//div[contains(@class, 'tile--bad')]/dt")
    assert [one.text_content().strip() for one in red] == ["Needs attention"]
    assert supervisor.reads("Overdue 0")
    assert supervisor.links["Needs attention"] == "/console/callbacks?attention=1"


@pytest.mark.parametrize(
    ("outcome", "may_reopen"), [("wrong_person", False), ("stopped", False), ("unknown", True)]
)
def test_callback_whose_phone_nobody_may_call_has_no_reopen_on_the_wallboard(
    supervisor: Member, database: Database, clock: Clock, outcome: str, may_reopen: bool
) -> None:
    left = {"state": "left_for_staff", "closed_at": clock(), "outcome": outcome}
    with database.transaction() as session:
        callback_id = make_callback(session, urgency="urgent", due_at=clock(), **left).id

    (row,) = supervisor.opens("/console/wallboard").page.xpath(f"//li[@id='need-callback-{callback_id}']")

    assert bool(row.xpath(".//button[normalize-space()='Reopen']")) == may_reopen


def test_supervisor_reads_what_needs_a_person_with_its_link_and_its_one_action(
    supervisor: Member, staff: Any, database: Database, clock: Clock
) -> None:
    now = clock()
    ana = staff("liaison", name="Ana Invented")
    with database.transaction() as session:
        late = make_callback(session, make_case(session), due_at=now - timedelta(minutes=8), verified=True).id
        afraid = make_callback(
            session, urgency="urgent", reason="afraid", due_at=now + timedelta(minutes=50), rank=2
        ).id
        left = make_callback(
            session, urgency="urgent", due_at=now, state="left_for_staff", closed_at=now, outcome="no_answer"
        ).id
        held = make_import(session, state="held", settled_at=None, decided_at=now - timedelta(hours=2)).id
        person = session.get_one(Staff, ana.staff_id)
        person.set_away_at, person.missed_offers = now - timedelta(minutes=12), 2
        luis_id = make_staff(session, name="Luis Invented", spared_until=now + timedelta(minutes=32)).id
    clock.goes_on(seconds=5)

    supervisor.opens("/console/wallboard")

    rows = {
        row.get("id"): " ".join(row.text_content().split()) for row in supervisor.page.xpath("//li[@class]")
    }
    assert rows[f"need-callback-{left}"].startswith("Needs attention 1 min overdue Urgent")
    assert rows[f"need-callback-{left}"].endswith("Reopen")
    assert rows[f"need-callback-{late}"].startswith(f"8 min overdue Callback {late}")
    assert rows[f"need-callback-{late}"].endswith("verified Claim")
    assert "Urgent, unclaimed" in rows[f"need-callback-{afraid}"]
    assert rows[f"need-import-{held}"] == f"Held 2 h 00 min Import {held} two people must decide on it"
    assert rows[f"need-away-{ana.staff_id}"] == "Set away Ana Invented missed 2 calls in a row, 12 min ago"
    refused = "the carrier refuses calls to it; next try at 10:32 AM"
    assert rows[f"need-away-{luis_id}"] == f"Phone refused Luis Invented {refused}"
    assert supervisor.links[f"Import {held}"] == f"/console/imports/{held}/settle"
    assert supervisor.links["Ana Invented"] == f"/console/staff/{ana.staff_id}"
    order = list(rows)
    assert order.index(f"need-callback-{left}") < order.index(f"need-callback-{late}")
    supervisor.clicks("Reopen")
    assert supervisor.path == f"/console/callbacks/{left}"


def test_empty_list_says_so_and_no_empty_plot_is_drawn(
    supervisor: Member, staff: Any, database: Database, clock: Clock
) -> None:
    staff("administrator")
    staff("liaison", on_shift=True)
    with database.transaction() as session:
        make_import(session, settled_at=clock(), newest_as_of=clock())
    clock.goes_on(seconds=5)

    supervisor.opens("/console/wallboard")

    assert supervisor.reads("Nothing needs a person now.", "No callback request and no wrong PIN today.")
    assert not supervisor.page.xpath("//svg")
    assert not supervisor.page.xpath("//tbody/tr")
    assert not supervisor.reads("Median wait")


def test_tips_and_comments_that_recordings_answered_are_counted(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    with database.transaction() as session:
        for topic in ("report_tip", "report_tip", "report_comment", "callback"):
            make_call(session, started_at=clock(), topic=topic)
        make_call(session, started_at=clock() - timedelta(days=1), topic="report_tip")
    clock.goes_on(seconds=5)

    supervisor.opens("/console/wallboard")

    assert supervisor.reads("Tips and comments diverted 3", "crime reports: 0, tips: 2, comments: 1")


def test_missing_pair_and_a_silent_role_and_locks_are_on_the_list(
    supervisor: Member, administrator: Member, database: Database, clock: Clock
) -> None:
    case = kept_case(database)
    with database.transaction() as session:
        audit.record(
            session, actor=administrator.email, action="add_staff", target=f"staff:{supervisor.staff_id}",
            now=clock(),
        )  # fmt: skip
        key = session.get_one(Case, case.id).number_key
        session.add(PinCounter(number_key=key, counter="", locked_at=clock()))
        began = clock() - timedelta(minutes=9)
        session.add(Heartbeat(process="p", role="worker", started_at=began, seen_at=began))
    clock.goes_on(seconds=5)

    supervisor.opens("/console/wallboard")

    assert supervisor.reads("No two supervisors or administrators may approve together now.")
    assert supervisor.reads(
        "The role “worker” stopped: no sign of life for 9 min. Tell the people who run this machine."
    )
    assert supervisor.links["1 case is locked after wrong PINs"] == "/console/locks"
    # The page of locks is not for administrators.
    assert "1 case is locked after wrong PINs" not in administrator.opens("/console/wallboard").links


def test_supervisor_sees_which_number_the_carrier_refuses(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    with database.transaction() as session:
        for minutes in (4, 3):
            before = clock() - timedelta(minutes=minutes)
            judge_refusal(session, make_call(session).id, "+12025550101", 21210, before)
    clock.goes_on(seconds=5)

    supervisor.opens("/console/wallboard")

    refused = "The carrier has refused our calls from +12025550101 for 3 min."
    assert supervisor.reads(refused, "21210")
    # What waits for it.
    links = [text for text, path in supervisor.links.items() if path == "/console/callbacks"]
    assert any(text.startswith(refused) for text in links), links


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
    with database.transaction() as session:
        for hour in range(hours - 1):
            make_callback(session, requested_at=now - timedelta(hours=hour + 1))
    supervisor = _looks_at(staff, database, clock, now)

    table = supervisor.page.xpath("//table[caption='Numbers of today by the hour']//tbody/tr")
    rows = [[" ".join(cell.text_content().split()) for cell in row] for row in table]
    assert (len(rows), rows[-1][:2]) == (hours, ["4:00 PM", "1"])
    assert [row[0] for row in rows].count("1:00 AM") == one_o_clock


def test_hours_of_zeros_are_left_out_of_the_table(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    with database.transaction() as session:
        make_callback(session, requested_at=clock() - timedelta(hours=3))
    clock.goes_on(seconds=5)

    supervisor.opens("/console/wallboard")

    (row,) = supervisor.page.xpath("//table//tbody/tr")
    assert [cell.text_content() for cell in row] == ["7:00\u202fAM", "1", "0", "0"]


@pytest.mark.parametrize(
    ("now", "hours"),
    [(datetime(2027, 3, 15, 3, 30, tzinfo=UTC), 23), (datetime(2026, 11, 2, 4, 30, tzinfo=UTC), 25)],
)
def test_last_hour_of_such_a_day_is_in_the_picture_too(
    staff: Any, database: Database, clock: Clock, now: datetime, hours: int
) -> None:
    supervisor = _looks_at(staff, database, clock, now)

    (bar, *_others) = supervisor.page.xpath("//svg//rect")
    assert float(bar.get("x")) == pytest.approx(720 - WIDE / hours, abs=4)
    marks = supervisor.page.xpath("(//svg)[1]//text[contains(@class, 'bars-hour')]")
    (last,) = [mark for mark in marks if mark.text == "21"]
    assert float(last.get("x")) == pytest.approx(720 - 2.5 * WIDE / hours, abs=1)


def test_thirty_callbacks_take_as_many_statements_as_three(
    supervisor: Member, database: Database, clock: Clock
) -> None:
    def looks(callbacks: int) -> int:
        with database.transaction() as session:
            for _ in range(callbacks):
                make_callback(session, requested_at=clock())
        clock.goes_on(seconds=5)
        with sent_statements(database) as statements:
            supervisor.opens("/console/wallboard")
        return len(statements)

    assert looks(3) == looks(30)


def test_bars_are_as_high_as_their_numbers() -> None:
    bars = draw([2, 4, 0], [1, 1, 0], places=24)

    first, second = bars.series
    assert first[0].height * 2 == first[1].height
    assert first[1].y + first[1].height == bars.base < HEIGHT
    assert first[0].x + first[0].width <= second[0].x
    assert not bars.is_empty
    assert draw([0, 0], places=24).is_empty


@pytest.mark.parametrize(
    ("top", "numbers"),
    [(0, [0, 1]), (1, [0, 1]), (4, [0, 1, 2, 3, 4]), (7, [0, 2, 4, 6, 8]), (37, [0, 10, 20, 30, 40])],
)
def test_axis_has_a_few_round_numbers_up_to_the_highest_bar(top: int, numbers: list[int]) -> None:
    bars = draw([top, 0], places=24)

    assert [number for number, _ in bars.ticks] == numbers
    # Each number is as high as a bar of that number.
    assert dict(bars.ticks)[0] == bars.base
    assert bars.ticks[-1][1] <= bars.series[0][0].y


def test_lengths_of_time_are_short() -> None:
    lengths = [
        None,
        timedelta(seconds=45),
        timedelta(minutes=12),
        timedelta(hours=3, minutes=5),
        timedelta(days=3),
    ]

    assert [short(one) for one in lengths] == ["–", "45 s", "12 min", "3 h 05 min", "3 d 0 h"]
