"""Redis is down for the whole of a call, and of the callback that it asked for: nobody notices."""

from collections.abc import Callable
from datetime import timedelta

from models import Staff
from tests.calls.callbacks.test_callbacks import the_callback
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import opens_the_case
from tests.factories import MadeCase
from tests.phone import Phone
from workers.sweeper import sweep

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]


def test_caller_notices_nothing_with_redis_down_for_the_whole_of_a_call(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    def sweeps() -> None:
        clock.now += timedelta(seconds=3)
        sweep(
            hotline.database, hotline.jobs, hotline.carrier, hotline.office, clock.now, lambda _seconds: None
        )

    make_staff()
    case = make_case(custody_status="in_custody")
    hotline.jobs.is_down = True

    opens_the_case(phone, case)
    assert phone.hears("in custody", "To be called back, press 2")
    phone.presses("2")
    phone.presses("1")
    assert phone.hears("We will call you")
    assert phone.does_not_hear("problem", "try again", "sorry")
    phone.hangs_up()

    sweeps()
    liaison = phone.answers(hotline.carrier.ringing[-1])
    liaison.presses("1")
    sweeps()
    called = phone.answers(hotline.carrier.ringing[-1])
    called.presses("1")
    assert called.is_talking
    # Nobody could fetch the liaison; they poll themselves within seconds.
    liaison.says_nothing()
    assert liaison.is_talking
    called.hangs_up()
    assert (the_callback(hotline).state, hotline.jobs.waiting) == ("reached", [])
