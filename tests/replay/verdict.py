"""The result of a month, judged from the rows, the carrier's own ledger, and what really happened."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from models import Alert, AuditEntry, CustodyEvent, Notice, Subject
from models.custody.custody_event import REMINDERS
from models.staff.alert import FEED_SILENT
from models.store.database import keyring_of
from tests.replay.office import Replay
from tests.replay.people import Person

#: The aims of R34, and how many right files the brake may hold (issue 14).
P50, P90 = timedelta(minutes=15), timedelta(hours=2)
MOST_FALSE_HOLDS = 1
#: Of fewer notices a percentile is chance: the third of twenty that nobody answers decides it.
FEWEST = 20
#: An office's sweeper passes every ten seconds; a page waits for the one before it at most this long.
_ON_TIME = timedelta(minutes=1)
_NEVER = timedelta.max


@dataclass(frozen=True, slots=True)
class Told:
    """A notice with its person: when its row arrived and landed, and when it was confirmed."""

    notice: Notice
    kind: str
    person: Person
    row_at: datetime | None
    landed_at: datetime
    was_held: bool

    @property
    def took(self) -> timedelta:
        """From the landing of its row until it was confirmed."""
        done = self.notice.confirmed_at
        return _NEVER if done is None else done - self.landed_at


@dataclass(frozen=True, slots=True)
class Verdict:
    """``broken`` are the rules that were broken, one sentence each."""

    counts: dict[str, int | str]
    broken: tuple[str, ...]

    def table(self) -> str:
        """One line a number, and one for each broken rule."""
        lines = [f"  {name:<44} {number:>10}" for name, number in self.counts.items()]
        return "\n".join([*lines, *(f"  BROKEN: {rule}" for rule in self.broken)])


def judge(replay: Replay) -> Verdict:
    """Compare every notice with what happened, and every ring with its person's wishes."""
    told = _told(replay)
    false_holds = [one for one in replay.held if one.holding is None]
    unheld = [one for one in replay.held if one.holding is not None and not one.reasons]
    allowed = [one for one in told if _is_allowed(one) and one.notice.outcome not in ("gate", "replaced")]
    p50, p90 = _part(allowed, 50), _part(allowed, 90)
    late, warned = _late(replay, told)
    broken = [
        *_events(replay),
        *(f"a right file was held: {one}" for one in false_holds[MOST_FALSE_HOLDS:]),
        *(f"the brake let a file pass: {one}" for one in unheld),
        *late,
        *_rings(replay, told),
        *_ends(replay, told),
        *_slow(allowed),
        *_silence(replay),
    ]  # fmt: skip
    states = Counter(one.notice.state for one in told)
    held = [one for one in allowed if one.was_held]
    counts: dict[str, int | str] = {
        "registrants": len(replay.people),
        "days": replay.month.days,
        "files": len(replay.arrived),
        "files that the brake had to hold": len(replay.held) - len(false_holds),
        "right files that it held": len(false_holds),
        "changes that happened": sum(replay.month.news().values()),
        "notices": len(told),
        "of these urgent": sum(one.notice.is_urgent for one in told),
        "confirmed": states["confirmed"],
        "confirmed by the person alone": sum(one.notice.confirmed_by == "call" for one in told),
        "stopped": states["stopped"],
        "calls placed": len(replay.rang),
        "answered, whole calls": replay.calls["whole"],
        "answered, short calls": replay.calls["short"],
        "urgent that were allowed to be called": len(allowed),
        "landed row to confirmed, p50": _said(p50),
        "landed row to confirmed, p90": _said(p90),
        "held files: arrived row to confirmed, p90": _said(_part(held, 90, from_row=True)),
        "all urgent: landed row to confirmed, p90": _said(_part([o for o in told if o.notice.is_urgent], 90)),
        "late enough for a page": warned,
        "calls at night": sum(_is_night(replay, one) for one in replay.rang),
    }
    return Verdict(counts, tuple(broken))


def _told(replay: Replay) -> list[Told]:
    people = {person.case.id: person for person in replay.people if person.case is not None}
    held_at = {one.at for one in replay.held}
    with replay.hotline.database.reading() as session:
        rows = session.execute(
            select(Notice, CustodyEvent)
            .join(CustodyEvent, CustodyEvent.id == Notice.event_id)
            .order_by(Notice.id)
        ).all()
        found = []
        for notice, event in rows:
            row_at = replay.arrived.get(event.import_id) if event.import_id is not None else None
            found.append(
                Told(notice, event.kind, people[notice.case_id], row_at, event.made_at, row_at in held_at)
            )
        session.expunge_all()
    return found


def _is_allowed(one: Told) -> bool:
    """An urgent notice for which a phone was allowed to ring at once, of a person who can confirm it.

    A person who has lost the code, who stopped a phone, or who ended the calls cannot confirm by themselves.
    """
    person = one.person
    ended = [at for at in (person.stops_at, person.ends_at) if at is not None and at < one.landed_at + P90]
    can_confirm = person.knows_code or person.code is None
    return (
        one.notice.is_urgent
        and can_confirm
        and not ended
        and person.may_ring(one.landed_at, urgent=True)
        and one.notice.corrects_id is None
    )


def _slow(allowed: list[Told]) -> list[str]:
    """Whether half, and nine of ten, of those that were allowed took longer than R34 aims at."""
    if len(allowed) < FEWEST:
        return []
    took = {percent: _part(allowed, percent) for percent in (50, 90)}
    aims = ((50, P50), (90, P90))
    return [f"p{percent} is {_said(took[percent])}" for percent, aim in aims if took[percent] > aim]


