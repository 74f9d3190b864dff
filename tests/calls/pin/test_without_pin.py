"""Callers without the PIN: no key of theirs changes, puts off or reveals an open callback (R35)."""

import dataclasses
import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from models import AuditEntry, Callback, Staff
from models.callbacks.callback import CALLBACKS
from models.cases.case import new_number
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express, the_callback
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import lost_pins_are_settled, opens_the_case, reaches_the_first_menu
from tests.conftest import ON_SQLITE
from tests.factories import MadeCase, make_duress_pin
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
DOUBTED = {"StirVerstat": "TN-Validation-Failed"}
#: All that a caller without a PIN may not change: all but the moments, the class and its reason, and
#: ``silent``, which can only be set.
KEPT = tuple(
    column.name
    for column in CALLBACKS.columns
    if column.name
    not in {
        "due_at", "next_attempt_at", "requested_at", "urgency", "reason", "rank", "caller_tries", "silent",
        "asked_elsewhere", "window_starts", "window_ends", "state", "staff_id", "claimed_at", "lease_until",
    }
)  # fmt: skip


def is_afraid(phone: Phone, **extra: str) -> None:
    """Ask for a call within the hour, without a case."""
    dials_to_the_callback_menu(phone, **extra)
    phone.presses("3")
    assert phone.hears("We will call you no later than")
    phone.hangs_up()


def dials_to_the_callback_menu(phone: Phone, from_: str = CALLER, **extra: str) -> None:
    phone.dials_in(from_=from_, **extra)
    for key in ("1", "2", "1"):
        phone.presses(key)


@pytest.mark.parametrize("extra", [{}, DOUBTED], ids=["the phone", "a doubted caller id"])
def test_keys_without_a_pin_do_not_put_off_a_callback_of_somebody_afraid(
    phone: Phone, hotline: Hotline, clock: Clock, extra: dict[str, str]
) -> None:
    is_afraid(phone)
    before = the_callback(hotline)
    clock.passes(minutes=10)
    stranger = phone.another()

    dials_to_the_callback_menu(stranger, **extra)
    for key in ("2", "1", "1"):
        stranger.presses(key)
    assert stranger.hears("in the morning", "To choose who may answer, press 2")
    for key in ("3", "3", "2", "3", "4", "1", "2"):
        stranger.presses(key)
    stranger.hangs_up()

    after = the_callback(hotline)
    assert (after.due_at, after.urgency, after.reason) == (before.due_at, "urgent", "afraid")
    assert after.next_attempt_at <= before.next_attempt_at
    assert [getattr(after, name) for name in KEPT] == [getattr(before, name) for name in KEPT]
    assert after.window_starts is None


@pytest.mark.parametrize("state", ["requested", "claimed", "ringing_liaison", "ringing_caller", "talking"])
def test_caller_without_a_pin_never_hears_of_an_open_callback(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, state: str
) -> None:
    make_staff()
    fresh = phone.another()
    dials_to_the_callback_menu(fresh, from_="+12025550188")
    dials_to_the_callback_menu(phone)
    phone.presses("1")
    phone.hangs_up()
    with hotline.database.transaction() as session:
        session.execute(update(Callback).values(state=state))

    stranger = phone.another()
    dials_to_the_callback_menu(stranger)
    for key in ("2", "1", "2", "2", "2", "3", "4", "1", "1", "1"):
        stranger.presses(key)
        fresh.presses(key)
        assert stranger.heard == fresh.heard
    assert stranger.does_not_hear("already", "cannot be changed")


