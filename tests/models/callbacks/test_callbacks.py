"""A callback as a promise: who may ask, what asking again does, and which moves its state allows."""

import itertools
import secrets
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.office import Office
from models import Call, Callback
from models.callbacks import callback as callbacks
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.callback_request import Promise, request_callback
from models.callbacks.callback_state import FINAL_STATES, MOVERS, MOVES, STATES
from models.callbacks.unverified_request import request_without_pin
from models.calls.call_state import CallState
from models.store.database import Database, keyring_of
from tests.call_center import CallCenter
from tests.factories import MadeCase, make_call, make_callback, make_case, make_office
from workers.office_rules import callback_policy_of

PHONE = "+12025550123"
OTHER = "+12025550124"


class Asker:
    """A caller who asks the list for callbacks."""

    def __init__(
        self, call_center: CallCenter, phone: str | None = PHONE, case: MadeCase | None = None
    ) -> None:
        self.call_center, self.case = call_center, case
        with call_center.database.transaction() as session:
            call: Call = make_call(
                session, phone=phone, leg_id=secrets.token_hex(16), case_id=case and case.id
            )
        self.call: CallState = call_center.leg(str(call.leg_id))

    def asks(self, number: str = PHONE, urgency: str = "other", **facts: Any) -> Callback | None:
        now = self.call_center.now
        given = {
            "due_at": now + timedelta(hours=24), "next_attempt_at": now, "time_zone": "America/New_York",
            **facts,
        }  # fmt: skip
        with self.call_center.database.transaction() as session:
            if self.case is not None:
                return request_callback(
                    session, call=self.call, number=number, urgency=urgency, reason="asked", now=now,
                    policy=self.call_center.policy, **given,
                )  # fmt: skip
            promise = Promise(
                number=number, urgency=urgency, reason="asked", verified=False, language="en",
                requested_at=now, call_id=self.call.id, **given,
            )  # fmt: skip
            made = request_without_pin(
                session, self.call, promise, now, a_day=2, policy=self.call_center.policy
            )
            return None if made is None else session.get_one(Callback, made)


@pytest.fixture
def call_center(database: Database, office: Office, now: datetime) -> CallCenter:
    return CallCenter(database, office, now)


@pytest.fixture
def case(call_center: CallCenter) -> MadeCase:
    with call_center.database.transaction() as session:
        return make_case(session)


def test_verified_caller_is_promised_a_callback_to_any_number(
    call_center: CallCenter, case: MadeCase
) -> None:
    found = Asker(call_center, case=case).asks(OTHER)
    assert found is not None
    row = call_center.callback()
    assert (row.id, row.state, row.case_id, row.verified) == (found.id, "requested", case.id, True)
    assert (row.voicemail_allowed, row.may_answer) == (False, "only_me")
    with call_center.database.reading() as session:
        assert keyring_of(session).unseal("callback.number", row.number_sealed) == OTHER
    assert OTHER not in row.number_sealed


def test_asking_again_keeps_the_place_and_can_only_bring_the_call_nearer(
    call_center: CallCenter, case: MadeCase
) -> None:
    first = Asker(call_center, case=case).asks()
    assert first is not None
    call_center.now += timedelta(hours=1)
    again = Asker(call_center, case=case).asks(urgency="urgent", due_at=call_center.now + timedelta(hours=1))
    assert again is not None
    assert again.id == first.id
    row = call_center.callback()
    assert row.requested_at == call_center.now - timedelta(hours=1)
    assert (row.urgency, row.due_at) == ("urgent", call_center.now + timedelta(hours=1))
    assert row.next_attempt_at == row.requested_at
    Asker(call_center, case=case).asks(due_at=call_center.now + timedelta(hours=40))
    assert call_center.callback().urgency == "urgent"
    assert call_center.callback().due_at == call_center.now + timedelta(hours=1)


def test_window_that_the_caller_chooses_moves_the_open_callback(
    call_center: CallCenter, case: MadeCase
) -> None:
    Asker(call_center, case=case).asks()
    window = (call_center.now + timedelta(hours=20), call_center.now + timedelta(hours=24))
    Asker(call_center, case=case).asks(window=window, next_attempt_at=window[0], due_at=window[1])
    row = call_center.callback()
    assert (row.window_starts, row.window_ends) == window
    assert (row.next_attempt_at, row.due_at) == window


