"""A year of somebody who knows the number, a phone, the birthday and the household, but neither PIN nor code.

Each month something changes. The abuser takes the calls of the household's phone, rings the line, guesses
PINs and codes, reports the PIN as lost, and texts STOP. Beside the victim's case there is one of which
nothing is known, about which nobody is called: the abuser does the same there, and must hear the same. The
victim has a phone of their own. ``HOTLINE_ABUSER_YEARS`` is how many such years a run has.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select, update

from models import Callback, Case, CustodyRecord, Notice, Subject
from models import Phone as PhoneRow
from models.cases.registrant import Consent
from models.custody.custody_event import URGENT_KINDS
from models.store.database import keyring_of
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, TELLING, Registered, sweeps
from tests.calls.notices.test_from_the_feed import Feed
from tests.calls.stories import document_of, opens_the_case, wrong
from tests.calls.visits import without_ids
from tests.conftest import ON_SQLITE
from tests.factories import MadeCase
from tests.phone import Phone, PlacedCall

Registering = Callable[..., Registered]
YEARS = int(os.environ.get("HOTLINE_ABUSER_YEARS", "1"))
#: The phones of the household, of the two victims alone, and of the abuser.
HOUSEHOLD = {"news": "+12025550130", "nothing": "+12025550140"}
OWN = {"news": "+12025550131", "nothing": "+12025550141"}
ABUSERS = {"news": "+12025550188", "nothing": "+12025550189"}
WITHHELD = {"news": "anonymous", "nothing": "anonymous"}
MONTHS = (
    "transferred", "released", "returned_to_custody", "released_on_bond", "returned_to_custody", "escaped",
    "returned_to_custody", "released_on_supervision", "returned_to_custody", "transferred", "released",
    "removed",
)  # fmt: skip
#: What the abuser tries as a notice code: years, dates, the phone, the case number, and others.
GUESSES = ("1985", "0214", "1402", "5501", "0130", "1234", "1111", "9876", "3862", "4937", "8264", "7249")
KEYS = (
    "1", "1", "2", "2", "3", "4", "5", "7", "8", "9", "0", "*", "#", "", "NUMBER", "NUMBER", "WRONG", "WRONG",
    "WRONG", "12", "NUMBER AGAIN",
)  # fmt: skip
BEGINNINGS = (("1", "1", "NUMBER"), ("1", "1", "NUMBER"), ("2", "2", "3", "NUMBER"), ("1",))
#: How the line says these; of a person who is out otherwise it says "released".
WORDS = {
    "transferred": "in custody", "returned_to_custody": "back in custody", "escaped": "escaped",
    "removed": "sent out of the United States",
}  # fmt: skip
STOPPED = "We have stopped calling one or more of your phones"
_MOST_ROUNDS = 60


@dataclass
class Year:
    """The year so far: two cases in lockstep, of which ``made`` is the victim's."""

    hotline: Hotline
    phone: Phone
    texts: Callable[..., str]
    random: Random
    made: Registered
    feed: Feed
    cases: Mapping[str, MadeCase]
    #: The calls that the abuser answered, and what they heard there.
    answered: list[Phone] = field(default_factory=list)
    #: Since when the household's phone is stopped without the victim having been told.
    stopped: bool = False
    stops: int = 0
    #: How many calls to their own phone the victim still misses.
    missing: int = 0

    # The abuser.

    def abuser_rings(self) -> None:
        """A visit with any keys."""
        numbers = self.random.choice((HOUSEHOLD, HOUSEHOLD, ABUSERS, WITHHELD))
        keys = [*self.random.choice(BEGINNINGS), *self.random.choices(KEYS, k=self.random.randint(3, 12))]
        self._visit(numbers, keys)

    def abuser_guesses_pins(self) -> None:
        """Visits from each phone until the number is locked there."""
        for numbers in (HOUSEHOLD, ABUSERS, WITHHELD):
            for _ in range(5):
                self._visit(numbers, ("1", "1", "NUMBER", "WRONG", "WRONG", "WRONG"))
                self.hotline.clock.passes(hours=2)

    def _visit(self, numbers: Mapping[str, str], keys: Sequence[str]) -> None:
        """A visit to each case with the same keys from phones of the same kind."""
        phones = {kind: self.phone.another() for kind in self.cases}
        for kind, phone in phones.items():
            phone.dials_in(from_=numbers[kind])
        for key in keys:
            self._presses(phones, key)
        for phone in phones.values():
            phone.hangs_up()

    def _presses(self, phones: Mapping[str, Phone], key: str) -> None:
        """One key in both calls, after which both hear the same."""
        if 'numDigits="1"' in document_of(phones["news"]) and key.startswith("NUMBER"):
            # The first digits of the two numbers are two different choices of a menu.
            key = "1"
        for kind, phone in phones.items():
            number = self.cases[kind].number
            keyed = {"NUMBER": number, "NUMBER AGAIN": number[:6], "WRONG": wrong(self.cases[kind].pin)}
            if not phone.is_over:
                phone.presses(keyed.get(key, key)) if key else phone.says_nothing()
        heard = [without_ids(document_of(phone)) for phone in phones.values()]
        assert heard[0] == heard[1], phones["news"].transcript + phones["nothing"].transcript

    def abuser_texts(self) -> None:
        """A text from the household's phone."""
        body = self.random.choice(("STOP", "START", "HELP", "Who is this?"))
        replies = {kind: self.texts(body, from_=HOUSEHOLD[kind]) for kind in self.cases}
        assert replies["news"] == replies["nothing"], body
        if body == "STOP" and not self.stopped:
            self.stopped, self.stops = True, self.stops + 1
            self._staff_have("phone_stopped")

    def abuser_answers(self, call: PlacedCall) -> None:
        """The household's phone rings: nobody answers, or somebody without the code."""
        if self.random.random() < 0.1:
            self.phone.another().declines(call, self.random.choice(("no-answer", "busy")))
            return
        called = self.phone.answers(call)
        self.answered.append(called)
        ways: tuple[tuple[str, ...], ...] = (
            (), ("2",), ("1", "#"), ("1", "0"), ("*", "1"), ("5", *self._guesses()), ("1", *self._guesses()),
            ("1", *self._guesses()), ("1", *self._guesses()),
        )  # fmt: skip
        keys = self.random.choice(ways)
        for key in keys:
            if not called.is_over:
                called.presses(key)
        assert called.is_over or not set(GUESSES) & set(keys), "three wrong codes end the call"
        while not called.is_over and self.random.random() < 0.7:
            called.says_nothing()
        called.hangs_up()
        heard = called.heard_so_far.casefold()
        assert not [word for word in TELLING if word in heard], called.transcript

    def _guesses(self) -> Iterator[str]:
        return iter(self.random.sample(GUESSES, 3))

    # The victim.

    def victim_answers(self, call: PlacedCall) -> None:
        """The victim's own phone rings: they give the code, hear the news, and confirm it."""
        called = self.phone.answers(call)
        called.presses("1")
        called.presses(CODE)
        if "To hear it now, press 1" in called.heard:
            called.presses("1")
        assert called.hears("To confirm that you heard this, press 1")
        called.presses("1")
        called.hangs_up()

    def victim_rings(self) -> None:
        """With number and PIN the victim hears the status, and that somebody stopped a phone, if so."""
        for kind, case in self.cases.items():
            caller = self.phone.another()
            opens_the_case(caller, case, from_=OWN[kind])
            heard = caller.heard
            if "I have news that may be hard to hear" in heard:
                caller.presses("1")
                heard += caller.heard
            if kind == "news":
                assert WORDS.get(self._status(), "released") in heard, caller.transcript
            else:
                assert "cannot confirm where this person is" in heard, caller.transcript
            assert (STOPPED in caller.heard_so_far) == self.stopped, caller.transcript
            if self.stopped:
                caller.presses("1")
                assert caller.hears("We can call there again")
            caller.hangs_up()
        self.stopped = False

    def _status(self) -> str:
        with self.hotline.database.reading() as session:
            subject = session.get_one(Subject, self.made.case.subject_id)
            return str(session.get_one(CustodyRecord, subject.record_id).status)

    # The office.

    def something_changes(self, status: str) -> None:
        """The feed reports it, and the line calls until the victim has confirmed it."""
        assert not self.feed.says(status).held
        sweeps(self.hotline)
        # Of an urgent notice the victim misses some calls, so that the household's phone rings again.
        self.missing = self.random.randint(1, 2) if status in URGENT_KINDS else 0
        for _ in range(_MOST_ROUNDS):
            self._phones_ring()
            notices = self._open_notices()
            if not notices:
                return
            if self.random.random() < 0.2:
                self.abuser_texts()
            waits = min(one.next_attempt_at for one in notices) - self.hotline.clock.now
            sweeps(self.hotline, seconds=max(60.0, waits.total_seconds()))
            if any(one.task in ("wrong_code", "no_code") for one in self._open_notices()):
                self._staff_have("notice")
        pytest.fail(f"the victim was not reached about {status}")

    def _phones_ring(self) -> None:
        for call in list(self.hotline.carrier.ringing):
            if call.status != "ringing":
                continue
            if call.to == HOUSEHOLD["news"]:
                self.abuser_answers(call)
            elif call.to == OWN["news"] and not self.missing:
                self.victim_answers(call)
            else:
                self.missing -= call.to == OWN["news"]
                self.phone.another().declines(call, "no-answer")
        self.hotline.jobs.works_off()

    def staff_settle(self) -> None:
        """Staff close their tasks, so that a later one shows."""
        with self.hotline.database.transaction() as session:
            closed = {"state": "cancelled", "outcome": "settled", "closed_at": self.hotline.clock.now}
            session.execute(update(Callback).where(Callback.closed_at.is_(None)).values(**closed))
            session.execute(update(Callback).where(Callback.state == "left_for_staff").values(**closed))

    def all_were_told(self) -> None:
        """No notice was stopped, the victim confirmed each of them, and the household got no text."""
        assert HOUSEHOLD["news"] not in dict(self.hotline.carrier.texts)
        ends = [(one.state, one.confirmed_by) for one in self.hotline.rows(select(Notice))]
        assert set(ends) <= {("confirmed", "call"), ("confirmed", "line")}, ends

    def _open_notices(self) -> list[Notice]:
        return self.hotline.rows(
            select(Notice).where(Notice.state.in_(("waiting", "ringing", "left_for_staff")))
        )

    def _staff_have(self, reason: str) -> None:
        """Staff have a task with this reason about the victim's case."""
        registrant_id = self.made.case.registrant_id
        found = self.hotline.rows(
            select(Callback.state).where(
                Callback.reason == reason,
                (Callback.case_id == self.made.case.id) | (Callback.registrant_id == registrant_id),
            )
        )
        assert "left_for_staff" in found, (reason, found)


