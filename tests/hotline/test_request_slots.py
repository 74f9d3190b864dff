"""Few requests are worked on at once, and nobody has to wait for a stranger who sends half a form."""

import io
import threading
from collections.abc import Iterable
from typing import Any

import pytest
from flask import Flask, request
from werkzeug.test import run_wsgi_app

from hotline.request_slots import RequestSlots
from hotline.slow_senders import FORM_BYTES


class SlowBody:
    """A body whose sender sends nothing more until the test allows it."""

    def __init__(self, rest: bytes = b"") -> None:
        self.is_awaited, self.goes_on = threading.Event(), threading.Event()
        self._rest = io.BytesIO(rest)

    def read(self, size: int = -1) -> bytes:
        self.is_awaited.set()
        assert self.goes_on.wait(30)
        return self._rest.read(size)


def posts(server: Any, body: Any, length: int, path: str = "/") -> bytes:
    """What the sender of this body gets as the answer."""
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(length),
    }
    answer, _, _ = run_wsgi_app(server, environ)
    return b"".join(answer)


@pytest.fixture
def line() -> Flask:
    app = Flask(__name__)

    @app.post("/")
    def answer() -> str:
        return request.form.get("CallSid", "nothing")

    return app


def test_caller_is_answered_while_strangers_send_half_a_form_and_wait(line: Flask) -> None:
    server = RequestSlots(line, 1)
    strangers = [SlowBody() for _ in range(8)]
    threads = [threading.Thread(target=posts, args=(server, slow, 500)) for slow in strangers]
    for thread in threads:
        thread.start()
    assert all(slow.is_awaited.wait(30) for slow in strangers)

    assert posts(server, io.BytesIO(b"CallSid=CA1"), 11) == b"CA1"

    for slow in strangers:
        slow.goes_on.set()
    for thread in threads:
        thread.join(30)
    assert posts(server, io.BytesIO(b"CallSid=CA2"), 11) == b"CA2"


def test_long_body_that_comes_slowly_keeps_no_caller_waiting_either(line: Flask) -> None:
    server, slow = RequestSlots(line, 1), SlowBody()
    thread = threading.Thread(target=posts, args=(server, slow, FORM_BYTES + 1))
    thread.start()
    assert slow.is_awaited.wait(30)

    assert posts(server, io.BytesIO(b"CallSid=CA1"), 11) == b"CA1"

    slow.goes_on.set()
    thread.join(30)


def test_form_that_breaks_off_is_answered_as_far_as_it_came(line: Flask) -> None:
    assert posts(RequestSlots(line, 1), io.BytesIO(b"CallSid=CA1"), 500) == b"CA1"


def test_slow_sender_is_answered_in_the_end(line: Flask) -> None:
    slow, answers = SlowBody(b"CallSid=CA1"), list[bytes]()
    server = RequestSlots(line, 1)
    thread = threading.Thread(target=lambda: answers.append(posts(server, slow, 11)))
    thread.start()
    assert slow.is_awaited.wait(30)

    slow.goes_on.set()
    thread.join(30)

    assert answers == [b"CA1"]


def test_no_more_run_at_once_than_there_are_slots_and_callers_are_next() -> None:
    slots = RequestSlots(Flask(__name__), 2)
    with_slots: list[int] = []
    done: list[threading.Event] = []

    def sits_down(number: int) -> None:
        # The last two are on the telephone.
        slots.take(number >= 4)
        with_slots.append(number)
        done[number].wait(30)
        slots.leave()

    threads = []
    for number in range(6):
        done.append(threading.Event())
        threads.append(threading.Thread(target=sits_down, args=(number,)))
        threads[-1].start()
        # The next one comes when this one has a slot or waits in the queue.
        while len(with_slots) + slots.waiting <= number:
            threads[-1].join(0.001)
    assert (with_slots, slots.waiting) == ([0, 1], 4)

    for gone, number in enumerate((0, 1, 4, 5, 2, 3), start=1):
        done[number].set()
        threads[number].join(30)
        # Each one takes its slot in a thread of its own.
        while len(with_slots) < min(6, gone + 2):
            threads[number].join(0.001)

    assert with_slots == [0, 1, 4, 5, 2, 3]


def test_process_reports_that_it_lives_while_callers_have_every_slot() -> None:
    paths, go_on, answers = list[str](), threading.Event(), list[bytes]()

    def work(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        paths.append(environ["PATH_INFO"])
        if environ["PATH_INFO"] != "/up":
            go_on.wait(30)
        start_response("200 OK", [])
        return [b"well"]

    server = RequestSlots(work, 1)
    callers = [
        threading.Thread(target=lambda: answers.append(posts(server, io.BytesIO(), 0, "/voice/inbound")))
        for _ in range(3)
    ]
    for caller in callers:
        caller.start()
    while len(paths) + server.waiting < 3:
        callers[0].join(0.001)

    assert posts(server, io.BytesIO(), 0, "/up") == b"well"

    assert (paths, answers) == (["/voice/inbound", "/up"], [])
    go_on.set()
    for caller in callers:
        caller.join(30)
    assert len(answers) == 3


def test_slot_is_free_again_after_a_fault() -> None:
    def work(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["wsgi.input"].read()
        raise OSError("The sender is gone.")

    server = RequestSlots(work, 1)
    for length in (0, 5, FORM_BYTES + 1):
        with pytest.raises(OSError, match="gone"):
            posts(server, io.BytesIO(), length)


def test_staff_have_one_slot_in_six_while_callers_never_stop_coming() -> None:
    slots = RequestSlots(Flask(__name__), 1)
    slots.take(is_call=True)
    order: list[str] = []

    def comes(name: str, *, is_call: bool) -> threading.Thread:
        def sits_down() -> None:
            slots.take(is_call)
            order.append(name)
            slots.leave()

        before = slots.waiting
        thread = threading.Thread(target=sits_down)
        thread.start()
        while slots.waiting == before:
            thread.join(0.001)
        return thread

    threads = [comes("staff", is_call=False)]
    threads += [comes("caller", is_call=True) for _ in range(12)]
    slots.leave()
    for thread in threads:
        thread.join(30)

    assert order == ["caller"] * 5 + ["staff"] + ["caller"] * 7
