"""`hotline console` behind `hotline web`: one port for staff and callers, and calls that need no console."""

import os
import signal
import socket
from collections.abc import Iterator
from email.message import Message
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import psutil
import pytest
from lxml import html

from hotline.cli.serving.console import NICENESS
from tests.hotline.cli.test_serve import free_ports, until
from tests.hotline.cli.test_web_server import HALF_A_FORM, Web, is_cut_off, migrated_folder

SIGN_IN = "/console/sign-in"


class Office:
    """A web process and a console process, as `serve` runs them."""

    def __init__(self, folder: Path) -> None:
        port = free_ports()
        told = {"HOTLINE_CONSOLE_PORT": str(port)}
        self._folder, self._told, self._port = folder, told, port
        self.web = Web(folder, HOTLINE_WEB_WORKERS="1", **told)
        self.starts_console()

    def starts_console(self) -> None:
        self.console = Web(self._folder, "console", self._port, **self._told)
        until(self.console.answers, "the console")

    def asks(
        self, path: str, form: dict[str, str] | bytes | None = None, cookie: str = "", method: str = ""
    ) -> tuple[int, Message, bytes]:
        """What a browser at the port of the web gets."""
        connection = HTTPConnection("127.0.0.1", self.web.port, timeout=60)
        body = urlencode(form) if isinstance(form, dict) else form
        headers = {"Cookie": cookie} if cookie else {}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method or ("GET" if body is None else "POST"), path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def closes(self) -> None:
        for one in (self.web, self.console):
            if one.process.poll() is None:
                one.process.send_signal(signal.SIGTERM)
            one.process.wait(30)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    one = Office(migrated_folder(tmp_path_factory.mktemp("console") / "var"))
    until(one.web.answers, "the web")
    yield one
    one.closes()


def test_staff_sign_in_at_the_port_of_the_line_and_the_console_yields_to_callers(office: Office) -> None:
    status, headers, _ = office.asks("/console")
    assert (status, headers["Location"]) == (HTTPStatus.SEE_OTHER, SIGN_IN)
    status, headers, page = office.asks(SIGN_IN)
    assert status == HTTPStatus.OK
    (token,) = set(html.fromstring(page).xpath("//input[@name='csrf_token']/@value"))
    cookie = headers["Set-Cookie"].partition(";")[0]

    typed = {"csrf_token": token, "email": "ana@office.example.org", "password": "wrong"}
    status, headers, page = office.asks(SIGN_IN, typed, cookie)

    # Its token was that of the cookie: otherwise it would be a 400.
    assert status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert psutil.Process(office.console.process.pid).nice() == min(os.nice(0) + NICENESS, 19)
    assert office.asks(SIGN_IN, method="HEAD")[2] == b""


def test_form_that_is_too_long_is_refused_by_a_page_that_arrives(office: Office) -> None:
    for length in (70_000, 3_000_000):
        status, _, page = office.asks(SIGN_IN, b"x" * length)
        assert status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        assert "Send less at once" in page.decode()


def test_half_a_form_for_the_console_is_cut_off_while_staff_and_callers_are_answered(office: Office) -> None:
    with socket.create_connection(("127.0.0.1", office.web.port), 10) as stranger:
        stranger.sendall(HALF_A_FORM.replace(b"/voice/inbound", SIGN_IN.encode()))
        assert office.asks(SIGN_IN)[0] == HTTPStatus.OK
        assert office.web.answers()
        until(lambda: is_cut_off(stranger, b"A"), "the stranger to be cut off", patience=90)
    assert office.asks(SIGN_IN)[0] == HTTPStatus.OK


def test_calls_go_on_while_the_console_is_away_and_staff_read_that_it_starts_again(office: Office) -> None:
    office.console.process.kill()
    office.console.process.wait()

    status, headers, page = office.asks("/console/callbacks")
    assert (status, headers["Retry-After"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "5")
    assert "The console starts again. Reload in a few seconds." in page.decode()
    assert office.web.answers()

    office.starts_console()
    assert office.asks(SIGN_IN)[0] == HTTPStatus.OK
