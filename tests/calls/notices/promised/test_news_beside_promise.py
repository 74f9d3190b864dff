"""News that staff are to tell somebody who is promised a callback: a case has one (R33, R35, R36)."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from models import Callback, Notice, Staff
from models.audit.audit import AuditEntry
from models.callbacks.appointment import reschedule
from models.callbacks.callback import cancel_callback, number_of
from models.callbacks.claim import bring_back, claim, end_waiting
from models.callbacks.refusals import CallbackRefusal
from models.store.refusal import RefusedError
from models.talks.own_call import call_now
from tests.calls.callbacks.test_callbacks import accepted_by
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import FIRST, SECOND, Registered, reports, sweeps
from tests.calls.notices.staff_tells import (
    ends,
    hangs_up,
    has_time,
    is_left_to_staff,
    presses_call_now,
    saves,
    staff_ring,
    talk_again,
    tasks,
)
from tests.calls.notices.test_newer_news import nobody_answers
from tests.calls.stories import opens_the_case
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import make_callback
from tests.phone import Phone, PlacedCall

Registering = Callable[..., Registered]
MakeStaff = Callable[..., Staff]
#: A phone of the person that is not the one called about news.
ELSEWHERE = "+12025550177"


def calls_in(phone: Phone, made: Registered, *keys: str) -> Phone:
    """The person calls, enters number and PIN, and presses these keys."""
    caller = phone.another()
    opens_the_case(caller, made.case, from_=FIRST)
    for one in keys:
        caller.presses(one)
    return caller


def is_promised_later(made: Registered, hours: int = 8) -> None:
    """The person has asked for a callback in some hours, and is afraid."""
    now = made.hotline.clock.now
    with made.hotline.database.transaction() as session:
        make_callback(
            session, made.case, phone=FIRST, verified=True, urgency="urgent", reason="afraid", rank=None,
            requested_at=now, due_at=now + timedelta(hours=hours + 1),
            next_attempt_at=now + timedelta(hours=hours),
        )  # fmt: skip


def news_task(hotline: Hotline) -> Callback:
    return next(one for one in tasks(hotline) if one.reason == "notice")


def open_ones(hotline: Hotline) -> list[tuple[str, str, str]]:
    """Reason, class and state of what the line or staff still have to do."""
    return [
        (one.reason, one.urgency, one.state)
        for one in tasks(hotline)
        if one.state not in ("reached", "cancelled") and one.outcome != "promised_anew"
    ]


def claims(hotline: Hotline, who: Staff) -> None:
    """Staff claim the task about news."""
    with hotline.database.transaction() as session:
        claim(session, news_task(hotline).id, who.id, hotline.clock.now, hotline.policies)


def call_about_news(phone: Phone, hotline: Hotline, who: Staff) -> tuple[Phone, PlacedCall]:
    """Staff press Call now on the task about news and accept; the liaison's phone, and the person's call."""
    return staff_ring(phone, hotline, who, news_task(hotline))


def is_called_about_news(hotline: Hotline, who: Staff) -> None:
    """Staff press Call now on the task about news; their own phone rings."""
    presses_call_now(hotline, who, news_task(hotline))
    hotline.jobs.works_off()


def cancels(phone: Phone, made: Registered) -> None:
    """The person calls and cancels what they were promised; an urgent one after a question."""
    caller = calls_in(phone, made, "2")
    caller.presses("4")
    if "Do you want to cancel your callback?" in caller.heard:
        caller.presses("2")
    assert caller.hears("Your callback is canceled")
    caller.hangs_up()


def has_news_and_a_promise(phone: Phone, registered: Registering, hours: int = 8) -> Registered:
    """Somebody of whose news staff have a task, and who is promised a callback in some hours."""
    made = registered("transferred")
    is_left_to_staff(phone, made, "transferred")
    is_promised_later(made, hours)
    return made


def test_afraid_person_who_is_promised_a_call_now_keeps_it_whatever_staff_do_with_the_news(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff(on_shift=False)
    made = registered("transferred")
    is_left_to_staff(phone, made, "transferred")
    sweeps(hotline, seconds=30)
    caller = calls_in(phone, made, "2", "3")
    assert caller.hears("We will call you")
    caller.hangs_up()
    task, now = news_task(hotline).id, hotline.clock.now

    for tries in (claim, call_now):
        numbers = hotline.policies if tries is claim else hotline.policy
        with hotline.database.transaction() as session, pytest.raises(RefusedError) as refused:
            tries(session, task, who.id, now, numbers)  # type: ignore[operator]
        assert refused.value.code == CallbackRefusal.TELL_IN_PROMISED

    assert ("afraid", "urgent", "requested") in open_ones(hotline)
    assert ("notice", "urgent", "left_for_staff") in open_ones(hotline)


def test_news_told_in_the_call_that_was_promised_is_confirmed(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    made = registered("transferred")
    is_left_to_staff(phone, made, "transferred")
    sweeps(hotline, seconds=30)
    calls_in(phone, made, "2", "3").hangs_up()
    sweeps(hotline, seconds=5)

    _, person = talk_again(phone, hotline)
    ends(hotline, person, who, "reached", recognized=True)
    sweeps(hotline, seconds=5)

    assert [one.state for one in hotline.rows(select(Notice))] == ["confirmed"]
    assert open_ones(hotline) == []


def test_promise_for_later_is_back_as_soon_as_a_call_about_news_finds_the_phone_busy(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    has_news_and_a_promise(phone, registered)

    liaison, to_person = call_about_news(phone, hotline, who)
    phone.declines(to_person, "busy")
    hotline.jobs.works_off()
    liaison.hangs_up()
    sweeps(hotline, seconds=5)

    assert sorted(open_ones(hotline)) == [
        ("afraid", "urgent", "requested"), ("notice", "urgent", "left_for_staff"),
    ]  # fmt: skip


def test_promise_that_was_tried_twice_is_tried_once_more_after_it_waited_behind_a_call_about_news(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    has_news_and_a_promise(phone, registered, hours=1)
    with hotline.database.transaction() as session:
        session.execute(update(Callback).where(Callback.reason == "afraid").values(caller_tries=2))
    liaison, to_person = call_about_news(phone, hotline, who)
    phone.declines(to_person, "busy")
    hotline.jobs.works_off()
    liaison.hangs_up()
    sweeps(hotline, seconds=40)

    sweeps(hotline, hours=1)
    liaison, to_person = accepted_by(phone.another(), hotline)
    phone.another().declines(to_person, "busy")
    hotline.jobs.works_off()

    assert [one.state for one in tasks(hotline) if one.reason == "afraid"][-1] == "left_for_staff"


def test_task_that_is_only_claimed_holds_no_promise_back_at_its_moment(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff(on_shift=False)
    has_news_and_a_promise(phone, registered)
    hotline.clock.passes(hours=8, minutes=-1)

    claims(hotline, who)
    sweeps(hotline, minutes=1)

    assert ("afraid", "urgent", "requested") in open_ones(hotline)


def test_caller_hears_their_own_promise_while_staff_have_a_task_about_news(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff(on_shift=False)
    made = has_news_and_a_promise(phone, registered)
    before = calls_in(phone, made, "2")
    told = before.heard
    before.hangs_up()

    claims(hotline, who)
    again = calls_in(phone, made, "2")
    assert again.heard == told

    again.presses("4")
    again.presses("2")
    assert again.hears("Your callback is canceled")
    again.hangs_up()
    sweeps(hotline, seconds=5)
    assert open_ones(hotline) == [("notice", "urgent", "left_for_staff")]


def test_caller_hears_and_cancels_their_own_promise_while_a_liaison_is_called_about_news(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    made = has_news_and_a_promise(phone, registered)
    before = calls_in(phone, made, "2")
    told = before.heard
    before.hangs_up()
    is_called_about_news(hotline, who)

    kept = calls_in(phone, made, "2")
    assert kept.heard == told
    kept.presses("1")
    assert kept.hears("We will call you no later than today at 7:00 PM")
    kept.hangs_up()
    assert ("afraid", "urgent", "left_for_staff") in open_ones(hotline)

    cancels(phone, made)
    sweeps(hotline, seconds=5)
    assert open_ones(hotline) == [("notice", "urgent", "ringing_liaison")]


def test_time_chosen_while_a_liaison_is_called_about_news_is_that_of_the_promise(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    made = has_news_and_a_promise(phone, registered)
    is_called_about_news(hotline, who)

    caller = calls_in(phone, made, "2")
    caller.presses("2")
    assert caller.hears("For the evening, press 3")
    caller.presses("3")
    assert caller.hears("We will try today, in the evening")
    assert "cannot be changed now" not in caller.heard

    promised = next(one for one in tasks(hotline) if one.reason in ("afraid", "asked"))
    assert promised.window_starts is not None
    assert news_task(hotline).window_starts is None


def test_task_about_news_is_not_agreed_for_later_beside_a_promise(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff(on_shift=False)
    has_news_and_a_promise(phone, registered)
    task, now = news_task(hotline).id, hotline.clock.now
    with hotline.database.transaction() as session:
        claim(session, task, who.id, now, hotline.policies)

    with hotline.database.transaction() as session, pytest.raises(RefusedError) as refused:
        reschedule(session, task, who, now + timedelta(hours=3), now, hotline.policy)
    assert refused.value.code == CallbackRefusal.PROMISED


def test_call_later_in_a_talk_about_news_comes_no_later_than_the_promise(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    has_news_and_a_promise(phone, registered, hours=1)
    promised = next(one for one in tasks(hotline) if one.reason == "afraid")

    _, to_person = call_about_news(phone, hotline, who)
    person = has_time(phone, hotline, to_person)
    ends(hotline, person, who, "call_later", recognized=False)
    sweeps(hotline, seconds=5)

    (one,) = [one for one in tasks(hotline) if one.state == "requested"]
    assert (one.urgency, one.next_attempt_at) == ("urgent", promised.next_attempt_at)


@ON_SQLITE
def test_another_moment_that_is_agreed_on_in_a_talk_about_news_is_that_of_the_promise(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    has_news_and_a_promise(phone, registered, hours=1)
    in_four_hours = hotline.clock.now + timedelta(hours=4)
    liaison, to_person = call_about_news(phone.another(), hotline, who)
    person = has_time(phone.another(), hotline, to_person)
    hangs_up(person, hotline)

    with pytest.raises(RefusedError) as refused:
        saves(hotline, who, "call_later", in_four_hours)
    assert refused.value.code == CallbackRefusal.PROMISED
    liaison.hangs_up()
    sweeps(hotline, seconds=5)
    (promised,) = [one for one in tasks(hotline) if one.state == "requested"]
    with hotline.database.transaction() as session:
        mine = session.get_one(Staff, who.id)
        reschedule(session, promised.id, mine, in_four_hours, hotline.clock.now, hotline.policy)

    assert sweeps(hotline, hours=1.5) == []
    hotline.clock.now = in_four_hours
    sweeps(hotline)
    talk_again(phone.another(), hotline)
    assert [one.reason for one in tasks(hotline) if one.state == "talking"] == ["afraid"]


@pytest.mark.parametrize("how", ["the line is cut on hold", "no one was there"])
def test_afraid_person_is_called_at_the_promised_moment_whatever_the_talk_about_news_left(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline, how: str
) -> None:
    who = make_staff()
    made = registered("in_custody")
    reports(hotline, "transferred", made)
    nobody_answers(phone, hotline, minutes=480, every=120)
    assert [(one.reason, one.urgency) for one in tasks(hotline)] == [("notice", "other")]
    is_promised_later(made, hours=1)
    liaison, to_person = call_about_news(phone.another(), hotline, who)
    person = has_time(phone.another(), hotline, to_person)
    hotline.clock.passes(seconds=40)
    if how == "the line is cut on hold":
        liaison.presses("*")
    hangs_up(person, hotline)
    liaison.hangs_up()
    if how == "no one was there":
        saves(hotline, who, "nobody_there")
    with hotline.database.transaction() as session:
        session.get_one(Staff, who.id).on_shift = False

    sweeps(hotline, seconds=5)
    sweeps(hotline, minutes=60)
    sweeps(hotline, seconds=5)

    assert ("afraid", "urgent", "requested") in open_ones(hotline)
    with hotline.database.transaction() as session:
        session.get_one(Staff, who.id).on_shift = True
    sweeps(hotline, seconds=5)
    talk_again(phone.another(), hotline)
    assert [one.reason for one in tasks(hotline) if one.state == "talking"] == ["afraid"]


def test_talk_with_a_stranger_about_news_leaves_the_promise_its_phone_and_its_silence(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    made = registered("transferred")
    is_left_to_staff(phone, made, "transferred")
    now = hotline.clock.now
    with hotline.database.transaction() as session:
        make_callback(
            session, made.case, phone=ELSEWHERE, verified=True, urgency="urgent", reason="afraid", rank=None,
            silent=True, requested_at=now, due_at=now + timedelta(hours=2),
            next_attempt_at=now + timedelta(hours=1),
        )  # fmt: skip

    liaison, to_person = call_about_news(phone, hotline, who)
    stranger = has_time(phone, hotline, to_person)
    ends(hotline, stranger, who, "call_later", recognized=False)
    liaison.hangs_up()
    sweeps(hotline, seconds=5)

    (one,) = [one for one in tasks(hotline) if one.state == "requested"]
    assert (one.reason, one.silent) == ("afraid", True)
    with hotline.database.reading() as session:
        assert number_of(session, one.id) == ELSEWHERE


@ON_BOTH
def test_stop_in_a_talk_about_news_moves_what_waits_to_the_next_phone(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline, texts: Callable[..., str]
) -> None:
    who = make_staff()
    made = registered("transferred", phones=(FIRST, SECOND))
    is_left_to_staff(phone, made, "transferred")
    is_promised_later(made)

    liaison, to_person = call_about_news(phone, hotline, who)
    person = has_time(phone, hotline, to_person)
    texts("STOP", from_=FIRST)
    ends(hotline, person, who, "nobody_there", recognized=False)
    liaison.hangs_up()
    sweeps(hotline, minutes=5)

    (one,) = [one for one in tasks(hotline) if one.reason == "afraid" and one.outcome != "promised_anew"]
    assert one.state not in ("left_for_staff", "cancelled")
    with hotline.database.reading() as session:
        assert number_of(session, one.id) == SECOND


def waits_behind_agreed_call(made: Registered) -> tuple[int, int]:
    """An urgent callback waits, and staff have agreed on a call that comes before; the ids of both."""
    now = made.hotline.clock.now
    with made.hotline.database.transaction() as session:
        waiting = make_callback(
            session, made.case, phone=FIRST, verified=True, urgency="urgent", reason="afraid",
            requested_at=now, due_at=now + timedelta(hours=9), next_attempt_at=now + timedelta(hours=8),
            state="left_for_staff", outcome="behind_news", closed_at=now, rank=None,
        )  # fmt: skip
        agreed = make_callback(
            session, made.case, phone=FIRST, verified=True, reason="call_later", requested_at=now,
            due_at=now + timedelta(hours=3), next_attempt_at=now + timedelta(hours=2),
        )  # fmt: skip
        return waiting.id, agreed.id


def test_promise_comes_back_however_many_others_still_wait(registered: Registering, hotline: Hotline) -> None:
    waits_behind_agreed_call(registered("transferred"))
    _, agreed = waits_behind_agreed_call(registered("transferred", phones=(SECOND,)))
    now = hotline.clock.now
    with hotline.database.transaction() as session:
        assert cancel_callback(session, agreed, now, "staff:1")
        bring_back(session, now, "sweeper", 1)
    assert sorted(open_ones(hotline)) == [
        ("afraid", "urgent", "left_for_staff"),
        ("afraid", "urgent", "requested"),
        ("call_later", "other", "requested"),
    ]


def test_staff_read_that_the_person_cancelled_what_waited_behind_news(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff(on_shift=False)
    made = registered("transferred")
    waiting, _ = waits_behind_agreed_call(made)

    cancels(phone, made)

    with hotline.database.transaction() as session, pytest.raises(RefusedError) as refused:
        claim(session, waiting, who.id, hotline.clock.now, hotline.policies)
    assert refused.value.code == CallbackRefusal.CLOSED
    assert [one.outcome for one in tasks(hotline) if one.id == waiting] == ["person_asked"]
    entries = hotline.rows(select(AuditEntry).where(AuditEntry.target == f"callback:{waiting}"))
    assert [one.action for one in entries] == ["close_left_callback"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_promise_that_is_cancelled_while_the_sweeper_brings_it_back_rings_nobody(
    registered: Registering, hotline: Hotline
) -> None:
    made = registered("transferred")
    _, agreed = waits_behind_agreed_call(made)
    now, failed = hotline.clock.now, list[Exception]()

    def sweeps_once() -> None:
        try:
            with hotline.database.transaction() as session:
                bring_back(session, now, "sweeper", 50)
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    sweeper = threading.Thread(target=sweeps_once)
    with hotline.database.transaction() as session:
        assert cancel_callback(session, agreed, now, "caller:1")
        sweeper.start()
        for _ in range(100):
            # The sweeper has seen what waits, and waits itself for the row that this call has locked.
            if session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                break
            sweeper.join(0.1)
        end_waiting(session, made.case.id, "caller:1", now)
    sweeper.join()

    assert failed == []
    assert [one.state for one in tasks(hotline)] == ["cancelled", "cancelled"]


def test_news_waits_while_the_first_liaison_is_called_for_a_promise_to_that_phone(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    """Both are due at once, and the phone rings once: at the liaison's key, or about the news (R35, R36)."""
    make_staff(phone="+12025550170")
    made = registered("released")
    is_promised_later(made, hours=0)
    made.is_due("released")
    assert sweeps(hotline) == ["+12025550170"]
    assert sweeps(hotline, seconds=20) == ["+12025550170"]
    liaison = phone.answers(hotline.carrier.ringing[0])
    liaison.presses("1")

    assert sweeps(hotline, seconds=20) == [FIRST]


def test_news_does_not_wait_for_a_second_liaison(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    for number in ("+12025550170", "+12025550171"):
        make_staff(phone=number)
    made = registered("released")
    is_promised_later(made, hours=0)
    made.is_due("released")
    sweeps(hotline)
    phone.another().lets_ring(hotline.carrier.ringing[0])

    assert FIRST in sweeps(hotline, seconds=31)
