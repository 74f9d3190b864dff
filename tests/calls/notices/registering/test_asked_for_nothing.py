"""Somebody asks for a call under another's number, and "wrong person" then stops that phone (R33)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import AuditEntry, Callback, Staff
from models import Phone as PhoneRow
from tests.calls.callbacks.test_callbacks import accepted_by
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import FIRST, SECOND, Registered
from tests.calls.notices.registering.test_two_cases import ONE, also_registered
from tests.calls.notices.staff_tells import corrects, saves
from tests.calls.pin.test_faked_number import AFRAID, asks
from tests.calls.pin.test_without_pin import DOUBTED
from tests.calls.stories import opens_the_case
from tests.conftest import ON_BOTH
from tests.factories import MadeCase
from tests.phone import Phone

Registering = Callable[..., Registered]
MakeStaff = Callable[..., Staff]


def is_rung_and_asked_for_nothing(phone: Phone, hotline: Hotline, who: Staff) -> None:
    """Her phone rings for what somebody asked for; she did not ask, and staff save "wrong person"."""
    _, to_her = accepted_by(phone, hotline)
    assert to_her.to == FIRST
    she = phone.answers(to_her)
    she.presses("1")
    hotline.jobs.works_off()
    she.hangs_up()
    hotline.jobs.works_off()
    saves(hotline, who, "wrong_person")


def tasks_about(hotline: Hotline, case: MadeCase) -> list[Callback]:
    """What staff have to see to because a phone of this person was stopped."""
    theirs = Callback.reason == "phone_stopped", Callback.registrant_id == case.registrant_id
    return hotline.rows(select(Callback).where(*theirs, Callback.state == "left_for_staff"))


def asks_with_the_pin(phone: Phone, case: MadeCase, key: str) -> None:
    caller = phone.another()
    opens_the_case(caller, case, from_=FIRST)
    for each in ("2", key):
        caller.presses(each)
    assert caller.hears("We will call you")
    caller.hangs_up()


@ON_BOTH
@pytest.mark.parametrize(
    ("phones", "extra"),
    [((FIRST,), {}), ((FIRST, SECOND), DOUBTED)],
    ids=["one phone, unattested", "two phones, doubted"],
)
def test_staff_get_a_task_about_the_person_whose_number_somebody_faked(
    phone: Phone,
    registered: Registering,
    make_staff: MakeStaff,
    hotline: Hotline,
    extra: dict[str, str],
    phones: tuple[str, ...],
) -> None:
    who, she = make_staff(), registered("in_custody", phones=phones)
    assert "We will call you" in asks(phone.another(), *AFRAID, from_=FIRST, **extra)

    is_rung_and_asked_for_nothing(phone, hotline, who)

    (task,) = tasks_about(hotline, she.case)
    assert (task.urgency, task.due_at) == ("urgent", hotline.clock.now + timedelta(minutes=30))
    has_another = len(phones) > 1
    assert task.outcome == ("phone_stopped" if has_another else "no_safe_phone")
    number = hotline.database.keyring.unseal("callback.number", task.number_sealed)
    assert number == (SECOND if has_another else "")
    made = AuditEntry.action == "request_callback", AuditEntry.target == f"callback:{task.id}"
    assert hotline.rows(select(AuditEntry.actor).where(*made)) == [f"liaison:{who.id}"]
    # Her other phone is rung to tell her, and the next call with the PIN hears it.
    assert told(hotline) == ([SECOND] if has_another else [])
    caller = phone.another()
    opens_the_case(caller, she.case, from_=SECOND)
    assert caller.hears("We have stopped calling one or more of your phones")


def told(hotline: Hotline) -> list[str]:
    """The phones that are to be told of the stop."""
    reason = Callback.reason == "phone_stopped", Callback.state != "left_for_staff"
    return [
        hotline.database.keyring.unseal("callback.number", sealed)
        for sealed in hotline.rows(select(Callback.number_sealed).where(*reason))
    ]


def test_staff_get_a_task_about_each_other_person_at_that_phone_and_hers_names_nobody_else(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who, she = make_staff(), registered("in_custody", number=ONE)
    other = also_registered(hotline, she, is_one_registrant=False, code="8024")
    asks_with_the_pin(phone, other.case, "1")

    is_rung_and_asked_for_nothing(phone, hotline, who)

    assert len(tasks_about(hotline, she.case)) == 1
    # Staff have the callback of the other one itself, left to them.
    assert tasks_about(hotline, other.case) == []
    left = Callback.case_id == other.case.id, Callback.state == "left_for_staff"
    assert hotline.rows(select(Callback.reason).where(*left)) == ["to_supervisor"]


@ON_BOTH
def test_task_is_closed_when_it_was_the_right_person_after_all(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who, she = make_staff(), registered("in_custody")
    asks(phone.another(), *AFRAID, from_=FIRST)
    is_rung_and_asked_for_nothing(phone, hotline, who)

    corrects(hotline, who, "reached")

    assert tasks_about(hotline, she.case) == []
    assert hotline.rows(select(PhoneRow.stopped_at)) == [None]
