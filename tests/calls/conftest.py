"""Fixtures of whole calls: a hotline with its own clock, a phone to it, a carrier that dials nobody."""

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from config.office import Office
from config.settings import Settings
from hotline import create_app
from hotline.exchange.delivery.signing import signature
from models import Staff
from models.callbacks.callback_policy import CallbackPolicy
from models.store.database import Database
from models.store.policies import Policies
from tests import factories
from tests.factories import HASHER, NEW_PIN, MadeCase
from tests.fake_carrier import FakeCarrier
from tests.phone import CALLER, Phone
from tests.twiml_check import check
from workers.callbacks import Dialler
from workers.office_rules import callback_policy_of
from workers.sweeper import sweep

#: Of four documents that the suite hears, three were heard before in the same process.
_judged = lru_cache(maxsize=10_000)(check)
#: Numbers that accept the suite's new PIN: 1,270 comparisons each. Every test begins with the first.
_accepting: list[str] = []


@dataclass
class Clock:
    """The hotline's clock; a test moves it."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def passes(self, **time: float) -> None:
        """Let time pass: ``passes(minutes=11)``."""
        self.now += timedelta(**time)


@dataclass
class ListedJobs:
    """Jobs as the web process leaves them: a name and one id. ``works_off`` does them, as a worker would."""

    hotline: "Hotline"
    waiting: list[tuple[str, int]] = field(default_factory=list)
    since: dict[tuple[str, int], datetime] = field(default_factory=dict)
    is_down: bool = False
    #: Whether a worker waits for each job and does it at once.
    at_once: bool = False

    def enqueue(self, name: str, row_id: int) -> bool:
        """Take a job, unless Redis is down."""
        if self.at_once:
            self.hotline.dialler.do(name, row_id)
        elif not self.is_down:
            if (name, row_id) not in self.waiting:
                self.since[name, row_id] = self.hotline.clock.now
            self.waiting.append((name, row_id))
        return not self.is_down

    def take_untaken(self, seconds: float) -> tuple[str, int] | None:
        """The oldest job, if no worker has taken it for ``seconds``."""
        if self.is_down or not self.waiting:
            return None
        if self.hotline.clock.now - self.since[self.waiting[0]] < timedelta(seconds=seconds):
            return None
        return self.waiting.pop(0)

    def depth(self) -> int | None:
        """How many jobs wait; None when Redis is down."""
        return None if self.is_down else len(self.waiting)

    def is_up(self) -> bool:
        """Whether Redis takes a job."""
        return not self.is_down

    def works_off(self) -> None:
        """Do every waiting job, and those that these bring."""
        while self.waiting:
            name, row_id = self.waiting.pop(0)
            self.hotline.dialler.do(name, row_id)


@dataclass
class Hotline:
    """One hotline: its database, office, clock, carrier and jobs."""

    database: Database
    office: Office
    clock: Clock
    carrier: FakeCarrier
    settings: Settings
    jobs: ListedJobs = field(init=False)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.jobs = ListedJobs(self)

    @property
    def policy(self) -> CallbackPolicy:
        """When and whom the office calls."""
        return callback_policy_of(self.office)

    @property
    def policies(self) -> Policies:
        """The office's numbers."""
        return self.policy.numbers

    @property
    def dialler(self) -> Dialler:
        """What a worker works with."""
        return Dialler(self.database, self.carrier, self.office, self.jobs, self.clock, lambda _seconds: None)

    def rung(self) -> list[str]:
        """The phones that ring, once the workers have done the waiting jobs."""
        self.jobs.works_off()
        return [call.to for call in self.carrier.ringing]

    def answers(self, phone: Phone) -> Phone:
        """The liaison's ringing phone is picked up; ``phone`` is any in the same world."""
        assert self.rung(), "no phone rings"
        return phone.answers(self.carrier.ringing[-1])

    def accepts(self, phone: Phone) -> Phone:
        """The liaison's ringing phone is picked up, and the liaison takes the caller at 0."""
        liaison = self.answers(phone)
        liaison.presses("1")
        self.jobs.works_off()
        return liaison

    def declines(self, phone: Phone, status: str = "no-answer") -> None:
        """The liaison's ringing phone is not answered, and the line goes on from there."""
        assert self.rung(), "no phone rings"
        phone.another().declines(self.carrier.ringing[-1], status)
        self.jobs.works_off()

    def sweeps(self) -> None:
        """The sweeper makes one pass."""
        sweep(self.database, self.jobs, self.carrier, self.office, self.clock.now)

    def rows(self, statement: Any) -> list[Any]:
        """The rows that a SELECT finds."""
        with self.database.reading() as session:
            found = list(session.scalars(statement).all())
            # A test looks at them when the transaction is over.
            session.expunge_all()
            return found

    def row(self, statement: Any) -> Any:
        """The only row that a SELECT finds."""
        found = self.rows(statement)
        assert len(found) == 1, f"{len(found)} rows instead of one"
        return found[0]


