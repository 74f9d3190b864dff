"""*Reached* says that the person heard the news; a correction says that they did not (R28, R34, R37)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import AuditEntry, Notice, Staff
from models.overview.outcome import note_outcome
from models.talks.talk import Talk
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, FIRST, SECOND, Registered, picks_up, sweeps, the_notice
from tests.calls.notices.test_reach_person import ends, forgets_the_code, staff_call, tasks
from tests.phone import Phone

Registering = Callable[..., Registered]
MakeStaff = Callable[..., Staff]
NOT_REACHED = ("message_left", "nobody_there", "wrong_person", "call_later", "to_supervisor")


def corrects(hotline: Hotline, who: Staff, code: str) -> None:
    """Staff correct the outcome of their last talk."""
    hotline.clock.passes(minutes=2)
    with hotline.database.transaction() as session:
        talk = session.scalars(select(Talk).order_by(Talk.id.desc()).limit(1)).one()
        word, _ = note_outcome(session, talk, code, who.id, hotline.clock.now, hotline.policy)
    assert word in ("noted", "no_phone")


@pytest.mark.parametrize("code", NOT_REACHED)
def test_person_whom_staff_did_not_reach_after_all_is_still_to_be_told(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline, code: str
) -> None:
    who = make_staff()
    registered("released", phone={"voicemail_allowed": True, "voicemail_text": "please_call"}).is_due()
    sweeps(hotline)
    forgets_the_code(phone, hotline)
    sweeps(hotline, seconds=30)
    before = facts_of(the_notice(hotline))
    assert before["state"] == "left_for_staff"
    ends(hotline, staff_call(phone, hotline, who), who, "reached", recognized=True)
    assert the_notice(hotline).state == "confirmed"

    corrects(hotline, who, code)

    assert facts_of(the_notice(hotline)) == before
    sweeps(hotline, hours=1)
    sweeps(hotline, hours=2)
    assert the_notice(hotline).paged_level == 2
    open_tasks = [one for one in tasks(hotline) if one.state not in ("reached", "cancelled")]
    assert open_tasks, "nobody is to tell them"


def test_escape_rings_the_second_phone_after_a_correction(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    registered("escaped", phones=(FIRST, SECOND)).is_due("escaped")
    sweeps(hotline)
    for call in hotline.carrier.ringing:
        if call.to == SECOND:
            phone.another().lets_ring(call)
    forgets_the_code(phone, hotline)
    sweeps(hotline, seconds=30)
    ends(hotline, staff_call(phone, hotline, who), who, "reached", recognized=True)

    corrects(hotline, who, "to_supervisor")

    assert SECOND in sweeps(hotline, minutes=30)
    called = picks_up(phone, hotline, SECOND)
    for keys in ("1", CODE, "1"):
        called.presses(keys)
    assert called.hears("escaped")


def test_key_of_the_person_stays_when_staff_correct_reached(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    registered("released", phones=(FIRST, SECOND)).is_due()
    sweeps(hotline)
    forgets_the_code(phone, hotline)
    sweeps(hotline, minutes=30)
    called = picks_up(phone, hotline, SECOND)
    for keys in ("1", CODE, "1"):
        called.presses(keys)
    assert called.hears("released")
    ends(hotline, staff_call(phone.another(), hotline, who), who, "reached", recognized=True)

    called.presses("1")
    corrects(hotline, who, "nobody_there")

    assert called.hears("Thank you")
    assert (the_notice(hotline).state, the_notice(hotline).confirmed_by) == ("confirmed", "call")
    assert FIRST not in sweeps(hotline, hours=1)
    assert len(hotline.rows(select(AuditEntry).where(AuditEntry.action == "confirm_notice"))) == 2


def test_correction_back_to_reached_confirms_the_news_again(
    phone: Phone, registered: Registering, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff()
    registered("released").is_due()
    sweeps(hotline)
    forgets_the_code(phone, hotline)
    ends(hotline, staff_call(phone, hotline, who), who, "reached", recognized=True)
    corrects(hotline, who, "to_supervisor")
    assert the_notice(hotline).state == "left_for_staff"

    corrects(hotline, who, "reached")

    assert (the_notice(hotline).state, the_notice(hotline).confirmed_by) == ("confirmed", "staff")


def facts_of(notice: Notice) -> dict[str, object]:
    """All that a notice knows of itself."""
    return {column.name: getattr(notice, column.name) for column in Notice.__table__.columns}
