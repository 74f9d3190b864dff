"""A call "as soon as we can" is promised for a day on which somebody is there to make it (R35, R36)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select, update

from config.office import Office
from models import Alert, Callback, Staff
from models import Phone as PhoneRow
from models.overview.wallboard.needs_person import needs
from models.staff.schedule import Absence, remove_absence
from tests.calls.callbacks.promised.test_part_of_day import DAY, first_ring, is_away
from tests.calls.conftest import Hotline
from tests.calls.stories import opens_the_case, works
from tests.factories import MadeCase, make_duress_pin, make_office
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
HERE = "+12025550144"
MONDAY = date(2026, 12, 7)
ON_TUESDAY = {
    "1": "no later than Tuesday, December 8 at 8:00 PM",
    "2": "a más tardar el martes 8 de diciembre a las 8:00",
}
ON_MONDAY = "no later than Monday, December 7 at 8:00 PM"
APOLOGY = "We cannot call you by the time that we told you. We are sorry."


@pytest.fixture
def office() -> Office:
    """Open from 8 AM to 8 PM Eastern Time."""
    return make_office(always_open=False)


@pytest.fixture
def now() -> datetime:
    """A Friday, 5 PM in the office, after the only liaison went home."""
    return datetime(2026, 12, 4, 22, 0, tzinfo=UTC)


@pytest.fixture
def liaison(hotline: Hotline, make_staff: MakeStaff) -> Staff:
    """They work from nine to four."""
    person = make_staff(on_shift=False)
    works(hotline, person, "on_shift", *DAY)
    return person


def asks(phone: Phone, case: MadeCase | None, language: str = "1", *, keeps: bool = False) -> None:
    """The caller asks for a call as soon as we can, with the PIN or without one; or hears of it again."""
    if case is None:
        phone.dials_in()
        phone.presses(language)
        phone.presses("2")
    else:
        opens_the_case(phone, case, language=language)
        phone.presses("2")
        if keeps:
            return
    phone.presses("1")
    if case is None:
        phone.presses("1")


@pytest.mark.parametrize(("has_pin", "language"), [(True, "1"), (False, "2")])
def test_call_is_promised_for_the_next_day_on_which_somebody_works(
    phone: Phone, make_case: MakeCase, liaison: Staff, hotline: Hotline, has_pin: bool, language: str
) -> None:
    """They heard Monday, with the only liaison away, and nobody called before Tuesday."""
    is_away(hotline, liaison, MONDAY, MONDAY)

    asks(phone, make_case("in_custody", phone=CALLER) if has_pin else None, language)

    assert phone.hears(ON_TUESDAY[language])
    assert hotline.row(select(Callback)).due_at == datetime(2026, 12, 9, 1, 0, tzinfo=UTC)
    assert first_ring(hotline, phone, 100) == datetime(2026, 12, 8, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize("language", ["1", "2"])
def test_person_whose_liaison_fell_ill_hears_the_true_day_in_the_next_call(
    phone: Phone, make_case: MakeCase, liaison: Staff, hotline: Hotline, language: str
) -> None:
    case = make_case("in_custody", phone=CALLER)
    asks(phone, case)
    assert phone.hears(ON_MONDAY)
    phone.hangs_up()
    is_away(hotline, liaison, MONDAY, MONDAY)
    again = phone.another()

    asks(again, case, language, keeps=True)

    sorry = {"1": APOLOGY, "2": "No podemos llamarle a la hora que le dijimos. Lo sentimos."}
    assert again.hears(sorry[language], ON_TUESDAY[language])
    assert again.does_not_hear("Monday", "lunes")


@pytest.mark.parametrize("pin", ["their own", "denied", "duress"])
@pytest.mark.parametrize("language", ["1", "2"])
def test_no_day_is_promised_for_a_phone_whose_hours_nobody_works(
    phone: Phone, make_case: MakeCase, liaison: Staff, hotline: Hotline, pin: str, language: str
) -> None:
    """They heard "no later than Monday at 8:00 PM" in each call, and no phone ever rang."""
    case = make_case("in_custody", phone=CALLER, record={"releasable": pin != "denied"})
    with hotline.database.transaction() as session:
        session.execute(update(PhoneRow).values(window_starts=time(17), window_ends=time(19)))
        case = make_duress_pin(session, case, now=hotline.clock.now) if pin == "duress" else case

    asks(phone, case, language)

    no_day = {
        "1": ("We will call you as soon as we can, but we cannot say when", "crisis line, at 988"),
        "2": ("Le llamaremos en cuanto podamos, pero no podemos decir cuándo", "suicidio, al 988"),
    }
    assert phone.hears(*no_day[language])
    assert phone.does_not_hear("no later than", "a más tardar")
    phone.hangs_up()
    again = phone.another()
    asks(again, case, language, keeps=True)
    assert again.hears(*no_day[language])
    assert again.does_not_hear("no later than", "a más tardar")
    # Somebody who is afraid opens the hours of that phone.
    again.presses("3")
    assert again.hears(
        {"1": "no later than Monday, December 7 at 10:00 AM", "2": "lunes 7 de diciembre"}[language]
    )


@pytest.mark.usefixtures("liaison")
@pytest.mark.parametrize("who", ["with the PIN", "a stranger"])
def test_supervisor_is_told_at_once_of_a_callback_that_nobody_is_there_to_make(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline, who: str
) -> None:
    """They were told ten minutes before the end of the next day, and nobody could come by then."""
    make_staff(role="supervisor", phone="+12025550179", on_shift=False)
    case = make_case("in_custody", phone=CALLER)
    with hotline.database.transaction() as session:
        session.execute(update(PhoneRow).values(window_starts=time(17), window_ends=time(19)))
    for _ in range(2):
        caller = phone.another()
        if who == "a stranger":
            caller.dials_in(from_="+16715550123")
            for key in ("1", "2", "1", "1"):
                caller.presses(key)
        else:
            asks(caller, case)
        assert caller.hears("we cannot say when")
        caller.hangs_up()
        hotline.clock.passes(minutes=15)
        hotline.sweeps()

    assert hotline.rows(select(Alert.level)) == ["supervisor_before", "supervisor_before"]
    assert hotline.rows(select(Alert.promises)) == [1, 1]
    now = hotline.clock.now
    with hotline.database.reading() as session:
        shown = needs(
            session, now, day=now.date(), risk=timedelta(minutes=30), soon=timedelta(minutes=15),
            pin_request_life=timedelta(hours=72),
        )  # fmt: skip
    assert [one.id for one in shown.promises] == hotline.rows(select(Callback.id))


def test_supervisor_is_told_at_once_when_the_only_liaison_falls_ill_and_not_when_they_are_back(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, liaison: Staff, hotline: Hotline
) -> None:
    """The promise was Monday evening, and supervisors were told ten minutes before."""
    make_staff(role="supervisor", phone="+12025550179", on_shift=False)
    asks(phone, make_case("in_custody", phone=CALLER))
    assert phone.hears(ON_MONDAY)
    phone.hangs_up()
    hotline.clock.passes(minutes=2)
    hotline.sweeps()
    assert hotline.rows(select(Alert.level)) == []

    is_away(hotline, liaison, MONDAY, MONDAY)
    hotline.clock.passes(minutes=2)
    for _ in range(2):
        hotline.sweeps()

    assert set(hotline.rows(select(Alert.level))) == {"supervisor_before"}
    with hotline.database.transaction() as session:
        remove_absence(
            session, session.scalars(select(Absence.id)).one(), actor="test", now=hotline.clock.now
        )
    hotline.clock.passes(minutes=2)
    hotline.sweeps()
    assert hotline.row(select(Callback.warned)) == 0


@pytest.mark.usefixtures("liaison")
def test_person_who_asks_again_for_hours_in_which_we_are_closed_is_one_task_for_staff(
    phone: Phone, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    """Each asking made another task, and another text to supervisors."""
    make_staff(role="supervisor", phone="+12025550179", on_shift=False)
    case, other = make_case("in_custody", phone=CALLER), make_case("in_custody", phone=HERE)
    with hotline.database.transaction() as session:
        session.execute(update(PhoneRow).values(window_starts=time(20), window_ends=time(21)))
    for one, number in ((other, HERE), (case, CALLER), (case, CALLER), (case, CALLER)):
        caller = phone.another()
        opens_the_case(caller, one, from_=number)
        for key in ("2", "1"):
            caller.presses(key)
        assert caller.hears("we cannot say when")
        caller.hangs_up()
        for _ in range(2):
            hotline.clock.passes(minutes=11)
            hotline.sweeps()

    rows = hotline.rows(select(Callback).order_by(Callback.id))
    left, cancelled = "left_for_staff", "cancelled"
    assert [one.state for one in rows] == [left, cancelled, cancelled, left]
    assert (rows[3].requested_at, rows[3].due_at) == (rows[1].requested_at, rows[1].due_at)
    assert sorted(hotline.rows(select(Alert.promises).where(Alert.level == left))) == [1, 2]


@pytest.mark.parametrize("hours", [(17, 19), (20, 21)], ids=["nobody on shift", "office closed"])
@pytest.mark.parametrize("language", ["1", "2"])
@pytest.mark.usefixtures("liaison")
def test_such_a_callback_is_told_alike_after_the_duress_pin_and_for_a_denied_case(
    phone: Phone, make_case: MakeCase, hotline: Hotline, language: str, hours: tuple[int, int]
) -> None:
    """With the office closed in those hours only the denied case's was left for staff, and the words told."""
    starts, ends = map(time, hours)
    denied = make_case("in_custody", phone=HERE, record={"releasable": False})
    real = make_case("in_custody", phone=CALLER, record={"releasable": False})
    with hotline.database.transaction() as session:
        session.execute(update(PhoneRow).values(window_starts=starts, window_ends=ends))
        duress = make_duress_pin(session, real, now=hotline.clock.now)

    for _ in range(3):
        heard = []
        for case, number in ((duress, CALLER), (denied, HERE)):
            caller = phone.another()
            opens_the_case(caller, case, language, from_=number)
            for key in ("2", "1"):
                caller.presses(key)
            caller.hangs_up()
            heard.append(caller.heard_so_far)
        assert heard[0] == heard[1]
        for _ in range(2):
            hotline.clock.passes(minutes=6)
            hotline.sweeps()
            hotline.jobs.works_off()


def test_caller_without_a_pin_whose_zone_sleeps_while_we_work_is_promised_no_day(
    phone: Phone, liaison: Staff, hotline: Hotline
) -> None:
    """In Guam it is ten at night when the office opens, and six in the morning when its liaison goes home."""
    phone.dials_in(from_="+16715550123")
    for key in ("1", "2", "1", "1"):
        phone.presses(key)

    assert phone.hears("We will call you as soon as we can, but we cannot say when", "crisis line, at 988")
    assert phone.does_not_hear("no later than")
