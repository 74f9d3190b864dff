"""Calls that try PINs, for tests and the bench: the two transactions of the PIN step and the KDF between."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import insert, select, update

from models import Call, Case, KnownPhone, PinCounter, PinTry
from models.calls.call_state import CallState
from models.calls.pin_try import Guess, record, reserve
from models.cases.case import add_case
from models.cases.pin import Match
from models.cases.pin_hash import PinHasher
from models.cases.registrant import Phone, register
from models.cases.subject import find_or_add_subject
from models.overview.caller_state import load_by_sid
from models.store.database import Database, Write, send_all
from models.store.policies import Policies

PIN = "482917"
WRONG = "917482"
_serial = count(1)


def cheap_hasher() -> PinHasher:
    """A hasher with a very cheap KDF."""
    return PinHasher(b"a pepper of the tests", memory_kib=8, time_cost=1)


@dataclass
class PinCalls:
    """The line's PIN step over a database, with ``now`` moved by the test."""

    database: Database
    now: datetime
    hasher: PinHasher
    policies: Policies
    shared_phone: bool = False

    def case(self, *, pin: str = PIN, **columns: Any) -> str:
        """Open a case; returns its number key."""
        number = f"{next(_serial):08d}"
        with self.database.transaction() as session:
            case = add_case(
                session,
                number=number,
                pin_hash=self.hasher.hash(pin),
                subject=find_or_add_subject(session, feed_id=number, name="Sam Poe", now=self.now),
                registrant=register(
                    session, language="en", time_zone="America/New_York", phone=None, now=self.now
                ),
                now=self.now,
                actor="test",
            )
            for name, value in columns.items():
                setattr(case, name, value)
            return case.number_key

    def unused_number(self) -> str:
        """A number key that no case has."""
        return self.database.keyring.index("case", f"none {next(_serial)}")

    def call(self, phone: str | None = "stranger", *, attested: bool = False, doubted: bool = False) -> str:
        """A new call from this phone (its keyed hash; None is withheld), at the PIN step."""
        sid = f"CA{next(_serial):032d}"
        with self.database.transaction() as session:
            session.execute(
                insert(Call).values(
                    call_sid=sid, direction="inbound", flow="victim_line", line="", phone_key=phone,
                    started_at=self.now, language="en", pace="normal", step="ask_pin", turn=1,
                    heard_from="ask_pin", misses=0, silences=0, tries=0, said="", trail="",
                    caller_id_attested=attested, caller_id_doubted=doubted, ended_at=self.now,
                )
            )  # fmt: skip
        return sid

    def reserve(self, sid: str, number: str) -> Guess:
        """The first transaction of a new try of this call."""
        with self.database.transaction() as session:
            self.at_number(session, sid, number)
            return self.reserve_again(session, sid)

    def at_number(self, session: Any, sid: str, number: str) -> None:
        """The call is at its next turn with this number keyed, as earlier turns would have saved it."""
        at_call = update(Call).where(Call.call_sid == sid)
        session.execute(at_call.values(tried_key=number, tries=Call.tries + 1, turn=Call.turn + 1))

    def reserve_again(self, session: Any, sid: str) -> Guess:
        """Reserve the try at the turn where the call is, in this transaction."""
        return self.reserve_read(session, self.state(session, sid))

    def reserve_read(self, session: Any, state: CallState) -> Guess:
        """Reserve the try of a call that was read before, in this transaction."""
        guess, writes = reserve(state, self.now, self.policies, shared_phone=self.shared_phone)
        send_all(session, *writes)
        return guess

    def record(self, sid: str, guess: Guess, found: Match | bool) -> str:
        """The second transaction; True is the case's own PIN."""
        matched: Match = ("pin" if found else "") if isinstance(found, bool) else found
        with self.database.transaction() as session:
            state = self.state(session, sid, opening=guess.opens(matched))
            word, writes = record(state, guess, matched, self.now)
            if word == "right":
                writes.append(_no_tries(sid))
            send_all(session, *writes)
        return word

    def tries(
        self, number: str, pin: str = WRONG, *, phone: str | None = "stranger", sid: str | None = None
    ) -> str:
        """A whole try, in a call of its own unless one is given; answers ``right`` or ``wrong``."""
        sid = sid or self.call(phone)
        guess = self.reserve(sid, number)
        return self.record(sid, guess, guess.work(self.hasher, pin))

    def state(self, session: Any, sid: str, *, opening: Match | None = None) -> CallState:
        """The call as the PIN step's first transaction reads it, or the second, ``opening`` or not."""
        state = load_by_sid(session, sid, self.now, for_pin=opening is None, opening=opening or "")
        assert state is not None
        return state

    def counter(self, number: str, *, counter: str = "") -> tuple[int, datetime | None, datetime | None]:
        """The consecutive count, the end of the wait and the time of the lock."""
        with self.database.reading() as session:
            row = session.get(PinCounter, (number, counter))
            return (0, None, None) if row is None else (row.consecutive, row.wait_until, row.locked_at)

    def counters(self, numbers: Iterable[str]) -> dict[tuple[str, str], Any]:
        """What ``counter`` says of each counter of some numbers that has a row, in one read."""
        with self.database.reading() as session:
            rows = session.scalars(select(PinCounter).where(PinCounter.number_key.in_(list(numbers))))
            return {
                (row.number_key, row.counter): (row.consecutive, row.wait_until, row.locked_at)
                for row in rows
            }

    def tries_at(self, number: str) -> list[PinTry]:
        """The rows of all tries at a number."""
        with self.database.reading() as session:
            rows = list(session.scalars(select(PinTry).where(PinTry.number_key == number)))
            session.expunge_all()
            return rows

    def confirms(self, number: str, phone: str, **columns: Any) -> None:
        """Make the phone a confirmed one of the case."""
        with self.database.transaction() as session:
            registrant_id = session.scalar(select(Case.registrant_id).where(Case.number_key == number))
            values = {
                "registrant_id": registrant_id, "position": next(_serial), "number_sealed": "",
                "phone_key": phone, "confirmed_at": self.now, "may_answer": "only_me",
                "voicemail_allowed": False, "code_tries": 0,
            }  # fmt: skip
            session.execute(insert(Phone).values(values | columns))

    def knows(self, number: str, phone: str, **columns: Any) -> None:
        """Make the phone one that has verified the number now."""
        values = {"number_key": number, "phone_key": phone, "last_verified_at": self.now, **columns}
        with self.database.transaction() as session:
            session.execute(insert(KnownPhone).values(values))

    def known_phones(self, number: str) -> set[str]:
        """The phones that are known for the number, unsafe ones too."""
        with self.database.reading() as session:
            return set(session.scalars(select(KnownPhone.phone_key).where(KnownPhone.number_key == number)))

    def change_case(self, number: str, **columns: Any) -> None:
        """Change columns of a case."""
        with self.database.transaction() as session:
            session.execute(update(Case).where(Case.number_key == number).values(columns))


def _no_tries(sid: str) -> Write:
    return update(Call).where(Call.call_sid == sid).values(tries=0), {}
