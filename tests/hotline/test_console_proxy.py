"""A web process leads staff to the console: what arrives there, what comes back, and what callers notice."""

import io
import json
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import pytest
from werkzeug.serving import make_server
from werkzeug.test import EnvironBuilder, run_wsgi_app

from config.settings import Settings
from hotline.console_proxy import MOST_FILES, ConsoleProxy
from hotline.proxies import client_of, proxies_before_console
from hotline.request_slots import RequestSlots
from hotline.slow_senders import FORM_BYTES, SlowSenders
from tests.hotline.test_request_slots import SlowBody

CLIENT, STRANGERS_CLAIM, PROXY = "192.0.2.9", "198.51.100.1", "203.0.113.5"


class Console:
    """What stands at the other end: it tells what arrived, and answers as a path asks."""

    def __init__(self) -> None:
        self.arrived: list[dict[str, Any]] = []
        self.goes_on, self.is_asked = threading.Event(), threading.Event()
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.port: int = self._server.server_port

    def closes(self) -> None:
        self.goes_on.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        self.arrived.append({name: str(value) for name, value in environ.items()} | {"body": body})
        self.is_asked.set()
        if path.endswith("/slow"):
            self.goes_on.wait(30)
        if path.endswith("/unchanged"):
            start_response("304 NOT MODIFIED", [("ETag", '"x"')])
            return []
        if path.endswith("/export"):
            start_response("200 OK", [("Content-Type", "text/csv")])
            return (b"row %d\n" % number for number in range(10_000))
        start_response(
            "200 OK",
            [("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2; Path=/console")],
        )
        return [json.dumps(path).encode()]


@pytest.fixture
def console() -> Iterator[Console]:
    one = Console()
    yield one
    one.closes()


def calls_app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    return [b"call " + environ["PATH_INFO"].encode()]


@pytest.fixture
def web(settings: Settings, console: Console) -> ConsoleProxy:
    return proxy(settings, console.port)


def proxy(settings: Settings, port: int, proxies: int = 0) -> ConsoleProxy:
    settings = replace(settings, console_port=port, web_proxies=proxies)
    senders = SlowSenders()
    return ConsoleProxy(RequestSlots(calls_app, 1, senders), settings, senders)


def asks(web: ConsoleProxy, path: str, **options: Any) -> tuple[bytes, int, list[tuple[str, str]]]:
    """The body, status and headers that a client at ``CLIENT`` gets."""
    slow, length = options.pop("body", None), options.pop("length", 0)
    environ = EnvironBuilder(path, "http://line.example.org", **options).get_environ()
    environ["REMOTE_ADDR"] = CLIENT
    if slow is not None:
        # As granian gives it: of any length, and its end is the end of the request.
        environ |= {"wsgi.input": slow, "wsgi.input_terminated": True, "CONTENT_LENGTH": str(length)}
    answer, status, headers = run_wsgi_app(web, environ)
    return b"".join(answer), int(status.split()[0]), list(headers)


def test_staff_reach_the_console_and_callers_the_line_at_one_port(
    web: ConsoleProxy, console: Console
) -> None:
    assert asks(web, "/voice/inbound")[:2] == (b"call /voice/inbound", 200)
    assert asks(web, "/consolex")[:2] == (b"call /consolex", 200)
    assert console.arrived == []

    for path in ("/console", "/console/", "/console/callbacks", "http://line.example.org//console/callbacks"):
        assert asks(web, path)[1] == 200

    assert [one["PATH_INFO"] for one in console.arrived] == [
        "/console", "/console/", "/console/callbacks", "/console/callbacks",
    ]  # fmt: skip
    assert {one["HTTP_HOST"] for one in console.arrived} == {"line.example.org"}


@pytest.mark.parametrize(
    ("proxies", "told", "client"),
    [
        (0, "", CLIENT),
        (0, STRANGERS_CLAIM, CLIENT),
        (1, STRANGERS_CLAIM, STRANGERS_CLAIM),
        (1, f"{STRANGERS_CLAIM}, {PROXY}", PROXY),
        (2, f"{STRANGERS_CLAIM}, {PROXY}", STRANGERS_CLAIM),
        # A proxy is missing: as in a web process that answers the console itself.
        (1, "", CLIENT),
        (2, STRANGERS_CLAIM, CLIENT),
    ],
)
def test_console_counts_sign_ins_by_the_address_that_a_web_process_would_count(
    settings: Settings, console: Console, proxies: int, told: str, client: str
) -> None:
    asks(proxy(settings, console.port, proxies), "/console/", headers={"X-Forwarded-For": told})

    (arrived,) = console.arrived
    counted = proxies_before_console(replace(settings, console_port=console.port, web_proxies=proxies))
    assert client_of(arrived["HTTP_X_FORWARDED_FOR"], "127.0.0.1", counted) == client
    assert client_of(told, CLIENT, proxies) == client


