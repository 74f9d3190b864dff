"""Tries at a PIN: waits, locks, totals, known phones, and nothing that tells numbers apart."""

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Table, select, update

from models import Call, Case, KnownPhone, PinCounter, PinTry
from models.store.database import Database
from tests.conftest import ON_BOTH, ON_SQLITE
from tests.factories import make_policies
from tests.models.calls.pin_calls import PIN, WRONG, PinCalls, cheap_hasher
from tests.statements import sent_statements


@pytest.fixture
def line(database: Database, now: datetime) -> PinCalls:
    return PinCalls(database, now, cheap_hasher(), make_policies())


def fail(line: PinCalls, number: str, times: int, phone: str | None = "stranger") -> None:
    """Failures in a row, each after the wait of the one before."""
    for _ in range(times):
        assert line.tries(number, phone=phone) == "wrong"
        line.now += timedelta(hours=1)


def test_right_pin_opens_the_case_and_is_remembered(line: PinCalls) -> None:
    number = line.case()

    assert line.tries(number, PIN, phone="home") == "right"

    assert [(row.opened, row.counter, row.phone_key) for row in line.tries_at(number)] == [(True, "", "home")]
    assert line.known_phones(number) == {"home"}
    assert line.counter(number) == (0, None, None)
    with line.database.reading() as session:
        assert session.scalar(select(Case.last_verified_at)) == line.now


def test_wrong_pin_is_counted(line: PinCalls) -> None:
    number = line.case()

    assert line.tries(number, WRONG) == "wrong"

    assert [row.opened for row in line.tries_at(number)] == [False]
    assert line.counter(number) == (1, None, None)
    assert line.known_phones(number) == set()


def test_number_that_no_case_has_is_counted_alike(line: PinCalls) -> None:
    number = line.unused_number()
    for _ in range(4):
        assert line.tries(number, PIN) == "wrong"

    assert line.counter(number) == (4, line.now + timedelta(seconds=30), None)


def test_try_whose_process_died_stays_a_failure(line: PinCalls) -> None:
    number = line.case()
    line.reserve(line.call(), number)

    assert line.counter(number) == (1, None, None)


def test_fourth_failure_in_a_row_makes_even_the_right_pin_wait(line: PinCalls) -> None:
    number = line.case()
    for _ in range(4):
        line.tries(number)

    line.now += timedelta(seconds=29)
    assert line.tries(number, PIN) == "wrong"
    line.now += timedelta(seconds=1)
    assert line.tries(number, PIN) == "right"


def test_each_further_failure_doubles_the_wait_up_to_an_hour(line: PinCalls) -> None:
    line.policies = make_policies(lock_after_failures=100)
    number, waits = line.case(), []
    for _ in range(20):
        line.tries(number)
        _, wait_until, _ = line.counter(number)
        waits.append(int((wait_until - line.now).total_seconds()) if wait_until else 0)
        line.now = wait_until or line.now

    assert waits == [0, 0, 0, 30, 60, 120, 240, 480, 960, 1920] + [3600] * 10


def test_tenth_failure_in_a_row_locks_until_staff_lift_it(line: PinCalls) -> None:
    number = line.case()
    fail(line, number, 10)
    line.now += timedelta(days=365)

    assert line.tries(number, PIN) == "wrong"


def test_right_pin_at_the_tenth_try_opens_and_locks_nothing(line: PinCalls) -> None:
    number = line.case()
    fail(line, number, 9)

    assert line.tries(number, PIN) == "right"
    assert line.counter(number) == (0, None, None)


def test_tries_inside_a_wait_neither_lengthen_it_nor_lead_to_a_lock(line: PinCalls) -> None:
    number = line.case()
    for _ in range(4):
        line.tries(number)
    counter = line.counter(number)
    line.now += timedelta(seconds=10)
    for _ in range(20):
        line.tries(number)

    assert line.counter(number) == counter
    assert len(line.tries_at(number)) == 24


