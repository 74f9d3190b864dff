"""Somebody who has the registrant's phone cannot keep the news from others (R09, R28, R30, R33)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Case, Notice
from models import Phone as PhoneRow
from models.overview.phone_list import mark_unsafe
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import (
    CODE,
    FIRST,
    SECOND,
    Registered,
    picks_up,
    ringing,
    sweeps,
    the_notice,
)
from tests.models.staff.staff_people import someone
from tests.phone import Phone

Registering = Callable[..., Registered]


@pytest.mark.parametrize("first", [(), ("1",)], ids=["before the first key", "at the code"])
def test_stranger_who_has_the_words_repeated_for_half_an_hour_does_not_silence_the_second_phone(
    phone: Phone, registered: Registering, hotline: Hotline, first: tuple[str, ...]
) -> None:
    registered("released", phones=(FIRST, SECOND)).is_due()
    sweeps(hotline)
    called = picks_up(phone, hotline)
    for key in first:
        called.presses(key)

    for _ in range(4):
        called.presses("*")
        assert SECOND not in sweeps(hotline, minutes=7)
    called.presses("*")
    rung = sweeps(hotline, minutes=3)

    assert SECOND in rung
    assert not called.is_over


@pytest.mark.parametrize(
    "body", ["Don't text, call", "No, the wrong person was let out. Call me!", "salir de aquí"]
)
def test_text_that_asks_for_a_call_or_tells_news_leaves_the_phone_to_ring_about_an_escape(
    phone: Phone, registered: Registering, hotline: Hotline, texts: Callable[..., str], body: str
) -> None:
    made = registered("escaped", phone={"confirmed_at": hotline.clock.now - timedelta(days=30)})

    assert "reply STOP" in texts(body, from_=FIRST)
    made.is_due("escaped")
    sweeps(hotline)

    called = picks_up(phone, hotline)
    for keys in ("1", CODE, "1"):
        called.presses(keys)
    assert called.hears("escaped")


def test_slow_registrant_whose_second_phone_rings_meanwhile_still_hears_and_confirms_the_news(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("released", phones=(FIRST, SECOND)).is_due()
    sweeps(hotline)
    called = picks_up(phone, hotline)
    called.presses("1")
    for _ in range(4):
        called.presses("*")
        sweeps(hotline, minutes=8)

    for keys in (CODE, "1", "1"):
        called.presses(keys)
    hotline.jobs.works_off()

    assert the_notice(hotline).state == "confirmed"
    assert [call.to for call in hotline.carrier.ringing] == []


def test_news_that_is_put_off_again_and_again_becomes_a_task_of_staff(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("deceased", cap=8).is_due("deceased")

    for _ in range(24):
        for number in sweeps(hotline, hours=2):
            called = picks_up(phone.another(), hotline, number)
            called.presses("2")
            called.hangs_up()

    notice = the_notice(hotline)
    assert (notice.state, notice.task) == ("left_for_staff", "cap")
    assert len(hotline.carrier.placed) == 8


def test_calls_that_a_refused_account_never_placed_put_nothing_off(
    registered: Registering, hotline: Hotline
) -> None:
    registered("transferred", cap=3).is_due("transferred")
    hotline.carrier.refuses_calls = 20003
    for _ in range(6):
        sweeps(hotline, minutes=1)

    hotline.carrier.refuses_calls = None
    rung = sweeps(hotline, minutes=1) or sweeps(hotline, minutes=1)

    assert rung == [FIRST]


def test_missed_calls_of_somebody_with_the_same_phone_use_up_no_cap_but_their_own(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    """Somebody in the household who said "no limit" would spend the calls of the person they live with."""
    registered("released", cap=99).is_due()
    for _ in range(3):
        assert sweeps(hotline, minutes=31) == [FIRST]
        phone.another().declines(ringing(hotline), "no-answer")

    registered("escaped", code="7186", cap=3).is_due("escaped")
    assert sweeps(hotline, minutes=5) == [FIRST]

    called = picks_up(phone, hotline)
    for keys in ("1", "7186", "1", "1"):
        called.presses(keys)
    assert "escaped" in called.heard_so_far
    assert [one.state for one in hotline.rows(select(Notice).order_by(Notice.id))] == ["waiting", "confirmed"]


@pytest.mark.parametrize("word", ["unsafe", "STOP"])
@pytest.mark.parametrize(
    ("before", "after"),
    [((), ("1",)), (("1",), (CODE,)), (("1", CODE), ("1",)), (("1", CODE, "1"), ("1",))],
    ids=["opening", "code", "warning", "confirming"],
)
def test_phone_that_is_barred_during_its_call_hears_no_more_and_ends_nothing(
    phone: Phone,
    registered: Registering,
    hotline: Hotline,
    texts: Callable[..., str],
    word: str,
    before: tuple[str, ...],
    after: tuple[str, ...],
) -> None:
    since = hotline.clock.now - timedelta(days=30)
    made = registered("released", phones=(FIRST, SECOND), phone={"confirmed_at": since})
    made.is_due()
    sweeps(hotline)
    called = picks_up(phone, hotline, FIRST)
    for key in before:
        called.presses(key)

    if word == "STOP":
        texts("STOP", from_=FIRST)
    else:
        staff_mark_as_unsafe(hotline, made)
    for key in after:
        called.presses(key)

    assert called.is_over
    assert called.hears("The call is over. You can call us at any time")
    assert ("released" in called.heard_so_far) == ("1" in before[2:])
    assert the_notice(hotline).state != "confirmed"
    assert SECOND in sweeps(hotline)
    beside_it = picks_up(phone.another(), hotline, SECOND)
    for keys in ("1", CODE, "1", "1"):
        beside_it.presses(keys)
    assert the_notice(hotline).state == "confirmed"


def staff_mark_as_unsafe(hotline: Hotline, made: Registered) -> None:
    """Staff mark the first phone as unsafe while it is in a call."""
    with hotline.database.transaction() as session:
        phones = select(PhoneRow.id).where(PhoneRow.registrant_id == made.case.registrant_id)
        first = session.scalars(phones.order_by(PhoneRow.position)).first()
        assert first is not None
        case, now = session.get_one(Case, made.case.id), hotline.clock.now
        jobs = mark_unsafe(session, someone(session), case, first, now, hotline.policy.numbers)
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)
