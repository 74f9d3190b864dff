"""0 while no worker and no sweeper lives: the caller's own call rings the office's number (R36, R39)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from config.office import Office
from models import Call, Callback, LineWait, Staff
from models.store.heartbeat import SILENT, Pulse
from tests.calls.at_0.talking import FIRST, held_legs
from tests.calls.at_0.waiting import outcomes
from tests.calls.conftest import Clock, House
from tests.calls.stories import opens_the_case, reaches_the_first_menu
from tests.factories import MadeCase, make_office
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
DISCREET = "+12025550101"


def _lose(house: House, *lost: str) -> None:
    """Let these roles show no sign of life for 30 s, while the others go on."""
    roles = "web", "worker", "sweeper"
    with house.database.transaction() as session:
        pulses = {role: Pulse(role) for role in roles}
        for pulse in pulses.values():
            pulse.beat(session, house.clock.now)
        house.clock.now += SILENT
        for role in set(roles) - set(lost):
            pulses[role].beat(session, house.clock.now)


@pytest.mark.parametrize(
    ("language", "before", "after"),
    [
        ("1", "I am calling someone for you", "This call is over. If we were cut off, call again"),
        ("2", "Estoy llamando a una persona", "La llamada terminó"),
    ],
)
def test_caller_at_0_talks_with_the_office_when_no_worker_and_no_sweeper_lives(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, language: str, before: str,
    after: str,
) -> None:  # fmt: skip
    make_staff(phone=FIRST)
    _lose(house, "worker", "sweeper")
    opens_the_case(phone, make_case(custody_status="in_custody"), language)

    phone.presses("0")

    assert phone.hears(before)
    assert phone.rings == (house.office.person_number,)
    assert (house.jobs.waiting, held_legs(house), house.rows(select(LineWait))) == ([], [], [])
    office = phone.answers()
    assert (phone.is_talking, office.is_talking) == (True, True)
    office.hangs_up()
    assert phone.hears(after)
    assert phone.is_over


@pytest.mark.parametrize("how", ["busy", "no-answer", "failed"])
def test_caller_at_0_is_promised_a_callback_when_the_office_does_not_answer(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, how: str
) -> None:
    make_staff(phone=FIRST)
    _lose(house, "worker", "sweeper")
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")

    phone.declines(status=how)

    assert phone.hears("No one can answer right now", "as soon as we can, press 1")
    phone.presses("1")
    assert phone.hears("We will call you")
    assert house.row(select(Callback.state)) == "requested"


def test_caller_at_0_hears_the_office_called_when_nobody_is_on_shift_and_nothing_lives(
    phone: Phone, house: House
) -> None:
    _lose(house, "worker", "sweeper")
    reaches_the_first_menu(phone)

    phone.presses("0")

    assert phone.hears("I am calling someone for you")
    assert phone.rings == (house.office.person_number,)


def test_caller_at_0_on_a_discreet_line_hears_neutral_words_while_the_office_is_called(
    phone: Phone, house: House
) -> None:
    _lose(house, "worker", "sweeper")
    phone.dials_in(to=DISCREET)
    phone.presses("1")

    phone.presses("0")

    assert phone.does_not_hear("office", "case", "crime", house.office.name["en"])
    assert phone.rings == (house.office.person_number,)


@pytest.mark.parametrize("lost", ["worker", "sweeper"])
def test_caller_at_0_waits_in_line_while_a_worker_or_the_sweeper_lives(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, lost: str
) -> None:
    make_staff(phone=FIRST)
    _lose(house, lost)
    opens_the_case(phone, make_case(custody_status="in_custody"))

    phone.presses("0")

    assert phone.hears("I am calling someone for you")
    assert phone.rings == ()
    assert house.rung() == [FIRST]


class TestAtNight:
    """The office keeps its hours, and no person of it is promised outside of them."""

    @pytest.fixture
    def office(self) -> Office:
        return make_office(always_open=False)

    def test_caller_at_0_is_offered_a_callback_though_nothing_lives(
        self, phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, clock: Clock
    ) -> None:
        make_staff(phone=FIRST)
        clock.passes(hours=12)
        _lose(house, "worker", "sweeper")
        opens_the_case(phone, make_case(custody_status="in_custody"))

        phone.presses("0")

        assert phone.rings == ()
        assert phone.hears("closed", "as soon as we can, press")


def test_caller_in_line_is_put_through_to_the_office_when_nothing_rings_the_liaison(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, clock: Clock
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    # Everything dies now, less than 30 s before anybody can know it.
    clock.passes(seconds=8)
    phone.says_nothing()
    assert phone.hears("calling someone")
    assert phone.rings == ()
    clock.passes(seconds=8)

    phone.says_nothing()

    assert phone.hears("I am calling someone for you")
    assert phone.rings == (house.office.person_number,)
    assert (outcomes(house), held_legs(house)) == (["dialed"], [])
    # A worker that comes to life now rings nobody for a caller who is helped.
    house.jobs.works_off()
    assert house.carrier.placed == []
    phone.lets_ring()
    assert phone.hears("No one can answer right now", "as soon as we can, press 1")


def test_caller_who_hangs_up_while_the_office_is_rung_leaves_nothing_behind(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House, clock: Clock
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    clock.passes(seconds=16)
    phone.says_nothing()

    phone.hangs_up()

    assert held_legs(house) == []
    assert house.rows(select(Call.id).where(Call.ended_at.is_(None))) == []


def test_silence_before_hard_news_writes_an_urgent_callback_when_nothing_can_ring_a_liaison(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, house: House
) -> None:
    make_staff(phone=FIRST)
    _lose(house, "worker", "sweeper")
    opens_the_case(phone, make_case(custody_status="released"))

    phone.says_nothing()
    phone.says_nothing()

    assert phone.hears("We will call you")
    assert (phone.is_over, phone.rings, held_legs(house)) == (True, (), [])
    callback = house.row(select(Callback))
    assert (callback.urgency, callback.reason) == ("urgent", "hard_news")


def test_a_web_process_that_runs_alone_for_30_s_sends_callers_at_0_to_the_office(
    phone: Phone, make_staff: MakeStaff, house: House, clock: Clock
) -> None:
    make_staff(phone=FIRST)
    with house.database.transaction() as session:
        Pulse("web").beat(session, clock.now - timedelta(seconds=31))
    reaches_the_first_menu(phone)

    phone.presses("0")

    assert phone.rings == (house.office.person_number,)
