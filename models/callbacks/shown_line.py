"""The number that a person sees when we ring them: the one they chose, else one they know (R32)."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from models.callbacks.callback import Callback
from models.calls.call import Call
from models.cases.case import Case
from models.cases.registrant import Registrant


def shown_line(session: Session, callback: Callback, lines: Sequence[str]) -> str:
    """Which of the office's ``lines`` (E.164, the main one first) rings the person of this callback.

    It is the registrant's choice as it stands now, also when they chose after they asked. Without one it is
    the line that was dialled to ask for the call; but what was asked for a registrant without their PIN goes
    out from the main one, since whoever asked may be somebody else. A number that the office gave up is none.
    """
    return str(session.scalar(select(shown_in_sql(lines)).where(Callback.id == callback.id)))


def shown_in_sql(lines: Sequence[str]) -> ColumnElement[str]:
    """The same for each callback of a query."""
    of_case = select(Case.registrant_id).where(Case.id == Callback.case_id).correlate(Callback)
    registrant_id = func.coalesce(of_case.scalar_subquery(), Callback.registrant_id)
    chosen = (
        select(Registrant.line).where(Registrant.id == registrant_id).correlate(Callback).scalar_subquery()
    )
    asked_in = select(Call.line).where(Call.id == Callback.requested_in_call_id).correlate(Callback)
    dialled = asked_in.scalar_subquery()
    return case(
        (chosen.in_(lines), chosen),
        (and_(Callback.registrant_id.is_(None), dialled.in_(lines)), dialled),
        else_=lines[0],
    )
