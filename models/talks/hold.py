"""A hold: staff step out of a talk by star, and the caller hears words and waits, but never forever."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from sqlalchemy.orm import Session

from models.callbacks.callback import Callback
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.follow_up import CUT_OFF, is_promised_again, lacks_phone
from models.calls.call import Call
from models.calls.call_status import LEAVING, bring_forward
from models.calls.place import CALLED_IN, IN_TALK
from models.calls.role import JOINERS
from models.store.job import Job
from models.talks.joiner import announce_joiners
from models.talks.talk import Talk, audit_talk, callback_of, talk_of
from models.talks.talk_end import call_again, close_talk, move_caller, settle
from models.talks.talk_legs import is_announced, staff_in_talk

if TYPE_CHECKING:
    from models.calls.call_state import CallState

#: The jobs that tell a leg the state of its talk.
TELLING = ("release_leg", "move_leg")
Left = Literal["star", "moment", "back", "over", "not_reached"]
Position = Literal["alone", "shared", "called_in", "early", "handed", "over", "not_reached"]


def hold_talk(session: Session, talk: Talk, actor: str, now: datetime, but: int | None = None) -> list[Job]:
    """Put the caller on hold, unless staff other than ``but`` are with them; they hear so at once."""
    if talk.is_over or talk.held_at is not None or staff_in_talk(session, talk, but=but):
        return []
    talk.held_at = now
    audit_talk(session, talk, "hold_talk", actor, now)
    return move_caller(talk)


def resume_talk(session: Session, talk: Talk, actor: str, now: datetime) -> list[Job]:
    """A staff member is back: the hold ends, and the caller is fetched."""
    if talk.is_over or talk.held_at is None:
        return []
    talk.held_at = None
    audit_talk(session, talk, "resume_talk", actor, now)
    return move_caller(talk)


def staff_left(
    session: Session, leg: "CallState", now: datetime, *, led: bool = True
) -> tuple[Left, list[Job]]:
    """A leg of staff has left the conference; ``led``: the conference was to end with this leg.

    ``star``: the leader stepped out, and the caller is on hold unless others are there. ``moment``: for a
    colleague's leg it is unclear whether star was pressed or the conference ended with the leader's leg; news
    of the leader may arrive a moment later (``colleague_left``).
    """
    talk = talk_of(session, leg)
    word = _standing(session, leg, talk)
    if talk is None or word != "talking":
        bring_forward(session, leg.id, LEAVING)
        return ("over" if word == "over" else "not_reached"), []
    if not led or leg.id != talk.leader_call_id:
        return "moment", []
    jobs = hold_talk(session, talk, f"liaison:{leg.staff_id}", now, but=leg.id)
    # The conference ends with the leader's leg, so the carrier itself asks what the caller should hear. They
    # must be fetched only if this came late and they had meanwhile gone back to an empty conference.
    return "star", [] if _is_out(session, talk.caller_call_id) else jobs


def colleague_left(session: Session, leg: "CallState", now: datetime) -> tuple[Left, list[Job]]:
    """A moment later: ``star`` while the leader is still with the caller, else ``back`` to the caller."""
    talk = talk_of(session, leg)
    word = _standing(session, leg, talk)
    if talk is None or word != "talking":
        mark_leaving(session, leg)
        return ("over" if word == "over" else "not_reached"), []
    if leg.id == talk.leader_call_id or _is_out(session, talk.leader_call_id):
        return "back", []
    return "star", hold_talk(session, talk, f"liaison:{leg.staff_id}", now, but=leg.id)


def staff_position(session: Session, leg: "CallState") -> Position:
    """The state of the talk for a staff member who is out of it: whether the caller is alone, or it is over.

    ``handed``: they gave it to a colleague from the console, and their leg is told so now. ``called_in``:
    they ended the hold there.
    """
    talk = talk_of(session, leg)
    if talk is not None and _handed_over(leg, talk):
        return "handed"
    word = _standing(session, leg, talk)
    if word == "early":
        return word
    if talk is None or word != "talking":
        bring_forward(session, leg.id, LEAVING)
        return "over" if word == "over" else "not_reached"
    if leg.place == CALLED_IN:
        return "called_in"
    return "shared" if staff_in_talk(session, talk, but=leg.id) else "alone"


def person_position(
    session: Session, leg: "CallState"
) -> Literal["dialled", "answered", "joined", "over", "not_reached"]:
    """How far the person's call is, for the staff member who waits for their key."""
    talk = talk_of(session, leg)
    word = _standing(session, leg, talk)
    attempt = callback_of(session, leg) if word == "early" else None
    if attempt is not None:
        other = session.get(Call, attempt.caller_call_id, populate_existing=True)
        # Its first document was requested, so somebody or something has answered.
        return "answered" if other is not None and other.said else "dialled"
    if word == "talking":
        return "joined"
    mark_leaving(session, leg)
    return "over" if word == "over" else "not_reached"


def cannot_talk(session: Session, leg: "CallState") -> bool:
    """Whether the person of this talk pressed the key for "cannot talk" when they answered our call."""
    talk = talk_of(session, leg)
    person = None if talk is None else session.get(Call, talk.caller_call_id)
    return person is not None and person.direction == "outbound" and person.silent


