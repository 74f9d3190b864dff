"""A caller at 0 talks with two liaisons in one call, and each promises them a call later (R37)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from models import Callback, Staff
from models.overview.outcome import note_outcome
from tests.calls.at_0.talking import SECOND, talks
from tests.calls.conftest import Clock, Hotline
from tests.phone import Phone

MakeStaff = Callable[..., Staff]


@pytest.fixture
def two_talks(
    talk: tuple[Phone, Phone], hotline: Hotline, make_staff: MakeStaff, clock: Clock
) -> tuple[Phone, Phone]:
    """Two liaisons who are asked how their talk ended: the first held the caller too long."""
    first, caller = talk
    make_staff(phone=SECOND)
    first.presses("*")
    caller.says_nothing()
    clock.passes(seconds=181)
    caller.says_nothing()
    hotline.jobs.works_off()
    second = hotline.accepts(caller)
    assert second.is_talking
    clock.passes(minutes=1)
    caller.hangs_up()
    hotline.jobs.works_off()
    for one in (first, second):
        assert one.hears("How did it end?")
    return first, second


def corrects(hotline: Hotline, number: int, code: str) -> None:
    """The leader of this talk of the call corrects its outcome on its page."""
    with hotline.database.transaction() as session:
        talk = session.merge(talks(hotline)[number])
        assert talk.staff_id is not None
        note_outcome(session, talk, code, talk.staff_id, hotline.clock.now, hotline.policy)


def later(hotline: Hotline) -> list[str]:
    """The states of the callbacks that were promised for later."""
    return hotline.rows(select(Callback.state).where(Callback.reason == "call_later"))


@pytest.mark.parametrize(("corrected", "kept"), [(0, 1), (1, 0)])
def test_liaison_who_takes_back_call_later_leaves_what_the_other_one_promised(
    two_talks: tuple[Phone, Phone], hotline: Hotline, corrected: int, kept: int
) -> None:
    for one in two_talks:
        one.presses("3")
        assert one.hears("It is saved")
    assert later(hotline) == ["requested"]

    corrects(hotline, corrected, "reached")

    assert later(hotline) == ["requested"]
    corrects(hotline, kept, "reached")
    assert later(hotline) == ["cancelled"]


@pytest.mark.usefixtures("two_talks")
def test_liaison_who_takes_back_the_supervisor_leaves_what_the_other_one_handed_over(
    hotline: Hotline,
) -> None:
    for number in (0, 1):
        corrects(hotline, number, "to_supervisor")
    handed = select(Callback.state).where(Callback.reason == "to_supervisor")
    before = hotline.rows(handed)
    assert before == ["left_for_staff", "left_for_staff"]

    corrects(hotline, 0, "reached")

    assert hotline.rows(handed) == before
