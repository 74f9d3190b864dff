"""A stranger asked for a callback under the caller's number: the line keeps its promise to her (R35, R36)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Callback, Staff
from tests.calls.callbacks.test_callbacks import accepted_by, the_callback
from tests.calls.conftest import Hotline
from tests.calls.pin.test_faked_number import AFRAID, ATTESTED, EVENING, EXPRESS, asks, rings_in_vain
from tests.calls.pin.test_without_pin import DOUBTED
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.phone import Phone

MakeStaff = Callable[..., Staff]


def asks_in_spanish(phone: Phone, **extra: str) -> None:
    phone.dials_in(**extra)
    for key in ("2", "2", "1", "1"):
        phone.presses(key)
    assert phone.hears("Le llamaremos a más tardar")
    phone.hangs_up()


@ON_BOTH
@pytest.mark.parametrize("theirs", [DOUBTED, {}], ids=["failed", "unattested"])
def test_attested_caller_is_called_in_her_language_though_a_faked_number_asked_first_in_another(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, theirs: dict[str, str]
) -> None:
    make_staff()
    asks_in_spanish(phone.another(), **theirs)
    assert "We will call you no later than" in asks(phone.another(), *EXPRESS, **ATTESTED)

    _, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)

    assert called.hears("Is this a good time to talk?")
    assert called.does_not_hear("buen momento")


def test_caller_keeps_the_language_that_she_chose_when_a_faked_number_asks_in_another(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks(phone.another(), *EXPRESS, **ATTESTED)
    asks_in_spanish(phone.another())

    _, to_caller = accepted_by(phone, hotline)

    assert phone.answers(to_caller).hears("Is this a good time to talk?")


def test_phone_does_not_ring_all_night_as_often_as_somebody_is_afraid_under_its_number(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    rung: list[str] = []
    for _ in range(12):
        assert "We will call you no later than" in asks(phone.another(), "3", **DOUBTED)
        rung += rings_in_vain(phone, hotline, 10, every=10)

    # Its first round and three more, and then one in half an hour.
    assert 4 <= len(rung) <= 8
    assert the_callback(hotline).state == "requested"


@ON_SQLITE
def test_attested_caller_keeps_the_evening_that_she_chose_though_a_faked_number_was_afraid_before(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    asks(phone.another(), "3", **DOUBTED)

    assert "today, in the evening" in asks(phone.another(), *EVENING, **ATTESTED)

    assert rings_in_vain(phone, hotline, 600, every=30)[-3:] == ["17:00", "17:30", "18:00"]


def test_owner_who_is_afraid_is_rung_at_once_though_a_faked_number_had_its_rounds(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    for _ in range(8):
        asks(phone.another(), "3", **DOUBTED)
        rings_in_vain(phone, hotline, 5, every=5)
    hotline.clock.passes(minutes=1)

    asks(phone.another(), "3", **ATTESTED)

    assert the_callback(hotline).next_attempt_at <= hotline.clock.now


def test_person_who_stays_afraid_and_keeps_texting_stop_gives_staff_one_task_and_not_one_for_each_text(
    phone: Phone, hotline: Hotline, texts: Callable[..., str]
) -> None:
    for keys in (EXPRESS, AFRAID, AFRAID, EXPRESS, AFRAID):
        assert "We will call you no later than" in asks(phone.another(), *keys)
        texts("STOP")
        hotline.clock.passes(minutes=1)

    rows = hotline.rows(select(Callback).order_by(Callback.id))
    assert [(one.urgency, one.state, one.outcome) for one in rows] == [
        ("other", "left_for_staff", "stopped"),
        ("urgent", "left_for_staff", "stopped"),
        ("urgent", "cancelled", "duplicate"),
        ("other", "cancelled", "duplicate"),
        ("urgent", "cancelled", "duplicate"),
    ]


def test_liaison_who_is_rung_is_released_when_another_text_says_stop(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, texts: Callable[..., str]
) -> None:
    asks(phone.another(), *AFRAID)
    texts("STOP")
    make_staff()
    asks(phone.another(), *AFRAID)
    assert hotline.rung() != []

    texts("STOP")

    assert hotline.rung() == []
