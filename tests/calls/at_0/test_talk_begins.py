"""The accept key fetches the caller out of the call queue, whatever happens at that moment."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from models import Call, Callback, QueuedCall, Staff, Talk
from models.talks import queue_ring
from models.talks.leg_end import leg_ended
from tests.calls.at_0.talking import FIRST, held_legs, talks
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import opens_the_case, reaches_the_first_menu
from tests.conftest import ON_BOTH
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def test_accept_key_fetches_the_caller_out_of_the_queue_and_the_talk_is_measured(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    assert phone.hears("I am calling someone for you", "call you when it is your turn, press 1")
    clock.passes(seconds=5)

    liaison = hotline.accepts(phone)

    assert liaison.hears("You are connected")
    assert phone.hears("A person from our team is now on the line")
    assert (liaison.is_talking, phone.is_talking) == (True, True)
    clock.passes(minutes=3)
    phone.hangs_up()
    (talk,) = talks(hotline)
    assert (talk.outcome, talk.closed_at) == ("reached", clock.now)
    assert (clock.now - talk.began_at).total_seconds() == 180
    wait = hotline.row(select(QueuedCall))
    assert (wait.outcome, (wait.ended_at - wait.since).total_seconds()) == ("talked", 5)
    assert hotline.rows(select(Callback)) == []
    hotline.jobs.works_off()
    assert liaison.hears("The call is over. How did it end?")


@ON_BOTH
def test_caller_who_hangs_up_at_the_moment_of_the_key_leaves_no_liaison_alone_in_a_talk(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_staff(phone=FIRST)
    reaches_the_first_menu(phone)
    phone.presses("0")
    liaison = hotline.answers(phone)
    caller_id = hotline.row(select(Call.id).where(Call.direction == "inbound"))
    begin_talk = queue_ring.begin_talk

    def hangs_up() -> None:
        with hotline.database.transaction() as session:
            leg_ended(session, caller_id, "completed", hotline.clock.now, hotline.policy)

    hanging_up = threading.Thread(target=hangs_up)

    def begins_while_they_hang_up(*args: Any, **values: Any) -> Talk:
        hanging_up.start()
        # The hangup event has arrived, and waits for the row that this key holds.
        hanging_up.join(0.5)
        return begin_talk(*args, **values)

    monkeypatch.setattr(queue_ring, "begin_talk", begins_while_they_hang_up)
    liaison.presses("1")
    hanging_up.join(30)
    hotline.jobs.works_off()

    assert [talk.is_over for talk in talks(hotline)] == [True]
    assert held_legs(hotline) == []


@ON_BOTH
def test_caller_who_hangs_up_as_a_worker_begins_to_ring_a_liaison_has_that_ring_stopped(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=FIRST)
    reaches_the_first_menu(phone)
    phone.presses("0")
    caller_id, leg_id = (
        hotline.row(select(Call.id).where(Call.role == role)) for role in ("caller", "liaison_at_0")
    )
    jobs: list[tuple[str, int]] = []

    def hangs_up() -> None:
        with hotline.database.transaction() as session:
            jobs.extend(leg_ended(session, caller_id, "completed", hotline.clock.now, hotline.policy))

    hanging_up = threading.Thread(target=hangs_up)
    with hotline.database.transaction() as session:
        assert queue_ring.dial_direct(session, leg_id) is not None
        hanging_up.start()
        hanging_up.join(0.5)
    hanging_up.join(30)

    assert jobs == [("release_leg", leg_id)]
    assert hotline.row(select(Call.ended_at).where(Call.id == leg_id)) is None
    assert held_legs(hotline) == [leg_id]


def test_spanish_caller_is_joined_in_spanish(phone: Phone, make_staff: MakeStaff, hotline: Hotline) -> None:
    make_staff(languages="en,es")
    reaches_the_first_menu(phone, language="2")
    phone.presses("0")
    assert phone.hears("Estoy llamando a una persona para usted")
    phone.says_nothing()
    assert phone.hears("Sigo tratando de comunicarle")

    hotline.accepts(phone)

    assert phone.hears("Ya está en la línea una persona de nuestro equipo")


def test_liaison_hears_nothing_of_the_caller_before_the_key(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody", facility="Stewart"))
    phone.presses("0")

    liaison = hotline.answers(phone)

    assert liaison.hears("A caller is waiting to speak with someone", "To accept, press 1")
    assert liaison.does_not_hear("custody", "case", "Stewart", "Ivo", "0123")
    assert not phone.is_talking
