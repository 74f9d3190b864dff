"""Two lists take turns (R36): pranks do not starve verified callers, nor these the frightened unverified."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from config.office import Office
from models import Callback, Phone, Staff
from models.calls.two_lists import RANKS, interleave, is_verified
from models.overview.work_list import Reader, work_list
from models.store.database import Database
from tests.call_center import CallCenter
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import make_call, make_callback, make_case, make_staff

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def call_center(database: Database, office: Office, now: datetime) -> CallCenter:
    call_center = CallCenter(database, office, now)
    with database.transaction() as session:
        make_staff(session)
    return call_center


def _asks(
    call_center: CallCenter, verified: bool = True, phone: str = "+12025550110", **facts: object
) -> int:
    with call_center.database.transaction() as session:
        case = make_case(session) if verified else None
        return make_callback(session, case, phone=phone, **facts).id  # type: ignore[arg-type]


def _offered(call_center: CallCenter, times: int) -> list[int]:
    """The callers whom one liaison is offered, one after another; each offer is settled before the next."""
    found = []
    for _ in range(times):
        call_center.sweeps(seconds=2)
        call_center.works_off()
        (row,) = call_center.rows(Callback, Callback.state == "ringing_liaison")
        found.append(row.id)
        call_center.hangs_up(call_center.carrier.placed[-1], "canceled")
        with call_center.database.transaction() as session:
            session.get_one(Callback, row.id).state = "cancelled"
    return found


def test_frightened_caller_without_a_pin_is_called_before_verified_ones_due_tomorrow(
    call_center: CallCenter,
) -> None:
    tomorrow = [_asks(call_center, due_at=call_center.now + DAY) for _ in range(3)]
    afraid = _asks(
        call_center, verified=False, urgency="urgent", reason="afraid", due_at=call_center.now + 2 * MINUTE
    )
    assert _offered(call_center, 4) == [afraid, *tomorrow]


@pytest.mark.parametrize("verified", [True, False])
def test_promise_that_is_due_within_fifteen_minutes_counts_as_urgent(
    call_center: CallCenter, verified: bool
) -> None:
    urgent = _asks(call_center, urgency="urgent", due_at=call_center.now + 40 * MINUTE)
    soon = _asks(call_center, verified=verified, due_at=call_center.now + 14 * MINUTE)
    later = _asks(call_center, due_at=call_center.now + 30 * MINUTE)
    assert _offered(call_center, 3) == [soon, urgent, later]


def test_phone_of_a_closed_case_is_called_in_the_place_of_any_confirmed_phone(
    call_center: CallCenter,
) -> None:
    with call_center.database.transaction() as session:
        make_case(session, phone="+12025550112", closed_at=call_center.now)
    other = _asks(call_center, verified=False)
    of_closed = _asks(call_center, verified=False, phone="+12025550112", due_at=call_center.now + 2 * DAY)
    assert _offered(call_center, 2) == [of_closed, other]


@ON_SQLITE
def test_hundred_pranks_do_not_starve_verified_callers(call_center: CallCenter) -> None:
    with call_center.database.transaction() as session:
        pranks = {
            make_callback(
                session,
                phone="+12025550111",
                urgency="urgent",
                reason="afraid",
                due_at=call_center.now + MINUTE,
            ).id
            for _ in range(100)
        }
    verified = [_asks(call_center, due_at=call_center.now + DAY) for _ in range(4)]
    found = _offered(call_center, 8)
    assert [one for one in found if one not in pranks] == verified
    for four in zip(found, found[1:], found[2:], found[3:], strict=False):
        assert sum(one in pranks for one in four) == 2


@ON_SQLITE
def test_verified_callers_do_not_starve_a_frightened_one_without_a_pin(call_center: CallCenter) -> None:
    for _ in range(12):
        _asks(call_center, urgency="urgent", due_at=call_center.now + MINUTE)
    locked_out = _asks(
        call_center, verified=False, urgency="urgent", reason="lockout", due_at=call_center.now + 50 * MINUTE
    )
    ordinary = _asks(call_center, verified=False, due_at=call_center.now + DAY)
    found = _offered(call_center, 8)
    assert (found.index(locked_out), found.index(ordinary)) == (3, 7)


def test_offers_of_the_evening_before_put_no_prank_ahead_of_an_urgent_verified_caller(
    call_center: CallCenter,
) -> None:
    for _ in range(3):
        _asks(call_center, due_at=call_center.now + DAY)
    _offered(call_center, 3)
    call_center.now += timedelta(hours=16)
    prank = _asks(call_center, verified=False, due_at=call_center.now + DAY, next_attempt_at=call_center.now)
    urgent = _asks(
        call_center, urgency="urgent", due_at=call_center.now + 5 * MINUTE, next_attempt_at=call_center.now
    )

    assert _offered(call_center, 2) == [urgent, prank]


def test_phone_of_a_case_goes_first_and_a_doubted_caller_id_last(call_center: CallCenter) -> None:
    doubted = {"verified": False, "urgency": "urgent", "due_at": call_center.now + MINUTE}
    with call_center.database.transaction() as session:
        make_case(session, phone="+12025550120")
        faked = make_call(session, phone="+12025550120", caller_id_doubted=True).id
        honest = make_call(session, phone="+12025550120").id
        session.scalars(select(Phone)).one().confirmed_at = call_center.now - DAY
    last = _asks(call_center, phone="+12025550120", requested_in_call_id=faked, **doubted)
    middle = _asks(call_center, phone="+12025550121", **doubted)
    first = _asks(call_center, phone="+12025550120", requested_in_call_id=honest, **doubted)
    assert _offered(call_center, 3) == [first, middle, last]


@ON_SQLITE
def test_forty_whose_part_of_the_day_has_ended_keep_no_liaison_from_one_who_is_afraid(
    call_center: CallCenter,
) -> None:
    """At noon the liaison stayed idle for 82 seconds, and the list said "Waiting" of all the mornings."""
    now = call_center.now
    morning = {"window_starts": now - 4 * HOUR, "window_ends": now - MINUTE, "due_at": now - MINUTE}
    mornings = [_asks(call_center, rank=1, **morning) for _ in range(40)]
    second_day = {"window_starts": now - 25 * HOUR, "window_ends": now - 23 * HOUR}
    again = _asks(call_center, rank=1, due_at=now - 23 * HOUR, **second_day)
    afraid = _asks(call_center, urgency="urgent", reason="afraid", rank=0, due_at=now + 10 * MINUTE)

    assert _offered(call_center, 2) == [again, afraid]

    rows = call_center.rows(Callback, Callback.id.in_(mornings))
    assert {(row.rank, row.next_attempt_at) for row in rows} == {(None, now + 20 * HOUR)}


@ON_BOTH
def test_console_lists_callbacks_in_the_order_in_which_they_are_offered(call_center: CallCenter) -> None:
    with call_center.database.transaction() as session:
        session.scalars(select(Staff)).one().on_shift = False
    for number in range(3):
        _asks(call_center, due_at=call_center.now + DAY + number * MINUTE)
        _asks(call_center, verified=False, urgency="urgent", due_at=call_center.now + (20 + number) * MINUTE)
    left = _asks(
        call_center, urgency="urgent", due_at=call_center.now + 30 * MINUTE,
        state="left_for_staff", outcome="unknown",
        closed_at=call_center.now, rank=0,
    )  # fmt: skip
    call_center.sweeps()
    with call_center.database.reading() as session:
        rows = work_list(
            session, Reader(0, ("en",), call_center.now), (), call_center.now, soon=15 * MINUTE,
            lines=call_center.office.lines, discreet=(),
        ).rows  # fmt: skip
    listed = [row.id for row in rows]
    assert [(row.verified, row.urgency) for row in rows] == [
        (False, "urgent"), (False, "urgent"), (True, "urgent"), (True, "other"), (False, "urgent"),
        (True, "other"), (True, "other"),
    ]  # fmt: skip
    assert listed[2] == left, "what needs attention is at its place and not below less urgent ones"
    with call_center.database.transaction() as session:
        session.scalars(select(Staff)).one().on_shift = True
    call_center.now += timedelta(seconds=1)
    assert _offered(call_center, 6)[:2] == listed[:2]


class _Row:
    def __init__(self, number: int, rank: int, minutes: int) -> None:
        self.id, self.rank = number, rank
        self.due_at = datetime.fromisoformat("2026-11-25T15:00:00+00:00") + minutes * MINUTE

    @property
    def requested_at(self) -> datetime:
        return self.due_at

    def __repr__(self) -> str:
        return f"{self.rank}@{self.due_at:%H:%M}"


@given(
    st.lists(st.tuples(st.sampled_from(RANKS), st.integers(0, 100)), max_size=60),
    st.lists(st.booleans(), max_size=3),
)
def test_each_list_has_its_share_of_any_four_offers_while_it_waits(
    waiting: list[tuple[int, int]], before: list[bool]
) -> None:
    rows = [_Row(number, rank, minutes) for number, (rank, minutes) in enumerate(waiting)]
    soon = datetime.fromisoformat("2026-11-25T15:15:00+00:00")
    order = list(interleave(rows, before, soon))
    assert sorted(row.id for row in order) == [row.id for row in rows]
    turns = [*before, *(is_verified(row) for row in order)]
    for at in range(max(3, len(before)), len(turns)):
        rest = [is_verified(row) for row in order[at - len(before) :]]
        four = turns[at - 3 : at + 1]
        if any(rest) and not four[-1]:
            assert four.count(False) <= 2
        if not all(rest):
            assert False in four
