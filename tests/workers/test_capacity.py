"""Half of the capacity is kept for verified callers, and neither list starves by it (R36)."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest

from config.office import Office
from models import Callback
from models.staff.schedule import WEEKDAYS, set_schedule
from models.staff.staff import change_shift
from models.store.database import Database
from models.talks import leg as legs
from tests.call_center import CallCenter, accept
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import make_callback, make_case, make_office, make_staff

ANA, BEN, NIA = "ana@office.example.org", "ben@office.example.org", "nia@office.example.org"


@pytest.fixture
def call_center(database: Database, office: Office, now: datetime) -> CallCenter:
    return CallCenter(database, office, now)


@pytest.fixture
def night(database: Database, now: datetime) -> CallCenter:
    """Eleven in the evening at the office, which is closed; Nia alone is on call."""
    call_center = CallCenter(database, make_office(always_open=False), now.replace(day=26, hour=4))
    with database.transaction() as session:
        make_staff(session, NIA, on_shift=False, phone="+12025550173")
        set_schedule(
            session, NIA, kind="on_call", weekdays=range(len(WEEKDAYS)), span=(time(0), time(0)),
            actor="shell", now=call_center.now,
        )  # fmt: skip
    return call_center


def _are_afraid(call_center: CallCenter, times: int = 1, *, verified: bool) -> None:
    """The promises of verified callers are the earlier ones."""
    due_at = call_center.now + timedelta(minutes=20 if verified else 50)
    with call_center.database.transaction() as session:
        for number in range(times):
            make_callback(
                session, make_case(session) if verified else None, phone=f"+120255501{10 + number}",
                urgency="urgent", reason="afraid", requested_at=call_center.now,
                next_attempt_at=call_center.now,
                due_at=due_at + timedelta(seconds=number),
            )  # fmt: skip


def _is_rung(call_center: CallCenter) -> bool:
    """Whether the next sweeps ring somebody for a callback."""
    before = len(call_center.legs("liaison"))
    for _ in range(5):
        call_center.sweeps(seconds=2)
        call_center.works_off()
    return len(call_center.legs("liaison")) > before


def _talks(call_center: CallCenter) -> tuple[bool, Any, Any]:
    """The next person offered is called and talks: whether they are verified, and the two legs."""
    call_center.sweeps(seconds=2)
    liaison, caller = accept(call_center)
    call_center.answers(caller)
    call_center.presses(caller, legs.join_caller)
    (talk,) = call_center.rows(Callback, Callback.state == "talking", Callback.talking_at == call_center.now)
    return talk.verified, liaison, caller


def _offered(call_center: CallCenter, times: int) -> list[bool]:
    """Whether each of the next offers is a verified caller's; each has a short talk."""
    found = []
    for _ in range(times):
        verified, liaison, caller = _talks(call_center)
        call_center.hangs_up(caller)
        call_center.hangs_up(liaison)
        call_center.works_off()
        found.append(verified)
    return found


@ON_SQLITE
def test_one_person_on_call_at_night_is_rung_for_every_fourth_caller_without_a_pin(
    night: CallCenter,
) -> None:
    _are_afraid(night, 6, verified=True)
    _are_afraid(night, 2, verified=False)
    assert _offered(night, 8) == [True, True, True, False, True, True, True, False]


@ON_SQLITE
def test_pranks_take_no_more_than_half_of_one_person_on_call_at_night(night: CallCenter) -> None:
    _are_afraid(night, 20, verified=False)
    night.now += timedelta(minutes=40)
    _are_afraid(night, 4, verified=True)
    found = _offered(night, 8)
    assert found.count(True) == 4


def test_one_liaison_serves_one_frightened_caller_after_another_when_nobody_is_verified(
    call_center: CallCenter,
) -> None:
    with call_center.database.transaction() as session:
        make_staff(session, ANA)
    _are_afraid(call_center, 3, verified=False)
    assert _offered(call_center, 3) == [False] * 3


@ON_BOTH
def test_talk_of_the_night_leaves_the_morning_liaison_to_the_next_frightened_caller(
    night: CallCenter,
) -> None:
    """The liaison on call was counted as taking half of the capacity of the one liaison."""
    _are_afraid(night, verified=False)
    _talks(night)
    with night.database.transaction() as session:
        make_staff(session, ANA)
    _are_afraid(night, verified=False)
    assert _is_rung(night)


def test_liaison_who_goes_home_in_a_talk_leaves_their_half_to_the_others(call_center: CallCenter) -> None:
    with call_center.database.transaction() as session:
        make_staff(session, ANA)
    _are_afraid(call_center, verified=False)
    _talks(call_center)
    with call_center.database.transaction() as session:
        change_shift(session, ANA, on_shift=False, actor="shell", now=call_center.now)
        make_staff(session, BEN, phone="+12025550171")
    _are_afraid(call_center, verified=False)
    assert _is_rung(call_center)


@ON_SQLITE
def test_long_talk_of_one_of_two_liaisons_starves_no_frightened_caller_without_a_pin(
    call_center: CallCenter,
) -> None:
    """With one of two in a long talk the other served only verified callers, for as long as it lasted."""
    with call_center.database.transaction() as session:
        for email, phone in ((ANA, "+12025550170"), (BEN, "+12025550171")):
            make_staff(session, email, phone=phone)
    _are_afraid(call_center, verified=False)
    _talks(call_center)
    _are_afraid(call_center, 8, verified=True)
    _are_afraid(call_center, 2, verified=False)
    assert _offered(call_center, 8) == [True, True, True, False, True, True, True, False]


def test_other_one_of_two_liaisons_is_kept_for_verified_callers(call_center: CallCenter) -> None:
    with call_center.database.transaction() as session:
        for email, phone in ((ANA, "+12025550170"), (BEN, "+12025550171")):
            make_staff(session, email, phone=phone)
    _are_afraid(call_center, 2, verified=False)
    _talks(call_center)
    assert not _is_rung(call_center)
    _are_afraid(call_center, verified=True)
    assert _offered(call_center, 1) == [True]
