"""One whole call with canaries: no trace in logs, addresses, Redis, job arguments or open columns (R03)."""

import io
import logging
import re
import traceback
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import redis
from flask import Flask, Response, request
from sqlalchemy import MetaData, String, cast, select, text, update

from config.logging import JsonLines
from ivr_flows.engine.desk import Ring
from ivr_flows.verbs.case_verbs import PinWork
from models import Callback, Registrant, Staff
from models.callbacks.liaison import Liaison
from models.store.base import Base
from models.talks.dispatch import Dial
from models.talks.queue_ring import Taken
from tests import factories
from tests.calls.conftest import Hotline
from tests.calls.stories import opens_the_case, wrong
from tests.factories import MadeCase
from tests.models.custody.feed import feed_row, load
from tests.phone import Phone
from workers.queue import Jobs
from workers.sweeper import sweep

PIN = "864297"
CALLER, LIAISON, REGISTRANT = "+12025550137", "+12025550176", "+12025550158"
NAMES = ("Canarius Subjectus", "Registra Canaria", "Liaisona Canaria")
FEED_IDS = ("FEED-CANARY-7731", "FEED-CANARY-7732")
GATES = ("gate-canary-adult", "gate-canary-1367", "gate-canary-asylum")
BROKEN = "a fault that quotes " + PIN


@dataclass
class Traces:
    """Everything that a call leaves behind where others may look."""

    canaries: dict[str, str]
    log: io.StringIO = field(default_factory=io.StringIO)
    addresses: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def found_in(self, text_: str) -> list[str]:
        """The canaries that occur in a text."""
        return [name for name, value in self.canaries.items() if value.casefold() in text_.casefold()]


@pytest.fixture
def case(hotline: Hotline) -> MadeCase:
    """A case in which every secret is a canary; the feed says that another person is shielded."""
    with hotline.database.transaction() as session:
        subject = factories.make_subject(session, feed_id=FEED_IDS[0], name=NAMES[0])
        made = factories.make_case(session, subject=subject, pin=PIN, phone=REGISTRANT)
        shielded = factories.make_subject(session, feed_id=FEED_IDS[1], name=NAMES[0])
        factories.make_case(session, subject=shielded)
        session.execute(
            update(Registrant).values(name_sealed=hotline.database.keyring.seal("registrant.name", NAMES[1]))
        )
        factories.make_staff(session, name=NAMES[2], phone=LIAISON)
    adult, section_1367, asylum_related = GATES
    gates = {"adult": adult, "section_1367": section_1367, "asylum_related": asylum_related}
    load(hotline.database, feed_row(FEED_IDS[0]), feed_row(FEED_IDS[1], **gates), now=hotline.clock.now)
    return made


@pytest.fixture
def traces(app: Flask, case: MadeCase) -> Iterator[Traces]:
    """Listens to the logs at DEBUG as they are written, and to every address in either direction."""
    numbers = {"caller": CALLER, "liaison": LIAISON, "registrant": REGISTRANT}
    canaries = {"PIN": PIN, "wrong PIN": wrong(PIN), "case number": case.number}
    canaries |= {f"{whose} phone": number[-7:] for whose, number in numbers.items()}
    canaries |= {f"name {position}": name.split()[1] for position, name in enumerate(NAMES)}
    canaries |= {f"first name {position}": name.split()[0] for position, name in enumerate(NAMES)}
    canaries |= {value: value for value in (*FEED_IDS, *GATES)}
    found = Traces(canaries)

    @app.before_request
    def note_address() -> None:
        found.addresses.append(request.url)

    @app.after_request
    def note_links(response: Response) -> Response:
        document = response.get_data(as_text=True)
        found.addresses += re.findall(r'(?:action|url|waitUrl|statusCallback)="([^"]*)"', document)
        found.addresses += re.findall(r"<(?:Redirect|Conference)[^>]*>([^<]*)<", document)
        return response

    handler, root = logging.StreamHandler(found.log), logging.getLogger()
    handler.setFormatter(JsonLines("web"))
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield found
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def queue(redis_url: str, hotline: Hotline) -> Iterator[redis.Redis]:
    """A real Valkey that gets every job as well; the suite's own list is what works them off."""
    jobs, client, take = Jobs(redis_url), redis.Redis.from_url(redis_url), hotline.jobs.enqueue

    def enqueue(name: str, row_id: int) -> bool:
        assert jobs.enqueue(name, row_id)
        return take(name, row_id)

    hotline.jobs.enqueue = enqueue  # type: ignore[method-assign]
    yield client
    jobs.close()
    client.close()


def everything_in(client: redis.Redis) -> str:
    """Every key and value of a Valkey, unpacked, as one text."""
    found: list[bytes] = []
    for key in client.scan_iter("*"):
        found.append(key)
        match client.type(key):
            case b"hash":
                found += [part for pair in client.hgetall(key).items() for part in pair]
            case b"list":
                found += client.lrange(key, 0, -1)
            case b"set":
                found += client.smembers(key)
            case b"zset":
                found += client.zrange(key, 0, -1)
            case b"stream":
                found.append(repr(client.xrange(key)).encode())
            case _:
                found.append(client.get(key) or b"")
    return "\n".join(_unpacked(part).decode("utf-8", "replace") for part in found)


def _unpacked(value: bytes) -> bytes:
    try:
        return zlib.decompress(value)
    except zlib.error:
        return value