def test_callback_that_is_being_made_takes_no_other_time_by_asking_again(
    call_center: CallCenter, case: MadeCase
) -> None:
    with call_center.database.transaction() as session:
        made = make_callback(session, case, state="ringing_liaison")
    window = (call_center.now + timedelta(hours=3), call_center.now + timedelta(hours=5))
    found = Asker(call_center, case=case).asks(window=window, next_attempt_at=window[0], due_at=window[1])
    assert found is not None
    row = call_center.callback()
    assert (row.id, row.state, row.window_starts, row.urgency) == (made.id, "ringing_liaison", None, "other")
    assert row.due_at == made.due_at


def test_callback_that_is_being_made_becomes_urgent_once_its_person_is_afraid(
    call_center: CallCenter, case: MadeCase
) -> None:
    # The liaison may not come, and the next round must not be that of a callback that can wait (R36).
    with call_center.database.transaction() as session:
        made = make_callback(session, case, state="ringing_liaison")
    found = Asker(call_center, case=case).asks(urgency="urgent")
    assert found is not None
    row = call_center.callback()
    assert (row.id, row.state, row.urgency, row.rank) == (made.id, "ringing_liaison", "urgent", None)


def test_case_whose_callback_is_over_may_ask_for_another(call_center: CallCenter, case: MadeCase) -> None:
    with call_center.database.transaction() as session:
        make_callback(session, case, state="reached")
    assert Asker(call_center, case=case).asks() is not None
    assert len(call_center.rows(Callback)) == 2


def test_unverified_caller_is_called_at_the_calling_phone_only(call_center: CallCenter) -> None:
    assert Asker(call_center).asks(OTHER) is None
    assert Asker(call_center, phone=None).asks() is None
    assert Asker(call_center).asks() is not None
    assert call_center.callback().case_id is None


def test_unverified_phone_has_one_open_callback_and_two_a_day(call_center: CallCenter) -> None:
    first, again = Asker(call_center).asks(), Asker(call_center).asks()
    assert first is not None
    assert again is not None
    assert first.id == again.id
    for _ in range(2):
        for row in call_center.rows(Callback, Callback.state == "requested"):
            with call_center.database.transaction() as session:
                assert callbacks.cancel_callback(session, row.id, call_center.now)
        # No two are requested at the same moment.
        call_center.now += timedelta(minutes=1)
        Asker(call_center).asks()
    assert len(call_center.rows(Callback)) == 2
    assert Asker(call_center).asks() is None
    call_center.now += timedelta(hours=24, minutes=1)
    assert Asker(call_center).asks() is not None


def test_unverified_caller_is_not_told_of_a_verified_callback_to_the_phone(
    call_center: CallCenter, case: MadeCase
) -> None:
    verified = Asker(call_center, case=case).asks()
    unverified = Asker(call_center).asks()
    assert verified is not None
    assert unverified is not None
    assert verified.id != unverified.id


@pytest.mark.parametrize("state", STATES)
def test_callback_can_be_cancelled_until_the_caller_is_rung(
    call_center: CallCenter, case: MadeCase, state: str
) -> None:
    with call_center.database.transaction() as session:
        made = make_callback(session, case, state=state)
    with call_center.database.transaction() as session:
        canceled = callbacks.cancel_callback(session, made.id, call_center.now)
    assert canceled == (state in ("requested", "claimed", "ringing_liaison"))
    assert call_center.state() == ("cancelled" if canceled else state)
    assert call_center.audited()[1:] == (["cancel_callback"] if canceled else [])


def test_callback_is_moved_only_while_nobody_has_it(call_center: CallCenter, case: MadeCase) -> None:
    with call_center.database.transaction() as session:
        made = make_callback(session, case)
    later = call_center.now + timedelta(hours=3)
    for state, expected in (("requested", True), ("claimed", False)):
        with call_center.database.transaction() as session:
            session.get_one(Callback, made.id).state = state
        with call_center.database.transaction() as session:
            moved = callbacks.move_callback(
                session, made.id, next_attempt_at=later, due_at=later, now=call_center.now
            )
        assert moved == expected
    assert call_center.callback().due_at == later


