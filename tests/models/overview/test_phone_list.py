"""Phones as staff keep them: a code binds one, an unsafe one is called no more, a hold holds (R08, R09)."""

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
from tests.factories import NOW, make_callback, make_case, make_office
from tests.models.staff.staff_people import Someone, someone
from workers.office_rules import callback_policy_of

POLICY = callback_policy_of(make_office())
POLICIES = POLICY.numbers
OLD, NEW, THIRD = "+12025550110", "+12025550111", "+12025550112"
VERIFIED = Grounds("verification", "met_in_person", NOW + timedelta(hours=1))


@dataclass
class Desk:
    """A liaison with a case open before them."""

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

    def agrees(self, phone: Phone, wishes: Wishes = SAFEST, *window: time) -> None:
        agreed = PhoneWishes(wishes, *window)
        keep_wishes(self.session, self.me, self.case, phone.id, agreed, NOW)

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
def desk(database: Database) -> Iterator[Desk]:
    with database.transaction() as session:
        made = make_case(session, phone=OLD)
        yield Desk(session, session.get_one(Case, made.id), someone(session))


def test_a_new_phone_is_called_only_after_the_code_spoken_to_it_came_back(desk: Desk) -> None:
    phone = desk.adds()
    assert desk.safe() == [OLD]
    code = desk.code(phone)
    assert desk.safe() == [OLD]

    assert desk.confirms(phone, f" {code} ")

    assert desk.safe() == [OLD, NEW]
    assert [consent.channel for consent in phone.consents] == ["voice"]


def test_the_owner_of_the_old_phone_is_called_when_a_new_one_is_bound(desk: Desk) -> None:
    desk.binds(NEW)

    told = desk.session.scalars(select(Callback)).one()
    keyring = desk.session.info["keyring"]
    assert keyring.unseal("callback.number", told.number_sealed) == OLD
    assert (told.reason, told.verified, told.case_id) == ("phone_added", True, None)


def test_three_wrong_codes_or_a_quarter_of_an_hour_end_a_code(desk: Desk) -> None:
    phone = desk.adds()
    code = desk.code(phone)
    wrong = "0" * len(code)
    for _ in range(CODE_TRIES):
        assert not desk.confirms(phone, wrong)
    with pytest.raises(PhoneListError):
        desk.confirms(phone, code)

    code = desk.code(phone)
    with pytest.raises(PhoneListError):
        desk.confirms(phone, code, NOW + timedelta(minutes=15))
    assert phone.confirmed_at is None


@pytest.mark.parametrize("ground", ["search", "approval"])
def test_a_phone_is_bound_only_when_someone_knows_the_person(desk: Desk, ground: str) -> None:
    with pytest.raises(PhoneListError, match=f"^{PhoneRefusal.NOT_VERIFIED}$"):
        desk.adds(grounds=Grounds(ground, "complaint", None))


def test_a_number_stands_once_on_the_list_and_the_list_is_short(desk: Desk) -> None:
    with pytest.raises(PhoneListError, match=f"^{PhoneRefusal.ON_LIST}$"):
        desk.adds(OLD)
    for n in range(MOST_PHONES - 1):
        desk.adds(f"+1202555012{n}")
    with pytest.raises(PhoneListError, match=f"^{PhoneRefusal.TOO_MANY}$"):
        desk.adds(THIRD)


def test_an_unsafe_phone_is_called_no_more_from_that_moment(desk: Desk) -> None:
    keyring = desk.session.info["keyring"]
    key = keyring.index("phone", OLD)
    desk.session.add(KnownPhone(number_key=desk.case.number_key, phone_key=key, last_verified_at=NOW))
    waiting = make_callback(desk.session, _made(desk), phone=OLD)
    phone = desk.phones()[0]

    desk.marks_unsafe(phone)

    assert desk.safe() == []
    desk.session.refresh(waiting)
    assert (waiting.state, waiting.outcome) == ("left_for_staff", "cannot_dial")
    assert desk.session.scalars(select(KnownPhone)).one().unsafe_at == NOW
    assert all(consent.withdrawn_at == NOW for consent in desk.session.scalars(select(Consent)))
    assert desk.actions()[-1] == "mark_phone_unsafe"


def test_a_phone_that_rings_is_let_go_when_it_becomes_unsafe_and_a_talk_goes_on(desk: Desk) -> None:
    from tests.factories import make_call

    legs = [make_call(desk.session, direction="outbound").id for _ in range(2)]
    ringing = make_callback(
        desk.session, _made(desk), phone=OLD, state="ringing_caller",
        liaison_call_id=legs[0], caller_call_id=legs[1],
    )  # fmt: skip

    jobs = desk.marks_unsafe(desk.phones()[0])

    assert jobs == [("release_leg", legs[0]), ("release_leg", legs[1])]
    desk.session.refresh(ringing)
    assert ringing.state == "left_for_staff"


def test_an_unsafe_phone_is_safe_again_only_by_a_code(desk: Desk) -> None:
    phone = desk.phones()[0]
    desk.marks_unsafe(phone)
    assert desk.marks_unsafe(phone) == []

    assert desk.confirms(phone, desk.code(phone))

    assert desk.safe() == [OLD]


def test_staff_lift_a_stop_as_they_bind_the_phone(desk: Desk) -> None:
    phone = desk.phones()[0]
    code = desk.code(phone)
    phone.stopped_at = NOW

    assert desk.confirms(phone, code)

    assert phone.stopped_at is None


