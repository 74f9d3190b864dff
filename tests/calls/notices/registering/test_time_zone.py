"""A callback that was promised before rings by the clock of the zone that its person sets after it (R29)."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from config.office import Office
from models import Callback, Case, Registrant, Staff
from models.overview.case_change import Details, change_details
from models.overview.case_opening import Grounds
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, sweeps
from tests.calls.notices.registering.conftest import calls
from tests.calls.stories import opens_the_case, reaches_the_first_menu, works
from tests.conftest import ON_SQLITE
from tests.factories import MadeCase, make_office
from tests.phone import CALLER, Phone

MakeStaff = Callable[..., Staff]
LOS_ANGELES = "America/Los_Angeles"
#: About changes, by a code, to the choice of the hour where the caller is; three hours earlier is right, one
#: of them by two names.
TO_THE_ZONE = ("2", CODE, CODE, "4", "3")
IS_IN_LOS_ANGELES = ("2", "2", "2", "2", "1")


class Signed(NamedTuple):
    """A signed-in staff member."""

    staff_id: int
    email: str
    role: str


@pytest.fixture
def office() -> Office:
    """The office of New York works from eight to eight."""
    return make_office(always_open=False)


@pytest.fixture
def now() -> datetime:
    """Tuesday at nine in the evening in New York."""
    return datetime(2026, 12, 2, 2, 0, tzinfo=UTC)


@pytest.fixture
def liaison(make_staff: MakeStaff, hotline: Hotline) -> Staff:
    """A liaison who works from eight to eight."""
    ana = make_staff(on_shift=False)
    works(hotline, ana, "on_shift", time(8), time(20))
    return ana


def first_ring(hotline: Hotline, phone: Phone) -> datetime:
    """When the person's phone rings first, if the liaison takes what the line offers at once."""
    for _ in range(24 * 12):
        sweeps(hotline, minutes=5)
        if hotline.carrier.ringing:
            phone.another().answers(hotline.carrier.ringing[-1]).presses("1")
            hotline.jobs.works_off()
        if any(call.to == CALLER for call in hotline.carrier.ringing):
            return hotline.clock.now.astimezone(ZoneInfo(LOS_ANGELES))
    raise AssertionError("The phone never rang.")


