"""A STOP that arrives while the line is down: the carrier sends it once, and that phone is called no more."""

import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from hotline.voice import views
from models import AuditEntry, Callback, Staff
from models.calls.pacing import open_breaker
from models.cases.registrant import Phone as Registered
from models.overview.phone_stop import lift_stop
from tests.calls.callbacks.test_callbacks import asks_express
from tests.calls.conftest import Clock, Hotline
from tests.calls.stop.test_stop import has_another_phone
from tests.calls.stories import opens_the_case
from tests.conftest import ON_BOTH
from tests.exchange.small_exchange import LINE, Exchange
from tests.exchange.small_line import ACCOUNT, TOKEN
from tests.factories import MadeCase
from tests.fake_twilio import running_twilio
from tests.phone import CALLER, Phone
from workers import sweeper
from workers.carrier import Carrier, CarrierUnknown, ReceivedText
from workers.records.missed_texts import MissedTexts
from workers.records.purge import NightlyPurge

SID = f"SM{uuid4().hex}"


class Listing:
    """The carrier's list of the texts that people sent to the line."""

    def __init__(self, *texts: ReceivedText) -> None:
        self.texts, self.asked, self.is_down = list(texts), list[datetime](), False

    def texts_since(self, line: str, since: datetime) -> list[ReceivedText]:
        """Every text, whenever it came."""
        self.asked.append(since)
        if self.is_down:
            raise CarrierUnknown("The carrier gave no answer.")
        return self.texts if line == LINE else []


def text(
    body: str, sid: str | None = None, from_: str = CALLER, sent_at: datetime | None = None
) -> ReceivedText:
    return ReceivedText(sid or f"SM{uuid4().hex}", from_, body, sent_at)


@pytest.fixture
def case(make_case: Callable[..., MadeCase], make_staff: Callable[..., Staff]) -> MadeCase:
    """A case with one phone, and a liaison on shift."""
    make_staff()
    return make_case(custody_status="in_custody", phone=CALLER)


def is_stopped(hotline: Hotline) -> bool:
    return hotline.row(select(Registered)).stopped_at is not None


def stops(hotline: Hotline) -> int:
    return len(hotline.rows(select(AuditEntry).where(AuditEntry.action == "stop_phone")))


def missed(hotline: Hotline, listing: Listing) -> MissedTexts:
    return MissedTexts(hotline.database, listing, hotline.jobs)


@ON_BOTH
@pytest.mark.parametrize("body", ["STOP", "Stop calling me, he has my phone", "Ya no me llamen"])
def test_phone_that_texted_stop_while_the_database_was_down_is_not_called(
    phone: Phone,
    case: MadeCase,
    hotline: Hotline,
    texts: Callable[..., str],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    body: str,
) -> None:
    asks_express(phone, case)

    def is_down(*_args: Any) -> Any:
        raise OperationalError("SELECT", {}, Exception("down"))

    with monkeypatch.context() as patch:
        patch.setattr(views, "sms_inbound", is_down)
        assert "<Response" not in texts(body, message_sid=SID)
    assert not is_stopped(hotline)
    clock.passes(minutes=3)

    listing = Listing(text(body, SID, sent_at=clock.now), text("where is he", sent_at=clock.now))
    missed(hotline, listing).look(hotline.office, clock.now)

    assert is_stopped(hotline)
    rows = hotline.rows(select(Callback).order_by(Callback.id))
    assert [(one.state, one.reason) for one in rows] == [
        ("left_for_staff", "asked"),
        ("left_for_staff", "phone_stopped"),
    ]
    assert case.number not in str(listing.asked)


def test_text_that_the_line_heard_stops_nothing_a_second_time(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str], clock: Clock
) -> None:
    texts("STOP", message_sid=SID)
    with hotline.database.transaction() as session:
        lift_stop(session, session.scalars(select(Registered)).one(), "caller:1", clock.now)
    clock.passes(minutes=5)

    look = missed(hotline, Listing(text("STOP", SID), text("STOP", "SM1")))
    look.look(hotline.office, clock.now)

    assert not is_stopped(hotline)
    assert stops(hotline) == 1


@ON_BOTH
def test_missed_stop_takes_back_no_later_start(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str], clock: Clock
) -> None:
    """The first STOP was lost, the second was heard, and the person lifted that one after a call."""
    lost = text("STOP", sent_at=clock.now)
    clock.passes(minutes=1)
    texts("STOP")
    clock.passes(minutes=1)
    opens_the_case(phone, case)
    phone.hangs_up()
    clock.passes(minutes=1)
    texts("START")
    assert not is_stopped(hotline)

    clock.passes(minutes=1)
    missed(hotline, Listing(lost)).look(hotline.office, clock.now)
    assert not is_stopped(hotline)

    missed(hotline, Listing(lost, text("STOP", sent_at=clock.now))).look(hotline.office, clock.now)
    assert is_stopped(hotline)


