"""A leg in a conference: it joins, hears what is played to it there, leaves and goes on."""

from dataclasses import replace
from typing import Unpack

from hotline.exchange.calls.conference import Conferences
from hotline.exchange.calls.driver import Wiring
from hotline.exchange.calls.queue_member import LEAST_HOLD_SECONDS, QueueMember
from hotline.exchange.calls.queues import Queues
from hotline.exchange.calls.room import Playback
from hotline.exchange.delivery.delivery import Deliver
from hotline.exchange.delivery.request import LineError
from hotline.exchange.twiml.documents import TwimlError
from hotline.exchange.twiml.leg import Leg
from hotline.exchange.twiml.waits import Conference

_MUSIC = {"wait": "music while you wait", "hold": "music while you are on hold"}


class ConferenceMember(QueueMember):
    """A leg that may talk in a conference.

    What it hears there besides people is the conference's to say; the leg asks whenever that may have
    changed, on the thread that drives it.
    """

    def __init__(
        self,
        leg: Leg,
        deliver: Deliver,
        *,
        conferences: Conferences | None = None,
        queues: "Queues[QueueMember] | None" = None,
        **wiring: Unpack[Wiring],
    ) -> None:
        super().__init__(leg, deliver, queues=queues, **wiring)
        self._conferences = Conferences() if conferences is None else conferences
        self._playback: Playback | None = None

    @property
    def is_alone(self) -> bool:
        """Whether the leg is in a conference in which nobody hears its person."""
        return isinstance(self.leg.waits_behind, Conference) and not self._conferences.connects(self)

    def conference_ends(self) -> None:
        """Go on after the conference that this leg was in, unless it has gone elsewhere meanwhile."""
        if not isinstance(self.leg.waits_behind, Conference) or self._conferences.has(self):
            return
        self._leaves_room()
        self.note("the conference is over")
        self._go_on(self.leg.conference_ends)

    def room_changes(self) -> None:
        """Hear what the conference plays to this leg by now, or no more of it."""
        if not self._joined or not isinstance(self.leg.waits_behind, Conference):
            return
        wanted = self._conferences.plays_to(self)
        if wanted == self._playback:
            return
        self.leg.stops_hold()
        self._playback, self._hold_due = wanted, None
        if wanted is not None and wanted.url is None:
            self.note(_MUSIC[wanted.kind])
        self._plays()

    def _joins(self, waits: Conference) -> None:
        self._joined = True
        self._dial_due = self.leg.now + waits.talk_seconds if self.leg.timed else None
        self._conferences.join(
            waits.name,
            self,
            ends_with_me=waits.ends_with_me,
            starts_on_enter=waits.starts_on_enter,
            muted=waits.muted,
            beep=waits.beep,
            label=waits.label,
            coach=waits.coach,
            most=waits.most,
            wait_url=waits.wait_url,
            wait_method=waits.wait_method,
            status_callback=waits.status_callback,
            status_method=waits.status_method,
            status_callback_events=waits.status_callback_events,
        )
        self.room_changes()

    def _plays(self) -> None:
        """Hear once what is played now."""
        self._hold_due = None
        playback = self._playback
        if playback is not None and playback.url:
            url, method = playback.url, playback.method
            self._held_at = self.leg.now
            self._go_on(lambda: self.leg.starts_hold(url, method, ()))

    def _holds(self) -> None:
        if isinstance(self.leg.waits_for, Conference):
            self._plays()
        else:
            super()._holds()

    def _settles_in_conference(self) -> None:
        """What was played has come to its end, if anything was."""
        playback = self._playback
        if playback is None or not playback.url:
            return
        if playback.kind == "announcement":
            self._has_announced(playback, failed=False)
        elif self.leg.timed and self._hold_due is None:
            self._hold_due = max(self.leg.now, self._held_at + LEAST_HOLD_SECONDS)

    def _outlives(self, problem: TwimlError | LineError) -> bool:
        """A failure of what is played in a started conference is no failure of the call."""
        playback = self._playback
        if playback is None or playback.kind == "wait" or self.leg.hold is None:
            return False
        self.note(f"what was to be played could not be: {problem}")
        self.leg.stops_hold()
        if playback.kind == "announcement":
            self._has_announced(playback, failed=True)
        else:
            self._playback = replace(playback, url="")
        return True

    def _has_announced(self, playback: Playback, *, failed: bool) -> None:
        self._playback = None
        self._conferences.announced(self, playback, failed=failed)
        self.room_changes()

    def _leaves_room(self) -> None:
        self._joined, self._playback, self._dial_due, self._hold_due = False, None, None, None

    def _leave_conference(self) -> None:
        if self._joined:
            self._leaves_room()
            self._conferences.leave(self)