def test_row_moves_only_as_the_table_says(call_center: CallCenter) -> None:
    for move, state in itertools.product(MOVES, STATES):
        mover = MOVES[move].movers[0]
        with call_center.database.transaction() as session:
            made = make_callback(session, state=state)
        with call_center.database.transaction() as session:
            moved = callbacks.advance(session, made.id, move, actor=mover, now=call_center.now)
        (row,) = call_center.rows(Callback, Callback.id == made.id)
        assert moved == (state in MOVES[move].before)
        assert row.state == (MOVES[move].after if moved else state)


def test_what_was_left_is_only_kept_or_closed_and_only_movers_of_the_table_move(
    call_center: CallCenter, case: MadeCase
) -> None:
    for move, state, mover in itertools.product(MOVES, FINAL_STATES, MOVERS):
        # A worker gives it to the liaison who knows of a use of the duress PIN, and calls nobody (R10).
        of_left = {("take_up", one) for one in ("staff", "worker")} | {
            ("close_left", one) for one in ("staff", "sweeper", "caller")
        }
        may_move = state in MOVES[move].before and mover in MOVES[move].movers
        assert may_move == (state == "left_for_staff" and (move, mover) in of_left)
    with call_center.database.transaction() as session:
        made = make_callback(session, case)
        with pytest.raises(ValueError, match="not one that carrier may make"):
            callbacks.advance(session, made.id, "claim", actor="carrier", now=call_center.now)


def _policy(**changes: object) -> CallbackPolicy:
    return callback_policy_of(make_office(always_open=False, **changes))


@given(
    at=st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    zone=st.sampled_from(
        ["America/New_York", "America/Los_Angeles", "Pacific/Honolulu", "Asia/Kolkata", "Pacific/Apia", "UTC"]
    ),
)
def test_calling_window_is_daytime_where_the_phone_is(at: datetime, zone: str) -> None:
    window = _policy().calling_window(at, zone)
    local = window.astimezone(ZoneInfo(zone))

    assert window >= at
    assert time(8) <= local.time() < time(21)
    assert window == at or local.time() == time(8)
    assert window - at < timedelta(hours=13)


def test_calling_window_is_open_at_night_in_an_office_that_is_always_open() -> None:
    night = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)

    assert callback_policy_of(make_office()).calling_window(night, "America/New_York") == night


def _wanting(starts: datetime | None, ends: datetime | None, urgency: str = "other") -> Callback:
    return Callback(urgency=urgency, time_zone="America/New_York", window_starts=starts, window_ends=ends)


def test_window_in_the_afternoon_repeats_each_day_at_the_persons_own_hour() -> None:
    starts, ends = (datetime(2026, 10, 30, hour, tzinfo=UTC) for hour in (16, 19))  # Noon to three.
    wanting = _wanting(starts, ends)
    asked = datetime(2026, 11, 2, 14, tzinfo=UTC)
    # Clocks went back on November 1: noon is an hour later in UTC.
    assert _policy().next_moment(wanting, asked) == datetime(2026, 11, 2, 17, tzinfo=UTC)
    inside = datetime(2026, 11, 2, 18, 30, tzinfo=UTC)
    assert _policy().next_moment(wanting, inside) == inside
    after = datetime(2026, 11, 2, 21, tzinfo=UTC)
    assert _policy().next_moment(wanting, after) == datetime(2026, 11, 3, 17, tzinfo=UTC)


@given(
    at=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    days=st.integers(-5, 5),
    begins=st.integers(0, 23),
    hours=st.integers(1, 12),
)
def test_nobody_is_rung_outside_the_permitted_hours(at: datetime, days: int, begins: int, hours: int) -> None:
    starts = at.replace(hour=begins) + timedelta(days=days)
    policy = _policy()
    for wanting in (_wanting(None, None), _wanting(starts, starts + timedelta(hours=hours))):
        moment = policy.next_moment(wanting, at)
        assert moment >= at
        assert policy.calling_window(moment, "America/New_York") == moment
    assert policy.next_moment(_wanting(None, None, "urgent"), at) == at
