"""The call that warns a staff member how many promises are at risk, in neutral words."""

from ivr_flows.engine.desk import Desk
from ivr_flows.engine.flow import Announce, Choice, Decide, Flow, Hangup, Menu, Step, answers
from models.calls.role import ALERTED
from models.staff.alert import alert_of, prompt_of


@answers("told")
def tell_alert(desk: Desk, _digits: str) -> str:
    """Say how many promises this call is about; no name and no number."""
    level, promises = alert_of(desk.session, desk.call.id)
    desk.say(prompt_of(level, promises), count=str(promises))
    return "told"


@answers("confirmed")
def confirm_alert(desk: Desk, _digits: str) -> str:
    """Key 1: a person has heard it, not a machine."""
    desk.call.accepted_at = desk.now
    return "confirmed"


def alert_call() -> Flow:
    """A staff member is told; a confirmation changes nothing, since each level warns once."""
    steps: dict[str, Step] = {
        "opening": Announce("alert.opening", "tell", about="neutral"),
        "tell": Decide(tell_alert, {"told": "confirm"}),
        "confirm": Menu(
            (Choice("alert.confirm", does=confirm_alert, on={"confirmed": "done"}),),
            give_up="not_confirmed",
            silence="not_confirmed",
        ),
        "done": Hangup("alert.thanks"),
        "not_confirmed": Hangup("alert.goodbye"),
    }
    return Flow(
        name="alert_call",
        role=ALERTED,
        start="opening",
        steps=steps,
        open_to_all=frozenset(steps),
        give_up="not_confirmed",
        silent="not_confirmed",
        keys={"*": ""},
        stranded="not_confirmed",
    )