@ON_BOTH
def test_text_that_cannot_be_heard_ends_neither_the_sweeper_nor_the_others(
    case: MadeCase, make_case: Callable[..., MadeCase], hotline: Hotline, clock: Clock
) -> None:
    """The number of the next phone opens under no listed key, as it may after a restored backup."""
    other = make_case(custody_status="in_custody", phone="+12025550143")
    has_another_phone(hotline, case)
    unreadable = update(Registered).where(Registered.position == 2).values(number_sealed="lost.AAAA")
    with hotline.database.transaction() as session:
        session.execute(unreadable)
    listing = Listing(text("STOP", "SM" + "0" * 32), text("STOP", "SM" + "1" * 32, "+12025550143"))
    look = missed(hotline, listing)

    look.look(hotline.office, clock.now)

    assert [one.registrant_id for one in hotline.rows(select(Registered)) if one.stopped_at] == [
        other.registrant_id
    ]
    clock.passes(hours=5)
    look.look(hotline.office, clock.now)
    assert listing.asked[-1] == clock.now - timedelta(days=3)


def test_listing_that_fails_in_any_way_keeps_the_sweeper_from_no_pass(
    case: MadeCase, hotline: Hotline, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = Listing(text("STOP", SID))
    look = missed(hotline, listing)
    with monkeypatch.context() as patch:
        patch.setattr(listing, "texts_since", lambda *_: [None])
        look.look(hotline.office, clock.now)
    assert not is_stopped(hotline)

    clock.passes(minutes=2)
    look.look(hotline.office, clock.now)
    assert is_stopped(hotline)


def test_stop_is_heard_before_the_pass_in_which_the_carrier_can_first_be_reached(
    case: MadeCase, hotline: Hotline, clock: Clock
) -> None:
    """After a power cut the network comes up a minute later than the line, and calls are due (R33)."""
    listing = Listing(text("STOP", SID))
    listing.is_down = True
    look = missed(hotline, listing)
    look.look(hotline.office, clock.now)

    clock.passes(seconds=2)
    listing.is_down = False
    look.look(hotline.office, clock.now)

    assert is_stopped(hotline)


def test_log_says_once_that_the_carrier_lists_no_texts_until_it_does(
    hotline: Hotline, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """It is asked before every pass until its first answer: a line each two seconds would hide all others."""
    listing = Listing()
    look = missed(hotline, listing)
    for is_down in (True, True, True, False, True, True):
        listing.is_down = is_down
        look.look(hotline.office, clock.now)
        clock.passes(minutes=3)

    assert [one.getMessage() for one in caplog.records if one.levelname == "WARNING"] == [
        "The texts of late could not be listed (CarrierUnknown)."
    ] * 2


def test_carrier_is_asked_every_two_minutes_and_as_far_back_as_it_gave_no_answer(
    case: MadeCase, hotline: Hotline, clock: Clock
) -> None:
    listing = Listing()
    look = missed(hotline, listing)
    began = clock.now
    lines = len(hotline.office.lines)

    for _ in range(4):
        look.look(hotline.office, clock.now)
        clock.passes(seconds=30)
    assert listing.asked == [began - timedelta(days=3)] * lines

    listing.is_down = True
    look.look(hotline.office, clock.now)
    clock.passes(hours=5)
    listing.is_down = False
    look.look(hotline.office, clock.now)
    assert listing.asked[lines:] == [began - timedelta(hours=1)] * (1 + lines)

    with hotline.database.transaction() as session:
        open_breaker(session, "calls", 21210, clock.now)
    clock.passes(minutes=10)
    look.look(hotline.office, clock.now)
    assert len(listing.asked) == 1 + 2 * lines


def test_sweeper_hears_what_was_missed_before_its_first_pass_calls_anybody(
    phone: Phone, case: MadeCase, hotline: Hotline, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a power cut, or with a restored backup: the callback is due at once."""
    asks_express(phone, case)
    clock.passes(minutes=3)
    ends: list[Callable[[], None]] = []
    monkeypatch.setattr(sweeper.signal, "signal", lambda _number, end: ends.append(end))
    monkeypatch.setattr(NightlyPurge, "work", lambda *_: ends[0]())
    monkeypatch.setattr(sweeper, "datetime", SimpleNamespace(now=lambda _zone: clock.now))

    with running_twilio() as twilio:
        sent = {"sid": SID, "from": CALLER, "to": LINE, "body": "STOP", "direction": "inbound"}
        twilio.texts = [sent | {"date_sent": format_datetime(clock.now)}]
        sweeper.run_sweeper(
            dataclasses.replace(hotline.settings, office_always_open=True, twilio_api_base_url=twilio.url)
        )

    assert is_stopped(hotline)
    assert not [path for method, path, _ in twilio.asked if method == "POST"]


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    exchange = Exchange()
    yield exchange
    exchange.closes()


def test_texts_are_listed_as_the_carrier_has_them(hotline: Hotline, exchange: Exchange) -> None:
    exchange.twilio.messages.create(to=CALLER, from_=LINE, body="The line has a message.")
    exchange.web.post("/handset/text", json={"from": CALLER, "to": LINE, "body": "STOP"})
    assert exchange.waits_until(lambda: len(exchange.twilio.messages.list()) == 2)
    account = {"twilio_account_sid": ACCOUNT, "twilio_auth_tokens": (TOKEN,)}
    carrier = Carrier(
        dataclasses.replace(hotline.settings, twilio_api_base_url=exchange.url, **account), LINE
    )

    found = carrier.texts_since(LINE, datetime.now(UTC) - timedelta(hours=1))

    assert [(one.phone, one.body) for one in found] == [(CALLER, "STOP")]
    assert carrier.texts_since(LINE, datetime.now(UTC) + timedelta(hours=1)) == []
    carrier.close()
