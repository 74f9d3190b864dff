"""A line of the tests that answers over real HTTP, in whatever way a test asks for."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], bytes]


class WebLine(ThreadingHTTPServer):
    """``asked`` are the requests that came, as (method, target, headers, body)."""

    daemon_threads = True

    def __init__(self, answers: Callable[["WebLine", str], Answer | None]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.asked = answers, list[tuple[str, str, dict[str, str], bytes]]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A carrier that stops waiting is no fault of the line's."""


class _Handler(BaseHTTPRequestHandler):
    server: WebLine

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        answer = self.server.answers(self.server, self.path)
        if answer is None:
            return
        status, headers, content = answer
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _answer  # noqa: N815  (the server's own names)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


@contextmanager
def web_line(answers: Callable[[WebLine, str], Answer | None]) -> Iterator[WebLine]:
    """A line with ``answers`` for each path; None closes the connection without a word."""
    line = WebLine(answers)
    thread = threading.Thread(target=line.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield line
    finally:
        line.shutdown()
        line.server_close()
        thread.join()


def document(words: str = "Hello.", status: int = 200, **headers: str) -> Answer:
    """An answer that says ``words``."""
    body = f"<Response><Say>{words}</Say></Response>".encode()
    return status, {"Content-Type": "text/xml"} | headers, body
