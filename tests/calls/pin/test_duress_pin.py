"""Calls with the duress PIN: somebody stands beside the caller, or took the PIN from them (R10)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import Alert, Call, Callback, Case, DuressWatch, KnownPhone, Registrant, Staff
from models.callbacks.claim import claim, release
from models.cases.case import rotate_pin
from models.cases.duress import drop_duress_pin
from models.cases.new_pin import near_pins, new_pin
from models.cases.registrant import Phone as RegistrantPhone
from models.overview.case_opening import Grounds
from models.overview.duress_use import resume_calls, uses_for
from models.overview.phone_list import add_phone, confirm_phone, give_code
from models.overview.phone_stop import stop_phone
from models.store.refusal import RefusedError
from models.talks.own_call import call_now
from tests.calls.conftest import Hotline
from tests.calls.staff.conftest import talked
from tests.calls.stories import is_asked_for_a_number, opens_the_case, wrong
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import HASHER, MadeCase, make_duress_pin, refuses
from tests.models.staff.staff_people import someone
from tests.phone import CALLER, Phone

MakeCase = Callable[..., MadeCase]
MakeStaff = Callable[..., Staff]
NEW, ABUSER = "583961", "+12025550166"
#: One case number in 800 refuses ``NEW``; this one does.
REFUSING = "50602299"


@pytest.fixture
def case(make_case: MakeCase) -> MadeCase:
    """The case of a person who is told of somebody in custody."""
    return make_case(custody_status="in_custody", facility="Stewart", phone=CALLER)


@pytest.fixture
def duress(case: MadeCase, hotline: Hotline) -> MadeCase:
    """The same number with the person's duress PIN."""
    with hotline.database.transaction() as session:
        return make_duress_pin(session, case, now=hotline.clock.now)


def calls(phone: Phone, case: MadeCase, *keys: str, from_: str = CALLER) -> Phone:
    """A whole call with this PIN and these keys."""
    caller = phone.another()
    opens_the_case(caller, case, from_=from_)
    for key in keys:
        caller.presses(key)
    caller.hangs_up()
    return caller


def swept(hotline: Hotline) -> None:
    """A pass of the sweeper, and the workers' jobs."""
    hotline.sweeps()
    hotline.jobs.works_off()


def test_coercer_hears_the_neutral_phrase_and_the_person_the_status(
    phone: Phone, case: MadeCase, duress: MadeCase
) -> None:
    beside_them = calls(phone, duress)
    alone = calls(phone, case)

    assert beside_them.hears("cannot confirm where this person is")
    assert "in custody" not in beside_them.heard_so_far
    assert alone.hears("in custody")


def test_callback_of_the_person_is_neither_told_nor_moved_nor_cancelled(
    phone: Phone, case: MadeCase, duress: MadeCase, hotline: Hotline
) -> None:
    calls(phone, case, "2", "1")

    coerced = calls(phone, duress, "2", "1")
    again = calls(phone, duress, "2")
    canceled = calls(phone, duress, "2", "4", "1")

    assert "You already have a callback" not in coerced.heard_so_far
    assert "We will call you" in coerced.heard_so_far
    assert "You already have a callback" in again.heard_so_far
    assert "is canceled" in canceled.heard_so_far
    (own,) = hotline.rows(select(Callback).where(Callback.case_id == case.id))
    assert (own.state, own.urgency) == ("requested", "other")
    assert [one.state for one in hotline.rows(select(Callback).where(Callback.case_id == duress.id))] == [
        "cancelled"
    ]
    assert "You already have a callback" in calls(phone, case, "2").heard_so_far


def test_new_pin_after_the_duress_pin_replaces_the_duress_pin_alone(
    phone: Phone, case: MadeCase, duress: MadeCase
) -> None:
    assert "new PIN" in calls(phone, duress, "4", duress.pin, NEW, NEW).heard_so_far
    replaced = MadeCase(duress.id, duress.number, NEW, duress.subject_id, duress.registrant_id)

    assert "cannot confirm" in calls(phone, replaced).heard_so_far
    assert "did not work" in calls(phone, duress).heard_so_far
    assert "in custody" in calls(phone, case).heard_so_far


def test_person_who_enters_their_own_pin_where_the_duress_pin_is_asked_again_shows_nothing(
    phone: Phone, case: MadeCase, duress: MadeCase, hotline: Hotline
) -> None:
    caller = calls(phone, duress, "4", case.pin, duress.pin, NEW, NEW, "1")

    assert "did not work" in caller.heard_so_far
    assert "in custody" not in caller.heard_so_far
    assert "in custody" in calls(phone, case).heard_so_far
    assert hotline.row(select(Case.pin_hash).where(Case.id == case.id)) is not None


