"""A carrier that refuses our account: no try is spent, a probe goes out every 30 s, people are told (R39)."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from models import Alert, Callback
from models.calls.pacing import refusals
from models.overview.trouble import troubles
from models.store.database import Database
from models.talks import leg as legs
from tests.call_center import CallCenter
from tests.conftest import ON_SQLITE
from tests.factories import make_callback, make_case, make_staff
from workers.records.missed_texts import MissedTexts

LIAISON, SECOND, SUPERVISOR = "+12025550170", "+12025550171", "+12025550172"
OUR_NUMBER_IS_GONE = 21210


def _minutes_of_work(call_center: CallCenter, minutes: int, seconds: int = 10) -> None:
    """Sweep every ``seconds``, and do the jobs."""
    for _ in range(minutes * 60 // seconds):
        call_center.sweeps(seconds=seconds)
        call_center.works_off()


def _spent(call_center: CallCenter) -> list[tuple[str, int, int]]:
    return [(row.state, row.liaison_tries, row.caller_tries) for row in call_center.rows(Callback)]


@ON_SQLITE
def test_half_an_hour_without_our_number_spends_no_promise_and_each_is_kept_afterwards(
    empty_call_center: CallCenter,
) -> None:
    call_center = empty_call_center
    with call_center.database.transaction() as session:
        for phone in (LIAISON, SECOND):
            make_staff(session, phone=phone)
        for _ in range(5):
            make_callback(session, make_case(session))
    call_center.carrier.refuses_calls = OUR_NUMBER_IS_GONE

    _minutes_of_work(call_center, 3, seconds=15)
    assert 5 <= call_center.carrier.refused <= 7, "one probe every 30 s"
    # And so it goes on; a sweep is a probe if 30 s have passed.
    _minutes_of_work(call_center, 27, seconds=180)

    assert _spent(call_center) == [("requested", 0, 0)] * 5
    assert call_center.busy() == 0
    assert 14 <= call_center.carrier.refused <= 16

    call_center.carrier.refuses_calls = None
    _minutes_of_work(call_center, 1)
    assert len(call_center.carrier.placed) >= 2
    with call_center.database.reading() as session:
        assert refusals(session) == []


@pytest.mark.parametrize("code", [20003, 21201, 21210, 21212, 21219, 22005, 30001, None])
def test_code_that_is_not_about_the_called_number_opens_the_breaker(
    call_center: CallCenter, code: int | None
) -> None:
    # Some proxies answer for the carrier and give no code at all.
    call_center.carrier.refuses_calls = code or 400
    call_center.works_off()
    assert _spent(call_center) == [("requested", 0, 0)]
    with call_center.database.reading() as session:
        assert [(one.kind, one.code) for one in refusals(session)] == [("calls", code)]


@pytest.mark.parametrize("code", [21211, 21214, 21215, 21216, 21217])
def test_code_about_the_called_number_opens_no_breaker(call_center: CallCenter, code: int) -> None:
    call_center.carrier.refuses_calls = code
    call_center.works_off()
    with call_center.database.reading() as session:
        assert refusals(session) == []


def test_too_many_requests_only_slow_the_pace(call_center: CallCenter) -> None:
    call_center.carrier.refuses_calls = 20429
    call_center.works_off()
    assert _spent(call_center) == [("requested", 0, 0)]
    with call_center.database.reading() as session:
        assert refusals(session) == []
    call_center.carrier.refuses_calls = None
    _minutes_of_work(call_center, 1)
    assert len(call_center.carrier.placed) == 1


@ON_SQLITE
@pytest.mark.parametrize("code", [20429, None])
def test_carrier_that_takes_no_call_for_30_s_is_named_until_it_takes_one(
    call_center: CallCenter, code: int | None
) -> None:
    with call_center.database.transaction() as session:
        make_staff(session, role="supervisor", phone=SUPERVISOR, on_shift=False)
    call_center.carrier.refuses_calls, call_center.carrier.is_away = code, code is None
    for _ in range(6):
        call_center.sweeps(seconds=5)
        call_center.works_off()
    with call_center.database.reading() as session:
        assert troubles(session, call_center.now) == []
    for _ in range(4):
        call_center.sweeps(seconds=5)
        call_center.works_off()
    with call_center.database.reading() as session:
        assert [(one.name, one.code) for one in troubles(session, call_center.now)] == [("carrier", code)]
        assert refusals(session) == []
    assert [alert.level for alert in call_center.rows(Alert)] == ["calls_refused"]
    assert _spent(call_center) == [("requested", 0, 0)]

    call_center.carrier.refuses_calls, call_center.carrier.is_away = None, False
    _minutes_of_work(call_center, 1)

    with call_center.database.reading() as session:
        assert troubles(session, call_center.now) == []


@pytest.mark.parametrize("code", [20429, None])
def test_outage_that_ends_with_nothing_left_to_call_is_named_no_longer_than_it_lasts(
    empty_call_center: CallCenter, code: int | None
) -> None:
    """Supervisors were texted every 15 minutes all night, and callers heard that our calls do not go out."""
    call_center = empty_call_center
    with call_center.database.transaction() as session:
        make_staff(session, phone=LIAISON)
        make_staff(session, role="supervisor", phone=SUPERVISOR, on_shift=False)
        due_at = call_center.now + timedelta(hours=20)
        asked_for = make_callback(session, make_case(session), due_at=due_at).id
    call_center.carrier.refuses_calls, call_center.carrier.is_away = code, code is None
    _minutes_of_work(call_center, 1, seconds=5)
    with call_center.database.transaction() as session:
        assert [one.name for one in troubles(session, call_center.now)] == ["carrier"]
        # The evening comes, and the person is called tomorrow morning.
        session.get_one(Callback, asked_for).next_attempt_at = call_center.now + timedelta(hours=14)

    texts = MissedTexts(call_center.database, call_center.carrier, call_center.jobs)
    texts.look(call_center.office, call_center.now)
    with call_center.database.reading() as session:
        assert len(troubles(session, call_center.now)) == 1, "calls failed in this minute"
    call_center.carrier.refuses_calls, call_center.carrier.is_away = None, False
    for _ in range(20):
        texts.look(call_center.office, call_center.now)
        _minutes_of_work(call_center, 3, seconds=180)

    with call_center.database.reading() as session:
        assert troubles(session, call_center.now) == []
    assert [alert.level for alert in call_center.rows(Alert)] == ["calls_refused"]
    assert call_center.carrier.placed == []


@ON_SQLITE
def test_token_that_is_put_right_with_nothing_left_to_call_opens_the_line_again(
    empty_call_center: CallCenter,
) -> None:
    """Doctor named the refusal until the morning, callers at 0 got no liaison, and no STOP was heard."""
    call_center = empty_call_center
    with call_center.database.transaction() as session:
        make_staff(session, phone=LIAISON)
        due_at = call_center.now + timedelta(hours=20)
        asked_for = make_callback(session, make_case(session), due_at=due_at).id
    call_center.carrier.refuses_all = 20003
    texts = MissedTexts(call_center.database, call_center.carrier, call_center.jobs)
    for _ in range(6):
        texts.look(call_center.office, call_center.now)
        _minutes_of_work(call_center, 1, seconds=30)
    with call_center.database.transaction() as session:
        assert [(one.name, one.code) for one in troubles(session, call_center.now)] == [("calls", 20003)]
        session.get_one(Callback, asked_for).next_attempt_at = call_center.now + timedelta(hours=14)

    call_center.carrier.refuses_all = None
    for _ in range(5):
        _minutes_of_work(call_center, 1, seconds=30)
        texts.look(call_center.office, call_center.now)

    with call_center.database.reading() as session:
        assert troubles(session, call_center.now) == []
    assert call_center.carrier.placed == []


@pytest.mark.parametrize("code", [20003, 21210])
def test_answer_of_the_carrier_closes_no_breaker_while_calls_are_refused_or_for_another_reason(
    call_center: CallCenter, code: int
) -> None:
    call_center.carrier.refuses_calls = code
    texts = MissedTexts(call_center.database, call_center.carrier, call_center.jobs)
    for _ in range(10):
        _minutes_of_work(call_center, 1, seconds=30)
        texts.look(call_center.office, call_center.now)
        with call_center.database.reading() as session:
            assert [one.code for one in refusals(session)] == [code]
    if code == 21210:
        with call_center.database.transaction() as session:
            session.execute(update(Callback).values(state="cancelled"))
        call_center.now += timedelta(hours=1)
        texts.look(call_center.office, call_center.now)
        with call_center.database.reading() as session:
            assert [one.code for one in refusals(session)] == [code]


def test_one_call_with_an_unknown_result_is_no_trouble_of_the_carrier(call_center: CallCenter) -> None:
    call_center.carrier.loses_next_answer(dialled=False)
    call_center.works_off()

    _minutes_of_work(call_center, 2, seconds=30)

    assert call_center.state() == "left_for_staff"
    with call_center.database.reading() as session:
        assert troubles(session, call_center.now) == []


def test_probe_is_another_due_callback_than_the_refused_one(empty_call_center: CallCenter) -> None:
    call_center = empty_call_center
    with call_center.database.transaction() as session:
        make_staff(session, phone=LIAISON)
        first = make_callback(session, make_case(session), due_at=call_center.now)
        second = make_callback(session, make_case(session), due_at=call_center.now + timedelta(hours=1))
    call_center.carrier.refuses_calls = OUR_NUMBER_IS_GONE
    call_center.sweeps()
    call_center.works_off()
    tried = call_center.legs("liaison")
    assert [leg.callback_id for leg in tried] == [first.id]
    call_center.sweeps(seconds=30)
    call_center.works_off()
    assert [leg.callback_id for leg in call_center.legs("liaison")] == [first.id, second.id]


def test_refused_caller_goes_back_to_the_list_with_nothing_spent_and_the_liaison_is_told(
    call_center: CallCenter,
) -> None:
    call_center.works_off()
    (liaison,) = call_center.carrier.placed
    call_center.answers(liaison)
    call_center.presses(liaison, legs.accept_by_liaison)
    call_center.carrier.refuses_calls = OUR_NUMBER_IS_GONE
    call_center.works_off()
    assert _spent(call_center) == [("requested", 0, 0)]
    assert call_center.carrier.redirected == [(liaison.call_sid, liaison.leg_id)]


@ON_SQLITE
def test_liaisons_who_hung_up_before_the_person_was_called_do_not_show_whose_refusal_it_is(
    call_center: CallCenter,
) -> None:
    for _ in range(2):
        call_center.works_off()
        liaison = call_center.carrier.placed[-1]
        call_center.answers(liaison)
        call_center.presses(liaison, legs.accept_by_liaison)
        call_center.hangs_up(liaison)
        call_center.sweeps(seconds=40)
    call_center.works_off()
    liaison = call_center.carrier.placed[-1]
    call_center.answers(liaison)
    call_center.presses(liaison, legs.accept_by_liaison)
    call_center.carrier.refuses_calls = OUR_NUMBER_IS_GONE
    call_center.works_off()

    assert {call.to for call in call_center.carrier.placed} == {LIAISON}, "nobody called the person"
    with call_center.database.reading() as session:
        assert [one.kind for one in refusals(session)] == ["calls"]
    assert [row.state for row in call_center.rows(Callback)] == ["requested"]


def test_liaison_who_accepts_while_the_account_is_refused_does_not_wait_for_a_call_that_is_not_placed(
    empty_call_center: CallCenter,
) -> None:
    call_center = empty_call_center
    with call_center.database.transaction() as session:
        for phone in (LIAISON, SECOND):
            make_staff(session, phone=phone)
        for _ in range(2):
            make_callback(session, make_case(session))
    for _ in range(3):
        call_center.sweeps(seconds=2)
        call_center.works_off()
    first, second = call_center.carrier.placed
    for liaison in (first, second):
        call_center.answers(liaison)
    call_center.carrier.refuses_calls = OUR_NUMBER_IS_GONE
    for liaison in (first, second):
        call_center.presses(liaison, legs.accept_by_liaison)
        call_center.works_off()
    assert _spent(call_center) == [("requested", 0, 0)] * 2
    assert {call_sid for call_sid, _ in call_center.carrier.redirected} == {first.call_sid, second.call_sid}
    assert call_center.carrier.refused == 1


@ON_SQLITE
def test_supervisors_are_texted_of_refused_calls_at_once_and_after_a_quarter_of_an_hour(
    call_center: CallCenter,
) -> None:
    with call_center.database.transaction() as session:
        make_staff(session, role="supervisor", phone=SUPERVISOR, on_shift=False)
    call_center.carrier.refuses_calls = OUR_NUMBER_IS_GONE
    call_center.works_off()
    call_center.sweeps(seconds=2)
    call_center.works_off()
    (page,) = call_center.carrier.texts
    assert page[0] == SUPERVISOR
    assert "will not place our calls" in page[1]
    _minutes_of_work(call_center, 14, seconds=60)
    assert len(call_center.carrier.texts) == 1
    _minutes_of_work(call_center, 2)
    assert len(call_center.carrier.texts) == 2


def test_supervisors_are_rung_when_texts_are_refused_and_one_text_every_30_s_is_a_probe(
    empty_call_center: CallCenter,
) -> None:
    call_center = empty_call_center
    with call_center.database.transaction() as session:
        make_staff(session, role="supervisor", phone=SUPERVISOR)
        for _ in range(3):
            make_callback(
                session,
                make_case(session),
                due_at=call_center.now,
                next_attempt_at=call_center.now + timedelta(1),
            )
    call_center.carrier.refuses_texts = 20003
    call_center.sweeps(seconds=2)
    call_center.works_off()
    call_center.sweeps(seconds=2)
    call_center.works_off()
    assert [call.to for call in call_center.carrier.placed][-1:] == [SUPERVISOR]
    assert [one.level for one in call_center.rows(Alert, Alert.channel == "call")][-1] == "texts_refused"
    with call_center.database.reading() as session:
        assert [(one.name, one.code) for one in troubles(session, call_center.now)] == [("texts", 20003)]
    assert call_center.rows(Alert, Alert.state == "refused") == []

    call_center.carrier.refuses_texts = None
    _minutes_of_work(call_center, 2, seconds=30)
    assert call_center.carrier.texts
    with call_center.database.reading() as session:
        assert refusals(session) == []


def test_probe_that_rings_shows_that_calls_go_out_though_the_carriers_answer_was_lost(
    call_center: CallCenter,
) -> None:
    call_center.carrier.refuses_calls = OUR_NUMBER_IS_GONE
    call_center.works_off()
    call_center.carrier.refuses_calls = None
    call_center.carrier.loses_next_answer()
    call_center.sweeps(seconds=31)
    call_center.works_off()
    (liaison,) = call_center.carrier.placed

    call_center.tells(liaison, "ringing", leg_id=liaison.leg_id)

    with call_center.database.reading() as session:
        assert refusals(session) == []
        assert troubles(session, call_center.now) == []


def test_late_event_of_a_call_before_the_refusal_does_not_show_that_calls_go_out(
    call_center: CallCenter,
) -> None:
    """The office believed that all was well, and promised the hour while each call was refused."""
    call_center.carrier.loses_next_answer()
    call_center.works_off()
    (liaison,) = call_center.carrier.placed
    with call_center.database.transaction() as session:
        make_staff(session, phone=SECOND)
        make_callback(session, make_case(session))
    call_center.carrier.refuses_calls = OUR_NUMBER_IS_GONE
    call_center.sweeps(seconds=5)
    call_center.works_off()
    with call_center.database.reading() as session:
        assert refusals(session) != []

    call_center.tells(liaison, "no-answer", leg_id=liaison.leg_id)

    with call_center.database.reading() as session:
        assert refusals(session) != []
        assert troubles(session, call_center.now) != []


def test_breaker_outlives_every_process(database: Database, call_center: CallCenter) -> None:
    call_center.carrier.refuses_calls = OUR_NUMBER_IS_GONE
    call_center.works_off()
    again = CallCenter(call_center.database, call_center.office, call_center.now + timedelta(seconds=20))
    again.sweeps()
    again.works_off()
    assert again.carrier.placed == []
    again.sweeps(seconds=11)
    again.works_off()
    assert len(again.carrier.placed) == 1
