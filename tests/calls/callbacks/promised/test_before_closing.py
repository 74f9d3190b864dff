"""The hour that is promised just before the office closes is kept, or the next morning is told (R36)."""

from datetime import UTC, datetime, time, timedelta

import pytest

from config.office import Office
from tests.calls.callbacks.promised.promises import (
    CRISIS,
    MakeCase,
    MakeStaff,
    is_afraid,
    is_promised,
    others_wait,
)
from tests.calls.callbacks.test_callbacks import accepted_by
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import asks_very_soon, opens_the_case, works
from tests.conftest import ON_BOTH
from tests.factories import make_office
from tests.phone import Phone
from workers.sweeper import sweep


class TestBeforeTheOfficeCloses:
    """The office works from eight to eight."""

    @pytest.fixture
    def office(self) -> Office:
        return make_office(always_open=False)

    @pytest.fixture
    def now(self) -> datetime:
        """Ten minutes before the office closes."""
        return datetime(2026, 11, 25, 0, 50, tzinfo=UTC)

    def test_caller_is_promised_the_next_morning_when_nobody_is_there_to_take_it(
        self, phone: Phone, hotline: Hotline
    ) -> None:
        is_afraid(phone)

        is_promised(hotline, phone, "tomorrow at 9:00 AM", datetime(2026, 11, 25, 14, 0, tzinfo=UTC))

    def test_caller_whom_we_cannot_reach_before_closing_is_promised_the_next_morning(
        self, phone: Phone, make_staff: MakeStaff, hotline: Hotline
    ) -> None:
        self._works_until_eight(hotline, make_staff)
        others_wait(hotline, 2)

        is_afraid(phone)

        is_promised(hotline, phone, "tomorrow at 9:00 AM", datetime(2026, 11, 25, 14, 0, tzinfo=UTC))

    @ON_BOTH
    def test_caller_is_promised_the_hour_when_somebody_is_on_call_this_night(
        self, phone: Phone, make_staff: MakeStaff, hotline: Hotline
    ) -> None:
        self._works_until_eight(hotline, make_staff)
        works(hotline, make_staff(on_shift=False), "on_call", time(20), time(8), range(7))
        others_wait(hotline, 2)

        is_afraid(phone)

        assert phone.hears("8:50 PM")
        assert phone.does_not_hear("crisis")

    def test_first_caller_is_promised_the_hour_just_before_closing_too(
        self, phone: Phone, make_staff: MakeStaff, hotline: Hotline
    ) -> None:
        self._works_until_eight(hotline, make_staff)

        is_afraid(phone)

        assert phone.hears("8:50 PM")
        assert phone.does_not_hear("crisis")

    @pytest.mark.parametrize("language", ["1", "2"])
    def test_frightened_caller_of_the_last_minute_hears_when_somebody_is_there_to_call_them(
        self, phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock, language: str
    ) -> None:
        """They listened to "no later than today at 8:59 PM"; then the office was closed, and nothing rang."""
        clock.passes(minutes=9, seconds=25)
        self._works_until_eight(hotline, make_staff)

        is_afraid(phone, language=language)

        at_nine = {"1": "tomorrow at 9:00 AM", "2": "mañana a las 9:00 de la mañana"}[language]
        is_promised(hotline, phone, at_nine, datetime(2026, 11, 25, 14, 0, tzinfo=UTC), language)

    def test_caller_while_we_are_too_late_for_this_evening_hears_of_the_next_morning(
        self, phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
    ) -> None:
        self._works_until_eight(hotline, make_staff)
        others_wait(hotline, 1, due_at=clock.now - timedelta(minutes=28))

        is_afraid(phone)

        is_promised(hotline, phone, "tomorrow at 9:00 AM", datetime(2026, 11, 25, 14, 0, tzinfo=UTC))

    def test_caller_behind_many_night_requests_is_promised_a_later_hour_of_the_morning(
        self, phone: Phone, hotline: Hotline, clock: Clock
    ) -> None:
        clock.passes(hours=3)
        others_wait(hotline, 15, due_at=datetime(2026, 11, 25, 14, 0, tzinfo=UTC))

        is_afraid(phone)

        is_promised(hotline, phone, "tomorrow at 10:00 AM", datetime(2026, 11, 25, 15, 0, tzinfo=UTC))

    @staticmethod
    def _works_until_eight(hotline: Hotline, make_staff: MakeStaff) -> None:
        works(hotline, make_staff(), "on_shift", time(8), time(20))

    @ON_BOTH
    @pytest.mark.parametrize("language", ["1", "2"])
    def test_frightened_person_who_missed_our_call_hears_the_true_time_once_nobody_is_there_for_the_next(
        self,
        phone: Phone,
        make_case: MakeCase,
        make_staff: MakeStaff,
        hotline: Hotline,
        clock: Clock,
        language: str,
    ) -> None:
        """The next day is a holiday, too: they heard tonight's hour again, and nothing rang for 36 hours."""
        clock.now = datetime(2026, 11, 26, 0, 40, tzinfo=UTC)
        self._works_until_eight(hotline, make_staff)
        case = make_case(custody_status="in_custody")
        asks_very_soon(phone, case, language=language)
        assert phone.hears("8:40")
        phone.hangs_up()
        phone.declines(accepted_by(phone, hotline)[1], "no-answer")
        self._night_falls(hotline)

        again = phone.another()
        opens_the_case(again, case, language=language)
        again.presses("2")
        friday = {"1": "Friday, November 27 at 9:00 AM", "2": "viernes 27 de noviembre a las 9:00"}
        cannot = {"1": "We cannot call you by the time that we told you", "2": "No podemos llamarle"}
        assert again.hears(cannot[language], friday[language], CRISIS[language])
        again.presses("1")
        assert again.hears(friday[language], CRISIS[language])

    @staticmethod
    def _night_falls(hotline: Hotline) -> None:
        for _ in range(25):
            hotline.clock.passes(minutes=1)
            sweep(
                hotline.database, hotline.jobs, hotline.carrier, hotline.office, hotline.clock.now,
                lambda _seconds: None,
            )  # fmt: skip
