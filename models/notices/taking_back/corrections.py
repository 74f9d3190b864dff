"""Corrections that wait: whether what was told is still wrong, and how urgent that is by now (R16).

A retraction makes a correction for what stood at that moment (``retraction.py``). Until its person hears it,
the feed may repeat what they were told, another file may be taken back, or the record grow too old.
"""

from datetime import date, datetime, timedelta, tzinfo
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, exists, select, update
from sqlalchemy.orm import Session, aliased

from models.cases.case import Case
from models.cases.registrant import Registrant
from models.cases.subject import Subject
from models.custody.custody import IN_CUSTODY_KINDS, RELEASED_KINDS, CustodyRecord
from models.custody.custody_event import REMINDERS, UNCONFIRMED, CustodyEvent
from models.custody.custody_status import HeardRules, is_day_alone
from models.custody.imports.record import RETRACTED_STATES, CustodyImport
from models.notices.gate_watch import may_be_told
from models.notices.notice import IS_OPEN, NOTICES, OPEN_STATES, Notice
from models.notices.notice_moves import AT_REST, record_move, stop
from models.store.policies import Policies

_ACTOR = "sweeper"
#: How many corrections are read, or changed, at once: a wrong file may have misled thousands.
_PAGE = 500
#: The outcome of a correction of what is true after all. It is owed again if that is taken back too.
TRUE_AGAIN = "replaced"
#: How dangerous it is to believe that a person is still ... although they are not.
_DANGER = {
    "deceased": 0,
    **dict.fromkeys(IN_CUSTODY_KINDS | {"removed"}, 1),
    **dict.fromkeys(RELEASED_KINDS | {UNCONFIRMED}, 2),
    "escaped": 3,
}
_IS_OUT = 2
_FALSE, _OTHER = aliased(Notice), aliased(Notice)
_HEARD, _NEWEST = aliased(CustodyRecord, name="heard"), CustodyRecord
_FILE = aliased(CustodyImport)


class WrongNews(NamedTuple):
    """When a person was told something wrong. ``is_of_date``: in a call about a date that a record announced.

    ``is_date``: the rest of what they were told stands.
    """

    told_at: datetime
    is_of_date: bool = False
    is_date: bool = False


def raises_danger(said: str, now_true: str) -> bool:
    """Whether a person who believes ``said`` is in more danger than they know; both are kinds of events."""
    return _DANGER[now_true] >= _IS_OUT and _DANGER[now_true] > _DANGER[said]


def words_of(
    record: CustodyRecord, time_zone: str, office: tzinfo, *, with_dates: bool
) -> tuple[object, ...]:
    """What the line says of a record to this person (R14); its dates only if they were called about one.

    As the line says it, a day alone is a day of the office's zone, wherever the person is.
    """
    day: date | None = None
    if record.status_at is not None:
        zone = office if is_day_alone(record.status_at, office) else ZoneInfo(time_zone)
        day = record.status_at.astimezone(zone).date()
    said = record.status, day, record.facility_key
    if not with_dates:
        return said
    return *said, record.next_hearing_at, record.court_key, record.expected_release_at


def wrong_news(session: Session, case_id: int, office: tzinfo) -> WrongNews | None:
    """What this case was told and an open correction takes back; None if there is none (R16).

    None too if the feed says again what they were told: then nothing was wrong.
    """
    for row in session.execute(_OF_CASE, {"case": case_id}):
        if row.said_at is not None and not _is_said_again(row, office):
            is_of_date = row.kind in REMINDERS
            return WrongNews(
                row.said_at, is_of_date, is_of_date and _is_said_again(row, office, with_dates=False)
            )
    return None


class Watched(NamedTuple):
    """The corrections of what is true after all, and those that are urgent by now."""

    true_again: list[int]
    urgent: list[int]


