"""What the reader may change about the case beside a talk, by the same guards as its own page."""

from datetime import datetime

from sqlalchemy.orm import Session

from hotline.console.callbacks.whom_to_call import whom_to_call
from hotline.console.shell.console import console
from hotline.console.shell.guard import me
from models.overview.case_opening import BINDING_GROUNDS, grounds_for
from models.overview.case_page import CasePage
from models.overview.pin_request import is_outdated, still_waits


def case_acts(session: Session, page: CasePage | None, now: datetime) -> dict[str, object]:
    """The values of `case_in_short.html` besides the case; without a case none.

    ``may_change``: the case is open to them. ``may_bind``: they may add a phone, as the person is verified.
    """
    if page is None:
        return {}
    grounds = grounds_for(session, me(), page.case.id, now, console.policies)
    return {
        **whom_to_call(session),
        "may_change": grounds is not None,
        "may_bind": grounds is not None and grounds.ground in BINDING_GROUNDS,
        "pin_waits": any(
            still_waits(one, now, console.policies) and not is_outdated(one, page.case)
            for one in page.requests
        ),
    }
