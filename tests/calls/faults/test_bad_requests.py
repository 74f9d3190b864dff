"""Requests that no phone would make, and faults of our own: the caller always hears words."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import NullPool, create_engine, select, text

from hotline.exchange.delivery.request import Request
from hotline.exchange.delivery.signing import signed_headers
from models import Call, Callback, Staff
from models.store.database import tried_again
from tests.calls.conftest import Clock, Hotline
from tests.calls.stories import (
    document_of,
    is_asked_for_a_number,
    next_url,
    opens_the_case,
    reaches_the_first_menu,
    speaks,
)
from tests.factories import HASHER, MadeCase
from tests.phone import Phone

MakeCase = Callable[..., MadeCase]


class Carrier:
    """Posts signed requests with exactly the parameters given, including doubled ones and none at all."""

    def __init__(self, phone: Phone, hotline: Hotline) -> None:
        self._phone, self._project_rules = phone, hotline

    def posts(self, path: str, *params: tuple[str, str]) -> Any:
        """The line's response to a signed POST."""
        request = Request.of("POST", f"{self._project_rules.settings.public_url}{path}", params)
        headers = signed_headers(self._project_rules.settings.twilio_auth_tokens[0], request)
        return self._phone._client.post(request.url, data=request.body, headers=headers)


@pytest.fixture
def sender(phone: Phone, hotline: Hotline) -> Carrier:
    """A carrier that sends what it likes."""
    return Carrier(phone, hotline)


PATHS = ["/voice/inbound", "/voice/steps/language/1", "/voice/legs/" + "a" * 32, "/voice/call-events"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "params",
    [
        (),
        (("From", "+12025550123"),),
        (("CallSid", ""),),
        (("CallSid", "CA 1; DROP"),),
        (("CallSid", "CA" + "a" * 300),),
        (("CallSid", "CA" + "a" * 32), ("CallSid", "CA" + "b" * 32)),
    ],
)
def test_request_without_exactly_one_call_sid_is_refused(
    sender: Carrier, hotline: Hotline, path: str, params: tuple[tuple[str, str], ...]
) -> None:
    assert sender.posts(path, *params).status_code == 400
    assert hotline.rows(select(Call)) == []


SID = ("CallSid", "CA" + "c" * 32)


@pytest.mark.parametrize(
    "params",
    [
        (SID,),
        (SID, ("To", "+12025550100")),
        (SID, ("From", "+12025550123"), ("From", "+12025550124")),
        (SID, ("From", "x" * 5000)),
        (SID, ("From", "\x00"), ("To", "\x00"), ("CallStatus", "\x00")),
        (SID, ("From", "+12025550123"), ("CallStatus", "ringing" * 50), ("Direction", "")),
        (SID, *((f"Extra{n}", "new") for n in range(200))),
        (SID, SID, ("From", "+12025550123"), ("From", "+12025550123")),
    ],
)
def test_call_with_parameters_missing_doubled_or_new_is_answered(
    sender: Carrier, hotline: Hotline, params: tuple[tuple[str, str], ...]
) -> None:
    response = sender.posts("/voice/inbound", *params)

    assert response.status_code == 200
    assert speaks(response.get_data(as_text=True))
    answer = sender.posts("/voice/steps/language/1", *params)
    assert answer.status_code == 200
    assert speaks(answer.get_data(as_text=True))


@pytest.mark.parametrize("doubled", [("1", "2"), ("1", ""), ("", "0")])
def test_caller_is_asked_again_when_two_sets_of_keys_differ(
    sender: Carrier, phone: Phone, doubled: tuple[str, str]
) -> None:
    reaches_the_first_menu(phone)
    both = [("Digits", digits) for digits in doubled]

    response = sender.posts(next_url(document_of(phone)), ("CallSid", phone.call_sid), *both)

    assert "That key does not work here" in response.get_data(as_text=True)


def test_two_sets_of_keys_that_agree_are_taken(sender: Carrier, phone: Phone) -> None:
    reaches_the_first_menu(phone)

    response = sender.posts(
        next_url(document_of(phone)), ("CallSid", phone.call_sid), ("Digits", "1"), ("Digits", "1")
    )

    assert "case number" in response.get_data(as_text=True)


def test_answer_without_digits_is_silence(sender: Carrier, phone: Phone) -> None:
    reaches_the_first_menu(phone)

    response = sender.posts(next_url(document_of(phone)), ("CallSid", phone.call_sid))

    assert "Take your time" in response.get_data(as_text=True)


