"""News of a case whose duress PIN was used: one liaison and the supervisors know, and nobody else (R10)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.refusals.wording import in_english
from models import Alert, Callback, Staff
from models.callbacks.claim import claim
from models.callbacks.refusals import CallbackRefusal
from models.cases.duress import duress_case
from models.notices.notice_counts import counts_by_state, late_notices
from models.overview.duress_use import resume_calls, uses_for
from models.overview.staff_record import change_record, let_go, record_of
from models.overview.work_list import Reader, work_list
from models.store.refusal import RefusedError
from models.talks.own_call import call_now
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import (
    CODE,
    FIRST,
    Registered,
    is_called,
    misses,
    picks_up,
    sweeps,
    the_notice,
)
from tests.calls.notices.staff_tells import is_left_to_staff, tasks
from tests.factories import make_callback, make_duress_pin
from tests.models.staff.staff_people import Someone
from tests.phone import Phone

Registering = Callable[..., Registered]
MakeStaff = Callable[..., Staff]
DURESS_PIN = "518263"


class Team:
    """The liaison who knows, and colleagues who must not."""

    def __init__(self, make_staff: MakeStaff) -> None:
        self.knows = as_person(make_staff(email="ana@example.org", phone="+12025550171"))
        self.colleague = as_person(make_staff(email="luis@example.org", phone="+12025550172", on_call=True))
        self.supervisor = as_person(
            make_staff(email="boss@example.org", phone="+12025550174", role="supervisor")
        )


def as_person(staff: Staff) -> Someone:
    """A member of staff who is signed in."""
    return Someone(staff.id, staff.email, staff.role)


def somebody_makes_them_call(hotline: Hotline, made: Registered) -> None:
    """The person's duress PIN is used in a call."""
    with hotline.database.transaction() as session:
        if duress_case(session, made.case.id) is None:
            make_duress_pin(session, made.case, now=hotline.clock.now)
        duress = duress_case(session, made.case.id)
        assert duress is not None
        duress.last_verified_at = hotline.clock.now


def alerts(hotline: Hotline) -> set[tuple[int, str]]:
    """Who was told, and at which level."""
    return {(one.staff_id, one.level) for one in hotline.rows(select(Alert))}


def texts_to(hotline: Hotline, person: Someone) -> list[str]:
    """The levels of the texts to one member of staff."""
    mine = (Alert.staff_id == person.staff_id, Alert.channel == "text")
    return hotline.rows(select(Alert.level).where(*mine).order_by(Alert.id))


def counted(hotline: Hotline) -> tuple[int, int, int]:
    """What wallboard and doctor show: late notices, those late for supervisors, and all open ones."""
    with hotline.database.reading() as session:
        late = late_notices(session, hotline.clock.now, hotline.policies)
        states = counts_by_state(session)
    open_ones = states["waiting"] + states["ringing"] + states["left_for_staff"]
    return late.on_call, late.supervisors, open_ones


@pytest.mark.parametrize("used", ["before the news", "after the first call"])
def test_news_under_duress_is_told_to_the_liaison_who_knows_and_the_supervisor_alone(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline, used: str
) -> None:
    team, made = Team(make_staff), registered("released")
    if used == "before the news":
        somebody_makes_them_call(hotline, made)
        sweeps(hotline, minutes=1)
    made.is_dialed()
    if used == "after the first call":
        misses(phone, hotline)
        somebody_makes_them_call(hotline, made)

    for minutes in (1, 1, 35, 35, 70):
        sweeps(hotline, minutes=minutes)

    assert alerts(hotline) == {(team.knows.staff_id, "only_you"), (team.supervisor.staff_id, "only_you")}
    assert the_notice(hotline).state == "left_for_staff"
    assert [one.reason for one in tasks(hotline)] == []
    assert counted(hotline) == (0, 0, 0)
    with hotline.database.reading() as session:
        assert [use.notices for use in uses_for(session, team.knows)] == [1]
        assert uses_for(session, team.colleague) == []


