"""Mailboxes and timers: what calls share, and what keeps them apart."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from hotline.exchange.calls.timers import Timers
from hotline.exchange.delivery.mailbox import Mailbox


def test_one_mailbox_does_things_in_order_and_another_goes_on_meanwhile() -> None:
    with ThreadPoolExecutor(8) as pool:
        slow, quick = Mailbox(pool), Mailbox(pool)
        done: list[int] = []
        may_go = threading.Event()
        slow.post(lambda: may_go.wait(10))
        futures = [slow.post(lambda number=number: done.append(number)) for number in range(50)]  # type: ignore[misc]

        assert quick.post(lambda: "meanwhile").result(10) == "meanwhile"
        assert done == []
        may_go.set()
        futures[-1].result(10)

        assert done == list(range(50))


def test_fault_goes_to_the_one_who_asked_and_the_next_thing_is_done() -> None:
    with ThreadPoolExecutor(1) as pool:
        mailbox = Mailbox(pool)
        failed = mailbox.post(lambda: 1 / 0)

        assert mailbox.post(lambda: "next").result(10) == "next"
        with pytest.raises(ZeroDivisionError):
            failed.result(10)


def test_timers_start_things_at_their_time_in_whatever_order_they_were_set() -> None:
    now = [0.0]
    timers, done, all_done = Timers(lambda: now[0]), list[str](), threading.Event()
    timers.after(3600, lambda: done.append("late"))
    timers.after(60, lambda: done.append("early"))
    timers.after(7200, all_done.set)
    assert done == []

    now[0] = 8000
    timers.after(0, lambda: None)

    assert all_done.wait(10)
    assert done == ["early", "late"]


def test_timer_that_fails_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    timers, done = Timers(), threading.Event()
    with caplog.at_level(logging.ERROR):
        timers.after(0, lambda: 1 / 0)
        timers.after(0.01, done.set)

        assert done.wait(10)

    assert "A timer of the exchange failed (ZeroDivisionError)." in caplog.text


def test_timers_work_again_after_the_last_was_done() -> None:
    timers = Timers()
    for _ in range(3):
        done = threading.Event()
        timers.after(0, done.set)
        assert done.wait(10)