@pytest.fixture
def clock(now: datetime) -> Clock:
    """Wednesday 10 a.m. at the office, until the test moves it."""
    return Clock(now)


@pytest.fixture
def carrier() -> FakeCarrier:
    """The carrier that workers dial through."""
    return FakeCarrier()


@pytest.fixture
def hotline(
    database: Database, office: Office, clock: Clock, carrier: FakeCarrier, settings: Settings
) -> Hotline:
    """A hotline with nobody in it, on an account that may place many calls at one moment of its clock."""
    pace = dataclasses.replace(office.policies["carrier_calls_per_second"], value=100)
    fast = dataclasses.replace(office, policies={**office.policies, "carrier_calls_per_second": pace})
    return Hotline(database, fast, clock, carrier, settings)


@pytest.fixture
def app(hotline: Hotline) -> Iterator[Flask]:
    """The web process of the hotline."""
    app = create_app(
        hotline.settings,
        office=hotline.office,
        database=hotline.database,
        hasher=HASHER,
        jobs=hotline.jobs,
        # Creating its hundred routes takes longer than most calls last.
        with_console=False,
        clock=hotline.clock,
    )

    @app.before_request
    def count() -> None:
        from flask import request

        hotline.requests.append(request.path)

    yield app
    app.extensions["hotline.line"].guesses.close()


@pytest.fixture
def phone(app: Flask, hotline: Hotline) -> Phone:
    """A telephone whose calls reach the app."""
    return a_phone(app, hotline)


@pytest.fixture
def timed_phone(app: Flask, hotline: Hotline) -> Phone:
    """A telephone on which words, pauses and silence last as long as they do for a person."""
    return a_phone(app, hotline, timed=True)


def a_phone(app: Flask, hotline: Hotline, *, timed: bool = False) -> Phone:
    """A telephone whose calls reach this web process of the hotline."""
    return Phone(
        app.test_client(),
        public_url=hotline.settings.public_url,
        auth_token=hotline.settings.twilio_auth_tokens[0],
        account_sid=hotline.settings.twilio_account_sid,
        line=hotline.office.lines[0],
        check=_judged,
        when_dialled=hotline.carrier.carries,
        clock=hotline.clock,
        timed=timed,
    )


@pytest.fixture
def make_case(hotline: Hotline) -> Callable[..., MadeCase]:
    """Opens a case in the hotline: ``make_case(custody_status="in_custody", facility="Stewart")``."""

    positions = count()

    def make(custody_status: str | None = None, **facts: Any) -> MadeCase:
        facts.setdefault("as_of", hotline.clock.now)
        facts.setdefault("pin_issued_at", hotline.clock.now - timedelta(days=30))
        with hotline.database.transaction() as session:
            number = facts.pop("number", None) or _accepting_number(session, next(positions))
            return factories.make_case(session, custody_status, number=number, **facts)

    return make


def _accepting_number(session: Session, position: int) -> str:
    """A case number whose decoy accepts the suite's new PIN: equal calls must not differ by it."""
    while len(_accepting) <= position:
        if not factories.refuses(session, number := factories.unused_number(), NEW_PIN):
            _accepting.append(number)
    return _accepting[position]


@pytest.fixture
def make_staff(hotline: Hotline) -> Callable[..., Staff]:
    """Puts a liaison on shift in the hotline."""

    def make(**facts: Any) -> Staff:
        with hotline.database.transaction() as session:
            return factories.make_staff(session, **facts)

    return make


@pytest.fixture
def texts(app: Flask, hotline: Hotline) -> Callable[..., str]:
    """Send a text to the line; returns its reply."""

    def send(body: str, from_: str = CALLER, message_sid: str | None = None) -> str:
        url = f"{hotline.settings.public_url}/sms/inbound"
        form = {"From": from_, "To": hotline.office.lines[0], "Body": body}
        form["MessageSid"] = message_sid or f"SM{uuid4().hex}"
        signed = signature(hotline.settings.twilio_auth_tokens[0], url, form.items())
        headers = {"X-Twilio-Signature": signed}
        return app.test_client().post("/sms/inbound", data=form, headers=headers).get_data(as_text=True)

    return send
