"""Calls of people who lost their PIN: by phone it only leads to staff (R08)."""

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Alert, Callback, Case, LostPinReport, Staff
from models.cases.case import close_case, new_number
from models.cases.registrant import Phone as RegisteredPhone
from models.overview.case_opening import open_by_verification
from models.overview.lost_pin import LostPinError, decide_lost_pin, replace_lost_pin, waiting_lost_pins
from models.overview.phone_list import mark_unsafe, move_phone
from models.overview.phone_stop import stop_phone
from models.overview.refusals import LostPinRefusal
from tests.calls.conftest import Clock, Hotline
from tests.calls.pin.test_duress_likeness import adds_phone
from tests.calls.stories import (
    is_asked_for_a_number,
    lost_pins_are_settled,
    opens_the_case,
    reaches_the_first_menu,
    the_hour_of_lost_pins_has_passed,
    wrong,
)
from tests.conftest import ON_BOTH
from tests.factories import HASHER, NEW_PIN, MadeCase
from tests.models.staff.staff_people import Someone, someone
from tests.phone import CALLER, Phone
from tests.statements import sent_statements

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
SAFE, OTHER = "+12025550155", "+12025550156"


@pytest.mark.parametrize("is_live", [True, False])
def test_lost_pin_reported_in_this_call_is_not_offered_again(
    phone: Phone, make_case: MakeCase, is_live: bool
) -> None:
    number = make_case(custody_status="in_custody").number if is_live else new_number()
    reports_a_lost_pin(phone, number)

    phone.presses("0")

    assert phone.hears("No one can answer right now", "If you are afraid and need a call very soon, press 3")
    assert phone.does_not_hear("If you do not have your PIN", "press 4")


def test_pound_at_the_number_of_a_lost_pin_leads_back(phone: Phone) -> None:
    reaches_the_first_menu(phone)
    for key in ("2", "3"):
        phone.presses(key)
    assert phone.hears("Please enter your case number")

    phone.presses("#")

    assert phone.hears("To talk with someone, press 2")


def reports_a_lost_pin(phone: Phone, number: str, from_: str = CALLER) -> None:
    reaches_the_first_menu(phone, from_=from_)
    phone.presses("2")
    assert phone.hears("If you do not have your PIN, press 3")
    phone.presses("3")
    assert phone.hears("Please enter your case number")
    phone.presses(number)


