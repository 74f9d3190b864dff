"""The result of a storm, judged from the database and from the carrier's own ledger."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import AuditEntry, Call, Callback, QueuedCall, Staff, Talk
from models.callbacks.callback import NEWS_OVER, NOTICE_TASK
from models.calls.call_status import DIALLING
from models.store.database import keyring_of
from tests.chaos.asker import Asker, Waiter
from tests.chaos.carrier import ChaosCarrier
from tests.chaos.installation import Installation
from tests.chaos.watch import Watch

#: How long after its time a waiting callback may still be there untouched.
_SLACK = timedelta(seconds=15)
#: The longest that somebody at 0 may be on the line with nothing said, asked or ringing (seconds): dead air.
_MOST_SILENCE = 15.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """``broken`` are the rules that were broken, one sentence each; none when every promise was kept."""

    counts: dict[str, int | float]
    broken: tuple[str, ...]

    def beside(self, other: "Verdict") -> "Verdict":
        """Both in one."""
        return Verdict({**self.counts, **other.counts}, (*self.broken, *other.broken))

    def table(self) -> str:
        """One line a number, and one for each broken rule."""
        lines = [f"  {name:<26} {number:>8,.10g}" for name, number in self.counts.items()]
        return "\n".join([*lines, *(f"  BROKEN: {rule}" for rule in self.broken)])


def judge(
    installation: Installation, carrier: ChaosCarrier, askers: Sequence[Asker], watch: Watch
) -> Verdict:
    """Compare every promise with the rows, and every ring with an acceptance."""
    with installation.database.reading() as session:
        keyring = keyring_of(session)
        rows = list(session.scalars(select(Callback)))
        accepted = Counter(
            session.scalars(select(AuditEntry.target).where(AuditEntry.action == "accept_callback"))
        )
        held = session.execute(
            select(Staff.id, Staff.busy_since, Call, Callback)
            .join(Call, Call.id == Staff.busy_call_id)
            .outerjoin(Callback, Callback.id == Call.callback_id)
        ).all()
        unproven = list(
            session.scalars(
                select(Call.callback_id).where(
                    Call.role == "called_back", Call.call_status == DIALLING, Call.call_sid.is_(None)
                )
            )
        )
        acceptances: Counter[str] = Counter()
        for row in rows:
            acceptances[row.phone_key] += accepted[f"callback:{row.id}"]
        keys = {asker.phone: keyring.index("phone", asker.phone) for asker in askers}
        broken = [
            *_not_kept(rows, datetime.now(UTC)),
            *_lost(rows, askers, keys),
            *(f"{name} stood still: {how}" for name, how in sorted(watch.stuck.items())),
            *_left_at_0(session, askers),
            *(f"case {asker.case.id} met {fault}" for asker in askers for fault in asker.faults),
            *(_held(*one, carrier) for one in held),
            *_doubles(carrier, acceptances, keys),
            *_spent(rows, carrier, keys),
            *_overtaken(session, carrier, rows, watch.due),
            *(
                f"callback {row.id}: nobody knows whether its caller was rung, and it is {row.state}"
                for row in rows
                if row.id in unproven and row.state in {"requested", "no_answer"}
            ),
        ]
        states = Counter(row.state for row in rows)
        over = sum(row.outcome == NEWS_OVER for row in rows)
        unknown = sum(row.outcome in {"unknown_call", "unknown_offer"} for row in rows)
        talks = session.scalar(select(func.count(Talk.id)).where(Talk.callback_id.is_(None))) or 0
    at_0 = [asker for asker in askers if isinstance(asker, Waiter)]
    counts: dict[str, int | float] = {
        "promised": sum(asker.promised_at is not None for asker in askers),
        "requested": len(rows),
        "reached": states["reached"],
        "left for staff": states["left_for_staff"],
        "of these unknown": unknown,
        "no answer": states["no_answer"],
        "no longer needed": over,
        "waiting": states["requested"],
        "at 0": len(at_0),
        "of these talked": sum(asker.talked_at is not None for asker in at_0),
        "talks at 0": talks,
        "their calls": sum(asker.calls for asker in at_0),
        "longest silence (s)": round(max((asker.silent_seconds for asker in at_0), default=0.0), 1),
        "calls refused": carrier.refusals,
        "calls placed": sum(carrier.placed.values()),
        "answers lost": carrier.answers_lost,
        **{f"kills of {kind}": number for kind, number in installation.killed.items()},
        "doubles": len(list(_doubles(carrier, acceptances, keys))),
        "stuck": len(watch.stuck),
        "slowest recovery (s)": round(watch.slowest, 1),
        **{f"faults: {name}": n for name, n in sorted(carrier.faults.summary()["injected"].items())},
    }
    return Verdict(counts, tuple(broken))


def _not_kept(rows: Sequence[Callback], now: datetime) -> list[str]:
    """Callbacks that are neither finished, nor a person's, nor waiting for a time that is still to come."""
    broken = []
    for row in rows:
        # A wrong code makes a task for staff, which ends if another phone confirms the news.
        if row.reason == NOTICE_TASK and row.outcome == NEWS_OVER:
            continue
        if row.state == "reached" and row.talking_at is None:
            broken.append(f"callback {row.id} was reached without a talk")
        elif row.state == "requested" and (row.next_attempt_at < now - _SLACK or row.due_at < now):
            broken.append(f"callback {row.id} waits past its time ({row.next_attempt_at:%H:%M:%S})")
        elif row.state not in {"reached", "left_for_staff", "no_answer", "requested"}:
            broken.append(f"callback {row.id} is still {row.state}")
        elif row.state == "no_answer" and row.caller_tries == 0:
            broken.append(f"callback {row.id} was given up without a try")
    return broken


