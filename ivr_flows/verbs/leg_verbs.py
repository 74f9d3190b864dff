"""Verbs of the calls that we place, before anyone talks: to a liaison, to the person called back."""

from ivr_flows.engine.desk import Desk
from ivr_flows.engine.flow import answers
from ivr_flows.verbs.how_to_talk import tell_how_to_talk
from models.calls import staff_secret
from models.talks import answering, queue_ring
from models.talks import leg as legs
from models.talks.voicemail import leave_message


@answers("yes", "code", "gone")
def may_accept(desk: Desk, _digits: str) -> str:
    """Key 1: enough on an office phone; a personal phone requires a code, whose tries are counted (R04)."""
    may = legs.may_take(desk.session, desk.call)
    if may == "code" and desk.call.staff_id is not None:
        desk.call.tried_key = staff_secret.code_key(desk.session, desk.call.staff_id)
    if may == "left":
        answering.pass_on(desk.session, desk.call, desk.now, desk.callback_policy)
        return "gone"
    return may


@answers("accepted", "gone")
def accept(desk: Desk, _digits: str) -> str:
    """They accept the offer: the person is called now, or the caller or the talk is theirs (Legs)."""
    word, jobs = answering.accept(desk.session, desk.call, desk.now)
    desk.jobs += jobs
    if word == "accepted":
        tell_how_to_talk(desk)
    return word


@answers("passed")
def pass_on(desk: Desk, _digits: str) -> str:
    """Key 2: somebody else is called."""
    answering.pass_on(desk.session, desk.call, desk.now, desk.callback_policy)
    return "passed"


@answers("passed")
def miss(desk: Desk, _digits: str) -> str:
    """No accept key: a missed offer, and somebody else is called (R36)."""
    answering.miss(desk.session, desk.call, desk.now, desk.callback_policy)
    return "passed"


@answers("wanted", "gone")
def still_wanted(desk: Desk, _digits: str) -> str:
    """Whether the caller still waits."""
    return "wanted" if queue_ring.is_wanted(desk.session, desk.call) else "gone"


@answers("joined", "later", "gone")
def join(desk: Desk, _digits: str) -> str:
    """Key 1: this is a good time, and the talk begins. ``later``: the liaison has just hung up."""
    return _join(desk)


@answers("joined", "later", "gone")
def join_silently(desk: Desk, _digits: str) -> str:
    """Key 5: the same for a person who cannot talk; the liaison hears so before the two meet (R22)."""
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
    """What the carrier says about the one who answered and pressed no key yet (R31): only a hint.

    At the slow pace the hint is ignored: carriers take the tones of a relay operator for a fax (R26). So it
    is after any key, which only a person presses.
    """
    call = desk.call
    is_machine = call.by_machine and call.last_key_at is None and call.pace != "slow"
    return "machine" if is_machine else "anyone"


@answers("put_off", "gone")
def put_off(desk: Desk, _digits: str) -> str:
    """Key 2: not now; the callback keeps its position and is tried later, unless it is no longer promised."""
    word, jobs = legs.put_off(desk.session, desk.call, desk.now, desk.callback_policy)
    desk.jobs += jobs
    return word


@answers("message", "nothing")
def nobody_pressed(desk: Desk, _digits: str) -> str:
    """No key after the neutral opening: a machine, or not a good time. A message only where allowed (R31)."""
    text = leave_message(desk.session, desk.call, desk.now, desk.policies.caller_tries)
    if text is None:
        return "nothing"
    desk.say(f"voicemail.{text}", line=desk.office.neutral_name[desk.call.language])
    return "message"
