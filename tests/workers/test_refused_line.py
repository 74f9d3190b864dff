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
from tests.callback_desk import CallbackDesk
from tests.factories import make_call, make_callback, make_case, make_staff

MAIN, DISCREET = "+12025550100", "+12025550101"
LIAISON, SUPERVISOR = "+12025550170", "+12025550172"
OUR_NUMBER_IS_GONE = 21210


def _asks(desk: CallbackDesk, count: int, line: str | None = None, **facts: Any) -> list[int]:
    """So many verified callers wait to be called back, from the number that they chose."""
    with desk.database.transaction() as session:
        made = []
        for _ in range(count):
            case = make_case(session)
            session.get_one(Registrant, case.registrant_id).line = line
            made.append(make_callback(session, case, **facts).id)
        return made


@pytest.fixture
def office_desk(empty_desk: CallbackDesk) -> CallbackDesk:
    """One liaison and a supervisor; the carrier takes no calls from the discreet number."""
    with empty_desk.database.transaction() as session:
        make_staff(session, phone=LIAISON)
        make_staff(session, role="supervisor", phone=SUPERVISOR, on_shift=False)
    empty_desk.carrier.refuses_from = {DISCREET: OUR_NUMBER_IS_GONE}
    return empty_desk


class _Morning:
    """A liaison who accepts at once, and callers who answer and talk for ten seconds."""

    def __init__(self, desk: CallbackDesk) -> None:
        self.desk, self._met = desk, 0
        #: How often the liaison accepted and nobody was called.
        self.accepted_in_vain = 0

    def passes(self, minutes: float, seconds: int = 10) -> None:
        """Sweep every so many ``seconds``."""
        for _ in range(int(minutes * 60 / seconds)):
            self.desk.sweeps(seconds=seconds)
            self.desk.works_off()
            self._answer_all()

    def _answer_all(self) -> None:
        desk = self.desk
        while len(desk.carrier.placed) > self._met:
            call = desk.carrier.placed[self._met]
            self._met += 1
            if call.to == SUPERVISOR:
                desk.hangs_up(call)
                continue
            desk.answers(call)
            assert desk.presses(call, legs.accept_by_liaison) == "accepted"
            desk.works_off()
            if len(desk.carrier.placed) == self._met:
                self.accepted_in_vain += 1
                desk.hangs_up(call)
                continue
            caller = desk.carrier.placed[self._met]
            self._met += 1
            desk.answers(caller)
            assert desk.presses(caller, legs.join_caller) == "joined"
            desk.now += timedelta(seconds=10)
            desk.hangs_up(caller)
            desk.hangs_up(call)
        desk.works_off()


def _states(desk: CallbackDesk, ids: list[int]) -> list[tuple[str, int, int]]:
    rows = desk.rows(Callback, Callback.id.in_(ids))
    return [(row.state, row.liaison_tries, row.caller_tries) for row in rows]


@pytest.mark.parametrize("stuck", [1, 3])
def test_callbacks_from_a_number_that_was_taken_away_do_not_hold_up_those_from_others(
    office_desk: CallbackDesk, stuck: int
) -> None:
    desk, soon = office_desk, office_desk.now + timedelta(minutes=60)
    waiting = _asks(desk, stuck, DISCREET, urgency="urgent", due_at=soon)
    others = _asks(desk, 6)
    morning = _Morning(desk)

    morning.passes(minutes=5)

    assert _states(desk, others) == [("reached", 0, 0)] * 6
    assert _states(desk, waiting) == [("requested", 0, 0)] * stuck
    assert morning.accepted_in_vain == 2, "twice: then it is known whose number it is"
    assert [call.to for call in desk.carrier.placed if call.line == DISCREET] == []
    with desk.database.reading() as session:
        assert refusals(session) == [], "the account itself is well"


def test_the_number_is_tried_every_30_s_and_its_callbacks_are_kept_when_it_works_again(
    office_desk: CallbackDesk,
) -> None:
    desk = office_desk
    waiting = _asks(desk, 3, DISCREET)
    morning = _Morning(desk)
    morning.passes(minutes=2)
    before = desk.carrier.refused

    morning.passes(minutes=5)

    assert 9 <= desk.carrier.refused - before <= 10, "one probe every 30 s, however many wait"
    assert morning.accepted_in_vain == 2, "a probe that is refused rings no liaison"
    desk.carrier.refuses_from = {}
    morning.passes(minutes=2)
    assert _states(desk, waiting) == [("reached", 0, 0)] * 3
    with desk.database.reading() as session:
        assert refused_lines(session) == []


def test_supervisors_are_texted_and_the_number_is_named_while_the_account_is_well(
    office_desk: CallbackDesk,
) -> None:
    desk = office_desk
    _asks(desk, 1, DISCREET)
    _Morning(desk).passes(minutes=2)

    with desk.database.reading() as session:
        (trouble,) = troubles(session, desk.now)
    assert (trouble.name, trouble.line, trouble.code) == ("line", DISCREET, OUR_NUMBER_IS_GONE)
    assert "ending in 01" in trouble.told(desk.now)
    assert DISCREET not in trouble.told(desk.now)
    assert DISCREET not in repr(trouble)
    levels = [alert.level for alert in desk.rows(Alert)]
    assert levels == ["calls_refused", "line_refused"]
    assert "from one of our numbers" in desk.carrier.texts[-1][1]