@pytest.fixture
def year(
    phone: Phone, hotline: Hotline, registered: Registering, make_case: Callable[..., MadeCase],
    texts: Callable[..., str],
) -> Year:  # fmt: skip
    """A victim with two phones who is called about somebody, and a case of which nothing is known."""
    made = registered("in_custody", phones=(HOUSEHOLD["news"], OWN["news"]), cap=99)
    nothing = make_case(phone=HOUSEHOLD["nothing"])
    with hotline.database.transaction() as session:
        keyring = keyring_of(session)
        registrant_id = session.get_one(Case, nothing.id).registrant_id
        session.add(
            PhoneRow(
                registrant_id=registrant_id, position=2, confirmed_at=hotline.clock.now,
                number_sealed=keyring.seal("phone.number", OWN["nothing"]),
                phone_key=keyring.index("phone", OWN["nothing"]),
                consents=[
                    Consent(channel="voice", words="Yes.", cap_per_day=9, granted_at=hotline.clock.now)
                ],
            )
        )  # fmt: skip
    cases = {"news": made.case, "nothing": nothing}
    return Year(hotline, phone, texts, Random(0), made, Feed(hotline, made), cases)


@ON_SQLITE
@pytest.mark.timeout(120 * max(1, YEARS))
@pytest.mark.parametrize("seed", range(YEARS))
def test_abuser_learns_and_stops_nothing_in_a_year_and_locks_nobody_out(year: Year, seed: int) -> None:
    year.random = Random(seed)
    for status in MONTHS:
        for _ in range(year.random.randint(1, 3)):
            year.abuser_rings()
            year.hotline.clock.passes(hours=year.random.randint(1, 60))
            if year.random.random() < 0.4:
                year.abuser_texts()
        # The next day at 10 AM.
        clock = year.hotline.clock
        clock.now = (clock.now + timedelta(days=1)).replace(hour=15)
        year.something_changes(status)
        if year.random.random() < 0.8:
            year.victim_rings()
        year.staff_settle()
        clock.passes(days=20)

    year.all_were_told()
    assert len(year.answered) > len(MONTHS) // 3
    assert year.stops
    year.abuser_guesses_pins()
    year.victim_rings()
