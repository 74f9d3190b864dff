"""`hotline intake` watches the feed's folder with the keys and the policies of the moment (R16)."""

import dataclasses
import json
import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives import serialization
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from config.logging import JsonLines
from config.office import Office
from config.settings import Settings
from hotline.refusals.wording import in_english
from models import Alert
from models.store.database import Database
from tests.factories import make_court, make_office, make_staff
from tests.models.custody.feed import feed_row, open_cases
from tests.models.custody.watched.batches import Sender, batches
from workers import feed
from workers.feed import look, watch_folder


@pytest.fixture
def sender(tmp_path: Path) -> Sender:
    folder = tmp_path / "feed"
    folder.mkdir()
    return Sender(folder)


@pytest.fixture
def watching(settings: Settings, sender: Sender, tmp_path: Path) -> Settings:
    key = tmp_path / "feed.pem"
    key.write_bytes(
        sender.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return dataclasses.replace(settings, feed_dir=sender.folder, feed_key_file=key)


def test_batch_is_taken_by_the_office_as_it_is_now(
    watching: Settings, sender: Sender, database: Database, office: Office, now: datetime
) -> None:
    open_cases(database, "A-1")
    sender.send(1, feed_row("A-1", as_of=now, status_at=now))

    look(watching, database, office, now, in_english)

    assert batches(database, "landed") == [1]
    assert sender.left() == []


@pytest.mark.parametrize("switch", ["allow_hearing", "allow_expected_release"])
@pytest.mark.parametrize("is_told", [True, False])
def test_dates_that_the_office_does_not_tell_hold_no_file(
    watching: Settings,
    sender: Sender,
    database: Database,
    now: datetime,
    switch: str,
    is_told: bool,
) -> None:
    """Nobody is called about them, and each file of a feed that computes them anew was held."""
    column = "next_hearing_at" if switch == "allow_hearing" else "expected_release_at"
    people = [f"A-{n}" for n in range(12)]
    open_cases(database, *people)
    office = make_office(**{switch: is_told})
    with database.transaction() as session:
        court = make_court(session, "Elizabeth Immigration Court").name

    for number in (1, 2):
        later = now + timedelta(hours=number)
        dated = {column: now + timedelta(days=number), "status_at": now, "as_of": later}
        rows = [feed_row(who, next_hearing_place=court, **dated) for who in people]
        sender.send(number, *rows)
        look(watching, database, office, later, in_english)

    assert batches(database, "held") == ([2] if is_told else [])
    assert batches(database, "landed") == ([1] if is_told else [1, 2])


def test_watch_goes_on_after_a_folder_that_was_away(
    watching: Settings,
    sender: Sender,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(feed, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(feed, "PATIENCE_SECONDS", 0.01)
    open_cases(database, "A-1")
    with database.transaction() as session:
        make_staff(session, role="supervisor")
    sender.send(1, feed_row("A-1"))
    assert watching.feed_key_file is not None
    away = watching.feed_key_file.rename(watching.feed_key_file.with_suffix(".away"))
    with caplog.at_level(logging.ERROR):
        stop = threading.Event()
        watch = threading.Thread(target=watch_folder, args=(watching, database, in_english, stop))
        watch.start()
        while len(caplog.messages) < 2:
            time.sleep(0.01)
    with database.reading() as session:
        assert session.scalars(select(Alert.level).distinct()).all() == ["feed_stopped"]
    assert set(caplog.messages) == {"The feed's folder cannot be used (No such file or directory)."}
    assert batches(database, "landed") == []

    away.rename(watching.feed_key_file)

    while sender.left():
        time.sleep(0.01)
    stop.set()
    watch.join()
    assert batches(database, "landed") == [1]


def test_log_says_what_is_wrong_with_the_key_of_the_feed(
    watching: Settings, database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It said "No batch is taken: FeedKeyError" and a line of code, to somebody with the wrong file."""
    assert watching.feed_key_file is not None
    watching.feed_key_file.write_text("not a key\n")
    monkeypatch.setattr(feed, "LOOK_SECONDS", 0.01)
    stop = threading.Event()
    watch = threading.Thread(target=watch_folder, args=(watching, database, in_english, stop))

    with caplog.at_level(logging.ERROR):
        watch.start()
        while not caplog.records:
            time.sleep(0.01)
        stop.set()
        watch.join()

    line = json.loads(JsonLines("intake").format(caplog.records[0]))
    assert line["message"] == "No batch is taken: HOTLINE_FEED_KEY_FILE holds no public key in PEM form."


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (OperationalError("SELECT", {}, psycopg.OperationalError("lost")), []),
        (KeyError("a bug"), ["feed_stopped"]),
    ],
)
def test_lost_race_of_the_database_is_no_folder_that_cannot_be_used(
    watching: Settings,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Exception,
    told: list[str],
) -> None:
    """Its restart at night called supervisors about the folder, and the next look was well."""
    looks: list[datetime] = []

    def fails(*asked: object) -> None:
        looks.append(datetime.now(UTC))
        if len(looks) == 1:
            raise fault
        stop.set()

    stop = threading.Event()
    monkeypatch.setattr(feed, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(feed, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(feed, "look", fails)
    with database.transaction() as session:
        make_staff(session, role="supervisor")

    with caplog.at_level(logging.ERROR):
        watch_folder(watching, database, in_english, stop)

    assert len(looks) == 2
    assert caplog.messages == ["The feed's folder could not be looked at."]
    with database.reading() as session:
        assert session.scalars(select(Alert.level).distinct()).all() == told
