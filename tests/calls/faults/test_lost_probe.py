"""The carrier takes our calls again, and its answer to the first one is lost (R39)."""

import pytest

from models.calls.pacing import refusals
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import sweeps
from tests.calls.notices.ringing.test_refused_phone import (
    AFRAID,
    asks_for_a_callback,
    comes_on_shift,
    talks_to_the_afraid,
)
from tests.phone import Phone


@pytest.fixture
def lost(hotline: Hotline) -> Hotline:
    """The account was refused. The phone of a liaison rings now, but the carrier's answer was lost."""
    comes_on_shift(hotline)
    asks_for_a_callback(hotline, urgency="urgent", reason="afraid", phone=AFRAID)
    hotline.carrier.refuses_calls = 20003
    sweeps(hotline)
    hotline.carrier.refuses_calls = None
    hotline.carrier.loses_next_answer()
    sweeps(hotline, seconds=31)
    return hotline


def is_refused(hotline: Hotline) -> bool:
    with hotline.database.reading() as session:
        return bool(refusals(session))


def test_liaison_who_accepts_is_connected(phone: Phone, lost: Hotline) -> None:
    """They heard "We could not connect you now", every 30 s for as long as answers were lost."""
    lost.clock.passes(seconds=6)

    talks_to_the_afraid(phone, lost)

    assert not is_refused(lost)
