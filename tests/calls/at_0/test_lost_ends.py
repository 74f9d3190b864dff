"""Talks at 0 whose end event never arrives: web is down, and the sweeper asks the carrier (R36)."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from hotline.exchange.delivery.faults import Faults
from models import Callback, Staff
from tests.calls.at_0.talking import FIRST, SECOND, held_legs, passes, talks
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import opens_the_case, reaches_the_first_menu
from tests.conftest import ON_BOTH
from tests.factories import MadeCase
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def both_end_unheard(
    hotline: Hotline, caller: Phone, *, caller_at: datetime | None, liaison_at: datetime | None
) -> None:
    """Web is down while the talk ends; then a minute of sweeps goes by."""
    hotline.clock.passes(seconds=25)
    caller.call.leg.ends("completed")
    hotline.carrier.loses_the_end_of(caller, caller_at)
    leg = hotline.carrier.placed[-1]
    leg.status, leg.ended_at = "completed", liaison_at
    for _ in range(4):
        passes(hotline, 15)


@pytest.mark.parametrize(
    ("given", "caller_after", "liaison_after"),
    [
        ("a PIN", 1, 1),
        ("no PIN", 1, 12),
        ("a PIN", 12, 1),
        ("no PIN", None, None),
        ("a PIN", None, 20),
        ("no PIN", 20, None),
    ],
)
def test_caller_cut_off_in_the_first_second_while_web_is_down_is_called_back(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    clock: Clock,
    given: str,
    caller_after: int | None,
    liaison_after: int | None,
) -> None:
    """The caller is called back whichever of the two left first, even if the carrier does not say when."""
    make_staff(phone=FIRST)
    if given == "a PIN":
        opens_the_case(phone, make_case(custody_status="in_custody", phone=CALLER))
    else:
        reaches_the_first_menu(phone)
    phone.presses("0")
    hotline.accepts(phone)
    assert phone.is_talking
    caller_at, liaison_at = (
        None if after is None else clock.now + timedelta(seconds=after)
        for after in (caller_after, liaison_after)
    )

    both_end_unheard(hotline, phone, caller_at=caller_at, liaison_at=liaison_at)

    (callback,) = hotline.rows(select(Callback))
    assert (callback.state, callback.verified) == ("requested", given == "a PIN")
    assert callback.phone_key == hotline.database.keyring.index("phone", CALLER)
    assert [one.is_over for one in talks(hotline)] == [True]
    assert held_legs(hotline) == []


@pytest.mark.parametrize(("caller_after", "liaison_after"), [(20, 20), (20, 21), (21, 20)])
def test_caller_who_talked_for_twenty_seconds_was_reached_even_if_the_end_event_was_lost(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    clock: Clock,
    caller_after: int,
    liaison_after: int,
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody", phone=CALLER))
    phone.presses("0")
    hotline.accepts(phone)
    began = clock.now

    both_end_unheard(
        hotline,
        phone,
        caller_at=began + timedelta(seconds=caller_after),
        liaison_at=began + timedelta(seconds=liaison_after),
    )

    assert hotline.rows(select(Callback)) == []
    assert [one.is_over for one in talks(hotline)] == [True]
    assert held_legs(hotline) == []


@pytest.mark.parametrize(
    ("dated", "reasons"),
    [
        ("Wed, 25 Nov 2026 15:00:01 +0000", ["abandoned"]),
        ("Wed, 25 Nov 2026 15:00:11 +0000", []),
        ("Wed, 25 Nov 2026 14:00:01 +0000", []),
        ("Wed, 25 Nov 2026 25:00:01 +0000", []),
        ("soon", []),
    ],
)
def test_end_event_that_arrives_late_counts_from_its_own_time(
    phone: Phone,
    make_case: MakeCase,
    make_staff: MakeStaff,
    hotline: Hotline,
    clock: Clock,
    dated: str,
    reasons: list[str],
) -> None:
    """The event waits for ten seconds. An impossible or missing date counts as the moment the event came."""
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody", phone=CALLER))
    phone.presses("0")
    hotline.accepts(phone)
    assert clock.now.isoformat() == "2026-11-25T15:00:00+00:00"
    clock.passes(seconds=11)

    phone.posts("/voice/call-events", CallStatus="completed", SequenceNumber="3", Timestamp=dated)
    hotline.jobs.works_off()

    assert [one.reason for one in hotline.rows(select(Callback))] == reasons
    assert [one.is_over for one in talks(hotline)] == [True]


@pytest.mark.parametrize("key", ["2", ""])
def test_caller_at_0_gets_the_next_liaison_when_the_end_event_of_a_passed_offer_is_lost(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, key: str
) -> None:
    """The caller heard "I am still calling someone for you" for as long as they waited."""
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    deaf = phone.another()
    deaf.suffers(Faults(rates={"event_drop": 1.0}))
    liaison = hotline.answers(deaf)
    if key:
        liaison.presses(key)
    while not liaison.is_over:
        liaison.says_nothing()
    make_staff(phone=SECOND)

    for _ in range(3):
        passes(hotline, 15)
        hotline.jobs.works_off()
        phone.says_nothing()

    assert [call.to for call in hotline.carrier.ringing] == [SECOND]
    hotline.accepts(phone)
    assert phone.is_talking


@ON_BOTH
def test_liaison_may_call_another_colleague_when_the_end_event_of_the_first_is_lost(
    talk: tuple[Phone, Phone], hotline: Hotline, make_staff: MakeStaff
) -> None:
    """The first passed it on, and counted as being called for as long as the talk went on."""
    liaison, caller = talk
    make_staff(phone=SECOND)
    liaison.presses("*")
    liaison.presses("2")
    deaf = caller.another()
    deaf.suffers(Faults(rates={"event_drop": 1.0}))
    hotline.answers(deaf).presses("2")

    passes(hotline, 15)
    passes(hotline, 20)
    hotline.jobs.works_off()

    assert liaison.hears("Your colleague did not join")
    liaison.presses("*")
    liaison.presses("2")
    assert hotline.rung() == [SECOND]
