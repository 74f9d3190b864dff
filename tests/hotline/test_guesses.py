"""PIN guesses of one web process: known phones first, one hash at a time, no flood holds the web threads."""

import logging
import os
import queue
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from hotline.voice import guesses
from hotline.voice.guesses import Guesses
from models.calls.pin_try import Guess
from models.cases.pin import ATTESTED, STRANGERS
from models.cases.pin_hash import PinHasher

PIN = "482917"


class SlowHasher(PinHasher):
    """A KDF that works until the test allows it to end, and records whom it served.

    A guess runs it twice, for both PINs of a case (R10); the second run follows at once.
    """

    def __init__(self) -> None:
        super().__init__(b"a pepper of the tests", memory_kib=8, time_cost=1)
        self.served: list[str] = []
        self.started: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.may_go = threading.Semaphore(0)
        self.priorities: set[int] = set()
        self._is_second = False

    def matches(self, stored: str | None, pin: str) -> bool:
        if self._is_second:
            self._is_second = False
            return super().matches(stored, pin)
        self.started.put(pin)
        self.may_go.acquire()
        self.served.append(pin)
        self.priorities.add(own_priority())
        if pin == "broken":
            raise MemoryError(f"no memory for {pin}")
        self._is_second = True
        return super().matches(stored, pin)


def own_priority() -> int:
    """The priority of this thread, on Linux, else of the process."""
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id() if sys.platform == "linux" else 0)


@pytest.fixture
def hasher() -> SlowHasher:
    return SlowHasher()


@pytest.fixture
def queue_of_guesses(hasher: SlowHasher) -> Iterator[Guesses]:
    queue_of_guesses = Guesses(hasher)
    yield queue_of_guesses
    hasher.may_go.release(100)
    queue_of_guesses.close()


def guess(call_id: int, *, known: bool = False, turn: int = 1, stored: str | None = None) -> Guess:
    return Guess(
        call_id=call_id,
        turn=turn,
        at=datetime(2026, 11, 25, 15, 0, tzinfo=UTC),
        number_key="n",
        phone_key=None,
        counter=f"{ATTESTED}p" if known else STRANGERS,
        opened_lately=known,
        stored=stored,
        allowed=True,
        tightened=False,
        spent=False,
        found_case_id=None,
    )


def test_future_has_the_answer_of_the_second_transaction(
    queue_of_guesses: Guesses, hasher: SlowHasher
) -> None:
    hasher.may_go.release(2)
    stored = hasher.hash(PIN)

    right = queue_of_guesses.submit(guess(1, stored=stored), PIN, lambda matched: ("recorded", matched))
    wrong = queue_of_guesses.submit(guess(2, stored=None), PIN, lambda matched: ("recorded", matched))

    assert right.result() == ("recorded", "pin")
    assert wrong.result() == ("recorded", "")


def test_nothing_starts_before_the_first_guess(hasher: SlowHasher) -> None:
    running = set(threading.enumerate())

    Guesses(hasher).close()

    assert set(threading.enumerate()) <= running


def test_known_phone_is_next_among_thirty_callers_who_guess(
    queue_of_guesses: Guesses, hasher: SlowHasher
) -> None:
    flood = [queue_of_guesses.submit(guess(i), f"guess {i}", bool) for i in range(30)]
    assert hasher.started.get() == "guess 0"
    victim = queue_of_guesses.submit(guess(99, known=True), "victim", bool)
    hasher.may_go.release(31)
    victim.result()
    for future in flood:
        future.result()

    assert hasher.served == ["guess 0", "victim", *(f"guess {i}" for i in range(1, 30))]


def test_flood_holds_one_web_thread_while_a_known_phone_always_may(
    queue_of_guesses: Guesses, hasher: SlowHasher
) -> None:
    flood = [queue_of_guesses.submit(guess(i), "guess", bool) for i in range(5)]
    with_slots = WithSlots(queue_of_guesses, flood[4], first=False)
    with_slots.is_waiting()

    assert [queue_of_guesses.wait(future, first=False) for future in flood[:4]] == [None] * 4

    known = [queue_of_guesses.submit(guess(90 + i, known=True), "victim", bool) for i in range(2)]
    victims = [WithSlots(queue_of_guesses, future, first=True) for future in known]
    hasher.may_go.release(7)
    assert [victim.result() for victim in victims] == [False, False]
    assert with_slots.result() is False
    assert queue_of_guesses.wait(flood[0], first=False) is False, "a result that is there needs no slot"


class WithSlots:
    """A web thread that waits for a future."""

    def __init__(self, queue_of_guesses: Guesses, future: Any, *, first: bool) -> None:
        self._future = future
        self._results: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=lambda: self._results.put(queue_of_guesses.wait(future, first))
        )
        self._thread.start()

    def is_waiting(self) -> None:
        """Return once the thread waits on the future."""
        while not self._future._condition._waiters:
            assert self._thread.is_alive()

    def result(self) -> Any:
        self._thread.join()
        return self._results.get_nowait()


