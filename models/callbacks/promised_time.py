"""The moment promised: of an urgent callback, and of one whose moment the office can no longer keep (R36)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, func, not_, or_, select, text, update
from sqlalchemy.orm import Session

from models.callbacks.asking_call import LISTENS_SLOWLY
from models.callbacks.callback import CALLBACKS, IS_PROMISED, WITHOUT_PIN, Callback
from models.callbacks.callback_list import NOT_YET, ON_LIST, wait_until
from models.callbacks.callback_policy import CallbackPolicy, Hours
from models.callbacks.liaison import count_crew
from models.calls.two_lists import UNVERIFIED_URGENT, VERIFIED, before_next
from models.cases.case import Case
from models.cases.daily_window import DailyWindow, end_of_window
from models.cases.duress_likeness import follow_person
from models.cases.registrant import Registrant
from models.cases.safe_phone import PhoneStanding, standing_of
from models.staff.alert import PUT_OFF, PUT_OFF_TOLD
from models.staff.rota import Rota, next_day

#: A moment beyond the hour is said in such steps, so that the row contains exactly what was said.
_STEP = timedelta(minutes=5)
#: Instead of a moment: nobody is there in the hours in which that phone may be called, for all that is known.
NO_MOMENT = datetime.max.replace(tzinfo=UTC)
#: How many rows one transaction processes after a change of the hours, and each minute.
_A_FEW, _WATCHED = 200, 20


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: whether the PIN was right, whether the caller ID is doubted, and the phone's blind index.

    ``case_id`` is the case that the PIN opened.
    """

    verified: bool
    doubted: bool
    phone_key: str = field(repr=False)
    case_id: int | None = None


