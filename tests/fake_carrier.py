"""A carrier that dials nobody: the methods of ``workers.carrier.Carrier``, and the calls it was asked for."""

from datetime import datetime

from tests.phone import Phone, PlacedCall
from workers.carrier import (
    NO_SUCH_CODE,
    NUMBER_CODES,
    PACE_CODE,
    TEXT_CODES,
    CarrierCall,
    CarrierRefused,
    CarrierUnknown,
    ReceivedText,
    judge,
)


class FakeCarrier:
    """``placed`` has every call that was dialed, oldest first; ``refused`` counts those that were not."""

    def __init__(self) -> None:
        self.placed: list[PlacedCall] = []
        self.refused = 0
        #: Whether it cannot be reached at all.
        self.is_away = False
        #: Whether it says that too much was asked of it at once.
        self.is_overloaded = False
        #: Twilio's error code for every request, while it lets our account in no more.
        self.refuses_all: int | None = None
        self.texts: list[tuple[str, str]] = []
        #: The number that each of these texts came from, None for the main one.
        self.lines_of_texts: list[str | None] = []
        self._next: list[str] = []
        #: Twilio's error code for every call, or every text, while the account is refused.
        self.refuses_calls: int | None = None
        self.refuses_texts: int | None = None
        #: Twilio's error code for every call, or text, from a number of the office other than the main one.
        self.refuses_from: dict[str, int] = {}
        #: Twilio's error code for every call to a phone.
        self.refuses_to: dict[str, int] = {}
        #: And for every text to a phone.
        self.refuses_texts_to: dict[str, int] = {}
        self.asked_for: list[str] = []
        self._came_in: list[PlacedCall] = []
        #: Whether a redirected call reaches its new address only when the test says so.
        self.moves_later = False
        #: Whether the next redirected call stays where it is, and no answer comes.
        self.loses_next_move = False
        self._to_move: list[tuple[Phone, str]] = []

    @property
    def ringing(self) -> list[PlacedCall]:
        """The calls placed that nobody has answered or declined yet."""
        return [call for call in self.placed if call.status == "ringing"]

    def refuses_next(self, times: int = 1) -> None:
        """The next calls are certainly not dialed."""
        self._next += ["refused"] * times

    def loses_next_answer(self, *, dialled: bool = True) -> None:
        """The answer to the next call is lost on the way, whether it was ``dialled`` or not."""
        self._next.append("lost" if dialled else "lost before dialling")

    def carries(self, phone: Phone) -> None:
        """A call that came in, which the line may want to move as well as those it placed."""
        self._came_in.append(
            PlacedCall("", "", 0, call_sid=phone.call_sid, status="in-progress", phone=phone)
        )

    def loses_the_end_of(self, phone: Phone, ended_at: datetime | None = None) -> None:
        """This call is over, and no event of it reached the line; the carrier may know since when."""
        over = PlacedCall("", "", 0, call_sid=phone.call_sid, status="completed", ended_at=ended_at)
        self._came_in.insert(0, over)

    def place_call(self, *, to: str, leg_id: str, ring_seconds: int, line: str | None = None) -> str:
        """Dial ``to`` and return the call's sid."""
        self.asked_for.append(to)
        self._may_be_away()
        code = self.refuses_calls if line is None else self.refuses_from.get(line, self.refuses_calls)
        code = self.refuses_to.get(to, code)
        if code is not None:
            self.refused += 1
            raise judge(400, code, NUMBER_CODES)
        fate = self._next.pop(0) if self._next else "dialled"
        if fate == "refused":
            self.refused += 1
            raise judge(400, 21211, NUMBER_CODES)
        call = PlacedCall(to, leg_id, ring_seconds, line=line)
        if fate != "lost before dialling":
            self.placed.append(call)
        if fate != "dialled":
            raise CarrierUnknown("The carrier did not answer.")
        return call.call_sid

    def fetch_call(self, call_sid: str) -> CarrierCall:
        """The status of a call that was placed, or that came in."""
        if self.refuses_all is not None:
            self._may_be_away()
        call = self._find(call_sid)
        if call in self._came_in and not _is_on(call):
            return CarrierCall("completed", call.ended_at)
        return CarrierCall(call.status, call.ended_at)

    def end_call(self, call_sid: str) -> None:
        """Hang up, on the person who answered."""
        self._may_be_away()
        call = self._find(call_sid)
        if call.phone is not None:
            call.phone.hangs_up()
        elif call.status == "ringing":
            call.status = "canceled"

    def redirect_call(self, call_sid: str, leg_id: str) -> None:
        """Send a call that was answered to its leg's address again."""
        self._may_be_away()
        call = self._find(call_sid)
        if call.phone is None or not _is_on(call):
            raise CarrierRefused("The carrier refused: 400.")
        if self.loses_next_move:
            self.loses_next_move = False
            raise CarrierUnknown("The carrier did not answer.")
        self._to_move.append((call.phone, f"/voice/legs/{leg_id}"))
        if not self.moves_later:
            self.moves()

    def moves(self) -> None:
        """The redirected calls reach their new addresses."""
        while self._to_move:
            phone, path = self._to_move.pop(0)
            phone.is_sent_to(path)

    def tell_missed(self, call_sid: str, conference: str, leg_id: str) -> None:
        """One participant of a conference hears that a leg was rung in vain."""
        call = self._find(call_sid)
        if call.phone is None or not call.phone.is_talking:
            raise CarrierRefused("The carrier refused: 404.")
        call.phone.is_told(conference, f"/voice/legs/{leg_id}/missed")

    def send_text(self, *, to: str, body: str, line: str | None = None) -> None:
        """Send a text, unless the next answer is to be lost or refused."""
        self._may_be_away()
        code = self.refuses_texts if line is None else self.refuses_from.get(line, self.refuses_texts)
        code = self.refuses_texts_to.get(to, code)
        if code is not None:
            raise judge(400, code, TEXT_CODES)
        fate = self._next.pop(0) if self._next else "sent"
        if fate == "refused":
            raise judge(400, 21614, TEXT_CODES)
        if fate != "lost before dialling":
            self.texts.append((to, body))
            self.lines_of_texts.append(line)
        if fate != "sent":
            raise CarrierUnknown("The carrier did not answer.")

    def texts_since(self, line: str, since: datetime) -> list[ReceivedText]:  # noqa: ARG002
        """Nobody has sent a text."""
        self._may_be_away()
        return []

    def _may_be_away(self) -> None:
        if self.is_away:
            raise CarrierRefused("The carrier cannot be reached.", about="connection")
        if self.is_overloaded:
            raise judge(429, PACE_CODE, NUMBER_CODES)
        if self.refuses_all is not None:
            raise judge(401, self.refuses_all, NUMBER_CODES)

    def _find(self, call_sid: str) -> PlacedCall:
        for call in (*self.placed, *self._came_in):
            if call.call_sid == call_sid:
                return call
        raise judge(404, NO_SUCH_CODE, NUMBER_CODES)


def _is_on(call: PlacedCall) -> bool:
    """Whether the phone is still on this call."""
    return call.phone is not None and call.phone.call_sid == call.call_sid and not call.phone.is_over
