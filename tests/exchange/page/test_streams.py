"""What pages are sent as it happens: in order, without gaps, and for a limited number of pages."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import pytest

from hotline.exchange.calls.feed import MOST_KEPT, Feed
from hotline.exchange.page.streams import MOST_STREAMS, Streams, TooManyStreamsError
from tests.exchange.small_exchange import Exchange, place

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


class Tab:
    """A page that follows the exchange over a connection of its own."""

    def __init__(self, exchange: Exchange, last_id: str | None = None) -> None:
        where = urlsplit(exchange.url)
        last_id = exchange.web.get("/exchange/state.json").json["id"] if last_id is None else last_id
        self._connection = HTTPConnection(where.hostname or "", where.port, timeout=10)
        self._connection.request("GET", "/exchange/events", headers={"Last-Event-ID": last_id})
        self.answer: HTTPResponse = self._connection.getresponse()

    def reads(self) -> dict[str, str]:
        """The next event, after what only keeps the connection open."""
        event: dict[str, str] = {}
        while True:
            line = self.answer.readline().decode().rstrip("\n")
            if not line and event:
                return event
            name, _, value = line.partition(": ")
            if line and not line.startswith(":"):
                event[name.rstrip(":")] = value

    def reads_until(self, kind: str) -> Any:
        while True:
            told = json.loads(self.reads()["data"])
            if told["kind"] == kind:
                return told

    def closes(self) -> None:
        self.answer.close()
        self._connection.close()


@pytest.fixture
def tabs() -> Iterator[list[Tab]]:
    opened: list[Tab] = []
    yield opened
    for tab in opened:
        tab.closes()


def test_twenty_tabs_see_the_same_while_the_exchange_works_as_before(
    exchange: Exchange, tabs: list[Tab]
) -> None:
    tabs += [Tab(exchange) for _ in range(20)]

    sid = place(exchange).sid

    assert [tab.reads_until("placed")["call"] for tab in tabs] == [sid] * 20
    assert exchange.act(sid, "answer")["state"] == "keys"
    heard = {json.dumps(tab.reads_until("transcript")["facts"]) for tab in tabs}
    assert len(heard) == 1
    assert "To accept, press 1." in heard.pop()


def test_streams_have_a_limit_and_a_page_that_leaves_gives_its_place_back() -> None:
    streams = Streams(Feed(lambda: NOW), most=2)
    last = streams.now()
    _, release_first = streams.open(last)
    streams.open(last)
    with pytest.raises(TooManyStreamsError):
        streams.open(last)

    release_first()
    release_first()

    streams.open(last)
    with pytest.raises(TooManyStreamsError):
        streams.open(last)


def test_one_page_too_many_is_told_to_come_back_and_holds_nothing(
    exchange: Exchange, tabs: list[Tab]
) -> None:
    tabs += [Tab(exchange) for _ in range(MOST_STREAMS)]

    refused = exchange.web.get("/exchange/events")

    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "5"
    assert exchange.web.get("/exchange/state.json").status_code == 200
    threads = threading.active_count()
    assert [exchange.web.get("/exchange/events").status_code for _ in range(50)] == [503] * 50
    assert threading.active_count() <= threads


def test_page_that_was_away_goes_on_where_it_was(exchange: Exchange, tabs: list[Tab]) -> None:
    tabs.append(Tab(exchange))
    sid = place(exchange).sid
    placed = tabs[0].reads()
    tabs[0].closes()
    exchange.act(sid, "answer")

    tabs.append(Tab(exchange, placed["id"]))

    numbers = [int(placed["id"].partition("-")[2])]
    for _ in range(4):
        numbers.append(int(tabs[1].reads()["id"].partition("-")[2]))
    assert numbers == list(range(numbers[0], numbers[0] + 5))


@pytest.mark.parametrize("last_id", ["", "another-1", "1", "nonsense", "-"])
def test_page_of_another_run_is_told_to_start_over(exchange: Exchange, tabs: list[Tab], last_id: str) -> None:
    tabs.append(Tab(exchange, last_id))

    assert tabs[0].reads()["event"] == "reset"


def test_page_that_was_away_too_long_is_told_to_start_over() -> None:
    feed = Feed(lambda: NOW)
    streams = Streams(feed)
    last = streams.now()
    for _ in range(MOST_KEPT + 1):
        feed.tell("status", "CA1", status="ringing")

    events, _ = streams.open(last)

    assert [next(events), next(events)] == [": live\n\n", "event: reset\ndata:\n\n"]
    assert next(events, None) is None


def test_page_that_has_left_is_noticed_even_if_nothing_happens() -> None:
    streams = Streams(Feed(lambda: NOW), heartbeat_seconds=0.01)
    events, _ = streams.open(streams.now())

    assert [next(events) for _ in range(3)] == [": live\n\n", ": still here\n\n", ": still here\n\n"]
