"""A server that speaks enough of Twilio's REST for the official client, and fails as a carrier can."""

import json
import threading
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class FakeTwilio:
    """``asked`` has every request as (method, path, form); ``behaves`` is what happens to the next ones."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.asked: list[tuple[str, str, dict[str, list[str]]]] = []
        self.authorization: str | None = None
        self.behaves: str | int = "well"
        #: Who may not sign in: an account, or an API key.
        self.unknown_user: str | None = None
        #: Twilio's code in the answer of a refusal; without one the answer is a page of some proxy's.
        self.error_code: int | None = 21211
        self.call_status = "queued"
        #: When a call ended, as Twilio writes it; None while it goes on.
        self.end_time: str | None = None
        self.has_conference = True
        #: The sids of the next pages of a listing of calls; the first of two has the second as its next one.
        self.pages: list[list[str]] = []
        #: The query of each request for such a page.
        self.queries: list[dict[str, list[str]]] = []
        #: The texts that people sent to our numbers, as Twilio lists them.
        self.texts: list[dict[str, Any]] = []
        #: The account, and its numbers by E.164, as Twilio lists them.
        self.account = {"status": "active", "type": "Full"}
        self.numbers: dict[str, dict[str, Any]] = {}


@contextmanager
def running_twilio() -> Iterator[FakeTwilio]:
    """Serve on a free port of this machine until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.twilio = twilio = FakeTwilio(server.server_port)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield twilio
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _page_of_calls(twilio: FakeTwilio, path: str) -> dict[str, Any]:
    asked = urlsplit(path)
    twilio.queries.append(parse_qs(asked.query))
    calls = [{"sid": sid, "to": "+12025550123", "from": "+12025550123"} for sid in twilio.pages.pop(0)]
    more = f"{asked.path}?{asked.query}&Page=1" if len(calls) > 1 else None
    return {"calls": calls, "next_page_uri": more, "page_size": 100, "page": 0}


class _Handler(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        twilio: FakeTwilio = self.server.twilio  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        twilio.asked.append((self.command, urlsplit(self.path).path, parse_qs(body)))
        twilio.authorization = self.headers.get("Authorization")
        known = b64decode((twilio.authorization or "").removeprefix("Basic ")).decode().partition(":")[0]
        match 401 if known == twilio.unknown_user else twilio.behaves:
            case "hang":
                time.sleep(2)
            case "drop":
                self.close_connection = True
            case "garbage":
                self._send(201, b"<html>not what was asked for</html>")
            case "nameless":
                self._send(201, b"{}")
            case int(status):
                error = {"code": twilio.error_code, "message": f"The number {body} is wrong"}
                answer = json.dumps(error | {"status": status}) if twilio.error_code else "<html>"
                self._send(status, answer.encode())
            case _ if self.command == "DELETE":
                self._send(204, b"")
            case _ if self.command == "GET" and "/IncomingPhoneNumbers.json" in self.path:
                wanted = parse_qs(urlsplit(self.path).query)["PhoneNumber"][0]
                found = [twilio.numbers[wanted]] if wanted in twilio.numbers else []
                listed = {"incoming_phone_numbers": found, "next_page_uri": None, "page": 0, "page_size": 50}
                self._send(200, json.dumps(listed).encode())
            case _ if self.command == "GET" and urlsplit(self.path).path.count("/") == 3:
                self._send(200, json.dumps(twilio.account).encode())
            case _ if self.command == "GET" and "/Messages.json" in self.path:
                listed = {"messages": twilio.texts, "next_page_uri": None, "page": 0, "page_size": 1000}
                self._send(200, json.dumps(listed).encode())
            case _ if self.command == "GET" and twilio.pages:
                self._send(200, json.dumps(_page_of_calls(twilio, self.path)).encode())
            case _ if self.command == "GET" and "/Conferences.json" in self.path:
                conferences = [{"sid": f"CF{1:032x}"}] if twilio.has_conference else []
                self._send(200, json.dumps({"conferences": conferences, "next_page_uri": None}).encode())
            case _:
                sid = self.path.rpartition("/")[2].removesuffix(".json")
                sid = sid if sid != "Calls" else f"CA{len(twilio.asked):032x}"
                call = {"sid": sid, "status": twilio.call_status, "end_time": twilio.end_time}
                self._send(201, json.dumps(call).encode())

    do_POST = do_GET = do_DELETE = _answer  # noqa: N815  (the names that http.server looks for)

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""
