"""Asks a carrier that did not answer no more in the same pass: the rest of the pass must not wait."""

from collections.abc import Callable
from typing import TypeVar

from workers.callbacks import CallCarrier
from workers.carrier import CarrierCall, CarrierRefused, CarrierUnknown

_Answer = TypeVar("_Answer")


class PatientOnce:
    """Passes requests on until the carrier fails to answer one, and from then on answers in its place.

    A call that it does not pass on was certainly not placed.
    """

    def __init__(self, carrier: CallCarrier) -> None:
        self._carrier, self._is_silent = carrier, False

    def place_call(self, *, to: str, leg_id: str, ring_seconds: int, line: str | None = None) -> str:
        """As the carrier's own. Raises CarrierRefused or CarrierUnknown."""
        if self._is_silent:
            raise CarrierRefused("The carrier is not asked again so soon.", about="connection")
        return self._ask(
            lambda: self._carrier.place_call(to=to, leg_id=leg_id, ring_seconds=ring_seconds, line=line)
        )

    def send_text(self, *, to: str, body: str, line: str | None = None) -> None:
        """As the carrier's own. Raises CarrierRefused or CarrierUnknown."""
        if self._is_silent:
            raise CarrierRefused("The carrier is not asked again so soon.", about="connection")
        self._ask(lambda: self._carrier.send_text(to=to, body=body, line=line))

    def fetch_call(self, call_sid: str) -> CarrierCall:
        """As the carrier's own. Raises CarrierRefused or CarrierUnknown."""
        return self._ask(lambda: self._carrier.fetch_call(call_sid))

    def end_call(self, call_sid: str) -> None:
        """As the carrier's own. Raises CarrierRefused or CarrierUnknown."""
        self._ask(lambda: self._carrier.end_call(call_sid))

    def tell_missed(self, call_sid: str, conference: str, leg_id: str) -> None:
        """As the carrier's own. Raises CarrierRefused or CarrierUnknown."""
        if self._is_silent:
            raise CarrierUnknown("The carrier is not asked again so soon.")
        self._ask(lambda: self._carrier.tell_missed(call_sid, conference, leg_id))

    def redirect_call(self, call_sid: str, leg_id: str) -> None:
        """As the carrier's own. Raises CarrierRefused or CarrierUnknown."""
        self._ask(lambda: self._carrier.redirect_call(call_sid, leg_id))

    def _ask(self, question: Callable[[], _Answer]) -> _Answer:
        if self._is_silent:
            raise CarrierUnknown("The carrier is not asked again so soon.")
        try:
            return question()
        except CarrierUnknown:
            self._is_silent = True
            raise
        except CarrierRefused as refused:
            self._is_silent = refused.about in ("connection", "pace")
            raise
