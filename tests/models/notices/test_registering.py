"""Registering for notices: what is stored, what is refused, and when a consent ends (R28, R30)."""

import dataclasses
from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from models import Callback, Case, Consent, Notice, Phone, Registration
from models.audit.audit import AuditEntry
from models.notices import registering
from models.notices.agreed.lapse import ask_to_renew
from models.notices.agreed.read_back import read_back
from models.notices.end_watch import ask_who_stopped
from models.notices.notice_code import why_refused
from models.notices.refusals import RegistrationRefusal
from models.notices.registering import Choices, RegistrationError, safest
from models.store.database import Database
from tests.factories import (
    NOW,
    MadeCase,
    make_case,
    make_duress_pin,
    make_event,
    make_notice,
    make_policies,
    make_registration,
)

FIRST = "+12025550130"
WORDS = "We will call this phone."
BY: dict[str, Any] = {"made_by": "caller", "call_id": None, "now": NOW}
POLICIES = make_policies()
Registered = tuple[MadeCase, Phone]


def registers(session: Any, case: MadeCase, choices: Choices) -> Registration:
    """The registrant agrees to these choices."""
    return registering.register_for_notices(session, case.id, choices, words=WORDS, policies=POLICIES, **BY)


def only_phone(session: Any) -> Phone:
    """The one phone of the only case."""
    found: Phone = session.scalars(select(Phone)).one()
    return found


def express(session: Any, case: MadeCase) -> Choices:
    """The express choice with a code."""
    return safest(only_phone(session), registering.new_code_key(session, case.id, "2593", [FIRST]), POLICIES)


def refusal(do: Callable[[], Any]) -> RegistrationRefusal:
    """Why something is refused."""
    with pytest.raises(RegistrationError) as refused:
        do()
    return RegistrationRefusal(refused.value.code)


def test_consent_is_kept_in_the_words_that_were_said_with_its_cap_and_time(database: Database) -> None:
    with database.transaction() as session:
        case = make_case(session, phone=FIRST)
        made = registers(session, case, express(session, case))

        consent = session.scalars(select(Consent).where(Consent.registration_id == made.id)).one()
        assert (consent.channel, consent.words, consent.cap_per_day) == (
            "voice",
            WORDS,
            POLICIES.notice_calls_a_day,
        )
        assert (consent.granted_at, consent.withdrawn_at) == (NOW, None)
        phone = only_phone(session)
        assert (phone.night_allowed, phone.voicemail_allowed) == (True, False)
        assert made.lapses_at == NOW + timedelta(days=POLICIES.consent_max_days)


def test_audit_of_a_registration_names_no_number_and_no_code(database: Database) -> None:
    with database.transaction() as session:
        case = make_case(session, phone=FIRST)
        registers(session, case, express(session, case))
    with database.reading() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "register_for_notices")).one()
        said = f"{entry.target} {entry.facts}"
        assert not [secret for secret in (FIRST, "2593", case.number) if secret in said]


def test_changed_choice_withdraws_the_old_consent_and_keeps_it_as_proof(database: Database) -> None:
    with database.transaction() as session:
        case = make_case(session, phone=FIRST)
        registers(session, case, express(session, case))
        before = registering.choices_of(session, case.id)
        after = dataclasses.replace(before, by_text=True, cap_per_day=3)
        registering.change(session, case.id, after, words="And text it.", policies=POLICIES, **BY)

        kept = session.scalars(
            select(Consent).where(Consent.registration_id.is_not(None)).order_by(Consent.id)
        ).all()
        assert [(one.channel, one.words, one.withdrawn_at is None) for one in kept] == [
            ("voice", WORDS, False), ("voice", "And text it.", True), ("text", "And text it.", True)
        ]  # fmt: skip
        told = read_back(session, case.id, NOW, POLICIES)
        assert told is not None
        assert (told.by_text, told.cap_per_day, told.has_code) == (True, 3, True)


def test_key_alone_is_refused_for_a_phone_that_only_the_person_answers(database: Database) -> None:
    with database.transaction() as session:
        case = make_case(session, phone=FIRST)
        alone = dataclasses.replace(express(session, case), code_key=None)

        assert refusal(lambda: registers(session, case, alone)) is RegistrationRefusal.KEY_ALONE
        shared = dataclasses.replace(alone, wishes={"may_answer": "anyone"})
        assert registers(session, case, shared).code_key is None


