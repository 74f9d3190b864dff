"""A promise counts once, and as kept when the two have talked: in a month, on the wallboard (R36, R42)."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Callback, Staff
from models.overview.my_shift import today_of
from models.overview.wallboard.figures import Figures, figures
from models.retention.month_figures import count_month
from tests.calls.callbacks.test_callbacks import LIAISON, accepted_by, allows_a_message
from tests.calls.callbacks.test_last_round import half_an_hour_passes
from tests.calls.callbacks.test_staff_call import calls, sweeps
from tests.calls.callouts.test_promised_beside_staff_call import FREE, HOME, asks, nobody_answers
from tests.calls.conftest import Hotline
from tests.calls.notices.staff_tells import corrects, saves
from tests.factories import MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def month(hotline: Hotline) -> dict[str, int]:
    """The month's figures of callbacks, such as ``callbacks_kept urgent/verified``."""
    zone = hotline.policy.zone
    with hotline.database.reading() as session:
        counts = count_month(session, f"{hotline.clock.now.astimezone(zone):%Y-%m}", zone)
    found: Counter[str] = Counter()
    for (figure, _, detail), count in counts.items():
        if figure.startswith(("callbacks", "talk_minutes")):
            found[f"{figure} {detail}"] += count
    return dict(found)


def wallboard(hotline: Hotline) -> Figures:
    """What the wallboard says of today."""
    now = hotline.clock.now
    midnight = now.astimezone(hotline.policy.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    with hotline.database.reading() as session:
        return figures(session, now, midnight=midnight, risk=timedelta(minutes=15), tied_days=30)


def somebody_presses_1(phone: Phone, hotline: Hotline) -> None:
    """A free liaison accepts, somebody presses 1 at the phone that rings then, and is gone after a minute."""
    _, to_person = accepted_by(phone.another(), hotline)
    somebody = phone.answers(to_person)
    somebody.presses("1")
    hotline.jobs.works_off()
    hotline.clock.passes(minutes=1)
    somebody.hangs_up()
    hotline.jobs.works_off()


@pytest.fixture
def liaison(make_staff: MakeStaff) -> Staff:
    return make_staff(phone=LIAISON)


@pytest.fixture
def afraid(phone: Phone, make_case: MakeCase, hotline: Hotline) -> MadeCase:
    """She is afraid, asks for a callback, and allows a message. It is due within the hour."""
    case = make_case("in_custody", phone=HOME)
    asks(phone.another(), case, "3")
    allows_a_message(hotline)
    return case


@pytest.mark.parametrize("code", ["nobody_there", "wrong_person", "message_left"])
def test_promise_is_not_kept_if_whoever_pressed_1_was_not_the_person(
    phone: Phone, liaison: Staff, afraid: MadeCase, hotline: Hotline, code: str
) -> None:
    somebody_presses_1(phone, hotline)
    saves(hotline, liaison, code)

    # After the wrong person it ended so; else it is open, in the next callback.
    ended = code if code == "wrong_person" else "requested"
    assert month(hotline) == {"callbacks urgent/verified": 1, f"callbacks_ended urgent/verified/{ended}": 1}
    board = wallboard(hotline)
    assert (board.asked, board.talked, board.median) == (1, 0, None)
    assert [(hour.requested, hour.talked) for hour in board.hours if hour.requested] == [(1, 0)]
    with hotline.database.reading() as session:
        mine = today_of(session, liaison.id, hotline.clock.now - timedelta(hours=1), hotline.clock.now)
    assert (mine.talks, mine.kept, mine.typical_wait) == (1, 0, None)


def test_person_reached_the_second_time_has_waited_since_they_asked_and_counts_once(
    phone: Phone, liaison: Staff, afraid: MadeCase, hotline: Hotline
) -> None:
    somebody_presses_1(phone, hotline)
    saves(hotline, liaison, "nobody_there")
    half_an_hour_passes(hotline)
    somebody_presses_1(phone, hotline)
    saves(hotline, liaison, "reached")

    waited, first = wallboard(hotline), hotline.rows(select(Callback).order_by(Callback.id))[0]
    assert (waited.asked, waited.talked) == (1, 1)
    assert waited.median is not None
    assert waited.median >= timedelta(minutes=30)
    assert first.outcome == "nobody_there"
    found = month(hotline)
    assert found.pop(f"talk_minutes {-(-waited.median // timedelta(minutes=1))}") == 1
    assert found == {
        "callbacks urgent/verified": 1, "callbacks_kept urgent/verified": 1,
        "callbacks_ended urgent/verified/reached": 1,
    }  # fmt: skip


def test_liaison_who_corrects_that_nobody_was_there_has_kept_one_promise(
    phone: Phone, liaison: Staff, afraid: MadeCase, hotline: Hotline
) -> None:
    somebody_presses_1(phone, hotline)
    saves(hotline, liaison, "nobody_there")
    corrects(hotline, liaison, "reached")

    assert month(hotline) == {
        "callbacks urgent/verified": 1, "callbacks_kept urgent/verified": 1,
        "callbacks_ended urgent/verified/reached": 1, "talk_minutes 0": 1,
    }  # fmt: skip
    assert (wallboard(hotline).asked, wallboard(hotline).talked) == (1, 1)


def test_promise_that_waited_behind_a_call_of_staff_counts_once_and_is_kept(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(email="bo@office.example.org", phone=FREE)
    who = make_staff(phone=LIAISON, on_shift=False)
    case = make_case("in_custody", phone=HOME)
    calls(hotline, case, who)
    hotline.rung()
    asks(phone.another(), case, "3")

    # Staff miss their own call, so the line brings the promise back, and a colleague takes it.
    nobody_answers(phone, hotline)
    for _ in range(6):
        if hotline.rung():
            break
        sweeps(hotline, minutes=2)
    somebody_presses_1(phone, hotline)

    found = month(hotline)
    minutes = [name for name in found if name.startswith("talk_minutes")]
    assert found == {
        "callbacks urgent/verified": 1, "callbacks_kept urgent/verified": 1,
        "callbacks_ended urgent/verified/reached": 1, minutes[0]: 1,
    }  # fmt: skip
    assert (wallboard(hotline).asked, wallboard(hotline).talked) == (1, 1)


def test_promise_that_a_call_of_staff_keeps_counts_once(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff(phone=LIAISON, on_shift=False)
    case = make_case("in_custody", phone=HOME)
    calls(hotline, case, who)
    hotline.rung()
    asks(phone.another(), case, "3")

    somebody_presses_1(phone, hotline)

    found = month(hotline)
    assert (found["callbacks urgent/verified"], found["callbacks_kept urgent/verified"]) == (1, 1)
    assert (wallboard(hotline).asked, wallboard(hotline).talked) == (1, 1)
