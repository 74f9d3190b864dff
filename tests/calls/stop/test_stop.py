"""A phone says stop, perhaps in another's hand: the line calls it no more, but its owner still (R33)."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import delete, select, update

from models import AuditEntry, Callback, Case, Staff, Subject
from models.callbacks.appointment import reschedule
from models.callbacks.callback import advance
from models.callbacks.claim import claim
from models.callbacks.follow_up import BEHIND_NEWS
from models.callbacks.refusals import CallbackRefusal
from models.cases.registrant import Phone as Registered
from models.cases.registrant import Registrant
from models.overview.phone_stop import REASON
from models.store.refusal import RefusedError
from models.talks.own_call import call_now
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express, the_callback
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import opens_the_case
from tests.conftest import ON_BOTH
from tests.factories import MadeCase
from tests.phone import CALLER, Phone
from workers.sweeper import sweep

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
OTHER, THIRD = "+12025550177", "+12025550178"
NOTICE = "We have stopped calling one or more of your phones. Someone texted us to stop"


@pytest.fixture
def case(make_case: MakeCase, make_staff: MakeStaff) -> MadeCase:
    """A case with one phone, and a liaison on shift."""
    make_staff()
    return make_case(custody_status="in_custody", phone=CALLER)


def has_another_phone(
    hotline: Hotline, case: MadeCase, *, number: str = OTHER, position: int = 2, **facts: object
) -> None:
    """Add another safe phone."""
    with hotline.database.transaction() as session:
        registrant = session.get_one(Registrant, session.get_one(Case, case.id).registrant_id)
        keyring = hotline.database.keyring
        registrant.phones.append(
            Registered(
                position=position,
                number_sealed=keyring.seal("phone.number", number),
                phone_key=keyring.index("phone", number),
                confirmed_at=hotline.clock.now,
                **facts,
            )
        )


def of_reason(hotline: Hotline, reason: str) -> list[Callback]:
    return hotline.rows(select(Callback).where(Callback.reason == reason).order_by(Callback.id))


def test_next_verified_call_hears_of_a_stop_after_the_status_and_lifts_it_by_a_key(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str], clock: Clock
) -> None:
    texts("STOP")
    clock.passes(hours=1)

    opens_the_case(phone, case)

    assert phone.hears("in custody", NOTICE, "To have us call there again, press 1")
    assert phone.does_not_hear("To be called back")
    phone.presses("1")
    assert phone.hears("We can call there again", "To be called back, press 2")
    assert hotline.rows(select(Registered.stopped_at)) == [None]
    phone.presses("2")
    phone.presses("1")
    assert phone.hears("We will call you")
    assert "lift_stop" in hotline.rows(select(AuditEntry.action))


def test_phone_that_a_liaison_found_to_be_anothers_is_not_said_to_have_sent_a_text(
    phone: Phone, case: MadeCase, hotline: Hotline, clock: Clock
) -> None:
    asks_express(phone, case)
    liaison, to_caller = accepted_by(phone, hotline)
    called = phone.answers(to_caller)
    called.presses("1")
    called.hangs_up()
    hotline.jobs.works_off()
    for key in ("2", "3"):
        liaison.presses(key)
    assert liaison.hears("It is saved")
    clock.passes(minutes=5)

    opens_the_case(phone, case, from_="+12025550144")

    assert phone.hears(NOTICE, "said that we had the wrong person")
    assert phone.does_not_hear("Someone asked by text")


def test_caller_who_leaves_a_stop_hears_of_it_once(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str]
) -> None:
    texts("STOP")
    opens_the_case(phone, case)
    phone.presses("2")
    assert phone.hears("To be called back, press 2")
    again = phone.another()

    opens_the_case(again, case)

    assert again.does_not_hear(NOTICE)
    assert hotline.row(select(Registered.stopped_at)) is not None


def test_caller_who_cannot_lift_a_stop_while_phones_are_held_is_asked_again_in_the_next_call(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str], clock: Clock
) -> None:
    with hotline.database.transaction() as session:
        session.get_one(Case, case.id).changes_held_until = clock.now + timedelta(hours=72)
    texts("STOP")
    opens_the_case(phone, case)
    phone.presses("1")
    assert phone.hears("for now we cannot change phone numbers", "To be called back, press 2")
    phone.presses("1")
    assert phone.does_not_hear(NOTICE)
    phone.hangs_up()
    clock.passes(hours=73)
    with hotline.database.transaction() as session:
        subject = session.get_one(Subject, case.subject_id)
        subject.as_of = clock.now
    again = phone.another()

    opens_the_case(again, case)

    assert again.hears(NOTICE)
    again.presses("1")
    assert again.hears("We can call there again")


def test_callback_asked_for_with_the_pin_moves_to_the_next_safe_phone(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str]
) -> None:
    asks_express(phone, case)
    phone.hangs_up()
    has_another_phone(hotline, case)

    texts("STOP")

    asked = hotline.row(select(Callback).where(Callback.case_id == case.id))
    assert asked.state in ("requested", "ringing_liaison")
    assert asked.phone_key == hotline.database.keyring.index("phone", OTHER)
    _, to_caller = accepted_by(phone, hotline)
    assert to_caller.to == OTHER


@pytest.mark.parametrize("waits", [False, True], ids=["on the list", "behind news"])
@pytest.mark.parametrize("urgency", ["urgent", "other"])
def test_callback_moves_to_the_next_phone_with_the_time_that_its_person_agreed_to(
    phone: Phone,
    case: MadeCase,
    hotline: Hotline,
    texts: Callable[..., str],
    clock: Clock,
    urgency: str,
    waits: bool,
) -> None:
    """She had said when she can talk, and the other phone rang at once."""
    asks_express(phone, case)
    phone.hangs_up()
    hotline.jobs.waiting.clear()
    has_another_phone(hotline, case)
    tomorrow = clock.now + timedelta(hours=25)
    with hotline.database.transaction() as session:
        session.execute(update(Callback).values(urgency=urgency))
        staff, asked = session.scalars(select(Staff)).one(), session.scalars(select(Callback)).one()
        reschedule(session, asked.id, staff, tomorrow, clock.now, hotline.policy)
        if waits:
            asked.state, asked.outcome, asked.closed_at = "left_for_staff", BEHIND_NEWS, clock.now

    texts("STOP")

    moved = hotline.row(select(Callback).where(Callback.case_id == case.id))
    assert moved.phone_key == hotline.database.keyring.index("phone", OTHER)
    assert moved.next_attempt_at == tomorrow


@pytest.mark.parametrize("has_third", [False, True])
def test_stop_moves_no_callback_to_a_phone_that_replaced_an_unsafe_one(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str], clock: Clock, has_third: bool
) -> None:
    """Whoever had found out the PIN had his own phone put there, and her callback rang him."""
    has_another_phone(hotline, case, content_held_until=clock.now + timedelta(hours=72))
    if has_third:
        has_another_phone(hotline, case, number=THIRD, position=3)
    asks_express(phone, case)

    texts("STOP")

    asked = hotline.row(select(Callback).where(Callback.case_id == case.id))
    (task,) = [one for one in of_reason(hotline, "phone_stopped") if one.state == "left_for_staff"]
    third, theirs = (hotline.database.keyring.index("phone", number) for number in (THIRD, OTHER))
    assert asked.state == ("requested" if has_third else "left_for_staff")
    assert (asked.phone_key == third, task.phone_key == third) == (has_third, has_third)
    assert theirs not in (asked.phone_key, task.phone_key)


def test_urgent_callback_that_moves_waits_for_the_hours_of_the_other_phone(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str], clock: Clock
) -> None:
    opens_the_case(phone, case)
    for key in ("2", "3"):
        phone.presses(key)
    assert phone.hears("We will call you no later than today at 11:00 AM")
    phone.hangs_up()
    hotline.jobs.waiting.clear()
    has_another_phone(hotline, case, window_starts=time(12), window_ends=time(15))

    texts("STOP")
    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, clock.now)

    assert hotline.rung() == []
    again = phone.another()
    opens_the_case(again, case, language="2", from_=OTHER)
    again.presses("1")
    again.presses("2")
    assert again.hears(
        "Vamos a intentarlo hoy, entre el mediodía y las tres de la tarde", "a más tardar hoy a la"
    )
    assert again.does_not_hear("hoy a las 11:00")
    again.hangs_up()
    clock.passes(hours=2)
    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, clock.now)
    _, to_caller = accepted_by(phone, hotline)
    assert to_caller.to == OTHER


@pytest.mark.parametrize("urgency", ["urgent", "other"])
@pytest.mark.parametrize(
    ("hours", "heard", "rings_at"),
    [
        ((None, None), "We will try today, in the afternoon", 12),
        ((time(10), time(14)), "We will try today, between noon and two in the afternoon", 12),
        (
            (time(14), time(20)),
            "We will try today, between two in the afternoon and five in the afternoon",
            14,
        ),
        ((time(17), time(20)), "We will try today, between five in the afternoon and eight", 17),
    ],
)
def test_callback_moves_with_its_part_of_the_day_if_the_other_phone_is_called_then(
    phone: Phone,
    case: MadeCase,
    hotline: Hotline,
    texts: Callable[..., str],
    clock: Clock,
    urgency: str,
    hours: tuple[time | None, time | None],
    heard: str,
    rings_at: int,
) -> None:
    """The line went on promising the afternoon, and no phone rang; or it rang at once if it was urgent.

    An urgent one rings in the hours of its window alone, so those of the other phone narrow it.
    """
    if urgency == "other":
        heard = "We will try today, in the afternoon" if rings_at < 17 else "We will call you no later than"
    has_another_phone(hotline, case, window_starts=hours[0], window_ends=hours[1])
    opens_the_case(phone, case)
    for key in ("2", "2", "2"):
        phone.presses(key)
    assert phone.hears("We will try today, in the afternoon")
    phone.hangs_up()
    hotline.jobs.waiting.clear()
    with hotline.database.transaction() as session:
        session.execute(update(Callback).values(urgency=urgency))

    texts("STOP")

    again = phone.another()
    opens_the_case(again, case, from_=OTHER)
    again.presses("2")
    again.presses("2")
    assert again.hears(heard)
    again.hangs_up()
    with hotline.database.transaction() as session:
        session.execute(delete(Callback).where(Callback.reason == REASON))
    hotline.jobs.waiting.clear()
    while not hotline.rung():
        clock.passes(minutes=15)
        sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, clock.now)
    assert clock.now.astimezone(hotline.office.zone).hour == rings_at


def test_urgent_callback_that_moves_late_rings_a_phone_without_hours_no_later_than_nine(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str], clock: Clock
) -> None:
    has_another_phone(hotline, case)
    clock.passes(hours=10, minutes=45)
    opens_the_case(phone, case)
    for key in ("2", "3"):
        phone.presses(key)
    assert phone.hears("We will call you no later than today at 9:45 PM")
    phone.hangs_up()
    hotline.jobs.waiting.clear()

    texts("STOP")
    _, to_caller = accepted_by(phone, hotline)
    assert to_caller.to == OTHER
    phone.another().lets_ring(to_caller)
    hotline.jobs.works_off()

    asked = hotline.row(select(Callback).where(Callback.case_id == case.id))
    assert asked.state == "requested"
    assert asked.next_attempt_at == datetime(2026, 11, 26, 13, 0, tzinfo=UTC), "at eight in New York"


def test_stop_from_a_phone_that_is_marked_unsafe_makes_no_other_phone_ring(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str], clock: Clock
) -> None:
    with hotline.database.transaction() as session:
        session.execute(update(Registered).values(unsafe_since=clock.now))
    has_another_phone(hotline, case)

    texts("STOP")
    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, clock.now)

    assert hotline.rung() == []
    assert of_reason(hotline, "phone_stopped") == []
    opens_the_case(phone, case, from_=OTHER)
    assert phone.does_not_hear(NOTICE)


def test_nobody_is_told_of_start_after_a_stop_from_a_phone_that_is_marked_unsafe(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str], clock: Clock
) -> None:
    with hotline.database.transaction() as session:
        session.execute(update(Registered).values(unsafe_since=clock.now))
    has_another_phone(hotline, case)

    for _ in range(2):
        texts("STOP")
        clock.passes(minutes=1)
        texts("START")
        again = phone.another()
        opens_the_case(again, case, from_=OTHER)
        assert again.does_not_hear(NOTICE, "To have us call there again")
        again.hangs_up()


def test_stop_while_the_phone_rings_ends_that_ring_and_calls_the_next_phone(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str]
) -> None:
    asks_express(phone, case)
    phone.hangs_up()
    has_another_phone(hotline, case)
    _, to_caller = accepted_by(phone, hotline)
    assert to_caller.to == CALLER

    texts("wrong person")
    hotline.jobs.works_off()

    assert to_caller.status != "ringing"
    asked = hotline.row(select(Callback).where(Callback.case_id == case.id))
    assert asked.phone_key == hotline.database.keyring.index("phone", OTHER)
    assert asked.state in ("requested", "ringing_liaison")


def test_callback_without_another_phone_is_a_persons_task_and_not_cancelled(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str]
) -> None:
    asks_express(phone, case)
    phone.hangs_up()

    texts("STOP")

    asked = hotline.row(select(Callback).where(Callback.case_id == case.id))
    assert (asked.state, asked.outcome) == ("left_for_staff", "stopped")


def test_staff_get_a_task_within_30_minutes_and_the_other_safe_phone_is_told(
    case: MadeCase, hotline: Hotline, texts: Callable[..., str], clock: Clock
) -> None:
    has_another_phone(hotline, case)

    texts("STOP")
    texts("STOP")

    told = [one for one in of_reason(hotline, "phone_stopped") if one.state != "left_for_staff"]
    (task,) = [one for one in of_reason(hotline, "phone_stopped") if one.state == "left_for_staff"]
    assert task.due_at <= clock.now + timedelta(minutes=30)
    assert [one.phone_key for one in told] == [hotline.database.keyring.index("phone", OTHER)]
    assert (told[0].case_id, told[0].verified) == (None, True)


def test_captured_stop_that_is_sent_again_stops_no_phone_that_its_owner_has_back(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str], clock: Clock
) -> None:
    captured = f"SM{uuid4().hex}"
    first = texts("STOP", message_sid=captured)
    clock.passes(hours=1)
    opens_the_case(phone, case)
    phone.presses("1")
    assert phone.hears("We can call there again")
    phone.hangs_up()
    clock.passes(days=118)

    again = texts("STOP", message_sid=captured)

    assert again == first
    assert hotline.row(select(Registered.stopped_at)) is None
    assert len(of_reason(hotline, "phone_stopped")) == 1


def test_captured_start_that_is_sent_again_lifts_no_later_stop(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str], clock: Clock
) -> None:
    captured = f"SM{uuid4().hex}"
    texts("START", message_sid=captured)
    texts("STOP")
    clock.passes(minutes=1)
    opens_the_case(phone, case)
    phone.hangs_up()

    texts("START", message_sid=captured)

    assert hotline.row(select(Registered.stopped_at)) is not None


def test_start_lifts_no_stop_that_a_caller_was_only_asked_about_again(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str], clock: Clock
) -> None:
    texts("STOP")
    for keys in (("2",), ("2",)):
        clock.passes(hours=1)
        opens_the_case(phone, case)
        for key in keys:
            phone.presses(key)
    assert phone.hears(NOTICE)
    phone.hangs_up()

    texts("START")

    assert hotline.row(select(Registered.stopped_at)) is not None


def test_start_counts_only_after_a_call_that_gives_the_pin(
    phone: Phone, case: MadeCase, hotline: Hotline, texts: Callable[..., str], clock: Clock
) -> None:
    texts("STOP")
    clock.passes(minutes=1)
    before = texts("START")
    assert hotline.row(select(Registered.stopped_at)) is not None
    opens_the_case(phone, case)
    phone.hangs_up()
    clock.passes(minutes=1)

    after = texts("START")

    assert before == after == texts("START", from_="+12025550199")
    assert hotline.row(select(Registered.stopped_at)) is None


@pytest.mark.parametrize(
    ("word", "told"),
    [("START", "When we ask about it, press 1."), ("INICIAR", "Cuando le preguntemos, oprima 1.")],
)
def test_caller_who_does_all_that_the_answer_to_start_says_is_called_there_again(
    phone: Phone,
    case: MadeCase,
    hotline: Hotline,
    texts: Callable[..., str],
    clock: Clock,
    word: str,
    told: str,
) -> None:
    texts("STOP")
    clock.passes(minutes=1)
    assert told in texts(word)
    opens_the_case(phone, case)
    assert phone.hears(NOTICE, "To have us call there again, press 1")

    phone.presses("1")

    assert hotline.row(select(Registered.stopped_at)) is None


def test_start_does_not_overrule_a_caller_who_left_the_phone_stopped(
    phone: Phone, hotline: Hotline, case: MadeCase, clock: Clock, texts: Callable[..., str]
) -> None:
    texts("STOP")
    clock.passes(minutes=1)
    opens_the_case(phone, case)
    phone.presses("2")
    phone.hangs_up()
    clock.passes(minutes=1)

    texts("START")

    assert hotline.row(select(Registered.stopped_at)) is not None
    opens_the_case(phone, case)
    assert phone.hears(NOTICE)


def test_start_sent_again_does_not_overrule_a_caller_who_left_the_phone_stopped(
    phone: Phone, hotline: Hotline, case: MadeCase, clock: Clock, texts: Callable[..., str]
) -> None:
    texts("STOP")
    clock.passes(minutes=1)
    opens_the_case(phone, case)
    phone.presses("2")
    phone.hangs_up()

    for _ in range(3):
        clock.passes(minutes=1)
        texts("START")
        assert hotline.row(select(Registered.stopped_at)) is not None

    opens_the_case(phone, case)
    assert phone.hears(NOTICE)
    phone.hangs_up()
    clock.passes(minutes=1)
    texts("START")
    assert hotline.row(select(Registered.stopped_at)) is None


def test_later_call_without_the_question_does_not_make_start_count(
    phone: Phone, hotline: Hotline, case: MadeCase, clock: Clock, texts: Callable[..., str]
) -> None:
    texts("STOP")
    clock.passes(minutes=1)
    opens_the_case(phone, case)
    phone.presses("2")
    phone.hangs_up()
    clock.passes(days=1)
    opens_the_case(phone, case)
    assert phone.does_not_hear(NOTICE)
    phone.hangs_up()

    for _ in range(2):
        clock.passes(minutes=1)
        texts("START")

    assert hotline.row(select(Registered.stopped_at)) is not None


def test_stop_tells_a_caller_without_the_pin_nothing(
    phone: Phone, case: MadeCase, texts: Callable[..., str]
) -> None:
    texts("STOP")
    phone.dials_in()
    for key in ("1", "2", "1", "1"):
        phone.presses(key)

    assert phone.hears("We will call you")
    assert phone.does_not_hear(NOTICE)


@ON_BOTH
def test_stranger_who_asked_from_a_stopped_phone_is_left_to_a_person(
    phone: Phone, hotline: Hotline, texts: Callable[..., str]
) -> None:
    phone.dials_in()
    for key in ("1", "2", "1", "1"):
        phone.presses(key)
    phone.hangs_up()

    texts("STOP")

    assert (the_callback(hotline).state, the_callback(hotline).outcome) == ("left_for_staff", "stopped")


@ON_BOTH
@pytest.mark.parametrize("is_reopened", [False, True])
def test_phone_without_a_case_that_says_stop_is_not_called_for_what_staff_have_as_a_task_either(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, texts: Callable[..., str], is_reopened: bool
) -> None:
    ana = make_staff()
    phone.dials_in()
    for key in ("1", "2", "1", "1"):
        phone.presses(key)
    phone.hangs_up()
    task = the_callback(hotline).id
    with hotline.database.transaction() as session:
        advance(session, task, "leave", actor="worker", now=hotline.clock.now, outcome="not_safe")
        if is_reopened:
            claim(session, task, ana.id, hotline.clock.now, hotline.policies)

    texts("STOP")

    with hotline.database.transaction() as session, pytest.raises(RefusedError) as refused:
        call_now(session, task, ana.id, hotline.clock.now, hotline.policy)
    assert refused.value.code == CallbackRefusal.PHONE_STOPPED
