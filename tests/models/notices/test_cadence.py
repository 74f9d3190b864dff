"""When a notice rings which phone: for any phones, windows, nights, caps and moments (R28, R29)."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from models.cases.daily_window import DailyWindow
from models.notices.cadence import AllowedPhone, Course, Ring, may_ring, next_ring
from tests.factories import make_policies

POLICIES = replace(make_policies(), always_open=False)
NOW = datetime(2026, 11, 25, 15, 0, tzinfo=UTC)
ZONES = ("America/New_York", "America/Los_Angeles", "Pacific/Honolulu", "America/St_Johns")
TASKS = {"cap", "no_phone", "unconfirmed"}

#: Around the end of daylight saving time in the United States.
moments = st.integers(0, 15 * 24 * 60).map(
    lambda ran: datetime(2026, 10, 25, tzinfo=UTC) + timedelta(minutes=ran)
)
hours = st.builds(time, st.integers(0, 23), st.sampled_from((0, 30)))
windows = st.none() | st.builds(DailyWindow, hours, hours)


@st.composite
def phones_at(draw: st.DrawFn, now: datetime) -> list[AllowedPhone]:
    """Up to three phones of one registrant."""
    found = []
    for number in range(draw(st.integers(0, 3))):
        ago = st.integers(0, 3000).map(lambda minutes: now - timedelta(minutes=minutes))
        placed = tuple(sorted(draw(st.lists(ago, max_size=5))))
        found.append(
            AllowedPhone(
                number + 1, draw(windows), draw(st.booleans()), draw(st.integers(1, 4)), placed,
                len(placed), placed[-1] if placed else None,
                draw(st.none() | st.integers(-60, 300).map(lambda ahead: now + timedelta(minutes=ahead))),
                draw(st.booleans()),
            )
        )  # fmt: skip
    return found


@st.composite
def situations(draw: st.DrawFn) -> tuple[Course, list[AllowedPhone], str, datetime]:
    """A notice at any point of its course."""
    now = draw(moments)
    made_at = now - timedelta(minutes=draw(st.integers(0, 2000)))
    later = draw(st.none() | st.integers(-60, 300))
    course = Course(
        draw(st.booleans()), draw(st.booleans()), made_at, draw(st.integers(0, 15)),
        None if later is None else now + timedelta(minutes=later),
    )  # fmt: skip
    return course, draw(phones_at(now)), draw(st.sampled_from(ZONES)), now


def is_allowed(course: Course, phone: AllowedPhone, zone: str, at: datetime) -> bool:
    """Written from R28 and R29 alone: in the hours and the phone's window, or at night if it is urgent.

    Whoever agreed to "at any hour" is called at any hour about urgent news.
    """
    if course.is_urgent and phone.any_hour:
        return True
    local = at.astimezone(ZoneInfo(zone)).time().replace(tzinfo=None)
    by_day = time(8) <= local < time(21)
    if not by_day:
        return course.is_urgent and phone.nights
    if phone.window is None or phone.window.starts == phone.window.ends:
        return True
    starts, ends = phone.window.starts, phone.window.ends
    return starts <= local < ends if starts < ends else local >= starts or local < ends


@given(situations())
def test_no_phone_rings_outside_its_window_a_recorded_no_or_its_cap(
    situation: tuple[Course, list[AllowedPhone], str, datetime],
) -> None:
    course, phones, zone, now = situation

    found = next_ring(course, phones, zone, now, POLICIES)

    if not isinstance(found, Ring):
        assert found in TASKS
        return
    assert found.at >= now
    assert found.phone_ids
    for phone in phones:
        if phone.phone_id in found.phone_ids:
            assert is_allowed(course, phone, zone, found.at)
            assert phone.not_before is None or found.at >= phone.not_before
            assert sum(at > found.at - timedelta(hours=24) for at in phone.placed) < phone.cap
    if course.not_before is not None:
        assert found.at >= course.not_before


@given(situations())
def test_leg_that_waited_rings_only_at_a_moment_that_is_allowed(
    situation: tuple[Course, list[AllowedPhone], str, datetime],
) -> None:
    course, phones, zone, now = situation

    for phone in phones:
        if may_ring(course, phone, zone, now, POLICIES):
            assert is_allowed(course, phone, zone, now)


@given(situations())
def test_every_notice_ends_in_a_call_or_a_task(
    situation: tuple[Course, list[AllowedPhone], str, datetime],
) -> None:
    course, phones, zone, now = situation
    for _ in range(60):
        found = next_ring(course, phones, zone, now, POLICIES)
        if not isinstance(found, Ring):
            return
        now = found.at
        phones = [
            replace(one, placed=(*one.placed, now), tries=one.tries + 1, last_try_at=now, not_before=None)
            if one.phone_id in found.phone_ids
            else one
            for one in phones
        ]
        course = Course(course.is_urgent, course.at_once, course.made_at, course.tries + 1)
    raise AssertionError("the line calls without end")


def test_capped_phone_gives_way_to_one_that_may_ring_now() -> None:
    course = Course(is_urgent=True, at_once=False, made_at=NOW, tries=0)
    capped = AllowedPhone(1, None, nights=True, cap=1, placed=(NOW,))
    free = AllowedPhone(2, None, nights=True, cap=1)

    assert next_ring(course, [capped, free], ZONES[0], NOW, POLICIES) == Ring(NOW, (2,))
    assert next_ring(course, [capped], ZONES[0], NOW, POLICIES) == "cap"


def test_cap_spent_on_other_news_delays_an_escape_only_until_it_allows_a_call() -> None:
    course = Course(is_urgent=True, at_once=True, made_at=NOW, tries=0)
    before = tuple(NOW - timedelta(hours=ago) for ago in (2, 10, 9))
    capped = [AllowedPhone(number, None, nights=True, cap=2, placed=before) for number in (1, 2)]

    ring = next_ring(course, capped, ZONES[0], NOW, POLICIES)

    assert ring == Ring(NOW + timedelta(hours=15), (1, 2), by_cap=True)
    plain = replace(course, is_urgent=False, at_once=False)
    assert next_ring(plain, capped, ZONES[0], NOW, POLICIES) == "cap"


def test_cap_that_would_delay_an_escape_until_the_window_of_another_phone_makes_a_task() -> None:
    course = Course(is_urgent=True, at_once=True, made_at=NOW, tries=0)
    capped = AllowedPhone(1, None, nights=True, cap=1, placed=(NOW,))
    later = AllowedPhone(2, DailyWindow(time(18), time(20)), nights=False, cap=5)

    ring = next_ring(course, [capped, later], ZONES[0], NOW, POLICIES)
    assert isinstance(ring, Ring)
    assert (ring.phone_ids, ring.by_cap) == ((2,), True)
