"""`hotline doctor --going-live`, as an operator reads it: what is done, open, or left to do by hand."""

import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import redis
from click.testing import Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from config.office import Office
from config.office_file import SHIPPED_DECIDER, SHIPPED_FILE
from config.settings import Settings
from hotline.app import create_app
from hotline.cli.doctor.going_live import STEPS
from models.audit.audit_head import read_head, signing_key, write_head
from models.retention.purge_run import begin_run, end_run
from models.staff.schedule import set_schedule
from models.store.database import Database
from models.store.heartbeat import Pulse
from tests.conftest import ON_SQLITE, SECRET_KEY
from tests.factories import make_case, make_court, make_facility, make_import, make_staff
from tests.fake_twilio import FakeTwilio, running_twilio
from tests.hotline.cli.test_doctor import SECRETS, run

ROOT = Path(__file__).resolve().parents[3]
LINES = ("+12025550180", "+12025550181")
STAFF_LINE, PERSON = "+12025550183", "2025550182"
#: Ticks every step; returns them by title.
Tick = Callable[..., dict[str, dict[str, Any]]]
PRODUCTION = {
    "HOTLINE_ENV": "production",
    # Nothing answers there.
    "HOTLINE_PUBLIC_URL": "https://127.0.0.1:9",
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "HOTLINE_SECRET_KEY": SECRET_KEY.decode(),
    "TWILIO_API_BASE_URL": "http://127.0.0.1:1",
}


def ticked(result: Result) -> dict[str, dict[str, Any]]:
    """The steps of a checklist, by title."""
    return {step["title"]: step for step in json.loads(result.stdout)["steps"]}


def own_office(folder: Path) -> Path:
    """The office file of an office that has numbers of its own and has decided its policies."""
    text = re.sub(r"\+1202555010(\d)", r"+1202555018\1", SHIPPED_FILE.read_text())
    path = folder / "office.toml"
    path.write_text(text.replace(SHIPPED_DECIDER, "Ada Invented, director"))
    return path