def every_row(hotline: Hotline) -> Iterator[tuple[str, str]]:
    """The name and the text of every column of every row, of the tables as they are in the database."""
    tables = MetaData()
    with hotline.database.reading() as session:
        tables.reflect(session.connection())
        assert set(Base.metadata.tables) <= set(tables.tables)
        for table in tables.tables.values():
            columns = [cast(column, String) for column in table.columns]
            for row in session.execute(select(*columns)):
                for column, value in zip(table.columns, row, strict=True):
                    yield f"{table.name}.{column.name}", value or ""


def plays_it_all(phone: Phone, hotline: Hotline, case: MadeCase) -> None:
    """Wrong PIN, right PIN, status, 0 without an answer, a callback and both of its legs."""
    opens_the_case(phone, MadeCase(case.id, case.number, wrong(PIN), 0, 0), from_=CALLER)
    phone.presses(PIN)
    assert phone.hears("in custody")
    phone.presses("0")
    assert hotline.rung() == [LIAISON]
    for _ in range(2):
        hotline.declines(phone)
    phone.says_nothing()
    phone.presses("1")
    assert phone.hears("We will call you")
    phone.hangs_up()
    # A liaison who misses two in a row is set away, and comes back.
    with hotline.database.transaction() as session:
        session.execute(update(Staff).values(on_shift=True))
    hotline.clock.passes(minutes=1)
    hotline.sweeps()
    hotline.jobs.works_off()
    liaison = phone.answers(hotline.carrier.ringing[0])
    liaison.presses("1")
    hotline.jobs.works_off()
    called = phone.answers(hotline.carrier.ringing[0])
    called.presses("1")
    assert called.is_talking
    called.hangs_up()
    sweep(
        hotline.database,
        hotline.jobs,
        hotline.carrier,
        hotline.office,
        hotline.clock.now + timedelta(minutes=5),
    )
    assert hotline.row(select(Callback.state)) == "reached"


def test_whole_call_leaves_no_trace_of_anyone(
    phone: Phone, hotline: Hotline, case: MadeCase, traces: Traces, queue: redis.Redis
) -> None:
    handed_on: list[tuple[str, int]] = []
    enqueue = hotline.jobs.enqueue

    def note(name: str, row_id: int) -> bool:
        handed_on.append((name, row_id))
        return enqueue(name, row_id)

    hotline.jobs.enqueue = note  # type: ignore[method-assign]
    plays_it_all(phone, hotline, case)

    assert traces.found_in(traces.log.getvalue()) == []
    assert traces.addresses
    assert [address for address in traces.addresses if traces.found_in(address)] == []
    assert {name for name, _ in handed_on} >= {"dial_liaison", "dial_caller"}
    assert all(isinstance(row_id, int) and row_id < 1000 for _, row_id in handed_on)
    in_redis = everything_in(queue)
    assert "workers.callbacks.do_job" in in_redis
    assert "dial_liaison" in in_redis
    assert traces.found_in(in_redis) == []
    columns = list(every_row(hotline))
    assert len({name for name, _ in columns}) > 50
    assert [(name, traces.found_in(value)) for name, value in columns if traces.found_in(value)] == []


def test_carriers_id_of_a_call_is_stored_with_the_call_and_its_events_alone(
    phone: Phone, hotline: Hotline, case: MadeCase
) -> None:
    plays_it_all(phone, hotline, case)

    # A purge must find the carrier's id wherever it is stored.
    holding = {name for name, value in every_row(hotline) if phone.call_sid in value}
    assert holding == {"calls.call_sid", "call_events.call_sid"}


def test_fault_that_quotes_a_pin_reaches_no_log(
    phone: Phone, hotline: Hotline, case: MadeCase, traces: Traces, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any) -> Any:
        raise RuntimeError(f"{BROKEN}, {NAMES[0]} and {CALLER}") from ValueError(REGISTRANT)

    monkeypatch.setattr("ivr_flows.verbs.case_verbs.say_status", breaks)
    opens_the_case(phone, case, from_=CALLER)

    assert phone.hears("something went wrong on our side")
    log = traces.log.getvalue()
    assert "RuntimeError at " in log
    assert traces.found_in(log) == []


def test_database_that_refuses_quotes_no_value(hotline: Hotline) -> None:
    with pytest.raises(Exception, match="no_such_column") as refused, hotline.database.reading() as session:
        session.execute(text("SELECT no_such_column FROM calls WHERE call_sid = :pin"), {"pin": PIN})

    assert PIN not in "".join(traceback.format_exception(refused.value))


def test_object_that_holds_a_secret_does_not_show_it(hotline: Hotline) -> None:
    shown: list[Callable[[], Any]] = [
        lambda: PinWork(None, PIN),  # type: ignore[arg-type]
        lambda: Ring(CALLER, 20),
        lambda: Liaison(1, CALLER, "en"),
        lambda: Taken(1, 1),
        lambda: hotline.database.keyring,
    ]

    for make in shown:
        assert not re.search(rf"{PIN}|{CALLER[-7:]}", repr(make()))
    assert Dial.__dataclass_fields__["number"].repr is False


def test_names_of_the_staff_who_were_rung_are_stored_sealed(hotline: Hotline, case: MadeCase) -> None:
    staff = hotline.row(select(Staff))

    assert hotline.database.keyring.unseal("staff.phone", staff.phone_sealed) == LIAISON
    assert LIAISON[-7:] not in staff.phone_sealed + staff.phone_key
