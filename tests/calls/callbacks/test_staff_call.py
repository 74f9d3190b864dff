"""Staff call a confirmed phone of a case that is open to them, though nobody asked for it (Legs, R35)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from models import AuditEntry, Callback, Case, Staff
from models.cases.registrant import Phone as RegistrantPhone
from models.overview.case_opening import BINDING_GROUNDS, grounds_for
from models.store.heartbeat import Pulse
from models.store.refusal import RefusedError
from models.talks.own_call import call_phone
from models.talks.refusals import TalkRefusal
from tests.calls.callbacks.test_callbacks import LIAISON, TELLING, asks_express, nobody_is_held, the_callback
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import opens_the_case
from tests.conftest import ON_BOTH
from tests.factories import MadeCase
from tests.phone import Phone


@dataclass(frozen=True)
class Reader:
    """Somebody who is signed in."""

    staff_id: int
    email: str
    role: str


MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
HOME = "+12025550110"


@pytest.fixture
def case(make_case: MakeCase) -> MadeCase:
    """A case with one confirmed phone, at which Spanish is spoken."""
    return make_case(custody_status="in_custody", facility="Stewart", phone=HOME, language="es")


def calls(hotline: Hotline, case: MadeCase, who: Staff) -> int:
    """Press "Call this phone" on the page of the case; the id of the callback that is then shown."""
    with hotline.database.transaction() as session:
        row = session.get_one(Case, case.id)
        phone_id = session.scalars(
            select(RegistrantPhone.id).where(RegistrantPhone.registrant_id == case.registrant_id)
        ).one()
        shown, jobs = call_phone(session, row, phone_id, who.id, hotline.clock.now, hotline.policy)
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)
    return shown


def is_refused(hotline: Hotline, case: MadeCase, who: Staff, why: TalkRefusal) -> bool:
    """Whether the call is refused for this reason, and leaves nothing behind."""
    with pytest.raises(RefusedError, match=f"^{why}$"):
        calls(hotline, case, who)
    return hotline.rows(select(Callback)) == [] and nobody_is_held(hotline) and hotline.rung() == []


def changes_phone(hotline: Hotline, **values: Any) -> None:
    with hotline.database.transaction() as session:
        session.execute(update(RegistrantPhone).values(**values))


def sweeps(hotline: Hotline, **later: float) -> None:
    hotline.clock.passes(**later)
    hotline.sweeps()
    hotline.jobs.works_off()


def test_staff_reach_a_phone_of_the_case_by_the_legs_of_every_callback(
    phone: Phone, case: MadeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff(phone=LIAISON)

    calls(hotline, case, who)
    assert hotline.rung() == [LIAISON]
    liaison = phone.answers(hotline.carrier.ringing[-1])
    assert liaison.hears("to accept, press 1")
    assert liaison.does_not_hear(*TELLING, "0110")
    liaison.presses("1")
    assert hotline.rung() == [HOME]
    called = phone.answers(hotline.carrier.ringing[-1])
    assert called.hears("¿Es buen momento para hablar?")
    assert called.does_not_hear(*TELLING)
    called.presses("1")
    hotline.jobs.works_off()
    assert (liaison.is_talking, called.is_talking) == (True, True)

    called.hangs_up()
    hotline.jobs.works_off()
    liaison.presses("1")
    made = the_callback(hotline)
    assert (made.state, made.reason, made.outcome, made.case_id) == (
        "reached",
        "staff_call",
        "reached",
        case.id,
    )
    assert nobody_is_held(hotline)


def test_audit_names_the_case_and_no_number(case: MadeCase, make_staff: MakeStaff, hotline: Hotline) -> None:
    who = make_staff(phone=LIAISON)
    made = calls(hotline, case, who)

    entry = hotline.row(select(AuditEntry).where(AuditEntry.action == "call_phone_of_case"))
    assert (entry.actor, entry.target, entry.facts) == (
        f"staff:{who.id}", f"case:{case.id}", {"callback": made},
    )  # fmt: skip
    assert hotline.jobs.waiting == [("ring_taker", the_callback(hotline).liaison_call_id)]


@pytest.mark.parametrize(
    "mark", [{"unsafe_since": "now"}, {"stopped_at": "now"}, {"confirmed_at": None}], ids=str
)
def test_phone_that_is_not_safe_to_call_is_not_called(
    case: MadeCase, make_staff: MakeStaff, hotline: Hotline, mark: dict[str, Any]
) -> None:
    who = make_staff(phone=LIAISON)
    changes_phone(hotline, **{name: at and hotline.clock.now for name, at in mark.items()})

    assert is_refused(hotline, case, who, TalkRefusal.PHONE_BARRED)


def test_phone_is_called_in_its_owners_hours_alone(
    case: MadeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    who = make_staff(phone=LIAISON)
    changes_phone(hotline, window_starts=time(12), window_ends=time(14))

    assert is_refused(hotline, case, who, TalkRefusal.NOT_NOW)
    clock.passes(hours=3)
    calls(hotline, case, who)
    assert hotline.rung() == [LIAISON]


def test_staff_ask_for_no_call_while_nothing_places_any(
    case: MadeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    """They read "Your phone rings", and no phone rang."""
    who = make_staff(phone=LIAISON)
    pulses = [Pulse("worker"), Pulse("sweeper")]

    def beat() -> None:
        with hotline.database.transaction() as session:
            for pulse in pulses:
                pulse.beat(session, clock.now)

    beat()
    clock.passes(seconds=31)

    with pytest.raises(RefusedError, match=f"^{TalkRefusal.NOTHING_DIALS}$"):
        calls(hotline, case, who)

    assert hotline.rows(select(Callback)) == []
    assert hotline.row(select(Staff.busy_call_id)) is None
    beat()
    calls(hotline, case, who)
    assert hotline.rung() == [LIAISON]


def test_staff_on_a_call_begin_no_second_one(
    case: MadeCase, make_case: MakeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff(phone=LIAISON)
    calls(hotline, case, who)
    other = make_case(custody_status="in_custody", phone="+12025550111")

    with pytest.raises(RefusedError, match=f"^{TalkRefusal.PHONE_IN_CALL}$"):
        calls(hotline, other, who)
    assert the_callback(hotline).case_id == case.id


def test_case_that_is_promised_a_callback_gets_that_one(
    phone: Phone, case: MadeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    asks_express(phone, case)
    promised, who = the_callback(hotline), make_staff(phone=LIAISON, on_shift=False)

    assert calls(hotline, case, who) == promised.id
    assert the_callback(hotline).state == "requested"
    assert [job for job in hotline.jobs.waiting if job[0] == "ring_taker"] == []


def test_person_with_whom_a_colleague_talks_is_not_called_beside_that_talk(
    phone: Phone, case: MadeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    made = calls(hotline, case, make_staff(phone=LIAISON))
    hotline.rung()
    phone.answers(hotline.carrier.ringing[-1]).presses("1")
    hotline.rung()
    phone.answers(hotline.carrier.ringing[-1]).presses("1")
    assert the_callback(hotline).state == "talking"

    assert calls(hotline, case, make_staff(phone="+12025550171")) == made
    assert hotline.rung() == []


@ON_BOTH
@pytest.mark.parametrize("key", ["3", "4"])
def test_call_that_follows_one_that_staff_began_lets_nobody_add_a_phone(
    phone: Phone, case: MadeCase, make_staff: MakeStaff, hotline: Hotline, key: str
) -> None:
    """Whoever holds the phone of the victim answers, and is called again as was agreed in the talk (R09)."""
    who = make_staff(phone=LIAISON)
    calls(hotline, case, who)
    hotline.rung()
    liaison = phone.answers(hotline.carrier.ringing[-1])
    liaison.presses("1")
    hotline.rung()
    called = phone.answers(hotline.carrier.ringing[-1])
    called.presses("1")
    hotline.jobs.works_off()
    called.hangs_up()
    hotline.jobs.works_off()
    liaison.presses(key)

    with hotline.database.transaction() as session:
        row = session.scalars(select(Callback).order_by(Callback.id.desc())).first()
        assert row is not None
        assert row.reason in ("call_later", "to_supervisor")
        row.staff_id, row.recognized_by, row.state, row.closed_at = who.id, "last_call", "talking", None
        session.flush()
        person = session.get_one(Staff, who.id)
        reader = Reader(person.id, "lea@office.example.org", person.role)
        grounds = grounds_for(session, reader, case.id, hotline.clock.now, hotline.policies)

    assert grounds is not None
    assert (grounds.ground, grounds.ground in BINDING_GROUNDS) == ("staff_call", False)


@ON_BOTH
def test_call_that_staff_do_not_make_is_left_for_staff_and_rings_nobody_else(
    phone: Phone, case: MadeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    who = make_staff(phone=LIAISON)
    make_staff(phone="+12025550171")
    calls(hotline, case, who)
    hotline.declines(phone)
    assert (the_callback(hotline).state, the_callback(hotline).staff_id) == ("claimed", who.id)

    sweeps(hotline, minutes=3)
    sweeps(hotline, minutes=1)

    left = the_callback(hotline)
    assert (left.state, left.outcome) == ("left_for_staff", "staff_call")
    assert hotline.rung() == []


@ON_BOTH
@pytest.mark.parametrize(("key", "reason"), [("1", "asked"), ("3", "afraid")])
def test_person_who_asks_with_the_pin_after_staff_missed_their_own_call_is_promised_one_of_theirs(
    phone: Phone, case: MadeCase, make_staff: MakeStaff, hotline: Hotline, key: str, reason: str
) -> None:
    who = make_staff(phone=LIAISON)
    make_staff(phone="+12025550171")
    begun = calls(hotline, case, who)
    hotline.declines(phone)

    opens_the_case(phone, case, from_=HOME)
    phone.presses("2")
    phone.presses(key)
    assert phone.hears("We will call you no later than")
    phone.hangs_up()
    promised = hotline.row(select(Callback).where(Callback.id != begun))
    assert (promised.reason, promised.case_id) == (reason, case.id)
    assert not promised.begun_by_staff

    sweeps(hotline, minutes=3)
    sweeps(hotline, minutes=1)
    states = {one.id: one.state for one in hotline.rows(select(Callback))}
    assert states == {begun: "left_for_staff", promised.id: "ringing_liaison"}, (
        "a promise rings whoever is free"
    )


def test_person_who_does_not_answer_is_tried_again_within_their_hours(
    phone: Phone, case: MadeCase, make_staff: MakeStaff, hotline: Hotline, clock: Clock
) -> None:
    who = make_staff(phone=LIAISON)
    calls(hotline, case, who)
    hotline.rung()
    phone.answers(hotline.carrier.ringing[-1]).presses("1")
    hotline.declines(phone)

    made = the_callback(hotline)
    assert (made.state, made.caller_tries, made.taken_up_at) == ("requested", 1, None)
    assert made.next_attempt_at == clock.now + timedelta(minutes=30)


def test_call_of_staff_is_made_as_the_owner_agreed_for_that_phone(
    case: MadeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    changes_phone(hotline, voicemail_allowed=True, voicemail_text="hello", may_answer="ask_for_me")

    calls(hotline, case, make_staff())

    called = the_callback(hotline)
    assert (called.may_answer, called.voicemail_allowed, called.voicemail_text) == (
        "ask_for_me",
        True,
        "hello",
    )
