"""Faults around a call about a notice: no phone rings twice for one try, and no notice is lost (R39)."""

from collections.abc import Callable

from sqlalchemy import select, update

from models import Call, Case
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import (
    CODE,
    FIRST,
    SECOND,
    Registered,
    minutes_until_next,
    picks_up,
    ringing,
    sweeps,
    the_notice,
)
from tests.conftest import ON_SQLITE
from tests.factories import make_duress_pin, make_office
from tests.phone import Phone
from workers.office_rules import heard_rules_of
from workers.sweeper import sweep

Registering = Callable[..., Registered]


def test_worker_that_dies_between_claim_and_dial_loses_no_notice(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    from models.notices.placing import claim

    notice_id = registered("released").is_due()
    with hotline.database.transaction() as session:
        assert claim(session, notice_id, hotline.clock.now, hotline.policy, heard_rules_of(hotline.office))
    assert hotline.carrier.placed == []

    assert sweeps(hotline, seconds=5) == [FIRST]
    assert len(hotline.rows(select(Call))) == 1


def test_leg_left_behind_by_a_dead_worker_is_not_dialed_after_its_window(
    registered: Registering, hotline: Hotline
) -> None:
    from models.notices.placing import claim

    notice_id = registered("transferred").is_due("transferred")
    with hotline.database.transaction() as session:
        claim(session, notice_id, hotline.clock.now, hotline.policy, heard_rules_of(hotline.office))

    assert sweeps(hotline, hours=13) == []  # 11 PM

    assert the_notice(hotline).state == "waiting"
    assert hotline.carrier.asked_for == []


def test_leg_left_behind_by_a_dead_worker_is_not_dialed_after_a_duress_pin(
    registered: Registering, hotline: Hotline
) -> None:
    from models.notices.placing import claim

    made = registered("escaped")
    notice_id = made.is_due("escaped")
    with hotline.database.transaction() as session:
        claim(session, notice_id, hotline.clock.now, hotline.policy, heard_rules_of(hotline.office))
        duress = make_duress_pin(session, made.case, now=hotline.clock.now)
        session.get_one(Case, duress.id).last_verified_at = hotline.clock.now

    assert sweeps(hotline, seconds=5) == []
    assert sweeps(hotline, minutes=31) == []

    assert the_notice(hotline).state == "left_for_staff"
    assert hotline.carrier.asked_for == []


def test_notice_is_claimed_once_when_two_workers_have_its_job(
    registered: Registering, hotline: Hotline
) -> None:
    notice_id = registered("released").is_due()

    hotline.dialler.do("dial_notice", notice_id)
    hotline.clock.passes(seconds=1)
    hotline.dialler.do("dial_notice", notice_id)

    assert hotline.carrier.asked_for == [FIRST]


def test_sweeper_dials_while_redis_is_gone_and_no_worker_lives(
    registered: Registering, hotline: Hotline
) -> None:
    registered("released").is_due()
    hotline.jobs.is_down = True

    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, hotline.clock.now, lambda _s: None)

    assert [call.to for call in hotline.carrier.ringing] == [FIRST]


def test_job_that_is_lost_with_redis_is_offered_again(registered: Registering, hotline: Hotline) -> None:
    registered("released").is_due()
    sweep(hotline.database, hotline.jobs, hotline.carrier, hotline.office, hotline.clock.now, lambda _s: None)
    hotline.jobs.waiting.clear()

    assert sweeps(hotline, seconds=2) == [FIRST]


