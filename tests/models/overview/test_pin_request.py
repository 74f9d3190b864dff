"""A PIN takes two people: one who knows the person, and one who approves (R08)."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import AuditEntry, Callback, Case, PinCounter, PinRequest, Registrant, Staff, Subject
from models.cases.case import CaseError, give_new_pin
from models.cases.refusals import CaseRefusal
from models.overview.case_change import (
    Details,
    begin_case,
    change_details,
    close_found_case,
    confirm_subject,
    link_subject,
    reveal_number,
)
from models.overview.case_opening import Grounds, grounds_for
from models.overview.pin_request import (
    PinRequestError,
    approve_pin,
    decline_pin,
    find_waiting,
    request_pin,
    waiting_pins,
)
from models.overview.refusals import PinRequestRefusal
from models.overview.staff_record import let_go
from models.store.database import Database, run_last_work
from tests.conftest import ON_BOTH
from tests.factories import HASHER, NOW, make_case, make_office
from tests.models.staff.staff_people import Someone, someone
from workers.office_rules import callback_policy_of

POLICY = callback_policy_of(make_office())
POLICIES = POLICY.numbers
HASH = HASHER.hash("739482")
VERIFIED = Grounds("verification", "met_in_person", None)
DETAILS = Details(
    name="Rosa Invented", language="es", time_zone="America/Chicago", pace="slow", mail_safe=False
)


@dataclass
class Casework:
    """Two people, and a case that is to get a PIN."""

    session: Session
    case: Case
    asker: Someone
    approver: Someone
    made: list[PinRequest] = field(default_factory=list)

    def asks(
        self, evidence: str = "met_in_person", delivery: str = "handed_over", now: datetime = NOW
    ) -> int:
        asked = request_pin(
            self.session,
            self.asker,
            self.case,
            evidence=evidence,
            delivery=delivery,
            now=now,
            policies=POLICIES,
        )
        return asked.id

    def entries(self, action: str) -> list[AuditEntry]:
        run_last_work(self.session)
        return list(self.session.scalars(select(AuditEntry).where(AuditEntry.action == action)))


@pytest.fixture
def casework(database: Database) -> Iterator[Casework]:
    with database.transaction() as session:
        made = make_case(session, phone="+12025550110")
        yield Casework(
            session, session.get_one(Case, made.id), someone(session), someone(session, "supervisor")
        )


def test_lost_pin_is_replaced_phones_are_told_and_changes_wait_three_days(casework: Casework) -> None:
    key = casework.case.number_key
    casework.session.add(PinCounter(number_key=key, counter="", consecutive=10, locked_at=NOW))

    approved = approve_pin(casework.session, casework.approver, casework.asks(), HASH, NOW, POLICY)

    assert (approved.kind, approved.phones_told) == ("lost", 1)
    assert (casework.case.pin_kind, casework.case.pin_hash, casework.case.pin_expires_at) == (
        "one_time",
        HASH,
        NOW + timedelta(days=21),
    )
    assert casework.case.changes_held_until == NOW + timedelta(hours=72)
    assert casework.session.scalars(select(Callback)).one().reason == "pin_changed"
    casework.session.expire_all()
    assert casework.session.scalars(select(PinCounter)).one().locked_at is None


@pytest.mark.parametrize("kind", ["none", "standing"])
def test_pin_that_came_another_way_since_the_request_stays_and_another_can_be_asked_for(
    casework: Casework, kind: str
) -> None:
    casework.case.pin_kind = kind
    request_id = casework.asks()
    give_new_pin(casework.session, casework.case, "their own", NOW + timedelta(hours=2))

    with pytest.raises(PinRequestError, match=f"^{PinRequestRefusal.OUTDATED}$"):
        approve_pin(casework.session, casework.approver, request_id, HASH, NOW + timedelta(hours=20), POLICY)

    assert casework.case.pin_hash == "their own"
    assert casework.case.changes_held_until is None
    anew = casework.asks(now=NOW + timedelta(hours=20))
    approve_pin(casework.session, casework.approver, anew, HASH, NOW + timedelta(hours=21), POLICY)
    assert casework.case.pin_hash == HASH


def test_time_zone_stays_while_phones_and_times_are_held(casework: Casework) -> None:
    approve_pin(casework.session, casework.approver, casework.asks(), HASH, NOW, POLICY)
    with pytest.raises(CaseError, match=f"^{CaseRefusal.TIME_ZONE_LOCKED}$"):
        change_details(casework.session, casework.asker, casework.case, DETAILS, VERIFIED, NOW)

    change_details(
        casework.session, casework.asker, casework.case, DETAILS, VERIFIED, NOW + timedelta(hours=72)
    )
    assert casework.session.get_one(Registrant, casework.case.registrant_id).time_zone == DETAILS.time_zone


def test_entry_of_an_approval_names_both_and_the_evidence(casework: Casework) -> None:
    request_id = casework.asks("rang_confirmed_phone")
    approve_pin(casework.session, casework.approver, request_id, HASH, NOW, POLICY)

    (entry,) = casework.entries("approve_pin")
    assert (entry.actor, entry.target) == (casework.approver.email, f"case:{casework.case.id}")
    assert entry.facts is not None
    assert (entry.facts["asked_by"], entry.facts["evidence"]) == (
        casework.asker.staff_id,
        "rang_confirmed_phone",
    )


def test_pin_that_is_told_in_a_talk_is_a_standing_one(casework: Casework) -> None:
    approve_pin(casework.session, casework.approver, casework.asks(delivery="told"), HASH, NOW, POLICY)

    assert casework.case.pin_expires_at is None
    assert casework.case.pin_kind == "standing"


def test_nobody_approves_their_own_request_and_no_liaison_approves_at_all(casework: Casework) -> None:
    request_id = casework.asks()
    other = someone(casework.session, "liaison")
    asking_supervisor = Someone(casework.asker.staff_id, casework.asker.email, "supervisor")
    for person in (other, asking_supervisor):
        with pytest.raises(PinRequestError):
            find_waiting(casework.session, person, request_id, NOW, POLICIES)
        with pytest.raises(PinRequestError):
            approve_pin(casework.session, person, request_id, HASH, NOW, POLICY)
    assert casework.case.pin_hash != HASH


def test_approver_who_lost_the_role_since_their_page_loaded_approves_nothing(casework: Casework) -> None:
    request_id = casework.asks()
    casework.session.get_one(Staff, casework.approver.staff_id).role = "liaison"

    with pytest.raises(PinRequestError, match=f"^{PinRequestRefusal.NOT_YOUR_ROLE}$"):
        approve_pin(casework.session, casework.approver, request_id, HASH, NOW, POLICY)
    assert casework.case.pin_hash != HASH


def test_request_of_a_deactivated_account_is_withdrawn_and_can_be_made_again(casework: Casework) -> None:
    request_id = casework.asks()

    let_go(
        casework.session,
        casework.asker.staff_id,
        by_id=casework.approver.staff_id,
        actor=casework.approver.email,
        now=NOW,
    )

    with pytest.raises(PinRequestError, match=f"^{PinRequestRefusal.SETTLED}$"):
        approve_pin(casework.session, casework.approver, request_id, HASH, NOW, POLICY)
    (entry,) = casework.entries("withdraw_pin_request")
    assert (entry.actor, entry.target) == (casework.approver.email, f"case:{casework.case.id}")
    anew = replace(casework, asker=someone(casework.session)).asks()
    assert approve_pin(casework.session, casework.approver, anew, HASH, NOW, POLICY).kind == "lost"


def test_pin_is_approved_once(casework: Casework) -> None:
    request_id = casework.asks()
    approve_pin(casework.session, casework.approver, request_id, HASH, NOW, POLICY)

    with pytest.raises(PinRequestError, match=f"^{PinRequestRefusal.SETTLED}$"):
        approve_pin(
            casework.session, someone(casework.session, "administrator"), request_id, "other", NOW, POLICY
        )
    assert casework.case.pin_hash == HASH


def test_case_has_one_open_pin_request_and_an_expired_one_blocks_nothing(casework: Casework) -> None:
    request_id = casework.asks()
    with pytest.raises(PinRequestError, match=f"^{PinRequestRefusal.WAITING}$"):
        casework.asks()

    late = NOW + timedelta(hours=72)
    assert waiting_pins(casework.session, casework.approver, late, POLICIES) == []
    with pytest.raises(PinRequestError, match=f"^{PinRequestRefusal.EXPIRED}$"):
        approve_pin(casework.session, casework.approver, request_id, HASH, late, POLICY)
    request_pin(
        casework.session,
        casework.asker,
        casework.case,
        evidence="met_in_person",
        delivery="told",
        now=late,
        policies=POLICIES,
    )
    assert [one.delivery for one in waiting_pins(casework.session, casework.approver, late, POLICIES)] == [
        "told"
    ]
    (entry,) = casework.entries("withdraw_pin_request")
    assert (entry.facts or {})["request"] == request_id


def test_approvers_see_all_open_requests_and_others_their_own(casework: Casework) -> None:
    casework.asks()
    theirs = waiting_pins(casework.session, casework.approver, NOW, POLICIES)

    assert [(one.requested_by, one.mine, one.language) for one in theirs] == [
        (casework.asker.email, False, "en")
    ]
    assert [one.mine for one in waiting_pins(casework.session, casework.asker, NOW, POLICIES)] == [True]
    assert waiting_pins(casework.session, someone(casework.session), NOW, POLICIES) == []


def test_request_is_rejected_by_a_second_person_and_withdrawn_by_the_first(casework: Casework) -> None:
    declined = casework.asks()
    with pytest.raises(PinRequestError):
        decline_pin(casework.session, someone(casework.session), declined, NOW, POLICIES)
    decline_pin(casework.session, casework.approver, declined, NOW, POLICIES)
    withdrawn = casework.asks()
    decline_pin(casework.session, casework.asker, withdrawn, NOW, POLICIES)

    states = {one.id: one.state for one in casework.session.scalars(select(PinRequest))}
    assert states == {declined: "declined", withdrawn: "withdrawn"}


def test_pin_is_posted_only_where_mail_is_safe_and_still_safe_when_it_is_approved(
    casework: Casework,
) -> None:
    with pytest.raises(PinRequestError, match=f"^{PinRequestRefusal.MAIL_NOT_SAFE}$") as refused:
        casework.asks(delivery="posted")
    assert refused.value.field == "delivery"

    casework.case.registrant.mail_safe = True
    request_id = casework.asks(delivery="posted")
    casework.case.registrant.mail_safe = False
    with pytest.raises(PinRequestError, match=f"^{PinRequestRefusal.MAIL_NO_LONGER_SAFE}$"):
        approve_pin(casework.session, casework.approver, request_id, HASH, NOW, POLICY)


@pytest.mark.parametrize(("evidence", "delivery"), [("trust_me", "told"), ("met_in_person", "by_pigeon")])
def test_unknown_code_is_refused(casework: Casework, evidence: str, delivery: str) -> None:
    with pytest.raises(PinRequestError):
        casework.asks(evidence, delivery)


def test_closed_case_gets_a_pin_like_any_neutral_one(casework: Casework) -> None:
    casework.case.closed_at = NOW
    request_id = casework.asks()

    approve_pin(casework.session, casework.approver, request_id, HASH, NOW, POLICY)

    assert casework.case.pin_hash == HASH


# A new case.


def _begins(casework: Casework) -> Case:
    return begin_case(
        casework.session, casework.asker, subject_id="S-9", subject_name="Marek Vale", details=DETAILS,
        evidence="met_in_person", now=NOW, policies=POLICIES,
    )  # fmt: skip


def test_new_case_opens_to_nobody_on_the_line_until_its_first_pin_is_approved(casework: Casework) -> None:
    case = _begins(casework)
    assert case.pin_kind == "none"
    assert not HASHER.matches(case.pin_hash, "")
    assert not HASHER.matches(case.pin_hash, "739482")
    opened = grounds_for(casework.session, casework.asker, case.id, NOW, POLICIES)
    assert opened is not None
    assert opened.ground == "added"

    with pytest.raises(PinRequestError):
        request_pin(
            casework.session, casework.asker, case, evidence="rang_confirmed_phone", delivery="told", now=NOW,
            policies=POLICIES,
        )  # fmt: skip
    asked = request_pin(
        casework.session,
        casework.asker,
        case,
        evidence="met_in_person",
        delivery="told",
        now=NOW,
        policies=POLICIES,
    )
    approved = approve_pin(casework.session, casework.approver, asked.id, HASH, NOW, POLICY)

    assert (approved.kind, approved.phones_told) == ("first", 0)
    assert case.changes_held_until is None
    assert HASHER.matches(case.pin_hash, "739482")


def test_change_of_a_registrant_is_an_entry_that_names_only_the_fields(casework: Casework) -> None:
    change_details(casework.session, casework.asker, casework.case, DETAILS, VERIFIED, NOW)
    change_details(casework.session, casework.asker, casework.case, DETAILS, VERIFIED, NOW)

    (entry,) = casework.entries("change_registrant")
    assert entry.facts == {"changed": ["language", "time_zone", "pace", "name"]}
    registrant = casework.session.get_one(Registrant, casework.case.registrant_id)
    assert (registrant.language, registrant.pace) == ("es", "slow")


@ON_BOTH
def test_case_is_linked_to_another_person_or_their_name_is_corrected(casework: Casework) -> None:
    before = casework.case.subject_id
    with pytest.raises(CaseError):
        link_subject(
            casework.session, casework.asker, casework.case, subject_id="S-9", subject_name="Marek", now=NOW
        )

    link_subject(
        casework.session, casework.approver, casework.case, subject_id="S-9", subject_name="Marek", now=NOW
    )
    assert casework.case.subject_id != before
    link_subject(
        casework.session, casework.approver, casework.case, subject_id="S-9", subject_name="Marc", now=NOW
    )
    second = someone(casework.session, "administrator")
    with pytest.raises(CaseError, match=f"^{CaseRefusal.SAME_PERSON}$"):
        confirm_subject(casework.session, casework.approver, casework.case, NOW, 30)
    confirm_subject(casework.session, second, casework.case, NOW, 30)
    with pytest.raises(CaseError, match=f"^{CaseRefusal.CONFIRMED}$"):
        confirm_subject(casework.session, second, casework.case, NOW, 30)

    subject = casework.session.get_one(Subject, casework.case.subject_id)
    assert casework.session.info["keyring"].unseal("subject.name", subject.name_sealed or "") == "Marc"


def test_case_is_closed_by_a_case_keeper_and_once(casework: Casework) -> None:
    with pytest.raises(CaseError):
        close_found_case(casework.session, casework.asker, casework.case, NOW)
    close_found_case(casework.session, casework.approver, casework.case, NOW)
    with pytest.raises(CaseError, match=f"^{CaseRefusal.CLOSED}$"):
        close_found_case(casework.session, casework.approver, casework.case, NOW)


def test_number_that_was_looked_at_is_an_entry(casework: Casework) -> None:
    number = reveal_number(casework.session, casework.asker, casework.case, NOW)

    (entry,) = casework.entries("reveal_case_number")
    assert number not in f"{entry.target} {entry.facts}"


def test_staff_cannot_say_that_they_rang_a_confirmed_phone_of_a_case_that_has_none(
    casework: Casework,
) -> None:
    made = make_case(casework.session)
    case = casework.session.get_one(Case, made.id)
    with pytest.raises(PinRequestError, match=f"^{PinRequestRefusal.NO_PHONE}$") as refused:
        request_pin(
            casework.session, casework.asker, case, evidence="rang_confirmed_phone", delivery="told", now=NOW,
            policies=POLICIES,
        )  # fmt: skip

    assert refused.value.field == "evidence"
