"""Cases: their numbers, their PINs, and what opening, a new PIN and closing do (R01-R04)."""

import re
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select
from stdnum import damm

import models.cases.case
from models import AuditEntry, Callback, Case, Phone, PinCounter, PinTry, Registrant, Subject
from models.cases.case import (
    CaseError,
    begins_number,
    check_digit_is_right,
    close_case,
    new_number,
    open_case,
    rotate_pin,
)
from models.cases.new_pin import is_guessable, new_pin
from models.cases.pin_hash import PinHasher
from models.store.database import Database
from tests.factories import HASHER, NOW, MadeCase, make_callback, make_case

PHONE = "+12025550123"


def _open(database: Database, subject_id: str = "A-1", phone: str | None = None) -> tuple[str, str]:
    with database.transaction() as session:
        return open_case(
            session,
            hasher=HASHER,
            subject_id=subject_id,
            subject_name="Ivo Invented",
            language="es",
            phone=phone,
            time_zone="America/Chicago",
            now=NOW,
        )


# Numbers.


@given(st.sampled_from([8, 10]))
def test_every_new_number_has_its_length_its_first_digit_and_its_check_digit(length: int) -> None:
    number = new_number(length)

    assert len(number) == length
    assert number[0] != "0"
    assert check_digit_is_right(number)


@given(st.data(), st.integers(1_000_000, 9_999_999))
def test_any_one_wrong_key_and_any_two_swapped_keys_are_noticed(data: st.DataObject, body: int) -> None:
    number = f"{body}{damm.calc_check_digit(str(body))}"
    place = data.draw(st.integers(0, 7))
    digit = data.draw(st.sampled_from("0123456789").filter(lambda d: d != number[place]))
    assert not check_digit_is_right(number[:place] + digit + number[place + 1 :])

    pair = data.draw(st.integers(0, 6))
    swapped = number[:pair] + number[pair + 1] + number[pair] + number[pair + 2 :]
    assert swapped == number or not check_digit_is_right(swapped)


@pytest.mark.parametrize("digits", ["", "0", "1234567", "012345678", "٣٢٣٢٣٢٣٢", "1234 567", "-1234567"])
def test_entry_that_is_no_number_is_told_apart_from_one(digits: str) -> None:
    assert not check_digit_is_right(digits)


def test_numbers_have_ten_digits_above_nine_thousand_live_cases(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models.cases.case, "LIVE_CASES_OF_8_DIGITS", 2)
    assert [len(_open(database)[0]) for _ in range(3)] == [8, 8, 10]

    with database.transaction() as session:
        for number in session.scalars(select(Case.id)):
            session.get_one(Case, number).closed_at = NOW
    assert len(_open(database)[0]) == 8


def test_number_is_never_reissued_even_when_its_case_is_closed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        old = make_case(session, closed_at=NOW)
    offered = iter([old.number, old.number, "10000005", new_number()])
    monkeypatch.setattr(models.cases.case, "new_number", lambda _length: next(offered))

    assert _open(database)[0] == "10000005"


