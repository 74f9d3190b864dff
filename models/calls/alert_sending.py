"""Sends alerts: which ones are due, who alone may send one, and how it ended (R36, R39)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from models.audit import audit
from models.calls import pacing
from models.calls.call import Call
from models.calls.call_status import DIALLING
from models.calls.outbound_leg import outbound_leg
from models.calls.role import ALERTED
from models.staff.alert import (
    ALERTS,
    AUDIT_ALARM,
    LEVELS,
    LOST_PINS,
    NEW_APPROVER,
    NOTICES_LATE,
    ONLY_YOU,
    PIN_LOCKS,
    SET_AWAY,
    UNLISTED,
    UNSENT,
    Alert,
    Told,
    recipients,
    tell,
)
from models.staff.paging import AHEAD
from models.staff.staff import Staff
from models.store.base import UtcDateTime
from models.store.database import changed_one, is_any, keyring_of

#: Twilio's code for a text that it blocks because the phone answered STOP to one of our numbers.
BLOCKED_AFTER_STOP = 21610
#: A sender that has been silent for this long has died, and nobody knows whether its alert arrived.
_LOST_AFTER = timedelta(seconds=60)
#: How long an alert is retried while the carrier cannot be reached; and a text about what is told only once.
_NEWS, _TOLD_ONCE = timedelta(minutes=60), timedelta(hours=24)
#: How long an alert waits of which it is unknown twice whether it was sent: it may have arrived each time.
_UNKNOWN_APART = timedelta(minutes=10)
_ONCE = frozenset({AUDIT_ALARM, LOST_PINS, NEW_APPROVER, ONLY_YOU, PIN_LOCKS, UNLISTED})
#: Only these roles are told of one matter that is for somebody alone.
_FOR_THEM_ALONE = frozenset({"liaison", "supervisor"})
#: What supervisors are told and no administrator in their place: a matter of their own, or about somebody.
_FOR_NOBODY_ELSE = frozenset(
    {AUDIT_ALARM, NEW_APPROVER, ONLY_YOU, SET_AWAY} | {name for name, whom, *_ in LEVELS if whom == "staff"}
)
#: Two audiences are told of the same late promises, one after the other.
_LATE = frozenset(name for name, *_ in LEVELS)
_KINDS = {"text": pacing.TEXTS, "call": pacing.CALLS}


def _may_be_sent(now: Any) -> ColumnElement[bool]:
    return or_(ALERTS.c.sent_at.is_(None), ALERTS.c.sent_at <= now)


_MADE = (UNSENT, ALERTS.c.state == "made", _may_be_sent(bindparam("now", type_=UtcDateTime)))
_ANY_MADE = select(ALERTS.c.id).where(*_MADE).limit(1)
_LOST = (
    UNSENT,
    ALERTS.c.state == "sending",
    ALERTS.c.made_at < bindparam("lost"),
    ALERTS.c.sent_at < bindparam("lost"),
)
_ANY_LOST = select(ALERTS.c.id).where(*_LOST).limit(1)
Ending = Literal["sent", "refused", "unknown", "not asked"]


@dataclass(frozen=True, slots=True)
class Sending:
    """An alert that only its holder may send now; ``number`` is E.164, ``leg_id`` is that of a call."""

    alert_id: int
    level: str
    language: str
    promises: int
    number: str = field(repr=False)
    call_id: int | None = None
    leg_id: str | None = None


def is_any_made(session: Session, now: datetime, *channels: str) -> bool:
    """Whether there is an alert for a worker to send now, by ``call``, by ``text``, or by any."""
    made = _ANY_MADE.where(ALERTS.c.channel.in_(channels)) if channels else _ANY_MADE
    return is_any(session, made, {"now": now})


def unsent_alerts(
    session: Session,
    now: datetime,
    limit: int,
    probes: Collection[pacing.Kind] = (pacing.CALLS, pacing.TEXTS),
) -> Sequence[int]:
    """Alerts for a worker to send now, oldest first.

    For a channel that the carrier refuses: none, or one when a probe is due, which is not the refused one if
    there is another. ``probes``: of these kinds an alert may be the next probe.
    """
    if not is_any_made(session, now):
        return []
    unsent = select(Alert.id).where(*_MADE).params(now=now)
    refused = {one.kind: one for one in pacing.refusals(session)}
    free = [channel for channel, kind in _KINDS.items() if kind not in refused]
    first = unsent.where(Alert.channel.in_(free)).order_by(Alert.made_at, Alert.id)
    found = list(session.scalars(first.limit(limit)).all())
    for channel, kind in _KINDS.items():
        if kind in refused and kind in probes and now >= refused[kind].next_probe_at:
            # A refused alert has the time of its last try, and so comes after the others.
            probe = unsent.where(Alert.channel == channel)
            found += session.scalars(
                probe.order_by(Alert.sent_at.asc().nulls_first(), Alert.made_at, Alert.id).limit(1)
            ).all()
    return found


def is_any_lost(session: Session, now: datetime) -> bool:
    """Whether there is an alert that nobody finished sending."""
    return is_any(session, _ANY_LOST, {"lost": now - _LOST_AFTER})


def end_lost_alerts(session: Session, now: datetime) -> None:
    """End alerts that nobody finished sending: nobody knows whether they arrived."""
    lost = select(ALERTS.c.id).where(*_LOST)
    for alert_id in session.scalars(lost, {"lost": now - _LOST_AFTER}).all():
        end_alert(session, alert_id, "unknown", now)


def settle_set_back(session: Session, now: datetime) -> None:
    """The clock was ahead and is set right: alerts that it made are news by now, and lost ones are found."""
    ahead = or_(ALERTS.c.made_at > now + AHEAD, ALERTS.c.sent_at > now + AHEAD)
    session.execute(update(ALERTS).where(UNSENT, ahead).values(made_at=now, sent_at=now))


def channel_of(session: Session, alert_id: int) -> str | None:
    """How an unsent alert is to be sent: ``text`` or ``call``; None if it is not unsent."""
    return session.scalar(select(Alert.channel).where(Alert.id == alert_id, Alert.state == "made"))


def begin_alert(session: Session, alert_id: int, now: datetime) -> Sending | None:
    """Take the right to send an alert, which only one process ever gets. None for all others."""
    alert = session.get(Alert, alert_id)
    begun = update(ALERTS).where(ALERTS.c.id == alert_id, ALERTS.c.state == "made", _may_be_sent(now))
    if alert is None or not changed_one(session, begun.values(state="sending", sent_at=now)):
        return None
    if alert.call_id is not None and session.get_one(Call, alert.call_id).call_sid is not None:
        # The call of which that was unknown did ring: the carrier has told of it since.
        session.execute(update(ALERTS).where(ALERTS.c.id == alert_id).values(state="sent"))
        return None
    person = session.get_one(Staff, alert.staff_id)
    # Who was to be told may have left since, or have another role (R10).
    if person.left_at is not None or (alert.level == ONLY_YOU and person.role not in _FOR_THEM_ALONE):
        session.execute(update(ALERTS).where(ALERTS.c.id == alert_id).values(state="refused"))
        return None
    language, keyring = person.languages.split(",")[0].strip(), keyring_of(session)
    number = keyring.unseal("staff.phone", person.phone_sealed)
    if alert.channel == "text":
        return Sending(alert.id, alert.level, language, alert.promises, number)
    leg = Call(role=ALERTED, call_status=DIALLING, **outbound_leg(session, number, language, now))
    leg.staff_id = person.id
    session.add(leg)
    session.flush()
    session.execute(update(ALERTS).where(ALERTS.c.id == alert_id).values(call_id=leg.id))
    return Sending(alert.id, alert.level, language, alert.promises, number, leg.id, leg.leg_id)


def end_alert(
    session: Session, alert_id: int, how: Ending, now: datetime, *, code: int | None = None
) -> bool:
    """Record how it ended. Returns whether nobody was told of its matter in the end.

    A phone that accepts no texts, such as an office phone, is called instead; if nobody can be called either,
    others are told. ``code`` is Twilio's error code of a refusal. After STOP, Twilio itself blocks texts to a
    phone; the audit records that.

    ``not asked``: the carrier could not be reached, so it is retried as long as it is news. ``unknown``: it
    is sent again at once, and then every ten minutes. Told twice harms nobody; of what nobody was told the
    next level is far off (R34).
    """
    alert = session.get_one(Alert, alert_id)
    # Whether somebody may be called was decided for the hour in which the alert was made.
    is_text_of_once = alert.level in _ONCE and alert.channel == "text"
    is_news = alert.made_at > now - (_TOLD_ONCE if is_text_of_once else _NEWS)
    if how == "not asked" and is_news:
        alert.state, alert.sent_at, alert.call_id = "made", now, None
        session.flush()
        return False
    if how == "unknown" and alert.is_repeat and is_news:
        alert.state, alert.sent_at = "made", now + _UNKNOWN_APART
        session.flush()
        return False
    alert.state, alert.sent_at = "refused" if how == "not asked" else how, now
    if code == BLOCKED_AFTER_STOP:
        target = f"staff:{alert.staff_id}"
        audit.record(session, actor="carrier", action="block_texts", target=target, now=now)
    if how == "unknown" and not alert.is_repeat:
        session.add(_again(alert, alert.channel, now, is_repeat=True))
    # A liaison who missed two calls does not get another call about it: each console page says so.
    if how == "refused" and alert.channel == "text" and alert.level != SET_AWAY:
        session.add(_again(alert, "call", now))
    session.flush()
    if how == "refused":
        _tell_others(session, alert, now)
    is_given_up = how == "not asked" or (how == "unknown" and alert.is_repeat)
    return is_given_up and not _is_told(session, alert)


def _tell_others(session: Session, alert: Alert, now: datetime) -> None:
    """Tell others a matter of which the carrier's refusals let none of those hear who were to be told.

    Administrators stand in for supervisors, and supervisors for those on call about late notices.
    """
    person = session.get_one(Staff, alert.staff_id)
    if person.role == "supervisor" and alert.level not in _FOR_NOBODY_ELSE:
        instead, alike = "administrator", ["supervisor", "administrator"]
    elif person.role == "liaison" and alert.level == NOTICES_LATE:
        instead, alike = "supervisor", ["liaison", "supervisor", "administrator"]
    else:
        return
    # A call may stand for a text that was refused before it.
    texts = select(func.max(Alert.made_at)).where(
        Alert.staff_id == person.id, Alert.level == alert.level, Alert.channel == "text", Alert.id < alert.id
    )
    since = (session.scalar(texts) if alert.channel == "call" else None) or alert.made_at
    other = (
        select(Alert.id)
        .join(Staff, Staff.id == Alert.staff_id)
        .where(Alert.level == alert.level, Staff.role.in_(alike))
        .where(Alert.made_at >= since, Alert.state.in_(("made", "sending", "sent")))
    )
    if not is_any(session, other.limit(1)):
        people = [one for one in recipients(session) if one.role == instead]
        tell(
            session, alert.level, [Told(one.staff_id, alert.promises, one.is_at_hand) for one in people], now
        )


def _is_told(session: Session, alert: Alert) -> bool:
    """Whether anybody was told of the matter since this alert was made, or it is told anew already."""
    levels = _LATE if alert.level in _LATE else {alert.level}
    was_sent = and_(Alert.level.in_(levels), Alert.state == "sent", Alert.sent_at >= alert.made_at)
    is_told_anew = and_(Alert.level == alert.level, Alert.made_at > alert.made_at)
    other = select(Alert.id).where(or_(was_sent, is_told_anew))
    return session.execute(other.limit(1)).first() is not None


def _again(alert: Alert, channel: str, now: datetime, *, is_repeat: bool = False) -> Alert:
    """The same alert once more."""
    return Alert(
        staff_id=alert.staff_id, channel=channel, level=alert.level, promises=alert.promises, made_at=now,
        is_repeat=is_repeat,
    )  # fmt: skip
