"""The callback that a liaison is shown next: the first that they may claim and call now (R36)."""

import dataclasses
from datetime import datetime, timedelta
from typing import Any

import pytest

from models import Callback
from models.outcomes.next_callback import next_to_claim
from models.store.database import Database
from tests.call_center import CallCenter
from tests.factories import make_callback, make_case, make_office


@pytest.fixture
def call_center(database: Database, now: datetime) -> CallCenter:
    return CallCenter(database, make_office(), now)


def promised(call_center: CallCenter, **facts: Any) -> int:
    """A callback on the list, which may be called now."""
    now = call_center.now
    facts = {"rank": 1, "next_attempt_at": now, "due_at": now + timedelta(hours=4)} | facts
    with call_center.database.transaction() as session:
        return make_callback(session, make_case(session), **facts).id


def following(call_center: CallCenter, *languages: str) -> int | None:
    with call_center.database.reading() as session:
        return next_to_claim(session, languages or ("en", "es"), call_center.now, call_center.policy)


def test_urgent_callback_comes_before_an_earlier_one_that_is_not(call_center: CallCenter) -> None:
    promised(call_center, due_at=call_center.now + timedelta(hours=1))
    urgent = promised(call_center, urgency="urgent", rank=0, due_at=call_center.now + timedelta(hours=2))

    assert following(call_center) == urgent


def test_callback_that_somebody_has_or_that_is_not_due_yet_is_passed_over(call_center: CallCenter) -> None:
    promised(call_center, state="claimed", rank=None)
    promised(call_center, rank=None, next_attempt_at=call_center.now + timedelta(hours=1))
    assert following(call_center) is None

    free = promised(call_center)

    assert following(call_center) == free


def test_callback_whose_hours_are_over_is_passed_over(call_center: CallCenter) -> None:
    call_center.office = dataclasses.replace(call_center.office, always_open=False)
    promised(call_center, time_zone="Pacific/Guam", due_at=call_center.now + timedelta(minutes=1))
    open_now = promised(call_center)

    assert following(call_center) == open_now


def test_callback_that_needs_attention_is_never_next_since_somebody_has_to_read_why(
    call_center: CallCenter,
) -> None:
    left = {"state": "left_for_staff", "rank": 0, "closed_at": call_center.now}
    promised(call_center, outcome="not_safe", **left)
    promised(call_center, reason="to_supervisor", outcome="to_supervisor", **left)

    assert following(call_center) is None


def test_next_callback_is_in_a_language_that_the_liaison_speaks(call_center: CallCenter) -> None:
    promised(call_center, language="es", due_at=call_center.now + timedelta(hours=1))
    assert following(call_center, "en") is None

    theirs = promised(call_center, language="en")

    assert following(call_center, "en") == theirs


def test_looking_for_the_next_callback_claims_nothing(call_center: CallCenter) -> None:
    callback_id = promised(call_center)
    following(call_center)

    with call_center.database.reading() as session:
        row = session.get_one(Callback, callback_id)
        assert (row.state, row.staff_id) == ("requested", None)
