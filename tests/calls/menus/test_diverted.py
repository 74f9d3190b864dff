"""A call is diverted if a recording answered it and it took no staff time (R38, R42)."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from models import Staff
from models.overview.wallboard.figures import figures
from models.retention.month_figures import count_month
from tests.calls.conftest import Hotline
from tests.calls.stories import talks_at_0
from tests.phone import Phone

MakeStaff = Callable[..., Staff]


def presses(caller: Phone, keys: str) -> None:
    """A caller to the line, in English."""
    caller.dials_in()
    for key in "1" + keys:
        caller.presses(key)


def on_wallboard(hotline: Hotline) -> dict[str, int]:
    """Today's calls that recordings answered, by topic."""
    now = hotline.clock.now
    midnight = now - timedelta(hours=4)
    with hotline.database.reading() as session:
        return dict(
            figures(session, now, midnight=midnight, risk=timedelta(minutes=15), tied_days=30).diverted
        )


def in_month(hotline: Hotline, figure: str) -> dict[str, int]:
    zone = hotline.policy.zone
    with hotline.database.reading() as session:
        counts = count_month(session, f"{hotline.clock.now.astimezone(zone):%Y-%m}", zone)
    found: Counter[str] = Counter()
    for (name, _, detail), count in counts.items():
        if name == figure:
            found[detail] += count
    return dict(found)


def test_caller_who_hears_about_tips_and_then_talks_with_a_liaison_is_not_diverted(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    caller = phone.another()
    presses(caller, "42")
    assert caller.hears("This line cannot take tips")
    assert on_wallboard(hotline) == in_month(hotline, "calls_diverted") == {"report_tip": 1}

    caller.presses("0")
    talks_at_0(phone, hotline, caller)

    assert on_wallboard(hotline) == in_month(hotline, "calls_diverted") == {}


def test_caller_who_hears_about_crimes_and_then_is_promised_a_callback_is_not_diverted(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    presses(phone, "41121")
    phone.presses("1")

    assert phone.hears("call you")
    assert on_wallboard(hotline) == in_month(hotline, "calls_diverted") == {}
    assert in_month(hotline, "calls_topic") == {"callback": 1}


def test_caller_who_looks_at_the_menu_of_reports_again_counts_by_what_they_heard(
    phone: Phone, make_staff: MakeStaff, hotline: Hotline
) -> None:
    make_staff()
    presses(phone, "4214")
    phone.hangs_up()

    assert on_wallboard(hotline) == in_month(hotline, "calls_diverted") == {"report_tip": 1}
