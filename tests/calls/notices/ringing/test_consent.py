"""No phone rings, and none is texted, outside what its person has agreed to (R09, R28, R33)."""

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models import Notice, Registration
from models import Phone as PhoneRow
from models.cases.registrant import Consent
from models.store.database import keyring_of
from tests import factories
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import FIRST, Registered, sweeps
from tests.calls.notices.test_texting import TEXT
from tests.factories import MadeCase

Registering = Callable[..., Registered]
#: Each state of a phone, and of what was agreed for it. The first alone may ring.
CONFIRMED, SAFE, HEARD, HELD = (True, False), (True, False), (True, False), (False, True)
AGREED = ("this", "none", "callbacks", "withdrawn", "the other case", "texts")


def number(place: int) -> str:
    """A number for each phone, in two areas; the first ones are the office's own."""
    return f"+1{212 + 100 * (place // 60)}55501{place % 60 + 40:02}"


def consents(agreed: str, made: Registered, other_id: int, now: datetime) -> list[Consent]:
    given: dict[str, Any] = {"words": "Yes.", "cap_per_day": 9, "granted_at": now}
    this = {"registration_id": made.registration_id, "channel": "voice"}
    facts: dict[str, list[dict[str, Any]]] = {
        "this": [this],
        "none": [],
        "callbacks": [{"channel": "voice"}],
        "withdrawn": [{**this, "withdrawn_at": now}],
        "the other case": [{"registration_id": other_id, "channel": "voice"}],
        "texts": [{**this, "channel": "text"}],
    }
    return [Consent(**given, **one) for one in facts[agreed]]


def test_only_a_confirmed_safe_phone_with_a_consent_for_this_case_rings(
    registered: Registering, hotline: Hotline, make_case: Callable[..., MadeCase]
) -> None:
    made, now = registered("escaped"), hotline.clock.now
    with hotline.database.transaction() as session:
        keyring, owner = keyring_of(session), made.case.registrant_id
        other = make_case(custody_status="in_custody")
        other_id = factories.make_registration(session, other).id
        for row in session.scalars(select(PhoneRow).where(PhoneRow.registrant_id == owner)):
            row.stopped_at = now
        states = list(itertools.product(CONFIRMED, SAFE, HEARD, HELD, AGREED))
        for place, (is_confirmed, is_safe, is_heard, is_held, agreed) in enumerate(states):
            session.add(
                PhoneRow(
                    registrant_id=owner, position=place + 2, phone_key=keyring.index("phone", number(place)),
                    number_sealed=keyring.seal("phone.number", number(place)),
                    confirmed_at=now if is_confirmed else None, unsafe_since=None if is_safe else now,
                    stopped_at=None if is_heard else now,
                    content_held_until=now + timedelta(hours=72) if is_held else None,
                    consents=consents(agreed, made, other_id, now),
                )
            )  # fmt: skip
    made.is_due("escaped")

    # An escape rings every phone that may ring, at once.
    assert sweeps(hotline) == [number(0)]
    assert {*sweeps(hotline, minutes=31), *sweeps(hotline, hours=20)} == {number(0)}
    assert hotline.carrier.texts == [(number(states.index((True, True, True, False, "texts"))), TEXT)]


@pytest.mark.parametrize(
    "state",
    [
        {"state": "stopped"},
        {"state": "paused", "paused_until": timedelta(days=3)},
        {"lapses_at": timedelta(0)},
    ],
)
def test_nothing_rings_once_the_calls_are_stopped_paused_or_lapsed(
    registered: Registering, hotline: Hotline, state: dict[str, Any]
) -> None:
    made = registered("escaped")
    made.is_due("escaped")
    values = {
        name: hotline.clock.now + value if isinstance(value, timedelta) else value
        for name, value in state.items()
    }
    made.changes(Registration, **values)

    assert FIRST not in [*sweeps(hotline), *sweeps(hotline, hours=1)]
    assert "confirmed" not in [one.state for one in hotline.rows(select(Notice))]
