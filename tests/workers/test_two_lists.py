"""Two lists take turns (R36): pranks do not starve verified callers, nor these the frightened unverified."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from config.office import Office
from models import Callback, Phone, Staff
from models.calls.two_lists import PLACES, is_verified, take_turns
from models.overview.listing import list_callbacks
from models.store.database import Database
from tests.callback_desk import CallbackDesk
from tests.factories import make_call, make_callback, make_case, make_staff

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def desk(database: Database, office: Office, now: datetime) -> CallbackDesk:
    desk = CallbackDesk(database, office, now)
    with database.transaction() as session:
        make_staff(session)
    return desk


def _asks(desk: CallbackDesk, verified: bool = True, phone: str = "+12025550110", **facts: object) -> int:
    with desk.database.transaction() as session:
        case = make_case(session) if verified else None
        return make_callback(session, case, phone=phone, **facts).id  # type: ignore[arg-type]


def _offered(desk: CallbackDesk, times: int) -> list[int]:
    """Whom one liaison is offered, one after another; each offer is settled before the next."""
    found = []
    for _ in range(times):
        desk.sweeps(seconds=2)
        desk.works_off()
        (row,) = desk.rows(Callback, Callback.state == "ringing_liaison")
        found.append(row.id)
        desk.hangs_up(desk.carrier.placed[-1], "canceled")
        with desk.database.transaction() as session:
            session.get_one(Callback, row.id).state = "cancelled"
    return found


def test_a_frightened_caller_without_a_pin_is_called_before_verified_ones_due_tomorrow(
    desk: CallbackDesk,
) -> None:
    tomorrow = [_asks(desk, due_at=desk.now + DAY) for _ in range(3)]
    afraid = _asks(desk, verified=False, urgency="urgent", reason="afraid", due_at=desk.now + 2 * MINUTE)
    assert _offered(desk, 4) == [afraid, *tomorrow]


@pytest.mark.parametrize("verified", [True, False])
def test_a_promise_that_is_due_within_fifteen_minutes_counts_as_urgent(
    desk: CallbackDesk, verified: bool
) -> None:
    urgent = _asks(desk, urgency="urgent", due_at=desk.now + 40 * MINUTE)
    soon = _asks(desk, verified=verified, due_at=desk.now + 14 * MINUTE)
    later = _asks(desk, due_at=desk.now + 30 * MINUTE)
    assert _offered(desk, 3) == [soon, urgent, later]


def test_phone_of_a_closed_case_is_called_in_the_place_of_any_confirmed_phone(desk: CallbackDesk) -> None:
    with desk.database.transaction() as session:
        make_case(session, phone="+12025550112", closed_at=desk.now)
    other = _asks(desk, verified=False)
    of_closed = _asks(desk, verified=False, phone="+12025550112", due_at=desk.now + 2 * DAY)
    assert _offered(desk, 2) == [of_closed, other]


def test_five_hundred_pranks_do_not_starve_verified_callers(desk: CallbackDesk) -> None:
    with desk.database.transaction() as session:
        pranks = {
            make_callback(
                session, phone="+12025550111", urgency="urgent", reason="afraid", due_at=desk.now + MINUTE
            ).id
            for _ in range(500)
        }
    verified = [_asks(desk, due_at=desk.now + DAY) for _ in range(4)]
    found = _offered(desk, 8)
    assert [one for one in found if one not in pranks] == verified
    for four in zip(found, found[1:], found[2:], found[3:], strict=False):
        assert sum(one in pranks for one in four) == 2


def test_verified_callers_do_not_starve_a_frightened_one_without_a_pin(desk: CallbackDesk) -> None:
    for _ in range(12):
        _asks(desk, urgency="urgent", due_at=desk.now + MINUTE)
    locked_out = _asks(
        desk, verified=False, urgency="urgent", reason="lockout", due_at=desk.now + 50 * MINUTE
    )
    ordinary = _asks(desk, verified=False, due_at=desk.now + DAY)
    found = _offered(desk, 8)
    assert (found.index(locked_out), found.index(ordinary)) == (3, 7)


def test_offers_of_the_evening_before_put_no_prank_ahead_of_an_urgent_verified_caller(
    desk: CallbackDesk,
) -> None:
    for _ in range(3):
        _asks(desk, due_at=desk.now + DAY)
    _offered(desk, 3)
    desk.now += timedelta(hours=16)
    prank = _asks(desk, verified=False, due_at=desk.now + DAY, next_attempt_at=desk.now)
    urgent = _asks(desk, urgency="urgent", due_at=desk.now + 5 * MINUTE, next_attempt_at=desk.now)

    assert _offered(desk, 2) == [urgent, prank]


def test_the_phone_of_a_case_goes_first_and_a_doubted_caller_id_last(desk: CallbackDesk) -> None:
    doubted = {"verified": False, "urgency": "urgent", "due_at": desk.now + MINUTE}
    with desk.database.transaction() as session:
        make_case(session, phone="+12025550120")
        faked = make_call(session, phone="+12025550120", caller_id_doubted=True).id
        honest = make_call(session, phone="+12025550120").id
        session.scalars(select(Phone)).one().confirmed_at = desk.now - DAY
    last = _asks(desk, phone="+12025550120", requested_in_call_id=faked, **doubted)
    middle = _asks(desk, phone="+12025550121", **doubted)
    first = _asks(desk, phone="+12025550120", requested_in_call_id=honest, **doubted)
    assert _offered(desk, 3) == [first, middle, last]


def test_the_console_lists_callbacks_in_the_order_in_which_they_are_offered(desk: CallbackDesk) -> None:
    with desk.database.transaction() as session:
        session.scalars(select(Staff)).one().on_shift = False
    for number in range(3):
        _asks(desk, due_at=desk.now + DAY + number * MINUTE)
        _asks(desk, verified=False, urgency="urgent", due_at=desk.now + (20 + number) * MINUTE)
    left = _asks(
        desk, urgency="urgent", due_at=desk.now + 30 * MINUTE, state="left_for_staff", outcome="unknown",
        closed_at=desk.now, place=0,
    )  # fmt: skip
    desk.sweeps()
    with desk.database.reading() as session:
        rows = list_callbacks(session, "due", 0, desk.now, soon=15 * MINUTE).rows
    listed = [row.id for row in rows]
    assert [(row.verified, row.urgency) for row in rows] == [
        (False, "urgent"), (False, "urgent"), (True, "urgent"), (True, "other"), (False, "urgent"),
        (True, "other"), (True, "other"),
    ]  # fmt: skip
    assert listed[2] == left, "what needs attention is at its place and not below less urgent ones"
    with desk.database.transaction() as session:
        session.scalars(select(Staff)).one().on_shift = True
    desk.now += timedelta(seconds=1)
    assert _offered(desk, 6)[:2] == listed[:2]


class _Row:
    def __init__(self, number: int, place: int, minutes: int) -> None:
        self.id, self.place = number, place
        self.due_at = datetime.fromisoformat("2026-11-25T15:00:00+00:00") + minutes * MINUTE

    def __repr__(self) -> str:
        return f"{self.place}@{self.due_at:%H:%M}"


@given(
    st.lists(st.tuples(st.sampled_from(PLACES), st.integers(0, 100)), max_size=60),
    st.lists(st.booleans(), max_size=3),
)
def test_in_any_four_offers_each_list_has_its_share_while_it_waits(
    waiting: list[tuple[int, int]], before: list[bool]
) -> None:
    rows = [_Row(number, place, minutes) for number, (place, minutes) in enumerate(waiting)]
    soon = datetime.fromisoformat("2026-11-25T15:15:00+00:00")
    order = list(take_turns(rows, before, soon))
    assert sorted(row.id for row in order) == [row.id for row in rows]
    turns = [*before, *(is_verified(row) for row in order)]
    for at in range(max(3, len(before)), len(turns)):
        rest = [is_verified(row) for row in order[at - len(before) :]]
        four = turns[at - 3 : at + 1]
        if any(rest) and not four[-1]:
            assert four.count(False) <= 2
        if not all(rest):
            assert False in four
