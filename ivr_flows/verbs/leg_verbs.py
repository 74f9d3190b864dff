"""Verbs of the calls that we place, before anyone talks: to a liaison, to the person called back."""

from typing import Literal

from ivr_flows.engine.desk import Desk
from ivr_flows.engine.flow import answers
from ivr_flows.verbs.how_to_talk import tell_how_to_talk
from models.calls import staff_secret
from models.talks import leg as legs
from models.talks import queue_ring
from models.talks.voicemail import leave_message


@answers("accepted", "code", "gone")
def accept(desk: Desk, _digits: str) -> str:
    """1: the liaison takes the callback, and the caller is rung at once; a personal phone asks a code."""
    may = may_take(desk)
    if may == "left":
        legs.decline_by_liaison(desk.session, desk.call, desk.now, desk.callback_policy)
        return "gone"
    return "code" if may == "code" else take(desk)


@answers("accepted", "gone")
def accept_with_code(desk: Desk, _digits: str) -> str:
    """The code was right: as good as the key on an office phone (Legs)."""
    return take(desk)


def take(desk: Desk) -> str:
    """The acceptance itself."""
    word = legs.accept_by_liaison(desk.session, desk.call, desk.now)
    if word == "accepted" and desk.call.callback_id is not None:
        desk.call.accepted_at = desk.now
        desk.jobs.append(("dial_caller", desk.call.callback_id))
        tell_how_to_talk(desk)
    return word


def may_take(desk: Desk) -> Literal["yes", "code", "left"]:
    """Whether the key is enough; tries at the code of a personal phone are counted on the person (R04)."""
    staff_id = desk.call.staff_id
    if staff_id is None:
        return "yes"
    may = legs.may_take(desk.session, desk.call)
    if may == "code":
        desk.call.number_key = staff_secret.code_key(desk.session, staff_id)
    return may


@answers("passed")
def pass_on(desk: Desk, _digits: str) -> str:
    """2: the callback goes back to the list for another liaison."""
    legs.decline_by_liaison(desk.session, desk.call, desk.now, desk.callback_policy)
    return "passed"


@answers("passed")
def miss(desk: Desk, _digits: str) -> str:
    """No key that takes it: a missed offer, and the callback goes to another liaison (R36)."""
    legs.decline_by_liaison(desk.session, desk.call, desk.now, desk.callback_policy, is_missed=True)
    return "passed"


@answers("accepted", "code", "gone")
def accept_at_0(desk: Desk, _digits: str) -> str:
    """1: the liaison takes the caller who waits in the queue, and both go to a conference of their own."""
    may = may_take(desk)
    if may == "left":
        queue_ring.pass_at_0(desk.session, desk.call, desk.now)
        return "gone"
    return "code" if may == "code" else take_at_0(desk)


@answers("accepted", "gone")
def accept_at_0_with_code(desk: Desk, _digits: str) -> str:
    """The code was right."""
    return take_at_0(desk)


def take_at_0(desk: Desk) -> str:
    """Accepts a caller in the call queue: this key alone makes the talk, since they are there."""
    word, jobs = queue_ring.accept_at_0(desk.session, desk.call, desk.now)
    desk.jobs += jobs
    if word == "accepted":
        desk.call.accepted_at = desk.call.accepted_at or desk.now
        tell_how_to_talk(desk)
    return word


@answers("passed")
def pass_at_0(desk: Desk, _digits: str) -> str:
    """2: the next liaison is rung for the caller."""
    queue_ring.pass_at_0(desk.session, desk.call, desk.now)
    return "passed"


@answers("passed")
def miss_at_0(desk: Desk, _digits: str) -> str:
    """No key that takes the caller: a missed offer, and the next liaison is rung (R36)."""
    queue_ring.miss_at_0(desk.session, desk.call, desk.now, desk.policies)
    return "passed"


@answers("wanted", "gone")
def still_wanted(desk: Desk, _digits: str) -> str:
    """Whether the caller still waits."""
    return "wanted" if queue_ring.is_wanted(desk.session, desk.call) else "gone"


@answers("joined", "later", "gone")
def join(desk: Desk, _digits: str) -> str:
    """1: this is a good time; this key makes the row talking. ``later``: the liaison has just hung up."""
    return _join(desk)


@answers("joined", "later", "gone")
def join_silently(desk: Desk, _digits: str) -> str:
    """5: the same for a person who cannot talk; the liaison hears so before the two meet (R22)."""
    word = _join(desk, silent=True)
    if word == "joined":
        desk.call.silent = True
        desk.say("silent.noted")
    return word


def _join(desk: Desk, *, silent: bool = False) -> str:
    word = legs.join_caller(desk.session, desk.call, desk.now, silent=silent)
    if word == "joined":
        desk.jobs += legs.fetch_liaison(desk.session, desk.call)
        desk.call.accepted_at = desk.now
    return word


@answers("anyone", "machine")
def who_answered(desk: Desk, _digits: str) -> str:
    """What the carrier says of whoever answered and pressed no key yet (R31): a hint, and no more.

    In the slow pace no machine judges: to a carrier the tones of a relay operator are a fax (R26).
    """
    return "machine" if desk.call.by_machine and desk.call.pace != "slow" else "anyone"


@answers("put_off", "gone")
def put_off(desk: Desk, _digits: str) -> str:
    """2: not now; the callback keeps its place and is tried later, unless it is owed no more."""
    word, jobs = legs.put_off(desk.session, desk.call, desk.now, desk.callback_policy)
    desk.jobs += jobs
    return word


@answers("message", "nothing")
def nobody_pressed(desk: Desk, _digits: str) -> str:
    """No key after the neutral opening: a machine, or no good moment. A message only where allowed (R31)."""
    text = leave_message(desk.session, desk.call, desk.now, desk.policies.caller_tries)
    if text is None:
        return "nothing"
    desk.say(f"voicemail.{text}", line=desk.office.neutral_name[desk.call.language])
    return "message"
