"""What a storm made of notices: confirmed or with a person, none told again, none outside consent."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Call, Callback, Notice
from models.callbacks.callback import NOTICE_TASK
from models.notices.answering import REASON
from models.store.database import keyring_of
from tests.chaos.carrier import ChaosCarrier
from tests.chaos.crowd import waits_until
from tests.chaos.installation import Installation
from tests.chaos.notices import Notified
from tests.chaos.verdict import Verdict

#: A request to the carrier that was on its way when the news was confirmed.
_ON_ITS_WAY = timedelta(seconds=5)
#: What is noted of a turn is when it began. Of two about one notice the row's lock lets one be first, and
#: that may be the one that began later: its code was right before the confirmation was saved.
_ONE_TURN = timedelta(seconds=5)
_SWEEPS_SECONDS = 20.0


def judge_notices(place: Installation, carrier: ChaosCarrier, people: Sequence[Notified]) -> Verdict:
    """Compare every registrant with their notice, and every ring with what they allowed."""
    if not people:
        return Verdict({}, ())
    # The next sweep puts the last ones on the list.
    waits_until(lambda: _are_tasks_listed(place), _SWEEPS_SECONDS)
    with place.database.reading() as session:
        by_case = _by_case(session)
        outside = _outside(session, carrier, people)
        again = _told_again(session, carrier)
        broken = [
            *_not_kept(people, by_case),
            *again,
            *outside,
            *_without_task(session, by_case),
            *_left_undialed(session),
        ]
        notices = [notice for found in by_case.values() for notice in found]
        states = Counter(one.state for one in notices)
        tasks = Counter(one.task for one in notices if one.state == "left_for_staff")
        with_two = {one.case_id for one in people if len(one.phones) > 1}
        by_two = sum(one.case_id in with_two for one in notices if one.state == "confirmed")
    return Verdict(
        {
            "registrants": len(people),
            "notices": len(notices),
            "notices confirmed": states["confirmed"],
            "notices with staff": states["left_for_staff"],
            **{f"  because: {task}": count for task, count in sorted(tasks.items(), key=str)},
            "notices until morning": states["waiting"],
            "confirmed with two phones": by_two,
            "told after confirmation": len(again),
            "rung outside consent": len(outside),
            "registrants' rings": sum(carrier.rung[phone] for one in people for phone in one.phones),
        },
        tuple(broken),
    )


def _by_case(session: Session) -> defaultdict[int, list[Notice]]:
    found = defaultdict[int, list[Notice]](list)
    for notice in session.scalars(select(Notice).order_by(Notice.id)):
        found[notice.case_id].append(notice)
    return found


def _are_tasks_listed(place: Installation) -> bool:
    with place.database.reading() as session:
        return not _without_task(session, _by_case(session))


def _not_kept(people: Sequence[Notified], by_case: dict[int, list[Notice]]) -> list[str]:
    """Registrants without their one notice, and notices that are neither confirmed nor with a person.

    A notice for somebody who said no to nights waits for the morning.
    """
    broken, now = [], datetime.now(UTC)
    for one in people:
        found = by_case[one.case_id]
        if len(found) != 1:
            broken.append(f"case {one.case_id} has {len(found)} notices of one change")
            continue
        notice = found[0]
        is_kept = notice.state == "confirmed" or (
            notice.state == "left_for_staff" and notice.task_at is not None
        )
        if one.bar == "night":
            is_kept = notice.state == "waiting" and notice.next_attempt_at > now
        elif one.bar is not None:
            is_kept = notice.state == "left_for_staff" and notice.task == "no_phone"
        if not is_kept:
            broken.append(f"notice {notice.id} ({one.bar}) is {notice.state}, task {notice.task}")
    return broken


def _told_again(session: Session, carrier: ChaosCarrier) -> list[str]:
    """Notices that rang, were opened by their code or were said after somebody had confirmed them.

    Whoever had given the code in a call by then was offered the news, and hears it in that call.
    """
    confirmed = (
        select(Notice.id, Notice.confirmed_at, Notice.said_at, Call.leg_id, Call.opened_at, Call.ended_at)
        .join(Call, Call.notice_id == Notice.id)
        .where(Notice.confirmed_at.is_not(None))
        .order_by(Notice.id, Call.id)
    )
    by_notice = defaultdict[int, list[Any]](list)
    for row in session.execute(confirmed):
        by_notice[row.id].append(row)
    broken = []
    for notice_id, legs in by_notice.items():
        at, said_at = legs[0].confirmed_at, legs[0].said_at
        for leg in legs:
            placed_at = carrier.placed_at.get(leg.leg_id or "")
            if placed_at is not None and placed_at > at + _ON_ITS_WAY:
                broken.append(f"notice {notice_id} rang after its confirmation at {at:%H:%M:%S}")
            if leg.opened_at is not None and leg.opened_at > at + _ONE_TURN:
                broken.append(f"notice {notice_id}, confirmed at {at}, was opened at {leg.opened_at}")
        hears_on = [leg for leg in legs if leg.opened_at is not None and leg.opened_at <= at + _ONE_TURN]
        if (
            said_at is not None
            and said_at > at
            and not any(leg.ended_at is None or leg.ended_at >= said_at for leg in hears_on)
        ):
            calls = ", ".join(f"{leg.opened_at} to {leg.ended_at}" for leg in legs)
            broken.append(f"notice {notice_id}, confirmed at {at}, was told at {said_at}; calls: {calls}")
    return broken


def _outside(session: Session, carrier: ChaosCarrier, people: Sequence[Notified]) -> list[str]:
    """Phones that must not ring and did, and phones that notices rang more often than their cap.

    A liaison may ring a phone above its cap: its owner asked for a person in the call, and that is no notice.
    """
    rings: Counter[str] = Counter()
    for phone_key, leg_id in session.execute(
        select(Call.phone_key, Call.leg_id).where(Call.notice_id.is_not(None))
    ):
        rings[phone_key] += carrier.placed[leg_id or ""]
    keyring, broken = keyring_of(session), []
    for one in people:
        for phone in one.phones:
            if one.bar is not None and carrier.rung[phone]:
                broken.append(f"a phone of case {one.case_id} ({one.bar}) rang {carrier.rung[phone]} times")
            told = rings[keyring.index("phone", phone)]
            if told > one.cap:
                broken.append(
                    f"notices rang a phone of case {one.case_id} {told} times for a cap of {one.cap}"
                )
    return broken


def _left_undialed(session: Session) -> list[str]:
    """Legs that nobody dialed and nobody ended: each would count for the cap of its phone."""
    left = select(Call.id, Call.notice_id).where(
        Call.notice_id.is_not(None),
        Call.call_status.is_(None),
        Call.call_sid.is_(None),
        Call.ended_at.is_(None),
    )
    return [
        f"leg {call_id} of notice {notice_id} was left open" for call_id, notice_id in session.execute(left)
    ]


def _without_task(session: Session, by_case: dict[int, list[Notice]]) -> list[str]:
    """Notices that are left for staff and stand on no list: neither as a task nor as a promised callback."""
    listed = set(session.scalars(select(Callback.case_id).where(Callback.reason == NOTICE_TASK)))
    asked = Counter(session.scalars(select(Callback.reason)))[REASON]
    left = [one for found in by_case.values() for one in found if one.state == "left_for_staff"]
    wanted = sum(one.task == "asked_person" for one in left)
    return [
        *(
            f"notice {one.id} is with staff ({one.task}), and no task is on the list"
            for one in left
            if one.task != "asked_person" and one.case_id not in listed
        ),
        *([f"{wanted} asked for a person, and {asked} callbacks stand"] if asked < wanted else []),
    ]
