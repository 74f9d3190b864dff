"""The caller ID a person sees when we call them: the number they chose, else one they know (R32)."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from models.callbacks.callback import Callback
from models.calls.call import Call
from models.cases.case import Case
from models.cases.registrant import Registrant


def shown_line(session: Session, callback: Callback, lines: Sequence[str]) -> str:
    """Which of the office's ``lines`` (E.164, the main one first) calls the person of this callback.

    It is the registrant's current choice, even if they chose after they asked. Without a choice it is the
    line that was dialed to ask for the call. But a callback requested for a registrant without their PIN
    comes from the main one, since somebody else may have asked. A number that the office gave up does not
    count.
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