def test_call_of_unknown_fate_is_a_try_and_the_next_phone_rings_half_an_hour_later(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("released", phones=(FIRST, SECOND)).is_due()
    hotline.carrier.loses_next_answer(dialled=False)
    assert sweeps(hotline) == []

    assert sweeps(hotline, minutes=5) == []
    assert (the_notice(hotline).state, the_notice(hotline).tries) == ("waiting", 1)
    assert sweeps(hotline, minutes=24) == []

    assert sweeps(hotline, minutes=1) == [SECOND]
    called = picks_up(phone, hotline, SECOND)
    for keys in ("1", CODE, "1", "1"):
        called.presses(keys)
    assert the_notice(hotline).state == "confirmed"
    assert hotline.carrier.asked_for == [FIRST, SECOND]
    assert sweeps(hotline, hours=25) == []


def test_carrier_that_loses_every_answer_is_asked_as_often_as_a_phone_that_nobody_answers(
    registered: Registering, hotline: Hotline
) -> None:
    registered("transferred", cap=2).is_due("transferred")
    for _ in range(9):
        hotline.carrier.loses_next_answer(dialled=False)

    for _ in range(4):
        sweeps(hotline, minutes=120)

    # The cap holds for calls that may have rung, and then the person is a task of staff.
    assert hotline.carrier.asked_for == [FIRST, FIRST]
    assert (the_notice(hotline).state, the_notice(hotline).outcome) == ("left_for_staff", "cap")


def test_escape_rings_on_at_the_phone_whose_dial_is_known(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("escaped", phones=(FIRST, SECOND)).is_due("escaped")
    hotline.carrier.loses_next_answer(dialled=False)
    sweeps(hotline)
    for _ in range(12):
        if hotline.carrier.ringing:
            break
        sweeps(hotline, seconds=5)
    phone.another().lets_ring(ringing(hotline, SECOND))

    sweeps(hotline, minutes=5)
    assert (the_notice(hotline).state, the_notice(hotline).tries) == ("waiting", 1)

    sweeps(hotline, minutes=25)
    assert sorted(sweeps(hotline, seconds=5)) == [FIRST, SECOND]


def test_call_whose_answer_was_lost_is_answered_like_any_other(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("released").is_due()
    hotline.carrier.loses_next_answer()
    sweeps(hotline)
    called = picks_up(phone, hotline)

    for keys in ("1", CODE, "1", "1"):
        called.presses(keys)

    assert the_notice(hotline).state == "confirmed"


def test_lost_end_of_a_call_is_asked_for_and_the_next_try_follows(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("released").is_due()
    sweeps(hotline)
    ringing(hotline).status = "no-answer"

    sweeps(hotline, minutes=5)

    assert (the_notice(hotline).state, the_notice(hotline).tries) == ("waiting", 1)


@ON_SQLITE
def test_refused_account_spends_no_try_and_is_probed(registered: Registering, hotline: Hotline) -> None:
    registered("released").is_due()
    hotline.carrier.refuses_calls = 20003
    sweeps(hotline)
    for _ in range(10):
        sweeps(hotline, seconds=31)
    assert the_notice(hotline).tries == 0
    assert len(hotline.carrier.asked_for) <= 11

    hotline.carrier.refuses_calls = None

    assert sweeps(hotline, seconds=61) == [FIRST]


def test_number_that_the_carrier_cannot_call_gives_way_to_the_next_phone_at_once(
    registered: Registering, hotline: Hotline
) -> None:
    registered("released", phones=(FIRST, SECOND)).is_due()
    hotline.carrier.refuses_to[FIRST] = 21211

    sweeps(hotline)

    assert sweeps(hotline, seconds=5) == [SECOND]
    assert (the_notice(hotline).tries, the_notice(hotline).task) == (0, "refused")


def test_only_phone_that_the_carrier_cannot_call_leaves_the_notice_to_staff(
    registered: Registering, hotline: Hotline
) -> None:
    registered("released").is_due()
    hotline.carrier.refuses_to[FIRST] = 21211

    sweeps(hotline)

    assert (the_notice(hotline).state, the_notice(hotline).outcome) == ("left_for_staff", "refused")


def test_call_that_an_error_of_ours_ended_is_no_try(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("released").is_due()
    sweeps(hotline)
    call = ringing(hotline)
    called = phone.answers(call)
    with hotline.database.transaction() as session:
        session.execute(update(Call).values(turn=0))

    called.hangs_up()

    assert the_notice(hotline).tries == 0
    assert minutes_until_next(hotline) > 0


def test_person_whose_phone_was_in_the_call_when_it_was_confirmed_elsewhere_hears_that_it_is_over(
    phone: Phone, registered: Registering, hotline: Hotline
) -> None:
    registered("escaped", phones=(FIRST, SECOND)).is_due("escaped")
    sweeps(hotline)
    one, other = picks_up(phone, hotline, FIRST), picks_up(phone.another(), hotline, SECOND)
    one.presses("1")
    for keys in ("1", CODE, "1", "1"):
        other.presses(keys)

    one.presses(CODE)

    assert one.hears("The call is over")
    assert "escaped" not in one.heard_so_far


def test_urgent_notice_is_called_before_an_older_ordinary_one(
    registered: Registering, hotline: Hotline
) -> None:
    from models.notices.placing import due_notices

    ordinary = registered("transferred").is_due("transferred")
    hotline.clock.passes(minutes=1)
    urgent = registered("escaped", phones=(SECOND,)).is_due("escaped")

    with hotline.database.reading() as session:
        assert list(due_notices(session, hotline.clock.now, 5)) == [urgent, ordinary]


@ON_SQLITE
def test_notices_use_at_most_their_share_of_the_lines_pace(registered: Registering, hotline: Hotline) -> None:
    hotline.office = make_office(policies={"carrier_calls_per_second": 1, "notice_calls_percent": 25})
    for number in range(40, 52):
        registered("released", phones=(f"+120255501{number}",)).is_due()

    for _ in range(20):
        sweeps(hotline, seconds=2)

    assert 8 <= len(hotline.carrier.placed) <= 11


def test_ordinary_notice_leaves_the_slot_to_a_callback(registered: Registering, hotline: Hotline) -> None:
    from models.calls.pacing import take_slot

    hotline.office = make_office(policies={"carrier_calls_per_second": 1})
    notice_id = registered("transferred").is_due("transferred")
    with hotline.database.transaction() as session:
        take_slot(session, hotline.clock.now, hotline.policy.call_interval, hotline.policy.call_interval)

    hotline.dialler.do("dial_notice", notice_id)

    assert hotline.carrier.asked_for == []
    assert the_notice(hotline).state == "waiting"