@ON_SQLITE
@pytest.mark.usefixtures("liaison")
def test_callback_promised_before_the_hour_was_set_rings_by_the_hour_where_the_person_is(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    """They heard "by the time where you are", and the phone rang at five in the morning there."""
    caller = calls(phone, case, "2", "1", "3", *TO_THE_ZONE, *IS_IN_LOS_ANGELES)
    assert caller.hears("We will call by the time where you are")
    caller.hangs_up()

    assert first_ring(hotline, phone).hour == 8


@ON_SQLITE
@pytest.mark.usefixtures("liaison")
def test_callback_rings_by_the_hour_that_staff_set_on_the_case_page(
    phone: Phone, case: MadeCase, hotline: Hotline, liaison: Staff
) -> None:
    calls(phone, case, "2", "1").hangs_up()
    with hotline.database.transaction() as session:
        person = Signed(liaison.id, liaison.email, "liaison")
        row = session.get_one(Case, case.id)
        change_details(
            session, person, row, Details(None, "en", LOS_ANGELES, "normal", mail_safe=False),
            Grounds("verification", "met_in_person", None), hotline.clock.now,
        )  # fmt: skip

    assert first_ring(hotline, phone).hour == 8


@pytest.mark.usefixtures("liaison")
def test_morning_chosen_before_the_hour_was_set_is_the_morning_where_the_person_is(
    phone: Phone, case: MadeCase, hotline: Hotline
) -> None:
    calls(phone, case, "2", "2", "1").hangs_up()
    promised = hotline.row(select(Callback))
    assert promised.window_starts is not None

    caller = calls(phone, case, "2", "1", "3", *TO_THE_ZONE, *IS_IN_LOS_ANGELES)
    assert caller.hears("We will call by the time where you are")
    caller.hangs_up()
    again = calls(phone, case, "2")
    assert again.hears("in the morning")
    again.hangs_up()

    rings_at = first_ring(hotline, phone)
    assert 8 <= rings_at.hour < 12


class TestArizona:
    """Clocks in Phoenix show the hour of Denver in winter, and that of Los Angeles in summer."""

    @pytest.fixture(params=["winter", "summer"])
    def now(self, request: pytest.FixtureRequest) -> datetime:
        month = {"winter": 12, "summer": 7}[request.param]
        return datetime(2026, month, 1, 17, 0, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("language", "name"), [("1", "ten in the morning Arizona time"), ("2", "hora de Arizona")]
    )
    def test_person_in_phoenix_is_asked_by_the_name_of_their_time_and_it_is_kept(
        self, phone: Phone, case: MadeCase, hotline: Hotline, language: str, name: str
    ) -> None:
        """By the hour alone Boise was stored, or Los Angeles: half of the year they were rung at 7 AM."""
        opens_the_case(phone, case, from_=CALLER, language=language)
        for key in ("2", "4", *TO_THE_ZONE):
            phone.presses(key)
        while name not in phone.heard:
            phone.presses("2")
        phone.presses("1")

        assert hotline.row(select(Registrant)).time_zone == "America/Phoenix"

    def test_person_in_los_angeles_or_denver_is_asked_before_one_in_phoenix(
        self, phone: Phone, case: MadeCase, now: datetime
    ) -> None:
        to_it = ("2", "2") if now.month == 12 else ("2", "2", "2", "2")
        caller = calls(phone, case, "2", "4", *TO_THE_ZONE, *to_it)
        assert caller.hears("ten in the morning Mountain Time" if now.month == 12 else "Pacific Time")

        caller.presses("2")
        assert caller.hears("ten in the morning Arizona time")


@pytest.mark.parametrize("language", ["1", "2"])
def test_hour_that_the_caller_was_asked_about_and_left_is_not_theirs(
    phone: Phone, make_case: Callable[..., MadeCase], hotline: Hotline, language: str
) -> None:
    case = make_case(custody_status="in_custody", phone=CALLER)
    opens_the_case(phone, case, language)
    status = phone.heard
    for keys in ("2", "4", *TO_THE_ZONE, "2", "2"):
        phone.presses(keys)
    assert phone.hears({"1": "Mountain Time where you are", "2": "hora de la montaña"}[language])

    for key in ("#", "#", "#", "#", "1"):
        phone.presses(key)

    assert phone.hears({"1": "We will call you", "2": "Le llamaremos"}[language])
    assert hotline.row(select(Callback.time_zone)) == "America/New_York"
    for key in ("1", "1"):
        phone.presses(key)
    # The times of the record are told by the clock of the person's own zone, as before.
    as_of = {
        "1": "That is as of today at 9:00 PM",
        "2": "Así estaba en el registro hoy a las 9:00 de la noche",
    }
    assert as_of[language] in status
    assert phone.hears(as_of[language])


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("1", "We will call you no later than tomorrow at 8:00 PM Eastern Time"),
        ("2", "Le llamaremos a más tardar mañana a las 8:00 de la noche, hora del este"),
    ],
)
def test_caller_without_a_pin_who_leaves_that_question_is_called_by_the_clock_of_their_number(
    phone: Phone, hotline: Hotline, language: str, said: str
) -> None:
    reaches_the_first_menu(phone, language)
    for key in ("2", "1", "2", "3", "3", "#", "2"):
        phone.presses(key)
    assert phone.hears({"1": "about nine in the evening", "2": "las nueve de la noche"}[language])

    for key in ("#", "1"):
        phone.presses(key)

    assert phone.hears(said)
    assert hotline.row(select(Callback.time_zone)) == "America/New_York"
