"""Verbs of a current talk: staff who step out by star, joiners who come in, and the caller who waits."""

from ivr_flows.engine.desk import Desk
from ivr_flows.engine.flow import answers
from ivr_flows.engine.turn import Join
from models.calls.role import COLLEAGUE
from models.talks import hold, joiner, talk_end
from models.talks.talk import talk_of
from models.talks.talk_legs import staff_in_talk


@answers("star", "moment", "over", "not_reached")
def staff_left(desk: Desk, _digits: str) -> str:
    """A staff member is out of the conference: by star, or because it ended."""
    joined = desk.last_turn().end
    led = isinstance(joined, Join) and joined.ends_with_me
    word, jobs = hold.staff_left(desk.session, desk.call, desk.now, led=led)
    desk.jobs += jobs
    return word


@answers("star", "back", "over", "not_reached")
def colleague_left(desk: Desk, _digits: str) -> str:
    """A moment later it is known whether a colleague pressed star or the conference ended."""
    word, jobs = hold.colleague_left(desk.session, desk.call, desk.now)
    desk.jobs += jobs
    return word


@answers("alone", "shared", "called_in", "early", "handed", "over", "not_reached")
def staff_position(desk: Desk, _digits: str) -> str:
    """The state of the talk for a staff member who is out of it, and which joiners did not come meanwhile."""
    word = hold.staff_position(desk.session, desk.call)
    found = talk_of(desk.session, desk.call)
    if found is not None and word in ("alone", "shared"):
        for role in joiner.tell_missed(desk.session, found):
            desk.say("talk.colleague_missed" if role == COLLEAGUE else "talk.interpreter_missed")
    _tell_cut_off(desk, word)
    return word


@answers("menu", "still", "called_in", "handed", "over", "not_reached")
def hold_on(desk: Desk, digits: str) -> str:
    """Any key brings the options back; without one the hold lasts until the caller's patience ends it."""
    word = hold.staff_position(desk.session, desk.call)
    if word in ("called_in", "handed", "over", "not_reached"):
        _tell_cut_off(desk, word)
        return word
    return "menu" if digits else "still"


def _tell_cut_off(desk: Desk, word: str) -> None:
    """Tell staff why a talk ended while the caller was on hold, and what the caller was told."""
    if word == "over" and hold.was_cut_off(desk.session, desk.call):
        desk.say("talk.cut_off")


@answers("ringing", "joined", "over", "not_reached")
def person_position(desk: Desk, _digits: str) -> str:
    """Whether the person called has pressed their key; until then staff hear how far the call is (Legs)."""
    word = hold.person_position(desk.session, desk.call)
    if word in ("dialled", "answered"):
        desk.say("liaison.ringing" if word == "dialled" else "liaison.answered")
        return "ringing"
    if word == "joined" and hold.cannot_talk(desk.session, desk.call):
        desk.say("liaison.silent")
        desk.say("liaison.silent_yes")
    return word


@answers("ringing", "choices", "joined", "over", "not_reached")
def await_person(desk: Desk, digits: str) -> str:
    """The same for staff who wait; any key of theirs brings the options."""
    word = hold.person_position(desk.session, desk.call)
    if digits and word in ("dialled", "answered"):
        return "choices"
    return person_position.run(desk, digits)


@answers("ready", "gone")
def staff_returns(desk: Desk, _digits: str) -> str:
    """Go to the caller, or back to them."""
    conference, leads, jobs = hold.staff_returns(desk.session, desk.call, desk.now)
    desk.conference, desk.conference_ends_with_me = conference, leads
    desk.jobs += jobs
    return "ready" if conference else "gone"


@answers("ringing", "nobody")
def add_colleague(desk: Desk, _digits: str) -> str:
    """Key 2: call another liaison on shift into this talk."""
    found = talk_of(desk.session, desk.call)
    if found is None:
        return "nobody"
    word, jobs = joiner.add_colleague(desk.session, found, _actor(desk), desk.now)
    desk.jobs += jobs
    return word


@answers("rung", "none")
def add_interpreter(desk: Desk, _digits: str) -> str:
    """Key 3: call the office's interpreter for the caller's language into this talk."""
    found = talk_of(desk.session, desk.call)
    if found is None:
        return "none"
    number, spoken = desk.office.interpreters.get(found.language), desk.office.languages[0]
    word, jobs = joiner.add_interpreter(desk.session, found, number, spoken, _actor(desk), desk.now)
    desk.jobs += jobs
    return "rung" if word == "ringing" else "none"


@answers("handed", "nobody")
def hand_over(desk: Desk, _digits: str) -> str:
    """Leave the caller with the colleague, once the two of them are there."""
    found = talk_of(desk.session, desk.call)
    jobs = None if found is None else talk_end.hand_over(
        desk.session, found, desk.call.id, _actor(desk), desk.now
    )  # fmt: skip
    desk.jobs += jobs or []
    if jobs is None and found is not None and staff_in_talk(desk.session, found, but=desk.call.id):
        desk.say("talk.cannot_hand_over")
    return "nobody" if jobs is None else "handed"


@answers("ended")
def end_talk(desk: Desk, _digits: str) -> str:
    """Key 4: end the talk for everyone; the caller hears goodbye."""
    found = talk_of(desk.session, desk.call)
    if found is not None:
        # Over already, it may have been cut off a moment ago.
        _tell_cut_off(desk, "over" if found.is_over else "ended")
        jobs = talk_end.end_talk(desk.session, found, _actor(desk), desk.now, desk.policies)
        desk.jobs += [job for job in jobs if job != ("release_leg", desk.call.id)]
        hold.mark_leaving(desk.session, desk.call)
    return "ended"


# Joiners.


@answers("join", "wait", "gone")
def joiner_position(desk: Desk, _digits: str) -> str:
    """Whether the caller was told, so that the joiner may come in."""
    word, conference, jobs = joiner.joiner_position(desk.session, desk.call)
    desk.conference, desk.conference_ends_with_me = conference, False
    desk.jobs += jobs
    return word


# The caller.


@answers("back", "held", "over")
def caller_joins(desk: Desk, _digits: str) -> str:
    """To the conference, or on hold while the liaison is out of it."""
    stands = hold.caller_joins(desk.session, desk.call, desk.now)
    return _told(desk, stands)


@answers("stay", "cut_off", "over")
def conference_ended(desk: Desk, _digits: str) -> str:
    """The conference ended while the caller was in it: they hear words at once, whatever the reason was."""
    return hold.conference_ended(desk.session, desk.call)


@answers("back", "held", "cut_off", "over")
def caller_position(desk: Desk, _digits: str) -> str:
    """Whether a staff member is with the caller again."""
    return _told(desk, hold.caller_is_out(desk.session, desk.call, desk.now, desk.callback_policy))


def _told(desk: Desk, stands: hold.CallerStands) -> str:
    desk.conference, desk.conference_ends_with_me = stands.conference, False
    desk.jobs += stands.jobs
    for role in stands.joiners:
        desk.say("called.colleague" if role == COLLEAGUE else "called.interpreter")
    return stands.word


def _actor(desk: Desk) -> str:
    return f"liaison:{desk.call.staff_id}"