def test_while_changes_are_held_nothing_moves_but_a_phone_becomes_unsafe(desk: Desk) -> None:
    desk.adds()
    until = desk.case.changes_held_until = NOW + timedelta(hours=72)
    first = desk.phones()[0]
    tries: list[Any] = [
        lambda: desk.adds(THIRD),
        lambda: desk.code(first),
        lambda: desk.confirms(first, "1234"),
        lambda: desk.agrees(first),
        lambda: move_phone(desk.session, desk.me, desk.case, first.id, up=False, now=NOW),
    ]
    for change in tries:
        with pytest.raises(PhoneListError) as held:
            change()
        assert held.value.facts == {"until": until}

    desk.marks_unsafe(first)

    assert desk.safe() == []


def test_phones_change_places_and_nothing_happens_at_the_ends(desk: Desk) -> None:
    desk.binds(NEW)
    desk.binds(THIRD)
    last = desk.phones()[-1]

    assert move_phone(desk.session, desk.me, desk.case, last.id, up=True, now=NOW)
    assert desk.safe() == [OLD, THIRD, NEW]
    assert move_phone(desk.session, desk.me, desk.case, last.id, up=True, now=NOW)
    assert desk.safe() == [THIRD, OLD, NEW]
    assert not move_phone(desk.session, desk.me, desk.case, last.id, up=True, now=NOW)
    assert move_phone(desk.session, desk.me, desk.case, last.id, up=False, now=NOW)
    assert desk.safe() == [OLD, THIRD, NEW]


def test_what_is_agreed_for_a_phone_is_how_the_next_callback_there_begins(desk: Desk) -> None:
    phone = desk.phones()[0]
    wishes = Wishes("ask_for_me", "hello")
    desk.agrees(phone, wishes, time(9), time(12))

    callback = make_callback(desk.session, _made(desk), phone=OLD)
    elsewhere = make_callback(desk.session, _made(desk, other=True), phone=OLD)

    assert last_wishes(desk.session, callback) == wishes
    assert last_wishes(desk.session, elsewhere) == SAFEST
    assert (phone.window_starts, phone.window_ends) == (time(9), time(12))
    in_force = [consent for consent in phone.consents if consent.withdrawn_at is None]
    assert ["ask for me" in consent.words for consent in in_force] == [True]


def test_who_answered_later_on_the_line_is_asked_as_they_said_then(desk: Desk) -> None:
    desk.agrees(desk.phones()[0], Wishes("anyone", "hello"))
    made = _made(desk)
    before = make_callback(
        desk.session, made, phone=OLD, state="reached", closed_at=NOW,
        requested_at=NOW + timedelta(hours=1), may_answer="ask_for_me",
    )  # fmt: skip
    callback = make_callback(desk.session, made, phone=OLD)

    assert last_wishes(desk.session, callback) == Wishes(before.may_answer)


def test_where_no_message_is_wanted_any_more_a_waiting_callback_leaves_none(desk: Desk) -> None:
    waiting = make_callback(
        desk.session, _made(desk), phone=OLD, voicemail_allowed=True, voicemail_text="hello", place=1
    )

    desk.agrees(desk.phones()[0])

    desk.session.refresh(waiting)
    assert (waiting.voicemail_allowed, waiting.voicemail_text, waiting.place) == (False, None, None)


@pytest.mark.parametrize(
    ("wishes", "window"),
    [
        (Wishes("everyone"), ()),
        (Wishes(voicemail_text="we have news of the case"), ()),
        (SAFEST, (time(9),)),
        (SAFEST, (time(9), time(9))),
    ],
)
def test_odd_answers_and_windows_are_refused(desk: Desk, wishes: Wishes, window: tuple[time, ...]) -> None:
    with pytest.raises(PhoneListError) as refused:
        desk.agrees(desk.phones()[0], wishes, *window)
    assert refused.value.field


@given(
    st.times(),
    st.times(),
    st.datetimes(datetime(2001, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_whatever_window_is_kept_a_moment_inside_it_comes_within_two_days(
    starts: time, ends: time, at: Any
) -> None:
    window = DailyWindow.of(starts, ends)
    assert window is not None

    moment = window.moment_inside(at, "America/New_York")

    assert at <= moment <= at + timedelta(days=3)


def test_a_phone_of_another_case_is_not_on_the_list(desk: Desk) -> None:
    theirs = make_case(desk.session, phone=THIRD)
    other = desk.session.scalars(select(Phone).where(Phone.registrant_id == theirs.registrant_id)).one()
    deeds: list[Any] = [
        lambda: desk.code(other),
        lambda: desk.agrees(other),
        lambda: desk.marks_unsafe(other),
        lambda: reveal_phone(desk.session, desk.me, desk.case, other.id, NOW),
        lambda: move_phone(desk.session, desk.me, desk.case, other.id, up=True, now=NOW),
    ]
    for deed in deeds:
        with pytest.raises(PhoneListError, match=f"^{PhoneRefusal.NOT_ON_LIST}$"):
            deed()


def test_a_number_that_was_looked_at_is_an_entry_and_no_entry_holds_it(desk: Desk) -> None:
    phone = desk.phones()[0]
    assert reveal_phone(desk.session, desk.me, desk.case, phone.id, NOW) == OLD
    desk.marks_unsafe(desk.binds(NEW))

    run_last_work(desk.session)
    entries = desk.session.scalars(select(AuditEntry)).all()
    assert "reveal_phone" in desk.actions()
    assert not any("2025550" in f"{entry.target}{entry.facts}" for entry in entries)


def test_every_place_on_the_list_is_one_phones_own(desk: Desk) -> None:
    for number in (NEW, THIRD):
        desk.adds(number)
    positions = [phone.position for phone in desk.phones()]
    assert all(one < other for one, other in pairwise(positions))


def _made(desk: Desk, *, other: bool = False) -> Any:
    from tests.factories import MadeCase

    if other:
        return make_case(desk.session)
    return MadeCase(desk.case.id, "", "", desk.case.subject_id, desk.case.registrant_id)
