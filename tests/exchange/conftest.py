"""Fixtures of the exchange's own suite."""

from collections.abc import Iterator

import pytest

from tests.exchange.small_exchange import Exchange


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    """An exchange with one number, in front of the small line."""
    exchange = Exchange()
    yield exchange
    exchange.closes()