def test_phone_of_somebody_else_or_an_unsafe_one_cannot_be_chosen(database: Database) -> None:
    with database.transaction() as session:
        case = make_case(session, phone=FIRST)
        choices = express(session, case)
        other = dataclasses.replace(choices, phone_ids=(choices.phone_ids[0] + 1,))
        assert refusal(lambda: registers(session, case, other)) is RegistrationRefusal.NOT_A_SAFE_PHONE
        only_phone(session).unsafe_since = NOW
        session.flush()
        assert refusal(lambda: registers(session, case, choices)) is RegistrationRefusal.NOT_A_SAFE_PHONE


def test_nothing_is_registered_changed_paused_or_stopped_while_a_new_pin_holds_changes(
    database: Database,
) -> None:
    with database.transaction() as session:
        case = make_case(session, phone=FIRST)
        choices = express(session, case)
        registers(session, case, choices)
        session.get_one(Case, case.id).changes_held_until = NOW + timedelta(hours=72)
        session.flush()
        until = NOW + timedelta(days=1)
        for do in (
            lambda: registering.change(session, case.id, choices, words=WORDS, policies=POLICIES, **BY),
            lambda: registering.pause(session, case.id, until, **BY),
            lambda: registering.resume(session, case.id, **BY),
            lambda: registering.stop_registration(session, case.id, **BY),
            lambda: registering.renew(session, case.id, policies=POLICIES, **BY),
        ):
            assert refusal(do) is RegistrationRefusal.LOCKED


def test_pause_and_stop_end_what_is_open_and_registering_again_begins_anew(database: Database) -> None:
    with database.transaction() as session:
        case = make_case(session, phone=FIRST, custody_status="released")
        first = registers(session, case, express(session, case))
        notice = make_notice(session, first, make_event(session, case.subject_id))
        registering.pause(session, case.id, NOW + timedelta(days=7), **BY)
        session.refresh(notice)
        assert (notice.state, notice.outcome) == ("stopped", "paused")
        registering.resume(session, case.id, **BY)

        registering.stop_registration(session, case.id, **BY)

        assert read_back(session, case.id, NOW, POLICIES) is None
        assert registers(session, case, express(session, case)).id != first.id
        assert session.scalars(select(Notice.state)).all() == ["stopped"]


def test_pause_has_an_end(database: Database) -> None:
    with database.transaction() as session:
        case = make_case(session, phone=FIRST)
        registers(session, case, express(session, case))
        for days in (0, registering.MOST_PAUSE_DAYS + 1):
            until = NOW + timedelta(days=days)
            paused = refusal(lambda until=until: registering.pause(session, case.id, until, **BY))  # type: ignore[misc]
            assert paused is RegistrationRefusal.PAUSE


def test_half_a_window_is_refused(database: Database) -> None:
    with database.transaction() as session:
        case = make_case(session, phone=FIRST)
        wishes = {"window_starts": time(9)}
        half = dataclasses.replace(express(session, case), wishes=wishes)
        assert refusal(lambda: registers(session, case, half)) is RegistrationRefusal.NO_WINDOW


def test_staff_get_one_task_before_a_consent_ends_and_a_renewed_one_asks_again(database: Database) -> None:
    near = NOW + timedelta(days=POLICIES.consent_max_days - POLICIES.consent_renew_days)
    with database.transaction() as session:
        case = make_case(session, phone=FIRST)
        registers(session, case, express(session, case))
        assert ask_to_renew(session, near - timedelta(days=1), POLICIES, 50) == 0
        assert ask_to_renew(session, near, POLICIES, 50) == 1
        assert ask_to_renew(session, near, POLICIES, 50) == 0
        (task,) = session.scalars(select(Callback)).all()
        assert (task.state, task.reason, task.case_id) == ("left_for_staff", "consent_ends", None)
        told = read_back(session, case.id, near, POLICIES)
        assert told is not None
        assert told.is_due

        registering.renew(session, case.id, made_by="caller", call_id=None, now=near, policies=POLICIES)

        assert ask_to_renew(session, near, POLICIES, 50) == 0
        again = near + timedelta(days=POLICIES.consent_max_days)
        assert ask_to_renew(session, again, POLICIES, 50) == 1


