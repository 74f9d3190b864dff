"""The line promises the hour only while it can keep it, else the true time and a crisis line (R36)."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import select, update

from config.office import Office
from models import Callback, Registrant, Staff
from models.calls.pacing import CALLS, Pace, close_breaker, open_breaker, rest
from models.staff.schedule import WEEKDAYS, set_schedule
from models.store.heartbeat import Pulse
from tests.calls.callbacks.test_callbacks import accepted_by
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import opens_the_case
from tests.conftest import ON_BOTH
from tests.factories import MadeCase, make_call, make_callback, make_case, make_office
from tests.phone import CALLER, Phone
from workers.sweeper import sweep

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
OTHER = "+12025550188"
MAIN, DISCREET, SECOND = "+12025550100", "+12025550101", "+12025550104"
CRISIS = {
    "1": "call the suicide and crisis line, at 988",
    "2": "línea de crisis y prevención del suicidio, al 988",
}


def is_afraid(phone: Phone, from_: str = CALLER, language: str = "1", to: str = MAIN) -> None:
    """Somebody without a case asks to be called because they are afraid."""
    phone.dials_in(from_=from_, to=to)
    for key in (language, "2", "1", "3"):
        phone.presses(key)


def hears_no_hour(phone: Phone, language: str = "1") -> None:
    """The caller hears that our calls do not go out, and a crisis line."""
    no_hour = {
        "1": "We will call you as soon as we can, but we cannot say when",
        "2": "no podemos decir cuándo",
    }
    assert phone.hears(no_hour[language], CRISIS[language])
    assert phone.does_not_hear("no later than", "a más tardar")


def is_refused_from(hotline: Hotline, line: str) -> None:
    """The carrier refuses calls from this number of ours, and from no other."""
    now = hotline.clock.now
    with hotline.database.transaction() as session:
        session.add(Pace(name=line, next_at=now, refused_at=now, refused_code=21210))


@pytest.mark.parametrize("language", ["1", "2"])
@pytest.mark.parametrize(
    "fault",
    ["the account is refused", "the carrier fails", "nothing places calls", "nothing offers them again"],
)
def test_caller_hears_no_hour_but_a_crisis_line_while_our_calls_do_not_go_out(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, language: str, fault: str
) -> None:
    make_staff()
    with hotline.database.transaction() as session:
        if fault == "the account is refused":
            open_breaker(session, CALLS, 20005, hotline.clock.now)
        elif fault == "the carrier fails":
            rest(session, hotline.clock.now, 500)
            hotline.clock.passes(seconds=30)
            rest(session, hotline.clock.now, 500)
        else:
            for role in ("worker", "sweeper"):
                Pulse(role).beat(session, hotline.clock.now)
            hotline.clock.passes(seconds=60)
            if fault == "nothing offers them again":
                Pulse("worker").beat(session, hotline.clock.now)

    is_afraid(phone, language=language)

    hears_no_hour(phone, language)
    assert asked_last(hotline).state == "requested"


@pytest.mark.parametrize("language", ["1", "2"])
def test_person_who_is_called_from_a_number_that_the_carrier_refuses_hears_no_hour(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, language: str
) -> None:
    """They are never called from another number; they heard "no later than 11:00 AM", and nothing rang."""
    make_staff()
    case = make_case(custody_status="in_custody")
    is_refused_from(hotline, DISCREET)
    with hotline.database.transaction() as session:
        session.execute(update(Registrant).values(line=DISCREET))

    opens_the_case(phone, case, language=language)
    for key in ("2", "3"):
        phone.presses(key)
    hears_no_hour(phone, language)
    phone.hangs_up()

    again = phone.another()
    opens_the_case(again, case, language=language)
    again.presses("2")
    hears_no_hour(again, language)
    again.presses("1")
    hears_no_hour(again, language)


def test_person_who_is_called_from_another_number_than_the_refused_one_hears_the_hour(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    is_refused_from(hotline, DISCREET)
    opens_the_case(phone, make_case(custody_status="in_custody"))

    for key in ("2", "3"):
        phone.presses(key)

    assert phone.hears("We will call you no later than today at 11:00 AM")
    assert phone.does_not_hear("crisis")


def test_one_call_that_the_carrier_failed_takes_no_hour_back_nor_does_a_carrier_that_works_again(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    with hotline.database.transaction() as session:
        rest(session, hotline.clock.now, 500)
    is_afraid(phone)
    assert phone.hears("We will call you no later than today at 11:00 AM")
    phone.hangs_up()

    hotline.clock.passes(seconds=30)
    with hotline.database.transaction() as session:
        rest(session, hotline.clock.now, 500)
        close_breaker(session, CALLS, hotline.clock.now)
    again = phone.another()
    is_afraid(again, from_=OTHER)
    assert again.hears("We will call you no later than today at 11:00 AM")


class TestNumberThatTellsAll:
    """The office has another number that may say what it is."""

    @pytest.fixture
    def office(self, office: Office) -> Office:
        return dataclasses.replace(office, lines=(*office.lines, SECOND))

    def test_caller_without_a_pin_hears_no_hour_on_a_number_that_the_carrier_refuses(
        self, phone: Phone, make_staff: MakeStaff, hotline: Hotline
    ) -> None:
        make_staff()
        is_refused_from(hotline, SECOND)

        is_afraid(phone, to=SECOND)
        hears_no_hour(phone)

        elsewhere = phone.another()
        is_afraid(elsewhere, from_=OTHER)
        assert elsewhere.hears("We will call you no later than today at 11:00 AM")


def test_caller_whose_zone_is_not_known_hears_the_zone_of_the_promised_hour(
    phone: Phone, make_staff: MakeStaff
) -> None:
    """At 10:00 in New York a phone of Los Angeles heard "no later than today at 8:00 AM"."""
    make_staff()

    is_afraid(phone, from_="+12135550123")

    assert phone.hears("We will call you no later than today at 11:00 AM Eastern Time")


def test_caller_who_gave_the_pin_hears_the_promised_hour_by_their_own_clock(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff
) -> None:
    make_staff()
    opens_the_case(phone, make_case(custody_status="in_custody", time_zone="America/Los_Angeles"))

    for key in ("2", "3"):
        phone.presses(key)

    assert phone.hears("We will call you no later than today at 8:00 AM.")


def is_promised(
    hotline: Hotline, phone: Phone, clock_time: str, due_at: datetime, language: str = "1"
) -> None:
    """The caller hears the true time and the crisis line, and the row holds exactly that time."""
    assert phone.hears(
        {"1": "We will call you no later than", "2": "Le llamaremos a más tardar"}[language], clock_time
    )
    assert phone.hears(CRISIS[language])
    assert asked_last(hotline).due_at == due_at


def asked_last(hotline: Hotline) -> Callback:
    found = hotline.rows(select(Callback).where(Callback.reason == "afraid").order_by(Callback.id.desc()))
    assert isinstance(found[0], Callback)
    return found[0]


def others_wait(hotline: Hotline, times: int, *, verified: bool = False, **facts: object) -> None:
    """``times`` others asked a while ago, are afraid as well, and nobody has talked with them."""
    now = hotline.clock.now
    asked = {"requested_at": now - timedelta(minutes=5), "due_at": now + timedelta(minutes=55)}
    with hotline.database.transaction() as session:
        for number in range(times):
            make_callback(
                session, make_case(session) if verified else None, phone=f"+120255501{30 + number % 50}",
                urgency="urgent", reason="hard_news", next_attempt_at=now, rank=0 if verified else 3,
                **{**asked, **facts},
            )  # fmt: skip


def is_in_a_talk(hotline: Hotline, person: Staff) -> None:
    with hotline.database.transaction() as session:
        leg = make_call(session, started_at=hotline.clock.now, direction="outbound", role="called_back")
        session.get_one(Staff, person.id).busy_call_id = leg.id


@pytest.mark.parametrize("language", ["1", "2"])
def test_caller_behind_eight_others_and_one_liaison_hears_the_true_time(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock, language: str
) -> None:
    """Everybody was told "within the hour", the twenty-third as well."""
    make_staff()
    others_wait(hotline, 8)

    is_afraid(phone, language=language)

    is_promised(hotline, phone, "11:05", clock.now + timedelta(minutes=65), language)


def test_caller_behind_eight_others_who_still_listen_in_the_slow_pace_hears_the_true_time(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    for number in range(8):
        slow = phone.another()
        slow.dials_in(from_=f"+120255501{30 + number}")
        for key in ("1", "9", "2", "1", "3"):
            slow.presses(key)
        assert slow.hears("We will call you no later than", "11:00")

    is_afraid(phone)

    is_promised(hotline, phone, "11:05", clock.now + timedelta(minutes=65))


def test_caller_behind_seven_others_is_promised_the_hour(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    others_wait(hotline, 7)

    is_afraid(phone)

    assert phone.hears("We will call you no later than", "11:00")
    assert phone.does_not_hear("crisis")
    assert asked_last(hotline).due_at == clock.now + timedelta(minutes=60)


def test_liaison_in_a_talk_counts_as_one_person_ahead(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    is_in_a_talk(hotline, make_staff())
    others_wait(hotline, 7)

    is_afraid(phone)

    is_promised(hotline, phone, "11:05", clock.now + timedelta(minutes=65))


def test_verified_caller_is_not_put_off_by_five_hundred_pranks(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    others_wait(hotline, 200)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    for key in ("2", "3"):
        phone.presses(key)

    assert phone.hears("We will call you no later than", "11:00")
    assert phone.does_not_hear("crisis")


def test_hour_is_not_promised_while_most_recent_waits_took_ninety_minutes(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    with hotline.database.transaction() as session:
        for number in range(25):
            asked_at = clock.now - timedelta(days=1, minutes=number)
            make_callback(
                session, phone="+12025550129", urgency="urgent", reason="hard_news", state="reached",
                requested_at=asked_at, talking_at=asked_at + timedelta(minutes=88),
                closed_at=asked_at + timedelta(minutes=99),
            )  # fmt: skip

    is_afraid(phone)

    is_promised(hotline, phone, "11:30", clock.now + timedelta(minutes=90))


def test_caller_hears_how_late_we_are_while_others_wait_past_their_hour(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    others_wait(hotline, 1, due_at=clock.now - timedelta(minutes=28))

    is_afraid(phone)

    is_promised(hotline, phone, "11:30", clock.now + timedelta(minutes=90))


@pytest.mark.parametrize("language", ["1", "2"])
def test_caller_who_was_promised_the_hour_in_vain_and_calls_again_hears_of_a_crisis_line(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, clock: Clock, language: str
) -> None:
    make_staff(role="supervisor", on_shift=False)
    case = make_case(custody_status="in_custody")
    opens_the_case(phone, case, language=language)
    for key in ("2", "3"):
        phone.presses(key)
    assert phone.does_not_hear("988")
    phone.hangs_up()
    clock.passes(minutes=61)

    opens_the_case(phone, case, language=language)
    phone.presses("2")

    assert phone.hears({"1": "we are late", "2": "vamos con retraso"}[language], CRISIS[language])


def test_person_who_did_not_answer_our_call_makes_nobody_elses_hour_late(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff()
    others_wait(hotline, 1, due_at=clock.now - timedelta(minutes=28), caller_tries=1)

    is_afraid(phone)

    assert phone.hears("11:00")


def test_supervisor_at_the_office_can_keep_the_hour(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(role="supervisor", on_shift=False)

    is_afraid(phone)

    assert phone.hears("11:00")
    assert phone.does_not_hear("crisis")


def test_caller_who_asks_again_without_a_pin_hears_what_a_first_request_of_this_moment_hears(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    """The existing row must not delay the hour of its own asker: the words would reveal it (R35)."""
    make_staff()
    others_wait(hotline, 7)
    is_afraid(phone)
    first = phone.heard
    phone.hangs_up()
    with hotline.database.transaction() as session:
        session.scalars(select(Callback).where(Callback.reason == "afraid")).one().rank = 3
    again = phone.another()

    is_afraid(again)
    assert again.heard == first
    again.hangs_up()
    stranger = phone.another()
    is_afraid(stranger, from_=OTHER)
    is_promised(hotline, stranger, "11:05", clock.now + timedelta(minutes=65))


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
        self, phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
    ) -> None:
        self._works_until_eight(hotline, make_staff)
        make_staff(email="nia@office.example.org", on_shift=False)
        with hotline.database.transaction() as session:
            set_schedule(
                session, "nia@office.example.org", kind="on_call", weekdays=range(len(WEEKDAYS)),
                span=(time(20), time(8)), actor="shell", now=clock.now,
            )  # fmt: skip
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
        ana = make_staff(email="ana@office.example.org")
        with hotline.database.transaction() as session:
            set_schedule(
                session, ana.email, kind="on_shift", weekdays=range(5), span=(time(8), time(20)),
                actor="shell", now=hotline.clock.now,
            )  # fmt: skip

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
        opens_the_case(phone, case, language=language)
        for key in ("2", "3"):
            phone.presses(key)
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