def test_an_account_that_was_refused_first_on_a_call_from_that_number_makes_no_word_about_the_number(
    office_desk: CallbackDesk,
) -> None:
    desk = office_desk
    asked = _asks(desk, 1, DISCREET)
    desk.carrier.refuses_from = {}
    desk.sweeps()
    desk.works_off()
    (liaison,) = desk.carrier.placed
    desk.answers(liaison)
    desk.presses(liaison, legs.accept_by_liaison)
    desk.carrier.refuses_calls = 20003
    desk.works_off()
    desk.hangs_up(liaison)
    morning = _Morning(desk)
    morning._met = 1
    morning.passes(minutes=5)
    with desk.database.reading() as session:
        assert [(one.name, one.code) for one in troubles(session, desk.now)] == [("calls", 20003)]

    desk.carrier.refuses_calls = None
    morning.passes(minutes=1)

    assert _states(desk, asked) == [("reached", 0, 0)]
    with desk.database.reading() as session:
        assert troubles(session, desk.now) == []


def test_the_probe_of_a_refused_account_is_another_call_than_one_from_the_refused_number(
    office_desk: CallbackDesk,
) -> None:
    desk = office_desk
    _asks(desk, 2, DISCREET, urgency="urgent", due_at=desk.now + timedelta(minutes=60))
    morning = _Morning(desk)
    morning.passes(minutes=2)
    other = _asks(desk, 2)
    desk.carrier.refuses_calls = 20003
    morning.passes(minutes=3)
    with desk.database.reading() as session:
        assert [one.code for one in refusals(session)] == [20003]

    desk.carrier.refuses_calls = None
    morning.passes(minutes=1.5)

    assert _states(desk, other) == [("reached", 0, 0)] * 2


def test_a_number_that_the_office_gave_up_is_named_no_longer(office_desk: CallbackDesk) -> None:
    desk = office_desk
    asked = _asks(desk, 1, DISCREET)
    morning = _Morning(desk)
    morning.passes(minutes=2)

    desk.office = dataclasses.replace(desk.office, lines=(MAIN,), discreet_lines=())
    morning.passes(minutes=1)

    with desk.database.reading() as session:
        assert troubles(session, desk.now) == []
    assert _states(desk, asked) == [("reached", 0, 0)]


def test_a_callback_that_waits_for_its_number_keeps_no_liaison_from_unverified_callers_at_0(
    office_desk: CallbackDesk,
) -> None:
    desk = office_desk
    _asks(desk, 2, DISCREET)
    morning = _Morning(desk)
    morning.passes(minutes=2)
    for _ in range(10):
        desk.sweeps(seconds=2)
        desk.works_off()
        with desk.database.reading() as session:
            assert unverified_may_take_at_0(session, desk.now)
        assert desk.busy() == 0


def test_staff_who_press_call_now_are_told_that_the_number_is_refused(office_desk: CallbackDesk) -> None:
    desk = office_desk
    (asked,) = _asks(desk, 1, DISCREET)
    _Morning(desk).passes(minutes=2)
    (liaison, _) = desk.rows(Staff)

    with (
        desk.database.transaction() as session,
        pytest.raises(RefusedError, match=f"^{TalkRefusal.LINE_REFUSED}$"),
    ):
        call_now(session, asked, liaison.id, desk.now, desk.policy)


@pytest.mark.parametrize("line", [None, DISCREET])
def test_two_phones_that_the_carrier_refuses_by_a_code_of_its_own_do_not_stop_the_office(
    office_desk: CallbackDesk, line: str | None
) -> None:
    desk, soon = office_desk, office_desk.now + timedelta(minutes=60)
    desk.carrier.refuses_from, desk.carrier.refuses_to = {}, {"+12025550144": 21999, "+12025550145": 21999}
    odd = [
        *_asks(desk, 1, line, phone="+12025550144", urgency="urgent", due_at=soon),
        *_asks(desk, 1, line, phone="+12025550145", urgency="urgent", due_at=soon),
    ]
    others = _asks(desk, 6)
    morning = _Morning(desk)

    morning.passes(minutes=6)

    assert _states(desk, others) == [("reached", 0, 0)] * 6
    assert _states(desk, odd) == [("requested", 0, 0)] * 2
    with desk.database.reading() as session:
        assert troubles(session, desk.now) == []
    before = morning.accepted_in_vain
    morning.passes(minutes=8, seconds=20)
    assert morning.accepted_in_vain - before <= 4, "ever more seldom"

    desk.carrier.refuses_to = {}
    morning.passes(minutes=16, seconds=30)
    assert _states(desk, odd) == [("reached", 0, 0)] * 2


