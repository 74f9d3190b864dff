"""A promise left for staff, of a case whose duress PIN was used: those alone who know take it up (R10)."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from hotline.refusals.wording import in_english
from models import Callback, Staff
from models.callbacks.claim import claim
from models.callbacks.refusals import CallbackRefusal
from models.overview.duress_use import resume_calls, uses_for
from models.overview.staff_record import change_record, let_go, record_of
from models.store.refusal import RefusedError
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import (
    FIRST,
    Registered,
    sweeps,
)
from tests.calls.notices.duress.team import (
    MakeStaff,
    Registering,
    Team,
    as_person,
    calls_now,
    makes_them_call,
    on_the_list,
    texts_to,
)
from tests.calls.notices.staff_tells import tasks
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import make_callback
from tests.models.staff.staff_people import Someone
from tests.phone import Phone


def was_left(made: Registered) -> None:
    """A promise to the person was left for staff, since nobody answered."""
    now = made.hotline.clock.now
    with made.hotline.database.transaction() as session:
        make_callback(
            session, made.case, phone=FIRST, verified=True, urgency="urgent", reason="hard_news",
            state="left_for_staff", outcome="no_answer", requested_at=now, due_at=now,
        )  # fmt: skip


def are_told_of_the_use(phone: Phone, hotline: Hotline) -> None:
    """Within seconds those who may know are called, and hang up."""
    sweeps(hotline, seconds=5)
    while hotline.carrier.ringing:
        phone.another().answers(hotline.carrier.ringing[-1]).hangs_up()


@ON_SQLITE
def test_promise_that_was_left_for_staff_is_taken_up_by_those_alone_who_know_of_the_use(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    team, made = Team(make_staff), registered("escaped")
    was_left(made)
    makes_them_call(phone, hotline, made).hangs_up()

    with pytest.raises(RefusedError) as refused:
        calls_now(hotline, team.colleague)
    assert in_english(refused.value) == "We are calling a colleague for this callback."
    assert FIRST not in hotline.carrier.asked_for

    with hotline.database.transaction() as session:
        claim(
            session, tasks(hotline)[-1].id, team.supervisor.staff_id, hotline.clock.now, hotline.policies
        )  # fmt: skip
    are_told_of_the_use(phone, hotline)
    assert [(one.state, one.staff_id) for one in tasks(hotline)] == [("claimed", team.supervisor.staff_id)]
    calls_now(hotline, team.supervisor)
    phone.another().answers(hotline.carrier.ringing[-1]).presses("1")
    hotline.jobs.works_off()
    assert hotline.carrier.ringing[-1].to == FIRST


def test_promise_that_was_left_is_with_the_liaison_who_knows_within_seconds_of_the_use(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    """It needed attention in view of all, and each who tried read that a colleague is being called."""
    team, made = Team(make_staff), registered("escaped")
    was_left(made)
    assert on_the_list(hotline, team.colleague) == (1, 1, 1)

    makes_them_call(phone, hotline, made).hangs_up()
    are_told_of_the_use(phone, hotline)

    (left,) = tasks(hotline)
    assert (left.state, left.staff_id) == ("claimed", team.knows.staff_id)
    assert on_the_list(hotline, team.colleague) == (1, 1, 0)
    with hotline.database.reading() as session:
        for one in (team.knows, team.supervisor):
            assert [use.callbacks for use in uses_for(session, one)] == [(left.id,)]
    with pytest.raises(RefusedError) as refused:
        calls_now(hotline, team.colleague)
    assert refused.value.code == CallbackRefusal.CLAIMED
    sweeps(hotline, hours=24)
    assert FIRST not in hotline.carrier.asked_for
    calls_now(hotline, team.knows)
    phone.another().answers(hotline.carrier.ringing[-1]).presses("1")
    hotline.jobs.works_off()
    assert hotline.carrier.ringing[-1].to == FIRST


def is_deactivated(hotline: Hotline, gone: Someone, by: Someone) -> None:
    """The account of a member of staff is deactivated."""
    with hotline.database.transaction() as session:
        let_go(session, gone.staff_id, by_id=by.staff_id, actor=by.email, now=hotline.clock.now)


def becomes_administrator(hotline: Hotline, gone: Someone, by: Someone) -> None:
    """A liaison works as an administrator from now on, who must not know of the use."""
    with hotline.database.transaction() as session:
        record = replace(record_of(session, session.get_one(Staff, gone.staff_id)), role="administrator")
        change_record(
            session, gone.staff_id, record, by_id=by.staff_id, actor=by.email, now=hotline.clock.now
        )  # fmt: skip


@pytest.mark.parametrize("leaves", [is_deactivated, becomes_administrator])
@pytest.mark.parametrize("promised", [True, False], ids=["with a callback", "without a callback"])
def test_liaison_who_takes_over_from_the_one_who_knew_is_told_and_so_is_the_supervisor(
    phone: Phone,
    registered: Registering,
    make_staff: MakeStaff,
    hotline: Hotline,
    leaves: Callable[[Hotline, Someone, Someone], None],
    promised: bool,
) -> None:
    """The callback went to them for a year, and nobody told them of it."""
    team, made = Team(make_staff), registered("escaped")
    other = as_person(make_staff(email="eva@example.org", phone="+12025550175", on_shift=False))
    if promised:
        was_left(made)
    makes_them_call(phone, hotline, made).hangs_up()
    are_told_of_the_use(phone, hotline)
    before = texts_to(hotline, team.supervisor).count("only_you")
    assert "only_you" not in texts_to(hotline, team.colleague)

    leaves(hotline, team.knows, team.supervisor)
    rung = list(hotline.carrier.asked_for)
    sweeps(hotline, seconds=5)

    assert [call.to for call in hotline.carrier.ringing] == ["+12025550172", "+12025550174"]
    assert FIRST not in hotline.carrier.asked_for[len(rung) :]
    assert texts_to(hotline, team.colleague).count("only_you") == 1
    assert texts_to(hotline, team.supervisor).count("only_you") == before + 1
    assert [one.staff_id for one in tasks(hotline)] == [team.colleague.staff_id] * promised
    with hotline.database.reading() as session:
        assert len(uses_for(session, team.colleague)) == 1
        assert uses_for(session, team.knows) == uses_for(session, other) == []
    sweeps(hotline, hours=1)
    assert texts_to(hotline, team.colleague).count("only_you") == 1
    assert "only_you" not in texts_to(hotline, other)


@ON_BOTH
def test_next_liaison_is_told_nothing_of_a_use_that_is_over(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    team, made = Team(make_staff), registered("escaped")
    makes_them_call(phone, hotline, made).hangs_up()
    are_told_of_the_use(phone, hotline)
    with hotline.database.transaction() as session:
        (use,) = uses_for(session, team.knows)
        resume_calls(session, team.knows, use.id, hotline.clock.now)

    is_deactivated(hotline, team.knows, team.supervisor)
    sweeps(hotline, hours=1)

    assert "only_you" not in texts_to(hotline, team.colleague)
    with hotline.database.reading() as session:
        assert uses_for(session, team.colleague) == []


def test_liaison_who_comes_after_nobody_was_left_is_told(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    team, made = Team(make_staff), registered("escaped")
    is_deactivated(hotline, team.knows, team.supervisor)
    is_deactivated(hotline, team.colleague, team.supervisor)
    makes_them_call(phone, hotline, made).hangs_up()
    are_told_of_the_use(phone, hotline)
    assert texts_to(hotline, team.supervisor).count("only_you") == 1

    eva = as_person(make_staff(email="eva@example.org", phone="+12025550175"))
    sweeps(hotline, seconds=5)

    assert texts_to(hotline, eva) == ["only_you"]
    with hotline.database.reading() as session:
        assert len(uses_for(session, eva)) == 1


def test_promise_that_was_left_is_left_for_staff_again_once_calls_resume(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    team, made = Team(make_staff), registered("escaped")
    was_left(made)
    makes_them_call(phone, hotline, made).hangs_up()
    are_told_of_the_use(phone, hotline)

    with hotline.database.transaction() as session:
        (use,) = uses_for(session, team.knows)
        resume_calls(session, team.knows, use.id, hotline.clock.now)
    sweeps(hotline, hours=1)

    assert [(one.state, one.outcome) for one in tasks(hotline)] == [("left_for_staff", "no_answer")]
    assert on_the_list(hotline, team.colleague) == (1, 1, 1)
    assert FIRST not in hotline.carrier.asked_for


@pytest.mark.parametrize("reason", ["to_supervisor", "hard_news"])
def test_promise_that_is_left_beside_another_one_is_shown_to_those_who_know_and_stays_left(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline, reason: str
) -> None:
    """A case has one open callback, and a task for the supervisor is not given to the liaison."""
    team, made = Team(make_staff), registered("escaped")
    was_left(made)
    with hotline.database.transaction() as session:
        first = session.scalars(select(Callback)).one()
        first.reason = reason
        if reason != "to_supervisor":
            make_callback(session, made.case, phone=FIRST, verified=True)
    makes_them_call(phone, hotline, made).hangs_up()

    are_told_of_the_use(phone, hotline)

    assert [one.state for one in tasks(hotline)] == ["left_for_staff", "claimed"][: len(tasks(hotline))]
    with hotline.database.reading() as session:
        (use,) = uses_for(session, team.knows)
        assert use.callbacks == tuple(one.id for one in tasks(hotline))
