"""A bad day of one liaison: every frightened caller reaches a person, or is first on the list (R36)."""

from collections import Counter
from collections.abc import Iterator
from datetime import time, timedelta
from typing import Any

import pytest

from models import Alert, Call, Callback, Staff
from models.callbacks.callback_state import RINGING_STATES
from models.overview.work_list import Reader, work_list
from models.staff.schedule import set_schedule
from models.staff.staff import change_shift
from models.talks import leg as legs
from tests.call_center import CallCenter
from tests.factories import make_callback, make_case, make_office, make_staff

ANA, NIA, RUTH = "+12025550170", "+12025550173", "+12025550172"
STEP = timedelta(seconds=30)
EMAILS = {ANA: "ana@office.example.org", NIA: "nia@office.example.org", RUTH: "ruth@office.example.org"}


class People:
    """What the staff do when their phone rings, by phone; callers answer, and talk for a minute."""

    def __init__(self, call_center: CallCenter) -> None:
        self.call_center = call_center
        self.does = {ANA: "picks up late", NIA: "does not hear it", RUTH: "does not hear it"}
        #: The callbacks that talked, in order, and since when each call rings or is connected.
        self.talked: list[int] = []
        self._since: dict[str, Any] = {}

    def live(self, minutes: float) -> Iterator[None]:
        """Run this many minutes, one sweep after another."""
        for _ in range(int(timedelta(minutes=minutes) / STEP)):
            self.call_center.sweeps(seconds=STEP.total_seconds())
            self.call_center.works_off()
            for call in list(self.call_center.carrier.placed):
                if call.status in ("ringing", "in-progress"):
                    self._go_on(call)
            self.call_center.works_off()
            yield

    def _go_on(self, call: Any) -> None:
        (leg,) = self.call_center.rows(Call, Call.leg_id == call.leg_id)
        rings_for = self.call_center.now - self._since.setdefault(call.call_sid, self.call_center.now)
        if leg.role == "called_back":
            self._caller(call, leg)
        elif leg.role == "alerted" or self.does[call.to] == "does not hear it":
            self.call_center.hangs_up(call, "no-answer")
        elif call.status == "ringing":
            self.call_center.answers(call)
            if self.does[call.to] != "has a machine that answers":
                self.call_center.presses(call, legs.accept_by_liaison)
        elif self.does[call.to] != "picks up late" or not self._is_theirs(leg):
            self.call_center.hangs_up(call)
        else:
            assert rings_for < timedelta(minutes=5), "nobody is kept on the line for a call that is over"

    def _is_theirs(self, leg: Call) -> bool:
        theirs = (Callback.liaison_call_id == leg.id, Callback.state.in_((*RINGING_STATES, "talking")))
        return bool(self.call_center.rows(Callback, *theirs))

    def _caller(self, call: Any, leg: Call) -> None:
        (row,) = self.call_center.rows(Callback, Callback.id == leg.callback_id)
        if row.state == "talking" and self.call_center.now - row.talking_at >= timedelta(minutes=1):
            self.call_center.hangs_up(call)
        elif call.status == "ringing" and self.does[ANA] != "hangs up on the ring":
            self.call_center.answers(call)
            if self.call_center.presses(call, legs.join_caller) == "joined":
                self.talked.append(row.id)

    def come_back(self) -> None:
        with self.call_center.database.transaction() as session:
            change_shift(session, EMAILS[ANA], on_shift=True, actor="shell", now=self.call_center.now)


@pytest.fixture
def people(empty_call_center: CallCenter) -> People:
    """Ana is on shift, Nia on call, Ruth a supervisor; half of the callers are afraid, half have a PIN."""
    call_center = empty_call_center
    call_center.office = make_office(policies={"retry_minutes": 5})
    with call_center.database.transaction() as session:
        make_staff(session, EMAILS[ANA], phone=ANA)
        make_staff(session, EMAILS[NIA], phone=NIA, on_shift=False)
        make_staff(session, EMAILS[RUTH], phone=RUTH, on_shift=False, role="supervisor")
        set_schedule(
            session, EMAILS[NIA], kind="on_call", weekdays=range(7), span=(time(0), time(0)), actor="shell",
            now=call_center.now,
        )  # fmt: skip
        for number in range(16):
            urgent, verified = number % 2 == 0, number % 4 < 2
            make_callback(
                session, make_case(session) if verified else None, phone=f"+120255501{30 + number}",
                urgency="urgent" if urgent else "other", reason="afraid" if urgent else "asked",
                requested_at=call_center.now,
                next_attempt_at=call_center.now,
                due_at=call_center.now + (timedelta(minutes=60) if urgent else timedelta(hours=20)),
            )  # fmt: skip
    return People(call_center)


# A long day; each of its parts runs on PostgreSQL in a test of its own.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_frightened_caller_reaches_a_person_or_is_first(people: People) -> None:
    call_center = people.call_center
    soon = timedelta(minutes=15)

    def nobody_is_lost() -> None:
        rows = call_center.rows(Callback)
        assert {row.state for row in rows} <= {
            "requested", "ringing_liaison", "ringing_caller", "talking", "reached",
        }  # fmt: skip
        assert all(row.caller_tries == 0 for row in rows), "no try of a person is spent by the staff"
        waiting = [row for row in rows if row.state == "requested" and row.urgency == "urgent"]
        assert all(row.rank is not None for row in waiting), "everybody keeps their place"
        with call_center.database.reading() as session:
            reader = Reader(0, ("en",), call_center.now)
            listed = work_list(
                session, reader, (), call_center.now, soon=soon, lines=call_center.office.lines, discreet=()
            ).rows
        first = [row.urgency for row in listed[: len(waiting)]]
        # Of any four at most two are of the unverified list while a verified caller waits.
        assert first.count("urgent") >= len(waiting) // 2
        assert not waiting or first[0] == "urgent"

    def live(minutes: float, **does: str) -> None:
        people.does.update({{"ana": ANA, "nia": NIA, "ruth": RUTH}[who]: what for who, what in does.items()})
        for _ in people.live(minutes):
            nobody_is_lost()

    live(6)
    live(3, ana="does not hear it")
    (ana, *_others) = call_center.rows(Staff)
    assert ana.set_away_at is not None
    live(8)
    paged = Counter(
        (one.staff_id, one.channel) for one in call_center.rows(Alert, Alert.level == "urgent_untaken")
    )
    assert set(paged) >= {(2, "text"), (2, "call"), (3, "text"), (3, "call")}
    assert max(paged.values()) <= 2, "a page and its count, not a page for each"
    waiting = call_center.rows(Callback, Callback.state == "requested", Callback.urgency == "urgent")
    assert waiting
    assert all(row.paged_at is not None for row in waiting), "each of them is marked at its place"

    people.come_back()
    live(3, ana="has a machine that answers")
    assert call_center.rows(Staff)[0].set_away_at is not None
    people.come_back()
    live(4, ana="hangs up on the ring")
    # All are reached in twenty minutes, and nobody is called after that.
    live(25, ana="picks up late")

    assert {row.state for row in call_center.rows(Callback, Callback.urgency == "urgent")} == {"reached"}
    assert len(people.talked) == len(set(people.talked)), "nobody is called twice"
