"""Verbs after a talk: its outcome by a key, and the break after a hard call. The call waits for neither."""

from collections.abc import Mapping

from ivr_flows.engine.desk import Desk
from ivr_flows.engine.flow import Handler, answers
from ivr_flows.prompts import counted
from models.overview import outcome
from models.staff.rest import begin_rest
from models.talks.talk import talk_of


@answers("asked", "not_asked", "saved")
def is_asked(desk: Desk, _digits: str) -> str:
    """Whether this person led the talk that is over; a colleague's key would change a talk of their own.

    ``saved``: they led it, and have saved its outcome in the console.
    """
    found = talk_of(desk.session, desk.call)
    if found is None or found.leader_call_id != desk.call.id:
        return "not_asked"
    return "saved" if outcome.is_saved(desk.session, found) else "asked"


def _noting(code: str, *, is_first: bool) -> Handler:
    @answers("noted", "late", *(("unfit",) if code in outcome.MAY_BE_UNFIT else ()))
    def note(desk: Desk, _digits: str) -> str:
        staff_id = desk.call.staff_id
        if staff_id is None:
            return "late"
        talk = outcome.last_talk(desk.session, staff_id, desk.now, desk.policies.outcome_minutes)
        if talk is None:
            return "late"
        word, jobs = outcome.note_outcome(
            desk.session, talk, code, staff_id, desk.now, desk.callback_policy, is_first=is_first
        )
        desk.jobs += jobs
        if word == "unfit":
            desk.say("outcome.they_called" if talk.callback_id is None else "outcome.no_message")
        if word == "no_phone":
            desk.say("outcome.no_phone")
            return "noted"
        return word

    return note


#: The verb of each outcome after a talk: its key changes nothing once the console has saved one.
NOTES: Mapping[str, Handler] = {code: _noting(code, is_first=True) for code in outcome.OUTCOME_CODES}
#: The same for staff who come back to their last talk, to correct what is saved.
CORRECTIONS: Mapping[str, Handler] = {code: _noting(code, is_first=False) for code in outcome.OUTCOME_CODES}


@answers("found", "none", "handed")
def find_last(desk: Desk, _digits: str) -> str:
    """Whether there is a talk whose outcome may still be entered, and which one it is, without a name.

    ``handed``: this person was in another one since, and a colleague says how that one ended. A key would
    change the call before it, and stop the phone of somebody else.
    """
    staff_id = desk.call.staff_id
    if staff_id is None:
        return "none"
    talk = outcome.last_talk(desk.session, staff_id, desk.now, desk.policies.outcome_minutes)
    if talk is None or talk.closed_at is None:
        return "none"
    if outcome.was_in_another_since(desk.session, talk, staff_id):
        return "handed"
    minutes = max(1, int((desk.now - talk.closed_at).total_seconds() // 60))
    wait = desk.words(counted("waited.minutes", minutes), count=str(minutes))
    desk.say(_WHICH[outcome.kind_of(desk.session, talk)], wait=wait)
    return "found"


_WHICH = {
    "urgent": "outcome.last_urgent", "callback": "outcome.last_callback", "at_0": "outcome.last_at_0"
}  # fmt: skip


@answers("rests")
def rest(desk: Desk, _digits: str) -> str:
    """Key 8: a hard call; the line does not call this person for a while."""
    if desk.call.staff_id is not None:
        begin_rest(desk.session, desk.call.staff_id, desk.now, desk.policies)
    return "rests"
