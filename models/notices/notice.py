"""A notice: one registration to be told of one custody event, once confirmed and never again (R28-R34)."""

from datetime import datetime
from typing import cast

from sqlalchemy import ForeignKey, Index, String, Table, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from models.store.base import Base, UtcDateTime

#: ``waiting``: the line calls at ``next_attempt_at``. ``ringing``: a call is placed. ``left_for_staff``: a
#: person is to reach them. The other two are ends.
NOTICE_STATES = ("waiting", "ringing", "left_for_staff", "confirmed", "stopped")
OPEN_STATES = NOTICE_STATES[:3]
#: Why a notice was stopped or left to staff, as codes.
OUTCOMES = (
    # stopped
    "withdrawn", "paused", "gate", "replaced", "retracted", "case_closed", "staff_cancelled",
    # left for staff
    "cap", "unconfirmed", "no_phone", "wrong_code", "no_code", "asked_person", "said_nothing", "refused",
)  # fmt: skip
#: The task of an urgent notice about which those on call were paged, while the line goes on calling.
LATE = "late"
#: The task of a notice whose person allows no more calls in these 24 hours; an urgent one rings after them.
CAP = "cap"
#: How a notice was confirmed: by a key in its call, on the line after the PIN, or by staff.
CONFIRMED_BY = ("call", "line", "staff")
#: The tasks of a notice whose person is promised a call: they asked for it, or were silent before hard news.
PROMISED = ("asked_person", "said_nothing")
_OPEN = text("state IN ('waiting','ringing','left_for_staff')")
_DUE = text("state = 'waiting'")
_TASK = text("task_at IS NOT NULL")
_GATED = text("state = 'stopped' AND outcome = 'gate'")

_UNSENT = text("channel = 'text' AND tries = 0")
_RINGING = text("state = 'ringing'")
_UNPAGED = text("paged_level < 2 AND state IN ('waiting','ringing','left_for_staff')")


class Notice(Base):
    """The row is the truth; a job only hints at it.

    ``is_urgent`` chooses the cadence of R28 and whether nights are allowed. ``call_id`` is the call that
    rings, or the last one, and ``lease_until`` when the sweeper looks after it. ``tries`` counts calls that
    their phones missed. ``heard_at`` is when the news was first said to somebody who gave the code, and
    ``confirmed_at`` when they confirmed it. ``paged_level`` is 0, 1 once on-call was paged and 2 once the
    supervisor was (R34). ``staff_id`` is who took the task of a notice that is left for staff.

    ``said_at`` is when the news was last said, or staff or a caller on the line confirmed it, and
    ``said_record_id`` the record that was said then. ``corrects_id`` is the notice that told this person
    something false, if this one corrects it: one correction each (R16).

    ``not_before``: the carrier took no call, or a fault of ours ended one, and until then nobody is called.
    ``task`` is LATE or one of the OUTCOMES for which staff are to reach this person, since ``task_at``:
    always of a notice that is left for staff, and after a code problem, silence, a page or a spent cap also
    of one for which the line still calls (R19, R28, R30, R34). A notice that staff confirmed keeps
    ``outcome`` and ``task``, because they may correct that.
    """

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("event_id", "registration_id"),
        # Those that are taken up again once their news may be told (gate_watch.py).
        Index("ix_notices_gated", "id", sqlite_where=_GATED, postgresql_where=_GATED),
        Index("ix_notices_due", "next_attempt_at", sqlite_where=_DUE, postgresql_where=_DUE),
        Index("ix_notices_ringing", "lease_until", sqlite_where=_RINGING, postgresql_where=_RINGING),
        Index("ix_notices_unpaged", "made_at", sqlite_where=_UNPAGED, postgresql_where=_UNPAGED),
        Index("ix_notices_open", "case_id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_notices_task", "case_id", sqlite_where=_TASK, postgresql_where=_TASK),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("custody_events.id"))
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"), index=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    is_urgent: Mapped[bool]
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    call_id: Mapped[int | None] = mapped_column(ForeignKey("calls.id"), index=True)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    heard_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    said_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    said_record_id: Mapped[int | None] = mapped_column(ForeignKey("custody_records.id"))
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("notices.id"), unique=True)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmed_by: Mapped[str | None] = mapped_column(String(8))
    outcome: Mapped[str | None] = mapped_column(String(16))
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime)
    task: Mapped[str | None] = mapped_column(String(16))
    task_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paged_level: Mapped[int] = mapped_column(default=0, server_default="0")
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class NoticePhone(Base):
    """One phone that a notice may ring or text: its tries there, and why it is not used any more.

    ``channel`` is ``voice`` or ``text``. ``is_stopped``: three wrong codes, "I don't have my code", or a
    refusal of the number ended this phone for this notice; the others go on (R30). ``wrong_codes`` count on
    in later notices (``notice_phones.wrong_codes``). ``not_before``:
    somebody there said that it was not a good time, the phone was in another call of ours, or its call or its
    text alone was refused. It puts off this phone alone, or they could keep the others from ringing.
    """

    __tablename__ = "notice_phones"
    __table_args__ = (
        UniqueConstraint("notice_id", "phone_id", "channel"),
        Index("ix_notice_phones_unsent", "id", sqlite_where=_UNSENT, postgresql_where=_UNSENT),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notices.id"))
    phone_id: Mapped[int] = mapped_column(ForeignKey("phones.id"), index=True)
    channel: Mapped[str] = mapped_column(String(8), default="voice")
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    wrong_codes: Mapped[int] = mapped_column(default=0, server_default="0")
    is_stopped: Mapped[bool] = mapped_column(default=False, server_default=false())
    has_message: Mapped[bool] = mapped_column(default=False, server_default=false())
    last_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    not_before: Mapped[datetime | None] = mapped_column(UtcDateTime)


#: Not confirmed and not stopped, in the exact words of the partial indexes.
IS_OPEN = text("notices.state IN ('waiting','ringing','left_for_staff')")
#: Stopped until its news may be told again, in the exact words of the partial index.
IS_GATED = text("notices.state = 'stopped' AND notices.outcome = 'gate'")
#: A person is to reach the registrant, in the exact words of the partial index.
HAS_TASK = text("notices.task_at IS NOT NULL")
NOTICES = cast(Table, Notice.__table__)
NOTICE_PHONES = cast(Table, NoticePhone.__table__)
#: A text that nobody has begun to send.
IS_UNSENT = text("notice_phones.channel = 'text' AND notice_phones.tries = 0")
IS_WAITING = text("notices.state = 'waiting'")
IS_RINGING = text("notices.state = 'ringing'")
IS_UNPAGED = text("notices.paged_level < 2 AND notices.state IN ('waiting','ringing','left_for_staff')")
