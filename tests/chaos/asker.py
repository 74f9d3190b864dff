"""The people who call the line in a storm, until they have a promise of a callback or a person."""

import time
from contextlib import suppress
from datetime import UTC, datetime
from random import Random

from hotline.exchange.calls.answering import WrongMomentError
from hotline.exchange.calls.switchboard import Switchboard
from hotline.exchange.calls.switched_call import SwitchedCall
from hotline.exchange.page.busy import is_in_call
from tests.chaos.crowd import waits_until
from tests.factories import MadeCase
from tests.people.ear import WORDS, hears, hears_status, option

_MOST_CALLS, _MOST_QUESTIONS = 40, 12
_ANSWER_SECONDS = 20.0
_WISHES = ("language", "case", "callback", "to_callback")
#: What somebody who is afraid chooses instead: the same, but a call within the hour.
_WISHES_IN_FEAR = ("language", "case", "afraid", "to_callback")
#: What the line says of an open callback, because the promise of a call that broke off counts.
_KEEP = "To leave your callback as it is, or"
_ON_HOLD = "on hold"
_LOOKS_EVERY = 0.2


class Asker:
    """Has a case and a phone. ``promised_at`` is when the line said that it will call, None before."""

    def __init__(
        self, board: Switchboard, line: str, case: MadeCase, phone: str, *, is_afraid: bool = False
    ) -> None:
        self._board, self._line = board, line
        self._wishes = _WISHES_IN_FEAR if is_afraid else _WISHES
        self.case, self.phone = case, phone
        self.calls = 0
        self.promised_at: datetime | None = None
        #: How each call went: what was heard last, or what broke it off.
        self.met: list[str] = []
        #: What no caller may meet.
        self.faults: list[str] = []

    @property
    def is_served(self) -> bool:
        """Whether they have what they called for."""
        return self.promised_at is not None

    def asks(self) -> None:
        """Call until they are served, or patience ends."""
        while not self.is_served and self.calls < _MOST_CALLS:
            self.calls += 1
            call = self._board.dial(self.phone, self._line)
            broken = ""
            try:
                self._talks_to_the_line(call)
            except (WrongMomentError, LookupError, TimeoutError) as error:
                broken = f" ({type(error).__name__})"
            except Exception as error:  # noqa: BLE001  # The verdict tells it.
                self.faults.append(f"{type(error).__name__}: {error}")
            heard = call.live.heard_since_last_key()
            self.met.append(f"{call.live.state}: {' / '.join(heard[-2:])}{broken}")
            # Whatever they met, every caller hangs up.
            with suppress(WrongMomentError, LookupError, TimeoutError):
                self._board.hang_up(call.sid)
            if not self.is_served:
                time.sleep(1)

    def _talks_to_the_line(self, call: SwitchedCall) -> None:
        """Answer the questions, until they hear what they wait for or do not know what to answer."""
        waits_until(lambda: call.live.state in {"keys", "over"}, _ANSWER_SECONDS)
        for _ in range(_MOST_QUESTIONS):
            phrases = call.live.heard_since_last_key()
            if self._is_there(call, phrases):
                return
            keys = self._decides(phrases)
            if call.live.state != "keys" or keys is None:
                return
            self._board.press(call.sid, keys)

    def _is_there(self, _call: SwitchedCall, phrases: list[str]) -> bool:
        return self._is_promised(phrases)

    def _is_promised(self, phrases: list[str]) -> bool:
        if hears(phrases, WORDS["en"]["promise"]) is None:
            return False
        self.promised_at = datetime.now(UTC)
        return True

    def _decides(self, phrases: list[str]) -> str | None:
        words = WORDS["en"]
        if hears(phrases, _KEEP) is not None:
            return "1"
        if hears(phrases, words["number"]) is not None:
            return self.case.number
        wishes = [found.keys for wish in self._wishes if (found := option(phrases, "en", wish)) is not None]
        if hears(phrases, words["pin"]) is not None and not wishes:
            return self.case.pin
        return wishes[0] if wishes else None


class Waiter(Asker):
    """Presses 0 in their case and waits for a person, with the patience that ``chance`` gives.

    ``talked_at`` is when a person was on the line. ``silent_seconds`` is the longest time for which they were
    on the line and nothing was said or asked, nobody was there, and nothing rang.
    """

    def __init__(self, board: Switchboard, line: str, case: MadeCase, phone: str, chance: Random) -> None:
        super().__init__(board, line, case, phone)
        self.talked_at: datetime | None = None
        self.silent_seconds = 0.0
        self._chance = chance

    @property
    def is_served(self) -> bool:
        """A person was on the line, or they have a promise of a callback instead."""
        return self.talked_at is not None or self.promised_at is not None

    def _is_there(self, call: SwitchedCall, phrases: list[str]) -> bool:
        # The case menu follows its status.
        if hears_status(phrases, "en"):
            self._waits_for_a_person(call)
            return True
        return False

    def _waits_for_a_person(self, call: SwitchedCall) -> None:
        keeps, talks = self._chance.random() < 0.1, self._chance.uniform(3, 15)
        gives_up = time.monotonic() + self._chance.uniform(30, 120)
        silent_since = hangs_up_at = None
        self._board.press(call.sid, "0")
        while (now := time.monotonic()) < (hangs_up_at or gives_up) and not call.live.leg.is_over:
            state = call.live.state
            silent_since = (silent_since or now) if state == "nothing" else None
            self.silent_seconds = max(self.silent_seconds, now - (silent_since or now))
            if state == "talking" and hangs_up_at is None:
                self.talked_at, hangs_up_at = datetime.now(UTC), now + talks
            elif state == "ringing":
                self._is_dialled_for(call)
            elif state == "keys" and not self._answers(call, keeps=keeps):
                return
            time.sleep(_LOOKS_EVERY)

    def _answers(self, call: SwitchedCall, *, keeps: bool) -> bool:
        """Answer the questions in the queue or on hold; False when there is nothing more to wait for."""
        phrases = call.live.heard_since_last_key()
        if self._is_promised(phrases):
            return False
        offered = self._decides(phrases)
        keep = option(phrases, "en", "keep_place")
        if keep is not None and keeps:
            self._board.press(call.sid, keep.keys)
        elif offered is not None and keep is None and self.talked_at is None:
            self._board.press(call.sid, offered)
        elif keep is None and self.talked_at is not None and hears(phrases, _ON_HOLD) is None:
            return False
        else:
            # The line asks every eight seconds; here time goes faster.
            time.sleep(self._chance.uniform(1, 3))
            if call.live.state == "keys":
                self._board.say_nothing(call.sid)
        return True

    def _is_dialled_for(self, call: SwitchedCall) -> None:
        """The call itself dials: a service, or the office's number where nothing rings a liaison."""
        time.sleep(self._chance.uniform(0.2, 1))
        rings = call.live.rings
        if rings and (self._chance.random() < 0.3 or is_in_call(self._board, rings[0])):
            self._board.decline_dialed(call.sid)
        elif rings:
            liaison = self._board.pick_up(call.sid)
            if liaison.live.state == "keys":
                self._board.press(liaison.sid, "1")
