"""A leg's side of a conference: it joins, hears what is played to it there, leaves and goes on."""

from dataclasses import replace

from hotline.exchange.calls.conference import Playback
from hotline.exchange.calls.conferences import Conferences
from hotline.exchange.calls.leg_driver import LegDriver
from hotline.exchange.delivery.request import LineError
from hotline.exchange.twiml.documents import TwimlError
from hotline.exchange.twiml.leg import Leg
from hotline.exchange.twiml.waits import Conference

_MUSIC = {"wait": "music while you wait", "hold": "music while you are on hold"}


class ConferenceMember:
    """Lets a leg talk in a conference (Dial with a Conference).

    The conference decides what the leg hears besides people. The member asks it whenever that may have
    changed, on the thread that drives the leg.
    """

    def __init__(self, driver: LegDriver, conferences: Conferences) -> None:
        self.driver, self._conferences = driver, conferences
        self._playback: Playback | None = None

    @property
    def leg(self) -> Leg:
        """The leg itself."""
        return self.driver.leg

    @property
    def is_alone(self) -> bool:
        """Whether the leg is in a conference in which nobody hears its person."""
        return isinstance(self.leg.waits_behind, Conference) and not self._conferences.connects(self)

    @property
    def hears_playback(self) -> bool:
        """Whether the conference plays something to this leg."""
        return self._playback is not None

    # What the conference tells its members.

    def note(self, words: str) -> None:
        """Write down what happened in the conference."""
        self.driver.note(words)

    def hears(self, words: str) -> None:
        """Write down what another member says."""
        self.driver.hears(words)

    def conference_ends(self) -> None:
        """Go on after the conference that this leg was in, unless it has gone elsewhere meanwhile."""
        if not isinstance(self.leg.waits_behind, Conference) or self._conferences.has(self):
            return
        self._forgets_conference()
        self.note("the conference is over")
        self.driver.go_on(self.leg.conference_ends)

    def conference_changes(self) -> None:
        """Hear what the conference plays to this leg by now, or stop hearing it."""
        if not self.driver.is_joined or not isinstance(self.leg.waits_behind, Conference):
            return
        wanted = self._conferences.plays_to(self)
        if wanted == self._playback:
            return
        self.leg.stops_hold()
        self._playback, self.driver.hold_due = wanted, None
        if wanted is not None and wanted.url is None:
            self.note(_MUSIC[wanted.kind])
        self.holds()

    # What the call tells its member.

    def settles(self, waits: Conference) -> None:
        """Decide what follows now that the leg is at rest in this wait."""
        if self.driver.is_joined:
            self._playback_ends()
        else:
            self._joins(waits)

    def holds(self) -> None:
        """Hear once what is played now."""
        self.driver.hold_due = None
        playback = self._playback
        if playback is not None and playback.url:
            self.driver.hold(playback.url, playback.method)

    def survives(self, problem: TwimlError | LineError) -> bool:
        """Whether the call goes on although the line failed: only a playback in a conference did."""
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

    def leaves(self) -> None:
        """Leave the conference, if the leg is in one."""
        if self.driver.is_joined:
            self._forgets_conference()
            self._conferences.leave(self)

    def _joins(self, waits: Conference) -> None:
        self.driver.is_joined = True
        self.driver.dial_due = self.leg.now + waits.talk_seconds if self.leg.timed else None
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
            recording=waits.recording,
        )
        self.conference_changes()

    def _playback_ends(self) -> None:
        playback = self._playback
        if playback is None or not playback.url:
            return
        if playback.kind == "announcement":
            self._has_announced(playback, failed=False)
        else:
            self.driver.hold_again_later()

    def _has_announced(self, playback: Playback, *, failed: bool) -> None:
        self._playback = None
        self._conferences.announced(self, playback, failed=failed)
        self.conference_changes()

    def _forgets_conference(self) -> None:
        self._playback = None
        self.driver.is_joined, self.driver.dial_due, self.driver.hold_due = False, None, None
