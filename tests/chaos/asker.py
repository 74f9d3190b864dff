"""Someone who calls the line in a storm and asks to be called back, again and again until it is promised."""

import time
from contextlib import suppress
from datetime import UTC, datetime

from hotline.exchange.answering import WrongMomentError
from hotline.exchange.switchboard import Switchboard
from hotline.exchange.switched_call import SwitchedCall
from tests.chaos.crowd import waits_until
from tests.factories import MadeCase
from tests.people.ear import WORDS, hears, option

_MOST_CALLS, _MOST_QUESTIONS = 40, 12
_ANSWER_SECONDS = 20.0
_WISHES = ("language", "case", "callback", "to_callback")
#: What is said of a callback that is open already, because the promise of a call that broke off stands.
_KEEP = "To keep this call, press 1"


class Asker:
    """Has a case and a phone. ``promised_at`` is when the line said that it will call, None before."""

    def __init__(self, board: Switchboard, line: str, case: MadeCase, phone: str) -> None:
        self._board, self._line = board, line
        self.case, self.phone = case, phone
        self.calls = 0
        self.promised_at: datetime | None = None

    def asks(self) -> None:
        """Call until the promise is heard, or patience ends."""
        while self.promised_at is None and self.calls < _MOST_CALLS:
            self.calls += 1
            call = self._board.dial(self.phone, self._line)
            with suppress(WrongMomentError, LookupError):
                if self._is_promised(call):
                    self.promised_at = datetime.now(UTC)
                self._board.hang_up(call.sid)
            if self.promised_at is None:
                time.sleep(1)

    def _is_promised(self, call: SwitchedCall) -> bool:
        waits_until(lambda: call.live.state in {"keys", "over"}, _ANSWER_SECONDS)
        for _ in range(_MOST_QUESTIONS):
            phrases = call.live.heard_since_last_key()
            if hears(phrases, WORDS["en"]["promise"]) is not None:
                return True
            keys = self._decides(phrases)
            if call.live.state != "keys" or keys is None:
                return False
            self._board.press(call.sid, keys)
        return False

    def _decides(self, phrases: list[str]) -> str | None:
        words = WORDS["en"]
        if hears(phrases, _KEEP) is not None:
            return "1"
        if hears(phrases, words["number"]) is not None:
            return self.case.number
        wishes = [found.keys for wish in _WISHES if (found := option(phrases, "en", wish)) is not None]
        if hears(phrases, words["pin"]) is not None and not wishes:
            return self.case.pin
        return wishes[0] if wishes else None
