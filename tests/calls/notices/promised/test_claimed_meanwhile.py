"""Staff claim the task about news in the moment in which its person is promised a callback (R35, R36)."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from models import Callback, Staff
from models.callbacks.claim import claim
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import Registered, sweeps
from tests.calls.notices.promised.test_news_beside_promise import calls_in, open_ones
from tests.calls.notices.staff_tells import hangs_up, is_left_to_staff, saves, talk_again, tasks
from tests.phone import Phone

Registering = Callable[..., Registered]
MakeStaff = Callable[..., Staff]

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@contextmanager
def while_claiming(
    hotline: Hotline, task: Callback, who: Staff
) -> Iterator[Callable[[Callable[[], object]], None]]:
    """Staff claim the task; what is started meanwhile goes on as soon as the claim is saved."""
    started = list[threading.Thread]()
    failed = list[Exception]()

    with hotline.database.transaction() as session:
        claim(session, task.id, who.id, hotline.clock.now, hotline.policies)

        def start(action: Callable[[], object]) -> None:
            def acts() -> None:
                try:
                    action()
                except Exception as error:  # noqa: BLE001
                    failed.append(error)

            thread = threading.Thread(target=acts)
            started.append(thread)
            thread.start()
            for _ in range(100):
                # It has looked for what staff keep, has seen nothing yet, and waits for the claim.
                if session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                    break
                thread.join(0.1)

        yield start
    for one in started:
        one.join()
    assert failed == []


def test_afraid_person_is_promised_a_call_although_a_colleague_just_claimed_the_news(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff(on_shift=False)
    made = registered("escaped")
    is_left_to_staff(phone, made, "escaped")
    sweeps(hotline, seconds=30)
    caller = calls_in(phone, made, "1", "2")

    with while_claiming(hotline, tasks(hotline)[0], who) as meanwhile:
        meanwhile(lambda: caller.presses("3"))

    assert caller.hears("We will call you")
    assert sorted(open_ones(hotline)) == [
        ("afraid", "urgent", "requested"), ("notice", "urgent", "left_for_staff"),
    ]  # fmt: skip


def test_urgent_talk_to_be_continued_is_promised_although_a_colleague_just_claimed_the_news(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    colleague = make_staff(email="b@example.org", phone="+12025550199", on_shift=False)
    made = registered("escaped")
    is_left_to_staff(phone, made, "escaped")
    sweeps(hotline, seconds=30)
    calls_in(phone, made, "1", "2", "3").hangs_up()
    sweeps(hotline, seconds=5)
    _, person = talk_again(phone, hotline)
    hangs_up(person, hotline)

    with while_claiming(hotline, tasks(hotline)[0], colleague) as meanwhile:
        meanwhile(lambda: saves(hotline, who, "call_later"))

    assert sorted(open_ones(hotline)) == [
        ("call_later", "urgent", "requested"), ("notice", "urgent", "left_for_staff"),
    ]  # fmt: skip
