"""While one phone is refused, the next probe is about something else, whatever it is (R28, R34, R39)."""

from collections.abc import Callable
from datetime import time, timedelta

import pytest
from sqlalchemy import select

from models import Alert, Case, Registrant
from models.calls.pacing import Pace, refusals
from tests import factories
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import FIRST, SECOND, Registered, misses, sweeps
from tests.calls.notices.ringing.test_refused_phone import AFRAID, LIAISON, REFUSED, asks_for_a_callback
from tests.calls.notices.test_texting import TEXT, agrees_to_texts
from tests.calls.stories import works
from tests.conftest import ON_SQLITE
from tests.phone import Phone

Registering = Callable[..., Registered]
SUPERVISOR, DISCREET = "+12025550172", "+12025550101"


@pytest.fixture(params=[False, True], ids=["worker", "sweeper-alone"])
def calls(request: pytest.FixtureRequest, hotline: Hotline) -> Hotline:
    """With a worker, and with the sweeper that does all by itself."""
    hotline.jobs.is_down = request.param
    return hotline


@pytest.fixture
def on_call(calls: Hotline) -> None:
    """It is night: one liaison is on call, and nobody else is there."""
    with calls.database.transaction() as session:
        person = factories.make_staff(session, phone=LIAISON, on_shift=False, on_call=True)
    works(calls, person, "on_call", time(0), time(0), range(7))


def is_refused(hotline: Hotline) -> bool:
    with hotline.database.reading() as session:
        return bool(refusals(session))


@ON_SQLITE
@pytest.mark.usefixtures("on_call")
def test_escape_rings_its_phones_while_the_phone_of_the_one_on_call_is_refused(
    registered: Registering, calls: Hotline
) -> None:
    """A frightened person waited for the refused phone, and that callback was every probe for hours."""
    calls.carrier.refuses_to[LIAISON] = REFUSED
    asks_for_a_callback(calls, urgency="urgent", reason="afraid", phone=AFRAID)
    sweeps(calls)
    registered("escaped", phones=(FIRST, SECOND)).is_due("escaped")
    sweeps(calls, seconds=10)
    assert is_refused(calls), "nobody else was called, so this may be the account"

    rung = [*sweeps(calls, seconds=21), *sweeps(calls, seconds=5)]

    assert {FIRST, SECOND} <= set(rung)
    assert not is_refused(calls)


@ON_SQLITE
@pytest.mark.usefixtures("on_call")
def test_one_on_call_is_rung_about_a_late_escape_while_the_only_phone_of_its_person_is_refused(
    registered: Registering, calls: Hotline
) -> None:
    """The refused phone was every probe, and the page by call never left."""
    calls.carrier.refuses_to[FIRST] = REFUSED
    registered("escaped", phones=(FIRST,)).is_due("escaped")
    rung: list[str] = []

    for _ in range(33):
        rung += sweeps(calls, minutes=1)

    assert LIAISON in rung
    assert not is_refused(calls)


@ON_SQLITE
@pytest.mark.usefixtures("on_call")
def test_two_refused_phones_of_different_people_leave_the_third_its_turn(
    registered: Registering, calls: Hotline
) -> None:
    """A refused liaison and a refused registrant in turn would keep all others waiting."""
    calls.carrier.refuses_to |= {LIAISON: REFUSED, FIRST: REFUSED}
    asks_for_a_callback(calls, urgency="urgent", reason="afraid", phone=AFRAID)
    registered("escaped", phones=(FIRST,)).is_due("escaped")
    for _ in range(3):
        sweeps(calls, seconds=31)
    registered("transferred", phones=(SECOND,)).is_due("transferred")

    rung = [one for _ in range(3) for one in sweeps(calls, seconds=31)]

    assert SECOND in rung


@ON_SQLITE
@pytest.mark.usefixtures("on_call")
def test_escape_is_texted_at_once_while_no_call_goes_out(registered: Registering, calls: Hotline) -> None:
    """Texts were made with the first call, and each waited for a probe; with a callback due, for hours."""
    calls.carrier.refuses_calls = 21210
    asks_for_a_callback(calls, urgency="urgent", reason="afraid", phone=AFRAID)
    sweeps(calls)
    phones = [f"+120255501{n}" for n in range(40, 50)]
    for number in phones:
        made = registered("escaped", phones=(number,))
        agrees_to_texts(made)
        made.is_due("escaped")

    for _ in range(5):
        sweeps(calls, seconds=5)

    assert sorted(to for to, body in calls.carrier.texts if body == TEXT) == phones


@ON_SQLITE
def test_person_is_not_texted_while_no_call_goes_out_if_a_duress_pin_was_used(
    registered: Registering, calls: Hotline
) -> None:
    made = registered("escaped")
    agrees_to_texts(made)
    with calls.database.transaction() as session:
        duress = factories.make_duress_pin(session, made.case, now=calls.clock.now)
        session.get_one(Case, duress.id).last_verified_at = calls.clock.now
    calls.carrier.refuses_calls = 21210
    asks_for_a_callback(calls)
    with calls.database.transaction() as session:
        factories.make_staff(session, phone=LIAISON)
    sweeps(calls)
    made.is_due("escaped")

    for _ in range(5):
        sweeps(calls, seconds=5)

    assert FIRST not in [to for to, _ in calls.carrier.texts]


@ON_SQLITE
def test_staff_are_texted_while_texts_to_one_registrant_are_refused(
    phone: Phone, registered: Registering, calls: Hotline
) -> None:
    """The refused text was every probe, and a liaison on shift, who is told by text alone, heard nothing."""
    with calls.database.transaction() as session:
        factories.make_staff(session, phone=LIAISON)
        factories.make_staff(session, phone=SUPERVISOR, role="supervisor", on_shift=False)
    calls.carrier.refuses_texts_to[FIRST] = 21635
    made = registered("released")
    agrees_to_texts(made)
    made.is_due("released")

    def half_an_hour_passes() -> None:
        for _ in range(35):
            if FIRST in sweeps(calls, minutes=1):
                misses(phone, calls)

    half_an_hour_passes()
    told = {to for to, _ in calls.carrier.texts}
    assert LIAISON in told
    assert calls.rows(select(Alert).where(Alert.channel == "text", Alert.state == "made")) == []
    calls.carrier.refuses_texts_to.clear()
    half_an_hour_passes()
    assert (FIRST, TEXT) in calls.carrier.texts, "it is tried again"


@ON_SQLITE
def test_escape_rings_although_a_callback_from_a_refused_number_of_ours_is_due(
    registered: Registering, calls: Hotline
) -> None:
    """Only a refusal of the account passed the turn on: that callback's liaison was every probe."""
    now = calls.clock.now
    with calls.database.transaction() as session:
        factories.make_staff(session, phone=LIAISON)
        case = factories.make_case(session)
        session.get_one(Registrant, case.registrant_id).line = DISCREET
        factories.make_callback(
            session, case, requested_at=now, next_attempt_at=now, due_at=now + timedelta(hours=1)
        )
        session.add(Pace(name=DISCREET, next_at=now, refused_at=now, refused_code=21210))
    calls.carrier.refuses_from[DISCREET] = 21210
    calls.carrier.refuses_to[FIRST] = REFUSED
    registered("escaped", phones=(FIRST,)).is_due("escaped")
    for _ in range(3):
        sweeps(calls, seconds=31)
    registered("escaped", phones=(SECOND,)).is_due("escaped")

    rung = [number for _ in range(4) for number in sweeps(calls, seconds=31)]

    assert SECOND in rung
