"""Staff call an agency or an interpreter about an open case: their own phone rings first (Legs)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from models import AuditEntry, Call, Callout, Facility, Staff
from models.callouts.callout import call_out, end_call_out, unmade_since
from models.callouts.refusals import CalloutRefusal
from models.calls import pacing
from models.store.refusal import RefusedError
from tests.calls.callbacks.test_callbacks import LIAISON, TELLING, nobody_is_held
from tests.calls.callbacks.test_staff_call import sweeps
from tests.calls.conftest import Clock, Hotline
from tests.calls.staff_line.staff_calls import CODE
from tests.factories import HASHER, MadeCase
from tests.fake_carrier import FakeCarrier
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
STEWART, ADVOCATES, SPANISH = "+12025550190", "+18554842846", "+12025550105"


@pytest.fixture
def case(make_case: MakeCase) -> MadeCase:
    """A case about somebody in a facility of the directory."""
    return make_case(custody_status="in_custody", facility="Stewart")


@pytest.fixture
def lea(make_staff: MakeStaff) -> Staff:
    """A liaison on shift."""
    return make_staff(phone=LIAISON)


def stewart(hotline: Hotline) -> str:
    return f"facility:{hotline.row(select(Facility.id))}"


def asks(hotline: Hotline, case: MadeCase, who: Staff, party: str) -> None:
    """Press "Call" on the page of the case."""
    with hotline.database.transaction() as session:
        jobs = call_out(session, case.id, party, who.id, hotline.clock.now)
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)


def ends(hotline: Hotline, who: Staff) -> None:
    """Press "End call"."""
    with hotline.database.transaction() as session:
        callout_id = session.scalars(select(Callout.id)).one()
        jobs = end_call_out(session, callout_id, who.id, hotline.clock.now)
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)
    hotline.jobs.works_off()


def the_callout(hotline: Hotline) -> Callout:
    found: Callout = hotline.row(select(Callout))
    return found


def why_unmade(hotline: Hotline, who: Staff) -> str | None:
    """Why the bar says that nobody was called in their last call-out; None if it says nothing."""
    with hotline.database.reading() as session:
        found = unmade_since(session, who.id, hotline.clock.now - timedelta(minutes=2))
        return None if found is None else found[1]


def accepts(phone: Phone, hotline: Hotline) -> Phone:
    """The liaison's phone rings, is picked up, and takes the call by the key."""
    assert hotline.rung() == [LIAISON]
    liaison = phone.answers(hotline.carrier.ringing[-1])
    liaison.presses("1")
    return liaison


def test_agency_is_joined_at_the_answer_and_hears_no_word_of_ours(
    phone: Phone, case: MadeCase, lea: Staff, hotline: Hotline
) -> None:
    asks(hotline, case, lea, stewart(hotline))

    assert hotline.rung() == [LIAISON]
    liaison = phone.answers(hotline.carrier.ringing[-1])
    assert liaison.hears("with the call you asked for", "To accept, press 1", "To decline, press 2")
    assert liaison.does_not_hear(*TELLING)
    liaison.presses("1")
    assert liaison.hears("We are calling them now")
    assert liaison.rings == (STEWART,)
    agency = liaison.answers()
    assert (liaison.is_talking, agency.heard) == (True, "")
    assert [busy is not None for busy in hotline.rows(select(Staff.busy_call_id))] == [True]

    agency.hangs_up()
    assert liaison.hears("The call is over. Goodbye")
    assert liaison.is_over
    done = the_callout(hotline)
    assert (done.case_id, done.staff_id, done.outcome) == (case.id, lea.id, "answered")
    assert nobody_is_held(hotline)
    assert len(hotline.carrier.placed) == 1


@pytest.mark.parametrize(
    ("party", "number"), [("service:victim_connect", ADVOCATES), ("interpreter:es", SPANISH)]
)
def test_partner_line_and_interpreter_are_called_in_the_same_way(
    phone: Phone, case: MadeCase, lea: Staff, hotline: Hotline, party: str, number: str
) -> None:
    asks(hotline, case, lea, party)

    assert accepts(phone, hotline).rings == (number,)