def urgent_due(
    session: Session, now: datetime, policy: CallbackPolicy, asker: Asker, wait: timedelta | None
) -> datetime:
    """The latest moment of the call to a person who asks for an urgent callback now.

    It is an hour from now, or from when somebody next comes if nobody is at hand, or if they all leave before
    both phones have rung. It is later if those before this caller take longer, if such callers have already
    waited past their hour, or if eight of ten recently waited longer (``wait``). What this phone asked for
    without a PIN does not count, nor what the asker's own case is promised, nor whose phone it is: a caller
    who asks again hears what a first request at this moment would hear (R35). What the PIN of a case has
    asked for counts for each caller without it: else calls from two phones would tell which one is promised
    a call.
    """
    is_open = policy.is_open(now)
    people, busy = count_crew(session, is_open=is_open)
    hour = timedelta(minutes=policy.numbers.urgent_minutes)
    ahead = _ahead(session, now, now + timedelta(minutes=policy.numbers.due_soon_minutes), asker)
    turns = max((busy + ahead.both) // max(people, 1), ahead.alike // ((people + 1) // 2 or 1))
    turn = turns * timedelta(minutes=policy.numbers.callback_minutes)
    rota, at_most = Rota(session, now, policy), max(hour, turn)
    if people == 0:
        return _in_steps(_served_next(rota, now, policy, is_open=is_open) + at_most)
    rings = timedelta(seconds=policy.numbers.liaison_ring_seconds + policy.numbers.caller_ring_seconds)
    # Both phones ring once the caller no longer listens, and those before them were called.
    reached = now + LISTENS_SLOWLY + rings + turn
    if (served := rota.first_served(reached)) > reached:
        return _in_steps(served + at_most)
    late = hour + now - (ahead.first_due_at or now)
    longest = now + max(turn, late, wait or turn)
    if longest <= now + hour:
        return now + hour
    # A moment after the hour is said only if somebody is there then.
    served = rota.first_served(longest)
    return _in_steps(served + at_most if served > longest else longest)


def other_due(
    session: Session,
    now: datetime,
    policy: CallbackPolicy,
    time_zone: str,
    phone: DailyWindow | None,
    wait: timedelta | None,
) -> tuple[datetime, timedelta | None]:
    """The latest moment of the call to a person who asks for one now that is not urgent, and ``wait``.

    It is the end of the next business day, or of the first day on which somebody is there to call them, in
    the permitted hours of their zone and in those of their ``phone``; NO_MOMENT if there is none in a week.
    ``wait``, which eight of ten lately waited, is None if nobody is there when it is over.
    """
    due_at = policy.due_at("other", now)
    any_time = Hours("other", time_zone, None, None, False, now)
    opens_at = partial(policy.moment_inside, any_time, phone=phone)
    rota = Rota(session, now, policy)
    served = rota.first_inside(now, opens_at, urgent=False)
    if served is None:
        return NO_MOMENT, None
    if wait is not None and rota.first_inside(now + wait, opens_at, urgent=False) != now + wait:
        wait = None
    return due_at if served <= due_at else _end_of_day(served, policy), wait


def _end_of_day(at: datetime, policy: CallbackPolicy) -> datetime:
    """Until when the line promises a call that is not urgent of this day."""
    before = at.astimezone(policy.zone).date() - timedelta(days=1)
    return policy.due_at("other", datetime.combine(before, time(12), policy.zone))


class _Ahead(NamedTuple):
    """How many are ahead of the asker: on both lists, and on the unverified one alone if it is the asker's.

    ``first_due_at`` is the earliest moment promised to one of the asker's list who was not tried yet.
    """

    both: int
    alike: int
    first_due_at: datetime | None


def _ahead(session: Session, now: datetime, soon: datetime, asker: Asker) -> _Ahead:
    # A doubted caller ID comes after the others of its list, and these never after one.
    unverified = UNVERIFIED_URGENT if asker.doubted else UNVERIFIED_URGENT[:-1]
    waits = or_(CALLBACKS.c.phone_key != asker.phone_key, not_(WITHOUT_PIN))
    if asker.case_id is not None:
        waits = and_(waits, CALLBACKS.c.case_id.is_distinct_from(asker.case_id))
    urgent = CALLBACKS.c.urgency == "urgent"
    # Each by its own partial index: on the list, and those whose time came a moment ago, or comes at the
    # latest when a caller in the slow pace has heard the promise.
    counted = [
        select(
            func.count(case((CALLBACKS.c.verified, 1))), func.count(case((~CALLBACKS.c.verified, 1)))
        ).where(*rows)
        for rows in (
            (
                ON_LIST,
                CALLBACKS.c.rank.in_((*VERIFIED, *unverified)),
                or_(urgent, CALLBACKS.c.due_at <= soon),
                waits,
            ),
            (NOT_YET, urgent, CALLBACKS.c.next_attempt_at <= now + LISTENS_SLOWLY, waits),
        )
    ]
    rows = [session.execute(one).one() for one in counted]
    of_verified, of_unverified = (sum(row[number] for row in rows) for number in (0, 1))
    mine = VERIFIED[:1] if asker.verified else unverified
    first = select(func.min(CALLBACKS.c.due_at)).where(
        ON_LIST, CALLBACKS.c.rank.in_(mine), CALLBACKS.c.caller_tries == 0, CALLBACKS.c.due_at < now, waits
    )
    return _Ahead(
        before_next(of_verified, of_unverified, verified=asker.verified),
        0 if asker.verified else of_unverified,
        session.scalar(first),
    )


def moved_to(session: Session, callback: Callback, now: datetime, policy: CallbackPolicy) -> datetime | None:
    """The latest moment to say instead of ``due_at``, if somebody can make this call only after that.

    A closure or other hours were saved after the promise, or its day ended without the call; or it moved to a
    phone that is called later; or its person missed the call of an urgent one, and nobody is there for the
    next. The row keeps its ``due_at``, so it keeps its position in the list. None if the promise can still be
    kept, or if it may be called now.
    """
    phone = standing_of(session, callback.case_id, callback.phone_key, callback.registrant_id)
    # After a use of the duress PIN one liaison has it, and its words are those of any other that waits (R13).
    if callback.state != "requested" and not (phone.is_paused and callback.state == "claimed"):
        return None
    # Until that liaison has it, it is put off by minutes again and again.
    at = now if phone.is_paused else max(now, callback.next_attempt_at)
    opens = policy.moment_for(callback, at, phone)
    is_urgent = callback.urgency == "urgent"
    if opens is not None:
        rings_at, opens = opens, _served_from(session, callback, opens, now, policy, phone)
        # The hours of an urgent one end before its moment, unless a STOP moved it to a phone with others.
        is_kept = is_urgent and (callback.window_ends is None or callback.caller_tries > 0)
        opens = None if is_kept and opens == rings_at else opens
    if opens is None and not (is_urgent or callback.window_ends or phone.is_barred):
        return NO_MOMENT
    if opens is None or phone.is_barred or opens <= max(now, callback.due_at):
        return None
    if callback.urgency == "urgent":
        return opens + timedelta(minutes=policy.numbers.urgent_minutes)
    closes = _end_of_day(opens, policy)
    if callback.window_ends is None:
        return closes
    return max(closes, end_of_window(callback.window_ends, callback.time_zone, opens))


def _served_from(
    session: Session,
    callback: Callback,
    at: datetime,
    now: datetime,
    policy: CallbackPolicy,
    phone: PhoneStanding,
) -> datetime | None:
    """The earliest moment at or after ``at``, when the person may be called, at which somebody calls them.

    None for a call at any time of day that nobody is ever there to make. If nobody is there now, an urgent
    call of the next hour is not before somebody comes, as for one who asks now.
    """
    rota, is_urgent, from_ = Rota(session, now, policy), callback.urgency == "urgent", at
    if is_urgent and at < now + timedelta(minutes=policy.numbers.urgent_minutes):
        is_open = policy.is_open(now)
        if count_crew(session, is_open=is_open)[0] == 0:
            from_ = max(at, _served_next(rota, now, policy, is_open=is_open))
    if is_urgent and from_ <= now:
        return at
    opens_at = partial(policy.moment_for, callback, phone=phone)
    served = rota.first_inside(from_, opens_at, urgent=is_urgent)
    return served or (opens_at(from_) if is_urgent or callback.window_ends else None)


def newly_at_risk(session: Session, now: datetime, policy: CallbackPolicy) -> Sequence[tuple[int, int, int]]:
    """Promises that nobody is there any more to keep in time, or somebody is there again (R36). Read only.

    A liaison fell ill, or nobody works in the hours of that phone. The next few are looked at, those due soon
    aside, of which people are warned anyway. Each with how far it was ``warned`` of, and is to be now.
    """
    soon = timedelta(minutes=policy.numbers.warn_supervisor_before_minutes + policy.numbers.page_minutes)
    waiting = select(Callback).where(
        # The exact words of the partial indexes.
        text("callbacks.state = 'requested'"), Callback.urgency == "other", Callback.caller_tries == 0,
        Callback.due_at > now + soon,
    )  # fmt: skip
    found = []
    for one in session.scalars(waiting.order_by(Callback.due_at, Callback.id).limit(_WATCHED)).all():
        is_late = moved_to(session, one, now, policy) is not None
        if is_late and PUT_OFF < one.warned < PUT_OFF_TOLD:
            found.append((one.id, one.warned, PUT_OFF))
        elif not is_late and one.warned in (PUT_OFF, PUT_OFF_TOLD):
            found.append((one.id, one.warned, 0))
    return found


def warn_again(session: Session, found: Sequence[tuple[int, int, int]]) -> None:
    """Write what ``newly_at_risk`` found, where nobody was told of it meanwhile."""
    for callback_id, before, after in found:
        still_so = CALLBACKS.c.id == callback_id, CALLBACKS.c.warned == before
        waits = update(CALLBACKS).where(*still_so, CALLBACKS.c.state == "requested")
        session.execute(waits.values(warned=after))


class Moved(NamedTuple):
    """Promises that the office's hours do not let us keep, and those that they let us keep today only.

    ``last_id`` is where the next few begin; None after the last ones.
    """

    put_off: int
    today_only: int
    last_id: int | None


def move_waiting(session: Session, now: datetime, policy: CallbackPolicy, after: int = 0) -> Moved:
    """After a change of the hours, put off a few promises that cannot be kept, and bring back those that can.

    Those that wait for their moment are otherwise looked at when it comes, on the morning of a closed day.
    """
    waiting = select(Callback).where(
        Callback.state == "requested", Callback.urgency == "other", Callback.caller_tries == 0,
        Callback.due_at > now, Callback.id > after,
    )  # fmt: skip
    rows = session.scalars(waiting.order_by(Callback.id).limit(_A_FEW).with_for_update()).all()
    put_off, today_only, midnight = 0, 0, next_day(now, policy.zone)
    for callback in rows:
        phone = standing_of(session, callback.case_id, callback.phone_key, callback.registrant_id)
        if phone.is_barred or phone.is_paused:
            continue
        if callback.rank is not None:
            # It is on the list, so it may be called now.
            opens = policy.moment_for(callback, midnight, phone)
            today_only += opens is not None and opens > callback.due_at > midnight
            continue
        was_put_off = callback.next_attempt_at > callback.due_at
        at = now if was_put_off else max(now, callback.next_attempt_at)
        opens = policy.moment_for(callback, at, phone)
        if opens is None:
            continue
        if opens > callback.due_at:
            wait_until(callback, opens, now)
            put_off += 1
        elif was_put_off:
            callback.next_attempt_at, callback.warned = opens, 0
    session.flush()
    return Moved(put_off, today_only, rows[-1].id if len(rows) == _A_FEW else None)


def change_person(session: Session, registrant: Registrant, values: Mapping[str, object]) -> None:
    """Save fields of a registrant; their duress cases follow, and their callbacks ring by its zone (R29)."""
    before = {name: getattr(registrant, name) for name in values}
    for name, value in values.items():
        setattr(registrant, name, value)
    session.flush()
    likenesses = follow_person(session, registrant, before)
    if "time_zone" in values:
        for one in (registrant, *likenesses):
            _move_zone(session, one)


def _move_zone(session: Session, registrant: Registrant) -> None:
    cases = select(Case.id).where(Case.registrant_id == registrant.id)
    theirs = or_(Callback.case_id.in_(cases), Callback.registrant_id == registrant.id)
    moved = select(Callback).where(IS_PROMISED, theirs, Callback.time_zone != registrant.time_zone)
    for callback in session.scalars(moved.order_by(Callback.id).with_for_update(key_share=True)).all():
        change_zone(callback, registrant.time_zone)
    session.flush()


def change_zone(callback: Callback, time_zone: str) -> None:
    """Let a callback ring by the clock of another zone. The morning that its person chose is the one there.

    A moment that staff agreed on with them stays that moment.
    """
    starts, ends = callback.window_starts, callback.window_ends
    if starts is not None and ends is not None and callback.rescheduled_by_id is None:
        there, here = ZoneInfo(callback.time_zone), ZoneInfo(time_zone)
        callback.window_starts = starts.astimezone(there).replace(tzinfo=here).astimezone(UTC)
        callback.window_ends = ends.astimezone(there).replace(tzinfo=here).astimezone(UTC)
        if callback.next_attempt_at == starts:
            callback.next_attempt_at = callback.window_starts
        if callback.due_at == ends:
            callback.due_at = callback.window_ends
        callback.due_at = max(callback.due_at, callback.window_ends)
    callback.time_zone = time_zone
    if callback.state == "requested":
        # Its hours are checked again before it is back on the list.
        callback.rank = None


def _served_next(rota: Rota, now: datetime, policy: CallbackPolicy, *, is_open: bool) -> datetime:
    """When somebody takes urgent work next, if nobody does now: by a schedule, or when the office opens."""
    opens = rota.first_served(next_day(now, policy.zone) if is_open else now)
    begins = rota.next_begin(now)
    return opens if begins is None else min(begins, opens)


def _in_steps(at: datetime) -> datetime:
    """The next full step of the clock at or after ``at``."""
    hours = at.replace(minute=0, second=0, microsecond=0)
    return hours + -(-(at - hours) // _STEP) * _STEP