def _events(replay: Replay) -> list[str]:
    """Every change that happened is one event, and no other event was made (R28)."""
    with replay.hotline.database.reading() as session:
        keyring = keyring_of(session)
        made = Counter(
            (keyring.unseal("subject.feed_id", sealed), kind)
            for sealed, kind in session.execute(
                select(Subject.feed_id_sealed, CustodyEvent.kind)
                .join(CustodyEvent, CustodyEvent.subject_id == Subject.id)
                .where(CustodyEvent.kind.not_in(REMINDERS))
            )
        )
    news = replay.month.news()
    return [
        *(f"{count} event(s) of {kind} that did not happen" for (_one, kind), count in (made - news).items()),
        *(f"{count} change(s) to {kind} without an event" for (_one, kind), count in (news - made).items()),
    ]


def _late(replay: Replay, told: list[Told]) -> tuple[list[str], int]:
    """Who was due to be told of an unconfirmed urgent notice, and was not told in time (R34)."""
    policies = replay.hotline.policies
    warned: dict[str, dict[int, datetime]] = defaultdict(dict)
    with replay.hotline.database.reading() as session:
        entries = session.execute(
            select(AuditEntry.target, AuditEntry.facts, AuditEntry.at).where(
                AuditEntry.action == "warn_of_notice"
            )
        )
        for target, facts, at in entries:
            warned[target].setdefault(facts["level"], at)
    broken, due = [], 0
    for one in told:
        if not one.notice.is_urgent:
            continue
        closed_at = one.notice.closed_at or one.notice.confirmed_at
        levels = ((1, policies.notice_on_call_minutes), (2, policies.notice_supervisor_minutes))
        for level, minutes in levels:
            by = one.notice.made_at + timedelta(minutes=minutes)
            if closed_at is not None and closed_at <= by:
                continue
            due += 1
            at = min(
                (at for told, at in warned[f"notice:{one.notice.id}"].items() if told >= level), default=None
            )
            if at is None or at > by + _ON_TIME:
                broken.append(f"notice {one.notice.id} ({one.kind}) reached level {level} late: {by} {at}")
    return broken, due


def _rings(replay: Replay, told: list[Told]) -> list[str]:
    """No phone rings at night, outside its window, over its cap, after STOP, or for what was confirmed."""
    by_id = {one.notice.id: one for one in told}
    broken, placed = [], defaultdict[str, list[datetime]](list)
    for rang in replay.rang:
        one = by_id[rang.notice_id]
        person, notice = one.person, one.notice
        where = f"a phone rang for notice {notice.id} at {rang.at}"
        if not person.may_ring(rang.at, urgent=notice.is_urgent):
            broken.append(f"{where}, outside its window or nights")
        if rang.number not in person.numbers:
            broken.append(f"{where}, and it is somebody else's")
        if notice.confirmed_at is not None and rang.at > notice.confirmed_at:
            broken.append(f"{where}, after it was confirmed")
        if person.stops_at is not None and rang.at > person.stops_at and rang.number == person.numbers[0]:
            broken.append(f"{where}, after it said STOP")
        if person.ends_at is not None and rang.at > person.ends_at:
            broken.append(f"{where}, after its person had stopped the calls")
        lately = [at for at in placed[rang.number] if at > rang.at - timedelta(hours=24)]
        placed[rang.number].append(rang.at)
        if len(lately) >= person.cap:
            broken.append(f"{where}, over its cap of {person.cap}")
    allowed = {number for person in replay.people if person.texts for number in person.numbers}
    broken += [
        f"a text to a phone without consent: {body}" for to, body in _texts(replay) if to not in allowed
    ]
    return broken


def _texts(replay: Replay) -> list[tuple[str, str]]:
    """The texts to registrants; staff get others."""
    numbers = {number for person in replay.people for number in person.numbers}
    return [(to, body) for to, body in replay.hotline.carrier.texts if to in numbers]


def _ends(replay: Replay, told: list[Told]) -> list[str]:
    """Two days after the month nothing waits: each notice is confirmed, or stopped for a reason."""
    return [
        f"notice {one.notice.id} ({one.kind}) is {one.notice.state} ({one.notice.outcome}) at the end"
        for one in told
        if one.notice.state not in ("confirmed", "stopped")
    ]


def _silence(replay: Replay) -> list[str]:
    """Supervisors were told of the hours in which no file came."""
    since, until = replay.month.silence
    with replay.hotline.database.reading() as session:
        told = session.scalars(select(Alert.made_at).where(Alert.level == FEED_SILENT)).all()
    during = [at for at in told if since < at <= until + timedelta(hours=1)]
    return [] if during else ["nobody was told that the feed was silent"]


def _is_night(replay: Replay, rang: Any) -> bool:
    person = next(one for one in replay.people if rang.number in one.numbers)
    return not person.may_ring(rang.at, urgent=False) and person.window is None


def _part(found: list[Told], percent: int, *, from_row: bool = False) -> timedelta:
    """The time within which this part of them was confirmed; those that never were took longest."""
    took = sorted(
        one.took if not from_row or one.row_at is None or one.took is _NEVER
        else one.took + (one.landed_at - one.row_at)
        for one in found
    )  # fmt: skip
    return took[(len(took) * percent + 99) // 100 - 1] if took else timedelta()


def _said(took: timedelta) -> str:
    return "never" if took == _NEVER else f"{took / timedelta(minutes=1):.1f} min"