@pytest.mark.parametrize("renewed", [0, 1])
def test_task_that_stays_is_that_of_the_consent_that_still_ends(database: Database, renewed: int) -> None:
    """It was the later one: the line called nobody about the other case any more when staff were to ask."""
    ends = NOW + timedelta(days=5), NOW + timedelta(days=20)
    with database.transaction() as session:
        cases = [make_case(session, phone=FIRST) for _ in ends]
        for case, lapses_at in zip(cases, ends, strict=True):
            session.get_one(Case, case.id).registrant_id = cases[0].registrant_id
            make_registration(session, case, lapses_at=lapses_at)
        assert ask_to_renew(session, NOW, POLICIES, 50) == 2

        how: dict[str, Any] = {**BY, "policies": POLICIES}
        registering.renew(session, cases[renewed].id, **how)

        left = select(Callback.due_at).where(Callback.state == "left_for_staff")
        assert session.scalars(left).all() == [ends[1 - renewed]]


def test_phone_that_replaces_an_unsafe_one_is_not_asked_whether_the_calls_are_to_end(
    database: Database,
) -> None:
    """Whoever had it bound with a PIN that they found out would say so, and staff would end the calls."""
    with database.transaction() as session:
        case = make_case(session, phone=FIRST)
        make_registration(session, case, lapses_at=NOW + timedelta(days=5))
        only_phone(session).content_held_until = NOW + timedelta(hours=72)

        assert ask_to_renew(session, NOW, POLICIES, 50) == 0
        assert ask_to_renew(session, NOW + timedelta(hours=72), POLICIES, 50) == 1


def test_staff_are_asked_who_stopped_the_calls_of_an_open_case_but_not_of_a_duress_case(
    database: Database,
) -> None:
    with database.transaction() as session:
        case = make_case(session, phone=FIRST)
        duress = make_duress_pin(session, case)
        for one in (case, duress):
            make_registration(session, one)
            registering.stop_registration(session, one.id, made_by="caller", call_id=None, now=NOW)
        by_staff = make_case(session, phone="+12025550131")
        make_registration(session, by_staff)
        registering.stop_registration(session, by_staff.id, made_by="staff:1", call_id=None, now=NOW)

        assert ask_who_stopped(session, NOW, POLICIES, 50) == 1
        assert ask_who_stopped(session, NOW, POLICIES, 50) == 0

        (task,) = session.scalars(select(Callback)).all()
        assert (task.reason, task.outcome, task.registrant_id) == (
            "calls_stopped", "calls_stopped", case.registrant_id,
        )  # fmt: skip
        assert task.due_at == NOW + timedelta(minutes=POLICIES.stop_task_minutes)


def test_calls_paused_and_resumed_before_staff_looked_are_a_task_too(database: Database) -> None:
    with database.transaction() as session:
        case = make_case(session, phone=FIRST)
        registers(session, case, express(session, case))
        until, by = NOW + timedelta(days=7), {"made_by": "caller", "call_id": None, "now": NOW}
        registering.pause(session, case.id, until, **by)
        registering.resume(session, case.id, **by)

        assert ask_who_stopped(session, NOW, POLICIES, 50) == 1


def test_staff_have_one_task_however_often_a_caller_pauses_and_resumes_the_calls(database: Database) -> None:
    with database.transaction() as session:
        case = make_case(session, phone=FIRST)
        registers(session, case, express(session, case))
        until, by = NOW + timedelta(days=7), {"made_by": "caller", "call_id": None, "now": NOW}
        registering.pause(session, case.id, until, **by)
        assert ask_who_stopped(session, NOW, POLICIES, 50) == 1

        registering.resume(session, case.id, **by)
        registering.pause(session, case.id, until, **by)

        assert ask_who_stopped(session, NOW, POLICIES, 50) == 0
        assert len(session.scalars(select(Callback)).all()) == 1


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("1234", "run"), ("9876", "run"), ("7890", "run"), ("7777", "repeat"), ("4747", "repeat"),
        ("1994", "year"), ("0130", "phone"), ("5501", "phone"), ("6180", "number"), ("2593", None),
    ],
)  # fmt: skip
def test_guessable_notice_codes_are_refused(code: str, why: str | None) -> None:
    assert why_refused(code, [FIRST], "46180275") == why


@given(st.from_regex(r"\A[0-9]{4}\Z"))
def test_no_part_of_a_phone_or_the_case_number_is_ever_a_code(code: str) -> None:
    if why_refused(code, [FIRST], "46180275") is None:
        assert code not in FIRST
        assert code not in "46180275"
        assert len(set(code)) > 1
