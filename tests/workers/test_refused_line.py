"""What the carrier refuses while the account is well: calls from one number of ours, or to one phone."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from models import Alert, Call, Callback, Registrant, Staff
from models.callbacks.liaison import unverified_may_take_at_0
from models.callbacks.lone_refusal import refused_lines
from models.calls.pacing import CALLS, close_breaker, refusals
from models.overview.trouble import troubles
from models.store.refusal import RefusedError
from models.talks import leg as legs
from models.talks.own_call import call_now
from models.talks.refusals import TalkRefusal
from tests.call_center import CallCenter
from tests.conftest import ON_BOTH, ON_SQLITE, in_turn
from tests.factories import make_call, make_callback, make_case, make_staff

MAIN, DISCREET = "+12025550100", "+12025550101"
LIAISON, SUPERVISOR = "+12025550170", "+12025550172"
OUR_NUMBER_IS_GONE = 21210


def _asks(call_center: CallCenter, count: int, line: str | None = None, **facts: Any) -> list[int]:
    """``count`` verified callers wait to be called back, from the number that they chose."""
    with call_center.database.transaction() as session:
        made = []
        for _ in range(count):
            case = make_case(session)
            session.get_one(Registrant, case.registrant_id).line = line
            made.append(make_callback(session, case, **facts).id)
        return made


@pytest.fixture
def office_settings(empty_call_center: CallCenter) -> CallCenter:
    """One liaison and a supervisor; the carrier takes no calls from the discreet number."""
    with empty_call_center.database.transaction() as session:
        make_staff(session, phone=LIAISON)
        make_staff(session, role="supervisor", phone=SUPERVISOR, on_shift=False)
    empty_call_center.carrier.refuses_from = {DISCREET: OUR_NUMBER_IS_GONE}
    return empty_call_center


class _Morning:
    """A liaison who accepts at once, and callers who answer and talk for ten seconds."""

    def __init__(self, call_center: CallCenter) -> None:
        self.call_center, self._met = call_center, 0
        #: How often the liaison accepted and nobody was called.
        self.accepted_in_vain = 0

    def passes(self, minutes: float, seconds: int = 15) -> None:
        """Sweep every ``seconds``, for ``minutes``, and do the jobs."""
        for _ in range(int(minutes * 60 / seconds)):
            self.call_center.sweeps(seconds=seconds)
            self.call_center.works_off()
            self._answer_all()

    def _answer_all(self) -> None:
        call_center = self.call_center
        while len(call_center.carrier.placed) > self._met:
            call = call_center.carrier.placed[self._met]
            self._met += 1
            if call.to == SUPERVISOR:
                call_center.hangs_up(call)
                continue
            call_center.answers(call)
            assert call_center.presses(call, legs.accept_by_liaison) == "accepted"
            call_center.works_off()
            if len(call_center.carrier.placed) == self._met:
                self.accepted_in_vain += 1
                call_center.hangs_up(call)
                continue
            caller = call_center.carrier.placed[self._met]
            self._met += 1
            call_center.answers(caller)
            assert call_center.presses(caller, legs.join_caller) == "joined"
            call_center.now += timedelta(seconds=10)
            call_center.hangs_up(caller)
            call_center.hangs_up(call)
        call_center.works_off()


def _states(call_center: CallCenter, ids: list[int]) -> list[tuple[str, int, int]]:
    rows = call_center.rows(Callback, Callback.id.in_(ids))
    return [(row.state, row.liaison_tries, row.caller_tries) for row in rows]


@in_turn("stuck", [1, 3])
def test_callbacks_from_a_number_that_was_taken_away_do_not_hold_up_those_from_others(
    office_settings: CallCenter, stuck: int
) -> None:
    call_center, soon = office_settings, office_settings.now + timedelta(minutes=60)
    waiting = _asks(call_center, stuck, DISCREET, urgency="urgent", due_at=soon)
    others = _asks(call_center, 3)
    morning = _Morning(call_center)

    morning.passes(minutes=1.5)

    assert _states(call_center, others) == [("reached", 0, 0)] * 3
    assert _states(call_center, waiting) == [("requested", 0, 0)] * stuck
    assert morning.accepted_in_vain == 2, "twice: then it is known whose number it is"
    assert [call.to for call in call_center.carrier.placed if call.line == DISCREET] == []
    with call_center.database.reading() as session:
        assert refusals(session) == [], "the account itself is well"


@ON_SQLITE
def test_number_is_tried_every_30_s_and_its_callbacks_are_made_when_it_works_again(
    office_settings: CallCenter,
) -> None:
    call_center = office_settings
    waiting = _asks(call_center, 3, DISCREET)
    morning = _Morning(call_center)
    morning.passes(minutes=1)
    before = call_center.carrier.refused

    morning.passes(minutes=3)

    assert 5 <= call_center.carrier.refused - before <= 6, "one probe every 30 s, however many wait"
    assert morning.accepted_in_vain == 2, "a probe that is refused rings no liaison"
    call_center.carrier.refuses_from = {}
    morning.passes(minutes=2, seconds=30)
    assert _states(call_center, waiting) == [("reached", 0, 0)] * 3
    with call_center.database.reading() as session:
        assert refused_lines(session) == []


@ON_SQLITE
def test_supervisors_are_texted_and_the_number_is_named_while_the_account_is_well(
    office_settings: CallCenter,
) -> None:
    call_center = office_settings
    _asks(call_center, 1, DISCREET)
    _Morning(call_center).passes(minutes=2, seconds=10)

    with call_center.database.reading() as session:
        (trouble,) = troubles(session, call_center.now)
    assert (trouble.name, trouble.line, trouble.code) == ("line", DISCREET, OUR_NUMBER_IS_GONE)
    assert "ending in 01" in trouble.told(call_center.now)
    assert DISCREET not in trouble.told(call_center.now)
    assert DISCREET not in repr(trouble)
    levels = [alert.level for alert in call_center.rows(Alert)]
    assert levels == ["calls_refused", "line_refused"]
    assert "from one of our numbers" in call_center.carrier.texts[-1][1]


@ON_SQLITE
def test_account_refused_first_on_a_call_from_that_number_is_named_instead_of_the_number(
    office_settings: CallCenter,
) -> None:
    call_center = office_settings
    asked = _asks(call_center, 1, DISCREET)
    call_center.carrier.refuses_from = {}
    call_center.sweeps()
    call_center.works_off()
    (liaison,) = call_center.carrier.placed
    call_center.answers(liaison)
    call_center.presses(liaison, legs.accept_by_liaison)
    call_center.carrier.refuses_calls = 20003
    call_center.works_off()
    call_center.hangs_up(liaison)
    morning = _Morning(call_center)
    morning._met = 1
    morning.passes(minutes=3, seconds=30)
    with call_center.database.reading() as session:
        assert [(one.name, one.code) for one in troubles(session, call_center.now)] == [("calls", 20003)]

    call_center.carrier.refuses_calls = None
    morning.passes(minutes=1)

    assert _states(call_center, asked) == [("reached", 0, 0)]
    with call_center.database.reading() as session:
        assert troubles(session, call_center.now) == []


@ON_SQLITE
def test_probe_of_a_refused_account_is_another_call_than_one_from_the_refused_number(
    office_settings: CallCenter,
) -> None:
    call_center = office_settings
    _asks(call_center, 2, DISCREET, urgency="urgent", due_at=call_center.now + timedelta(minutes=60))
    morning = _Morning(call_center)
    morning.passes(minutes=1)
    other = _asks(call_center, 2)
    call_center.carrier.refuses_calls = 20003
    morning.passes(minutes=2, seconds=30)
    with call_center.database.reading() as session:
        assert [one.code for one in refusals(session)] == [20003]

    call_center.carrier.refuses_calls = None
    morning.passes(minutes=1.5, seconds=30)

    assert _states(call_center, other) == [("reached", 0, 0)] * 2


@ON_BOTH
def test_number_that_the_office_gave_up_is_no_longer_named(office_settings: CallCenter) -> None:
    call_center = office_settings
    asked = _asks(call_center, 1, DISCREET)
    morning = _Morning(call_center)
    morning.passes(minutes=1)

    call_center.office = dataclasses.replace(call_center.office, lines=(MAIN,), discreet_lines=())
    morning.passes(minutes=1)

    with call_center.database.reading() as session:
        assert troubles(session, call_center.now) == []
    assert _states(call_center, asked) == [("reached", 0, 0)]


@ON_SQLITE
def test_callback_that_waits_for_its_number_keeps_no_liaison_from_unverified_callers_at_0(
    office_settings: CallCenter,
) -> None:
    call_center = office_settings
    _asks(call_center, 2, DISCREET)
    morning = _Morning(call_center)
    morning.passes(minutes=1)
    for _ in range(5):
        call_center.sweeps(seconds=8)
        call_center.works_off()
        with call_center.database.reading() as session:
            assert unverified_may_take_at_0(session, call_center.now)
        assert call_center.busy() == 0


@ON_SQLITE
def test_staff_who_press_call_now_are_told_that_the_number_is_refused(office_settings: CallCenter) -> None:
    call_center = office_settings
    (asked,) = _asks(call_center, 1, DISCREET)
    _Morning(call_center).passes(minutes=1)
    (liaison, _) = call_center.rows(Staff)

    with (
        call_center.database.transaction() as session,
        pytest.raises(RefusedError, match=f"^{TalkRefusal.LINE_REFUSED}$"),
    ):
        call_now(session, asked, liaison.id, call_center.now, call_center.policy)


@ON_SQLITE
@pytest.mark.parametrize("line", [None, DISCREET])
def test_two_phones_that_the_carrier_refuses_by_a_code_of_its_own_do_not_stop_the_office(
    office_settings: CallCenter, line: str | None
) -> None:
    call_center, soon = office_settings, office_settings.now + timedelta(minutes=60)
    call_center.carrier.refuses_from, call_center.carrier.refuses_to = (
        {},
        {"+12025550144": 21999, "+12025550145": 21999},
    )
    odd = [
        *_asks(call_center, 1, line, phone="+12025550144", urgency="urgent", due_at=soon),
        *_asks(call_center, 1, line, phone="+12025550145", urgency="urgent", due_at=soon),
    ]
    others = _asks(call_center, 3)
    morning = _Morning(call_center)

    morning.passes(minutes=4, seconds=20)

    assert _states(call_center, others) == [("reached", 0, 0)] * 3
    with call_center.database.reading() as session:
        assert troubles(session, call_center.now) == []
    morning.passes(minutes=4, seconds=60)

    assert _states(call_center, odd) == [("left_for_staff", 0, 0)] * 2
    assert morning.accepted_in_vain <= 6, "three times for each"


BAD = "+12025550171"


@ON_SQLITE
def test_liaison_with_an_invalid_number_is_rung_seldom_and_reads_so(office_settings: CallCenter) -> None:
    """The line asked for it every half minute, 39 times in a quarter of an hour, and nobody was told."""
    call_center = office_settings
    call_center.carrier.refuses_from, call_center.carrier.refuses_to = {}, {BAD: 21211}
    with call_center.database.transaction() as session:
        bad = make_staff(session, phone=BAD).id
    asked = _asks(call_center, 6)
    morning = _Morning(call_center)

    spared = []
    for _ in range(5):
        morning.passes(minutes=1, seconds=20)
        (person,) = call_center.rows(Staff, Staff.id == bad)
        spared.append(person.spared_until is not None)

    assert {(state, spent) for state, _, spent in _states(call_center, asked)} == {("reached", 0)}
    assert len(call_center.rows(Call, Call.staff_id == bad)) <= 3
    assert any(spared)
    assert (person.on_shift, person.missed_offers) == (True, 0), "they have missed nothing"


@ON_SQLITE
def test_liaison_whose_number_is_out_of_use_is_rung_seldom_and_reads_so(
    office_settings: CallCenter,
) -> None:
    """The carrier took each call and it failed: 38 of them in ten minutes, and nobody was told."""
    call_center = office_settings
    with call_center.database.transaction() as session:
        session.delete(session.get_one(Staff, 1))
        bad = make_staff(session, phone=BAD).id
    _asks(call_center, 1)
    spared = False
    for _ in range(12):
        call_center.sweeps(seconds=15)
        call_center.works_off()
        for call in call_center.carrier.ringing:
            call_center.hangs_up(call, "failed")
        (person,) = call_center.rows(Staff, Staff.id == bad)
        spared = spared or person.spared_until is not None
    rung = [call for call in call_center.carrier.placed if call.to == BAD]

    assert len(rung) <= 5
    assert spared
    assert (person.on_shift, person.missed_offers) == (True, 0), "they have missed nothing"

    for _ in range(9):
        call_center.sweeps(seconds=15)
        call_center.works_off()
    (liaison,) = call_center.carrier.ringing
    call_center.answers(liaison)
    assert call_center.presses(liaison, legs.accept_by_liaison) == "accepted"
    assert (call_center.state(), call_center.callback().caller_tries) == ("ringing_caller", 0)


def test_one_liaisons_phone_that_the_carrier_refuses_by_a_code_of_its_own_does_not_stop_the_office(
    office_settings: CallCenter,
) -> None:
    """Each time the breaker closed it was that phone's turn: of 40 callbacks in 15 minutes none was made."""
    call_center = office_settings
    call_center.carrier.refuses_from, call_center.carrier.refuses_to = {}, {BAD: 13224}
    with call_center.database.transaction() as session:
        bad = make_staff(session, phone=BAD).id
    asked = _asks(call_center, 6)
    morning = _Morning(call_center)

    spared = []
    for _ in range(3):
        morning.passes(minutes=1, seconds=20)
        (person,) = call_center.rows(Staff, Staff.id == bad)
        spared.append(person.spared_until is not None)

    assert _states(call_center, asked) == [("reached", 0, 0)] * 6
    assert morning.accepted_in_vain <= 1, "once: then it is known whose phone it is"
    assert any(spared)
    assert (person.on_shift, person.missed_offers) == (True, 0), "they have missed nothing"
    with call_center.database.reading() as session:
        assert refusals(session) == [], "the account is well"