def as_wanted(number: str, public_url: str, fallback: str) -> dict[str, Any]:
    """A number as Twilio lists it, when it is set as going live asks."""
    return {
        "sid": "PN" + "1" * 32, "phone_number": number, "capabilities": {"voice": True, "sms": True},
        "voice_url": f"{public_url}/voice/inbound", "voice_method": "POST",
        "status_callback": f"{public_url}/voice/call-events", "status_callback_method": "POST",
        "voice_fallback_url": fallback, "voice_fallback_method": "GET",
        "sms_url": f"{public_url}/sms/inbound", "sms_method": "POST",
        "trunk_sid": None, "voice_application_sid": None, "sms_application_sid": None,
    }  # fmt: skip


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with running_twilio() as twilio:
        yield twilio


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """A web host that is not the line's, with both fallback documents and a person's number in them."""
    documents = {
        f"/{name}": (ROOT / "hotline" / "voice" / name).read_text().replace("2025550102", PERSON).encode()
        for name in ("fallback.xml", "fallback-discreet.xml")
    }
    documents["/shipped.xml"] = (ROOT / "hotline" / "voice" / "fallback.xml").read_bytes()

    class Host(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = documents.get(self.path, b"")
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing."""

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Host)) as port:
        yield f"http://localhost:{port}"


@contextmanager
def serving(server: Any) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def certificate_of(folder: Path) -> tuple[Path, Path]:
    """A certificate of this machine's address, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return folder / "certificate.pem", folder / "key.pem"


@contextmanager
def over_tls(app: Any, folder: Path) -> Iterator[tuple[str, Path]]:
    """A web app over TLS: its address, and the certificate to trust."""
    certificate, key = certificate_of(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=context)
    with serving(server) as port:
        yield f"https://127.0.0.1:{port}", certificate


def fill(database: Database, folder: Path) -> None:
    """What people and the roles do before a line goes live."""
    now = datetime.now(UTC)
    with database.transaction() as session:
        for languages in ("en", "en,es"):
            make_staff(session, languages=languages)
        set_schedule(
            session, make_staff(session).email, kind="on_shift", weekdays=range(5),
            span=(time(8), time(17)), actor="x", now=now,
        )  # fmt: skip
        make_staff(session, role="supervisor")
        make_staff(session, role="administrator")
        make_facility(session)
        make_court(session)
        make_case(session)
        make_import(session, newest_as_of=now)
        end_run(
            session, begin_run(session, now, now - timedelta(days=90), "sweeper", 0).id, 0, "sweeper", now
        )
        for role in ("web", "worker", "sweeper", "intake"):
            Pulse(role).beat(session, now)
    with database.reading() as session:
        write_head(folder / "elsewhere" / "heads.jsonl", read_head(session, now), signing_key(SECRET_KEY))


def feed_of(folder: Path) -> dict[str, str]:
    """A watched folder and the sender's public key."""
    (folder / "feed").mkdir()
    public = Ed25519PrivateKey.generate().public_key()
    (folder / "feed.pem").write_bytes(
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return {"HOTLINE_FEED_DIR": str(folder / "feed"), "HOTLINE_FEED_KEY_FILE": str(folder / "feed.pem")}


def test_operator_who_begins_reads_what_is_open_and_what_is_left_by_hand(settings: Settings) -> None:
    result = run(settings, "doctor", "--going-live", HOTLINE_ENV="production", HOTLINE_SECRET_KEY="")

    lines = result.stdout.splitlines()
    assert result.exit_code == 1
    assert [line.partition(".")[0].split()[-1] for line in lines[:-2]] == [
        str(number) for number in range(1, len(STEPS) + 1)
    ]
    assert {line[:8].strip() for line in lines[:-2]} == {"open", "by hand"}
    assert "HOTLINE_SECRET_KEY is not set; it is required in production" in lines[7]
    assert "waits for step 8" in lines[0]
    assert lines[-1].startswith("0 done, ")


@ON_SQLITE
def test_development_is_told_to_become_production(
    settings: Settings, database: Database, redis_url: str
) -> None:
    steps = ticked(run(settings, "doctor", "--going-live", "--json"))

    assert steps["Give the office a file of its own"]["state"] == "open"
    assert "office.person_number" in steps["Replace every shipped number"]["told"]
    assert steps["Set the environment for production"]["told"].startswith("HOTLINE_ENV is development")
    assert steps["Migrate the database"]["state"] == "done"
    assert steps["Connect the Twilio account"]["told"] == "waits for step 8"
    assert steps["Let Redis keep every job"]["told"] == "Redis forgets its jobs when it restarts"
    assert steps["Start every role"]["told"] == "no sign of life from web, worker, sweeper"


def test_installation_with_every_step_done_may_go_live_and_nobody_was_called(
    settings: Settings,
    database: Database,
    redis_url: str,
    twilio: FakeTwilio,
    elsewhere: str,
    tmp_path: Path,
) -> None:
    office, folder = own_office(tmp_path), tmp_path / "data"
    folder.mkdir()
    fill(database, tmp_path)
    valkey = redis.Redis.from_url(redis_url)
    valkey.config_set("appendonly", "yes")
    valkey.config_set("maxmemory-policy", "noeviction")
    line = create_app(settings, database=database, with_console=False)
    with over_tls(line, tmp_path) as (public_url, certificate):
        for number in (*LINES, STAFF_LINE):
            name = "fallback-discreet.xml" if number == LINES[1] else "fallback.xml"
            twilio.numbers[number] = as_wanted(number, public_url, f"{elsewhere}/{name}")
        environ = {
            **PRODUCTION, **feed_of(tmp_path), "HOTLINE_DATA_DIR": str(folder),
            "HOTLINE_PUBLIC_URL": public_url, "REQUESTS_CA_BUNDLE": str(certificate),
            "TWILIO_API_BASE_URL": twilio.url, "HOTLINE_OFFICE_FILE": str(office), "HOTLINE_WEB_PROXIES": "1",
            "HOTLINE_AUDIT_HEAD_FILE": str(tmp_path / "elsewhere" / "heads.jsonl"),
        }  # fmt: skip
        as_json = run(settings, "doctor", "--going-live", "--json", **environ)
        told = run(settings, "doctor", "--going-live", **environ)
    valkey.config_set("appendonly", "no")
    valkey.close()

    document = json.loads(as_json.stdout)
    assert [step for step in document["steps"] if step["state"] == "open"] == []
    assert document["ready"] is True
    assert (as_json.exit_code, told.exit_code) == (0, 0)
    by_hand = {step["title"] for step in document["steps"] if step["state"] == "by_hand"}
    assert by_hand == {step.title for step in STEPS if step.by_hand is not None}
    assert all(step["next"] for step in document["steps"] if step["state"] == "by_hand")
    assert told.stdout.splitlines()[-1] == f"{document['done']} done, 0 open, {len(by_hand)} by hand."
    assert {method for method, *_ in twilio.asked} == {"GET"}
    for text in (as_json.output, told.output):
        assert not [canary for canary in (*SECRETS.values(), SECRET_KEY.decode()) if canary in text]
        assert not re.search(r"\d{10}", text.replace("AC" + "1" * 32, ""))


@pytest.fixture
def at_twilio(settings: Settings, twilio: FakeTwilio, elsewhere: str, tmp_path: Path) -> Tick:
    """Ticks the steps of an office whose numbers are as they must be, but for one of its lines."""

    def tick(changed: str = LINES[0], gone: str = "", **changes: Any) -> dict[str, dict[str, Any]]:
        public_url = PRODUCTION["HOTLINE_PUBLIC_URL"]
        for number in (*LINES, STAFF_LINE):
            name = "fallback-discreet.xml" if number == LINES[1] else "fallback.xml"
            twilio.numbers[number] = as_wanted(number, public_url, f"{elsewhere}/{name}")
        twilio.numbers[changed] |= {
            name: value.replace("ELSEWHERE", elsewhere) if isinstance(value, str) else value
            for name, value in changes.items()
        }
        twilio.numbers.pop(gone, None)
        environ = {"TWILIO_API_BASE_URL": twilio.url, "HOTLINE_OFFICE_FILE": str(own_office(tmp_path))}
        return ticked(run(settings, "doctor", "--going-live", "--json", **{**PRODUCTION, **environ}))

    return tick


VOICE, STATUS = "Set each number's voice URL", "Set each number's status callback"
FALLBACK, TEXTS = "Host the fallback elsewhere", "Set each number's messaging URL"


@pytest.mark.parametrize(
    ("changes", "title", "told"),
    [
        ({"voice_url": ""}, VOICE, "has no voice URL"),
        ({"voice_url": "https://demo.twilio.com/welcome/voice/"}, VOICE, "has another voice URL"),
        ({"voice_method": "GET"}, VOICE, "has a voice URL with GET"),
        ({"trunk_sid": "TK1"}, VOICE, "is handled by a SIP trunk, so its own addresses do not count"),
        ({"voice_application_sid": "AP1"}, VOICE, "is handled by a TwiML app"),
        ({"status_callback": ""}, STATUS, "has no status callback"),
        ({"voice_fallback_url": ""}, FALLBACK, "has no fallback URL"),
        (
            {"voice_fallback_url": "https://127.0.0.1/voice/fallback.xml"},
            FALLBACK,
            "has its fallback on this server",
        ),
        ({"voice_fallback_url": "ELSEWHERE/none.xml"}, FALLBACK, "answers GET with 404"),
        ({"voice_fallback_method": "POST"}, FALLBACK, "answers POST with 501"),
        ({"voice_fallback_url": "ELSEWHERE/shipped.xml"}, FALLBACK, "with the shipped number"),
        ({"sms_url": ""}, TEXTS, "has no messaging URL"),
        ({"sms_application_sid": "AP1"}, TEXTS, "has its texts handled by a TwiML app"),
        ({"capabilities": {"voice": True, "sms": False}}, TEXTS, "takes no texts"),
    ],
)  # fmt: skip
def test_number_that_is_set_otherwise_is_named_by_its_end(
    at_twilio: Tick, changes: dict[str, Any], title: str, told: str
) -> None:
    steps = at_twilio(**changes)

    assert [step["title"] for step in steps.values() if step["title"] in (VOICE, STATUS, FALLBACK, TEXTS)
            and step["state"] == "open"] == [title]  # fmt: skip
    assert steps[title]["told"].startswith("the line ending in 0180 ")
    assert told in steps[title]["told"]
    assert steps[title]["next"]


def test_discreet_line_with_the_fallback_of_the_others_is_named(at_twilio: Tick) -> None:
    assert at_twilio()[FALLBACK]["state"] == "done"

    step = at_twilio(LINES[1], voice_fallback_url="ELSEWHERE/fallback.xml")[FALLBACK]

    assert step["told"].startswith("the discreet line ending in 0181 has the fallback of the other lines")


def test_number_that_the_account_does_not_have_is_named(at_twilio: Tick) -> None:
    steps = at_twilio(gone=STAFF_LINE)

    assert steps["Own every number"]["told"] == "the account does not have the staff line ending in 0183"
    assert steps[VOICE]["told"] == "the staff line ending in 0183 is not the account's"
    assert steps[TEXTS]["state"] == "done"


@pytest.mark.parametrize(
    ("account", "told"),
    [
        ({"status": "suspended", "type": "Full"}, "the account is suspended"),
        ({"status": "active", "type": "Trial"}, "the account is a trial: it calls only verified numbers"),
    ],
)
def test_account_that_cannot_serve_callers_is_open(
    at_twilio: Tick,
    twilio: FakeTwilio,
    account: dict[str, str],
    told: str,
) -> None:
    twilio.account = account

    step = at_twilio()["Connect the Twilio account"]

    assert (step["state"], step["told"]) == ("open", told)


def test_wrong_auth_token_is_open_since_it_signs_every_call(at_twilio: Tick, twilio: FakeTwilio) -> None:
    twilio.behaves, twilio.error_code = 401, 20003

    steps = at_twilio()

    assert (
        "code 20003), so the signature of every call would be wrong"
        in (steps["Connect the Twilio account"]["told"])
    )
    assert steps[VOICE]["told"] == "waits for step 17"


def test_api_key_that_twilio_does_not_accept_is_open_before_the_first_call(
    at_twilio: Tick, twilio: FakeTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step was done, since it asks by the token, and the next one said "The carrier failed (None)"."""
    known = {"TWILIO_API_KEY": "SK" + "2" * 32, "TWILIO_API_SECRET": "wrong"}
    for name, value in known.items():
        monkeypatch.setitem(PRODUCTION, name, value)
    twilio.unknown_user, twilio.error_code = known["TWILIO_API_KEY"], 20003

    steps = at_twilio()

    told = steps["Connect the Twilio account"]["told"]
    assert "does not accept TWILIO_API_KEY with TWILIO_API_SECRET (code 20003), so no call" in told
    assert steps[VOICE]["told"] == "waits for step 17"


def test_address_that_leads_elsewhere_is_open(settings: Settings, tmp_path: Path) -> None:
    def told(app: Any) -> str:
        with over_tls(app, tmp_path) as (public_url, certificate):
            environ = {"HOTLINE_PUBLIC_URL": public_url, "REQUESTS_CA_BUNDLE": str(certificate)}
            result = run(settings, "doctor", "--going-live", "--json", **{**PRODUCTION, **environ})
        step = ticked(result)["Give the line an https address"]
        assert step["state"] == "open"
        return str(step["told"]).replace(public_url, "")

    # A page of a web host, and a proxy that does not pass POST.
    assert told(Response("Not Found", 404)) == "/up answers 404"
    assert told(only_gets) == "POST /voice/inbound without a signature answers 405, and not 403"
    plain = run(
        settings, "doctor", "--going-live", "--json",
        **{**PRODUCTION, "HOTLINE_PUBLIC_URL": "http://127.0.0.1:9"},
    )  # fmt: skip
    assert "no https address" in ticked(plain)["Give the line an https address"]["told"]


def only_gets(environ: Any, start_response: Any) -> Any:
    """Answers /up as the line does, and refuses every POST."""
    is_post = environ["REQUEST_METHOD"] == "POST"
    return Response('{"up":true}', 405 if is_post else 200)(environ, start_response)


@ON_SQLITE
def test_demo_in_the_database_is_open(settings: Settings, database: Database) -> None:
    with database.transaction() as session:
        make_case(session, number="41000723", pin="739482")

    steps = ticked(run(settings, "doctor", "--going-live", "--json", **PRODUCTION))

    assert steps["Leave the demo out"]["state"] == "open"
    assert "everyone can read" in steps["Leave the demo out"]["told"]


def test_key_that_a_development_run_left_beside_the_database_is_open(settings: Settings) -> None:
    (settings.data_dir / "secret.key").write_text(f"{SECRET_KEY.decode()}\n")

    step = ticked(run(settings, "doctor", "--going-live", "--json", **PRODUCTION))["Set keys of your own"]

    assert step["state"] == "open"
    assert "still in use: secret.key" in step["told"]


def test_policy_that_nobody_signed_or_reviewed_is_open(settings: Settings, tmp_path: Path) -> None:
    path = own_office(tmp_path)

    def told() -> tuple[str, str]:
        result = run(
            settings, "doctor", "--going-live", "--json", **{**PRODUCTION, "HOTLINE_OFFICE_FILE": str(path)}
        )
        step = ticked(result)["Record who decided each policy"]
        return step["state"], step["told"]

    assert told()[0] == "done"
    path.write_text(path.read_text().replace("Ada Invented, director", SHIPPED_DECIDER, 1))
    assert told()[1].endswith("say that the office's director decided them: fresh_minutes")
    path.write_text(path.read_text().replace(SHIPPED_DECIDER, "Ada Invented, director"))
    past = date(2026, 1, 1).isoformat()
    path.write_text(re.sub(r"review_by = \S+", f"review_by = {past}", path.read_text(), count=1))
    assert told()[1] == "1 policies are past their review_by: fresh_minutes"


def test_shipped_file_names_nobody_as_having_decided() -> None:
    assert {one.decided_by for one in Office.load(SHIPPED_FILE).policies.values()} == {SHIPPED_DECIDER}


def test_page_about_going_live_has_exactly_these_steps() -> None:
    page = (ROOT / "docs" / "operators" / "going-live.md").read_text()

    headings = re.findall(r"^### (\d+)\. (.+)$", page, re.MULTILINE)

    assert headings == [(str(number), step.title) for number, step in enumerate(STEPS, 1)]
