"""The line promises the hour only while it can keep it, else the true time and a crisis line (R36)."""

import dataclasses

import pytest
from sqlalchemy import update

from config.office import Office
from models import Registrant
from models.calls.pacing import CALLS, Pace, close_breaker, open_breaker, rest
from models.store.heartbeat import Pulse
from tests.calls.callbacks.promised.promises import (
    DISCREET,
    OTHER,
    SECOND,
    MakeCase,
    MakeStaff,
    asked_last,
    hears_no_hour,
    is_afraid,
)
from tests.calls.conftest import Hotline
from tests.calls.stories import asks_very_soon, opens_the_case
from tests.phone import Phone


def is_refused_from(hotline: Hotline, line: str) -> None:
    """The carrier refuses calls from this number of ours, and from no other."""
    now = hotline.clock.now
    with hotline.database.transaction() as session:
        session.add(Pace(name=line, next_at=now, refused_at=now, refused_code=21210))


@pytest.mark.parametrize("language", ["1", "2"])
@pytest.mark.parametrize(
    "fault",
    ["the account is refused", "the carrier fails", "nothing places calls", "nothing offers them again"],
)
def test_caller_hears_no_hour_but_a_crisis_line_while_our_calls_do_not_go_out(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, language: str, fault: str
) -> None:
    make_staff()
    with hotline.database.transaction() as session:
        if fault == "the account is refused":
            open_breaker(session, CALLS, 20005, hotline.clock.now)
        elif fault == "the carrier fails":
            rest(session, hotline.clock.now, 500)
            hotline.clock.passes(seconds=30)
            rest(session, hotline.clock.now, 500)
        else:
            for role in ("worker", "sweeper"):
                Pulse(role).beat(session, hotline.clock.now)
            hotline.clock.passes(seconds=60)
            if fault == "nothing offers them again":
                Pulse("worker").beat(session, hotline.clock.now)

    is_afraid(phone, language=language)

    hears_no_hour(phone, language)
    assert asked_last(hotline).state == "requested"


@pytest.mark.parametrize("language", ["1", "2"])
def test_person_who_is_called_from_a_number_that_the_carrier_refuses_hears_no_hour(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, language: str
) -> None:
    """They are never called from another number; they heard "no later than 11:00 AM", and nothing rang."""
    make_staff()
    case = make_case(custody_status="in_custody")
    is_refused_from(hotline, DISCREET)
    with hotline.database.transaction() as session:
        session.execute(update(Registrant).values(line=DISCREET))

    asks_very_soon(phone, case, language=language)
    hears_no_hour(phone, language)
    phone.hangs_up()

    again = phone.another()
    opens_the_case(again, case, language=language)
    again.presses("2")
    hears_no_hour(again, language)
    again.presses("1")
    hears_no_hour(again, language)


def test_person_who_is_called_from_another_number_than_the_refused_one_hears_the_hour(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    is_refused_from(hotline, DISCREET)
    opens_the_case(phone, make_case(custody_status="in_custody"))

    for key in ("2", "3"):
        phone.presses(key)

    assert phone.hears("We will call you no later than today at 11:00 AM")
    assert phone.does_not_hear("crisis")


def test_one_call_that_the_carrier_failed_takes_no_hour_back_nor_does_a_carrier_that_works_again(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    with hotline.database.transaction() as session:
        rest(session, hotline.clock.now, 500)
    is_afraid(phone)
    assert phone.hears("We will call you no later than today at 11:00 AM")
    phone.hangs_up()

    hotline.clock.passes(seconds=30)
    with hotline.database.transaction() as session:
        rest(session, hotline.clock.now, 500)
        close_breaker(session, CALLS, hotline.clock.now)
    again = phone.another()
    is_afraid(again, from_=OTHER)
    assert again.hears("We will call you no later than today at 11:00 AM")


class TestNumberThatTellsAll:
    """The office has another number that may say what it is."""

    @pytest.fixture
    def office(self, office: Office) -> Office:
        return dataclasses.replace(office, lines=(*office.lines, SECOND))

    def test_caller_without_a_pin_hears_no_hour_on_a_number_that_the_carrier_refuses(
        self, phone: Phone, make_staff: MakeStaff, hotline: Hotline
    ) -> None:
        make_staff()
        is_refused_from(hotline, SECOND)

        is_afraid(phone, to=SECOND)
        hears_no_hour(phone)

        elsewhere = phone.another()
        is_afraid(elsewhere, from_=OTHER)
        assert elsewhere.hears("We will call you no later than today at 11:00 AM")


def test_caller_whose_zone_is_not_known_hears_the_zone_of_the_promised_hour(
    phone: Phone, make_staff: MakeStaff
) -> None:
    """At 10:00 in New York a phone of Los Angeles heard "no later than today at 8:00 AM"."""
    make_staff()

    is_afraid(phone, from_="+12135550123")

    assert phone.hears("We will call you no later than today at 11:00 AM Eastern Time")


def test_caller_who_gave_the_pin_hears_the_promised_hour_by_their_own_clock(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff
) -> None:
    make_staff()
    opens_the_case(phone, make_case(custody_status="in_custody", time_zone="America/Los_Angeles"))

    for key in ("2", "3"):
        phone.presses(key)

    assert phone.hears("We will call you no later than today at 8:00 AM.")