@ON_SQLITE
def test_account_that_is_refused_once_more_is_named_even_if_each_phone_was_refused_before(
    empty_call_center: CallCenter,
) -> None:
    call_center = empty_call_center
    with call_center.database.transaction() as session:
        for phone in (LIAISON, BAD):
            make_staff(session, phone=phone)
        make_staff(session, role="supervisor", phone=SUPERVISOR, on_shift=False)
    _asks(call_center, 4)
    call_center.carrier.refuses_calls = OUR_NUMBER_IS_GONE
    for _ in range(6):
        call_center.sweeps(seconds=20)
        call_center.works_off()
    with call_center.database.transaction() as session:
        # A call to somebody else is taken, and the account is refused again before a liaison is rung.
        make_call(session, "CA-to-another", direction="outbound", started_at=call_center.now)
        close_breaker(session, CALLS, call_center.now)

    for _ in range(3):
        call_center.sweeps(seconds=10)
        call_center.works_off()

    with call_center.database.reading() as session:
        assert [one.code for one in refusals(session)] == [OUR_NUMBER_IS_GONE]


@ON_SQLITE
def test_refusal_for_the_only_liaison_is_about_the_account(
    empty_call_center: CallCenter,
) -> None:
    call_center = empty_call_center
    with call_center.database.transaction() as session:
        make_staff(session, phone=LIAISON)
    call_center.carrier.refuses_calls = OUR_NUMBER_IS_GONE
    _asks(call_center, 2)
    for _ in range(4):
        call_center.sweeps(seconds=20)
        call_center.works_off()

    with call_center.database.reading() as session:
        assert [one.name for one in troubles(session, call_center.now)] == ["calls"]
    assert [one.spared_until for one in call_center.rows(Staff)] == [None]