def test_person_may_switch_to_the_duress_pin_in_the_middle_of_a_call(
    phone: Phone, case: MadeCase, duress: MadeCase
) -> None:
    caller = phone.another()
    opens_the_case(caller, case)
    assert caller.hears("in custody")
    caller.presses("4")
    caller.presses(duress.pin)
    caller.presses("#")
    caller.presses("1")

    assert caller.hears("cannot confirm where this person is")


@pytest.mark.parametrize("places", [0, 1, 2])
def test_new_pin_too_near_to_the_duress_pin_is_refused_in_the_words_for_a_guessable_one(
    phone: Phone, case: MadeCase, duress: MadeCase, places: int
) -> None:
    near = {0: duress.pin, 1: "518269", 2: "598269"}[places]
    assert sum(a != b for a, b in zip(near, duress.pin, strict=True)) == places

    caller = calls(phone, case, "4", case.pin, near)
    other = calls(phone, case, "4", case.pin, "123456")

    assert "easy to guess" in caller.heard
    assert caller.heard == other.heard


def test_case_without_a_duress_pin_refuses_some_new_pins_as_well(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    """Otherwise a refusal would tell whoever knows the person's own PIN that there is a duress PIN."""
    case = make_case(custody_status="in_custody", number=REFUSING)
    decoy = HASHER.decoy_mark(hotline.row(select(Case.number_key).where(Case.id == case.id)))
    assert HASHER.is_near(decoy, NEW)

    assert "easy to guess" in calls(phone, case, "4", case.pin, NEW).heard


def test_coercer_with_the_duress_pin_learns_nothing_of_the_own_pin_by_new_pins(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    """A refusal near the person's own PIN would tell where it is."""
    # What this number refuses by itself is far from both.
    case = make_case(number=REFUSING)
    near = wrong(case.pin)
    with hotline.database.transaction() as session:
        assert not refuses(session, case.number, near)
        duress = make_duress_pin(session, case, now=hotline.clock.now)

    caller = calls(phone, duress, "4", duress.pin, near, near)

    assert "easy to guess" not in caller.heard_so_far


def test_duress_pin_that_became_the_own_pin_opens_the_case_for_its_owner(
    phone: Phone, case: MadeCase, duress: MadeCase
) -> None:
    calls(phone, duress, "4", duress.pin, case.pin, case.pin)

    assert "in custody" in calls(phone, case).heard_so_far


def test_coercer_does_not_hear_when_the_person_called_or_slipped(
    phone: Phone, case: MadeCase, duress: MadeCase, hotline: Hotline
) -> None:
    calls(phone, duress)
    hotline.clock.passes(hours=3)
    theirs = phone.another()
    is_asked_for_a_number(theirs, from_="+12025550188")
    for key in (case.number, wrong(case.pin), case.pin):
        theirs.presses(key)
    theirs.hangs_up()
    hotline.clock.passes(hours=3)

    coerced = calls(phone, duress)
    hotline.clock.passes(hours=3)
    alone = calls(phone, case)

    assert "wrong PIN" not in coerced.heard_so_far
    assert "in custody" in alone.heard_so_far


def test_coercer_who_tries_a_wrong_pin_before_hears_of_it_as_after_any_right_pin(
    phone: Phone, duress: MadeCase, hotline: Hotline
) -> None:
    """Otherwise one wrong try would tell the two PINs apart."""
    calls(phone, duress)
    hotline.clock.passes(minutes=1)
    tester = phone.another()
    is_asked_for_a_number(tester, from_=ABUSER)
    tester.presses(duress.number)
    tester.presses(wrong(duress.pin))
    tester.hangs_up()
    hotline.clock.passes(hours=1)

    heard = calls(phone, duress).heard_so_far
    assert "omeone entered a wrong PIN" in heard, heard


def test_stop_of_another_phone_is_not_told_after_the_duress_pin(
    phone: Phone, make_case: MakeCase, hotline: Hotline
) -> None:
    secret = "+12025550144"
    case = make_case(custody_status="in_custody", phone=secret)
    with hotline.database.transaction() as session:
        duress = make_duress_pin(session, case)
        key = hotline.database.keyring.index("phone", secret)
        stop_phone(session, key, hotline.clock.now, hotline.policy)

    assert "stopped calling" not in calls(phone, duress, from_=ABUSER).heard_so_far
    assert "stopped calling" in calls(phone, duress, from_=secret).heard_so_far
    assert "stopped calling" in calls(phone, case, from_=ABUSER).heard_so_far
    # One task for staff, not two.
    assert len(hotline.rows(select(Callback).where(Callback.reason == "phone_stopped"))) == 1


def test_wrong_person_in_a_call_asked_for_under_the_duress_pin_is_one_task(
    phone: Phone, duress: MadeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    ana = make_staff(email="ana@example.org", phone="+12025550171")
    calls(phone, duress, "2", "1")
    hotline.clock.passes(minutes=2)
    swept(hotline)
    with hotline.database.transaction() as session:
        asked = session.scalars(select(Callback.id)).one()
        jobs = call_now(session, asked, ana.id, hotline.clock.now, hotline.policy)
    for name, row_id in jobs:
        hotline.jobs.enqueue(name, row_id)
    liaison = talked(phone, hotline)
    liaison.presses("2")
    liaison.presses("3")

    rows = hotline.rows(select(Callback).order_by(Callback.id))
    assert [(one.case_id, one.reason) for one in rows[1:]] == [(duress.id, "to_supervisor")]
    stopped = hotline.rows(select(RegistrantPhone.stopped_at))
    assert stopped == [hotline.clock.now, hotline.clock.now]


def test_language_and_pace_after_the_duress_pin_are_not_the_persons(
    phone: Phone, case: MadeCase, duress: MadeCase, hotline: Hotline
) -> None:
    calls(phone, duress, "8", "9")

    assert hotline.row(select(Registrant.language).where(Registrant.id == case.registrant_id)) == "en"
    assert hotline.row(select(Registrant.pace).where(Registrant.id == case.registrant_id)) == "normal"
    assert hotline.row(select(Registrant.pace).where(Registrant.id == duress.registrant_id)) == "slow"


def test_duress_pin_works_on_after_the_letter_of_a_new_pin_is_over(
    phone: Phone, case: MadeCase, duress: MadeCase, hotline: Hotline
) -> None:
    with hotline.database.transaction() as session:
        ends = hotline.clock.now + timedelta(days=21)
        rotate_pin(session, HASHER, case.number, hotline.clock.now, expires_at=ends)
    hotline.clock.passes(days=22)

    assert "cannot confirm" in calls(phone, duress).heard_so_far


def test_no_pin_that_staff_give_is_near_the_duress_pin(
    case: MadeCase, duress: MadeCase, hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = iter(["518269", "598269", "739481"])
    monkeypatch.setattr("models.cases.new_pin.secrets.choice", lambda _from: next(made))
    with hotline.database.transaction() as session:
        assert rotate_pin(session, HASHER, case.number, hotline.clock.now) == "739481"


def test_counters_treat_the_duress_pin_as_a_right_one(
    phone: Phone, duress: MadeCase, hotline: Hotline
) -> None:
    for _ in range(2):
        tester = phone.another()
        is_asked_for_a_number(tester, from_=ABUSER)
        for key in (duress.number, wrong(duress.pin), wrong(duress.pin), duress.pin):
            tester.presses(key)
        assert "cannot confirm" in tester.heard_so_far
        tester.hangs_up()

    assert hotline.rows(select(KnownPhone.unsafe_at)) == [None]


@ON_BOTH
def test_turned_off_duress_pin_is_a_wrong_pin(phone: Phone, duress: MadeCase, hotline: Hotline) -> None:
    with hotline.database.transaction() as session:
        real = session.get_one(Case, session.get_one(Case, duress.id).duress_of)
        drop_duress_pin(session, real, actor="boss", now=hotline.clock.now)

    assert "did not work" in calls(phone, duress).heard_so_far


@ON_SQLITE
def test_one_liaison_and_the_supervisor_are_told_and_nothing_is_called_until_calls_resume(
    phone: Phone, case: MadeCase, duress: MadeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    ana = make_staff(email="ana@example.org", phone="+12025550171")
    make_staff(email="luis@example.org", phone="+12025550172", on_shift=False)
    boss = make_staff(email="boss@example.org", role="supervisor", on_shift=False)
    make_staff(email="admin@example.org", role="administrator", on_shift=False)
    calls(phone, duress, "2", "1")
    hotline.clock.passes(minutes=1)
    calls(phone, case, "2", "1")
    for _ in range(4):
        swept(hotline)
        hotline.clock.passes(minutes=20)

    to_callers = [call.to for call in hotline.carrier.ringing if call.to == CALLER]
    assert to_callers == []
    told = {one.staff_id for one in hotline.rows(select(Alert).where(Alert.level == "only_you"))}
    assert told == {ana.id, boss.id}
    rows = hotline.rows(select(Callback).order_by(Callback.id))
    assert [(one.case_id, one.state, one.staff_id) for one in rows] == [
        (duress.id, "claimed", ana.id), (case.id, "claimed", ana.id),
    ]  # fmt: skip
    # The next call after the duress PIN still tells of its own callback.
    assert "You already have a callback" in calls(phone, duress, "2").heard_so_far
    swept(hotline)

    class Ana:
        staff_id, email, role = ana.id, "ana@example.org", "liaison"

    with hotline.database.transaction() as session:
        assert [use.is_paused for use in uses_for(session, Ana())] == [True]
        resume_calls(session, Ana(), duress.id, hotline.clock.now)
    hotline.clock.passes(minutes=6)
    swept(hotline)

    states = [one.state for one in hotline.rows(select(Callback).order_by(Callback.id))]
    assert states[0] == "claimed"
    assert states[1] != "claimed"


def test_colleague_cannot_claim_a_callback_before_its_liaison_has_it(
    phone: Phone, duress: MadeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    luis = make_staff(email="luis@example.org")
    calls(phone, duress, "2", "1")
    callback_id = hotline.row(select(Callback.id))

    with hotline.database.transaction() as session, pytest.raises(RefusedError):
        claim(session, callback_id, luis.id, hotline.clock.now, hotline.policies)


def test_callback_that_its_liaison_returns_comes_back_to_them_and_is_never_dialed(
    phone: Phone, duress: MadeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    ana = make_staff(email="ana@example.org")
    calls(phone, duress, "2", "1")
    hotline.clock.passes(minutes=2)
    swept(hotline)
    callback_id = hotline.row(select(Callback.id))
    with hotline.database.transaction() as session:
        release(session, callback_id, session.get_one(Staff, ana.id), hotline.clock.now)
    for _ in range(2):
        hotline.clock.passes(minutes=10)
        swept(hotline)

    assert hotline.row(select(Callback.state)) == "claimed"
    assert hotline.row(select(Callback.staff_id)) == ana.id
    assert hotline.row(select(Callback.caller_call_id)) is None


def test_call_to_tell_of_a_phone_that_a_colleague_added_in_a_duress_call_is_the_liaisons(
    phone: Phone, duress: MadeCase, make_staff: MakeStaff, hotline: Hotline
) -> None:
    """Nobody had it: nothing dialed it, nobody might claim it, and everybody read that it is late."""
    ana = make_staff(email="ana@example.org", phone="+12025550171")
    calls(phone, duress)
    swept(hotline)
    with hotline.database.transaction() as session:
        taken, now = session.get_one(Case, duress.id), hotline.clock.now
        me, grounds = someone(session), Grounds("call", "verified_call", None)
        added = add_phone(session, me, taken, ABUSER, grounds, now)
        code = give_code(session, me, taken, added.id, grounds, now)
        assert confirm_phone(session, me, taken, added.id, code, grounds, now, hotline.policy)
    hotline.clock.passes(minutes=1)
    swept(hotline)

    told = hotline.row(select(Callback))
    assert (told.reason, told.state, told.staff_id) == ("phone_added", "claimed", ana.id)

    class Ana:
        staff_id, email, role = ana.id, "ana@example.org", "liaison"

    with hotline.database.transaction() as session:
        assert [use.callbacks for use in uses_for(session, Ana())] == [(told.id,)]
        resume_calls(session, Ana(), duress.id, hotline.clock.now)
    hotline.clock.passes(minutes=6)
    swept(hotline)
    assert hotline.row(select(Callback.state)) == "claimed"


def test_nothing_of_a_call_names_the_duress_pin(phone: Phone, duress: MadeCase, hotline: Hotline) -> None:
    calls(phone, duress, "4", duress.pin, NEW, NEW)

    rows = " ".join(str(vars(one)) for one in hotline.rows(select(Call)))
    assert "duress" not in rows
    assert hotline.row(select(DuressWatch.told_at)) is None


def test_pins_that_are_near_differ_in_fewer_than_three_places() -> None:
    found = set(near_pins("739482"))

    assert len(found) == 1_270
    for pin in (new_pin() for _ in range(500)):
        apart = sum(a != b for a, b in zip(pin, "739482", strict=True))
        assert (pin in found) == (apart < 3)
