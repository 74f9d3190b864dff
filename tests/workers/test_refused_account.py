"""A carrier that refuses our account: no try is spent, a probe goes out every 30 s, people are told (R39)."""

from datetime import timedelta

import pytest

from models import Alert, Callback
from models.calls.pacing import refusals
from models.overview.trouble import troubles
from models.store.database import Database
from models.talks import leg as legs
from tests.callback_desk import CallbackDesk
from tests.factories import make_callback, make_case, make_staff

LIAISON, SECOND, SUPERVISOR = "+12025550170", "+12025550171", "+12025550172"
OUR_NUMBER_IS_GONE = 21210


def _minutes_of_work(desk: CallbackDesk, minutes: int, seconds: int = 10) -> None:
    """Sweep every so many ``seconds``, and do the jobs."""
    for _ in range(minutes * 60 // seconds):
        desk.sweeps(seconds=seconds)
        desk.works_off()


def _spent(desk: CallbackDesk) -> list[tuple[str, int, int]]:
    return [(row.state, row.liaison_tries, row.caller_tries) for row in desk.rows(Callback)]


def test_half_an_hour_without_our_number_spends_no_promise_and_each_is_kept_afterwards(
    empty_desk: CallbackDesk,
) -> None:
    desk = empty_desk
    with desk.database.transaction() as session:
        for phone in (LIAISON, SECOND):
            make_staff(session, phone=phone)
        for _ in range(5):
            make_callback(session, make_case(session))
    desk.carrier.refuses_calls = OUR_NUMBER_IS_GONE

    _minutes_of_work(desk, 5)
    assert 9 <= desk.carrier.refused <= 11, "one probe every 30 s"
    # And so it goes on; between two probes a sweep finds nothing to do.
    _minutes_of_work(desk, 25, seconds=30)

    assert _spent(desk) == [("requested", 0, 0)] * 5
    assert desk.busy() == 0
    assert 55 <= desk.carrier.refused <= 61

    desk.carrier.refuses_calls = None
    _minutes_of_work(desk, 1)
    assert len(desk.carrier.placed) >= 2
    with desk.database.reading() as session:
        assert refusals(session) == []


@pytest.mark.parametrize("code", [20003, 21201, 21210, 21212, 21219, 22005, 30001, None])
def test_a_code_that_is_not_of_the_called_number_opens_the_breaker(
    desk: CallbackDesk, code: int | None
) -> None:
    # Some proxies answer for the carrier and give no code at all.
    desk.carrier.refuses_calls = code or 400
    desk.works_off()
    assert _spent(desk) == [("requested", 0, 0)]
    with desk.database.reading() as session:
        assert [(one.kind, one.code) for one in refusals(session)] == [("calls", code)]


@pytest.mark.parametrize("code", [21211, 21214, 21215, 21216, 21217])
def test_a_code_of_the_called_number_opens_no_breaker(desk: CallbackDesk, code: int) -> None:
    desk.carrier.refuses_calls = code
    desk.works_off()
    with desk.database.reading() as session:
        assert refusals(session) == []


def test_too_many_requests_only_slow_the_pace(desk: CallbackDesk) -> None:
    desk.carrier.refuses_calls = 20429
    desk.works_off()
    assert _spent(desk) == [("requested", 0, 0)]
    with desk.database.reading() as session:
        assert refusals(session) == []
    desk.carrier.refuses_calls = None
    _minutes_of_work(desk, 1)
    assert len(desk.carrier.placed) == 1


@pytest.mark.parametrize("code", [20429, None])
def test_a_carrier_that_takes_no_call_for_30_s_is_named_until_it_takes_one(
    desk: CallbackDesk, code: int | None
) -> None:
    with desk.database.transaction() as session:
        make_staff(session, role="supervisor", phone=SUPERVISOR, on_shift=False)
    desk.carrier.refuses_calls, desk.carrier.is_away = code, code is None
    for _ in range(6):
        desk.sweeps(seconds=5)
        desk.works_off()
    with desk.database.reading() as session:
        assert troubles(session, desk.now) == []
    for _ in range(4):
        desk.sweeps(seconds=5)
        desk.works_off()
    with desk.database.reading() as session:
        assert [(one.name, one.code) for one in troubles(session, desk.now)] == [("carrier", code)]
        assert refusals(session) == []
    assert [alert.level for alert in desk.rows(Alert)] == ["calls_refused"]
    assert _spent(desk) == [("requested", 0, 0)]

    desk.carrier.refuses_calls, desk.carrier.is_away = None, False
    _minutes_of_work(desk, 1)

    with desk.database.reading() as session:
        assert troubles(session, desk.now) == []


def test_one_call_of_which_nobody_knows_is_no_trouble_of_the_carrier(desk: CallbackDesk) -> None:
    desk.carrier.loses_next_answer(dialled=False)
    desk.works_off()

    _minutes_of_work(desk, 2)

    assert desk.state() == "left_for_staff"
    with desk.database.reading() as session:
        assert troubles(session, desk.now) == []


def test_the_probe_is_another_due_callback_than_the_refused_one(empty_desk: CallbackDesk) -> None:
    desk = empty_desk
    with desk.database.transaction() as session:
        make_staff(session, phone=LIAISON)
        first = make_callback(session, make_case(session), due_at=desk.now)
        second = make_callback(session, make_case(session), due_at=desk.now + timedelta(hours=1))
    desk.carrier.refuses_calls = OUR_NUMBER_IS_GONE
    desk.sweeps()
    desk.works_off()
    tried = desk.legs("liaison")
    assert [leg.callback_id for leg in tried] == [first.id]
    desk.sweeps(seconds=30)
    desk.works_off()
    assert [leg.callback_id for leg in desk.legs("liaison")] == [first.id, second.id]


def test_a_refused_caller_goes_back_in_line_with_nothing_spent_and_the_liaison_is_told(
    desk: CallbackDesk,
) -> None:
    desk.works_off()
    (liaison,) = desk.carrier.placed
    desk.answers(liaison)
    desk.presses(liaison, legs.accept_by_liaison)
    desk.carrier.refuses_calls = OUR_NUMBER_IS_GONE
    desk.works_off()
    assert _spent(desk) == [("requested", 0, 0)]
    assert desk.carrier.redirected == [(liaison.call_sid, liaison.leg_id)]


def test_nobody_who_accepts_while_the_account_is_refused_waits_for_a_call_that_is_not_placed(
    empty_desk: CallbackDesk,
) -> None:
    desk = empty_desk
    with desk.database.transaction() as session:
        for phone in (LIAISON, SECOND):
            make_staff(session, phone=phone)
        for _ in range(2):
            make_callback(session, make_case(session))
    for _ in range(3):
        desk.sweeps(seconds=2)
        desk.works_off()
    first, second = desk.carrier.placed
    for liaison in (first, second):
        desk.answers(liaison)
    desk.carrier.refuses_calls = OUR_NUMBER_IS_GONE
    for liaison in (first, second):
        desk.presses(liaison, legs.accept_by_liaison)
        desk.works_off()
    assert _spent(desk) == [("requested", 0, 0)] * 2
    assert {call_sid for call_sid, _ in desk.carrier.redirected} == {first.call_sid, second.call_sid}
    assert desk.carrier.refused == 1


def test_supervisors_are_paged_by_text_of_refused_calls_at_once_and_after_a_quarter_of_an_hour(
    desk: CallbackDesk,
) -> None:
    with desk.database.transaction() as session:
        make_staff(session, role="supervisor", phone=SUPERVISOR, on_shift=False)
    desk.carrier.refuses_calls = OUR_NUMBER_IS_GONE
    desk.works_off()
    desk.sweeps(seconds=2)
    desk.works_off()
    (page,) = desk.carrier.texts
    assert page[0] == SUPERVISOR
    assert "will not place our calls" in page[1]
    _minutes_of_work(desk, 14, seconds=30)
    assert len(desk.carrier.texts) == 1
    _minutes_of_work(desk, 2)
    assert len(desk.carrier.texts) == 2


def test_supervisors_are_rung_when_texts_are_refused_and_one_text_every_30_s_is_a_probe(
    empty_desk: CallbackDesk,
) -> None:
    desk = empty_desk
    with desk.database.transaction() as session:
        make_staff(session, role="supervisor", phone=SUPERVISOR)
        for _ in range(3):
            make_callback(
                session, make_case(session), due_at=desk.now, next_attempt_at=desk.now + timedelta(1)
            )
    desk.carrier.refuses_texts = 20003
    desk.sweeps(seconds=2)
    desk.works_off()
    desk.sweeps(seconds=2)
    desk.works_off()
    assert [call.to for call in desk.carrier.placed][-1:] == [SUPERVISOR]
    assert [one.level for one in desk.rows(Alert, Alert.channel == "call")][-1] == "texts_refused"
    with desk.database.reading() as session:
        assert [(one.name, one.code) for one in troubles(session, desk.now)] == [("texts", 20003)]
    assert desk.rows(Alert, Alert.state == "refused") == []

    desk.carrier.refuses_texts = None
    _minutes_of_work(desk, 2)
    assert desk.carrier.texts
    with desk.database.reading() as session:
        assert refusals(session) == []


def test_a_breaker_outlives_every_process(database: Database, desk: CallbackDesk) -> None:
    desk.carrier.refuses_calls = OUR_NUMBER_IS_GONE
    desk.works_off()
    again = CallbackDesk(desk.database, desk.office, desk.now + timedelta(seconds=20))
    again.sweeps()
    again.works_off()
    assert again.carrier.placed == []
    again.sweeps(seconds=11)
    again.works_off()
    assert len(again.carrier.placed) == 1
