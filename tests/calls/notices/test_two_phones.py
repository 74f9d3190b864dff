"""An escape rings two phones: what somebody at one of them does breaks no promise to the other (R13, R19)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Callback
from models.cases.registrant import Phone as PhoneRow
from models.notices.registering import stop_registration
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import (
    CODE,
    FIRST,
    SECOND,
    Registered,
    minutes_until_next,
    misses,
    picks_up,
    sweeps,
    the_notice,
    until_the_last_try,
)
from tests.conftest import ON_SQLITE
from tests.phone import Phone

Registering = Callable[..., Registered]
PROMISED = "A person from our team will call you"


@pytest.fixture
def warned(phone: Phone, registered: Registering, hotline: Hotline) -> tuple[Registered, Phone, Phone]:
    """Both phones are answered: the first has heard the warning, the second was just picked up."""
    made = registered("escaped", phones=(FIRST, SECOND))
    made.is_dialed("escaped")
    first = picks_up(phone, hotline, FIRST)
    second = picks_up(phone.another(), hotline, SECOND)
    for keys in ("1", CODE):
        first.presses(keys)
    assert first.hears("I have news that may be hard to hear", "To hear it now, press 1")
    return made, first, second


def called_by_staff(hotline: Hotline) -> list[str]:
    """The numbers of the callbacks about hard news."""
    rows = hotline.rows(select(Callback).where(Callback.reason == "hard_news").order_by(Callback.id))
    numbers = {one.phone_key: one.position for one in hotline.rows(select(PhoneRow))}
    return [(FIRST, SECOND)[numbers[one.phone_key] - 1] for one in rows]


@pytest.mark.parametrize("asks", ["by key", "by silence"])
def test_person_who_asks_for_a_person_is_called_though_another_phone_confirmed_the_news(
    warned: tuple[Registered, Phone, Phone], hotline: Hotline, asks: str
) -> None:
    _made, first, second = warned
    for keys in ("1", CODE, "1", "1"):
        second.presses(keys)
    assert the_notice(hotline).state == "confirmed"

    if asks == "by key":
        first.presses("2")
    else:
        first.says_nothing()
        first.says_nothing()

    assert first.hears(PROMISED)
    assert called_by_staff(hotline) == [FIRST]


def test_person_who_chose_to_hear_the_news_hears_it_though_another_phone_confirmed_it(
    warned: tuple[Registered, Phone, Phone], hotline: Hotline
) -> None:
    _made, first, second = warned
    for keys in ("1", CODE, "1", "1"):
        second.presses(keys)

    first.presses("1")

    assert first.hears("escaped", "To confirm that you heard this, press 1")
    first.presses("1")
    assert first.hears("Thank you. We will not call about this again")
    assert the_notice(hotline).state == "confirmed"


def test_key_whose_turn_waited_while_the_other_phone_was_told_confirms_nothing_before_that(
    warned: tuple[Registered, Phone, Phone], hotline: Hotline
) -> None:
    _made, first, second = warned
    for keys in ("1", CODE, "1"):
        second.presses(keys)
    # The key of the second phone came first, and its turn had to wait for the first one's.
    hotline.clock.passes(seconds=1)
    first.presses("1")
    assert first.hears("escaped")
    hotline.clock.passes(seconds=-1)
    second.presses("1")

    notice = the_notice(hotline)
    assert (notice.state, notice.confirmed_at) == ("confirmed", notice.said_at)


def test_both_phones_that_were_promised_a_person_are_called(
    warned: tuple[Registered, Phone, Phone], hotline: Hotline
) -> None:
    _made, first, second = warned
    for keys in ("1", CODE, "2"):
        second.presses(keys)

    first.presses("2")

    assert first.hears(PROMISED)
    assert called_by_staff(hotline) == [SECOND, FIRST]


@ON_SQLITE
def test_silence_at_one_phone_ends_the_calls_to_neither(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    """A child presses 1 and then says nothing, at night and with nobody on call (R19, R28)."""
    registered("escaped", phones=(FIRST, SECOND), code=None).is_dialed("escaped")
    child = picks_up(phone, hotline, FIRST)
    child.presses("1")
    while not child.is_over:
        child.says_nothing()
    assert child.hears("We will call you no later than", PROMISED)
    assert child.does_not_hear("escaped")
    assert called_by_staff(hotline) == [FIRST]

    assert sweeps(hotline) == [SECOND]
    misses(phone, hotline, SECOND)
    assert sweeps(hotline, minutes=31) == [FIRST, SECOND]
    sweeps(hotline, seconds=10)
    # Those who are paged by then find one call to this person on their list, and not two.
    assert [one.reason for one in hotline.rows(select(Callback))] == ["hard_news"]
    second = picks_up(phone.another(), hotline, SECOND)
    for key in ("1", "1", "1"):
        second.presses(key)

    assert second.hears("We will not call about this again")
    assert the_notice(hotline).state == "confirmed"
    assert called_by_staff(hotline) == [FIRST]


def test_silence_in_the_last_try_leaves_the_news_to_the_person_who_was_promised(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("deceased", code=None).is_due("deceased")
    until_the_last_try(phone, hotline, hotline.policies.notice_tries)
    silent = picks_up(phone, hotline)
    silent.presses("1")
    while not silent.is_over:
        silent.says_nothing()

    assert silent.hears(PROMISED)
    sweeps(hotline, minutes=1)
    assert the_notice(hotline).task == "asked_person"
    assert [one.reason for one in hotline.rows(select(Callback))] == ["hard_news"]


def test_person_is_promised_nothing_once_the_calls_were_stopped(
    warned: tuple[Registered, Phone, Phone], hotline: Hotline
) -> None:
    made, first, _second = warned
    with hotline.database.transaction() as session:
        stop_registration(session, made.case.id, made_by="caller", call_id=None, now=hotline.clock.now)

    first.presses("2")

    assert first.hears("The call is over. You can call us at any time")
    assert first.does_not_hear(PROMISED)
    assert called_by_staff(hotline) == []


def test_not_now_at_one_phone_does_not_make_the_other_ring_again_at_once(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    """Both ring at once, nobody answers one of them, and then somebody at the other presses 2 (R28)."""
    registered("escaped", phones=(FIRST, SECOND)).is_dialed("escaped")
    first = picks_up(phone, hotline, FIRST)
    misses(phone, hotline, SECOND)

    first.presses("2")

    assert the_notice(hotline).tries == 1
    assert not any(sweeps(hotline, minutes=7) for _ in range(4))
    assert sweeps(hotline, minutes=2) == [FIRST, SECOND]


@ON_SQLITE
def test_phone_at_which_it_was_no_good_time_rings_in_the_next_round_and_not_in_the_one_after(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    """The next round is half an hour after the ring, and their key came some seconds after that."""
    registered("escaped", phones=(FIRST, SECOND)).is_dialed("escaped")
    first = picks_up(phone, hotline, FIRST)
    misses(phone, hotline, SECOND)
    sweeps(hotline, seconds=20)

    first.presses("2")

    assert sweeps(hotline, minutes=29, seconds=30) == []
    assert sweeps(hotline, seconds=10) == [FIRST, SECOND]


def test_not_now_at_both_phones_is_no_try(phone: Phone, registered: Registering, hotline: Hotline) -> None:
    registered("escaped", phones=(FIRST, SECOND)).is_dialed("escaped")
    first, second = picks_up(phone, hotline, FIRST), picks_up(phone.another(), hotline, SECOND)

    for called in (second, first):
        called.presses("2")

    assert the_notice(hotline).tries == 0
    assert minutes_until_next(hotline) == hotline.policies.notice_first_minutes
