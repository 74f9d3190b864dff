"""The feed is silent, and the office decided that registered people are told (R13, R14, R28)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from config.office import Office
from models import Callback, Notice, Registration
from tests import factories
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, FIRST, OPENING, TELLING, Registered, picks_up, sweeps
from tests.calls.stories import opens_the_case
from tests.conftest import ON_SQLITE
from tests.factories import make_office, open_by_hours
from tests.phone import Phone

Registering = Callable[..., Registered]
SECOND_PERSON = "+12025550135"
NO_NEWS = "We have had no new records since"


@pytest.fixture
def office() -> Office:
    """The shipped office, which tells registered people that the feed is silent."""
    return open_by_hours(make_office(policies={"feed_silent_message": 1}))


def feed_confirms(hotline: Hotline, **facts: Any) -> None:
    """A file lands that confirms somebody now."""
    with hotline.database.transaction() as session:
        factories.make_import(session, newest_as_of=hotline.clock.now, **facts)


def falls_silent(hotline: Hotline, hours: float = 7) -> list[str]:
    """The feed confirms somebody now, and then nobody; the phones that ring after that."""
    feed_confirms(hotline)
    return sweeps(hotline, hours=hours) or sweeps(hotline, seconds=10)


def notices(hotline: Hotline) -> list[tuple[str, str | None]]:
    """The state of each notice, and why it was stopped."""
    return [(one.state, one.outcome) for one in hotline.rows(select(Notice).order_by(Notice.id))]


def hears_it(phone: Phone, hotline: Hotline, number: str = FIRST) -> Phone:
    """A person answers, says that it is a good time, and gives the code."""
    called = picks_up(phone, hotline, number)
    called.presses("1")
    called.presses(CODE)
    return called


def test_registered_person_is_told_once_by_day_after_the_code(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("in_custody")
    assert falls_silent(hotline, hours=5) == []

    assert sweeps(hotline, hours=2) or sweeps(hotline, seconds=10) == [FIRST]
    called = picks_up(phone, hotline)
    assert called.hears(OPENING)
    assert not any(word in called.heard_so_far.lower() for word in TELLING)
    called.presses("1")
    called.presses(CODE)

    assert called.hears(NO_NEWS, "today at 10", "To confirm that you heard this, press 1")
    assert "in custody" not in called.heard_so_far
    called.presses("1")
    assert called.hears("We will not call about this again")
    assert notices(hotline) == [("confirmed", None)]
    assert sweeps(hotline, hours=1) == []


def test_nobody_is_called_where_the_office_did_not_decide_so(
    registered: Registering, hotline: Hotline
) -> None:
    hotline.office = make_office()
    registered("in_custody")

    assert falls_silent(hotline) == []
    assert notices(hotline) == []


@ON_SQLITE
@pytest.mark.parametrize(
    ("status", "record"),
    [("released", {"releasable": False}), ("unknown", {}), (None, {}), ("deceased", {}), ("escaped", {})],
    ids=["denied", "unknown", "no record", "died", "escaped"],
)
def test_words_are_the_same_whatever_the_record_says(
    phone: Phone, registered: Registering, hotline: Hotline, status: str | None, record: dict[str, Any]
) -> None:
    registered("in_custody")
    registered(status, phones=(SECOND_PERSON,), **({"record": record} if record else {}))
    falls_silent(hotline)
    sweeps(hotline, seconds=10)

    plain = hears_it(phone.another(), hotline, FIRST)
    other = hears_it(phone.another(), hotline, SECOND_PERSON)
    for called in (plain, other):
        called.presses("1")

    assert NO_NEWS in plain.heard_so_far
    assert other.heard_so_far == plain.heard_so_far
    assert notices(hotline) == [("confirmed", None)] * 2


def test_feed_that_is_back_before_the_call_stops_it(registered: Registering, hotline: Hotline) -> None:
    registered("in_custody")
    hotline.clock.passes(hours=9)
    # Nine in the evening at the office: the message waits for the morning.
    assert falls_silent(hotline) == []
    assert notices(hotline) == [("waiting", None)]

    feed_confirms(hotline)
    sweeps(hotline, minutes=2)

    assert notices(hotline) == [("stopped", "replaced")]


def test_person_who_answers_when_the_feed_is_back_hears_that_the_call_is_over(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("in_custody")
    falls_silent(hotline)
    called = picks_up(phone, hotline)
    feed_confirms(hotline)
    called.presses("1")

    assert NO_NEWS not in called.heard_so_far
    assert notices(hotline) == [("stopped", "replaced")]


def test_next_silence_is_told_again(phone: Phone, registered: Registering, hotline: Hotline) -> None:
    registered("in_custody")
    falls_silent(hotline)
    hears_it(phone, hotline).presses("1")
    hotline.clock.passes(hours=17)

    assert falls_silent(hotline) == [FIRST]


@pytest.mark.parametrize("state", ["paused", "stopped"])
def test_person_who_wants_no_calls_is_not_called(
    registered: Registering, hotline: Hotline, state: str
) -> None:
    made = registered("in_custody")
    made.changes(Registration, state=state, paused_until=hotline.clock.now + timedelta(days=2))

    assert falls_silent(hotline) == []
    assert notices(hotline) == []


def test_person_who_never_answers_is_no_task_of_staff(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("in_custody")
    falls_silent(hotline)
    for _ in range(15):
        if hotline.carrier.ringing:
            hotline.declines(phone)
        sweeps(hotline, hours=4)

    assert notices(hotline) == [("stopped", "unconfirmed")]
    assert hotline.rows(select(Callback)) == []


def test_real_news_is_called_about_beside_it(phone: Phone, registered: Registering, hotline: Hotline) -> None:
    """Each is confirmed by its own words."""
    made = registered("released")
    falls_silent(hotline)
    made.is_due()
    hears_it(phone, hotline).presses("1")
    assert sorted(notices(hotline)) == [("confirmed", None), ("waiting", None)]

    assert sweeps(hotline, seconds=10) == [FIRST]
    called = hears_it(phone, hotline)
    called.presses("1")
    assert called.hears("released")
    called.presses("1")

    assert notices(hotline) == [("confirmed", None)] * 2


def test_caller_with_the_pin_leaves_it_to_our_call(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    made = registered("released")
    falls_silent(hotline)
    hotline.declines(phone)
    opens_the_case(phone, made.case)
    phone.presses("1")

    assert NO_NEWS not in phone.heard_so_far
    assert notices(hotline) == [("waiting", None)]
    assert hotline.row(select(Notice)).said_at is None