def test_staff_ring_a_confirmed_phone_about_a_lost_pin_and_never_the_one_that_called(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody", phone=SAFE)
    reports_a_lost_pin(phone, case.number)

    assert phone.hears("If we call, it will be to the phone number you gave us")
    lost_pins_are_settled(hotline)
    asked = hotline.row(select(Callback))
    assert (asked.reason, asked.state, asked.verified, asked.case_id) == (
        "lost_pin",
        "requested",
        False,
        None,
    )
    make_staff()
    the_hour_of_lost_pins_has_passed(hotline)
    hotline.jobs.works_off()
    liaison = phone.answers(hotline.carrier.ringing[-1])
    liaison.presses("1")
    hotline.jobs.works_off()
    assert hotline.carrier.ringing[-1].to == SAFE


def test_unknown_number_sounds_the_same_and_leaves_nothing(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody", phone=SAFE)
    known, unknown = phone.another(), phone.another()
    reports_a_lost_pin(known, case.number)
    reports_a_lost_pin(unknown, next(n for n in iter(new_number, "") if n != case.number))

    lost_pins_are_settled(hotline)
    assert known.heard == unknown.heard
    assert len(hotline.rows(select(Callback))) == 1


@pytest.mark.parametrize("barred", ["none", "unsafe", "unconfirmed"])
def test_lost_pin_without_a_safe_phone_is_left_for_staff(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock, barred: str
) -> None:
    case = make_case(custody_status="in_custody", phone=None if barred == "none" else SAFE)
    with hotline.database.transaction() as session:
        for one in session.scalars(select(RegisteredPhone)).all():
            if barred == "unsafe":
                one.unsafe_since = clock.now
            else:
                one.confirmed_at = None

    reports_a_lost_pin(phone, case.number)

    assert phone.hears("If we call, it will be to the phone number you gave us")
    lost_pins_are_settled(hotline)
    left = hotline.row(select(Callback))
    assert (left.reason, left.state) == ("lost_pin", "left_for_staff")
    assert hotline.jobs.waiting == []


@pytest.mark.parametrize("has_another", [False, True])
def test_lost_pin_is_not_given_anew_at_a_phone_that_replaced_an_unsafe_one(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock, has_another: bool
) -> None:
    """Whoever found out the PIN, and had the owner's phone replaced by his own, was rung for the next."""
    case, theirs = make_case(custody_status="in_custody", phone=SAFE), "+12025550166"
    with hotline.database.transaction() as session:
        me, real = someone(session), session.get_one(Case, case.id)
        if has_another:
            adds_phone(session, hotline, me, real, OTHER)
            clock.passes(days=10)
        mark_unsafe(session, me, real, real.registrant.phones[0].id, clock.now, hotline.policies)
        added = adds_phone(session, hotline, me, real, theirs)
        assert move_phone(session, me, real, added.id, up=True, now=clock.now)
    opens_the_case(phone, case, from_=SAFE)
    for keys in ("4", case.pin, NEW_PIN, NEW_PIN):
        phone.presses(keys)
    assert phone.hears("Your PIN is changed")

    reports_a_lost_pin(phone.another(), case.number, from_=theirs)
    lost_pins_are_settled(hotline)

    asked = hotline.row(select(Callback).where(Callback.reason == "lost_pin"))
    key = hotline.database.keyring.index("phone", OTHER)
    assert (asked.state, asked.phone_key == key) == (
        ("requested", True) if has_another else ("left_for_staff", False)
    )
    with hotline.database.transaction() as session:
        assert rang_them(session, me, case, clock.now, hotline) == has_another
    clock.passes(hours=72)
    with hotline.database.transaction() as session:
        assert rang_them(session, me, case, clock.now, hotline)


def rang_them(session: Session, me: Someone, case: MadeCase, now: datetime, hotline: Hotline) -> bool:
    """Whether staff may say that they know the person from a call to a confirmed phone."""
    found = open_by_verification(session, me, case.number, "rang_confirmed_phone", now, hotline.policies)
    return found is not None


def test_report_of_a_lost_pin_does_not_move_to_a_phone_that_replaced_an_unsafe_one(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody", phone=SAFE)
    with hotline.database.transaction() as session:
        me, real = someone(session), session.get_one(Case, case.id)
        unsafe = adds_phone(session, hotline, me, real, OTHER)
        clock.passes(days=10)
        mark_unsafe(session, me, real, unsafe.id, clock.now, hotline.policies)
        adds_phone(session, hotline, me, real, "+12025550166")
    reports_a_lost_pin(phone, case.number)
    lost_pins_are_settled(hotline)
    with hotline.database.transaction() as session:
        stop_phone(session, hotline.database.keyring.index("phone", SAFE), clock.now, hotline.policy)

    asked = hotline.row(select(Callback).where(Callback.reason == "lost_pin"))
    assert (asked.state, asked.outcome) == ("left_for_staff", "stopped")


def test_lost_pin_reported_again_and_again_rings_the_phone_once(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody", phone=SAFE)
    for number in range(4):
        caller = phone.another()
        reports_a_lost_pin(caller, case.number, from_=f"+1202555013{number}")
        assert caller.hears("If we call, it will be to the phone number you gave us")
    lost_pins_are_settled(hotline)

    assert len(hotline.rows(select(Callback))) == 1


def test_caller_with_a_lost_pin_keys_no_number_again_after_three_wrong_pins(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody", phone=SAFE)
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    for _ in range(3):
        phone.presses(wrong(case.pin))
    assert phone.hears("If you do not have your PIN, press 4")

    phone.presses("4")

    assert phone.hears("If we call, it will be to the phone number you gave us")
    lost_pins_are_settled(hotline)
    assert hotline.row(select(Callback)).reason == "lost_pin"


def test_caller_reports_a_lost_pin_in_spanish_and_with_a_mistyped_number(
    phone: Phone, make_case: MakeCase
) -> None:
    case = make_case(custody_status="in_custody", phone=SAFE)
    reaches_the_first_menu(phone, language="2")
    phone.presses("2")
    assert phone.hears("Si no tiene su PIN, oprima 3")
    phone.presses("3")
    phone.presses(wrong(case.number))
    assert phone.hears("Ese no es un número de caso", "marque su número de caso")
    phone.presses(case.number)

    assert phone.hears("Si llamamos, será al teléfono que usted nos dio")


def test_report_on_a_number_without_a_case_costs_the_same_statements(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody", phone=SAFE)
    counts = []
    for number in (case.number, next(n for n in iter(new_number, "") if n != case.number)):
        caller = phone.another()
        reaches_the_first_menu(caller)
        caller.presses("2")
        caller.presses("3")
        with sent_statements(hotline.database) as statements:
            caller.presses(number)
        counts.append(statements)

    assert counts[0] == counts[1]


def test_twelve_calls_from_one_phone_ring_three_victims_at_most(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    for number in range(11):
        case = make_case(custody_status="in_custody", phone=f"+120255501{60 + number}")
        reports_a_lost_pin(phone.another(), case.number)
    lost_pins_are_settled(hotline)

    assert len(hotline.rows(select(Callback))) == 3


@pytest.mark.parametrize("extra", [{}, {"StirVerstat": "TN-Validation-Failed"}], ids=["unsigned", "doubted"])
def test_reports_under_a_faked_number_take_none_from_the_phone_itself(
    phone: Phone, make_case: MakeCase, hotline: Hotline, extra: dict[str, str]
) -> None:
    case = make_case(custody_status="in_custody", phone=SAFE)
    for _ in range(3):
        stranger = phone.another()
        stranger.dials_in(from_=SAFE, **extra)
        for keys in ("1", "2", "3", new_number()):
            stranger.presses(keys)
        stranger.hangs_up()

    reports_a_lost_pin(phone, case.number, from_=SAFE)

    assert phone.hears("If we call, it will be to the phone number you gave us")
    lost_pins_are_settled(hotline)
    assert hotline.row(select(Callback)).reason == "lost_pin"


def test_registrants_report_goes_to_a_supervisor_after_a_stranger_used_up_the_calls(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody", phone=SAFE)
    for _ in range(2):
        stranger = phone.another()
        reports_a_lost_pin(stranger, case.number, from_="anonymous")
        stranger.hangs_up()
        lost_pins_are_settled(hotline)
        with hotline.database.transaction() as session:
            for call in session.scalars(select(Callback)):
                call.state, call.closed_at = "no_answer", clock.now
        clock.passes(hours=2)

    reports_a_lost_pin(phone, case.number, from_=SAFE)
    lost_pins_are_settled(hotline)

    with hotline.database.transaction() as session:
        ((_, waiting, _),) = waiting_lost_pins(session)
    assert waiting == case.id


def test_caller_who_reports_from_the_phone_that_will_ring_is_told_nothing_false(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody", phone=SAFE)

    reports_a_lost_pin(phone, case.number, from_=SAFE)

    lost_pins_are_settled(hotline)
    assert hotline.row(select(Callback.phone_key)) == hotline.database.keyring.index("phone", SAFE)
    assert phone.does_not_hear("will not call")


def test_lost_pin_of_a_closed_case_waits_and_is_replaced_like_any_other(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    ruth = make_staff(email="ruth@office.example.org", role="supervisor")
    make_staff(email="ann@office.example.org", role="administrator")
    for number in range(6):
        case = make_case(custody_status="in_custody", phone=f"+120255501{60 + number}")
        with hotline.database.transaction() as session:
            close_case(session, case.number, now=hotline.clock.now, actor="boss")
        reports_a_lost_pin(phone.another(), case.number, from_="anonymous")
    lost_pins_are_settled(hotline)

    with hotline.database.transaction() as session:
        ((report_id, _, _),) = waiting_lost_pins(session)
        assert decide_lost_pin(
            session, report_id, call=True, by=ruth.email, now=hotline.clock.now, policy=hotline.policy
        )
        pin, told = replace_lost_pin(
            session, HASHER, case.number, evidence="rang_confirmed_phone", by=ruth.email,
            and_by="ann@office.example.org", hold=timedelta(hours=72), policy=hotline.policy,
            now=hotline.clock.now,
        )  # fmt: skip
    assert told == 1
    caller = phone.another()
    opens_the_case(caller, dataclasses.replace(case, pin=pin))
    assert caller.hears("cannot confirm")


@ON_BOTH
def test_reports_above_the_ceiling_wait_for_a_supervisor_who_is_told_once(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(email="ruth@office.example.org", role="supervisor")
    for number in range(9):
        case = make_case(custody_status="in_custody", phone=f"+120255501{60 + number}")
        reports_a_lost_pin(phone.another(), case.number, from_="anonymous")
    for _ in range(2):
        hotline.sweeps()

    assert len(hotline.rows(select(Callback))) == 5
    assert hotline.row(select(Alert.promises).where(Alert.level == "lost_pins")) == 4
    with hotline.database.transaction() as session:
        first, second, *_ = [report_id for report_id, _case, _at in waiting_lost_pins(session)]
        decide = partial(
            decide_lost_pin,
            session,
            by="ruth@office.example.org",
            now=hotline.clock.now,
            policy=hotline.policy,
        )
        assert decide(first, call=True) != []
        assert decide(second, call=False) == []
        with pytest.raises(LostPinError):
            decide(first, call=True)
    assert len(hotline.rows(select(Callback))) == 6


def test_report_that_has_waited_for_days_is_the_only_open_one_of_its_case(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(email="ruth@office.example.org", role="supervisor")
    for number in range(6):
        case = make_case(custody_status="in_custody", phone=f"+120255501{60 + number}")
        reports_a_lost_pin(phone.another(), case.number, from_="anonymous")
    lost_pins_are_settled(hotline)
    with hotline.database.transaction() as session:
        ((report_id, _, _),) = waiting_lost_pins(session)
    clock.passes(hours=25)

    reports_a_lost_pin(phone.another(), case.number, from_="anonymous")
    lost_pins_are_settled(hotline)

    assert len(hotline.rows(select(Callback))) == 5
    with hotline.database.transaction() as session:
        assert [one for one, _, _ in waiting_lost_pins(session)] == [report_id]


@ON_BOTH
def test_supervisor_cannot_place_a_second_call_about_a_pin(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(email="ruth@office.example.org", role="supervisor")
    case = make_case(custody_status="in_custody", phone=SAFE)
    reports_a_lost_pin(phone, case.number)
    lost_pins_are_settled(hotline)
    with hotline.database.transaction() as session:
        waits = LostPinReport(
            number_key=hotline.database.keyring.index("case", case.number), silent=False, state="waiting",
            call_id=hotline.row(select(LostPinReport.call_id)), reported_at=clock.now,
        )  # fmt: skip
        session.add(waits)
        session.flush()
        decide = partial(
            decide_lost_pin,
            session,
            waits.id,
            by="ruth@office.example.org",
            now=clock.now,
            policy=hotline.policy,
        )
        with pytest.raises(LostPinError, match=f"^{LostPinRefusal.CALL_OPEN}$"):
            decide(call=True)
        assert waits.state == "waiting"
        assert decide(call=False) == []

    assert len(hotline.rows(select(Callback))) == 1


def test_supervisor_gets_one_message_with_a_count_about_an_attack_with_lost_pins(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    """Each sweep told them of what it had just judged: a text every two seconds."""
    make_staff(email="ruth@office.example.org", role="supervisor")
    told = select(Alert.promises).where(Alert.level == "lost_pins").order_by(Alert.id)
    for number in range(11):
        case = make_case(custody_status="in_custody", phone=f"+120255501{60 + number}")
        reports_a_lost_pin(phone.another(), case.number, from_="anonymous")
        clock.passes(seconds=2)
        hotline.sweeps()
    assert hotline.rows(told) == [1]

    clock.passes(minutes=10)
    hotline.sweeps()

    assert hotline.rows(told) == [1, 6]


@pytest.mark.parametrize("key", ["3", "4"], ids=["call again later", "for a supervisor"])
def test_liaison_of_a_caller_at_0_learns_nothing_of_a_report_that_rings_the_same_phone(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, key: str
) -> None:
    case = make_case(custody_status="in_custody", phone=SAFE)
    reports_a_lost_pin(phone.another(), case.number)
    lost_pins_are_settled(hotline)
    hotline.jobs.waiting.clear()
    make_staff()
    reaches_the_first_menu(phone, from_=SAFE)
    phone.presses("0")
    liaison = hotline.accepts(phone)
    hotline.clock.passes(minutes=1)
    phone.hangs_up()
    hotline.jobs.works_off()

    liaison.presses(key)

    assert liaison.hears("It is saved")
    assert liaison.does_not_hear("no phone number")
    assert sorted(hotline.rows(select(Callback.reason))) == sorted(
        ["lost_pin", "call_later" if key == "3" else "to_supervisor"]
    )


def test_call_from_the_phone_that_a_report_rings_learns_nothing_of_it(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody", phone=SAFE)
    reports_a_lost_pin(phone.another(), case.number)
    lost_pins_are_settled(hotline)
    heard = []
    for from_ in (SAFE, "+12025550177"):
        caller = phone.another()
        reaches_the_first_menu(caller, from_=from_)
        for keys in ("2", "1", "1"):
            caller.presses(keys)
            heard.append(caller.heard)

    assert heard[:3] == heard[3:]


def test_caller_who_reports_a_number_and_presses_0_learns_nothing_from_the_only_liaison(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    """The only liaison was rung about the report at once, so 0 said "no one can answer" if a case had it."""
    case = make_case(custody_status="in_custody", phone=SAFE)
    make_staff()
    hotline.office.policies["lost_pin_minutes"] = dataclasses.replace(
        hotline.office.policies["lost_pin_minutes"], value=24 * 60
    )
    heard = []
    for number in (case.number, next(n for n in iter(new_number, "") if n != case.number)):
        caller = phone.another()
        reports_a_lost_pin(caller, number, from_="anonymous")
        lost_pins_are_settled(hotline)
        hotline.jobs.works_off()
        assert hotline.carrier.ringing == []
        caller.presses("0")
        heard.append(caller.heard)
        hotline.accepts(caller).hangs_up()
        caller.hangs_up()
        hotline.jobs.works_off()

    assert heard[0] == heard[1]


def test_reports_of_lost_pins_ring_within_the_hour_at_moments_that_nobody_can_predict(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock
) -> None:
    for number in range(5):
        case = make_case(custody_status="in_custody", phone=f"+120255501{60 + number}")
        reports_a_lost_pin(phone.another(), case.number, from_="anonymous")
    lost_pins_are_settled(hotline)

    moments = hotline.rows(select(Callback.next_attempt_at))
    assert all(clock.now <= at <= clock.now + timedelta(minutes=60) for at in moments)
    assert len(set(moments)) > 1