def test_hash_that_takes_too_long_releases_the_web_thread_and_its_slot(
    queue_of_guesses: Guesses, hasher: SlowHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "WAIT_SECONDS", 0.01)
    future = queue_of_guesses.submit(guess(1), "guess", bool)

    assert queue_of_guesses.wait(future, first=False) is None
    assert queue_of_guesses.wait(future, first=True) is None
    hasher.may_go.release()
    future.result()
    assert queue_of_guesses.wait(future, first=False) is False


def test_pin_that_waits_for_its_turn_is_reported_as_pending_until_it_is_hashed(
    hasher: SlowHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "KEEP_SECONDS", 0.01)
    kept: queue.SimpleQueue[list[int]] = queue.SimpleQueue()
    queue_of_guesses = Guesses(hasher, kept.put)
    futures = [queue_of_guesses.submit(guess(call_id), "482163", bool) for call_id in (1, 2)]

    while kept.get(timeout=10) != [1, 2]:
        continue

    assert [1, 2] in (kept.get(timeout=10), kept.get(timeout=10))
    hasher.may_go.release(2)
    for future in futures:
        future.result(timeout=10)
    queue_of_guesses.close()


def test_same_webhook_again_awaits_the_same_guess(queue_of_guesses: Guesses, hasher: SlowHasher) -> None:
    first = queue_of_guesses.submit(guess(1), "guess", bool)

    assert queue_of_guesses.submit(guess(1), "guess", bool) is first
    assert queue_of_guesses.pending(1) is first
    assert queue_of_guesses.submit(guess(1, turn=2), "later", bool) is not first

    hasher.may_go.release(2)
    later = queue_of_guesses.pending(1)
    assert later is not None
    later.result()
    assert hasher.served == ["guess", "later"]


def test_guess_that_is_done_is_forgotten(queue_of_guesses: Guesses, hasher: SlowHasher) -> None:
    hasher.may_go.release()
    forgotten = threading.Event()
    future = queue_of_guesses.submit(guess(1), "guess", bool)
    future.add_done_callback(lambda _done: forgotten.set())
    forgotten.wait()

    assert queue_of_guesses.pending(1) is None


def test_fault_reaches_its_caller_alone_and_the_log_names_only_its_class(
    queue_of_guesses: Guesses, hasher: SlowHasher, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_matched: bool) -> bool:
        raise LookupError(f"the second transaction with {PIN}")

    hasher.may_go.release(3)
    in_kdf = queue_of_guesses.submit(guess(1), "broken", bool)
    in_finish = queue_of_guesses.submit(guess(2), PIN, broken)
    after = queue_of_guesses.submit(guess(3), PIN, bool)

    with caplog.at_level(logging.ERROR), pytest.raises(MemoryError):
        queue_of_guesses.wait(in_kdf, first=True)
    with pytest.raises(LookupError):
        queue_of_guesses.wait(in_finish, first=True)
    assert queue_of_guesses.wait(after, first=True) is False
    assert sorted(record.getMessage() for record in caplog.records) == [
        "A PIN could not be worked: LookupError",
        "A PIN could not be worked: MemoryError",
    ]
    assert not any(record.exc_info for record in caplog.records)


def test_time_out_inside_the_second_transaction_is_a_fault_and_no_wait(
    queue_of_guesses: Guesses, hasher: SlowHasher
) -> None:
    def times_out(_matched: bool) -> bool:
        raise TimeoutError

    hasher.may_go.release()
    with pytest.raises(TimeoutError):
        queue_of_guesses.wait(queue_of_guesses.submit(guess(1), PIN, times_out), first=True)


def test_end_cancels_what_waits_and_takes_no_more(hasher: SlowHasher) -> None:
    queue_of_guesses = Guesses(hasher)
    at_hand = queue_of_guesses.submit(guess(1), "at hand", bool)
    waiting = queue_of_guesses.submit(guess(2), "waiting", bool)
    hasher.started.get()
    closing = threading.Thread(target=queue_of_guesses.close)
    closing.start()
    # Closing waits for the current guess; from its start on it takes no other.
    while not queue_of_guesses._closed or queue_of_guesses._waiting.qsize() < 2:
        assert closing.is_alive()
    hasher.may_go.release(2)
    closing.join()

    assert at_hand.result() is False
    assert waiting.cancelled()
    assert hasher.served == ["at hand"]
    with pytest.raises(RuntimeError, match="after the end"):
        queue_of_guesses.submit(guess(3), PIN, bool)
    queue_of_guesses.close()


def test_hash_runs_at_a_lower_priority_than_the_turns(queue_of_guesses: Guesses, hasher: SlowHasher) -> None:
    hasher.may_go.release()
    queue_of_guesses.submit(guess(1), PIN, bool).result()
    stepped_back = guesses.NICENESS if sys.platform == "linux" else own_priority()

    assert hasher.priorities == {max(own_priority(), stepped_back)}


def test_no_repr_has_the_pin(queue_of_guesses: Guesses, hasher: SlowHasher) -> None:
    queue_of_guesses.submit(guess(1), PIN, bool)
    hasher.started.get()
    queue_of_guesses.submit(guess(2), PIN, bool)
    held = queue_of_guesses._waiting.get_nowait()
    queue_of_guesses._waiting.put(held)

    assert PIN not in repr(held)