def test_hundred_failures_in_thirty_days_close_the_number_until_time_has_passed(line: PinCalls) -> None:
    line.policies = make_policies(total_failures_limit=20)
    number = line.case()
    start = line.now
    for _ in range(4):
        fail(line, number, 5)
        line.now += timedelta(days=1)
        with line.database.transaction() as session:
            session.execute(update(PinCounter).values(consecutive=0, wait_until=None))

    assert line.tries(number, PIN) == "wrong"
    line.now = start + timedelta(days=30, hours=2)
    assert line.tries(number, PIN) == "right"


def test_right_pin_clears_the_row_of_failures_but_not_the_total(line: PinCalls) -> None:
    number = line.case()
    fail(line, number, 3)
    line.tries(number, PIN, phone=None)

    with line.database.transaction() as session:
        state = line.state(session, line.call())
        assert state.stranger_total == 0, "a call without a number counts nothing"
    sid = line.call()
    line.reserve(sid, number)
    with line.database.transaction() as session:
        assert line.state(session, sid).stranger_total == 4
    assert line.counter(number) == (1, None, None)


def test_strangers_cannot_lock_out_a_phone_that_is_known(line: PinCalls) -> None:
    number = line.case()
    line.knows(number, "home")
    fail(line, number, 12)

    assert line.counter(number, counter="uhome") == (0, None, None)
    assert line.tries(number, PIN, phone="home") == "right"
    assert line.tries(number, PIN, phone="elsewhere") == "wrong"


def test_known_phone_that_fails_locks_only_itself(line: PinCalls) -> None:
    number = line.case()
    line.knows(number, "home")
    line.knows(number, "work")
    fail(line, number, 10, phone="home")

    assert line.counter(number) == (0, None, None)
    assert line.tries(number, PIN, phone="home") == "wrong"
    assert line.tries(number, PIN, phone="work") == "right"
    assert line.tries(number, PIN, phone="elsewhere") == "right"


def test_unattested_calls_under_a_known_number_never_lock_the_attested_ones(line: PinCalls) -> None:
    number = line.case()
    line.knows(number, "home")
    fail(line, number, 12, phone="home")

    assert line.tries(number, PIN, phone="home") == "wrong"
    assert line.tries(number, PIN, sid=line.call("home", attested=True)) == "right"


def test_calls_under_a_known_number_that_failed_attestation_count_with_strangers(line: PinCalls) -> None:
    number = line.case()
    line.knows(number, "home")
    for _ in range(12):
        line.tries(number, sid=line.call("home", doubted=True))
        line.now += timedelta(hours=1)

    assert line.counter(number)[2] is not None
    assert line.tries(number, PIN, phone="home") == "right"


def test_phone_confirmed_in_the_case_has_its_own_counter_before_its_first_call(line: PinCalls) -> None:
    number = line.case()
    line.confirms(number, "home")
    fail(line, number, 12)

    assert not line.reserve(line.call("home", attested=True), number).first, (
        "a place in the queue would tell whose case it is"
    )
    assert line.tries(number, PIN, phone="home") == "right"
    assert line.tries(number, PIN, phone="elsewhere") == "wrong"


@pytest.mark.parametrize("doubted", [False, True])
def test_number_that_may_be_faked_does_not_go_before_others(line: PinCalls, doubted: bool) -> None:
    number = line.case()
    line.tries(number, PIN, sid=line.call("home", attested=True))

    assert not line.reserve(line.call("home", doubted=doubted), number).first
    assert line.reserve(line.call("home", attested=True), number).first


def test_phone_that_the_case_calls_unsafe_counts_with_strangers(line: PinCalls) -> None:
    number = line.case()
    line.confirms(number, "home", unsafe_since=line.now)
    line.knows(number, "home")
    fail(line, number, 12)

    assert line.tries(number, PIN, phone="home") == "wrong"


