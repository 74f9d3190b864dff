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
    """1: the key is enough on an office phone; a personal phone asks a code, its tries counted (R04)."""
    may = legs.may_take(desk.session, desk.call)
    if may == "code" and desk.call.staff_id is not None:
        desk.call.tried_key = staff_secret.code_key(desk.session, desk.call.staff_id)
    if may == "left":
        answering.pass_on(desk.session, desk.call, desk.now, desk.callback_policy)
        return "gone"
    return may


@answers("accepted", "gone")
def accept(desk: Desk, _digits: str) -> str:
    """They take what was offered: the person is rung now, or the caller or the talk is theirs (Legs)."""
    word, jobs = answering.accept(desk.session, desk.call, desk.now)
    desk.jobs += jobs
    if word == "accepted":
        tell_how_to_talk(desk)
    return word


@answers("passed")
def pass_on(desk: Desk, _digits: str) -> str:
    """2: somebody else is rung."""
    answering.pass_on(desk.session, desk.call, desk.now, desk.callback_policy)
    return "passed"


@answers("passed")
def miss(desk: Desk, _digits: str) -> str:
    """No key that takes it: a missed offer, and somebody else is rung (R36)."""
    answering.miss(desk.session, desk.call, desk.now, desk.callback_policy)
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
