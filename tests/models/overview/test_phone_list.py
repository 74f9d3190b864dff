"""Phones as staff keep them: confirmed by a code, uncalled when unsafe, unchanged in a hold (R08, R09)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import AuditEntry, Callback, Case, Consent, KnownPhone, Phone
from models.callbacks.wishes import SAFEST, Wishes, last_wishes
from models.cases.daily_window import DailyWindow
from models.cases.safe_phone import safe_numbers
from models.overview.case_opening import Grounds
from models.overview.phone_list import (
    CODE_TRIES,
    MOST_PHONES,
    PhoneListError,
    PhoneWishes,
    add_phone,
    confirm_phone,
    give_code,
    keep_wishes,
    mark_unsafe,
    move_phone,
    reveal_phone,
)
from models.overview.refusals import PhoneRefusal
from models.store.database import Database, run_last_work
from tests.conftest import ON_BOTH
from tests.factories import NOW, make_callback, make_case, make_office, make_registration
from tests.models.staff.staff_people import Someone, someone
from workers.office_rules import callback_policy_of

POLICY = callback_policy_of(make_office())
POLICIES = POLICY.numbers
OLD, NEW, THIRD = "+12025550110", "+12025550111", "+12025550112"
VERIFIED = Grounds("verification", "met_in_person", NOW + timedelta(hours=1))


@dataclass
class Casework:
    """A liaison with an open case."""

    session: Session
    case: Case
    me: Someone

    def adds(self, number: str = NEW, grounds: Grounds = VERIFIED) -> Phone:
        return add_phone(self.session, self.me, self.case, number, grounds, NOW)

    def code(self, phone: Phone) -> str:
        return give_code(self.session, self.me, self.case, phone.id, VERIFIED, NOW)

    def confirms(self, phone: Phone, code: str, now: Any = NOW) -> bool:
        return confirm_phone(self.session, self.me, self.case, phone.id, code, VERIFIED, now, POLICY)

    def binds(self, number: str) -> Phone:
        phone = self.adds(number)
        assert self.confirms(phone, self.code(phone))
        return phone

    def agrees(
        self, phone: Phone, wishes: Wishes = SAFEST, *window: time, grounds: Grounds = VERIFIED
    ) -> None:
        agreed = PhoneWishes(wishes, *window)
        keep_wishes(self.session, self.me, self.case, phone.id, agreed, grounds, NOW)

    def marks_unsafe(self, phone: Phone) -> list[tuple[str, int]]:
        return mark_unsafe(self.session, self.me, self.case, phone.id, NOW, POLICIES)

    def safe(self) -> list[str]:
        return safe_numbers(self.session, self.case.registrant_id)

    def phones(self) -> list[Phone]:
        of_registrant = select(Phone).where(Phone.registrant_id == self.case.registrant_id)
        return list(self.session.scalars(of_registrant.order_by(Phone.position)))

    def actions(self) -> list[str]:
        run_last_work(self.session)
        return list(self.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


@pytest.fixture
def casework(database: Database) -> Iterator[Casework]:
    with database.transaction() as session:
        made = make_case(session, phone=OLD)
        yield Casework(session, session.get_one(Case, made.id), someone(session))


def test_new_phone_is_called_only_after_the_code_spoken_to_it_came_back(casework: Casework) -> None:
    phone = casework.adds()
    assert casework.safe() == [OLD]
    code = casework.code(phone)
    assert casework.safe() == [OLD]

    assert casework.confirms(phone, f" {code} ")

    assert casework.safe() == [OLD, NEW]
    assert [consent.channel for consent in phone.consents] == ["voice"]


def test_owner_of_the_old_phone_is_called_when_a_new_one_is_added(casework: Casework) -> None:
    casework.binds(NEW)

    told = casework.session.scalars(select(Callback)).one()
    keyring = casework.session.info["keyring"]
    assert keyring.unseal("callback.number", told.number_sealed) == OLD
    assert (told.reason, told.verified, told.case_id) == ("phone_added", True, None)


@ON_BOTH
def test_three_wrong_codes_or_a_quarter_of_an_hour_end_a_code(casework: Casework) -> None:
    phone = casework.adds()
    code = casework.code(phone)
    wrong = "0" * len(code)
    for _ in range(CODE_TRIES):
        assert not casework.confirms(phone, wrong)
    with pytest.raises(PhoneListError):
        casework.confirms(phone, code)

    code = casework.code(phone)
    with pytest.raises(PhoneListError):
        casework.confirms(phone, code, NOW + timedelta(minutes=15))
    assert phone.confirmed_at is None


@pytest.mark.parametrize("ground", ["search", "approval"])
def test_phone_is_added_only_when_someone_knows_the_person(casework: Casework, ground: str) -> None:
    with pytest.raises(PhoneListError, match=f"^{PhoneRefusal.NOT_VERIFIED}$"):
        casework.adds(grounds=Grounds(ground, "complaint", None))


def test_number_is_on_the_list_once_and_the_list_is_short(casework: Casework) -> None:
    with pytest.raises(PhoneListError, match=f"^{PhoneRefusal.ON_LIST}$"):
        casework.adds(OLD)
    for n in range(MOST_PHONES - 1):
        casework.adds(f"+1202555012{n}")
    with pytest.raises(PhoneListError, match=f"^{PhoneRefusal.TOO_MANY}$"):
        casework.adds(THIRD)


def test_unsafe_phone_is_called_no_more_from_that_moment(casework: Casework) -> None:
    keyring = casework.session.info["keyring"]
    key = keyring.index("phone", OLD)
    casework.session.add(KnownPhone(number_key=casework.case.number_key, phone_key=key, last_verified_at=NOW))
    waiting = make_callback(casework.session, _made(casework), phone=OLD)
    phone = casework.phones()[0]

    casework.marks_unsafe(phone)

    assert casework.safe() == []
    casework.session.refresh(waiting)
    assert (waiting.state, waiting.outcome) == ("left_for_staff", "cannot_dial")
    assert casework.session.scalars(select(KnownPhone)).one().unsafe_at == NOW
    assert all(consent.withdrawn_at == NOW for consent in casework.session.scalars(select(Consent)))
    assert casework.actions()[-1] == "mark_phone_unsafe"


def test_ringing_phone_stops_when_it_becomes_unsafe_and_a_talk_goes_on(casework: Casework) -> None:
    from tests.factories import make_call

    legs = [make_call(casework.session, direction="outbound").id for _ in range(2)]
    ringing = make_callback(
        casework.session, _made(casework), phone=OLD, state="ringing_caller",
        liaison_call_id=legs[0], caller_call_id=legs[1],
    )  # fmt: skip

    jobs = casework.marks_unsafe(casework.phones()[0])

    assert jobs == [("release_leg", legs[0]), ("release_leg", legs[1])]
    casework.session.refresh(ringing)
    assert ringing.state == "left_for_staff"


def test_unsafe_phone_is_safe_again_only_by_a_code(casework: Casework) -> None:
    phone = casework.phones()[0]
    casework.marks_unsafe(phone)
    assert casework.marks_unsafe(phone) == []

    assert casework.confirms(phone, casework.code(phone))

    assert casework.safe() == [OLD]


def test_phone_that_is_safe_again_gets_no_message_that_was_allowed_before(casework: Casework) -> None:
    waiting = make_callback(
        casework.session, _made(casework), phone=OLD, voicemail_allowed=True, voicemail_text="hello"
    )
    phone = casework.phones()[0]

    casework.marks_unsafe(phone)
    assert casework.confirms(phone, casework.code(phone))

    casework.session.refresh(waiting)
    assert (waiting.voicemail_allowed, waiting.voicemail_text) == (False, None)


def test_staff_lift_a_stop_when_they_add_the_phone(casework: Casework) -> None:
    phone = casework.phones()[0]
    code = casework.code(phone)
    phone.stopped_at = NOW

    assert casework.confirms(phone, code)

    assert phone.stopped_at is None


def test_hold_allows_no_change_but_marking_a_phone_unsafe(casework: Casework) -> None:
    casework.adds()
    until = casework.case.changes_held_until = NOW + timedelta(hours=72)
    first = casework.phones()[0]
    tries: list[Any] = [
        lambda: casework.adds(THIRD),
        lambda: casework.code(first),
        lambda: casework.confirms(first, "1234"),
        lambda: casework.agrees(first),
        lambda: move_phone(casework.session, casework.me, casework.case, first.id, up=False, now=NOW),
    ]
    for change in tries:
        with pytest.raises(PhoneListError) as held:
            change()
        assert held.value.facts == {"until": until}

    casework.marks_unsafe(first)

    assert casework.safe() == []


@ON_BOTH
def test_phones_change_places_and_nothing_happens_at_the_ends(casework: Casework) -> None:
    casework.binds(NEW)
    casework.binds(THIRD)
    last = casework.phones()[-1]

    assert move_phone(casework.session, casework.me, casework.case, last.id, up=True, now=NOW)
    assert casework.safe() == [OLD, THIRD, NEW]
    assert move_phone(casework.session, casework.me, casework.case, last.id, up=True, now=NOW)
    assert casework.safe() == [THIRD, OLD, NEW]
    assert not move_phone(casework.session, casework.me, casework.case, last.id, up=True, now=NOW)
    assert move_phone(casework.session, casework.me, casework.case, last.id, up=False, now=NOW)
    assert casework.safe() == [OLD, THIRD, NEW]


def test_next_callback_to_a_phone_begins_with_the_wishes_for_that_phone(casework: Casework) -> None:
    phone = casework.phones()[0]
    wishes = Wishes("ask_for_me", "hello")
    casework.agrees(phone, wishes, time(9), time(12))

    callback = make_callback(casework.session, _made(casework), phone=OLD)
    elsewhere = make_callback(casework.session, _made(casework, other=True), phone=OLD)

    assert last_wishes(casework.session, callback) == wishes
    assert last_wishes(casework.session, elsewhere) == SAFEST
    assert (phone.window_starts, phone.window_ends) == (time(9), time(12))
    in_force = [consent for consent in phone.consents if consent.withdrawn_at is None]
    assert ["expects this call" in consent.words for consent in in_force] == [True]


def test_wish_that_the_person_gave_later_on_the_line_counts(casework: Casework) -> None:
    casework.agrees(casework.phones()[0], Wishes("anyone", "hello"))
    made = _made(casework)
    before = make_callback(
        casework.session, made, phone=OLD, state="reached", closed_at=NOW,
        requested_at=NOW + timedelta(hours=1), may_answer="ask_for_me",
    )  # fmt: skip
    callback = make_callback(casework.session, made, phone=OLD)

    assert last_wishes(casework.session, callback) == Wishes(before.may_answer)


@ON_BOTH
def test_open_callback_leaves_no_message_once_the_person_wants_none(casework: Casework) -> None:
    waiting = make_callback(
        casework.session, _made(casework), phone=OLD, voicemail_allowed=True, voicemail_text="hello", rank=1
    )

    casework.agrees(casework.phones()[0])

    casework.session.refresh(waiting)
    assert (waiting.voicemail_allowed, waiting.voicemail_text, waiting.rank) == (False, None, None)


NIGHT = time(20), time(6)


@pytest.mark.parametrize("ground", ["search", "call_list", "approval"])
@pytest.mark.parametrize(
    ("wishes", "window", "field"),
    [
        (Wishes("anyone", "hello"), NIGHT, "may_answer"),
        (Wishes("ask_for_me", "please_call"), NIGHT, "voicemail_text"),
        (Wishes("ask_for_me", "hello"), (), "window_starts"),
        (Wishes("ask_for_me", "hello"), (time(19), time(6)), "window_starts"),
        (Wishes("ask_for_me", "hello"), (time(21), time(20)), "window_starts"),
        (Wishes("only_me", "hello"), (time(6), time(20)), "window_starts"),
    ],
)
def test_staff_without_the_person_allow_nothing_more_on_a_phone(
    casework: Casework, ground: str, wishes: Wishes, window: tuple[time, ...], field: str
) -> None:
    phone = casework.phones()[0]
    casework.agrees(phone, Wishes("ask_for_me", "hello"), *NIGHT)
    consents = len(phone.consents)

    with pytest.raises(PhoneListError, match=f"^{PhoneRefusal.WITHOUT_THE_PERSON}$") as refused:
        casework.agrees(phone, wishes, *window, grounds=Grounds(ground, "complaint", NOW))

    assert refused.value.field == field
    assert (phone.may_answer, phone.voicemail_text) == ("ask_for_me", "hello")
    assert len(phone.consents) == consents


@pytest.mark.parametrize(
    ("wishes", "window"),
    [
        (Wishes("ask_for_me", "hello"), NIGHT),
        (SAFEST, NIGHT),
        (Wishes("only_me", "hello"), (time(23), time(5))),
        (SAFEST, (time(1), time(6))),
    ],
)
def test_staff_without_the_person_may_make_the_rules_of_a_phone_stricter(
    casework: Casework, wishes: Wishes, window: tuple[time, ...]
) -> None:
    phone = casework.phones()[0]
    casework.agrees(phone, Wishes("ask_for_me", "hello"), *NIGHT)

    casework.agrees(phone, wishes, *window, grounds=Grounds("search", "complaint", NOW))

    assert (phone.may_answer, phone.voicemail_text) == (wishes.may_answer, wishes.voicemail_text)
    assert (phone.window_starts, phone.window_ends) == window


@pytest.mark.parametrize("ground", ["callback", "call", "verification", "added", "staff_call"])
def test_staff_who_talked_with_the_person_may_allow_more_on_a_phone(casework: Casework, ground: str) -> None:
    phone = casework.phones()[0]
    casework.agrees(phone, SAFEST, *NIGHT)

    casework.agrees(phone, Wishes("anyone", "hello"), grounds=Grounds(ground, "", None))

    assert (phone.may_answer, phone.window_starts) == ("anyone", None)


@pytest.mark.parametrize(
    ("wishes", "window"),
    [
        (Wishes("everyone"), ()),
        (Wishes(voicemail_text="we have news of the case"), ()),
        (SAFEST, (time(9),)),
        (SAFEST, (time(9), time(9))),
    ],
)
def test_odd_answers_and_windows_are_refused(
    casework: Casework, wishes: Wishes, window: tuple[time, ...]
) -> None:
    with pytest.raises(PhoneListError) as refused:
        casework.agrees(casework.phones()[0], wishes, *window)
    assert refused.value.field


@given(
    st.times(),
    st.times(),
    st.datetimes(datetime(2001, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_moment_inside_any_window_comes_within_two_days(starts: time, ends: time, at: Any) -> None:
    window = DailyWindow.of(starts, ends)
    assert window is not None

    moment = window.moment_inside(at, "America/New_York")

    assert at <= moment <= at + timedelta(days=3)


def test_phone_of_another_case_is_not_on_the_list(casework: Casework) -> None:
    theirs = make_case(casework.session, phone=THIRD)
    other = casework.session.scalars(select(Phone).where(Phone.registrant_id == theirs.registrant_id)).one()
    deeds: list[Any] = [
        lambda: casework.code(other),
        lambda: casework.agrees(other),
        lambda: casework.marks_unsafe(other),
        lambda: reveal_phone(casework.session, casework.me, casework.case, other.id, NOW),
        lambda: move_phone(casework.session, casework.me, casework.case, other.id, up=True, now=NOW),
    ]
    for deed in deeds:
        with pytest.raises(PhoneListError, match=f"^{PhoneRefusal.NOT_ON_LIST}$"):
            deed()


def test_phone_with_notices_without_a_code_cannot_become_one_that_only_they_answer(
    casework: Casework,
) -> None:
    phone = casework.phones()[0]
    phone.may_answer = "anyone"
    registration = make_registration(casework.session, _made(casework), code=None)

    with pytest.raises(PhoneListError, match=f"^{PhoneRefusal.KEY_ALONE}$"):
        casework.agrees(phone)

    registration.code_key = "a key"
    casework.session.flush()
    casework.agrees(phone)
    assert phone.may_answer == "only_me"


@ON_BOTH
def test_number_that_was_looked_at_is_an_entry_and_no_entry_has_it(casework: Casework) -> None:
    phone = casework.phones()[0]
    assert reveal_phone(casework.session, casework.me, casework.case, phone.id, NOW) == OLD
    casework.marks_unsafe(casework.binds(NEW))

    run_last_work(casework.session)
    entries = casework.session.scalars(select(AuditEntry)).all()
    assert "reveal_phone" in casework.actions()
    assert not any("2025550" in f"{entry.target}{entry.facts}" for entry in entries)


def test_every_place_on_the_list_belongs_to_one_phone(casework: Casework) -> None:
    for number in (NEW, THIRD):
        casework.adds(number)
    positions = [phone.position for phone in casework.phones()]
    assert all(one < other for one, other in pairwise(positions))


def _made(casework: Casework, *, other: bool = False) -> Any:
    from tests.factories import MadeCase

    if other:
        return make_case(casework.session)
    return MadeCase(casework.case.id, "", "", casework.case.subject_id, casework.case.registrant_id)
