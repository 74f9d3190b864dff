"""Who waited more than ten minutes for a person keeps the place as a call to the phone in hand (R11, R35)."""

from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from models import Callback, Case, Staff
from models.cases.registrant import Phone as Registered
from tests.calls.at_0.waiting import OTHER
from tests.calls.conftest import Clock, Hotline
from tests.calls.pin.lapses import asks_for_a_morning, asks_for_an_evening, waits, waits_for_a_person
from tests.calls.stories import asks_very_soon, opens_the_case
from tests.conftest import ON_SQLITE, in_turn
from tests.factories import MadeCase, make_duress_pin
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
HERE = "+12025550147"


def keep_the_place(
    callers: Mapping[Phone, tuple[MadeCase, str]], clock: Clock, language: str, minutes: int = 11
) -> None:
    """They open their cases, each from one number, wait side by side for a person, and press 1 then."""
    for caller, (case, number) in callers.items():
        opens_the_case(caller, case, language=language, from_=number)
        caller.presses("0")
    for _ in range(minutes):
        clock.passes(minutes=1)
        for caller in callers:
            caller.says_nothing()
    for caller in callers:
        caller.presses("1")
        assert caller.hears({"1": "We will call you", "2": "Le llamaremos"}[language])
        caller.hangs_up()


def test_callback_kept_from_the_queue_after_ten_minutes_tells_nothing_of_an_open_one(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    asks_for_a_morning(phone, case)
    waits_for_a_person(phone, case, clock)

    phone.presses("1")

    assert phone.hears("We will call you", "We will leave no message")
    assert phone.does_not_hear("morning")
    kept = hotline.row(select(Callback).where(Callback.case_id.is_not(None)))
    assert (kept.case_id, kept.verified) == (case.id, True)


def test_callback_kept_after_ten_minutes_leaves_no_message_where_none_was_promised_aloud(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, case)
    for key in ("2", "2", "4", "2", "3", "3", "2", "1"):
        phone.presses(key)
    assert phone.hears("We may leave a short message", "Anyone who answers may take the call")
    phone.hangs_up()
    waits_for_a_person(phone, case, clock)

    phone.presses("1")

    assert phone.hears("We will leave no message")
    kept = hotline.row(select(Callback).where(Callback.case_id.is_not(None)))
    assert (kept.may_answer, kept.voicemail_allowed, kept.voicemail_text) == ("only_me", False, None)


def test_callback_kept_from_the_queue_after_ten_minutes_does_not_tell_of_hard_news(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    with_news, without = phone, phone.another()
    opens_the_case(with_news, make_case(custody_status="released", status_at=clock.now - timedelta(hours=1)))
    opens_the_case(without, make_case(custody_status="in_custody"), from_=OTHER)
    for caller in (with_news, without):
        caller.presses("0")
    for _ in range(11):
        clock.passes(minutes=1)
        for caller in (with_news, without):
            caller.says_nothing()

    for caller in (with_news, without):
        caller.presses("1")

    assert with_news.hears("We will call you")
    assert with_news.heard == without.heard
    assert hotline.rows(select(Callback.urgency).order_by(Callback.id)) == ["urgent", "other"]
    for caller in (with_news, without):
        caller.presses("#")
    assert with_news.hears("I need your PIN again")
    assert with_news.heard == without.heard


@ON_SQLITE
@pytest.mark.parametrize("language", ["1", "2"])
@pytest.mark.parametrize("status", ["in_custody", "escaped"])
def test_callback_kept_after_ten_minutes_rings_the_phone_in_hand_and_leaves_the_one_elsewhere(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock, status: str, language: str
) -> None:
    """The words told of no other phone, and only the other phone rang."""
    case = make_case(custody_status=status, phone=CALLER)
    asks_for_an_evening(phone.another(), case, status)
    elsewhere = hotline.row(select(Callback))
    alone = phone.another()
    other = make_case(custody_status="in_custody")

    keep_the_place({phone: (case, CALLER), alone: (other, HERE)}, clock, language)

    assert phone.heard == alone.heard
    first, kept, _other = hotline.rows(select(Callback).order_by(Callback.id))
    facts = ("state", "urgency", "phone_key", "due_at", "next_attempt_at", "window_starts", "window_ends")
    assert [getattr(first, one) for one in facts] == [getattr(elsewhere, one) for one in facts]
    assert kept.phone_key == hotline.database.keyring.index("phone", CALLER)
    # Staff who take it see no case, and no news.
    assert (kept.state, kept.case_id, kept.verified, kept.reason) == ("requested", None, False, "waited")
    assert kept.urgency == ("urgent" if status == "escaped" else "other")
    busy.hangs_up()
    clock.passes(minutes=2)
    for _ in range(3):
        hotline.jobs.works_off()
        hotline.sweeps()
    liaison = phone.answers(hotline.carrier.ringing[-1])
    liaison.presses("1")
    hotline.jobs.works_off()
    assert hotline.rung() == [CALLER]


@pytest.mark.parametrize("pin", ["their own", "duress"])
def test_menu_after_ten_minutes_names_no_phone_while_only_safe_phones_are_called(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock, pin: str
) -> None:
    """They heard "To have us call this phone", and the registered one rang; then no word said which rings."""
    case = make_case("in_custody", phone=OTHER, changes_held_until=clock.now + timedelta(hours=72))
    if pin == "duress":
        with hotline.database.transaction() as session:
            case = make_duress_pin(session, case, now=clock.now)
            session.get_one(Case, case.id).changes_held_until = clock.now + timedelta(hours=72)
    waits_for_a_person(phone, case, clock)
    with hotline.database.transaction() as session:
        session.execute(update(Staff).values(on_shift=False))
    phone.says_nothing()
    assert phone.hears("To be called back, press 1")
    assert phone.does_not_hear("this phone")

    phone.presses("1")

    assert phone.hears("We will call you no later than", "We will call the phone number you gave us")
    assert phone.does_not_hear("this one")
    kept = hotline.row(select(Callback))
    assert (kept.case_id, kept.phone_key) == (case.id, hotline.database.keyring.index("phone", OTHER))


@pytest.mark.parametrize("language", ["1", "2"])
@pytest.mark.parametrize("why", ["withheld", "unsafe"])
def test_caller_who_keeps_the_place_after_ten_minutes_hears_that_the_phone_they_gave_will_ring(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock, why: str, language: str
) -> None:
    case = make_case("in_custody", phone=OTHER)
    if why == "unsafe":
        with hotline.database.transaction() as session:
            here, theirs = hotline.database.keyring, session.scalars(select(Registered)).one()
            session.add(
                Registered(
                    registrant_id=theirs.registrant_id, position=2, phone_key=here.index("phone", CALLER),
                    number_sealed=here.seal("phone.number", CALLER), unsafe_since=clock.now,
                )
            )  # fmt: skip
    keep_the_place({phone: (case, "anonymous" if why == "withheld" else CALLER)}, clock, language)

    said = {
        "1": "We will call the phone number you gave us.",
        "2": "Llamaremos al teléfono que usted nos dio",
    }
    assert said[language] in phone.heard_so_far
    assert hotline.row(select(Callback.phone_key)) == hotline.database.keyring.index("phone", OTHER)


@pytest.mark.parametrize("way", ["at once", "in the queue", "in vain"])
@pytest.mark.parametrize("pin", ["their own", "duress", "denied"])
def test_caller_without_a_safe_phone_is_called_at_the_phone_in_hand_while_phones_are_held(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock, pin: str, way: str
) -> None:
    """They heard "I cannot call this number back", and a stranger was promised a call there."""
    case = make_case("in_custody", record={"releasable": pin != "denied"})
    with hotline.database.transaction() as session:
        if pin == "duress":
            case = make_duress_pin(session, case, now=clock.now)
        session.get_one(Case, case.id).changes_held_until = clock.now + timedelta(hours=72)
    if way == "at once":
        opens_the_case(phone, case)
        phone.presses("2")
        assert phone.hears("To have us call this phone")
    else:
        waits_for_a_person(phone, case, clock)
    if way == "in vain":
        with hotline.database.transaction() as session:
            session.execute(update(Staff).values(on_shift=False))
        phone.says_nothing()
        assert phone.hears("To be called back, press 1")

    phone.presses("1")

    assert phone.hears("We will call you no later than")
    kept = hotline.row(select(Callback))
    assert (kept.case_id, kept.phone_key) == (case.id, hotline.database.keyring.index("phone", CALLER))
    phone.hangs_up()
    opens_the_case(phone, case)
    phone.presses("2")
    assert phone.hears("You already have a callback", "To leave your callback as it is")
    phone.presses("2")
    assert phone.hears("we cannot change phone numbers or times")


@pytest.mark.parametrize("status", ["in_custody", "escaped"])
def test_menu_after_a_wait_in_vain_offers_no_call_that_would_be_refused_but_asks_for_the_pin(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock, status: str
) -> None:
    """Key 1 was refused, though their case was promised a call at another phone."""
    case = make_case(status, phone=CALLER)
    asks_for_an_evening(phone.another(), case, status)
    with hotline.database.transaction() as session:
        session.execute(update(Registered).values(unsafe_since=clock.now))
    opens_the_case(phone, case)
    phone.presses("0")
    waits(phone, clock)
    with hotline.database.transaction() as session:
        session.execute(update(Staff).values(on_shift=False))

    phone.says_nothing()

    assert phone.hears("I need your PIN again")
    assert phone.does_not_hear("press 1", "call this")
    phone.presses(case.pin)
    if status == "escaped":
        phone.presses("1")
    phone.presses("2")
    assert phone.hears("You already have a callback", "To leave your callback as it is")


@pytest.mark.parametrize("language", ["1", "2"])
@pytest.mark.parametrize("way", ["at 0", "at 0 for long", "afraid"])
def test_callback_from_before_is_kept_and_raised_while_phones_are_held(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock, way: str, language: str
) -> None:
    """With no phone registered they were told of the key, and then "I cannot call this phone back"."""
    case, before = make_case("in_custody"), phone.another()
    opens_the_case(before, case)
    for key in ("2", "1"):
        before.presses(key)
    before.hangs_up()
    with hotline.database.transaction() as session:
        session.get_one(Case, case.id).changes_held_until = clock.now + timedelta(hours=72)
    if way == "afraid":
        asks_very_soon(phone, case, language=language)
    else:
        keep_the_place({phone: (case, CALLER)}, clock, language, minutes=11 if "long" in way else 1)

    assert phone.hears({"1": "We will call you no later than", "2": "Le llamaremos a más tardar"}[language])
    kept = hotline.row(select(Callback))
    assert (kept.case_id, kept.urgency) == (case.id, "urgent" if way == "afraid" else "other")


@ON_SQLITE
def test_key_to_keep_the_place_is_not_told_after_ten_minutes_where_no_phone_may_be_called(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    """They heard of it every half minute, and then "I cannot call this phone back"."""
    case = make_case("in_custody", phone=CALLER)
    with hotline.database.transaction() as session:
        session.execute(update(Registered).values(unsafe_since=clock.now))
    waits_for_a_person(phone, case, clock)

    for _ in range(8):
        phone.says_nothing()
        assert phone.does_not_hear("press 1")


@pytest.mark.parametrize("language", ["1", "2"])
def test_callback_kept_after_ten_minutes_rings_in_its_turn_and_the_evening_chosen_before_stays(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock, language: str
) -> None:
    """ "When it is your turn" was said, and the phone rang in the evening alone."""
    case, before, alone = (
        make_case(custody_status="in_custody", phone=CALLER),
        phone.another(),
        phone.another(),
    )
    opens_the_case(before, case)
    for key in ("2", "2", "3"):
        before.presses(key)
    before.hangs_up()
    chosen = hotline.row(select(Callback))
    other = make_case(custody_status="in_custody")

    keep_the_place({phone: (case, CALLER), alone: (other, HERE)}, clock, language)

    assert phone.heard == alone.heard
    first, kept, _other = hotline.rows(select(Callback).order_by(Callback.id))
    facts = ("state", "due_at", "next_attempt_at", "window_starts", "window_ends")
    assert [getattr(first, one) for one in facts] == [getattr(chosen, one) for one in facts]
    assert (kept.state, kept.case_id, kept.phone_key) == ("requested", None, first.phone_key)
    busy.hangs_up()
    clock.passes(minutes=2)
    for _ in range(3):
        hotline.jobs.works_off()
        hotline.sweeps()
    liaison = phone.answers(hotline.carrier.ringing[-1])
    liaison.presses("1")
    hotline.jobs.works_off()
    assert hotline.rung() == [CALLER]


def test_callback_kept_after_ten_minutes_is_canceled_with_the_other_one(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    """She heard that her callback was canceled, and minutes later the phone in her hand rang."""
    case = make_case(custody_status="in_custody", phone=CALLER)
    asks_for_an_evening(phone.another(), case, "in_custody")
    opens_the_case(phone, case, from_=CALLER)
    phone.presses("0")
    waits(phone, clock)
    for keys in ("1", "1", "1", case.number, case.pin, "2", "4"):
        phone.presses(keys)
    assert phone.hears("Your callback is canceled")

    assert hotline.rows(select(Callback.state)) == ["cancelled", "cancelled"]


@pytest.mark.parametrize("stands", [False, True])
def test_caller_who_waited_ten_minutes_keeps_the_place_also_after_the_days_requests(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock, stands: bool
) -> None:
    """ "I cannot call this phone back" was said only where the case was promised a call elsewhere."""
    for _ in range(2):
        stranger = phone.another()
        stranger.dials_in(from_=CALLER)
        for key in ("1", "2", "1", "1"):
            stranger.presses(key)
        assert stranger.hears("We will call you")
        stranger.hangs_up()
        with hotline.database.transaction() as session:
            session.execute(update(Callback).values(state="cancelled", closed_at=clock.now))
        clock.passes(minutes=2)
    case = make_case(custody_status="in_custody", phone=CALLER)
    if stands:
        asks_for_an_evening(phone.another(), case, "in_custody")
    opens_the_case(phone, case, from_=CALLER)
    phone.presses("0")
    waits(phone, clock)

    phone.presses("1")

    assert phone.hears("We will call you")
    assert hotline.database.keyring.index("phone", CALLER) in hotline.rows(
        select(Callback.phone_key).where(Callback.state == "requested")
    )


def test_callback_kept_under_the_duress_pin_after_ten_minutes_is_left_to_the_liaison_who_judges(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock
) -> None:
    case = make_case(custody_status="in_custody", phone=CALLER)
    with hotline.database.transaction() as session:
        coerced = make_duress_pin(session, case, now=clock.now)
    asks_for_an_evening(phone.another(), coerced, "in_custody")
    opens_the_case(phone, coerced, from_=CALLER)
    phone.presses("0")
    waits(phone, clock)

    phone.presses("1")

    assert phone.hears("We will call you")
    assert hotline.rows(select(Callback).where(Callback.case_id.is_(None))) == []


@in_turn("line", ["main", "other", "none"])
def test_callback_kept_from_the_queue_after_ten_minutes_tells_of_no_other_line(
    phone: Phone, make_case: MakeCase, busy: Phone, hotline: Hotline, clock: Clock, line: str
) -> None:
    """The number that the phone will show was left out only where a call from another line was open."""
    case = make_case(custody_status="in_custody")
    if line != "none":
        earlier, is_main = phone.another(), line == "main"
        earlier.dials_in(to=hotline.office.lines[0 if is_main else 1])
        for keys in ("1", *(["1"] if is_main else []), case.number, case.pin, "2", "2", "1"):
            earlier.presses(keys)
        assert earlier.hears("We will call you")
        earlier.hangs_up()
    waits_for_a_person(phone, case, clock)

    phone.presses("1")

    assert phone.hears("We will call you")
    assert phone.does_not_hear("Your phone will show")
