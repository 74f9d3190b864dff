"""A phone says stop, perhaps in another's hand: the line calls it no more, but its owner still (R33)."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from models import AuditEntry, Callback, Case, Staff, Subject
from models.cases.registrant import Phone as Registered
from models.cases.registrant import Registrant
from tests.calls.callbacks.test_callbacks import accepted_by, asks_express
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import opens_the_case
from tests.conftest import ON_BOTH
from tests.factories import MadeCase
from tests.phone import CALLER, Phone
from workers.sweeper import sweep

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
OTHER = "+12025550177"
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


@ON_BOTH
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