@pytest.mark.parametrize("path", [*PATHS, "/sms/inbound"])
def test_body_of_ten_megabytes_is_refused(sender: Carrier, phone: Phone, hotline: Hotline, path: str) -> None:
    response = sender.posts(path, SID, ("Digits", "1" * 10_000_000))

    assert response.status_code in {400, 403}
    assert hotline.rows(select(Call)) == []


def test_extra_parameters_change_nothing(phone: Phone, make_case: MakeCase) -> None:
    case = make_case(custody_status="in_custody")
    # What the line says of the call before is then the same in both.
    opens_the_case(phone.another(), case)
    opens_the_case(phone, case)
    plain, odd = phone.heard_so_far, phone.another()

    odd.dials_in(StirVerstat="TN-Validation-Failed-C", NewThing="yes", Ünïcode="ß", AccountSid="AC0")
    for keys in ("1", "1", case.number, case.pin):
        odd.presses(keys)

    assert odd.heard_so_far == plain


def test_unknown_leg_is_ended_politely(phone: Phone) -> None:
    phone.dials_in()

    document = phone.raw(phone.posts("/voice/legs/" + "0" * 32, CallSid="CA" + "d" * 32))

    assert "<Say" in document
    assert "<Hangup/>" in document


def test_call_without_progress_for_a_quarter_of_an_hour_is_offered_a_callback(
    phone: Phone, clock: Clock
) -> None:
    reaches_the_first_menu(phone)
    clock.passes(minutes=16)

    phone.presses("1")

    assert phone.hears("press 1")
    phone.presses("1")
    assert phone.hears("We will call you")


@pytest.mark.parametrize("offered", [False, True])
@pytest.mark.parametrize("language", ["1", "2"])
def test_key_7_after_a_quarter_of_an_hour_without_progress_says_the_harmless_words(
    phone: Phone, clock: Clock, hotline: Hotline, language: str, offered: bool
) -> None:
    """Somebody walks in, perhaps while the caller repeats the services again and again (R22)."""
    phone.dials_in()
    phone.presses(language)
    clock.passes(minutes=16)
    if offered:
        phone.presses("*")
        clock.passes(minutes=3)

    phone.presses("7")

    assert phone.heard in (
        "The number you have reached is not available. Goodbye.",
        "El número que marcó no está disponible. Adiós.",
    )
    assert phone.is_over
    assert hotline.rows(select(Callback)) == []


def test_key_0_after_a_quarter_of_an_hour_without_progress_reaches_a_person(
    phone: Phone, clock: Clock, make_staff: Callable[..., Any], hotline: Hotline
) -> None:
    make_staff()
    reaches_the_first_menu(phone)
    clock.passes(minutes=16)

    phone.presses("0")

    assert phone.hears("I am calling someone for you")
    assert hotline.rung()


@pytest.mark.parametrize("language", ["1", "2"])
def test_key_0_pressed_again_and_again_after_a_quarter_of_an_hour_without_progress_reaches_a_person(
    phone: Phone, clock: Clock, make_staff: Callable[..., Any], hotline: Hotline, language: str
) -> None:
    """They were asked for a number, and heard the offer of a callback instead."""
    make_staff()
    is_asked_for_a_number(phone, language)
    clock.passes(minutes=16)

    phone.presses("000")

    assert phone.hears({"1": "I am calling someone for you", "2": "Estoy llamando a una persona"}[language])
    assert hotline.rung()


def test_key_9_after_a_quarter_of_an_hour_without_progress_gives_a_relay_caller_the_time(
    phone: Phone, clock: Clock
) -> None:
    reaches_the_first_menu(phone)
    clock.passes(minutes=16)
    phone.presses("9")
    assert phone.hears("To hear about your case, press 1")
    clock.passes(minutes=16)

    phone.presses("1")

    assert phone.hears("case number")


def test_robot_that_presses_wrong_keys_comes_to_an_end(phone: Phone, clock: Clock, hotline: Hotline) -> None:
    phone.dials_in()
    for _ in range(60):
        if phone.is_over:
            break
        clock.passes(minutes=1)
        phone.presses("8")

    assert phone.is_over
    assert hotline.rows(select(Callback)) == []


class BrokenError(RuntimeError):
    """What a test makes fail, with a digit that must reach no log: 739482."""


def _breaks(*_: Any, **__: Any) -> Any:
    raise BrokenError("739482")