BAD = "+12025550171"


def test_a_liaison_whose_number_is_none_is_asked_for_seldom_and_reads_so(office_desk: CallbackDesk) -> None:
    """It was asked for every half minute, 39 times in a quarter of an hour, and nobody was told."""
    desk = office_desk
    desk.carrier.refuses_from, desk.carrier.refuses_to = {}, {BAD: 21211}
    with desk.database.transaction() as session:
        bad = make_staff(session, phone=BAD).id
    asked = _asks(desk, 12)
    morning = _Morning(desk)

    spared = []
    for _ in range(10):
        morning.passes(minutes=1)
        (person,) = desk.rows(Staff, Staff.id == bad)
        spared.append(person.spared_until is not None)

    assert {(state, spent) for state, _, spent in _states(desk, asked)} == {("reached", 0)}
    assert len(desk.rows(Call, Call.staff_id == bad)) <= 3
    assert any(spared)
    assert (person.on_shift, person.missed_offers) == (True, 0), "they have missed nothing"


def test_a_liaison_whose_number_is_out_of_use_is_rung_seldom_and_reads_so(office_desk: CallbackDesk) -> None:
    """The carrier took each call and it failed: 38 of them in ten minutes, and nobody was told."""
    desk = office_desk
    with desk.database.transaction() as session:
        session.delete(session.get_one(Staff, 1))
        bad = make_staff(session, phone=BAD).id
    _asks(desk, 1)
    spared = False
    for _ in range(60):
        desk.sweeps(seconds=5)
        desk.works_off()
        for call in desk.carrier.ringing:
            desk.hangs_up(call, "failed")
        (person,) = desk.rows(Staff, Staff.id == bad)
        spared = spared or person.spared_until is not None
    rung = [call for call in desk.carrier.placed if call.to == BAD]

    assert len(rung) <= 5
    assert spared
    assert (person.on_shift, person.missed_offers) == (True, 0), "they have missed nothing"

    for _ in range(25):
        desk.sweeps(seconds=5)
        desk.works_off()
    (liaison,) = desk.carrier.ringing
    desk.answers(liaison)
    assert desk.presses(liaison, legs.accept_by_liaison) == "accepted"
    assert (desk.state(), desk.callback().caller_tries) == ("ringing_caller", 0)


def test_one_liaisons_phone_that_the_carrier_refuses_by_a_code_of_its_own_does_not_stop_the_office(
    office_desk: CallbackDesk,
) -> None:
    """Each time the breaker closed it was that phone's turn: of 40 callbacks in 15 minutes none was kept."""
    desk = office_desk
    desk.carrier.refuses_from, desk.carrier.refuses_to = {}, {BAD: 13224}
    with desk.database.transaction() as session:
        bad = make_staff(session, phone=BAD).id
    asked = _asks(desk, 12)
    morning = _Morning(desk)

    spared = []
    for _ in range(5):
        morning.passes(minutes=1)
        (person,) = desk.rows(Staff, Staff.id == bad)
        spared.append(person.spared_until is not None)

    assert _states(desk, asked) == [("reached", 0, 0)] * 12
    assert morning.accepted_in_vain <= 1, "once: then it is known whose phone it is"
    assert any(spared)
    assert (person.on_shift, person.missed_offers) == (True, 0), "they have missed nothing"
    with desk.database.reading() as session:
        assert refusals(session) == [], "the account is well"


def test_an_account_that_is_refused_once_more_is_named_though_each_phone_was_refused_before(
    empty_desk: CallbackDesk,
) -> None:
    desk = empty_desk
    with desk.database.transaction() as session:
        for phone in (LIAISON, BAD):
            make_staff(session, phone=phone)
        make_staff(session, role="supervisor", phone=SUPERVISOR, on_shift=False)
    _asks(desk, 4)
    desk.carrier.refuses_calls = OUR_NUMBER_IS_GONE
    for _ in range(12):
        desk.sweeps(seconds=10)
        desk.works_off()
    with desk.database.transaction() as session:
        # A call to somebody else is taken, and the account is refused again before a liaison is rung.
        make_call(session, "CA-to-another", direction="outbound", started_at=desk.now)
        close_breaker(session, CALLS, desk.now)

    for _ in range(3):
        desk.sweeps(seconds=10)
        desk.works_off()

    with desk.database.reading() as session:
        assert [one.code for one in refusals(session)] == [OUR_NUMBER_IS_GONE]


def test_an_account_that_is_refused_for_the_only_liaison_is_the_accounts(empty_desk: CallbackDesk) -> None:
    desk = empty_desk
    with desk.database.transaction() as session:
        make_staff(session, phone=LIAISON)
    desk.carrier.refuses_calls = OUR_NUMBER_IS_GONE
    _asks(desk, 2)
    for _ in range(20):
        desk.sweeps(seconds=10)
        desk.works_off()

    with desk.database.reading() as session:
        assert [one.name for one in troubles(session, desk.now)] == ["calls"]
    assert [one.spared_until for one in desk.rows(Staff)] == [None]
