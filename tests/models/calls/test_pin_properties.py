"""For all sequences of tries: the counters follow a plain model of R04, and do not tell numbers apart."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.calls.pin_try import wait_after
from models.store.database import Database
from tests.conftest import ON_SQLITE
from tests.factories import make_policies
from tests.models.calls.pin_calls import PIN, WRONG, PinCalls, cheap_hasher
from tests.statements import sent_statements

NOW = datetime(2026, 11, 25, 15, 0, tzinfo=UTC)
MANY = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
#: One try: whose phone, which number, whether the PIN is right, and the seconds that pass before it.
PHONES = st.sampled_from(["home", "elsewhere", None])
STEPS = st.sampled_from([0, 1, 29, 30, 31, 60, 3600, 86400 * 9])
POLICIES = make_policies(lock_after_failures=7, total_failures_limit=12, spray_numbers=1000)


@dataclass
class Model:
    """R04 for one counter, in plain words."""

    consecutive: int = 0
    wait_until: datetime | None = None
    locked_at: datetime | None = None
    failures: list[datetime] = field(default_factory=list)

    def tries(self, now: datetime, is_right: bool) -> str:
        is_open = self.locked_at is None and (self.wait_until is None or self.wait_until <= now)
        if is_right and is_open and self.total(now) < POLICIES.total_failures_limit:
            self.consecutive, self.wait_until = 0, None
            return "right"
        self.failures.append(now)
        if is_open:
            self.consecutive += 1
            wait = wait_after(self.consecutive, POLICIES)
            self.wait_until = None if wait is None else now + wait
            self.locked_at = now if self.consecutive >= POLICIES.lock_after_failures else None
        return "wrong"

    def total(self, now: datetime) -> int:
        return sum(at >= now - timedelta(days=30) for at in self.failures)

    @property
    def row(self) -> tuple[int, datetime | None, datetime | None]:
        return self.consecutive, self.wait_until, self.locked_at


@pytest.fixture
def line(database: Database) -> PinCalls:
    return PinCalls(database, NOW, cheap_hasher(), POLICIES)


@ON_SQLITE
@MANY
@given(
    tries=st.lists(
        st.tuples(PHONES, st.sampled_from(["case", "other", "none"]), st.booleans(), STEPS), max_size=25
    )
)
def test_counters_do_what_the_model_says(
    line: PinCalls, tries: list[tuple[str | None, str, bool, int]]
) -> None:
    line.now = NOW
    numbers = {"case": line.case(), "other": line.case(), "none": line.unused_number()}
    counters = ("", *(f"u{phone}" for phone in {phone for phone, *_ in tries} if phone is not None))
    models = {(name, counter): Model() for name in numbers for counter in counters}
    known: set[tuple[str, str]] = set()
    for phone, name, keys_right, seconds in tries:
        line.now += timedelta(seconds=seconds)
        own = f"u{phone}" if phone is not None and (name, phone) in known else ""
        before = {key: model.row for key, model in models.items()}

        word = line.tries(numbers[name], PIN if keys_right else WRONG, phone=phone)

        assert word == models[name, own].tries(line.now, keys_right and name != "none")
        if word == "right":
            assert line.counter(numbers[name], counter=own) == (0, None, None)
            if phone is not None:
                known.add((name, phone))
        counted = line.counters(numbers.values())
        for (at, whose), model in models.items():
            assert counted.get((numbers[at], whose), (0, None, None)) == model.row
            assert (at, whose) == (name, own) or model.row == before[at, whose]
    for (name, own), model in models.items():
        failed = [row.at for row in line.tries_at(numbers[name]) if row.counter == own and not row.opened]
        assert sorted(failed) == model.failures


@ON_SQLITE
@MANY
@given(tries=st.lists(st.tuples(PHONES, STEPS), max_size=20))
def test_case_and_no_case_cannot_be_told_apart(line: PinCalls, tries: list[tuple[str | None, int]]) -> None:
    line.now = NOW
    case, none = line.case(), line.unused_number()
    for phone, seconds in tries:
        line.now += timedelta(seconds=seconds)
        paths = []
        for number in (case, none):
            sid, runs = line.call(phone), line.hasher.runs
            with sent_statements(line.database) as statements:
                guess = line.reserve(sid, number)
                word = line.record(sid, guess, line.hasher.matches(guess.stored, WRONG))
            counter = line.counter(number)
            paths.append((word, guess.allowed, guess.tightened, line.hasher.runs - runs, statements, counter))

        assert paths[0] == paths[1]
        assert paths[0][3] == 1


@ON_SQLITE
@MANY
@given(strangers=st.lists(st.tuples(st.sampled_from(["elsewhere", None]), STEPS), max_size=25))
def test_known_phone_opens_its_case_whatever_strangers_do(
    line: PinCalls, strangers: list[tuple[str | None, int]]
) -> None:
    line.now = NOW
    number = line.case()
    line.knows(number, "home")
    for phone, seconds in strangers:
        # Beyond 180 days the phone would be one of the strangers.
        line.now = min(line.now + timedelta(seconds=seconds), NOW + timedelta(days=179))
        line.tries(number, WRONG, phone=phone)

    assert line.counter(number, counter="uhome") == (0, None, None)
    assert line.tries(number, PIN, phone="home") == "right"


@ON_SQLITE
@MANY
@given(tries=st.lists(st.tuples(st.booleans(), STEPS), max_size=20))
def test_total_falls_by_time_alone(line: PinCalls, tries: list[tuple[bool, int]]) -> None:
    line.now = NOW
    number, last, failures = line.case(), 0, []
    for keys_right, seconds in tries:
        line.now += timedelta(seconds=seconds)
        if line.tries(number, PIN if keys_right else WRONG, phone=None) == "wrong":
            failures.append(line.now)
        sid = line.call()
        with line.database.transaction() as session:
            line.at_number(session, sid, number)
            total = line.state(session, sid).stranger_total

        assert total == sum(at >= line.now - timedelta(days=30) for at in failures)
        assert total >= last or seconds > 0
        last = total
