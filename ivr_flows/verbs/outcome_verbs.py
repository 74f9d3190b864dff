"""Verbs after a talk: its outcome by a key, and the break after a hard call. The call waits for neither."""

from ivr_flows.engine.desk import Desk
from ivr_flows.engine.flow import Handler, answers
from models.callbacks.follow_up import LATER, SUPERVISOR
from models.overview import outcome
from models.staff.rest import begin_rest
from models.talks.talk import talk_of


@answers("asked", "not_asked")
def is_asked(desk: Desk, _digits: str) -> str:
    """Whether this person led the talk that is over; a colleague's key would change a talk of their own."""
    found = talk_of(desk.session, desk.call)
    return "asked" if found is not None and found.leader_call_id == desk.call.id else "not_asked"


def _noting(code: str) -> Handler:
    @answers("noted", "late")
    def note(desk: Desk, _digits: str) -> str:
        staff_id = desk.call.staff_id
        if staff_id is None:
            return "late"
        talk = outcome.last_talk(desk.session, staff_id, desk.now, desk.policies)
        if talk is None:
            return "late"
        word, jobs = outcome.note_outcome(desk.session, talk, code, staff_id, desk.now, desk.callback_policy)
        desk.jobs += jobs
        if word == "no_phone":
            desk.say("outcome.no_phone")
            return "noted"
        return word

    return note


note_reached = _noting("reached")
note_message = _noting("message_left")
note_nobody = _noting("nobody_there")
note_wrong_person = _noting(outcome.WRONG_PERSON)
note_later = _noting(LATER)
note_supervisor = _noting(SUPERVISOR)


@answers("found", "none")
def find_last(desk: Desk, _digits: str) -> str:
    """Whether there is a talk whose outcome may still be entered."""
    staff_id = desk.call.staff_id
    if staff_id is None or outcome.last_talk(desk.session, staff_id, desk.now, desk.policies) is None:
        return "none"
    return "found"


@answers("rests")
def rest(desk: Desk, _digits: str) -> str:
    """Key 8: a hard call; the line does not call this person for a while."""
    if desk.call.staff_id is not None:
        begin_rest(desk.session, desk.call.staff_id, desk.now, desk.policies)
    return "rests"
