"""Two sweepers at once make one task about the same news: a second one does no harm (R28, R36)."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from models.notices import staff_task
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import Registered, picks_up, sweeps
from tests.calls.notices.staff_tells import tasks
from tests.phone import Phone

#: SQLite lets one of them write at a time.
pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def test_two_sweepers_that_find_the_same_news_put_it_on_the_list_once(
    phone: Phone,
    registered: Callable[..., Registered],
    hotline: Hotline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registered("escaped").is_due("escaped")
    sweeps(hotline)
    called = picks_up(phone, hotline)
    for key in ("1", "#"):
        called.presses(key)
    called.hangs_up()
    assert tasks(hotline) == []
    both_found = threading.Barrier(2, timeout=10)
    find, seen, failed = staff_task._without_task, threading.local(), list[Exception]()

    def finds(*how: Any) -> list[Any]:
        found = find(*how)
        if not hasattr(seen, "once"):
            seen.once = True
            both_found.wait()
        return found

    monkeypatch.setattr(staff_task, "_without_task", finds)

    def sweeps_once() -> None:
        try:
            with hotline.database.transaction() as session:
                staff_task.keep_tasks(session, hotline.clock.now, hotline.policy, 500)
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    sweepers = [threading.Thread(target=sweeps_once) for _ in range(2)]
    for one in sweepers:
        one.start()
    for one in sweepers:
        one.join()

    assert failed == []
    assert [one.reason for one in tasks(hotline)] == ["notice"]
