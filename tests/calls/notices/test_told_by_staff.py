"""*Reached* says that the person heard the news; a correction says that they did not (R28, R34, R37)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import AuditEntry, Notice, Staff
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import (
    CODE,
    FIRST,
    SECOND,
    Registered,
    misses,
    picks_up,
    reports,
    ringing,
    sweeps,
    the_notice,
)
from tests.calls.notices.staff_tells import (
    corrects,
    ends,
    forgets_the_code,
    is_left_to_staff,
    recognizes,
    saves,
    staff_call,
    talk_again,
    talks_with_a_person,
    tasks,
    views_the_words_at_0,
)
from tests.calls.stories import opens_the_case, talks_at_0
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.phone import Phone

Registering = Callable[..., Registered]
MakeStaff = Callable[..., Staff]
NOT_REACHED = ("message_left", "nobody_there", "wrong_person", "call_later", "to_supervisor")


@pytest.mark.parametrize("code", NOT_REACHED)
def test_person_whom_staff_did_not_reach_after_all_is_still_to_be_told(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline, code: str
) -> None:
    who = make_staff()
    allowed = {"voicemail_allowed": True, "voicemail_text": "please_call"}
    is_left_to_staff(phone, registered("released", phone=allowed))
    hotline.clock.passes(seconds=30)
    before = facts_of(the_notice(hotline))
    assert before["state"] == "left_for_staff"
    ends(hotline, staff_call(phone, hotline, who), who, "reached", recognized=True)
    assert the_notice(hotline).state == "confirmed"

    corrects(hotline, who, code)

    now = facts_of(the_notice(hotline))
    if code in ("call_later", "to_supervisor"):
        # They talked with the person, who may have heard it: that counts if the file is taken back.
        assert now["said_at"] is not None
        now |= {"said_at": None, "said_record_id": None}
    assert now == before
    sweeps(hotline, hours=1)
    sweeps(hotline, hours=2)
    assert the_notice(hotline).paged_level == 2
    open_tasks = [one for one in tasks(hotline) if one.state not in ("reached", "cancelled")]
    assert open_tasks, "nobody is to tell them"


def test_escape_rings_the_second_phone_after_a_correction(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    registered("escaped", phones=(FIRST, SECOND)).is_dialed("escaped")
    for call in hotline.carrier.ringing:
        if call.to == SECOND:
            phone.another().lets_ring(call)
    forgets_the_code(phone, hotline)
    hotline.clock.passes(seconds=30)
    ends(hotline, staff_call(phone, hotline, who), who, "reached", recognized=True)

    corrects(hotline, who, "to_supervisor")

    assert SECOND in sweeps(hotline, minutes=30)
    called = picks_up(phone, hotline, SECOND)
    for keys in ("1", CODE, "1"):
        called.presses(keys)
    assert called.hears("escaped")


@ON_BOTH
def test_key_of_the_person_stays_when_staff_correct_reached(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    is_left_to_staff(phone, registered("released", phones=(FIRST, SECOND)))
    sweeps(hotline, minutes=30)
    called = picks_up(phone, hotline, SECOND)
    for keys in ("1", CODE, "1"):
        called.presses(keys)
    assert called.hears("released")
    # Whoever keeps our call open for so long does not keep staff from calling.
    hotline.clock.passes(minutes=hotline.policies.notice_first_minutes)
    ends(hotline, staff_call(phone.another(), hotline, who), who, "reached", recognized=True)

    called.presses("1")
    corrects(hotline, who, "nobody_there")

    assert called.hears("Thank you")
    assert (the_notice(hotline).state, the_notice(hotline).confirmed_by) == ("confirmed", "call")
    assert FIRST not in sweeps(hotline, hours=1)
    assert len(hotline.rows(select(AuditEntry).where(AuditEntry.action == "confirm_notice"))) == 2


@ON_BOTH
def test_correction_back_to_reached_confirms_the_news_again(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    is_left_to_staff(phone, registered("released"))
    ends(hotline, staff_call(phone, hotline, who), who, "reached", recognized=True)
    corrects(hotline, who, "to_supervisor")
    assert the_notice(hotline).state == "left_for_staff"

    corrects(hotline, who, "reached")

    assert (the_notice(hotline).state, the_notice(hotline).confirmed_by) == ("confirmed", "staff")


def test_second_phone_is_not_called_about_a_stop_that_was_a_mistake(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    is_left_to_staff(phone, registered("released", phones=(FIRST, SECOND)))
    misses(phone, hotline, SECOND)
    ends(hotline, staff_call(phone, hotline, who), who, "wrong_person", recognized=True)
    assert [one.reason for one in tasks(hotline) if one.state == "requested"] == ["phone_stopped"]

    corrects(hotline, who, "reached")

    assert {one.state for one in tasks(hotline) if one.reason == "phone_stopped"} == {"cancelled"}
    for _ in range(2):
        assert SECOND not in sweeps(hotline, minutes=62)


@ON_SQLITE
def test_liaison_who_never_saw_the_words_has_told_nobody(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    registered("released").is_due()
    liaison, person = talks_with_a_person(phone, hotline)
    # The callback opens no case, and the liaison does not open it by its number.
    recognizes(hotline, who, opens=False)
    person.hangs_up()
    hotline.jobs.works_off()
    saves(hotline, who, "reached")
    liaison.hangs_up()

    assert the_notice(hotline).state == "left_for_staff"
    sweeps(hotline, hours=1)
    sweeps(hotline, hours=2)
    assert [one.reason for one in tasks(hotline) if one.state != "reached"] == ["notice"]


def is_told_once(hotline: Hotline) -> None:
    """The news is confirmed, and nobody is called or asked to call about it any more."""
    assert (the_notice(hotline).state, the_notice(hotline).confirmed_by) == ("confirmed", "staff")
    made = len(tasks(hotline))
    for _ in range(2):
        assert FIRST not in sweeps(hotline, minutes=115)
    assert len(tasks(hotline)) == made


@ON_SQLITE
def test_person_who_is_told_after_a_hold_broke_off_has_been_told(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    registered("released").is_due()
    liaison, person = talks_with_a_person(phone, hotline)
    hotline.clock.passes(seconds=40)
    liaison.presses("*")
    person.hangs_up()
    hotline.jobs.works_off()
    liaison.hangs_up()
    sweeps(hotline, seconds=60)
    sweeps(hotline, minutes=2)

    liaison, person = talk_again(phone, hotline)
    ends(hotline, person, who, "reached", recognized=True)
    liaison.hangs_up()

    assert [one.reason for one in tasks(hotline)] == ["hard_news", "cut_off"]
    is_told_once(hotline)


@pytest.mark.parametrize("by", ["person", "task"])
def test_person_who_is_told_in_a_later_call_has_been_told(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline, by: str
) -> None:
    who = make_staff()
    registered("released").is_due()
    if by == "person":
        liaison, person = talks_with_a_person(phone, hotline)
    else:
        sweeps(hotline)
        forgets_the_code(phone, hotline)
        liaison, person = None, staff_call(phone, hotline, who)
    ends(hotline, person, who, "call_later", recognized=True)
    if liaison is not None:
        liaison.hangs_up()
    for _ in range(4):
        if "call_later" in [one.reason for one in tasks(hotline) if one.state == "ringing_liaison"]:
            break
        sweeps(hotline, minutes=40)

    # No second task asks another liaison to tell them meanwhile.
    assert [one.reason for one in tasks(hotline)][1:] == ["call_later"]
    liaison, person = talk_again(phone, hotline)
    ends(hotline, person, who, "reached", recognized=True)
    liaison.hangs_up()

    is_told_once(hotline)


def is_left_to_the_supervisor(phone: Phone, made: Registered, who: Staff) -> None:
    """There is news, the person asks for a liaison, and the liaison leaves them to the supervisor."""
    made.is_due()
    liaison, person = talks_with_a_person(phone, made.hotline)
    ends(made.hotline, person, who, "to_supervisor", recognized=True)
    liaison.hangs_up()
    made.hotline.clock.passes(seconds=40)


@ON_BOTH
def test_person_whom_the_supervisor_tells_has_been_told(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    is_left_to_the_supervisor(phone, registered("released"), who)

    ends(hotline, staff_call(phone, hotline, who), who, "reached", recognized=True)

    is_told_once(hotline)


def test_later_call_in_which_nobody_was_recognized_leaves_the_news_open(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    is_left_to_the_supervisor(phone, registered("released"), who)

    ends(hotline, staff_call(phone, hotline, who), who, "reached", recognized=False)

    assert the_notice(hotline).state == "left_for_staff"


@pytest.mark.parametrize("saved", ["reached", "mistaken", "unsaved"])
def test_caller_whom_a_liaison_at_0_told_the_news_is_not_called_about_it(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline, saved: str
) -> None:
    who = make_staff()
    made = registered("released", phones=(FIRST, SECOND))
    made.is_due()
    sweeps(hotline)
    phone.lets_ring(ringing(hotline))
    hotline.clock.passes(minutes=2)
    caller = phone.another()
    opens_the_case(caller, made.case, from_=FIRST)
    assert caller.hears("news that may be hard to hear")

    caller.presses("2")
    hotline.jobs.works_off()
    liaison = talks_at_0(phone, hotline, caller)
    views_the_words_at_0(hotline, who)
    hotline.clock.passes(minutes=5)
    caller.hangs_up()
    hotline.jobs.works_off()
    if saved != "unsaved":
        liaison.presses("1")
        hotline.clock.passes(seconds=1)
    if saved == "mistaken":
        assert the_notice(hotline).state == "confirmed"
        corrects(hotline, who, "to_supervisor")

    rung = [number for _ in range(3) for number in sweeps(hotline, minutes=10)]
    assert (SECOND in rung) is (saved != "reached")
    assert (the_notice(hotline).confirmed_by == "staff") is (saved == "reached")


def test_liaison_who_has_the_phone_alone_confirms_no_news_that_came_while_the_caller_waited_at_0(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    made = registered("in_custody")
    caller = phone.another()
    opens_the_case(caller, made.case, from_=FIRST)
    assert caller.hears("in custody")
    caller.presses("0")
    hotline.jobs.works_off()
    hotline.clock.passes(seconds=20)
    reports(hotline, "escaped", made, hours_ago=0.1)
    sweeps(hotline, seconds=5)
    phone.another().lets_ring(ringing(hotline))
    liaison = talks_at_0(phone, hotline, caller)
    hotline.clock.passes(minutes=2)
    caller.hangs_up()
    hotline.jobs.works_off()
    liaison.presses("1")

    assert the_notice(hotline).confirmed_by is None
    assert FIRST in [number for _ in range(6) for number in sweeps(hotline, minutes=6)]


def facts_of(notice: Notice) -> dict[str, object]:
    """All that a notice knows of itself."""
    return {column.name: getattr(notice, column.name) for column in Notice.__table__.columns}
