"""After a use of the duress PIN the own PIN promises no hour, and those who know are told (R10, R36)."""

from collections.abc import Callable
from datetime import UTC, datetime, time

import pytest
from sqlalchemy import select, update

from config.office import Office
from models import Alert, Callback, Staff, Subject
from models.overview.duress_use import resume_calls
from tests.calls.conftest import Hotline
from tests.calls.stories import opens_the_case, works
from tests.conftest import ON_SQLITE
from tests.factories import MadeCase, make_custody_record, make_duress_pin, make_office
from tests.models.staff.staff_people import Someone
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
AFRAID, EXPRESS = ("2", "3"), ("2", "1")
NO_HOUR = {"1": "We will call you as soon as we can, but we cannot say when", "2": "no podemos decir cuándo"}
CRISIS = {"1": "at 988", "2": "al 988"}
HOUR = ("no later than", "a más tardar")
THREE_AM = datetime(2026, 11, 27, 8, tzinfo=UTC)


class Team:
    """The liaison who knows, a colleague who must not, and the supervisor."""

    def __init__(self, make_staff: MakeStaff) -> None:
        self.knows = make_staff(email="ana@example.org", phone="+12025550171")
        self.colleague = make_staff(email="luis@example.org", phone="+12025550172", on_shift=False)
        self.supervisor = make_staff(
            email="boss@example.org", phone="+12025550174", role="supervisor", on_shift=False
        )


@pytest.fixture
def office() -> Office:
    """An office that is closed at night."""
    return make_office(always_open=False)


@pytest.fixture
def team(make_staff: MakeStaff) -> Team:
    """The people of the office."""
    return Team(make_staff)


@pytest.fixture
def case(make_case: MakeCase) -> MadeCase:
    """The case of a person who is told of somebody in custody."""
    return make_case(custody_status="in_custody", phone=CALLER)


@pytest.fixture
def duress(case: MadeCase, hotline: Hotline) -> MadeCase:
    """The same number with the person's duress PIN."""
    with hotline.database.transaction() as session:
        return make_duress_pin(session, case, now=hotline.clock.now)


def calls(phone: Phone, case: MadeCase, *keys: str, language: str = "1") -> Phone:
    """A whole call with this PIN and these keys."""
    caller = phone.another()
    opens_the_case(caller, case, language)
    for key in keys:
        caller.presses(key)
    caller.hangs_up()
    return caller


def passes(phone: Phone, hotline: Hotline, **time: float) -> list[str]:
    """Time passes, the sweeper and the workers work, and nobody answers; the phones that rang."""
    hotline.clock.passes(**time)
    before = len(hotline.carrier.asked_for)
    for _ in range(3):
        hotline.sweeps()
        hotline.jobs.works_off()
        hotline.clock.passes(seconds=5)
    rung = hotline.carrier.asked_for[before:]
    for call in list(hotline.carrier.ringing):
        phone.another().declines(call, "no-answer")
    return rung


def told(hotline: Hotline, staff: Staff) -> int:
    """How often somebody was told that something is for them alone."""
    mine = (Alert.staff_id == staff.id, Alert.channel == "text", Alert.level == "only_you")
    return len(hotline.rows(select(Alert).where(*mine)))


def changes_to(hotline: Hotline, case: MadeCase, status: str) -> None:
    """The feed brings another status."""
    now = hotline.clock.now
    with hotline.database.transaction() as session:
        subject = session.get_one(Subject, case.subject_id)
        make_custody_record(session, subject, status, status_at=now, as_of=now)


@ON_SQLITE
@pytest.mark.parametrize("language", ["1", "2"])
@pytest.mark.parametrize(
    ("status", "keys"),
    [("in_custody", AFRAID), ("in_custody", EXPRESS), ("escaped", ("1", *EXPRESS))],
    ids=["afraid", "express", "after hard news"],
)
def test_person_whose_calls_are_paused_hears_no_hour_but_a_crisis_line_until_they_resume(
    phone: Phone,
    case: MadeCase,
    duress: MadeCase,
    team: Team,
    hotline: Hotline,
    language: str,
    status: str,
    keys: tuple[str, ...],
) -> None:
    """They heard "no later than today at 1:00 PM", and no phone rang."""
    calls(phone, duress)
    passes(phone, hotline, hours=1)
    changes_to(hotline, case, status)

    asked = calls(phone, case, *keys, language=language)
    again = calls(phone, case, *keys[:-1], "1", language=language)

    for caller in (asked, again):
        assert NO_HOUR[language] in caller.heard_so_far
        assert CRISIS[language] in caller.heard_so_far
        assert not any(word in caller.heard_so_far for word in HOUR)
    passes(phone, hotline, minutes=10)
    me = Someone(team.knows.id, "ana@example.org", "liaison")
    with hotline.database.transaction() as session:
        resume_calls(session, me, duress.id, hotline.clock.now)
    assert any(word in calls(phone, case, *keys, language=language).heard_so_far for word in HOUR)


