"""Callers who go back or hang up in the queue make room, and some are called back (R22, R35)."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete, select, update

from models import Callback, Consent
from tests.calls.at_0.waiting import OTHER, _a_sweep, consents_at, outcomes, waits, waits_in_queue
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import is_asked_for_a_number, reaches_the_first_menu, wrong
from tests.conftest import ON_BOTH
from tests.factories import MadeCase, make_registration
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]


def test_caller_with_consent_for_that_phone_who_hangs_up_in_the_queue_is_called_back(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody", phone=CALLER)
    waits_in_queue(phone, case)
    began = clock.now
    clock.passes(minutes=3)

    phone.hangs_up()

    offered = hotline.row(select(Callback))
    assert (offered.state, offered.reason, offered.case_id) == ("requested", "abandoned", case.id)
    assert offered.requested_at == began
    assert hotline.jobs.waiting == [("dial_liaison", offered.id)]
    assert outcomes(hotline) == ["abandoned"]


def test_key_7_in_the_queue_leaves_the_phone_alone_for_half_an_hour(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    waits_in_queue(phone, make_case(custody_status="in_custody", phone=CALLER))
    clock.passes(minutes=3)

    phone.presses("7")
    assert phone.hears("not available")
    assert phone.is_over
    busy.hangs_up()
    clock.passes(minutes=29)
    _a_sweep(hotline)

    assert hotline.rung() == []
    assert hotline.row(select(Callback.reason)) == "abandoned"
    clock.passes(minutes=1)
    _a_sweep(hotline)
    assert len(hotline.rung()) == 1


@pytest.mark.parametrize(
    "changed",
    [
        "another phone",
        "unsafe",
        "stopped",
        "unconfirmed",
        "withdrawn",
        "texts alone",
        "changes alone",
        "no consent",
    ],
)
def test_caller_without_consent_for_that_phone_who_hangs_up_in_the_queue_leaves_nothing(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock, changed: str
) -> None:
    case = make_case(custody_status="in_custody", phone=OTHER if changed == "another phone" else CALLER)
    match changed:
        case "unsafe":
            consents_at(hotline, case, unsafe_since=clock.now)
        case "stopped":
            consents_at(hotline, case, stopped_at=clock.now)
        case "unconfirmed":
            consents_at(hotline, case, confirmed_at=None)
        case "no consent":
            with hotline.database.transaction() as session:
                session.execute(delete(Consent))
        case "withdrawn":
            with hotline.database.transaction() as session:
                session.execute(update(Consent).values(withdrawn_at=clock.now))
        case "texts alone":
            with hotline.database.transaction() as session:
                session.execute(update(Consent).values(channel="text"))
        case "changes alone":
            with hotline.database.transaction() as session:
                make_registration(session, case)
                session.execute(delete(Consent).where(Consent.registration_id.is_(None)))
    waits_in_queue(phone, case)

    phone.hangs_up()

    assert hotline.rows(select(Callback)) == []
    assert outcomes(hotline) == ["abandoned"]


@pytest.mark.parametrize("from_", [OTHER, "anonymous"])
def test_unverified_or_withheld_caller_who_hangs_up_leaves_nothing(
    phone: Phone, busy: Phone, hotline: Hotline, from_: str
) -> None:
    reaches_the_first_menu(phone, from_=from_)
    phone.presses("0")
    assert phone.hears("You are next in line")

    phone.hangs_up()

    assert hotline.rows(select(Callback)) == []


@ON_BOTH
def test_withheld_caller_without_a_pin_cannot_keep_a_place_and_stays_in_the_queue(
    phone: Phone, busy: Phone, hotline: Hotline
) -> None:
    reaches_the_first_menu(phone, from_="anonymous")
    phone.presses("0")
    for _ in range(5):
        assert phone.does_not_hear("have us call you when it is your turn")
        phone.says_nothing()

    phone.presses("1")

    assert phone.hears("I cannot call this phone back. You are still in line")
    assert phone.does_not_hear("have us call you when it is your turn")
    assert outcomes(hotline) == [None]


def test_hangup_in_the_queue_is_noticed_without_an_event_from_the_carrier(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody", phone=CALLER)
    waits_in_queue(phone, case)
    behind = phone.another()
    waits_in_queue(behind, make_case(custody_status="in_custody"), from_=OTHER)
    assert behind.hears("You are number 2 in line")
    for _ in range(7):
        clock.passes(seconds=10)
        behind.says_nothing()

    hotline.sweeps()

    assert outcomes(hotline) == ["lapsed", None]
    offered = hotline.row(select(Callback))
    assert (offered.reason, offered.state) == ("abandoned", "requested")
    behind.says_nothing()
    assert behind.hears("You are next in line")


def test_caller_who_left_unnoticed_keeps_no_free_liaison_from_the_next_in_the_queue(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    waits_in_queue(phone, make_case(custody_status="in_custody", phone=CALLER))
    behind = phone.another()
    waits_in_queue(behind, make_case(custody_status="in_custody"), from_=OTHER)
    for caller in (phone, behind):
        hotline.carrier.carries(caller)
    phone.call.leg.ends("completed")
    busy.hangs_up()

    for _ in range(2):
        clock.passes(seconds=1)
        _a_sweep(hotline)

    assert outcomes(hotline) == ["abandoned", None]
    assert hotline.row(select(Callback.reason)) == "abandoned"
    assert behind.hears("I am calling someone for you")
    assert hotline.accepts(behind).is_talking


def test_caller_who_talked_and_hangs_up_is_not_called_back(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    waits_in_queue(phone, make_case(custody_status="in_custody", phone=CALLER))
    busy.hangs_up()
    hotline.jobs.works_off()
    phone.says_nothing()
    hotline.accepts(phone)
    clock.passes(seconds=5)

    phone.hangs_up()

    assert hotline.rows(select(Callback)) == []
    assert outcomes(hotline) == ["talked"]


# The way back (R22).


def test_caller_in_the_queue_goes_back_by_pound_and_hears_the_status(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    reaches_the_first_menu(phone)
    phone.presses("0")
    assert phone.hears("You are next in line. To go back, press pound")

    phone.presses("#")

    assert phone.hears("To hear about your case, press 1")
    assert outcomes(hotline) == ["left"]
    for keys in ("1", case.number, case.pin):
        phone.presses(keys)
    assert phone.hears("in custody")


def test_caller_with_a_pin_goes_back_to_the_menu_of_the_case(
    phone: Phone, make_case: MakeCase, busy: Phone
) -> None:
    waits_in_queue(phone, make_case(custody_status="in_custody"))

    phone.presses("#")

    assert phone.hears("To hear it again, press 1.", "to be called back, press 2")
    assert phone.does_not_hear("in custody")


def test_caller_who_waits_for_a_person_before_hard_news_goes_back_to_the_choice(
    phone: Phone, make_case: MakeCase, busy: Phone
) -> None:
    waits_in_queue(phone, make_case(custody_status="escaped"))

    phone.presses("#")

    assert phone.hears("I have news that may be hard to hear", "to hear it now, press 1")
    assert phone.does_not_hear("escaped")


def test_caller_who_goes_back_frees_their_place_and_their_liaison(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline
) -> None:
    waits_in_queue(phone, make_case(custody_status="in_custody"))
    behind = phone.another()
    waits_in_queue(behind, make_case(custody_status="in_custody"), from_=OTHER)
    busy.hangs_up()
    hotline.jobs.works_off()
    phone.says_nothing()
    assert len(hotline.rung()) == 1

    phone.presses("#")

    assert hotline.rung() == []
    behind.presses("0")
    assert behind.hears("You are next in line")
    assert outcomes(hotline) == ["left", None]
    assert not phone.is_over


def test_caller_who_goes_back_and_presses_0_again_waits_from_that_moment(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    waits_in_queue(phone, make_case(custody_status="in_custody"))
    phone.presses("#")
    clock.passes(minutes=2)

    phone.presses("0")

    assert phone.hears("You are next in line")
    (wait,) = waits(hotline)
    assert (wait.since, wait.outcome) == (clock.now, None)


def test_pound_at_the_moment_of_the_accept_key_goes_to_the_liaison(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline
) -> None:
    waits_in_queue(phone, make_case(custody_status="in_custody"))
    busy.hangs_up()
    hotline.jobs.works_off()
    phone.says_nothing()
    liaison = hotline.answers(phone)
    liaison.presses("1")

    phone.presses("#")

    assert phone.is_talking
    assert outcomes(hotline) == ["talked"]


def test_caller_without_tries_left_is_not_told_of_a_way_back_that_leads_here(
    phone: Phone, make_case: MakeCase, busy: Phone
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    for _ in range(3):
        phone.presses(wrong(case.pin))

    assert phone.hears("You are next in line")
    assert phone.does_not_hear("press pound")