def test_liaison_who_hangs_up_ends_the_call_for_both(
    phone: Phone, case: MadeCase, lea: Staff, hotline: Hotline
) -> None:
    asks(hotline, case, lea, stewart(hotline))
    liaison = accepts(phone, hotline)
    agency = liaison.answers()

    liaison.hangs_up()

    assert agency.is_over
    assert the_callout(hotline).outcome == "ended"
    assert nobody_is_held(hotline)


def test_end_call_in_the_console_ends_it_for_both(
    phone: Phone, case: MadeCase, lea: Staff, hotline: Hotline
) -> None:
    asks(hotline, case, lea, stewart(hotline))
    liaison = accepts(phone, hotline)
    agency = liaison.answers()

    ends(hotline, lea)
    ends(hotline, lea)

    assert liaison.hears("The call is over. Goodbye")
    assert (liaison.is_over, agency.is_over) == (True, True)
    assert the_callout(hotline).outcome == "ended"
    assert nobody_is_held(hotline)


def test_end_call_before_the_key_dials_nobody(
    phone: Phone, case: MadeCase, lea: Staff, hotline: Hotline
) -> None:
    asks(hotline, case, lea, stewart(hotline))
    hotline.rung()
    liaison = phone.answers(hotline.carrier.ringing[-1])

    ends(hotline, lea)

    assert liaison.hears("This call is no longer waiting")
    assert (liaison.is_over, the_callout(hotline).outcome) == (True, "ended")
    assert why_unmade(hotline, lea) is None
    assert nobody_is_held(hotline)


def test_end_call_before_a_worker_has_rung_the_liaison_rings_nobody(
    case: MadeCase, lea: Staff, hotline: Hotline
) -> None:
    asks(hotline, case, lea, stewart(hotline))

    ends(hotline, lea)

    assert hotline.rung() == []
    assert nobody_is_held(hotline)


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed"])
def test_agency_that_does_not_answer_is_said_and_the_liaison_is_free(
    phone: Phone, case: MadeCase, lea: Staff, hotline: Hotline, status: str
) -> None:
    asks(hotline, case, lea, stewart(hotline))
    liaison = accepts(phone, hotline)

    liaison.declines(status=status)

    assert liaison.hears("We could not connect you now")
    assert the_callout(hotline).outcome == "unanswered"
    assert nobody_is_held(hotline)


@pytest.mark.parametrize(
    ("does", "outcome", "why"),
    [
        (lambda liaison: liaison.presses("2"), "ended", None),
        (lambda liaison: liaison.says_nothing(), "unmade", "no_key"),
        (lambda liaison: liaison.hangs_up(), "unmade", "no_key"),
    ],
)
def test_liaison_who_leaves_the_call_or_presses_no_key_calls_nobody_and_misses_nothing(
    phone: Phone,
    case: MadeCase,
    lea: Staff,
    hotline: Hotline,
    does: Callable[[Phone], None],
    outcome: str,
    why: str | None,
) -> None:
    for _ in range(2):
        asks(hotline, case, lea, stewart(hotline))
        hotline.rung()
        liaison = phone.answers(hotline.carrier.ringing[-1])
        while not liaison.is_over:
            does(liaison)

    assert hotline.rows(select(Callout.outcome)) == [outcome, outcome]
    assert why_unmade(hotline, lea) == why
    assert nobody_is_held(hotline)
    assert hotline.rows(select(Staff.on_shift)) == [True], "they asked for it, so it was no offer"


