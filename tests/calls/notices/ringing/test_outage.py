"""The line could call nobody for more than a day: news that is urgent rings once it can (R28, R39)."""

from collections.abc import Callable

import pytest

from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import FIRST, Registered, misses, sweeps, the_notice
from tests.conftest import ON_SQLITE
from tests.phone import Phone

Registering = Callable[..., Registered]


def is_refused_for(hotline: Hotline, hours: int) -> None:
    """The carrier refuses the account, and then no more."""
    hotline.carrier.refuses_calls = 20003
    for _ in range(hours):
        assert sweeps(hotline, minutes=60) == []
    hotline.carrier.refuses_calls = None


@ON_SQLITE
@pytest.mark.parametrize(
    ("kind", "outage"),
    [
        ("escaped", "the account is refused"),
        ("released", "the account is refused"),
        ("released", "nothing runs"),
    ],
)
def test_person_is_called_about_an_escape_after_a_day_without_the_carrier_or_the_line(
    phone: Phone, registered: Registering, hotline: Hotline, kind: str, outage: str
) -> None:
    registered(kind, cap=99).is_due(kind)
    if outage == "nothing runs":
        hotline.clock.passes(hours=26)
    else:
        is_refused_for(hotline, 26)

    rung = 0
    for _ in range(30):
        if FIRST in sweeps(hotline, minutes=10):
            rung += 1
            misses(phone, hotline)
    assert rung >= 6
    assert the_notice(hotline).state == "waiting"
