"""A file is taken back that was wrong about a person whom a full snapshot does not name (R14, R16)."""

from collections.abc import Callable

import pytest

from models.cases.subject import Subject
from models.store.database import keyring_of
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import FIRST, Registered, reports, sweeps
from tests.calls.notices.test_correcting import corrections, hears_the_news, takes_back, two_people
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase
from tests.models.custody.feed import feed_row, load
from tests.phone import Phone

__all__ = ["two_people"]

Registering = Callable[..., Registered]
NEUTRAL = "What we told you today was wrong. I cannot confirm where this person is right now"


def snapshot_of(hotline: Hotline, case: MadeCase) -> None:
    """A full snapshot names this person alone."""
    now = hotline.clock.now
    with hotline.database.reading() as session:
        subject = session.get_one(Subject, case.subject_id)
        name = keyring_of(session).unseal("subject.feed_id", subject.feed_id_sealed)
    assert not load(hotline.database, feed_row(name, as_of=now), now=now, full=True).held


@pytest.mark.parametrize("when", ["before the wrong file", "after it"])
def test_line_does_not_say_in_custody_of_a_person_whom_a_snapshot_did_not_name(
    phone: Phone, registered: Registering, hotline: Hotline, make_case: Callable[..., MadeCase], when: str
) -> None:
    made, other = registered("in_custody"), make_case(custody_status="in_custody")
    hotline.clock.passes(minutes=5)
    if when == "before the wrong file":
        snapshot_of(hotline, other)
        hotline.clock.passes(minutes=5)
    wrong = reports(hotline, "removed", made)
    sweeps(hotline)
    hears_the_news(phone, hotline, "1")
    if when == "after it":
        hotline.clock.passes(minutes=5)
        snapshot_of(hotline, other)
    local = hotline.clock.now.astimezone(hotline.office.zone)
    hotline.clock.passes(hours=(26 - local.hour) % 24)

    takes_back(hotline, wrong)

    caller = phone.another()
    opens_the_case(caller, made.case, from_="+12025550139")
    assert caller.does_not_hear("in custody")
    caller.hangs_up()
    # Whoever believes that somebody was sent abroad, of whom nothing is known, is called at once, at night.
    assert [one.is_urgent for one in corrections(hotline)] == [True]
    assert FIRST in sweeps(hotline)
    assert hears_the_news(phone, hotline, confirms=False).hears(NEUTRAL.replace("today", "yesterday"))


def test_person_whom_a_later_delta_named_again_is_in_custody_once_the_wrong_file_is_taken_back(
    phone: Phone, registered: Registering, hotline: Hotline, make_case: Callable[..., MadeCase]
) -> None:
    made, other = registered("in_custody"), make_case(custody_status="in_custody")
    hotline.clock.passes(minutes=5)
    snapshot_of(hotline, other)
    hotline.clock.passes(minutes=5)
    reports(hotline, "in_custody", made, hours_ago=48)
    wrong = reports(hotline, "released", made)

    takes_back(hotline, wrong)

    caller = phone.another()
    opens_the_case(caller, made.case, from_=FIRST)
    assert caller.hears("is in custody")
