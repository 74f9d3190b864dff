"""Somebody who has the registrant's phone cannot keep the news from others (R09, R28, R30, R33)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Callback, Case, Notice, Staff
from models import Phone as PhoneRow
from models.notices.registering import change, choices_of, stop_registration
from models.overview.phone_list import mark_unsafe
from tests.calls.callbacks.test_callbacks import accepted_by
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import (
    CODE,
    FIRST,
    SECOND,
    Registered,
    is_called,
    misses,
    picks_up,
    sweeps,
    the_notice,
)
from tests.calls.notices.staff_tells import ends, presses_call_now, staff_call
from tests.calls.stories import opens_the_case
from tests.conftest import ON_SQLITE
from tests.factories import make_custody_record
from tests.models.staff.staff_people import someone
from tests.phone import Phone

Registering = Callable[..., Registered]


@pytest.mark.parametrize("first", [(), ("1",)], ids=["before the first key", "at the code"])
def test_stranger_who_has_the_words_repeated_for_half_an_hour_does_not_silence_the_second_phone(
    phone: Phone, registered: Registering, hotline: Hotline, first: tuple[str, ...]
) -> None:
    called = is_called(phone, registered("released", phones=(FIRST, SECOND)))
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
    made.is_dialed("escaped")

    called = picks_up(phone, hotline)
    for keys in ("1", CODE, "1"):
        called.presses(keys)
    assert called.hears("escaped")


def test_slow_registrant_whose_second_phone_rings_meanwhile_still_hears_and_confirms_the_news(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    called = is_called(phone, registered("released", phones=(FIRST, SECOND)), "1")
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
    registered("deceased", cap=5).is_due("deceased")

    for _ in range(12):
        for number in sweeps(hotline, hours=2):
            called = picks_up(phone.another(), hotline, number)
            called.presses("2")
            called.hangs_up()

    notice = the_notice(hotline)
    assert (notice.state, notice.task) == ("left_for_staff", "cap")
    assert len(hotline.carrier.placed) == 5


@ON_SQLITE
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


@ON_SQLITE
def test_missed_calls_of_somebody_with_the_same_phone_use_up_no_cap_but_their_own(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    """Somebody in the household who said "no limit" would spend the calls of the person they live with."""
    registered("released", cap=99).is_due()
    for _ in range(3):
        assert sweeps(hotline, minutes=31) == [FIRST]
        misses(phone, hotline)

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
    made.is_dialed()
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


def changes(made: Registered, kind: str) -> None:
    """A file of the feed tells of a change, and its notice is due."""
    now = made.hotline.clock.now
    with made.hotline.database.transaction() as session:
        subject = session.get_one(Case, made.case.id).subject
        make_custody_record(session, subject, kind, as_of=now)
    made.is_due(kind)


def enters_wrong_codes(phone: Phone, hotline: Hotline, many: int, number: str = FIRST) -> Phone:
    """Somebody at the phone that rings guesses, and hangs up."""
    called = picks_up(phone.another(), hotline, number)
    called.presses("1")
    for guess in range(many):
        called.presses(f"80{guess}7")
    called.hangs_up()
    return called


def enters_the_code(phone: Phone, hotline: Hotline, number: str = FIRST) -> None:
    """The person answers, hears the news and confirms it."""
    called = picks_up(phone.another(), hotline, number)
    for keys in ("1", CODE, "1", "1"):
        if not called.is_over:
            called.presses(keys)
    called.hangs_up()


def test_phone_that_three_wrong_codes_stopped_has_no_new_tries_with_the_next_changes(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("transferred")
    changes(made, "transferred")
    sweeps(hotline)
    enters_wrong_codes(phone, hotline, 3)

    for _ in range(3):
        hotline.clock.passes(hours=1)
        changes(made, "transferred")
        assert sweeps(hotline, minutes=1) == []

    states = [(one.state, one.task) for one in hotline.rows(select(Notice))]
    assert states == [("left_for_staff", "wrong_code")] * 4
    assert hotline.carrier.asked_for.count(FIRST) == 1
    # One person, one task.
    assert [one.outcome for one in hotline.rows(select(Callback))] == ["notice_wrong_code"]


def test_wrong_codes_at_one_phone_stop_no_other_phone_at_the_next_change(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("escaped", phones=(FIRST, SECOND))
    changes(made, "escaped")
    sweeps(hotline)
    enters_wrong_codes(phone, hotline, 3)
    enters_the_code(phone, hotline, SECOND)

    hotline.clock.passes(hours=1)
    changes(made, "escaped")

    assert sweeps(hotline) == [SECOND]


def test_wrong_codes_in_a_row_count_over_two_changes_and_a_right_code_ends_the_count(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("transferred")
    changes(made, "transferred")
    sweeps(hotline)
    enters_wrong_codes(phone, hotline, 2)
    assert FIRST in sweeps(hotline, hours=2)
    enters_the_code(phone, hotline)

    for guesses, answer in (
        (2, "That code was not right"),
        (1, "hang up and call the number on the card that we gave you"),
    ):
        hotline.clock.passes(minutes=30)
        changes(made, "transferred")
        assert FIRST in sweeps(hotline)

        assert enters_wrong_codes(phone, hotline, guesses).hears(answer)


@pytest.mark.parametrize("settled", ["a call with the PIN", "staff reach them", "agreed anew"])
def test_phone_that_wrong_codes_stopped_rings_again_once_its_person_has_settled_it(
    phone: Phone,
    registered: Registering,
    make_staff: Callable[..., Staff],
    hotline: Hotline,
    settled: str,
) -> None:
    who, made = make_staff(), registered("transferred")
    changes(made, "transferred")
    sweeps(hotline)
    enters_wrong_codes(phone, hotline, 3)
    sweeps(hotline, minutes=1)

    hotline.clock.passes(minutes=5)
    if settled == "a call with the PIN":
        caller = phone.another()
        opens_the_case(caller, made.case)
        caller.hangs_up()
    elif settled == "staff reach them":
        ends(hotline, staff_call(phone, hotline, who), who, "reached", recognized=True)
    else:
        with hotline.database.transaction() as session:
            change(
                session, made.case.id, choices_of(session, made.case.id), words="Yes.",
                made_by=f"staff:{who.id}", call_id=None, now=hotline.clock.now, policies=hotline.policies,
            )  # fmt: skip
    hotline.clock.passes(hours=1)
    changes(made, "transferred")

    assert FIRST in sweeps(hotline)
    called = enters_wrong_codes(phone, hotline, 2)
    assert called.hears("That code was not right")


@ON_SQLITE
def test_staff_go_on_asking_who_stopped_the_calls_although_a_machine_answers_each_time(
    phone: Phone, registered: Registering, make_staff: Callable[..., Staff], hotline: Hotline
) -> None:
    """Somebody else who knows the PIN stops the calls before a release (R28)."""
    who = make_staff()
    made = registered("in_custody")
    with hotline.database.transaction() as session:
        stop_registration(session, made.case.id, made_by="caller", call_id=None, now=hotline.clock.now)
    sweeps(hotline, minutes=1)

    presses_call_now(hotline, who)
    for _ in range(3):
        liaison, to_person = accepted_by(phone.another(), hotline)
        machine = phone.another().answers(to_person)
        while not machine.is_over:
            machine.says_nothing()
        liaison.hangs_up()
        sweeps(hotline, minutes=31)

    task = hotline.row(select(Callback))
    assert (task.reason, task.state, task.outcome) == ("calls_stopped", "left_for_staff", "no_answer")
    assert hotline.rung() == []