@ON_SQLITE
def test_hundred_guesses_lock_one_known_phone_and_no_other(line: PinCalls) -> None:
    number = line.case()
    line.knows(number, "home")
    line.knows(number, "work")
    for _ in range(102):
        line.tries(number, phone="home")
    line.now += timedelta(hours=2)

    assert line.tries(number, PIN, phone="home") == "wrong"
    assert line.tries(number, PIN, phone="work") == "right"
    assert line.tries(number, PIN, phone=None) == "right"


def test_new_phone_still_opens_the_case_while_known_phones_are_locked(line: PinCalls) -> None:
    number = line.case()
    line.knows(number, "home")
    fail(line, number, 10, phone="home")

    assert [line.tries(number, PIN, phone="a friend's") for _ in range(3)] == ["right"] * 3


def test_phone_is_known_for_180_days_and_each_right_pin_starts_them_again(line: PinCalls) -> None:
    number = line.case()
    line.tries(number, PIN, phone="home")
    line.now += timedelta(days=179)
    assert line.reserve(line.call("home", attested=True), number).first
    line.tries(number, PIN, phone="home")
    line.now += timedelta(days=180, seconds=1)

    assert not line.reserve(line.call("home", attested=True), number).first


def test_phone_marked_unsafe_is_a_stranger_even_after_the_right_pin(line: PinCalls) -> None:
    number = line.case()
    line.knows(number, "home", unsafe_at=line.now)

    assert line.tries(number, PIN, phone="home") == "right"

    assert not line.reserve(line.call("home", attested=True), number).first
    with line.database.reading() as session:
        assert session.scalar(select(KnownPhone.unsafe_at)) is not None


def test_withheld_caller_id_opens_the_case_and_is_not_known_after(line: PinCalls) -> None:
    number = line.case()

    assert line.tries(number, PIN, phone=None) == "right"

    assert line.known_phones(number) == set()
    assert not line.reserve(line.call(None), number).first


def test_closed_case_is_opened_by_its_pin(line: PinCalls) -> None:
    assert line.tries(line.case(closed_at=line.now), PIN) == "right"


def test_mailed_pin_dies_at_its_hour(line: PinCalls) -> None:
    number = line.case(pin_kind="one_time", pin_expires_at=line.now + timedelta(days=21))
    line.now += timedelta(days=21, seconds=-1)
    assert line.tries(number, PIN) == "letter"
    line.now += timedelta(seconds=1)
    assert line.tries(number, PIN) == "wrong"


def test_call_has_three_tries(line: PinCalls) -> None:
    number, sid = line.case(), line.call()
    for _ in range(3):
        line.tries(number, sid=sid)

    assert line.tries(number, PIN, sid=sid) == "wrong"
    assert line.tries(number, PIN) == "wrong", "the fourth counted as well, and made a wait"


def test_pin_that_was_changed_while_it_was_hashed_is_wrong(line: PinCalls) -> None:
    number, sid = line.case(), line.call()
    guess = line.reserve(sid, number)
    line.change_case(number, pin_hash=line.hasher.hash("739164"))

    assert line.record(sid, guess, True) == "wrong"


def test_number_that_an_earlier_try_locked_while_this_one_was_hashed_stays_locked(line: PinCalls) -> None:
    number, sid = line.case(), line.call()
    guess = line.reserve(sid, number)
    locked_at = line.now - timedelta(milliseconds=1)
    with line.database.transaction() as session:
        session.execute(update(PinCounter).values(locked_at=locked_at))

    assert line.record(sid, guess, True) == "wrong"
    assert line.counter(number) == (1, None, locked_at)


def test_right_try_also_lifts_a_lock_that_others_made_after_it(line: PinCalls) -> None:
    number, sid = line.case(), line.call()
    fail(line, number, 8)
    guess = line.reserve(sid, number)
    line.now += timedelta(hours=1)
    line.tries(number)
    assert line.counter(number)[2] == line.now

    assert line.record(sid, guess, True) == "right"
    assert line.counter(number) == (0, None, None)


