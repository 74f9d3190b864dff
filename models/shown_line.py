"""The number that a person sees when we ring them: the one they chose, else one they know (R32)."""

from collections.abc import Sequence

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from models.call import Call
from models.callback import Callback
from models.case import Case
from models.registrant import Registrant

_LINES = (
    select(Registrant.line, Call.line)
    .select_from(Callback)
    .outerjoin(Case, Case.id == Callback.case_id)
    .outerjoin(Registrant, Registrant.id == func.coalesce(Case.registrant_id, Callback.registrant_id))
    .outerjoin(Call, Call.id == Callback.requested_in_call_id)
    .where(Callback.id == bindparam("callback_id"))
)


def shown_line(session: Session, callback: Callback, lines: Sequence[str]) -> str:
    """Which of the office's ``lines`` (E.164, the main one first) rings the person of this callback.

    It is the registrant's choice as it stands now, also when they chose after they asked. Without one it is
    the line that was dialled to ask for the call; but what was asked for a registrant without their PIN goes
    out from the main one, since whoever asked may be somebody else. A number that the office gave up is none.
    """
    chosen, dialled = session.execute(_LINES, {"callback_id": callback.id}).one()
    if chosen in lines:
        return str(chosen)
    return str(dialled) if callback.registrant_id is None and dialled in lines else lines[0]
