"""The conferences of one exchange: who is in which, and what the others hear when someone comes or goes."""

from typing import Protocol

from hotline.exchange.request import LineError


class Member(Protocol):
    """A leg as a conference sees it."""

    def note(self, words: str) -> None:
        """Tell the person on this leg what happened."""

    def conference_ends(self) -> None:
        """Go on after the conference."""


class Conferences:
    """Rooms by name. A member who "ends it" sends everyone else on when leaving."""

    def __init__(self) -> None:
        self._rooms: dict[str, dict[Member, bool]] = {}

    def join(self, name: str, member: Member, *, ends_with_me: bool, **_said: object) -> None:
        """Add ``member``; everyone there hears how many others there are."""
        room = self._rooms.setdefault(name, {})
        room[member] = ends_with_me
        for one in room:
            one.note(_connected(len(room) - 1))

    def leave(self, member: Member) -> None:
        """Take ``member`` out of the conference that it is in, if any."""
        for name, room in list(self._rooms.items()):
            if member not in room:
                continue
            ends = room.pop(member)
            if ends or not room:
                del self._rooms[name]
            if ends:
                _go_on_after(list(room))
            else:
                for other in room:
                    other.note(_connected(len(room) - 1))


def _go_on_after(members: list[Member]) -> None:
    """Send every member on, even when the line fails one of them; the last failure is raised at the end."""
    problem = None
    for member in members:
        try:
            member.conference_ends()
        except LineError as failed:
            problem = failed
    if problem is not None:
        raise problem


def _connected(others: int) -> str:
    if not others:
        return "you are alone in the conference"
    return f"you are now connected to {others} other{'s' if others > 1 else ''}"