def watch_corrections(
    session: Session, now: datetime, policies: Policies, rules: HeardRules
) -> Watched | None:
    """Look at every open correction, in pages, without writing; None if nothing is to be done.

    If nothing can be told, half of ``correction_minutes`` passes before that is urgent: a record that stands
    again is often old, and the next file confirms it within minutes.
    """
    patience = timedelta(minutes=policies.correction_minutes / 2)
    at_rest = _open_corrections(may_be_told(now, rules).label("is_told")).where(Notice.state.in_(AT_REST))
    found, after = Watched([], []), 0
    while rows := session.execute(at_rest.where(Notice.id > after).order_by(Notice.id).limit(_PAGE)).all():
        after = rows[-1].id
        for row in rows:
            # Whoever has heard the correction and not confirmed it believes that.
            is_untold = row.heard_at is None or row.told_id == row.record_id
            if is_untold and _is_said_again(row, rules.zone):
                found.true_again.append(row.id)
                continue
            if row.is_urgent or row.is_called_anyway or row.heard is None:
                continue
            newest = row.CustodyRecord.status if row.is_told else UNCONFIRMED
            if raises_danger(row.heard.status, newest) and (row.is_told or row.made_at <= now - patience):
                found.urgent.append(row.id)
    return found if any(found) else None


def settle_corrections(session: Session, found: Watched, now: datetime, office: tzinfo) -> None:
    """Stop the corrections of what is true after all, and call at once where danger is raised by now."""
    # Read again: the file that repeated it may have been taken back since.
    again = session.execute(_open_corrections().where(Notice.id.in_(found.true_again[:_PAGE]))).all()
    true_again = [row.id for row in again if _is_said_again(row, office)]
    stop(session, NOTICES.c.id.in_(true_again), TRUE_AGAIN, now, _ACTOR, states=AT_REST)
    urgent = found.urgent[:_PAGE]
    hastened = update(NOTICES).where(NOTICES.c.id.in_(urgent), NOTICES.c.state.in_(AT_REST))
    for notice_id in sorted(
        session.scalars(hastened.values(is_urgent=True, next_attempt_at=now).returning(NOTICES.c.id))
    ):
        record_move(session, notice_id, "hasten_notice", now, _ACTOR)


def _open_corrections(*more: Any) -> Any:
    is_called_anyway = exists().where(
        _OTHER.case_id == Notice.case_id, _OTHER.id != Notice.id, _OTHER.is_urgent,
        _OTHER.state.in_(OPEN_STATES),
    )  # fmt: skip
    return (
        select(
            Notice.id, Notice.is_urgent, Notice.made_at, Notice.said_at.label("heard_at"),
            Notice.said_record_id.label("told_id"), _FALSE.said_at, _HEARD, _NEWEST, Subject.record_id,
            Registrant.time_zone, CustodyEvent.kind,
            _FILE.state.label("import_state"), is_called_anyway.label("is_called_anyway"), *more,
        )
        .join(_FALSE, _FALSE.id == Notice.corrects_id)
        .outerjoin(_HEARD, _HEARD.id == _FALSE.said_record_id)
        .join(CustodyEvent, CustodyEvent.id == _FALSE.event_id)
        .join(Case, Case.id == Notice.case_id)
        .join(Registrant, Registrant.id == Case.registrant_id)
        .join(Subject, Subject.id == Case.subject_id)
        .outerjoin(_NEWEST, _NEWEST.id == Subject.record_id)
        .outerjoin(_FILE, _FILE.id == _NEWEST.import_id)
        .where(IS_OPEN, Notice.corrects_id.is_not(None))
    )  # fmt: skip


_OF_CASE = _open_corrections().where(Notice.case_id == bindparam("case")).order_by(Notice.id.desc())


def _is_said_again(row: Any, office: tzinfo, *, with_dates: bool | None = None) -> bool:
    """Whether the newest record says what the person was told, and nobody took it back.

    Dates count for those who were called about one, if ``with_dates`` does not say otherwise.
    """
    if row.heard is None or row.CustodyRecord is None or row.import_state in RETRACTED_STATES:
        return False
    with_dates = row.kind in REMINDERS if with_dates is None else with_dates
    newest = words_of(row.CustodyRecord, row.time_zone, office, with_dates=with_dates)
    return newest == words_of(row.heard, row.time_zone, office, with_dates=with_dates)
