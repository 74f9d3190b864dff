"""How many calls of one phone are open at once (R38), and whether its caller id is to be believed (R07)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select

from models.call import CALLS
from models.caller_state import CallState
from models.unit import Unit

#: A call of which nothing was heard for so long is not counted: the news of its end may have been lost.
HEARD_WITHIN = timedelta(minutes=2)
#: What the carrier says (STIR/SHAKEN) of a caller id whose signature does not fit.
_FAILED = "TN-Validation-Failed"

_OPEN = (
    select(func.count())
    .select_from(CALLS)
    .where(
        CALLS.c.phone_key == bindparam("phone_key"),
        CALLS.c.direction == "inbound",
        CALLS.c.ended_at.is_(None),
        # Whoever calls under another's number takes no room from them.
        CALLS.c.caller_id_doubted == bindparam("doubted"),
        func.coalesce(CALLS.c.progress_at, CALLS.c.started_at)
        > bindparam("since", type_=CALLS.c.started_at.type),
    )
)


def open_calls(unit: Unit, call: CallState, now: datetime) -> int:
    """How many other calls of this call's phone are open now; 0 when the number is withheld."""
    if call.phone_key is None:
        return 0
    values = {"phone_key": call.phone_key, "doubted": call.caller_id_doubted, "since": now - HEARD_WITHIN}
    row = unit.read(_OPEN, values)
    return 0 if row is None else int(row[0])


def caller_id_is_doubted(form: Mapping[str, Any]) -> bool:
    """Whether the carrier found the caller id not to be the caller's; unsigned ones are not doubted."""
    return str(form.get("StirVerstat", "")).startswith(_FAILED)