def test_same_turn_reserved_twice_counts_once(line: PinCalls) -> None:
    number, sid = line.case(), line.call()
    line.reserve(sid, number)
    with line.database.transaction() as session:
        line.reserve_again(session, sid)

    assert line.counter(number) == (1, None, None)
    assert len(line.tries_at(number)) == 1


@ON_BOTH
def test_tries_that_meet_at_one_number_all_count(line: PinCalls) -> None:
    callers = 4
    number, sids = line.case(), [line.call() for _ in range(callers)]
    fail(line, number, 3)
    together = threading.Barrier(callers)

    def guess(sid: str) -> None:
        together.wait()
        line.reserve(sid, number)

    threads = [threading.Thread(target=guess, args=(sid,)) for sid in sids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    consecutive, wait_until, locked_at = line.counter(number)
    assert 4 <= consecutive <= 3 + callers
    assert wait_until is not None
    assert locked_at is None
    assert len(line.tries_at(number)) == 3 + callers


def test_try_beside_the_one_that_made_a_wait_still_counts(line: PinCalls) -> None:
    if line.database.engine.dialect.name == "sqlite":
        line.policies = make_policies(wait_after_failures=5)
    number, early, late = line.case(), line.call(), line.call()
    fail(line, number, 3)
    if line.database.engine.dialect.name == "sqlite":
        line.reserve(early, number)
        line.reserve(late, number)
    else:
        with line.database.transaction() as session:
            session.execute(update(Call).where(Call.call_sid == early).values(tried_key=number, tries=1))
            read_before = line.state(session, early)
            line.reserve(late, number)
            assert line.counter(number)[1] is not None
            # The statement reads the row again, and finds what was committed meanwhile.
            assert read_before.stranger_wait_until is None
            line.reserve_read(session, read_before)

    assert line.counter(number)[0] == 5


def test_guess_shows_neither_number_nor_phone_nor_hash(line: PinCalls) -> None:
    number = line.case()
    guess = line.reserve(line.call("home"), number)

    assert guess.stored is not None
    for private in (number, "home", guess.stored, "allowed", "True", "False"):
        assert private not in repr(guess)


def test_pin_before_a_number_is_a_fault(line: PinCalls) -> None:
    sid = line.call()
    with line.database.transaction() as session, pytest.raises(ValueError, match="before a case number"):
        line.reserve_again(session, sid)


def test_every_way_of_being_wrong_takes_the_same_statements_and_two_kdf_runs(line: PinCalls) -> None:
    locked, waiting, spent = line.case(), line.case(), line.case()
    fail(line, locked, 10)
    fail(line, waiting, 3)
    line.tries(waiting)
    paths = {
        "unknown number": (line.unused_number(), PIN),
        "wrong PIN": (line.case(), WRONG),
        "wait": (waiting, PIN),
        "lock": (locked, PIN),
        "expired": (line.case(pin_expires_at=line.now), PIN),
        "broken hash": (line.case(pin_hash="no hash"), PIN),
        "known phone": (spent, WRONG),
    }
    line.knows(spent, "home")
    seen = {}
    for name, (number, pin) in paths.items():
        sid = line.call("home")
        runs = line.hasher.runs
        with sent_statements(line.database) as statements:
            assert line.tries(number, pin, sid=sid) == "wrong"
        assert line.hasher.runs - runs == 2, name
        seen[name] = statements

    assert all(statements == seen["wrong PIN"] for statements in seen.values())


@pytest.mark.parametrize("table", [PinCounter.__table__, PinTry.__table__], ids=lambda table: table.name)
def test_locked_number_takes_no_more_work_than_any_other(table: Table) -> None:
    """A row that some partial index has, and others not, took 10 microseconds more at each try (R05)."""
    assert {
        (index.name, dialect): index.dialect_options[dialect].get("where")
        for index in table.indexes
        for dialect in ("sqlite", "postgresql")
        if index.dialect_options[dialect].get("where") is not None
    } == {}
