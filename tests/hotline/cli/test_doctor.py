"""`hotline doctor`: what it finds well, and what it names."""

import json
import os
import shutil
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import DDL, create_engine, update

from config.settings import Settings, variables
from hotline.cli import group
from models.audit import audit
from models.audit.audit_head import note_head
from models.callbacks.lone_refusal import judge_refusal
from models.calls.pacing import open_breaker
from models.retention.carrier_record import note_records, record_refused
from models.retention.purge_run import PurgeRun, begin_run, end_run
from models.store import database as database_module
from models.store.database import Database
from models.store.heartbeat import Pulse
from models.store.key_mark import accept_key
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import (
    make_call,
    make_case,
    make_event,
    make_import,
    make_notice,
    make_registration,
    make_staff,
)
from tests.servers import Valkey
from workers.audit_heads import HeadKeeper

SECRETS = {
    "HOTLINE_SECRET_KEY": "canary of the secret key, longer than thirty-two",
    "HOTLINE_PIN_PEPPER": "canary of the PIN pepper, longer than thirty-two",
    "HOTLINE_FIELD_KEYS": "k1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "TWILIO_AUTH_TOKEN": "canary-token",
}


def run(settings: Settings, *args: str, **environ: str) -> Result:
    cleared = dict.fromkeys(variables(), "")
    given = {
        "HOTLINE_DATA_DIR": str(settings.data_dir),
        "HOTLINE_DATABASE_URL": settings.database_url,
        "HOTLINE_REDIS_URL": settings.redis_url or "",
    }
    return CliRunner().invoke(group, list(args), env={**cleared, **given, **SECRETS, **environ})


def wrong(result: Result) -> dict[str, str]:
    return {check["name"]: check["wrong"] for check in json.loads(result.stdout)["checks"] if check["wrong"]}


@ON_BOTH
def test_healthy_installation_is_reported_without_a_secret(
    settings: Settings, database: Database, redis_url: str
) -> None:
    with database.transaction() as session:
        make_staff(session, on_shift=True)
        make_staff(session, role="supervisor")
        make_staff(session, role="administrator")
    told = run(settings, "doctor")
    as_json = run(settings, "doctor", "--json")

    assert as_json.exit_code == 0
    assert wrong(as_json) == {}
    for text in (told.output, as_json.output):
        assert "canary" not in text
        assert "AAECAwQF" not in text
    assert "HOTLINE_SECRET_KEY" in told.output
    assert json.loads(as_json.stdout)["configured"]["HOTLINE_PIN_PEPPER"] == "set, not shown"


def test_refused_account_and_silent_role_are_named(
    settings: Settings, database: Database, redis_url: str
) -> None:
    now = datetime.now(UTC)
    with database.transaction() as session:
        open_breaker(session, "texts", 20003, now - timedelta(seconds=40))
        for seconds in (90, 70):
            judge_refusal(
                session, make_call(session).id, "+12025550101", 21210, now - timedelta(seconds=seconds)
            )
        for role, seconds in (("web", 1), ("worker", 65), ("sweeper", 4)):
            Pulse(role).beat(session, now - timedelta(seconds=seconds))

    result = run(settings, "doctor", "--json")

    told = wrong(result)
    assert result.exit_code == 1
    assert "refused our texts" in told["account"]
    assert "20003" in told["account"]
    assert "refused our calls from the line ending in 01 for 7" in told["account"]
    assert told["roles"].startswith("worker: no sign of life for 6")
    (roles,) = [c for c in json.loads(result.stdout)["checks"] if c["name"] == "roles"]
    assert "web: 1 living" in roles["told"]
    assert "sweeper: 1 living" in roles["told"]


def test_redis_that_is_down_and_database_without_tables_are_reported(
    tmp_path: Path, settings: Settings
) -> None:
    result = run(settings, "doctor", "--json")

    assert result.exit_code == 1
    assert set(wrong(result)) == {"database", "redis"}
    assert "hotline db upgrade" in wrong(result)["database"]


