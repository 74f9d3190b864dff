"""What a supervisor should ask about: looks without a call, many looks, own name or phone, one pair."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from models import Alert, AuditAlarm, Registrant
from models.audit import audit
from models.callbacks.callback import STAFF_CALL
from models.cases.surname import surnames
from models.overview.audit_watch import has_news, watch
from models.staff.audit_alarm import AlarmError, open_alarms, settle_alarm, settled_alarms
from models.staff.refusals import AlarmRefusal
from models.store.database import Database, keyring_of
from tests.conftest import ON_BOTH
from tests.factories import (
    NOW,
    MadeCase,
    make_call,
    make_callback,
    make_case,
    make_policies,
    make_staff,
    make_subject,
)

POLICIES = make_policies()
LEA, RUTH, SAM = "lea@office.example.org", "ruth@office.example.org", "sam@office.example.org"


@pytest.fixture
def office(database: Database) -> Database:
    """Three members of staff, and a watch that has begun."""
    with database.transaction() as session:
        make_staff(session, LEA, name="Lea Quill", phone="+12025550170")
        make_staff(session, RUTH, name="Ruth Byrd", phone="+12025550171", role="supervisor")
        make_staff(session, SAM, name="Sam Ochre", phone="+12025550172", role="supervisor")
        watch(session, NOW, POLICIES)
    return database


def _case(database: Database, **facts: Any) -> MadeCase:
    with database.transaction() as session:
        name = facts.pop("subject_name", "Ivo Invented")
        subject = facts.pop("subject", None) or make_subject(session, name=name)
        return make_case(session, subject=subject, **facts)


def _look(
    database: Database, who: str, target: str, at: datetime = NOW, action: str = "look_at_case"
) -> None:
    with database.transaction() as session:
        audit.record(session, actor=who, action=action, target=target, now=at)


def _alarms(database: Database, now: datetime = NOW) -> list[tuple[str, str, str, int]]:
    with database.transaction() as session:
        watch(session, now, POLICIES)
    with database.reading() as session:
        return [(one.rule, one.actor, one.target, one.count) for one in reversed(open_alarms(session))]


def test_liaison_who_looks_at_cases_that_called_raises_no_alarm(office: Database) -> None:
    for _ in range(6):
        case = _case(office)
        with office.transaction() as session:
            make_call(session, case_id=case.id, verified_at=NOW, started_at=NOW - timedelta(hours=2))
        _look(office, LEA, f"case:{case.id}")

    assert _alarms(office) == []


def test_liaison_who_looks_at_cases_that_are_to_be_called_back_raises_no_alarm(office: Database) -> None:
    for _ in range(6):
        case = _case(office)
        with office.transaction() as session:
            make_callback(session, case, requested_at=NOW - timedelta(days=3))
        _look(office, LEA, f"case:{case.id}")

    assert _alarms(office) == []


def test_call_that_staff_began_themselves_is_no_reason_to_look(office: Database) -> None:
    for _ in range(4):
        case = _case(office)
        with office.transaction() as session:
            make_callback(session, case, reason=STAFF_CALL)
        _look(office, LEA, f"case:{case.id}")

    assert [alarm[0] for alarm in _alarms(office)] == ["without_call"]


def test_fourth_case_without_a_call_in_a_day_raises_an_alarm(office: Database) -> None:
    for number in range(3):
        _look(office, LEA, f"case:{_case(office).id}", NOW + timedelta(minutes=number))
    assert _alarms(office) == []

    _look(office, LEA, f"case:{_case(office).id}", NOW + timedelta(minutes=9))

    ((rule, actor, target, count),) = _alarms(office)
    assert (rule, actor, count) == ("without_call", LEA, 4)
    assert target.startswith("staff:")


def test_call_of_last_week_is_no_reason_to_look_today(office: Database) -> None:
    for _ in range(4):
        case = _case(office)
        with office.transaction() as session:
            make_call(session, case_id=case.id, verified_at=NOW, started_at=NOW - timedelta(days=7))
        _look(office, LEA, f"case:{case.id}")

    assert [alarm[0] for alarm in _alarms(office)] == ["without_call"]


def test_looking_at_one_case_again_counts_once(office: Database) -> None:
    case = _case(office)
    for number in range(8):
        _look(office, LEA, f"case:{case.id}", NOW + timedelta(minutes=number))

    assert _alarms(office) == []


def test_many_looks_at_one_subject_through_two_cases_raise_an_alarm(office: Database) -> None:
    with office.transaction() as session:
        subject = make_subject(session)
        cases = [make_case(session, subject=subject) for _ in range(2)]
        for case in cases:
            make_call(session, case_id=case.id, verified_at=NOW, started_at=NOW)
    for number in range(11):
        who, case = (LEA, RUTH)[number % 2], cases[number % 2]
        _look(office, who, f"case:{case.id}", NOW + timedelta(minutes=3 * number))

    assert _alarms(office) == [("many_looks", LEA, f"subject:{cases[0].subject_id}", 11)]


def test_page_loaded_again_and_again_within_minutes_is_one_look(office: Database) -> None:
    case = _case(office)
    with office.transaction() as session:
        make_call(session, case_id=case.id, verified_at=NOW, started_at=NOW)
    for number in range(40):
        _look(office, LEA, f"case:{case.id}", NOW + timedelta(minutes=number))

    # Forty minutes at one case are eight looks, two below the limit.
    assert _alarms(office) == []


@pytest.mark.parametrize("subject", ["Ivo Quill", "IVO QUÍLL", "Ivo Quill Marsh", "Ivo de la Quill"])
def test_liaison_who_looks_at_a_case_of_their_own_surname_raises_an_alarm(
    office: Database, subject: str
) -> None:
    case = _case(office, subject_name=subject)
    with office.transaction() as session:
        make_call(session, case_id=case.id, verified_at=NOW, started_at=NOW)
    _look(office, LEA, f"case:{case.id}")
    _look(office, RUTH, f"case:{case.id}")

    assert _alarms(office) == [("own_name", LEA, f"case:{case.id}", 1)]


def test_registrants_surname_counts_as_well(office: Database) -> None:
    case = _case(office, phone="+12025550111")
    with office.transaction() as session:
        registrant = session.get_one(Registrant, case.registrant_id)
        registrant.name_sealed = keyring_of(session).seal("registrant.name", "Nora Ochre")
        make_call(session, case_id=case.id, verified_at=NOW, started_at=NOW)
    _look(office, SAM, f"case:{case.id}")

    assert _alarms(office) == [("own_name", SAM, f"case:{case.id}", 1)]


def test_liaison_who_reveals_a_number_that_is_their_own_phone_raises_an_alarm(office: Database) -> None:
    case = _case(office, phone="+12025550171")
    with office.transaction() as session:
        callback = make_callback(session, case)
        target = f"callback:{callback.id}"
    _look(office, RUTH, target, action="reveal_number")

    assert _alarms(office) == [("own_phone", RUTH, f"case:{case.id}", 1)]


def test_open_alarm_is_updated_and_told_once(office: Database) -> None:
    case = _case(office, subject_name="Ivo Quill")
    with office.transaction() as session:
        make_call(session, case_id=case.id, verified_at=NOW, started_at=NOW)
    for number in range(3):
        _look(office, LEA, f"case:{case.id}", NOW + timedelta(minutes=number))
    with office.transaction() as session:
        new = watch(session, NOW, POLICIES)

    assert len(new) == 1
    with office.reading() as session:
        (alarm,) = session.scalars(select(AuditAlarm)).all()
        assert alarm.last_at == NOW + timedelta(minutes=2)


def test_entry_is_judged_once(office: Database) -> None:
    _look(office, LEA, f"case:{_case(office, subject_name='Ivo Quill').id}")
    assert len(_alarms(office)) == 1

    with office.transaction() as session:
        # The alarm is an entry itself, which the next pass sees and finds nothing in.
        assert watch(session, NOW, POLICIES) == []
        assert not has_news(session)


def test_alarm_is_settled_by_somebody_else_and_then_may_be_raised_again(office: Database) -> None:
    case = _case(office, subject_name="Ivo Byrd")
    _look(office, RUTH, f"case:{case.id}")
    _alarms(office)
    with office.transaction() as session:
        (alarm,) = open_alarms(session)
        with pytest.raises(AlarmError, match=f"^{AlarmRefusal.ABOUT_YOU}$"):
            settle_alarm(session, alarm.id, finding="explained", by=RUTH, now=NOW)
        settle_alarm(session, alarm.id, finding="explained", by=SAM, now=NOW)
        with pytest.raises(AlarmError, match=f"^{AlarmRefusal.SETTLED}$") as refused:
            settle_alarm(session, alarm.id, finding="explained", by=SAM, now=NOW)
        assert refused.value.facts == {"who": SAM}
        assert [one.finding for one in settled_alarms(session)] == ["explained"]

    _look(office, RUTH, f"case:{case.id}", NOW + timedelta(minutes=1))
    assert _alarms(office) == [("own_name", RUTH, f"case:{case.id}", 1)]


@pytest.mark.parametrize(("finding", "alarm_id"), [("nonsense", 1), ("explained", 99)])
def test_unknown_finding_or_alarm_is_refused(office: Database, finding: str, alarm_id: int) -> None:
    with office.transaction() as session, pytest.raises(AlarmError):
        settle_alarm(session, alarm_id, finding=finding, by=SAM, now=NOW)


def _approve(database: Database, first: str, second: str, number: int) -> None:
    """As the command line does: one entry for each, of the same moment."""
    at = NOW + timedelta(minutes=number)
    with database.transaction() as session:
        for who in (first, second):
            audit.record(session, actor=who, action="replace_lost_pin", target=f"case:{number}", now=at)


def _pairs(office: Database) -> list[tuple[str, str, str, int]]:
    """The alarms, without those that each approval by a command raises."""
    return [alarm for alarm in _alarms(office) if alarm[0] != "shell_pair"]


def test_pair_that_approves_most_things_raises_an_alarm(office: Database) -> None:
    for number in range(4):
        _approve(office, LEA, SAM, number)
    for number in range(4, 9):
        _approve(office, *((LEA, RUTH) if number % 2 else (RUTH, LEA)), number)
    assert _pairs(office) == []

    _approve(office, RUTH, LEA, 9)

    assert _pairs(office) == [("one_pair", f"{LEA} {RUTH}", "approvals", 6)]


@ON_BOTH
def test_approval_that_names_the_requester_counts_by_that(office: Database) -> None:
    with office.transaction() as session:
        asker = make_staff(session, "ada@office.example.org", phone="+12025550175")
        for number in range(10):
            audit.record(
                session, actor=SAM, action="release_import", target=f"import:{number}",
                facts={"asked_by": asker.id}, now=NOW + timedelta(minutes=number),
            )  # fmt: skip

    assert _alarms(office) == [("one_pair", f"ada@office.example.org {SAM}", "approvals", 10)]


def test_approvals_of_last_month_no_longer_count(office: Database) -> None:
    for number in range(9):
        _approve(office, LEA, RUTH, number - 60 * 24 * 40)
    _approve(office, LEA, RUTH, 1)

    assert _pairs(office) == []


@ON_BOTH
def test_entries_of_machines_and_callers_are_no_looks(office: Database) -> None:
    case = _case(office, subject_name="Ivo Quill")
    for who in ("sweeper", "caller:1", "command line", "liaison:999", "staff:x"):
        _look(office, who, f"case:{case.id}")
    for target in ("case:x", "case:999", "office", "import:1"):
        _look(office, LEA, target)

    assert _alarms(office) == []


def test_watch_begins_at_the_end_of_an_existing_chain(database: Database) -> None:
    with database.transaction() as session:
        make_staff(session, LEA, name="Lea Quill")
        case = make_case(session, subject=make_subject(session, name="Ivo Quill"))
        audit.record(session, actor=LEA, action="look_at_case", target=f"case:{case.id}", now=NOW)

    assert _alarms(database) == []
    with database.reading() as session:
        assert session.scalars(select(Alert.id)).all() == []


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Ana María García-López", {"garcia", "lopez"}),
        ("Juan de la Cruz", {"cruz"}),
        ("John Smith Jr.", {"smith"}),
        ("Sean O'Brien", {"o'brien"}),
        ("Madonna", {"madonna"}),
        ("", set()),
    ],
)
def test_surnames_are_folded(name: str, found: set[str]) -> None:
    assert surnames(name) == found


@given(st.text(max_size=80))
def test_any_text_has_at_most_two_surnames(name: str) -> None:
    assert len(surnames(name)) <= 2


@ON_BOTH
def test_many_searches_by_name_raise_an_alarm(office: Database) -> None:
    for number in range(20):
        _look_for(office, number)
    assert _alarms(office) == []

    _look_for(office, 20)

    assert _alarms(office) == [("many_searches", RUTH, "staff:2", 21)]


def _look_for(office: Database, number: int) -> None:
    with office.transaction() as session:
        audit.record(
            session, actor=RUTH, action="search_cases", target="staff:2",
            facts={"reason": "caller_lost_number", "found": 0}, now=NOW + timedelta(minutes=number),
        )  # fmt: skip