def test_coercer_hears_the_hour_after_the_duress_pin_as_after_the_pin_of_a_denied_case(
    phone: Phone, case: MadeCase, duress: MadeCase, make_case: MakeCase, team: Team, hotline: Hotline
) -> None:
    """Also after the own PIN of a denied case: where nothing is told, all words are alike (R13)."""
    denied = make_case("in_custody", record={"releasable": False}, phone="+12025550145")
    with hotline.database.transaction() as session:
        duress_of_denied = make_duress_pin(session, denied, now=hotline.clock.now)
    for one in (duress, duress_of_denied):
        calls(phone, one)
    passes(phone, hotline, hours=1)

    promises = set()
    for one in (duress, duress_of_denied, denied):
        caller = phone.another()
        opens_the_case(caller, one)
        for key in AFRAID:
            caller.presses(key)
        promises.add(caller.heard)
        caller.hangs_up()

    (promise,) = promises
    assert "no later than today at noon" in promise
    assert "cannot say when" not in promise


@pytest.mark.parametrize("keys", [AFRAID, EXPRESS])
def test_callback_that_waits_for_the_liaison_who_knows_is_told_to_them_and_the_supervisor_once(
    phone: Phone, case: MadeCase, duress: MadeCase, team: Team, hotline: Hotline, keys: tuple[str, ...]
) -> None:
    """It went to the liaison for a year, and nobody told them of it."""
    calls(phone, duress)
    passes(phone, hotline, minutes=1)
    assert [told(hotline, one) for one in (team.knows, team.supervisor)] == [1, 1]

    hotline.clock.passes(hours=2)
    calls(phone, case, *keys)
    rung = passes(phone, hotline, minutes=1)
    rung += passes(phone, hotline, minutes=15)

    assert rung == ["+12025550171", "+12025550174"]
    assert [told(hotline, one) for one in (team.knows, team.supervisor)] == [2, 2]
    assert told(hotline, team.colleague) == 0
    assert hotline.rows(select(Callback.staff_id)) == [team.knows.id]


@ON_SQLITE
def test_callback_that_becomes_urgent_is_told_again(
    phone: Phone, case: MadeCase, duress: MadeCase, team: Team, hotline: Hotline
) -> None:
    calls(phone, duress)
    passes(phone, hotline, minutes=1)
    calls(phone, case, *EXPRESS)
    passes(phone, hotline, minutes=5)

    calls(phone, case, *AFRAID)
    passes(phone, hotline, minutes=5)

    assert hotline.row(select(Callback.urgency)) == "urgent"
    assert [told(hotline, one) for one in (team.knows, team.supervisor, team.colleague)] == [3, 3, 0]


@pytest.mark.parametrize("is_home", [True, False], ids=["liaison at home", "liaison on call"])
def test_urgent_callback_at_night_rings_the_supervisor_if_the_liaison_who_knows_is_at_home(
    phone: Phone, case: MadeCase, duress: MadeCase, team: Team, hotline: Hotline, is_home: bool
) -> None:
    """A colleague on call may not know, so the supervisor is woken."""
    calls(phone, duress)
    passes(phone, hotline, minutes=1)
    hotline.clock.now = THREE_AM
    with hotline.database.transaction() as session:
        session.execute(update(Staff).values(on_shift=False))
    for one in (team.colleague, *([] if is_home else [team.knows])):
        works(hotline, one, "on_call", time(20), time(8), range(7))

    calls(phone, case, *AFRAID)
    rung = passes(phone, hotline, minutes=1)

    assert rung == ["+12025550174" if is_home else "+12025550171"]
    assert [told(hotline, one) for one in (team.knows, team.supervisor, team.colleague)] == [2, 2, 0]