def was_cut_off(session: Session, leg: "CallState") -> bool:
    """Whether the talk of this staff leg ended during a hold, and the caller was promised a new call."""
    talk = talk_of(session, leg)
    if talk is None or not talk.is_over or talk.held_at is None:
        return False
    return is_promised_again(session, talk.caller_call_id)


def staff_returns(session: Session, leg: "CallState", now: datetime) -> tuple[str | None, bool, list[Job]]:
    """A staff member goes (back) to the caller: the conference, whether it ends with them, and the jobs.

    None for a talk that is no longer theirs.
    """
    talk = talk_of(session, leg)
    if talk is None or _standing(session, leg, talk) != "talking":
        return None, False, []
    jobs = resume_talk(session, talk, f"liaison:{leg.staff_id}", now)
    return talk.conference, leg.id == talk.leader_call_id, jobs


def caller_is_out(
    session: Session, leg: "CallState", now: datetime, policy: CallbackPolicy
) -> "CallerStands":
    """The state for a caller who is out of the conference, and what they are to be told."""
    talk = talk_of(session, leg)
    if talk is None or talk.caller_call_id != leg.id or talk.is_over:
        return CallerStands(_ended_as(session, leg, talk))
    held_since = talk.held_at
    if held_since is None and staff_in_talk(session, talk):
        names, jobs = announce_joiners(session, talk, now)
        return CallerStands("back", talk.conference, names, jobs)
    if held_since is not None and now - held_since >= timedelta(seconds=policy.numbers.hold_most_seconds):
        actor = f"caller:{leg.id}"
        jobs, word = close_talk(session, talk, actor, now, policy.numbers), "cut_off"
        if talk.callback_id is not None:
            jobs += call_again(session, talk, CUT_OFF, actor, now, policy)
            mark_leaving(session, leg)
            # Nobody calls a phone that said stop meanwhile, or was marked unsafe (R09, R33).
            if lacks_phone(session, session.get_one(Callback, talk.callback_id)):
                word = "over"
        return CallerStands(word, jobs=[job for job in jobs if job[1] != leg.id or job[0] not in TELLING])
    settle(session, talk, now)
    return CallerStands("held")


def conference_ended(session: Session, leg: "CallState") -> Literal["stay", "cut_off", "over"]:
    """The conference ended while the caller was in it.

    Whether its leader pressed star or hung up may not be known yet, so this only says to stay, and the next
    poll finds out.
    """
    talk = talk_of(session, leg)
    if talk is not None and not talk.is_over and talk.caller_call_id == leg.id:
        return "stay"
    return _ended_as(session, leg, talk)


def _ended_as(session: Session, leg: "CallState", talk: Talk | None) -> Literal["cut_off", "over"]:
    """How a caller's talk ended, for the prompts: cut off while they waited on hold, or normally."""
    is_theirs = talk is not None and talk.callback_id is None and talk.caller_call_id == leg.id
    if talk is not None and is_theirs and talk.held_at is not None:
        # This caller is still on the line, and continues in the same call.
        return "cut_off"
    mark_leaving(session, leg)
    return "cut_off" if is_promised_again(session, leg.id) else "over"


def mark_leaving(session: Session, leg: "CallState") -> None:
    """This leg is told how its talk ended, so no job has to tell it."""
    bring_forward(session, leg.id, LEAVING)


def caller_joins(session: Session, leg: "CallState", now: datetime) -> "CallerStands":
    """The person called back pressed their key: to the conference, or on hold while staff are out."""
    talk = talk_of(session, leg)
    if talk is None or talk.caller_call_id != leg.id or talk.is_over:
        return CallerStands("over")
    if staff_in_talk(session, talk):
        return CallerStands("back", talk.conference)
    settle(session, talk, now)
    return CallerStands("held")


class CallerStands:
    """Where the caller goes next, the conference if they join one, who else joins it, and the jobs after."""

    __slots__ = ("conference", "jobs", "joiners", "word")

    def __init__(
        self,
        word: str,
        conference: str | None = None,
        joiners: list[str] | None = None,
        jobs: list[Job] | None = None,
    ) -> None:
        self.word, self.conference = word, conference
        self.joiners, self.jobs = joiners or [], jobs or []


def _standing(
    session: Session, leg: "CallState", talk: Talk | None
) -> Literal["early", "talking", "over", "not_reached"]:
    """The state of a talk for a staff leg; ``early``: the person they wait for is still being called."""
    if talk is None:
        callback = callback_of(session, leg)
        waits = callback is not None and callback.liaison_call_id == leg.id
        is_early = callback is not None and callback.state == "ringing_caller" and waits
        return "early" if is_early else "not_reached"
    if leg.id != talk.leader_call_id and not is_announced(leg, talk):
        return "not_reached"
    return "over" if talk.is_over else "talking"


def _handed_over(leg: "CallState", talk: Talk) -> bool:
    """Whether the talk continues under somebody else while this leg, which led it, was told to leave."""
    led_once = leg.role not in JOINERS or leg.call_status == LEAVING
    return not talk.is_over and leg.id != talk.leader_call_id and led_once


def _is_out(session: Session, call_id: int | None) -> bool:
    leg = session.get(Call, call_id, populate_existing=True) if call_id is not None else None
    return leg is None or leg.ended_at is not None or leg.place != IN_TALK