def test_path_and_query_arrive_as_they_were_typed(web: ConsoleProxy, console: Console) -> None:
    asks(web, "/console/caf\u00e9/100%25/a%20b?q=%C3%A9%26&again=ma\u00f1ana%2B1")

    (arrived,) = console.arrived
    assert arrived["PATH_INFO"].encode("latin-1").decode() == "/console/caf\u00e9/100%/a b"
    assert arrived["QUERY_STRING"] == "q=%C3%A9%26&again=ma%C3%B1ana%2B1"


def test_form_and_file_arrive_whole(web: ConsoleProxy, console: Console) -> None:
    asks(web, "/console/sign-in", method="POST", data={"language": "es"})
    file = bytes(range(256)) * 2_000
    asks(web, "/console/imports/upload", method="POST", data=file, content_type="text/csv")

    form, sent = console.arrived
    assert form["body"] == b"language=es"
    assert form["CONTENT_TYPE"] == "application/x-www-form-urlencoded"
    assert (sent["body"], len(file) > FORM_BYTES) == (file, True)


def test_header_that_resembles_a_transfer_encoding_does_not_keep_the_console_waiting(
    web: ConsoleProxy, console: Console
) -> None:
    status = asks(
        web, "/console/sign-in", method="POST", data="email=a", headers={"Transfer_Encoding": "chunked"}
    )[1]

    assert (status, console.arrived[0]["body"]) == (200, b"email=a")


def test_answer_comes_back_with_each_cookie_and_in_the_parts_of_a_long_one(web: ConsoleProxy) -> None:
    body, _, headers = asks(web, "/console/page")
    assert body == b'"/console/page"'
    assert [value for name, value in headers if name == "Set-Cookie"] == ["a=1", "b=2; Path=/console"]

    assert asks(web, "/console/page", method="HEAD")[:2] == (b"", 200)
    body, status, headers = asks(web, "/console/unchanged", headers={"If-None-Match": '"x"'})
    assert (body, status, dict(headers)["Etag"]) == (b"", HTTPStatus.NOT_MODIFIED, '"x"')
    assert asks(web, "/console/export")[0].count(b"\n") == 10_000


def test_console_that_is_away_says_so_in_two_languages_and_callers_are_answered(
    settings: Settings, console: Console
) -> None:
    web = proxy(settings, console.port)
    console.closes()

    body, status, headers = asks(web, "/console/callbacks")

    assert status == HTTPStatus.SERVICE_UNAVAILABLE
    assert "The console starts again. Reload in a few seconds." in body.decode()
    assert "La consola se está reiniciando. Vuelva a cargar la página en unos segundos." in body.decode()
    assert dict(headers)["Retry-After"] == "5"
    assert asks(web, "/voice/inbound")[1] == 200


def test_caller_has_the_only_slot_while_staff_wait_for_the_console(
    web: ConsoleProxy, console: Console
) -> None:
    waiting = threading.Thread(target=asks, args=(web, "/console/slow"))
    waiting.start()
    assert console.is_asked.wait(30)

    assert asks(web, "/voice/inbound")[:2] == (b"call /voice/inbound", 200)

    console.goes_on.set()
    waiting.join(30)


def test_half_a_form_takes_nothing_of_the_console(web: ConsoleProxy, console: Console) -> None:
    slow = SlowBody()
    half = {"method": "POST", "body": slow, "length": 500}
    stranger = threading.Thread(target=asks, args=(web, "/console/sign-in"), kwargs=half)
    stranger.start()
    assert slow.is_awaited.wait(30)

    assert asks(web, "/console/page")[1] == 200
    assert [one["PATH_INFO"] for one in console.arrived] == ["/console/page"]

    slow.goes_on.set()
    stranger.join(30)


def test_form_that_breaks_off_is_refused_and_the_console_hears_nothing_of_it(
    web: ConsoleProxy, console: Console
) -> None:
    broken = {"method": "POST", "body": io.BytesIO(b"email=ana"), "length": 500}

    assert asks(web, "/console/sign-in", **broken)[1] == HTTPStatus.BAD_REQUEST
    assert console.arrived == []


def test_strangers_who_send_files_slowly_keep_no_form_of_staff_waiting(
    web: ConsoleProxy, console: Console
) -> None:
    bodies = [SlowBody(b"x" * (FORM_BYTES + 1)) for _ in range(MOST_FILES)]

    def sends(body: Any) -> int:
        return asks(web, "/console/imports/upload", method="POST", body=body, length=FORM_BYTES + 1)[1]

    strangers = [threading.Thread(target=sends, args=(slow,)) for slow in bodies]
    for stranger in strangers:
        stranger.start()
    assert all(slow.is_awaited.wait(30) for slow in bodies)

    assert sends(SlowBody()) == HTTPStatus.SERVICE_UNAVAILABLE
    assert asks(web, "/console/sign-in", method="POST", data={"email": "ana@office.example.org"})[1] == 200

    for slow in bodies:
        slow.goes_on.set()
    for stranger in strangers:
        stranger.join(30)
