"""One person at a terminal plays the caller and everyone whom the line rings, over real HTTP."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from hotline.cli.phone import phone
from hotline.exchange.app import create_exchange
from hotline.exchange.calls.switchboard import Order, Switchboard
from hotline.exchange.delivery.delivery import over_http
from tests.exchange.small_line import ACCOUNT, TOKEN, SmallLine
from tests.exchange.web_line import Answer, WebLine, document, web_line


class Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextmanager
def listening(app: Flask) -> Iterator[int]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class World:
    """The small line and an exchange in front of it, both listening."""

    def __init__(self, folder: Path, line: SmallLine, exchange_port: int, switchboard: Switchboard) -> None:
        self.line, self.switchboard = line, switchboard
        self.environ = {
            "HOTLINE_DATA_DIR": str(folder),
            "HOTLINE_ENV": "development",
            "HOTLINE_CARRIER": "exchange",
            "HOTLINE_PUBLIC_URL": line.public_url,
            "HOTLINE_EXCHANGE_PORT": str(exchange_port),
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_ACCOUNT_SID": ACCOUNT,
        }

    def rings_the_liaison(self) -> None:
        self.switchboard.place(
            Order(
                to="+12025550142",
                from_="+12025550100",
                ring_seconds=60,
                url=f"{self.line.public_url}/voice/legs/liaison",
            )
        )

    def plays(self, *options: str, typed: str = "") -> Result:
        return CliRunner().invoke(phone, options, env=self.environ, input=typed)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    line = SmallLine()
    with listening(line.app) as line_port:
        line.public_url = f"http://127.0.0.1:{line_port}"
        switchboard = Switchboard(ACCOUNT, over_http(line.public_url, TOKEN))
        app = create_exchange(switchboard, account_sid=ACCOUNT, credentials={ACCOUNT: (TOKEN,)})
        with listening(app) as exchange_port:
            yield World(tmp_path, line, exchange_port, switchboard)


def test_script_plays_a_call_to_its_end(world: World) -> None:
    played = world.plays("--script", '"",2')

    assert played.exit_code == 0, played.output
    spoken = [line.strip() for line in played.stdout.splitlines()]
    assert spoken == [
        "To talk to someone, … press 1.",
        "> (silence)",
        "Take your time.",
        "To talk to someone, … press 1.",
        "> 2",
        "Goodbye.",
        "(the call is over)",
    ]
    assert [status for _, status in world.line.events] == ["completed"]


def test_end_of_a_script_hangs_up(world: World) -> None:
    assert world.plays("--script", "9").exit_code == 0

    assert [status for _, status in world.line.events] == ["completed"]


def test_person_types_keys_hangs_up_and_leaves(world: World) -> None:
    played = world.plays(typed="hello\n9\nh\n5\nq\n")

    assert played.exit_code == 0, played.output
    assert "keys, Enter = silence" in played.output
    assert "Take your time." in played.output
    assert "(this call is over)" in played.output
    assert [status for _, status in world.line.events] == ["completed"]


def test_phone_that_the_call_itself_rings_can_be_picked_up(world: World) -> None:
    played = world.plays("--script", "1,answer,1,hangup,back")

    assert played.exit_code == 0, played.output
    assert "ringing: a phone ending in 42" in played.stdout
    assert "+12025550142" not in played.output
    assert "To accept, press 1." in played.stdout
    assert "Dial completed, bridged true." in played.stdout


def test_phone_that_nobody_picks_up_ends_its_dial(world: World) -> None:
    assert "Dial no-answer, bridged false." in world.plays("--script", '1,""').stdout


def test_phone_that_rings_at_the_exchange_can_be_picked_up(world: World) -> None:
    world.rings_the_liaison()

    played = world.plays("--script", "hangup,answer,1,hangup")

    assert played.exit_code == 0, played.output
    assert played.stdout.count("ringing: a phone ending in 42") == 1
    assert "To accept, press 1." in played.stdout
    assert "you are alone in the conference" in played.stdout
    (call,) = world.switchboard.all()
    assert call.status == "completed"


def test_transcript_counts_keys_and_does_not_hold_them(world: World, tmp_path: Path) -> None:
    file = tmp_path / "call.txt"

    world.plays("--script", "93572468,2", "--transcript", str(file))

    written = file.read_text()
    assert "93572468" not in written
    assert "> 8 keys" in written
    assert "Goodbye." in written


def test_script_that_the_line_cuts_short_exits_4(world: World) -> None:
    played = world.plays("--script", "2,1")

    assert played.exit_code == 4
    assert "(this call is over)" in played.stdout


def test_script_that_waits_for_a_phone_that_never_rings_exits_3(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.cli.phone._SCRIPT_PATIENCE_SECONDS", 0)

    played = world.plays("--script", "hangup,answer")

    assert played.exit_code == 3
    assert "(no phone rings)" in played.stdout


def test_phone_at_the_exchange_is_heard_in_real_time_as_long_as_the_call_lasts(world: World) -> None:
    world.rings_the_liaison()
    world.switchboard.set_speed(20)

    played = world.plays("--real-time", "--script", "hangup,answer,1,hangup")

    assert played.exit_code == 0, played.output
    assert played.stdout.index("To accept, press 1.") < played.stdout.index("> 1")
    assert "you are alone in the conference" in played.stdout


def test_person_in_real_time_hears_while_they_type_nothing(world: World) -> None:
    played = world.plays("--real-time", typed="2\nq\n")

    assert played.exit_code == 0, played.output
    assert "To talk to someone" in played.stdout
    assert "Goodbye." in played.stdout


def test_speaking_aloud_needs_a_voice(world: World) -> None:
    world.environ["PATH"] = ""

    played = world.plays("--speak", "--script", "2")

    assert played.exit_code == 2
    assert "espeak-ng" in played.stderr
    assert world.line.asked == []


def test_terminal_speaks_aloud_when_it_has_a_voice(world: World, tmp_path: Path) -> None:
    program = tmp_path / "espeak-ng"
    program.write_text(f"#!/bin/sh\n/bin/cat >> {tmp_path}/said\n")
    program.chmod(0o755)
    world.environ["PATH"] = str(tmp_path)

    assert world.plays("--speak", "--script", "2").exit_code == 0

    assert (tmp_path / "said").read_text() == "To talk to someone, . press 1.Goodbye."


def test_person_who_dials_no_line_reads_how_to_start_one_and_where_to_look(tmp_path: Path) -> None:
    there = {"HOTLINE_DATA_DIR": str(tmp_path)}

    played = CliRunner().invoke(phone, ["--bind", "127.0.0.1:9", "--script", "1"], env=there)

    assert played.exit_code == 1
    assert "nothing answers" in played.stderr
    assert "`make run` or `hotline serve`" in played.stderr
    assert "`make phone BIND=HOST:PORT` or --bind" in played.stderr


def test_line_that_fails_is_a_fault(world: World) -> None:
    played = world.plays("--script", "4")

    assert played.exit_code == 1
    assert "The call failed: <Dial> names no phone" in played.stderr
    assert [status for _, status in world.line.events] == ["completed"]


@pytest.mark.parametrize(
    ("to", "words"), [("+12025550100", "Call 911."), ("+12025550101", "Something went wrong.")]
)
def test_call_to_a_discreet_number_falls_back_to_neutral_words(world: World, to: str, words: str) -> None:
    def answers(line: WebLine, path: str) -> Answer | None:
        match path.partition("?")[0]:
            case "/voice/fallback.xml":
                return document("Call 911.")
            case "/voice/fallback-discreet.xml":
                return document("Something went wrong.")
        return 500, {}, b""

    with web_line(answers) as line:
        world.environ["HOTLINE_PUBLIC_URL"] = line.url
        played = world.plays("--to", to, "--script", "")

    heard = [said for said in ("Call 911.", "Something went wrong.") if said in played.output]
    assert heard == [words]


def test_phone_keeps_cookies_follows_redirects_and_goes_to_the_fallback(world: World) -> None:
    def answers(line: WebLine, path: str) -> Answer | None:
        match path.partition("?")[0]:
            case "/voice/inbound":
                return 302, {"Location": "/moved/hello", "Set-Cookie": "crumb=1"}, b""
            case "/moved/hello":
                verbs = b'<Gather numDigits="1" action="next"><Say>Hello.</Say></Gather>'
                return 200, {"Content-Type": "text/xml"}, b"<Response>" + verbs + b"</Response>"
            case "/voice/fallback.xml":
                return document("Something went wrong.")
        return 500, {}, b""

    with web_line(answers) as line:
        world.environ["HOTLINE_PUBLIC_URL"] = line.url
        played = world.plays("--script", "1")

    assert "Something went wrong." in played.output
    asked = [(target.partition("?")[0], headers.get("Cookie")) for _, target, headers, _ in line.asked]
    assert asked[:4] == [
        ("/voice/inbound", None),
        ("/moved/hello", "crumb=1"),
        ("/moved/next", "crumb=1"),
        ("/voice/fallback.xml", "crumb=1"),
    ]
    tokens = [headers["I-Twilio-Idempotency-Token"] for _, _, headers, _ in line.asked]
    assert len(set(tokens)) == len(tokens)
    assert b"ErrorCode=11217" in line.asked[3][3]


def test_phone_says_why_the_line_refuses_it_before_the_fallback_is_heard(world: World) -> None:
    def answers(line: WebLine, path: str) -> Answer | None:
        if path.partition("?")[0] == "/voice/fallback.xml":
            return document("Call 911.")
        return 403, {}, b""

    with web_line(answers) as line:
        world.environ["HOTLINE_PUBLIC_URL"] = line.url
        played = world.plays("--script", "")

    assert "Call 911." in played.stdout
    assert played.stderr.startswith("The line refused the signature (403). Give HOTLINE_PUBLIC_URL and ")


def test_line_that_is_not_running_is_one_sentence(world: World) -> None:
    world.environ["HOTLINE_PUBLIC_URL"] = "http://127.0.0.1:1"

    played = world.plays("--script", "1")

    assert played.exit_code == 1
    assert played.output.count("\n") == 1
    assert "nothing answers at http://127.0.0.1" in played.stderr
    assert "--bind HOST:PORT" in played.stderr


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--script", "1,dance"), "input 2"),
        (("--from", "me"), "--from"),
        (("--to", "2025550100"), "--to"),
        (("--bind", "8000"), "--bind"),
    ],
)
def test_wrong_usage_is_one_sentence_that_names_it(
    world: World, options: tuple[str, ...], named: str
) -> None:
    played = world.plays(*options)

    assert (played.exit_code, played.stdout) == (2, "")
    assert named in played.stderr
    assert world.line.asked == []


def test_nobody_plays_with_a_real_carrier(world: World) -> None:
    world.environ["HOTLINE_CARRIER"] = "twilio"

    assert world.plays("--script", "1").exit_code == 2
