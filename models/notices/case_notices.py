"""What the page of a case shows of notices: what was agreed, and what became of each notice (R12, R28)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.custody.custody_event import FEED_SILENT, CustodyEvent
from models.custody.custody_status import Heard
from models.notices.agreed.read_back import ReadBack, read_back
from models.notices.notice import OPEN_STATES, Notice
from models.notices.registration import Registration
from models.store.policies import Policies

MOST_NOTICES = 20
#: A liaison sees no more of a closed case than its caller hears (R13).
_AS_GATE = frozenset({"case_closed", "gate"})


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One notice. ``kind`` is its news, or None if it was not said and may not be said now.

    ``why`` is a code of OUTCOMES: why it was stopped, or needs a person. ``corrects``: it tells first that
    earlier news was wrong (R16).
    """

    id: int
    kind: str | None
    made_at: datetime
    is_urgent: bool
    state: str
    tries: int
    heard_at: datetime | None
    confirmed_at: datetime | None
    confirmed_by: str | None
    why: str | None
    corrects: bool

    @property
    def is_open(self) -> bool:
        """Whether nobody has confirmed it, and it was not stopped."""
        return self.state in OPEN_STATES


@dataclass(frozen=True, slots=True)
class CaseNotices:
    """``agreed`` is None if nobody is registered; ``made_by`` is ``caller`` or ``staff:ID``."""

    agreed: ReadBack | None
    made_at: datetime | None
    made_by: str
    rows: tuple[NoticeRow, ...]


def read_case_notices(
    session: Session, case_id: int, told: Heard, now: datetime, policies: Policies
) -> CaseNotices:
    """The notices of a case that is open to the reader, newest first; ``told`` is what may be said now."""
    agreed = read_back(session, case_id, now, policies)
    made = None if agreed is None else session.get(Registration, agreed.registration_id)
    rows = session.execute(
        select(Notice, CustodyEvent.kind)
        .join(CustodyEvent, CustodyEvent.id == Notice.event_id)
        .where(Notice.case_id == case_id)
        .order_by(Notice.id.desc())
        .limit(MOST_NOTICES)
    ).all()
    return CaseNotices(
        agreed,
        None if made is None else made.made_at,
        "" if made is None else made.made_by,
        tuple(_row(notice, kind, may_be_said=told.status is not None) for notice, kind in rows),
    )


def _row(notice: Notice, kind: str, *, may_be_said: bool) -> NoticeRow:
    is_told = notice.heard_at is not None or (may_be_said and notice.state in OPEN_STATES)
    is_said = is_told or kind == FEED_SILENT
    why = notice.outcome or notice.task
    return NoticeRow(
        notice.id, kind if is_said else None, notice.made_at, notice.is_urgent, notice.state, notice.tries,
        notice.heard_at, notice.confirmed_at, notice.confirmed_by, "gate" if why in _AS_GATE else why,
        notice.corrects_id is not None,
    )  # fmt: skip
