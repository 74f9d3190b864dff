"""0 while no worker and no sweeper lives: the caller's own call rings the office's number (R36, R39)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from config.office import Office
from models import Call, Callback, QueuedCall, Staff
from models.store.heartbeat import SILENT, Pulse
from tests.calls.at_0.talking import FIRST, held_legs
from tests.calls.at_0.waiting import outcomes
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import opens_the_case, reaches_the_first_menu
from tests.factories import MadeCase, make_office
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
DISCREET = "+12025550101"


def _lose(hotline: Hotline, *lost: str) -> None:
    """These roles show no sign of life for 30 s, while the others go on."""
    roles = "web", "worker", "sweeper"
    with hotline.database.transaction() as session:
        pulses = {role: Pulse(role) for role in roles}
        for pulse in pulses.values():
            pulse.beat(session, hotline.clock.now)
        hotline.clock.now += SILENT
        for role in set(roles) - set(lost):
            pulses[role].beat(session, hotline.clock.now)


@pytest.mark.parametrize(
    ("language", "before", "after"),
    [
        ("1", "I am calling someone for you", "This call is over. If we were cut off, call again"),
        ("2", "Estoy llamando a una persona", "La llamada terminó"),
    ],
)
def test_caller_at_0_talks_with_the_office_when_no_worker_and_no_sweeper_lives(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, language: str, before: str,
    after: str,
) -> None:  # fmt: skip
    make_staff(phone=FIRST)
    _lose(hotline, "worker", "sweeper")
    opens_the_case(phone, make_case(custody_status="in_custody"), language)

    phone.presses("0")

    assert phone.hears(before)
    assert phone.rings == (hotline.office.person_number,)
    assert (hotline.jobs.waiting, held_legs(hotline), hotline.rows(select(QueuedCall))) == ([], [], [])
    office = phone.answers()
    assert (phone.is_talking, office.is_talking) == (True, True)
    office.hangs_up()
    assert phone.hears(after)
    assert phone.is_over


@pytest.mark.parametrize("how", ["busy", "no-answer", "failed"])
def test_caller_at_0_is_promised_a_callback_when_the_office_does_not_answer(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, how: str
) -> None:
    make_staff(phone=FIRST)
    _lose(hotline, "worker", "sweeper")
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")

    phone.declines(status=how)

    assert phone.hears("No one can answer right now", "as soon as we can, press 1")
    phone.presses("1")
    assert phone.hears("We will call you")
    assert hotline.row(select(Callback.state)) == "requested"


def test_caller_at_0_hears_that_the_office_is_called_when_nobody_is_on_shift_and_nothing_lives(
    phone: Phone, hotline: Hotline
) -> None:
    _lose(hotline, "worker", "sweeper")
    reaches_the_first_menu(phone)

    phone.presses("0")

    assert phone.hears("I am calling someone for you")
    assert phone.rings == (hotline.office.person_number,)


def test_caller_at_0_on_a_discreet_line_hears_neutral_words_while_the_office_is_called(
    phone: Phone, hotline: Hotline
) -> None:
    _lose(hotline, "worker", "sweeper")
    phone.dials_in(to=DISCREET)
    phone.presses("1")

    phone.presses("0")

    assert phone.does_not_hear("office", "case", "crime", hotline.office.name["en"])
    assert phone.rings == (hotline.office.person_number,)


@pytest.mark.parametrize("lost", ["worker", "sweeper"])
def test_caller_at_0_waits_in_the_queue_while_a_worker_or_the_sweeper_lives(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, lost: str
) -> None:
    make_staff(phone=FIRST)
    _lose(hotline, lost)
    opens_the_case(phone, make_case(custody_status="in_custody"))

    phone.presses("0")

    assert phone.hears("I am calling someone for you")
    assert phone.rings == ()
    assert hotline.rung() == [FIRST]


class TestAtNight:
    """The office keeps its hours: the line promises none of its people outside of them."""

    @pytest.fixture
    def office(self) -> Office:
        return make_office(always_open=False)

    def test_caller_at_0_outside_office_hours_is_offered_a_callback_when_nothing_lives(
        self, phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
    ) -> None:
        make_staff(phone=FIRST)
        clock.passes(hours=12)
        _lose(hotline, "worker", "sweeper")
        opens_the_case(phone, make_case(custody_status="in_custody"))

        phone.presses("0")

        assert phone.rings == ()
        assert phone.hears("closed", "as soon as we can, press")


def test_caller_in_the_queue_is_put_through_to_the_office_when_nothing_rings_the_liaison(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    # Everything dies now, less than 30 s before the line can know it.
    clock.passes(seconds=8)
    phone.says_nothing()
    assert phone.hears("calling someone")
    assert phone.rings == ()
    clock.passes(seconds=8)

    phone.says_nothing()

    assert phone.hears("I am calling someone for you")
    assert phone.rings == (hotline.office.person_number,)
    assert (outcomes(hotline), held_legs(hotline)) == (["dialed"], [])
    # A worker that starts now rings nobody for a caller who already has help.
    hotline.jobs.works_off()
    assert hotline.carrier.placed == []
    phone.lets_ring()
    assert phone.hears("No one can answer right now", "as soon as we can, press 1")


def test_caller_who_hangs_up_while_the_office_is_rung_leaves_nothing_behind(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(phone=FIRST)
    opens_the_case(phone, make_case(custody_status="in_custody"))
    phone.presses("0")
    clock.passes(seconds=16)
    phone.says_nothing()

    phone.hangs_up()

    assert held_legs(hotline) == []
    assert hotline.rows(select(Call.id).where(Call.ended_at.is_(None))) == []


def test_silence_before_hard_news_writes_an_urgent_callback_when_nothing_can_ring_a_liaison(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff(phone=FIRST)
    _lose(hotline, "worker", "sweeper")
    opens_the_case(phone, make_case(custody_status="released"))

    phone.says_nothing()
    phone.says_nothing()

    assert phone.hears("We will call you")
    assert (phone.is_over, phone.rings, held_legs(hotline)) == (True, (), [])
    callback = hotline.row(select(Callback))
    assert (callback.urgency, callback.reason) == ("urgent", "hard_news")


def test_web_process_that_runs_alone_for_30_s_sends_callers_at_0_to_the_office(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    make_staff(phone=FIRST)
    with hotline.database.transaction() as session:
        Pulse("web").beat(session, clock.now - timedelta(seconds=31))
    reaches_the_first_menu(phone)

    phone.presses("0")

    assert phone.rings == (hotline.office.person_number,)