@ON_SQLITE
def test_redis_that_takes_no_write_is_reported(
    settings: Settings, database: Database, redis_url: str, valkey: Valkey
) -> None:
    with valkey.takes_no_write("full"):
        told = wrong(run(settings, "doctor", "--json"))["redis"]

    assert "takes no write (OutOfMemoryError), so no worker gets a job" in told


@contextmanager
def over_tls(until: datetime, since: datetime | None = None) -> Iterator[tuple[str, trustme.CA]]:
    """A web server whose certificate runs out then: its address, and who vouches for it."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", not_before=since, not_after=until).configure_cert(context)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_address[1]}", authority
        server.shutdown()


def at_twilio(settings: Settings, **changes: str) -> Result:
    known = {"HOTLINE_CARRIER": "twilio", "TWILIO_ACCOUNT_SID": "AC" + "1" * 32}
    known |= {"TWILIO_API_BASE_URL": "http://127.0.0.1:1", "HOTLINE_PUBLIC_URL": "https://127.0.0.1:1"}
    return run(settings, "doctor", "--json", **known | changes)


def test_office_that_uses_twilio_is_told_of_the_shipped_numbers(settings: Settings) -> None:
    result = at_twilio(settings)

    assert result.exit_code == 1
    assert {"lines", "carrier"} <= set(wrong(result))


def test_carrier_whose_certificate_is_not_believed_is_named_with_the_clock(settings: Settings) -> None:
    with over_tls(datetime.now(UTC) + timedelta(days=90)) as (url, _):
        told = wrong(at_twilio(settings, TWILIO_API_BASE_URL=url))["carrier"]

    assert told.startswith("The certificate of 127.0.0.1 is not believed (")
    assert f"so no call leaves. By this machine's clock it is {datetime.now(UTC):%Y-%m-%d}" in told


@pytest.mark.parametrize(
    ("days", "says"),
    [
        (90, None),
        (13, "then no call arrives. Renew it, and reload the proxy."),
        (-1, "certificate has expired"),
    ],
)
def test_certificate_of_the_line_is_named_before_and_after_it_runs_out(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, days: int, says: str | None
) -> None:
    """With it the line goes silent at night, and Twilio alone knows."""
    with over_tls(datetime.now(UTC) + timedelta(days=days)) as (url, authority):
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setattr("certifi.where", lambda: str(tmp_path / "ca.pem"))
        told = wrong(at_twilio(settings, HOTLINE_PUBLIC_URL=url)).get("certificate")

    assert told is None if says is None else says in str(told)


@pytest.mark.parametrize(("hours", "is_late"), [(150, False), (80, False), (30, True)])
def test_certificate_that_lives_six_days_is_named_only_when_its_renewal_is_late(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hours: int, is_late: bool
) -> None:
    """It was named as a fault at every moment of its life, so nobody believes the next fault."""
    until = datetime.now(UTC) + timedelta(hours=hours)
    with over_tls(until, since=until - timedelta(hours=160)) as (url, authority):
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setattr("certifi.where", lambda: str(tmp_path / "ca.pem"))
        told = wrong(at_twilio(settings, HOTLINE_PUBLIC_URL=url))

    assert ("certificate" in told) is is_late


def test_account_is_not_called_well_before_the_carrier_took_a_call(
    settings: Settings, database: Database, redis_url: str
) -> None:
    """It said "well account: the carrier takes our calls", and the carrier could not be reached."""
    told = wrong(at_twilio(settings))

    assert "cannot be reached" in told["carrier"]
    assert told["account"].startswith("No call has left yet, so it is not known")
    with database.transaction() as session:
        call = make_call(session, "CA" + "1" * 32)
        call.direction = "outbound"
    assert "account" not in wrong(at_twilio(settings))


def test_copy_that_places_no_calls_is_named(settings: Settings) -> None:
    told = wrong(run(settings, "doctor", "--json", HOTLINE_PLACE_CALLS="0"))["carrier"]

    assert told == "HOTLINE_PLACE_CALLS is 0: no call is placed and no text is sent."


def test_wrong_office_file_is_reported_with_its_field(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "office.toml").write_text("[office]\n")

    result = run(settings, "doctor", "--json", HOTLINE_OFFICE_FILE=str(tmp_path / "office.toml"))

    assert result.exit_code == 1
    assert "[release]" in wrong(result)["office"]


def test_database_of_an_older_checkout_is_named_and_no_role_starts_on_it(
    settings: Settings, blank_database_url: str
) -> None:
    """Doctor found it well, and every pass of the sweeper failed at a column that it lacks."""
    made_by = {"HOTLINE_DATABASE_URL": blank_database_url}
    assert run(settings, "db", "upgrade", **made_by).exit_code == 0
    blank = create_engine(blank_database_url)
    with blank.begin() as connection:
        connection.execute(DDL("ALTER TABLE staff DROP COLUMN missed_offers"))
    blank.dispose()

    told = wrong(run(settings, "doctor", "--json", **made_by))["database"]
    started = run(settings, "sweeper", **made_by)

    assert told.startswith(
        "The database lacks staff.missed_offers: an older checkout of this release made it."
    )
    assert (started.exit_code, started.stderr) == (2, f"{told}\n")


def test_open_office_with_nobody_on_shift_is_reported(
    settings: Settings, database: Database, redis_url: str
) -> None:
    always_open = {"HOTLINE_OFFICE_ALWAYS_OPEN": "1"}

    told = wrong(run(settings, "doctor", "--json", **always_open))

    assert "nobody is on shift" in told["shift"]
    with database.transaction() as session:
        make_staff(session, on_shift=True)
        make_staff(session, role="supervisor")
        make_staff(session, role="administrator")
    assert wrong(run(settings, "doctor", "--json", **always_open)) == {}


def test_installation_without_two_people_who_may_approve_together_is_reported(
    settings: Settings, database: Database, redis_url: str
) -> None:
    with database.transaction() as session:
        make_staff(session, role="supervisor", on_shift=True)

    told = run(settings, "doctor", "--json")
    # Named, and no fault: a new office has one such person, and its line works.
    assert list(wrong(told)) == ["two people"]
    assert "No two supervisors or administrators" in wrong(told)["two people"]
    assert "A PIN that a liaison asks for needs one of them" in wrong(told)["two people"]
    assert (told.exit_code, json.loads(told.stdout)["healthy"]) == (0, True)
    assert "NOTE  two people" in run(settings, "doctor").output
    with database.transaction() as session:
        make_staff(session, role="supervisor")

    assert "No supervisor and administrator" in wrong(run(settings, "doctor", "--json"))["two people"]


def test_feed_that_is_silent_is_a_note(database: Database, settings: Settings) -> None:
    def told() -> tuple[object, object]:
        checks = json.loads(run(settings, "doctor", "--json").stdout)["checks"]
        (check,) = [one for one in checks if one["name"] == "feed"]
        assert not check["fault"]
        return check["told"], check["wrong"]

    assert told() == ("no file has been applied yet", None)
    with database.transaction() as session:
        make_import(session, newest_as_of=datetime(2026, 1, 2, 3, 4, tzinfo=UTC))

    said, wrong = told()
    assert said == "last confirmed somebody 2026-01-02 03:04 UTC"
    assert wrong == "The feed has confirmed nobody for over 6 hours. Callers hear that we cannot confirm."


def test_urgent_notices_that_nobody_confirmed_are_counted_without_a_name(
    database: Database, settings: Settings
) -> None:
    def told() -> tuple[str, str | None]:
        checks = json.loads(run(settings, "doctor", "--json").stdout)["checks"]
        (check,) = [one for one in checks if one["name"] == "notices"]
        assert check["fault"] is False
        return check["told"], check["wrong"]

    assert told() == ("0 waiting, 0 ringing, 0 left for staff, 0 confirmed, 0 stopped", None)
    with database.transaction() as session:
        case = make_case(session, "released")
        made_at = datetime.now(UTC) - timedelta(hours=3)
        event = make_event(session, case.subject_id)
        make_notice(session, make_registration(session, case), event, made_at=made_at)

    said, wrong = told()
    assert said.startswith("1 waiting, 0 ringing")
    assert wrong is not None
    assert wrong.startswith("1 urgent notices are unconfirmed, 1 of them for too long; 1 waiting")


def test_feed_folder_that_nobody_watches_or_may_not_be_used_is_a_fault(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    folder, key = tmp_path / "feed", tmp_path / "feed.pem"

    def told() -> tuple[str, str | None]:
        result = run(
            settings, "doctor", "--json", HOTLINE_FEED_DIR=str(folder), HOTLINE_FEED_KEY_FILE=str(key)
        )
        (check,) = [one for one in json.loads(result.stdout)["checks"] if one["name"] == "feed folder"]
        return check["told"], check["wrong"]

    assert told()[1] == "The feed's folder or key file cannot be used: No such file or directory."
    key.write_text("no key")
    assert told()[1] == "HOTLINE_FEED_KEY_FILE holds no public key in PEM form."
    public = Ed25519PrivateKey.generate().public_key()
    key.write_bytes(
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    assert told()[1] == "The feed's folder or key file cannot be used: No such file or directory."
    folder.mkdir()
    assert told()[1] == "`hotline intake` has not run, so nobody watches HOTLINE_FEED_DIR."
    with database.transaction() as session:
        Pulse("intake").beat(session, datetime.now(UTC))
    assert told() == (f"{folder}, watched by intake", None)

    (folder / "batch.csv").write_text("")
    os.utime(folder / "batch.csv", (1, 1))
    assert told()[1] == "1 files have waited for over an hour: held by the brake, or without a signature."


def test_doctor_in_a_container_without_the_feed_folder_points_to_intake(
    database: Database, settings: Settings
) -> None:
    with database.transaction() as session:
        Pulse("intake").beat(session, datetime.now(UTC))
    feed = {"HOTLINE_FEED_DIR": "/srv/feed", "HOTLINE_FEED_KEY_FILE": "/etc/hotline-feed/feed.pem"}

    checks = json.loads(run(settings, "doctor", "--json", **feed).stdout)["checks"]

    (check,) = [one for one in checks if one["name"] == "feed folder"]
    assert check["wrong"].endswith("run `hotline doctor` where `hotline intake` runs.")
    assert check["fault"] is False


@ON_BOTH
def test_last_purge_and_what_the_carrier_kept_are_told(database: Database, settings: Settings) -> None:
    def told() -> tuple[str, str | None]:
        checks = json.loads(run(settings, "doctor", "--json").stdout)["checks"]
        (check,) = [one for one in checks if one["name"] == "purge"]
        assert check["fault"] is False
        return check["told"], check["wrong"]

    assert told() == ("has not run yet", None)
    now = datetime.now(UTC)
    with database.transaction() as session:
        purge = begin_run(session, now, now - timedelta(days=90), "sweeper", 0)
        end_run(session, purge.id, 0, "sweeper", now)
    assert told() == (f"last ran {now:%Y-%m-%d %H:%M} UTC", None)
    with database.transaction() as session:
        note_records(session, "call", ["CA1"])
    # It could not be reached, so it refused nothing, and it still has the record (R41).
    assert "did not delete 1 of its records" in str(told()[1])
    with database.transaction() as session:
        record_refused(session, "CA1", 20409, now)
    assert "did not delete 1 of its records" in str(told()[1])
    with database.transaction() as session:
        session.execute(update(PurgeRun).values(ended_at=now - timedelta(days=3)))
    assert "No purge has ended for two days" in str(told()[1])


@ON_BOTH
def test_clock_long_after_the_last_purge_is_a_fault_before_anybody_is_told_to_purge(
    database: Database, settings: Settings
) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=150)
    with database.transaction() as session:
        purge = begin_run(session, long_ago, long_ago - timedelta(days=90), "sweeper", 0)
        end_run(session, purge.id, 0, "sweeper", long_ago)

    checks = json.loads(run(settings, "doctor", "--json").stdout)["checks"]

    (check,) = [one for one in checks if one["name"] == "purge"]
    assert check["fault"] is True
    assert "If the clock is wrong, set it; if it is right, run `hotline purge`" in check["wrong"]


@ON_BOTH
def test_key_of_another_installation_is_named(database: Database, settings: Settings) -> None:
    assert "keys" not in wrong(run(settings, "doctor", "--json"))
    with database.transaction() as session:
        accept_key(session, "HOTLINE_SECRET_KEY", b"the key that every other machine has")

    told = wrong(run(settings, "doctor", "--json"))["keys"]

    assert told.startswith("HOTLINE_SECRET_KEY is not the key with which this database has been used")


def test_doctor_waits_once_for_a_database_that_does_not_answer(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its machine is gone, or a firewall drops what is sent there. The doctor said nothing for half an hour.
    monkeypatch.setattr(database_module, "CONNECT_SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0)) as hung:
        url = f"postgresql+psycopg://hotline@127.0.0.1:{hung.getsockname()[1]}/hotline"
        began = time.monotonic()
        told = run(settings, "doctor", "--json", HOTLINE_DATABASE_URL=url)
        lasted = time.monotonic() - began

    assert told.exit_code == 1
    assert "cannot be reached" in wrong(told)["database"]
    checks = {one["name"]: one["told"] for one in json.loads(told.stdout)["checks"]}
    asked = ("keys", "account", "roles", "two people", "feed", "notices", "purge", "shift")
    assert {checks[name] for name in asked} == {"not known"}
    assert lasted < 15


def test_what_cannot_be_known_is_not_called_well(settings: Settings) -> None:
    url = "postgresql+psycopg://hotline@127.0.0.1:1/hotline"

    told = run(settings, "doctor", HOTLINE_DATABASE_URL=url).output

    assert "\n?     account     not known\n" in told
    assert "\nWRONG database" in told


@ON_BOTH
def test_second_place_that_takes_no_head_of_the_audit_is_named(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    def told() -> tuple[str, str | None]:
        checks = json.loads(run(settings, "doctor", "--json").stdout)["checks"]
        (check,) = [one for one in checks if one["name"] == "audit head"]
        assert check["fault"] is False
        return check["told"], check["wrong"]

    now, place = datetime.now(UTC) - timedelta(days=3), tmp_path / "share" / "heads.jsonl"
    keeper = HeadKeeper(database, place, b"a secret of this test, longer than thirty-two")
    assert told() == ("none was kept yet", None)
    with database.transaction() as session:
        audit.record(session, actor="a", action="rest", target="staff:1", now=now)
    keeper.keep(datetime.now(UTC) - timedelta(hours=1))
    assert told()[1] is None
    with database.transaction() as session:
        note_head(session, now, written=True)
    shutil.rmtree(place.parent)
    place.parent.write_text("The share is gone.")
    for minutes in (0, 10, 20):
        keeper.keep(datetime.now(UTC) + timedelta(minutes=minutes))

    assert told()[0] == f"last kept {now:%Y-%m-%d %H:%M} UTC"
    assert "not kept in HOTLINE_AUDIT_HEAD_FILE" in str(told()[1])


@ON_BOTH
def test_database_that_takes_no_write_is_wrong(settings: Settings, database: Database) -> None:
    url = settings.database_url
    if url.startswith("sqlite"):
        url = url.replace("sqlite:///", "sqlite:///file:") + "?mode=ro&uri=true"
    else:
        url += f"{'&' if '?' in url else '?'}options=-c%20default_transaction_read_only%3Don"

    told = run(settings, "doctor", "--json", HOTLINE_DATABASE_URL=url)

    assert told.exit_code == 1
    assert "The database cannot be written" in wrong(told)["database"]
    checks = {one["name"]: one["told"] for one in json.loads(told.stdout)["checks"]}
    assert checks["two people"] != "not known"
