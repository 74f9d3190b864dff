"""Records of calls and texts at the carrier: they go with their rows, and what is kept is listed (R41)."""

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from config.logging import JsonLines
from config.settings import Settings
from models import (
    Call,
    Callback,
    CarrierRecord,
)
from models.audit import audit
from models.calls.pacing import open_breaker
from models.retention.carrier_record import KeptRecord, kept_records
from models.store.database import Database
from tests.exchange.small_exchange import CALLER, LINE, Exchange, place
from tests.exchange.small_line import ACCOUNT, TOKEN
from tests.factories import (
    make_call,
)
from tests.workers.purge.purged import (
    NIGHT,
    OLD,
    VICTIM,
    Records,
    chain_is_whole,
    count_rows,
    fill,
    purge,
)
from workers.carrier import Carrier, CarrierRefused, CarrierUnknown, ListedRecord


def test_record_that_the_carrier_keeps_is_listed_and_tried_again_by_the_next_purge(
    database: Database,
) -> None:
    fill(database, OLD)
    with database.reading() as session:
        sids = sorted(session.scalars(select(Call.call_sid)))
    carrier = Records()
    carrier.refuses[str(sids[1])] = CarrierRefused("refused", about="record", code=20409)

    for tries in (1, 2):
        purge(database, carrier, NIGHT + timedelta(days=tries))
        with database.reading() as session:
            assert kept_records(session) == [KeptRecord("call", str(sids[1]), tries, 20409)]
    carrier.refuses.clear()
    purge(database, carrier, NIGHT + timedelta(days=3))

    assert count_rows(database)["carrier_records"] == 0


@pytest.mark.parametrize(
    "fault",
    [
        CarrierRefused("no such account", about="account", code=20003),
        CarrierRefused("too many requests", about="pace", code=20429),
        CarrierRefused("not reached", about="connection"),
        CarrierUnknown("no answer"),
    ],
)
def test_carrier_that_does_not_serve_us_is_asked_once_and_again_by_the_next_purge(
    database: Database, fault: Exception
) -> None:
    fill(database, OLD)
    carrier = Records()
    carrier.fails = fault

    run = purge(database, carrier)

    assert len(carrier.asked) == 1
    assert run.stopped == str(fault)
    assert count_rows(database)["calls"] == 0
    assert count_rows(database)["carrier_records"] == 3
    # Another run within half a minute leaves the carrier alone.
    purge(database, carrier, NIGHT + timedelta(seconds=10))
    assert len(carrier.asked) == 1
    carrier.fails = None
    purge(database, carrier, NIGHT + timedelta(days=1))
    assert count_rows(database)["carrier_records"] == 0


def test_log_has_the_code_with_which_the_carrier_refused_a_purge(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    fill(database, OLD)
    carrier = Records()
    carrier.fails = CarrierRefused("no such account", about="account", code=20003)

    purge(database, carrier)

    (line,) = [
        json.loads(JsonLines("sweeper").format(one))
        for one in caplog.records
        if "stopped asking" in one.getMessage()
    ]
    assert (line["message"], line["carrier_code"]) == ("The purge stopped asking the carrier.", 20003)


def test_record_without_an_answer_does_not_hold_up_the_others(database: Database) -> None:
    fill(database, OLD)
    with database.reading() as session:
        first = str(min(filter(None, session.scalars(select(Call.call_sid)))))
    carrier = Records()
    carrier.refuses[first] = CarrierUnknown("The carrier failed (500).")

    for day in range(2):
        purge(database, carrier, NIGHT + timedelta(days=day))

    with database.reading() as session:
        assert kept_records(session) == [KeptRecord("call", first, 2, None)]


def test_carrier_is_left_alone_while_it_refuses_the_calls_of_the_office(database: Database) -> None:
    fill(database, OLD)
    with database.transaction() as session:
        open_breaker(session, "calls", 20003, NIGHT)
    carrier = Records()

    purge(database, carrier)

    assert carrier.asked == []
    assert count_rows(database)["carrier_records"] == 3


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    exchange = Exchange()
    yield exchange
    exchange.closes()


def test_purge_rehearsed_with_the_exchange_as_the_carrier(
    database: Database, settings: Settings, exchange: Exchange
) -> None:
    over, ringing, elsewhere = place(exchange), place(exchange), place(exchange)
    exchange.act(over.sid, "decline")
    exchange.act(elsewhere.sid, "decline")
    exchange.twilio.messages.create(to=CALLER, from_=LINE, body="The line has a message.")
    # A text and a call to the line, of which no row is left: only the exchange's own list names them.
    exchange.web.post("/handset/text", json={"from": CALLER, "to": LINE, "body": "STOP"})
    inbound = exchange.web.post("/handset/dial", json={"from": CALLER, "to": LINE}).json
    assert exchange.waits_until(lambda: exchange.board.find(inbound["sid"]).live.state == "keys")
    exchange.act(inbound["sid"], "hang-up")
    assert exchange.waits_until(lambda: len(exchange.twilio.messages.list()) == 2)
    now = datetime.now(UTC)
    with database.transaction() as session:
        for call in (over, ringing):
            make_call(session, str(call.sid), phone=CALLER, started_at=now, ended_at=now)
        audit.record(
            session, actor="caller", action="verify_call", target="call:1", facts={"turn": 5}, now=now
        )
    carrier = Carrier(
        dataclasses.replace(
            settings,
            twilio_api_base_url=exchange.url,
            twilio_account_sid=ACCOUNT,
            twilio_auth_tokens=(TOKEN,),
        ),
        LINE,
    )

    run = purge(database, carrier, now + timedelta(days=100))

    # Not the call that still rings, of which the exchange says that it is not over.
    assert [call.sid for call in exchange.twilio.calls.list()] == [ringing.sid]
    assert exchange.twilio.messages.list() == []
    assert run.deleted["calls"] == 2
    # Three calls that are over and two texts.
    assert run.deleted["carrier_records"] == 5
    with database.reading() as session:
        assert kept_records(session) == [KeptRecord("call", str(ringing.sid), 1, 20409)]
        assert session.scalar(select(func.count()).select_from(Call)) == 0
    assert chain_is_whole(database)

    exchange.act(ringing.sid, "decline")
    purge(database, carrier, now + timedelta(days=101))

    assert exchange.twilio.calls.list() == []
    assert count_rows(database)["carrier_records"] == 0
    assert chain_is_whole(database)
    carrier.close()


def test_rows_of_a_call_name_no_record_twice(database: Database) -> None:
    """A record that the carrier lists and that a row names is one deletion."""
    fill(database, OLD)
    carrier = Records()
    with database.reading() as session:
        carrier.listed["call"] = [
            ListedRecord(str(sid), VICTIM) for sid in session.scalars(select(Call.call_sid))
        ]

    purge(database, carrier)

    assert sorted(carrier.asked) == sorted(set(carrier.asked))
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(CarrierRecord)) == 0
        assert session.scalar(select(func.count()).select_from(Callback)) == 0
