"""Whether a phone is in a call already: a handset has one call at a time."""

from hotline.exchange.calls.switchboard import Switchboard


def is_in_call(board: Switchboard, number: str, handset: int = 0, *, but: str = "") -> bool:
    """Whether the phone with this number is in a call, other than the one with sid ``but``.

    A handset of the page is also in the calls that it dialed, whatever number it showed.
    """
    return any(
        (call.to == number and call.status == "in-progress")
        if call.direction != "inbound"
        else (handset > 0 and call.handset == handset)
        for call in board.all()
        if call.ended_at is None and call.sid != but
    )
