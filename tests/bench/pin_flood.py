"""How long a known phone waits for its status while thirty callers guess without pause."""

import json
import multiprocessing
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from time import monotonic, perf_counter, sleep

import click

from hotline.exchange.calls.inbound import InboundCall
from hotline.exchange.delivery.delivery import over_http
from hotline.exchange.delivery.request import LineError

CALLERS = 30
KNOWN_PHONE = "+12025550199"
_TOKEN = "the-token-of-the-bench"
_LINE = "+12025550100"


def flood(turns: int = 30) -> float:
    """Print how long a known phone's PIN turn takes, alone and in the flood; returns the slowest (seconds).

    The clients that make the flood run on the same cores as the line.
    """
    with tempfile.TemporaryDirectory() as folder, _web(Path(folder)) as (url, number, pin):
        _pin_turn(url, number, pin)
        alone = [_pin_turn(url, number, pin) for _ in range(turns)]
        stop = multiprocessing.get_context("spawn").Event()
        crowd = multiprocessing.get_context("spawn").Process(target=_guess_without_pause, args=(url, stop))
        crowd.start()
        try:
            sleep(3)
            crowded = [_pin_turn(url, number, pin) for _ in range(turns)]
        finally:
            stop.set()
            crowd.join()
    for name, seconds in (("alone", alone), (f"beside {CALLERS} callers who guess", crowded)):
        click.echo(
            f"  PIN turn {name}: p50 {median(seconds) * 1000:.0f} ms, slowest {max(seconds) * 1000:.0f} ms"
        )
    return max(crowded)


def _pin_turn(url: str, number: str, pin: str) -> float:
    """A whole call of the known phone; the seconds from its PIN to the status, waits included."""
    call = _call(url, KNOWN_PHONE, sleeps=True)
    call.dials()
    for keys in ("1", "1", number):
        call.presses(keys)
    started = perf_counter()
    call.presses(pin)
    taken = perf_counter() - started
    heard = " ".join(call.heard_since_last_key())
    if "did not work" in heard:
        raise AssertionError("The known phone's right PIN did not open its case.")
    call.hangs_up()
    return taken


def _guess_without_pause(url: str, stop: "multiprocessing.synchronize.Event") -> None:
    def guess(phone: str) -> None:
        rng = random.Random(phone)
        while not stop.is_set():
            call = _call(url, phone, sleeps=False)
            try:
                call.dials()
                for keys in ("1", "1", _some_number(rng), f"{rng.randrange(10**6):06d}"):
                    call.presses(keys)
                call.hangs_up()
            except LineError:
                sleep(0.1)

    threads = [threading.Thread(target=guess, args=(f"+120255501{i:02d}",)) for i in range(1, CALLERS + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _call(url: str, phone: str, *, sleeps: bool) -> InboundCall:
    return InboundCall(
        over_http(url, _TOKEN),
        public_url=url,
        account_sid="AC" + "0" * 32,
        from_=phone,
        to=_LINE,
        # Only an attested call of a known phone goes before others.
        extra={"StirVerstat": "TN-Validation-Passed-A"} if phone == KNOWN_PHONE else {},
        sleep=sleep if sleeps else lambda _seconds: None,
    )


def _some_number(rng: random.Random) -> str:
    from stdnum import damm

    body = str(rng.randrange(10**6, 10**7))
    return body + str(damm.calc_check_digit(body))


@contextmanager
def _web(folder: Path) -> Iterator[tuple[str, str, str]]:
    """The line's web processes as they are shipped, on SQLite with one case; its URL, number and PIN."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environ = {
        **os.environ,
        "HOTLINE_DATA_DIR": str(folder),
        "HOTLINE_PUBLIC_URL": url,
        "HOTLINE_OFFICE_ALWAYS_OPEN": "1",
        "TWILIO_AUTH_TOKEN": _TOKEN,
        "HOTLINE_REDIS_URL": f"unix://{folder}/none.sock",
    }
    hotline = [sys.executable, "-m", "hotline.cli"]
    subprocess.run([*hotline, "db", "upgrade"], env=environ, check=True, stdout=subprocess.DEVNULL)
    made = subprocess.run(
        [*hotline, "case", "add", "--subject-id", "B-1", "--subject-name", "Sam Poe", "--json"],
        env=environ, check=True, capture_output=True, text=True,
    )  # fmt: skip
    case = json.loads(made.stdout)
    with (folder / "web.log").open("w") as log:
        web = subprocess.Popen(
            [*hotline, "web", "--bind", f"127.0.0.1:{port}"], env=environ, stdout=log, stderr=log
        )
        try:
            _until_it_answers(port)
            yield url, case["case_number"], case["pin"]
        finally:
            web.terminate()
            web.wait()


def _until_it_answers(port: int) -> None:
    end = monotonic() + 30
    while not _answers(port):
        if monotonic() > end:
            raise TimeoutError("The web processes did not start.")
        sleep(0.1)


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/up")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(flood(int(sys.argv[1]) if len(sys.argv) > 1 else 30) >= 2)