def test_wishes_do_not_reveal_a_case_whose_lost_pin_was_reported(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody", phone=CALLER)
    other = phone.another()
    for caller, number, from_ in ((phone, case.number, CALLER), (other, new_number(), "+12025550188")):
        reaches_the_first_menu(caller, from_=from_)
        for keys in ("2", "3", number):
            caller.presses(keys)
        caller.presses("1")
    assert phone.heard == other.heard
    lost_pins_are_settled(hotline)
    reported = the_callback(hotline)

    for key in ("2", "1", "2", "1", "1", "2", "3", "3", "2", "4", "1"):
        phone.presses(key)
        other.presses(key)
        assert phone.heard == other.heard

    after = hotline.row(select(Callback).where(Callback.id == reported.id))
    assert (after.may_answer, after.voicemail_text, after.reason) == ("only_me", None, "lost_pin")
    assert after.window_starts == reported.window_starts


def test_caller_still_chooses_how_a_first_callback_is_made(phone: Phone, hotline: Hotline) -> None:
    dials_to_the_callback_menu(phone)
    for key in ("2", "1", "3"):
        phone.presses(key)
    for key, heard in (
        ("2", None),
        ("2", "We may ask if someone there expects our call"),
        ("3", None),
        ("2", "asks you to call"),
    ):
        phone.presses(key)
        assert heard is None or phone.hears("Got it.", heard)
    phone.presses("1")

    assert phone.hears("We may leave a short message", "we may ask if someone there expects our call")
    asked = the_callback(hotline)
    assert (asked.may_answer, asked.voicemail_text) == ("ask_for_me", "please_call")


def test_message_is_not_left_after_the_caller_withdrew_it_while_a_liaison_was_rung(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    dials_to_the_callback_menu(phone)
    for key in ("2", "1", "4", "2", "3", "3", "2"):
        phone.presses(key)
    assert phone.hears("Got it.", "asks you to call")
    clock.passes(minutes=1)
    hotline.sweeps()
    liaison = hotline.answers(phone)

    for key in ("3", "1"):
        phone.presses(key)
    assert phone.hears("Got it.", "We will leave no message")
    for key in ("2", "1"):
        phone.presses(key)

    asked = the_callback(hotline)
    assert (asked.voicemail_allowed, asked.may_answer) == (False, "only_me")
    phone.hangs_up()
    liaison.presses("1")
    hotline.jobs.works_off()
    machine = phone.answers(hotline.carrier.ringing[-1])
    while not machine.is_over:
        machine.says_nothing()
    assert "message" not in machine.heard_so_far


def test_language_and_subject_keyed_while_a_liaison_was_rung_are_kept(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    dials_to_the_callback_menu(phone)
    for key in ("2", "1", "4"):
        phone.presses(key)
    clock.passes(minutes=1)
    hotline.sweeps()
    liaison = hotline.answers(phone)

    for key in ("4", "2", "2"):
        phone.presses(key)
    assert phone.hears("Got it.", "The call is about court")
    for key in ("4", "3", "2"):
        phone.presses(key)
    assert phone.hears("Listo.", "Trataremos de hablarle en español")

    asked = the_callback(hotline)
    assert (asked.reason, asked.language) == ("about_court", "es")
    phone.hangs_up()
    liaison.presses("1")
    hotline.jobs.works_off()
    assert phone.answers(hotline.carrier.ringing[-1]).hears("oprima 1")


def test_call_that_made_a_callback_cannot_put_it_off_after_another_call_asked_for_it(
    phone: Phone, hotline: Hotline
) -> None:
    dials_to_the_callback_menu(phone)
    phone.presses("1")
    victim = phone.another()
    is_afraid(victim)
    due_at = the_callback(hotline).due_at

    for key in ("1", "2", "1", "2", "1", "1"):
        phone.presses(key)

    assert phone.hears("in the morning")
    asked = the_callback(hotline)
    assert (asked.urgency, asked.due_at, asked.window_starts) == ("urgent", due_at, None)


def test_window_chosen_without_a_pin_does_not_put_off_a_request_with_it(
    phone: Phone, make_case: MakeCase, hotline: Hotline, clock: Clock
) -> None:
    dials_to_the_callback_menu(phone)
    for key in ("2", "1", "1"):
        phone.presses(key)
    assert phone.hears("in the morning")
    again = phone.another()
    opens_the_case(again, make_case(custody_status="in_custody", phone=CALLER))
    again.presses("2")

    again.presses("1")

    assert again.does_not_hear("in the morning")
    before, after = hotline.rows(select(Callback).order_by(Callback.id))
    assert (before.state, after.window_starts) == ("cancelled", None)
    assert after.next_attempt_at == clock.now + timedelta(minutes=1)


@pytest.mark.parametrize("is_theirs", [False, True], ids=["another's phone", "their phone, doubted"])
def test_caller_with_a_pin_of_their_own_puts_off_no_callback_of_a_faked_number(
    phone: Phone, make_case: MakeCase, hotline: Hotline, is_theirs: bool
) -> None:
    is_afraid(phone)
    before = the_callback(hotline)
    own = make_case(custody_status="in_custody", phone=CALLER if is_theirs else "+12025550177")
    stranger = phone.another()
    stranger.dials_in(from_=CALLER, **(DOUBTED if is_theirs else {}))

    for keys in ("1", "1", own.number, own.pin, "2", "2", "3"):
        stranger.presses(keys)

    assert stranger.hears("in the evening")
    after = hotline.row(select(Callback).where(Callback.id == before.id))
    assert (after.state, after.urgency, after.due_at) == ("requested", "urgent", before.due_at)


def test_verified_callback_is_neither_revealed_nor_touched_without_the_pin(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    asks_express(phone, make_case(custody_status="in_custody"))
    before = the_callback(hotline)
    stranger = phone.another()

    dials_to_the_callback_menu(stranger)
    stranger.presses("3")

    assert stranger.does_not_hear("already")
    kept = hotline.row(select(Callback).where(Callback.id == before.id))
    assert {name: getattr(kept, name) for name in (*KEPT, "due_at", "state", "urgency")} == {
        name: getattr(before, name) for name in (*KEPT, "due_at", "state", "urgency")
    }


@ON_SQLITE
def test_urgent_requests_of_a_phone_do_not_count_and_a_third_ordinary_one_is_refused(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    for key in ("3", "1", "1"):
        caller = phone.another()
        dials_to_the_callback_menu(caller)
        caller.presses(key)
        assert caller.hears("We will call you")
        caller.hangs_up()
        _, to_caller = accepted_by(phone, hotline)
        called = phone.answers(to_caller)
        called.presses("1")
        called.hangs_up()
        hotline.clock.passes(hours=1)

    dials_to_the_callback_menu(phone)
    phone.presses("1")
    assert phone.hears("I cannot call this number back. Please try us again later")

    afraid = phone.another()
    is_afraid(afraid)
    assert [one.urgency for one in hotline.rows(select(Callback).order_by(Callback.id))][-1] == "urgent"


@pytest.mark.parametrize("pin", ["none", "their own", "duress"])
def test_third_request_of_a_day_does_not_tell_that_a_pin_was_given_from_this_phone(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock, pin: str
) -> None:
    """ "I cannot call this number back" was said only where the case was promised the call instead."""
    make_staff()
    case = make_case(custody_status="in_custody", phone=CALLER)
    for number in range(2):
        caller = phone.another()
        dials_to_the_callback_menu(caller)
        caller.presses("1")
        caller.hangs_up()
        if number == 0:
            _, to_caller = accepted_by(phone, hotline)
            phone.answers(to_caller).presses("1")
            to_caller.phone.hangs_up()
            clock.passes(hours=1)
            with hotline.database.transaction() as session:
                session.execute(update(Staff).values(on_shift=False))
    if pin != "none":
        with hotline.database.transaction() as session:
            coerced = make_duress_pin(session, case, now=clock.now)
        asks_express(phone.another(), coerced if pin == "duress" else case)
    clock.passes(minutes=10)

    dials_to_the_callback_menu(phone)
    phone.presses("1")

    assert phone.hears("We will call you no later than")


def test_caller_who_cannot_talk_is_called_silently_even_if_another_call_asked_before(
    phone: Phone, hotline: Hotline
) -> None:
    dials_to_the_callback_menu(phone)
    phone.presses("1")
    phone.hangs_up()
    assert not the_callback(hotline).silent
    cannot_talk = phone.another()

    cannot_talk.dials_in()
    for key in ("1", "5", "1"):
        cannot_talk.presses(key)
    assert cannot_talk.hears("You do not have to talk. We will ask questions")
    cannot_talk.hangs_up()

    assert the_callback(hotline).silent
    talks = phone.another()
    dials_to_the_callback_menu(talks)
    talks.presses("1")
    talks.hangs_up()
    assert the_callback(hotline).silent


def _words(heard: str) -> str:
    """What the line said, without the moments."""
    return re.sub(r"\d+:\d\d [AP]M", "TIME", heard)


@dataclasses.dataclass(frozen=True)
class Standing:
    """An open callback of the first phone before the strangers dial."""

    urgency: str = "urgent"
    state: str = "requested"
    has_window: bool = False


KEYS = st.lists(
    st.sampled_from(["1", "2", "3", "4", "5", "*", "9", "0", "83151206", "583961"]), min_size=3, max_size=14
)
STANDING = st.builds(
    Standing,
    st.sampled_from(["urgent", "other"]),
    st.sampled_from(["requested", "claimed", "ringing_liaison", "ringing_caller", "talking"]),
    st.booleans(),
)


@ON_SQLITE
@example(["1", "2", "1", "2", "1", "1", "2", "3"], Standing(), False)
@example(["0", "2", "2", "1", "1"], Standing(has_window=True), False)
@example(["1", "2", "1", "3", "1", "2", "1", "2", "1", "4", "3", "2", "1"], Standing("other"), True)
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(keys=KEYS, standing=STANDING, doubted=st.booleans())
def test_no_keys_without_a_pin_change_or_reveal_an_open_callback(
    phone: Phone, hotline: Hotline, keys: list[str], standing: Standing, doubted: bool
) -> None:
    with hotline.database.transaction() as session:
        session.execute(delete(Callback))
    asker = phone.another()
    dials_to_the_callback_menu(asker)
    asker.presses("3" if standing.urgency == "urgent" else "1")
    asker.hangs_up()
    starts = hotline.clock.now + timedelta(hours=7)
    window = (starts, starts + timedelta(hours=4)) if standing.has_window else (None, None)
    with hotline.database.transaction() as session:
        session.execute(
            update(Callback).values(state=standing.state, window_starts=window[0], window_ends=window[1])
        )
    before = the_callback(hotline)
    opened_at = _opens(before, hotline)
    with_one, without = phone.another(), phone.another()
    extra = DOUBTED if doubted else {}
    with_one.dials_in(**extra)
    without.dials_in(from_="+12025550188", **extra)

    for key in keys:
        assert _words(with_one.heard) == _words(without.heard)
        assert with_one.is_over == without.is_over
        if without.is_over:
            break
        with_one.presses(key)
        without.presses(key)
    with_one.hangs_up()
    without.hangs_up()

    after = hotline.row(select(Callback).where(Callback.id == before.id))
    assert [getattr(after, name) for name in KEPT] == [getattr(before, name) for name in KEPT]
    assert after.silent or not before.silent
    assert after.due_at <= before.due_at
    assert after.next_attempt_at <= before.next_attempt_at
    assert after.requested_at <= before.requested_at
    assert "urgent" in (after.urgency, before.urgency) or after.urgency == before.urgency == "other"
    assert not (before.urgency == "urgent" != after.urgency)
    assert _opens(after, hotline) <= opened_at
    assert after.state == before.state or (before.state, after.state) == ("claimed", "requested")


def _opens(callback: Callback, hotline: Hotline) -> datetime:
    """The first moment at which its window lets it ring."""
    opens = hotline.policy.moment_inside(callback, callback.next_attempt_at)
    assert opens is not None
    return opens


def test_every_request_leaves_an_audit_entry_whether_a_callback_is_open_or_not(
    phone: Phone, hotline: Hotline
) -> None:
    is_afraid(phone)
    is_afraid(phone.another())

    actions = hotline.rows(select(AuditEntry.action).where(AuditEntry.target.like("callback:%")))
    assert sorted(actions) == ["ask_again_for_callback", "request_callback"]
