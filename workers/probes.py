"""Who has the next probe of a refused account: callbacks, notices and alerts take turns (R39)."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from models.callbacks.callback_policy import CallbackPolicy
from models.calls import pacing
from models.calls.alert_sending import is_any_made
from models.notices.placing import due_notices, undialled_notices
from models.notices.texting import unsent_texts
from models.talks.next_offer import first_on_list
from workers.looks import Looks

_IsDue = Callable[[Session, datetime, CallbackPolicy], bool]
_DUE: dict[tuple[pacing.Kind, pacing.Source], _IsDue] = {
    ("calls", "callbacks"): lambda session, now, policy: bool(first_on_list(session, now, policy, 1)),
    ("calls", "notices"): lambda session, now, _: bool(
        due_notices(session, now, 1) or undialled_notices(session, now)
    ),
    ("calls", "alerts"): lambda session, now, _: is_any_made(session, now, "call"),
    ("texts", "callbacks"): lambda *_: False,
    ("texts", "notices"): lambda session, now, _: bool(unsent_texts(session, now, 1)),
    ("texts", "alerts"): lambda session, now, _: is_any_made(session, now, "text"),
}


class Probes:
    """The turns in one pass of the sweeper."""

    def __init__(self, looks: Looks, now: datetime, policy: CallbackPolicy) -> None:
        self._looks, self._now, self._policy = looks, now, policy

    def has_turn(self, kind: pacing.Kind, source: pacing.Source) -> bool:
        """Whether this source may offer calls, or texts, now.

        While the carrier refuses the account, only the first one in turn with anything due may: a probe is
        another call or text than the refused one, of whatever source.
        """
        return self._looks.find(_has_turn, self._now, self._policy, kind, source)


def _has_turn(
    session: Session, now: datetime, policy: CallbackPolicy, kind: pacing.Kind, source: pacing.Source
) -> bool:
    turns = pacing.probe_turns(session, kind)
    if turns is None:
        return True
    before = turns[: turns.index(source)]
    return not any(_DUE[kind, one](session, now, policy) for one in before)