def test_news_that_comes_after_the_liaison_was_told_of_the_use_is_told_to_them_again(
    registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    """No list names it, and no page of others: an escape would wait until somebody looks by chance."""
    team, made = Team(make_staff), registered("escaped")
    somebody_makes_them_call(hotline, made)
    sweeps(hotline, minutes=1)
    assert texts_to(hotline, team.knows) == ["only_you"]
    sweeps(hotline, hours=3)

    made.is_due("escaped")
    for _ in range(4):
        sweeps(hotline, minutes=1)

    assert texts_to(hotline, team.knows) == ["only_you", "only_you"]
    assert texts_to(hotline, team.colleague) == []
    assert FIRST not in hotline.carrier.asked_for


def test_news_that_waited_is_on_everybodys_list_with_its_page_once_calls_resume(
    registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    team, made = Team(make_staff), registered("released")
    somebody_makes_them_call(hotline, made)
    made.is_due()
    for _ in range(3):
        sweeps(hotline, minutes=1)

    with hotline.database.transaction() as session:
        (use,) = uses_for(session, team.supervisor)
        resume_calls(session, team.supervisor, use.id, hotline.clock.now)
    for _ in range(3):
        sweeps(hotline, minutes=1)

    assert (team.colleague.staff_id, "notices_late") in alerts(hotline)
    assert [one.reason for one in tasks(hotline)] == ["notice"]
    assert counted(hotline)[2] == 1


def test_other_peoples_late_news_pages_as_ever_and_does_not_count_the_case_under_duress(
    registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    team, made = Team(make_staff), registered("released", cap=0)
    somebody_makes_them_call(hotline, made)
    made.is_due()
    registered("released", phones=("+12025550139",), cap=0).is_due()

    for _ in range(3):
        sweeps(hotline, minutes=1)

    late = select(Alert.promises).where(Alert.level == "notices_late")
    assert set(hotline.rows(late)) == {1}
    assert "notices_late" in texts_to(hotline, team.colleague)


@pytest.mark.parametrize(
    ("before", "then"),
    [((), "2"), (("1", CODE), "2"), (("1", CODE), ""), (("1", CODE, "1"), "2"), (("1", CODE, "1"), "")],
    ids=["not now", "at the warning", "silence at the warning", "after the news", "no confirmation"],
)
def test_person_in_a_call_while_the_duress_pin_is_used_hears_no_promise_that_nobody_keeps(
    phone: Phone,
    registered: Registering,
    make_staff: MakeStaff,
    hotline: Hotline,
    before: tuple[str, ...],
    then: str,
) -> None:
    team, made = Team(make_staff), registered("released")
    called = is_called(phone, made)
    for keys in before:
        called.presses(keys)

    somebody_makes_them_call(hotline, made)
    while not called.is_over:
        if then:
            called.presses(then)
        else:
            called.says_nothing()

    assert called.hears("The call is over. You can call us at any time")
    assert not any(word in called.heard_so_far for word in ("We will call", "will call you", "no later than"))
    for minutes in (1, 31, 120):
        sweeps(hotline, minutes=minutes)
    assert hotline.carrier.asked_for.count(FIRST) == 1
    assert tasks(hotline) == []
    assert the_notice(hotline).state == "left_for_staff"
    assert texts_to(hotline, team.knows)[:1] == ["only_you"]
    assert texts_to(hotline, team.colleague) == []


def test_person_who_asks_for_a_person_under_duress_is_told_of_to_the_liaison_at_once_and_listed_later(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    team, made = Team(make_staff), registered("released")
    called = is_called(phone, made, "1", CODE)
    somebody_makes_them_call(hotline, made)
    called.presses("2")

    sweeps(hotline, seconds=5)
    with hotline.database.transaction() as session:
        (use,) = uses_for(session, team.knows)
        assert use.notices == 1
        resume_calls(session, team.knows, use.id, hotline.clock.now)
    sweeps(hotline, minutes=1)
    sweeps(hotline, minutes=1)

    assert texts_to(hotline, team.knows)[0] == "only_you"
    assert [(one.reason, one.outcome) for one in tasks(hotline)] == [("notice", "notice_asked_person")]


def test_machine_that_answers_while_the_duress_pin_is_used_records_no_message(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("released", phone={"voicemail_allowed": True, "voicemail_text": "we_call_again"})
    made.is_dialed()
    somebody_makes_them_call(hotline, made)

    machine = picks_up(phone, hotline, AnsweredBy="machine_end_beep")
    while not machine.is_over:
        machine.says_nothing()

    assert "We will call" not in machine.heard_so_far


def makes_them_call(phone: Phone, hotline: Hotline, made: Registered) -> Phone:
    """Somebody beside the person makes them call; they enter the duress PIN."""
    with hotline.database.transaction() as session:
        make_duress_pin(session, made.case, now=hotline.clock.now)
    caller = phone.another()
    caller.dials_in(from_=FIRST)
    for keys in ("1", "1", made.case.number, DURESS_PIN):
        caller.presses(keys)
    assert caller.hears("I cannot confirm where this person is right now")
    return caller


def calls_now(hotline: Hotline, who: Someone) -> None:
    """Staff press Call now on the task about the news."""
    with hotline.database.transaction() as session:
        jobs = call_now(session, tasks(hotline)[-1].id, who.staff_id, hotline.clock.now, hotline.policy)
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)
    hotline.jobs.works_off()


def on_the_list(hotline: Hotline, who: Someone) -> tuple[int, int, int]:
    """What one member of staff sees on the list: rows, and the counts of urgent ones and of attention."""
    now, soon = hotline.clock.now, timedelta(minutes=15)
    with hotline.database.reading() as session:
        seen = work_list(
            session, Reader(who.staff_id, ("en",), now), (), now, soon=soon, lines=hotline.office.lines,
            discreet=frozenset(),
        )  # fmt: skip
    return seen.total, seen.counts["urgent"], seen.counts["attention"]


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
