"""Callers at 0 and callbacks take turns too: neither verified callers nor frightened ones starve (R36)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Callback, Staff
from models.calls import pacing
from models.calls.offer import note_offer
from tests.calls.at_0.waiting import _a_sweep, waits_in_queue
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import opens_the_case
from tests.conftest import ON_SQLITE
from tests.factories import MadeCase, make_callback
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
AFRAID = "+12025550188"


def _wait_at_0(phone: Phone, make_case: MakeCase, times: int) -> list[Phone]:
    """``times`` verified callers wait at 0, the first one first."""
    callers = [phone.another() for _ in range(times)]
    for number, caller in enumerate(callers):
        waits_in_queue(caller, make_case(custody_status="in_custody"), from_=f"+120255501{20 + number}")
    return callers


def _next(hotline: Hotline, phone: Phone, callers: list[Phone], clock: Clock) -> tuple[str, Phone, Phone]:
    """The person whom the free liaison is offered: who talks then, and the two phones."""
    for _ in range(4):
        clock.passes(seconds=2)
        _a_sweep(hotline)
        for caller in callers:
            if not hotline.carrier.ringing and not caller.is_over and not caller.is_talking:
                caller.says_nothing()
        hotline.jobs.works_off()
    liaison = phone.answers(hotline.carrier.ringing[-1])
    liaison.presses("1")
    hotline.jobs.works_off()
    for number, caller in enumerate(callers):
        if caller.is_talking:
            return f"at 0: {number}", liaison, caller
    called = phone.answers(hotline.carrier.ringing[-1])
    called.presses("1")
    hotline.jobs.works_off()
    return "callback", liaison, called


def _offers(hotline: Hotline, phone: Phone, callers: list[Phone], clock: Clock, times: int) -> list[str]:
    found = []
    for _ in range(times):
        who, liaison, caller = _next(hotline, phone, callers, clock)
        found.append(who)
        clock.passes(seconds=20)
        caller.hangs_up()
        liaison.hangs_up()
        hotline.jobs.works_off()
    return found


@ON_SQLITE
def test_verified_callers_at_0_do_not_starve_a_frightened_person_who_is_to_be_called_back(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    """With one liaison she was called after the queue was empty, or after her hour."""
    asker = phone.another()
    asker.dials_in(from_=AFRAID)
    for key in ("1", "2", "1", "3"):
        asker.presses(key)
    assert asker.hears("We will call you no later than")
    asker.hangs_up()
    callers = _wait_at_0(phone, make_case, 4)
    busy.hangs_up()
    hotline.jobs.works_off()

    assert _offers(hotline, phone, callers, clock, 4) == ["at 0: 0", "at 0: 1", "callback", "at 0: 2"]


def test_caller_who_turns_their_place_into_a_callback_is_called_before_those_who_asked_later(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    """The key promised "when it is your turn", and put her behind three who had asked after she had."""
    waits_in_queue(phone, make_case(custody_status="in_custody", phone=CALLER))
    for number in range(3):
        clock.passes(minutes=1)
        asker, its_phone = phone.another(), f"+120255501{20 + number}"
        opens_the_case(asker, make_case(custody_status="in_custody", phone=its_phone), from_=its_phone)
        for key in ("2", "1"):
            asker.presses(key)
        assert asker.hears("We will call you")
        asker.hangs_up()
        phone.says_nothing()
    phone.presses("1")
    assert phone.hears("We will call you")
    phone.hangs_up()
    hotline.jobs.works_off()

    busy.hangs_up()
    hotline.jobs.works_off()
    clock.passes(minutes=1)
    _a_sweep(hotline)
    hotline.accepts(phone)

    assert hotline.rung() == [CALLER]


@pytest.mark.parametrize("language", ["1", "2"])
def test_caller_who_turns_their_place_into_a_callback_no_longer_waits_for_the_evening(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock, language: str
) -> None:
    """The key promised "when it is your turn", and the phone rang in the evening that they chose before."""
    case, before = make_case(custody_status="in_custody", phone=CALLER), phone.another()
    opens_the_case(before, case)
    for key in ("2", "2", "3"):
        before.presses(key)
    assert before.hears("We will try today, in the evening")
    before.hangs_up()
    opens_the_case(phone, case, language=language)
    phone.presses("0")
    phone.says_nothing()

    phone.presses("1")

    assert phone.hears({"1": "We will call you no later than", "2": "Le llamaremos a más tardar"}[language])
    assert phone.does_not_hear("in the evening", "Vamos a intentarlo")
    phone.hangs_up()
    busy.hangs_up()
    clock.passes(minutes=1)
    _a_sweep(hotline)
    hotline.accepts(phone)
    assert hotline.rung() == [CALLER]


@pytest.mark.parametrize("language", ["1", "2"])
def test_caller_who_keeps_the_place_while_their_callback_rings_is_not_told_that_it_cannot_be_changed(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, busy: Phone, hotline: Hotline, language: str
) -> None:
    """They asked for no other time, and heard "Your callback cannot be changed now"."""
    case, before = make_case(custody_status="in_custody", phone=CALLER), phone.another()
    opens_the_case(before, case)
    for key in ("2", "1"):
        before.presses(key)
    before.hangs_up()
    make_staff(email="lee@office.example.org", phone="+12025550177")
    hotline.clock.passes(minutes=1)
    _a_sweep(hotline)
    opens_the_case(phone, case, language=language)
    phone.presses("0")
    phone.says_nothing()

    phone.presses("1")

    assert phone.hears({"1": "We will call you no later than", "2": "Le llamaremos a más tardar"}[language])
    assert phone.does_not_hear("cannot be changed", "no se puede cambiar")


def test_place_kept_at_one_phone_leaves_the_evening_chosen_for_another_phone(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline
) -> None:
    """That phone may be safe in the evening alone."""
    case, before = make_case(custody_status="in_custody", phone=CALLER), phone.another()
    opens_the_case(before, case)
    for key in ("2", "2", "3"):
        before.presses(key)
    before.hangs_up()
    waits_in_queue(phone, case, from_="+12025550147")
    phone.says_nothing()

    phone.presses("1")

    assert phone.hears(
        "We will try today, in the evening", "the phone that you asked for before, not this one"
    )
    assert hotline.row(select(Callback)).window_starts is not None


def test_overdue_pranks_do_not_starve_verified_callers_at_0(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    """An overdue callback waits for nobody at 0, and a night of pranks is overdue in the morning."""
    long_ago = clock.now - timedelta(hours=2)
    with hotline.database.transaction() as session:
        for number in range(12):
            make_callback(
                session, phone=f"+120255501{60 + number}", urgency="urgent", reason="afraid", rank=3,
                requested_at=long_ago, next_attempt_at=long_ago, due_at=long_ago + timedelta(hours=1),
            )  # fmt: skip
    (caller,) = _wait_at_0(phone, make_case, 1)
    busy.hangs_up()
    for _ in range(2):
        hotline.dialler.dial_liaison(1)
        liaison = phone.answers(hotline.carrier.ringing[-1])
        liaison.presses("1")
        hotline.jobs.works_off()
        called = phone.answers(hotline.carrier.ringing[-1])
        called.presses("1")
        called.hangs_up()
        liaison.hangs_up()
        hotline.jobs.waiting.clear()

    hotline.dialler.dial_liaison(1)

    assert hotline.carrier.ringing == []
    caller.says_nothing()
    hotline.accepts(phone)
    assert caller.is_talking


def test_nobody_at_0_waits_for_a_callback_while_the_carrier_refuses_our_calls(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    (caller,) = _wait_at_0(phone, make_case, 1)
    busy.hangs_up()
    hotline.jobs.waiting.clear()
    with hotline.database.transaction() as session:
        make_callback(session, urgency="urgent", reason="afraid", rank=3, next_attempt_at=clock.now)
        for _ in range(3):
            note_offer(session, verified=True, now=clock.now)
        pacing.open_breaker(session, pacing.CALLS, 20003, clock.now)
    caller.says_nothing()
    clock.passes(seconds=16)
    caller.says_nothing()

    # Nothing rings a liaison, so the office's number rings; no callback is ahead of this caller.
    assert caller.rings == (hotline.office.person_number,)
    office = caller.answers()
    assert (caller.is_talking, office.is_talking) == (True, True)
