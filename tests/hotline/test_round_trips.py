"""How often a turn goes to the database: once to read, once to write, and never to Redis."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from config.office import Office
from config.settings import Settings
from hotline import create_app
from models.cases.case import new_number
from models.store.database import Database
from tests import factories
from tests.factories import HASHER, MadeCase
from tests.phone import CALLER, Phone
from tests.twiml_check import check


class QueueWasUsedError(AssertionError):
    """A turn without a job used the queue."""


class NoQueue:
    """Jobs that no turn in this file may use."""

    def enqueue(self, name: str, row_id: int) -> bool:
        """Fail: to enqueue is to go to Redis."""
        raise QueueWasUsedError(f"{name} {row_id} was enqueued.")


@contextmanager
def _statements(database: Database) -> Iterator[list[str]]:
    """What each transaction, or connection of single statements, sent: r for a read, w for a write.

    Except for BEGIN and COMMIT, each statement is a round trip.
    """
    ended: list[str] = []
    open_ones: dict[Any, str] = {}

    def begins(connection: Any) -> None:
        open_ones[connection] = ""

    def sends(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            open_ones[connection] += "r" if statement.startswith("SELECT") else "w"

    def ends(connection: Any) -> None:
        ended.append(open_ones.pop(connection))

    heard = [("begin", begins), ("before_cursor_execute", sends), ("commit", ends), ("rollback", ends)]
    listeners = [(engine, *one) for engine in database.engines for one in heard]
    for engine, name, listener in listeners:
        # Before SQLite's own BEGIN, which a listener sends as well.
        event.listen(engine, name, listener, insert=True)
    try:
        yield ended
    finally:
        for engine, name, listener in listeners:
            event.remove(engine, name, listener)


#: A try is counted, written down, and saved with its call.
RESERVED = "rwww"
#: A right one is no failure, clears its counter, makes its phone known, and is recorded in its case.
OPENED = "rwwwww"


@pytest.fixture
def app(database: Database, settings: Settings, office: Office, now: datetime) -> Flask:
    """The web process of a hotline whose queue nobody may use."""
    return create_app(
        settings, office=office, database=database, hasher=HASHER, jobs=NoQueue(), clock=lambda: now
    )


@pytest.fixture
def phone(app: Flask, settings: Settings, office: Office) -> Phone:
    """A telephone whose calls reach the app."""
    return Phone(
        app.test_client(),
        public_url=settings.public_url,
        auth_token=settings.twilio_auth_tokens[0],
        account_sid=settings.twilio_account_sid,
        line=office.lines[0],
        check=check,
    )


@pytest.fixture
def case(database: Database, now: datetime) -> MadeCase:
    """A case of someone who is in custody, as the feed said just now."""
    with database.transaction() as session:
        return factories.make_case(session, "in_custody", facility="Stewart", as_of=now)


def _asked_for_the_pin(phone: Phone, number: str) -> None:
    phone.dials_in()
    for keys in ("1", "1", number):
        phone.presses(keys)
    assert phone.hears("PIN")


def _unused(number: str) -> str:
    return next(other for other in iter(new_number, "") if other != number)


@pytest.mark.parametrize("from_", [CALLER, "anonymous"])
def test_new_call_is_one_write(database: Database, phone: Phone, from_: str) -> None:
    with _statements(database) as sent:
        phone.dials_in(from_=from_)

    assert sent == ["w"]


def test_same_ring_twice_reads_what_was_said(database: Database, phone: Phone) -> None:
    phone.dials_in()
    with _statements(database) as sent:
        phone.redelivers_last()

    assert sent == ["w", "r"]


def test_menu_turn_is_one_read_and_one_write(database: Database, phone: Phone) -> None:
    phone.dials_in()
    for keys in ("1", "1"):
        with _statements(database) as sent:
            phone.presses(keys)

        assert sent == ["rw"]


def test_menu_before_the_pin_reads_only_the_row_of_its_call(database: Database, phone: Phone) -> None:
    phone.dials_in()
    read: list[str] = []

    def sends(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        read.extend(re.findall(r"FROM (.*?)\s+WHERE", statement, re.DOTALL))

    event.listen(database.turn_engine, "before_cursor_execute", sends)
    for keys in ("1", "2"):
        phone.presses(keys)

    assert read == ["calls", "calls"]


def test_late_answer_is_one_read(database: Database, phone: Phone) -> None:
    phone.dials_in()
    phone.presses("1")
    with _statements(database) as sent:
        phone.redelivers_last()

    assert sent == ["r"]


@pytest.mark.parametrize("is_known", [False, True])
def test_pin_turn_is_two_transactions_of_one_read_each(
    database: Database, phone: Phone, case: MadeCase, is_known: bool
) -> None:
    for _ in range(1 + is_known):
        _asked_for_the_pin(phone, case.number)
        with _statements(database) as sent:
            phone.presses(case.pin)

    assert phone.hears("in custody")
    assert sent == [RESERVED, OPENED]


def test_wrong_pin_sends_the_same_statements_whether_the_number_exists_or_not(
    database: Database, phone: Phone, case: MadeCase
) -> None:
    for number in (case.number, _unused(case.number)):
        _asked_for_the_pin(phone, number)
        with _statements(database) as sent:
            phone.presses("104938")

        assert phone.hears("did not work")
        assert sent == [RESERVED, "rw"]


def test_repeat_of_the_status_is_one_read_and_one_write(
    database: Database, phone: Phone, case: MadeCase
) -> None:
    _asked_for_the_pin(phone, case.number)
    phone.presses(case.pin)
    # Key 1 tells more of the case, and then the status again.
    for words in ("The phone number of", "in custody", "The phone number of", "in custody"):
        with _statements(database) as sent:
            phone.presses("1")

        assert phone.hears(words)
        assert sent == ["rw"]


def test_news_since_the_last_call_costs_no_more_statements(
    database: Database, phone: Phone, case: MadeCase
) -> None:
    for _ in range(2):
        _asked_for_the_pin(phone, case.number)
        with _statements(database) as sent:
            phone.presses(case.pin)

    assert phone.hears("Your PIN was last used today")
    assert sent == [RESERVED, OPENED]
    for keys, words in (("*", "in custody"), ("1", "The phone number of"), ("1", "in custody")):
        with _statements(database) as sent:
            phone.presses(keys)

        assert phone.hears(words)
        assert sent == ["rw"]


def test_asking_for_a_new_pin_is_one_read_and_one_write(
    database: Database, phone: Phone, case: MadeCase
) -> None:
    _asked_for_the_pin(phone, case.number)
    phone.presses(case.pin)
    with _statements(database) as sent:
        phone.presses("4")

    assert phone.hears("enter your PIN once more")
    assert sent == ["rw"]
