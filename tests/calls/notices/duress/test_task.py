"""A task about news once the duress PIN of its case was used: off the list, and no phone rings (R10)."""

import pytest

from hotline.refusals.wording import in_english
from models.callbacks.claim import claim
from models.callbacks.refusals import CallbackRefusal
from models.overview.duress_use import resume_calls, uses_for
from models.store.refusal import RefusedError
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import (
    FIRST,
    sweeps,
)
from tests.calls.notices.duress.team import (
    MakeStaff,
    Registering,
    Team,
    calls_now,
    makes_them_call,
    on_the_list,
)
from tests.calls.notices.staff_tells import is_left_to_staff, tasks
from tests.phone import Phone


def test_task_that_stood_before_the_duress_pin_was_used_is_off_the_list_until_calls_resume(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    team, made = Team(make_staff), registered("escaped")
    is_left_to_staff(phone, made, "escaped")
    assert on_the_list(hotline, team.colleague) == (1, 1, 1)

    makes_them_call(phone, hotline, made).hangs_up()
    sweeps(hotline, seconds=5)

    assert on_the_list(hotline, team.colleague) == (0, 0, 0)
    assert [(one.state, one.outcome) for one in tasks(hotline)] == [("cancelled", "notice_over")]
    with pytest.raises(RefusedError) as refused:
        calls_now(hotline, team.colleague)
    assert refused.value.code == CallbackRefusal.CLOSED
    assert sweeps(hotline, hours=3).count(FIRST) == 0
    with hotline.database.transaction() as session:
        (use,) = uses_for(session, team.knows)
        assert use.notices == 1
        resume_calls(session, team.knows, use.id, hotline.clock.now)
    sweeps(hotline, seconds=5)
    assert on_the_list(hotline, team.colleague) == (1, 1, 1)
    calls_now(hotline, team.colleague)
    phone.answers(hotline.carrier.ringing[-1]).presses("1")
    hotline.jobs.works_off()
    assert hotline.carrier.ringing[-1].to == FIRST


@pytest.mark.parametrize("is_claimed", [False, True], ids=["on the list", "claimed"])
def test_colleague_who_presses_call_now_after_the_duress_pin_rings_nobody_and_is_told_no_reason(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline, is_claimed: bool
) -> None:
    team, made = Team(make_staff), registered("escaped")
    is_left_to_staff(phone, made, "escaped")
    if is_claimed:
        with hotline.database.transaction() as session:
            claim(session, tasks(hotline)[0].id, team.colleague.staff_id, hotline.clock.now, hotline.policies)
    makes_them_call(phone, hotline, made)
    rung = list(hotline.carrier.asked_for)

    with pytest.raises(RefusedError) as refused:
        calls_now(hotline, team.colleague)

    assert in_english(refused.value) == "We are calling a colleague for this callback."
    assert hotline.carrier.asked_for == rung


def test_liaison_who_accepts_a_call_about_news_after_the_duress_pin_is_connected_to_nobody(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    team, made = Team(make_staff), registered("escaped")
    is_left_to_staff(phone, made, "escaped")
    calls_now(hotline, team.colleague)
    to_colleague = hotline.carrier.ringing[-1]
    makes_them_call(phone, hotline, made)
    calls_to_them = hotline.carrier.asked_for.count(FIRST)

    liaison = phone.another().answers(to_colleague)
    liaison.presses("1")
    hotline.jobs.works_off()
    while not liaison.is_over:
        liaison.says_nothing()

    assert liaison.hears("We could not connect you now")
    sweeps(hotline, minutes=5)
    assert hotline.carrier.asked_for.count(FIRST) == calls_to_them
    assert [(one.state, one.outcome) for one in tasks(hotline)] == [("cancelled", "notice_over")]


def test_phone_of_staff_stops_ringing_about_news_once_the_duress_pin_is_used(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    team, made = Team(make_staff), registered("escaped")
    is_left_to_staff(phone, made, "escaped")
    calls_now(hotline, team.colleague)
    to_colleague = hotline.carrier.ringing[-1]

    makes_them_call(phone, hotline, made)
    sweeps(hotline, seconds=5)

    assert to_colleague not in hotline.carrier.ringing
    assert [(one.state, one.outcome) for one in tasks(hotline)] == [("cancelled", "notice_over")]
