"""A caller who rings while a notice waits: the news comes right after the PIN, and that confirms it (R34)."""

from collections.abc import Callable

import pytest

from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import FIRST, Registered, picks_up, sweeps, the_notice
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase
from tests.phone import Phone

Registering = Callable[..., Registered]


def test_caller_who_hears_the_news_on_the_line_is_not_called_about_it(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("released")
    made.is_due()
    opens_the_case(phone, made.case, from_=FIRST)
    phone.presses("1")
    assert phone.hears("was released")

    hotline.clock.passes(seconds=30)
    phone.presses("2")

    notice = the_notice(hotline)
    assert (notice.state, notice.confirmed_by) == ("confirmed", "line")
    assert FIRST not in sweeps(hotline, hours=1)


def test_caller_who_hears_of_a_transfer_right_after_the_pin_confirms_it_by_the_next_key(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("transferred")
    made.is_due("transferred")
    opens_the_case(phone, made.case, from_=FIRST)
    assert phone.hears("They were moved")

    hotline.clock.passes(seconds=30)
    phone.presses("1")

    assert the_notice(hotline).confirmed_by == "line"


@pytest.mark.parametrize("silences", [1, 2])
@pytest.mark.parametrize("kind", ["transferred", "escaped"])
def test_caller_who_says_nothing_for_a_while_after_the_news_confirms_it_by_the_next_key(
    phone: Phone, registered: Registering, hotline: Hotline, kind: str, silences: int
) -> None:
    made = registered(kind)
    made.is_due(kind)
    opens_the_case(phone, made.case, from_=FIRST)
    if kind == "escaped":
        phone.presses("1")
        assert phone.hears("escaped", "If you are in danger, hang up")

    for _ in range(silences):
        hotline.clock.passes(seconds=40)
        phone.says_nothing()
    assert the_notice(hotline).state == "waiting"
    phone.presses("2")

    assert the_notice(hotline).confirmed_by == "line"
    assert FIRST not in sweeps(hotline, hours=1)


def test_silence_after_a_key_that_cut_the_news_short_confirms_nothing(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("transferred")
    made.is_due("transferred")
    opens_the_case(phone, made.case, from_=FIRST)
    hotline.clock.passes(seconds=2)
    phone.presses("6")
    assert phone.hears("That key does not work here")

    hotline.clock.passes(seconds=20)
    phone.says_nothing()
    phone.presses("2")

    assert the_notice(hotline).state == "waiting"


def test_silence_after_a_key_that_cut_hard_news_short_confirms_nothing(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("released")
    made.is_due()
    opens_the_case(phone, made.case, from_=FIRST)
    phone.hears_out = False
    phone.presses("1")
    hotline.clock.passes(seconds=2)
    phone.presses("3")

    for _ in range(2):
        hotline.clock.passes(seconds=40)
        phone.says_nothing()
    phone.presses("2")

    assert the_notice(hotline).state == "waiting"


@pytest.mark.parametrize("key", ["1", "2"])
def test_key_that_cuts_the_news_short_confirms_nothing(
    phone: Phone, registered: Registering, hotline: Hotline, key: str
) -> None:
    made = registered("transferred")
    made.is_due("transferred")
    opens_the_case(phone, made.case, from_=FIRST)

    hotline.clock.passes(seconds=2)
    phone.presses(key)

    assert the_notice(hotline).state == "waiting"


def test_news_that_a_key_cut_short_is_still_to_be_called_about(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("released")
    made.is_due()
    opens_the_case(phone, made.case, from_=FIRST)
    phone.hears_out = False
    phone.presses("1")
    hotline.clock.passes(seconds=2)

    phone.presses("3")
    hotline.clock.passes(seconds=40)
    phone.presses("2")

    assert the_notice(hotline).state == "waiting"


def test_key_after_the_last_word_of_the_news_confirms_that_it_was_heard(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("released")
    made.is_due()
    opens_the_case(phone, made.case, from_=FIRST)
    phone.hears_out = False
    phone.presses("1")
    hotline.clock.passes(seconds=40)

    phone.presses("7")

    assert the_notice(hotline).confirmed_by == "line"


def test_caller_who_has_the_news_repeated_has_not_confirmed_it(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("transferred")
    made.is_due("transferred")
    opens_the_case(phone, made.case, from_=FIRST)

    hotline.clock.passes(seconds=30)
    phone.presses("*")
    assert the_notice(hotline).state == "waiting"

    hotline.clock.passes(seconds=30)
    phone.presses("2")
    assert the_notice(hotline).state == "confirmed"


def test_caller_who_hears_the_warning_but_not_the_news_has_not_confirmed_it(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("released")
    made.is_due()
    opens_the_case(phone, made.case, from_=FIRST)

    hotline.clock.passes(seconds=30)
    phone.presses("2")

    assert the_notice(hotline).state == "waiting"


def test_caller_who_hangs_up_after_the_news_is_called_all_the_same(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("transferred")
    made.is_due("transferred")
    opens_the_case(phone, made.case, from_=FIRST)

    phone.hangs_up()

    assert sweeps(hotline) == [FIRST]


def test_phone_that_rings_for_the_notice_stops_when_the_news_was_heard_on_the_line(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("transferred")
    made.is_due("transferred")
    assert sweeps(hotline) == [FIRST]
    opens_the_case(phone, made.case, from_="+12025550139")
    hotline.clock.passes(seconds=30)
    phone.presses("1")

    hotline.jobs.works_off()

    assert hotline.carrier.ringing == []


def test_caller_of_another_case_about_the_same_person_confirms_nothing_for_this_one(
    phone: Phone, registered: Registering, hotline: Hotline, make_case: Callable[..., MadeCase]
) -> None:
    made = registered("transferred")
    made.is_due("transferred")
    with hotline.database.reading() as session:
        from models import Subject

        subject = session.get_one(Subject, made.case.subject_id)
        session.expunge(subject)
    other = make_case(subject=subject)
    opens_the_case(phone, other)
    hotline.clock.passes(seconds=30)

    phone.presses("1")

    assert the_notice(hotline).state == "waiting"


def test_denied_case_with_a_notice_sounds_as_one_without(
    phone: Phone, registered: Registering, hotline: Hotline, make_case: Callable[..., MadeCase]
) -> None:
    made = registered("transferred", record={"releasable": False})
    made.is_due("transferred")
    without = make_case(custody_status="transferred", record={"releasable": False})
    heard = []
    for case in (made.case, without):
        one = phone.another()
        opens_the_case(one, case)
        hotline.clock.passes(seconds=30)
        one.presses("1")
        heard.append(one.heard_so_far)

    assert heard[0] == heard[1]
    assert the_notice(hotline).state == "waiting"


def test_notice_confirmed_on_the_line_during_its_call_ends_that_call(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("transferred")
    made.is_dialed("transferred")
    called = picks_up(phone.another(), hotline)
    opens_the_case(phone, made.case, from_="+12025550139")
    hotline.clock.passes(seconds=30)
    phone.presses("1")

    called.presses("1")

    assert called.hears("The call is over")
