"""Whom the line rings in a storm: liaisons, callers, registrants. The seed decides what each does."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from threading import Lock

from hotline.exchange.calls.answering import WrongMomentError
from hotline.exchange.calls.feed import Happening
from hotline.exchange.calls.switchboard import Switchboard
from hotline.exchange.calls.switched_call import SwitchedCall
from tests.people.ear import hears, option
from tests.phone import waits_a_moment

#: Nobody stays on a call for longer than this (seconds).
MOST_PATIENCE = 30.0
_LOOKS_EVERY = 0.2
#: What a call about a notice asks, in its order; the keys beside the code are those that the line says.
_GOOD_TIME, _CODE, _CONFIRM = "Is this a good time", "4-digit call code", "To confirm that you heard this"
_MOST_QUESTIONS = 12


class Crowd:
    """Answers what rings at ``board``. The same number acts the same way at its n-th ring of a seed."""

    def __init__(
        self,
        board: Switchboard,
        seed: int,
        office_phones: Collection[str],
        absent: Collection[str] = (),
        codes: Mapping[str, str | None] | None = None,
    ) -> None:
        """``absent`` are phones of the office that nobody ever picks up.

        ``codes`` has the phones of those who asked for notices, with their codes; None for a key alone.
        """
        self._codes = codes or {}
        self._board, self._seed, self._office_phones, self._absent = board, seed, office_phones, absent
        self._rings: Counter[str] = Counter()
        self._lock, self._pool = Lock(), ThreadPoolExecutor(128, thread_name_prefix="crowd")
        self._unsubscribe = board.feed.subscribe(self._hears_of)

    def goes_home(self) -> None:
        """Answer nothing any more."""
        self._unsubscribe()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _hears_of(self, happening: Happening) -> None:
        if happening.kind == "placed" and happening.facts["direction"] == "outbound-api":
            to = happening.facts["to"]
            with self._lock:
                self._rings[to] += 1
                chance = Random(f"{self._seed}/{to}/{self._rings[to]}")
            self._pool.submit(self._takes, happening.call_sid, to, chance)

    def _takes(self, sid: str, to: str, chance: Random) -> None:
        time.sleep(chance.uniform(0.1, 1.2))
        try:
            call = self._board.find(sid)
            if to in self._codes:
                self._is_notified(call, chance, self._codes[to])
            else:
                (self._is_liaison if to in self._office_phones else self._is_caller)(call, chance)
        except (WrongMomentError, LookupError, TimeoutError):
            # The call may have ended, or lost its line, before someone got to it; nobody stays on it then.
            with suppress(WrongMomentError, LookupError, TimeoutError):
                self._board.hang_up(sid)

    def _is_liaison(self, call: SwitchedCall, chance: Random) -> None:
        way = chance.random()
        if way < 0.08 or call.to in self._absent:
            return
        if way < 0.16:
            self._board.end_unanswered(call.sid, "busy")
            return
        self._board.answer(call.sid)
        if way < 0.22:
            self._board.hang_up(call.sid)
            return
        self._board.press(call.sid, "2" if way < 0.28 else "1")
        self._stays(
            call, chance.uniform(4, 10), answers_questions=chance.random() < 0.7, star=chance.random()
        )

    def _is_caller(self, call: SwitchedCall, chance: Random) -> None:
        way = chance.random()
        if way < 0.08:
            return
        if way < 0.16:
            self._board.end_unanswered(call.sid, "busy")
            return
        if way < 0.21:
            self._board.answer_by_machine(call.sid)
            return
        self._board.answer(call.sid)
        if way < 0.28:
            self._board.hang_up(call.sid)
            return
        self._board.press(call.sid, "2" if way < 0.33 else "1")
        self._stays(call, chance.uniform(0.5, 4))

    def _is_notified(self, call: SwitchedCall, chance: Random, code: str | None) -> None:
        """Miss the call, leave it to a machine, hang up, or go through it to its end."""
        way = chance.random()
        if way < 0.12:
            return
        if way < 0.18:
            self._board.end_unanswered(call.sid, "busy")
            return
        if way < 0.26:
            self._board.answer_by_machine(call.sid)
            return
        self._board.answer(call.sid)
        # Not a good time, a stranger who guesses, or somebody who wants a person: one in twenty each.
        wish = chance.choice(["put_off", "guess", "person", *["hear"] * 17])
        if way > 0.3:
            self._answers_about_notice(call, wish, code)
        self._board.hang_up(call.sid)

    def _answers_about_notice(self, call: SwitchedCall, wish: str, code: str | None) -> None:
        for _ in range(_MOST_QUESTIONS):
            waits_until(lambda: call.live.state == "keys" or call.live.leg.is_over, MOST_PATIENCE)
            if call.live.state != "keys":
                return
            phrases = call.live.heard_since_last_key()
            now = option(phrases, "en", "news")
            if hears(phrases, _CODE) is not None:
                self._board.press(call.sid, "0000" if wish == "guess" else str(code))
            elif hears(phrases, _CONFIRM) is not None:
                self._board.press(call.sid, "2" if wish == "person" else "1")
            elif now is not None:
                self._board.press(call.sid, now.keys)
            elif hears(phrases, _GOOD_TIME) is not None:
                self._board.press(call.sid, "2" if wish == "put_off" else "1")
            elif waits_a_moment(call.live):
                # After the news of a release the danger line follows.
                self._board.say_nothing(call.sid)
            else:
                return

    def _stays(
        self, call: SwitchedCall, talks: float, *, answers_questions: bool = False, star: float = 1
    ) -> None:
        """Talk for ``talks`` seconds, answer how it ended or do not, and hang up.

        With ``star`` below 0.2 they put the other one on hold first, and below 0.05 do not come back from it.
        """
        ends_at, until = time.monotonic() + MOST_PATIENCE, None
        while time.monotonic() < ends_at and call.ended_at is None:
            if call.live.is_talking:
                if until is None and star < 0.2:
                    self._board.press(call.sid, "*")
                    time.sleep(1.5)
                    if star < 0.05:
                        break
                    self._board.press(call.sid, "1")
                until = until or time.monotonic() + talks
                if time.monotonic() > until:
                    break
            elif until is not None and call.live.state == "keys":
                if answers_questions:
                    self._board.press(call.sid, "1")
                break
            time.sleep(_LOOKS_EVERY)
        self._board.hang_up(call.sid)


def waits_until(fact: Callable[[], bool], seconds: float) -> bool:
    """Whether ``fact`` comes true within so many seconds."""
    ends_at = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > ends_at:
            return False
        time.sleep(0.05)
    return True