def _held(liaison: int, since: datetime, call: Call, callback: Callback | None, carrier: ChaosCarrier) -> str:
    """A liaison who is still held, by which leg, and what the carrier knows of that one."""
    placed = [
        one.status
        for one in carrier.board.all()
        if one.order and (one.order.url or "").endswith(f"/{call.leg_id}")
    ]
    proven, over = "proven" if call.call_sid else "unproven", "over" if call.ended_at else "not over"
    return (
        f"liaison {liaison} is held since {since:%H:%M:%S} by leg {call.id} ({call.role}, "
        f"{call.call_status}, {proven}, {over}) of "
        f"{callback and f'callback {callback.id} ({callback.state})'}; the carrier says {placed}"
    )


def _left_at_0(session: Session, askers: Sequence[Asker]) -> list[str]:
    """Talks and places in the queue without an end, and callers who heard nothing for too long."""
    talks = session.scalars(select(Talk.id).where(Talk.closed_at.is_(None)))
    places = session.scalars(select(QueuedCall.call_id).where(QueuedCall.ended_at.is_(None)))
    return [
        *(f"talk {talk_id} is still open" for talk_id in talks),
        *(f"the place of call {call_id} is still held" for call_id in places),
        *(
            f"case {asker.case.id} heard nothing for {asker.silent_seconds:.0f} s"
            for asker in askers
            if isinstance(asker, Waiter) and asker.silent_seconds > _MOST_SILENCE
        ),
    ]


def _lost(rows: Sequence[Callback], askers: Sequence[Asker], keys: dict[str, str]) -> list[str]:
    """People who heard the promise and have no callback, and people who were served by nobody."""
    found = {(row.case_id, row.phone_key) for row in rows}
    broken = []
    for asker in askers:
        if not asker.is_served:
            met = "; ".join(f"{times} × {what}" for what, times in Counter(asker.met).most_common(3))
            broken.append(f"case {asker.case.id} was promised nothing in {asker.calls} calls: {met}")
        elif asker.promised_at is not None and (asker.case.id, keys[asker.phone]) not in found:
            broken.append(f"case {asker.case.id} was promised a call that stands nowhere")
    return broken


def _spent(rows: Sequence[Callback], carrier: ChaosCarrier, keys: dict[str, str]) -> list[str]:
    """Callbacks with more tries of the person than their phone rang (R36: only their own miss is a try)."""
    rings = {key: carrier.rung[phone] for phone, key in keys.items()}
    return [
        f"callback {row.id} spent {row.caller_tries} tries for {rings[row.phone_key]} rings"
        for row in rows
        if row.phone_key in rings and row.caller_tries > rings[row.phone_key]
    ]


def _overtaken(
    session: Session, carrier: ChaosCarrier, rows: Sequence[Callback], due: Mapping[int, datetime]
) -> list[str]:
    """Urgent callbacks that waited for their first offer while one without haste had its own (R36).

    What was refused is no offer: while the carrier refuses the account, a probe may be of any callback.
    ``due`` is when each was first due, by its id: nobody is rung in the call that asks, nor within a minute
    after a talk that broke off.
    """
    rings = select(AuditEntry.target, AuditEntry.at).where(AuditEntry.action == "ring_liaison_callback")
    first: dict[str, datetime] = {}
    for target, at in session.execute(rings.order_by(AuditEntry.at)):
        if not any(begin <= at <= end + _SLACK for begin, end in carrier.refused):
            first.setdefault(target, at)
    offers = {row.id: first[f"callback:{row.id}"] for row in rows if f"callback:{row.id}" in first}
    calm = [(offers[row.id], row.id) for row in rows if row.id in offers and row.urgency != "urgent"]
    return [
        f"urgent callback {row.id} waited from {due[row.id]:%H:%M:%S} to {offers[row.id]:%H:%M:%S}, "
        f"and callback {other} was offered at {at:%H:%M:%S}"
        for row in rows
        if row.urgency == "urgent" and row.id in offers and row.id in due
        for at, other in calm
        if due[row.id] + _SLACK < at < offers[row.id] - _SLACK
    ]


def _doubles(carrier: ChaosCarrier, acceptances: Counter[str], keys: dict[str, str]) -> list[str]:
    """Legs that were placed twice, and callers who were rung more often than a liaison accepted."""
    twice = [f"leg {leg} was placed {times} times" for leg, times in carrier.placed.items() if times > 1]
    often = [
        f"a caller was rung {carrier.rung[phone]} times for {acceptances[key]} acceptances"
        for phone, key in keys.items()
        if carrier.rung[phone] > acceptances[key]
    ]
    return twice + often
