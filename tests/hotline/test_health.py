"""Health: that this process lives, and which of its services cannot be used."""

import dataclasses
import resource
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from config.settings import Settings
from hotline.health import health_blueprint
from models.callbacks.lone_refusal import judge_refusal
from models.calls.pacing import open_breaker
from models.store.database import Database
from models.store.guard import Guard
from models.store.heartbeat import Pulse
from models.store.keyring import Keyring
from models.store.migrate import upgrade
from tests.factories import make_call
from tests.servers import Valkey


def asked(settings: Settings, database: Database, *flow_faults: str) -> FlaskClient:
    app = Flask("health")
    app.register_blueprint(health_blueprint(settings, database, lambda: list(flow_faults)))
    return app.test_client()


def test_healthy_installation_is_ready(settings: Settings, database: Database, redis_url: str) -> None:
    client = asked(settings, database)

    assert client.get("/up").json == {"up": True}
    answer = client.get("/up/ready")
    assert answer.status_code == 200
    assert answer.json == {"ready": True, "not_usable": {}}


def test_refused_account_and_silent_role_are_named_while_the_line_is_ready(
    settings: Settings, database: Database, redis_url: str
) -> None:
    now = datetime.now(UTC)
    with database.transaction() as session:
        open_breaker(session, "calls", 21210, now - timedelta(seconds=40))
        Pulse("worker").beat(session, now - timedelta(seconds=50))
        Pulse("sweeper").beat(session, now - timedelta(seconds=5))

    answer = asked(settings, database).get("/up/ready")

    assert answer.status_code == 200
    assert answer.json["ready"] is True
    degraded = answer.json["degraded"]
    assert set(degraded) == {"calls", "web", "worker"}
    assert degraded["calls"].startswith("the carrier has refused our calls for 4")
    assert degraded["calls"].endswith("error 21210")
    assert degraded["worker"].startswith("no sign of life for 5")


def test_console_that_stopped_is_named_and_one_that_never_ran_is_not_missed(
    settings: Settings, database: Database, redis_url: str
) -> None:
    now = datetime.now(UTC)
    with database.transaction() as session:
        for role in ("web", "worker", "sweeper"):
            Pulse(role).beat(session, now)
    client = asked(settings, database)
    assert client.get("/up/ready").json == {"ready": True, "not_usable": {}}

    with database.transaction() as session:
        Pulse("console").beat(session, now - timedelta(seconds=50))

    answer = client.get("/up/ready")
    assert answer.status_code == 200
    assert answer.json["degraded"].keys() == {"console"}


def test_refused_number_of_the_office_is_named_by_its_end_alone(
    settings: Settings, database: Database, redis_url: str
) -> None:
    now = datetime.now(UTC)
    with database.transaction() as session:
        for seconds in (60, 40):
            judge_refusal(
                session, make_call(session).id, "+12025550101", 21210, now - timedelta(seconds=seconds)
            )

    answer = asked(settings, database).get("/up/ready")

    assert answer.json["ready"] is True
    (told,) = answer.json["degraded"].values()
    assert told.startswith("the carrier has refused our calls from the line ending in 01 for 4")
    assert "555" not in answer.text


def test_redis_that_is_down_is_named_and_the_process_still_lives(
    settings: Settings, database: Database
) -> None:
    client = asked(settings, database)

    answer = client.get("/up/ready")

    assert answer.status_code == 503
    assert answer.json == {"ready": False, "not_usable": {"redis": "not reachable (ConnectionError)"}}
    assert client.get("/up").status_code == 200


@pytest.mark.parametrize(("how", "error"), [("full", "OutOfMemoryError"), ("copy", "ReadOnlyError")])
def test_redis_that_takes_no_write_is_named(
    settings: Settings, database: Database, redis_url: str, valkey: Valkey, how: str, error: str
) -> None:
    with valkey.takes_no_write(how):
        answer = asked(settings, database).get("/up/ready")

    assert answer.status_code == 503
    assert answer.json == {"ready": False, "not_usable": {"redis": f"cannot be written ({error})"}}


def test_database_without_its_tables_is_named(
    settings: Settings, blank_database_url: str, redis_url: str
) -> None:
    database = Database(blank_database_url, Keyring(settings.field_keys, settings.secret_key))

    answer = asked(settings, database).get("/up/ready")
    database.close()

    assert answer.status_code == 503
    assert answer.json == {"ready": False, "not_usable": {"database": "not of this release"}}


def test_database_that_is_gone_is_named_without_its_address(settings: Settings, redis_url: str) -> None:
    gone = Database(
        "postgresql+psycopg://canary:canary@127.0.0.1:1/canary",
        Keyring(settings.field_keys, settings.secret_key),
    )

    answer = asked(settings, gone).get("/up/ready")

    assert answer.status_code == 503
    assert answer.json == {"ready": False, "not_usable": {"database": "not reachable (OperationalError)"}}
    assert "canary" not in answer.text


def test_full_disk_is_named_though_it_can_still_be_read(
    settings: Settings, tmp_path: Path, redis_url: str
) -> None:
    database = Database(
        f"sqlite:///{tmp_path / 'full.db'}", Keyring(settings.field_keys, settings.secret_key)
    )
    upgrade(database)
    client = asked(settings, database)
    assert client.get("/up/ready").status_code == 200
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    # No file of this process may grow, as on a disk with no room.
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        answer = client.get("/up/ready")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert answer.status_code == 503
    assert answer.json == {
        "ready": False,
        "not_usable": {"database": "cannot be written (OperationalError)"},
    }
    assert client.get("/up/ready").status_code == 200
    database.close()


def test_database_that_may_only_be_read_is_named(
    settings: Settings, database_url: str, redis_url: str
) -> None:
    keyring = Keyring(settings.field_keys, settings.secret_key)
    if database_url.startswith("sqlite"):
        database_url = database_url.replace("sqlite:///", "sqlite:///file:") + "?mode=ro&uri=true"
    else:
        database_url += "&" if "?" in database_url else "?"
        database_url += "options=-c%20default_transaction_read_only%3Don"
    database = Database(database_url, keyring)

    answer = asked(settings, database).get("/up/ready")
    database.close()

    assert answer.status_code == 503
    assert "cannot be written" in answer.json["not_usable"]["database"]


def test_readiness_check_leaves_nothing_behind(
    settings: Settings, database: Database, redis_url: str
) -> None:
    assert asked(settings, database).get("/up/ready").status_code == 200

    with database.reading() as session:
        assert session.scalars(select(Guard)).all() == []


def test_tree_with_a_fault_is_named_without_its_words(
    settings: Settings, database: Database, redis_url: str
) -> None:
    answer = asked(settings, database, "a canary fault", "another").get("/up/ready")

    assert answer.status_code == 503
    assert set(answer.json["not_usable"]) == {"flows"}
    assert "canary" not in answer.text


@pytest.mark.parametrize("path", ["/up", "/up/ready"])
def test_health_asks_no_carrier(settings: Settings, database: Database, redis_url: str, path: str) -> None:
    # The suite refuses every connection that leaves this machine, so an attempt would be a fault.
    far = dataclasses.replace(settings, carrier="twilio", twilio_api_base_url="https://carrier.example.org")

    assert asked(far, database).get(path).status_code == 200