def test_personal_phone_asks_for_the_code_before_anybody_is_called(
    phone: Phone, case: MadeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff(phone=LIAISON, office_phone=False, code_hash=HASHER.hash(CODE))
    asks(hotline, case, who, stewart(hotline))

    liaison = accepts(phone, hotline)
    assert liaison.rings == ()
    liaison.presses(CODE)

    assert liaison.rings == (STEWART,)


def test_repeated_key_calls_the_agency_once(
    phone: Phone, case: MadeCase, lea: Staff, hotline: Hotline
) -> None:
    asks(hotline, case, lea, stewart(hotline))
    liaison = accepts(phone, hotline)

    liaison.redelivers_last()
    hotline.jobs.works_off()

    assert liaison.rings == (STEWART,)
    assert len(hotline.carrier.placed) == 1


def test_facility_that_left_the_directory_or_changed_its_number_meanwhile_is_not_called(
    phone: Phone, case: MadeCase, lea: Staff, hotline: Hotline
) -> None:
    asks(hotline, case, lea, stewart(hotline))
    with hotline.database.transaction() as session:
        session.execute(update(Facility).values(phone="+19005550111"))

    liaison = accepts(phone, hotline)

    assert liaison.hears("We could not connect you now")
    assert (liaison.rings, the_callout(hotline).outcome) == ((), "unanswered")


def test_liaison_in_a_call_or_on_a_break_begins_none(
    case: MadeCase, lea: Staff, hotline: Hotline, clock: Clock
) -> None:
    asks(hotline, case, lea, stewart(hotline))
    with pytest.raises(RefusedError, match=f"^{CalloutRefusal.PHONE_IN_CALL}$"):
        asks(hotline, case, lea, stewart(hotline))
    ends(hotline, lea)
    with hotline.database.transaction() as session:
        session.execute(update(Staff).values(resting_until=clock.now + timedelta(minutes=5)))

    with pytest.raises(RefusedError, match=f"^{CalloutRefusal.RESTING}$"):
        asks(hotline, case, lea, stewart(hotline))


def test_colleague_cannot_end_it(case: MadeCase, lea: Staff, make_staff: MakeStaff, hotline: Hotline) -> None:
    asks(hotline, case, lea, stewart(hotline))

    with pytest.raises(RefusedError, match=f"^{CalloutRefusal.NOT_YOURS}$"):
        ends(hotline, make_staff(phone="+12025550171"))
    assert hotline.rung() == [LIAISON]


def test_caller_at_0_is_not_offered_to_a_liaison_who_calls_out(
    phone: Phone, case: MadeCase, lea: Staff, hotline: Hotline
) -> None:
    asks(hotline, case, lea, stewart(hotline))
    liaison = accepts(phone, hotline)
    liaison.answers()

    phone.dials_in()
    phone.presses("1")
    phone.presses("0")

    assert hotline.rung() == []


def test_no_row_job_or_log_has_the_number_and_the_audit_names_who_called_whom_for_which_case(
    phone: Phone, case: MadeCase, lea: Staff, hotline: Hotline, caplog: pytest.LogCaptureFixture
) -> None:
    asks(hotline, case, lea, stewart(hotline))
    assert hotline.jobs.waiting == [("ring_taker", the_callout(hotline).call_id)]
    accepts(phone, hotline).answers()

    entry = hotline.row(select(AuditEntry).where(AuditEntry.action == "call_agency"))
    assert (entry.actor, entry.target) == (f"staff:{lea.id}", f"case:{case.id}")
    assert entry.facts == {"callout": the_callout(hotline).id}
    row = the_callout(hotline)
    assert all("555" not in str(value) for value in vars(row).values())
    leg: Any = hotline.row(select(Call).where(Call.role == "calling_out"))
    assert "0190" not in leg.said
    assert "0190" not in caplog.text
    assert not any("0190" in path for path in hotline.requests)


# What a lost job, worker or event leaves behind.


def test_lost_job_is_done_by_the_sweeper(case: MadeCase, lea: Staff, hotline: Hotline) -> None:
    asks(hotline, case, lea, stewart(hotline))
    hotline.jobs.waiting.clear()

    sweeps(hotline, seconds=4)

    assert hotline.rung() == [LIAISON]


def test_worker_whose_answer_of_the_carrier_was_lost_rings_nobody_twice_and_the_liaison_is_free_soon(
    case: MadeCase, lea: Staff, hotline: Hotline, carrier: FakeCarrier
) -> None:
    carrier.loses_next_answer(dialled=False)
    asks(hotline, case, lea, stewart(hotline))
    hotline.jobs.works_off()

    for _ in range(2):
        sweeps(hotline, seconds=29)

    assert carrier.asked_for == [LIAISON]
    assert nobody_is_held(hotline)
    assert the_callout(hotline).outcome == "unmade"


def test_liaison_who_does_not_answer_is_free_when_the_ringing_ends(
    phone: Phone, case: MadeCase, lea: Staff, hotline: Hotline
) -> None:
    asks(hotline, case, lea, stewart(hotline))

    hotline.declines(phone)

    assert the_callout(hotline).outcome == "unmade"
    assert nobody_is_held(hotline)


def test_call_whose_end_was_lost_is_closed_within_a_minute(
    phone: Phone, case: MadeCase, lea: Staff, hotline: Hotline, carrier: FakeCarrier
) -> None:
    asks(hotline, case, lea, stewart(hotline))
    accepts(phone, hotline).answers()
    sweeps(hotline, seconds=2)
    assert the_callout(hotline).closed_at is None
    carrier.placed[-1].status, carrier.placed[-1].ended_at = "completed", hotline.clock.now

    for _ in range(6):
        sweeps(hotline, seconds=10)

    assert the_callout(hotline).outcome == "ended"
    assert nobody_is_held(hotline)


def test_long_call_goes_on_while_the_carrier_says_so(
    phone: Phone, case: MadeCase, lea: Staff, hotline: Hotline
) -> None:
    asks(hotline, case, lea, stewart(hotline))
    liaison = accepts(phone, hotline)
    agency = liaison.answers()

    for _ in range(5):
        sweeps(hotline, minutes=4)

    assert (liaison.is_talking, agency.is_over) == (True, False)
    assert the_callout(hotline).closed_at is None


def test_lost_end_call_reaches_the_phone_by_the_sweeper(
    phone: Phone, case: MadeCase, lea: Staff, hotline: Hotline
) -> None:
    asks(hotline, case, lea, stewart(hotline))
    liaison = accepts(phone, hotline)
    liaison.answers()
    with hotline.database.transaction() as session:
        end_call_out(session, the_callout(hotline).id, lea.id, hotline.clock.now)

    sweeps(hotline, seconds=4)

    assert liaison.is_over
    assert nobody_is_held(hotline)


def test_refused_account_opens_the_breaker_frees_the_liaison_and_refuses_the_next(
    case: MadeCase, lea: Staff, hotline: Hotline, carrier: FakeCarrier
) -> None:
    carrier.refuses_calls = 21210
    asks(hotline, case, lea, stewart(hotline))
    hotline.jobs.works_off()

    with hotline.database.reading() as session:
        assert pacing.is_refused(session)
    assert the_callout(hotline).outcome == "unmade"
    assert nobody_is_held(hotline)
    with pytest.raises(RefusedError, match=f"^{CalloutRefusal.CARRIER_REFUSES}$"):
        asks(hotline, case, lea, stewart(hotline))


def test_forged_job_releases_no_call_that_goes_on(
    phone: Phone, case: MadeCase, lea: Staff, hotline: Hotline
) -> None:
    asks(hotline, case, lea, stewart(hotline))
    liaison = accepts(phone, hotline)
    liaison.answers()

    for job in ("release_leg", "ring_taker", "ring_joiner", "ring_direct"):
        hotline.jobs.enqueue(job, the_callout(hotline).call_id)
    hotline.jobs.works_off()

    assert liaison.is_talking
    assert len(hotline.carrier.placed) == 1