def _is_gone(hotline: Hotline, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(hotline.database, "transaction", _breaks)
    patch.setattr(hotline.database, "reading", _breaks)
    patch.setattr(hotline.database.turn_engine, "connect", _breaks)


@pytest.mark.parametrize("is_staffed", [True, False])
def test_caller_hears_an_apology_and_gets_a_person_or_a_callback_after_a_fault_in_a_turn(
    phone: Phone,
    make_case: MakeCase,
    make_staff: Callable[..., Staff],
    hotline: Hotline,
    monkeypatch: pytest.MonkeyPatch,
    is_staffed: bool,
) -> None:
    if is_staffed:
        make_staff()
    case = make_case(custody_status="in_custody")
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    with monkeypatch.context() as patch:
        patch.setattr("ivr_flows.verbs.case_verbs.say_status", _breaks)
        phone.presses(case.pin)

    assert phone.hears("I am sorry, something went wrong on our side")
    if is_staffed:
        assert phone.hears("I am calling someone for you")
        assert hotline.rung()
    else:
        assert phone.hears("No one can answer right now", "as soon as we can, press 1")
        phone.presses("1")
        assert phone.hears("We will call you")


def test_caller_hears_an_apology_after_a_fault_of_the_hash_and_the_try_still_counts(
    phone: Phone, make_case: MakeCase, monkeypatch: pytest.MonkeyPatch, hotline: Hotline
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_number(phone)
    phone.presses(case.number)
    with monkeypatch.context() as patch:
        patch.setattr(HASHER, "matches", _breaks)
        phone.presses(case.pin)

    assert phone.hears("I am sorry, something went wrong on our side", "press 1")
    assert hotline.row(select(Call.tries)) == 1


def test_caller_is_joined_to_a_person_when_the_database_is_gone(
    phone: Phone, hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    reaches_the_first_menu(phone)
    url = next_url(document_of(phone))
    with monkeypatch.context() as patch:
        _is_gone(hotline, patch)
        for path in ("/voice/inbound", url):
            document = phone.raw(phone.posts(path, Digits="1"))
            assert "I am calling a person for you. Please stay on the line." in document
            assert "Estoy llamando a una persona. No cuelgue." in document
            assert "call again" not in document, "their call is connected at this moment"
            assert "llame otra vez" not in document
            assert hotline.office.person_number in document


def test_person_who_answers_a_call_we_placed_hears_neutral_words_when_the_database_is_gone(
    phone: Phone, hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    reaches_the_first_menu(phone)
    with monkeypatch.context() as patch:
        _is_gone(hotline, patch)
        first = phone.raw(phone.posts("/voice/legs/" + "a" * 32, Direction="outbound-api"))
        later = phone.raw(phone.posts("/voice/steps/good_time/1", Direction="outbound-api", Digits="1"))
    for document in (first, later):
        assert "I am sorry, something went wrong." in document
        assert "<Hangup/>" in document
        for word in ("911", hotline.office.person_number, "person", "persona"):
            assert word not in document


def test_caller_fetched_from_the_queue_hears_of_a_person_when_the_database_is_gone(
    phone: Phone, hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    reaches_the_first_menu(phone)
    with monkeypatch.context() as patch:
        _is_gone(hotline, patch)
        document = phone.raw(phone.posts("/voice/legs/" + "a" * 32))

    assert hotline.office.person_number in document


def _every_connection_is_closed(hotline: Hotline) -> None:
    """As after a failover, or by a pooler that cleans up: the server hangs up, and the pool does not know."""
    closing = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid()"
    )
    with create_engine(hotline.database.engine.url, poolclass=NullPool).connect() as admin:
        admin.execute(closing)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_connections_that_were_closed_meanwhile_cost_nobody_their_call(
    phone: Phone, hotline: Hotline, make_case: MakeCase
) -> None:
    case = make_case(custody_status="in_custody")
    is_asked_for_a_number(phone)
    for keys, words in (
        (case.number, "PIN"),
        (case.pin, "in custody"),
        ("1", "in custody"),
        ("2", "as soon as"),
    ):
        _every_connection_is_closed(hotline)
        phone.presses(keys)
        assert phone.hears(words)
    _every_connection_is_closed(hotline)
    phone.presses("1")
    assert phone.hears("We will call you")
    _every_connection_is_closed(hotline)
    phone.hangs_up()
    assert len(tried_again(lambda: hotline.rows(select(Callback)))) == 1


def test_call_continues_where_it_was_once_the_database_is_back(
    phone: Phone, hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    reaches_the_first_menu(phone)
    url = next_url(document_of(phone))
    with monkeypatch.context() as patch:
        _is_gone(hotline, patch)
        phone.posts(url, Digits="1")

    assert "case number" in phone.raw(phone.posts(url, Digits="1"))


def test_every_url_in_a_document_belongs_to_the_line(phone: Phone, make_case: MakeCase) -> None:
    opens_the_case(phone, make_case(custody_status="in_custody"))

    assert re.fullmatch(r"/voice/steps/[a-z_]+/\d+", urlsplit(next_url(document_of(phone))).path)