def test_number_is_never_the_end_of_the_callers_phone_nor_the_subjects_id_nor_a_phone_we_know(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        make_case(session, phone="+12025550177")
    offered = iter(["02555012", "22025550", "25550123", "2025550177", "10000005"])
    monkeypatch.setattr(models.cases.case, "new_number", lambda _length: next(offered))

    assert _open(database, subject_id="A 022-025-550 ; 02555012", phone=PHONE)[0] == "10000005"


# PINs.


def test_new_pin_is_six_digits_that_nobody_would_think_of() -> None:
    pins = [new_pin() for _ in range(2_000)]

    assert all(re.fullmatch("[1-9][0-9]{5}", pin) for pin in pins)
    assert not any(map(is_guessable, pins))
    assert len(set(pins)) > 1_900


def test_another_pin_is_drawn_until_one_is_acceptable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    offered = iter([123456, 111111, 240985, 739482])
    monkeypatch.setattr("models.cases.new_pin.secrets.choice", lambda _numbers: next(offered))

    assert new_pin() == "739482"


def test_new_pin_does_not_begin_the_case_number(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = iter([739482, 518692])
    monkeypatch.setattr("models.cases.new_pin.secrets.choice", lambda _numbers: next(offered))

    assert new_pin("7394820051") == "518692"


def test_new_number_does_not_begin_with_its_pin(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models.cases.case, "new_pin", lambda: "739482")
    offered = iter(["73948207", "10000005"])
    monkeypatch.setattr(models.cases.case, "new_number", lambda _length: next(offered))

    assert _open(database) == ("10000005", "739482")


@pytest.mark.parametrize("length", [8, 10])
def test_first_digits_of_a_number_are_recognized_by_its_index_alone(database: Database, length: int) -> None:
    number, keyring = new_number(length), database.keyring
    other = number[:5] + str((int(number[5]) + 1) % 10)

    def begins(digits: str) -> bool:
        return begins_number(keyring, digits, keyring.index("case", number), (8, 10))

    assert begins(number[:6])
    assert not begins(other)


@pytest.mark.parametrize(
    "pin",
    ["111111", "121212", "123123", "900090", "115551", "122212", "898989", "765432", "123456", "654321",
     "901234", "712340", "987641", "790124", "240985", "852409", "092485", "198503", "121985", "031985",
     "201712", "290224", "311299", "850924"],
)  # fmt: skip
def test_repeats_runs_and_dates_are_refused(pin: str) -> None:
    assert is_guessable(pin)


@pytest.mark.parametrize("pin", ["739482", "402857", "960371", "684093", "907254"])
def test_pin_without_a_pattern_is_taken(pin: str) -> None:
    assert not is_guessable(pin)


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_no_spelling_of_any_date_is_a_pin(day: date) -> None:
    spellings = ("%m%d%y", "%d%m%y", "%y%m%d", "%y%d%m", "%Y%m", "%m%Y")

    assert all(is_guessable(day.strftime(spelling)) for spelling in spellings)


@given(
    st.integers(0, 9),
    st.sampled_from([1, -1]),
    st.integers(0, 2),
    st.text("0123456789", min_size=2, max_size=2),
)
def test_no_run_of_four_hides_in_a_pin(first: int, step: int, place: int, rest: str) -> None:
    run = "".join(str((first + step * i) % 10) for i in range(4))

    assert is_guessable(rest[:place] + run + rest[place:])


@given(st.integers(1, 3), st.data())
def test_no_block_that_repeats_is_a_pin(length: int, data: st.DataObject) -> None:
    block = data.draw(st.text("0123456789", min_size=length, max_size=length))

    assert is_guessable((block * 6)[:6])


def test_enough_pins_are_left_to_choose_from() -> None:
    left = sum(
        not is_guessable(f"{first}{rest:05d}") for first, rest in product("123456789", range(0, 100_000, 31))
    )

    assert left * 31 > 750_000


# Opening a case.


def test_opened_case_keeps_neither_number_nor_pin_where_they_can_be_read(database: Database) -> None:
    number, pin = _open(database, phone=PHONE)

    with database.reading() as session:
        case = session.scalars(select(Case)).one()
        keyring = database.keyring
        assert keyring.unseal("case.number", case.number_sealed) == number
        assert case.number_key == keyring.index("case", number)
        assert HASHER.matches(case.pin_hash, pin)
        assert case.pin_kind == "standing"
        assert case.pin_expires_at is None
        assert (case.registrant.language, case.registrant.time_zone) == ("es", "America/Chicago")
        assert keyring.unseal("subject.feed_id", case.subject.feed_id_sealed) == "A-1"
        assert keyring.unseal("subject.name", case.subject.name_sealed or "") == "Ivo Invented"


def test_phone_of_a_new_case_is_confirmed_and_has_the_safest_consents(database: Database) -> None:
    _open(database, phone=PHONE)

    with database.reading() as session:
        phone = session.scalars(select(Phone)).one()
        assert database.keyring.unseal("phone.number", phone.number_sealed) == PHONE
        assert phone.confirmed_at == NOW
        assert phone.unsafe_since is None
        assert (phone.voicemail_allowed, phone.night_allowed) == (False, None)
        assert phone.may_answer == "only_me"
        consent = phone.consents[0]
        assert (consent.channel, consent.cap_per_day, consent.granted_at) == ("voice", 3, NOW)


def test_two_cases_about_one_person_share_the_subject_and_nothing_else(database: Database) -> None:
    first, second = _open(database), _open(database)

    with database.reading() as session:
        assert len(session.scalars(select(Subject)).all()) == 1
        assert len(session.scalars(select(Registrant)).all()) == 2
    assert first[0] != second[0]


def test_every_change_of_a_case_is_an_audit_entry_without_a_digit_of_number_or_pin(
    database: Database,
) -> None:
    number, pin = _open(database, phone=PHONE)
    with database.transaction() as session:
        new = rotate_pin(session, HASHER, number, NOW)
    with database.transaction() as session:
        close_case(session, number, NOW)

    with database.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        assert [entry.action for entry in entries] == ["open_case", "rotate_pin", "close_case"]
        told = " ".join(f"{entry.actor} {entry.target} {entry.facts}" for entry in entries)
    assert not any(secret in told for secret in (number, pin, new, PHONE, "Ivo"))


@pytest.mark.parametrize("deed", ["open", "rotate"])
def test_hash_is_computed_before_the_first_query(database: Database, deed: str) -> None:
    number, _ = _open(database)
    order: list[str] = []

    class Watched(PinHasher):
        def hash(self, pin: str) -> str:
            order.append("hash")
            return super().hash(pin)

    hasher = Watched(b"pepper", memory_kib=64, time_cost=1)
    event.listen(database.write_engine, "begin", lambda _connection: order.append("begin"))
    with database.transaction() as session:
        if deed == "rotate":
            rotate_pin(session, hasher, number, NOW)
        else:
            open_case(session, hasher=hasher, subject_id="B", subject_name="B", language="en",
                      phone=None, time_zone="UTC", now=NOW)  # fmt: skip

    assert order == ["hash", "begin"]


# A new PIN.


def _lock(database: Database, case: MadeCase) -> None:
    key = database.keyring.index("case", case.number)
    with database.transaction() as session:
        for turn, name in enumerate(("", "uhome")):
            session.add(
                PinCounter(number_key=key, counter=name, consecutive=10, wait_until=NOW, locked_at=NOW)
            )
            session.add(PinTry(call_id=1, turn=turn, number_key=key, counter=name, at=NOW, opened=False))


def test_new_pin_replaces_the_old_one_and_lifts_lock_and_waits(database: Database) -> None:
    with database.transaction() as session:
        case = make_case(session, pin_kind="one_time", pin_expires_at=NOW + timedelta(days=21))
    _lock(database, case)

    with database.transaction() as session:
        pin = rotate_pin(session, HASHER, case.number, NOW)

    with database.reading() as session:
        row = session.get_one(Case, case.id)
        assert HASHER.matches(row.pin_hash, pin)
        assert not HASHER.matches(row.pin_hash, case.pin)
        assert (row.pin_kind, row.pin_expires_at, row.pin_issued_at) == ("standing", None, NOW)
        for counter in session.scalars(select(PinCounter)):
            assert (counter.consecutive, counter.wait_until, counter.locked_at) == (0, None, None)


def test_new_pin_clears_nothing_of_the_last_thirty_days(database: Database) -> None:
    with database.transaction() as session:
        case = make_case(session)
    _lock(database, case)

    with database.transaction() as session:
        rotate_pin(session, HASHER, case.number, NOW)

    with database.reading() as session:
        assert len(session.scalars(select(PinTry).where(PinTry.opened.is_(False))).all()) == 2


def test_new_pin_lifts_no_other_numbers_lock(database: Database) -> None:
    with database.transaction() as session:
        case, other = make_case(session), make_case(session)
    _lock(database, other)

    with database.transaction() as session:
        rotate_pin(session, HASHER, case.number, NOW)

    with database.reading() as session:
        assert {counter.consecutive for counter in session.scalars(select(PinCounter))} == {10}


@pytest.mark.parametrize("deed", ["rotate", "close", "close again"])
def test_case_that_does_not_exist_or_is_closed_already_is_refused_without_its_number(
    database: Database, deed: str
) -> None:
    number = new_number()
    if deed == "close again":
        with database.transaction() as session:
            make_case(session, number=number, closed_at=NOW)

    def act() -> None:
        with database.transaction() as session:
            if deed == "rotate":
                rotate_pin(session, HASHER, number, NOW)
            else:
                close_case(session, number, NOW)

    with pytest.raises(CaseError) as told:
        act()

    assert number not in str(told.value)
    assert ("closed" in str(told.value)) is (deed == "close again")


# Closing.


@pytest.mark.parametrize(
    "state", ["requested", "claimed", "ringing_liaison", "ringing_caller", "talking", "left_for_staff"]
)
def test_closing_a_case_changes_no_callback(database: Database, state: str) -> None:
    with database.transaction() as session:
        case = make_case(session)
        before = make_callback(session, case, state=state)

    with database.transaction() as session:
        close_case(session, case.number, NOW)

    with database.reading() as session:
        assert session.get_one(Case, case.id).closed_at == NOW
        mine = session.scalars(select(Callback)).one()
        assert (mine.state, mine.outcome, mine.closed_at) == (state, before.outcome, before.closed_at)
