"""A person who asks for a call while staff have taken up again one that was left for them (R13, R35)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Callback, Staff
from models.callbacks.claim import claim
from tests.calls.callbacks.test_callbacks import accepted_by
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import sweeps
from tests.calls.notices.staff_tells import has_time, presses_call_now
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase, make_callback
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
#: Why a callback was made, and why it was left for staff.
LEFT = [
    ("asked", "no_answer"),
    ("afraid", "unknown"),
    ("consent_ends", "no_answer"),
    ("to_supervisor", "to_supervisor"),
]


def is_left(hotline: Hotline, case: MadeCase, reason: str, outcome: str) -> Callback:
    """A callback of this morning was left for staff an hour ago."""
    now = hotline.clock.now
    with hotline.database.transaction() as session:
        make_callback(
            session, case, phone=CALLER, verified=True, reason=reason, outcome=outcome,
            urgency="urgent" if reason == "afraid" else "other", state="left_for_staff",
            requested_at=now - timedelta(hours=3), next_attempt_at=now - timedelta(hours=2),
            due_at=now + timedelta(hours=1), closed_at=now - timedelta(hours=1),
        )  # fmt: skip
    return hotline.row(select(Callback))


def talks(phone: Phone, hotline: Hotline) -> Callback:
    """The liaison whose phone rings accepts, and the person has time; the callback that they talk in."""
    _, to_person = accepted_by(phone.another(), hotline)
    has_time(phone.another(), hotline, to_person)
    return hotline.row(select(Callback).where(Callback.state == "talking"))


@pytest.mark.parametrize(("reason", "outcome"), LEFT)
def test_person_who_asks_while_staff_only_keep_what_was_left_hears_their_own_promise_and_is_called(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, reason: str, outcome: str
) -> None:
    make_staff()
    other = make_staff(email="bo@example.org", phone="+12025550178", on_shift=False)
    case = make_case("in_custody", phone=CALLER)
    left = is_left(hotline, case, reason, outcome)
    with hotline.database.transaction() as session:
        claim(session, left.id, other.id, hotline.clock.now, hotline.policies)

    opens_the_case(phone, case)
    phone.presses("2")
    assert phone.does_not_hear("You already have a callback")
    assert phone.hears("To have us call this phone as soon as we can, press 1")
    phone.presses("1")
    assert phone.hears("We will call you no later than tomorrow at 11:59 PM")
    phone.hangs_up()
    sweeps(hotline, seconds=5)

    asked = talks(phone, hotline)
    assert (asked.id != left.id, asked.reason) == (True, "asked")
    assert [one.state for one in hotline.rows(select(Callback).where(Callback.id == left.id))] == [
        "left_for_staff"
    ]


@pytest.mark.parametrize(("reason", "outcome"), LEFT)
def test_person_who_asks_while_staff_call_for_what_was_left_is_called_though_they_miss_it(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, reason: str, outcome: str
) -> None:
    who = make_staff()
    case = make_case("in_custody", phone=CALLER)
    left = is_left(hotline, case, reason, outcome)
    presses_call_now(hotline, who, left)
    hotline.jobs.works_off()

    opens_the_case(phone, case)
    phone.presses("2")
    assert phone.does_not_hear("You already have a callback")
    assert phone.hears("To have us call this phone as soon as we can, press 1")
    phone.presses("1")
    assert phone.hears("We will call you no later than tomorrow at 11:59 PM")
    phone.hangs_up()
    for call in list(hotline.carrier.ringing):
        phone.another().lets_ring(call)
    sweeps(hotline, minutes=15)
    sweeps(hotline, seconds=5)

    asked = talks(phone, hotline)
    assert (asked.id != left.id, asked.reason) == (True, "asked")
