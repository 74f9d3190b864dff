"""Twilio's forms are read strictly: withheld callers have no number, and odd keys are no entry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import BadRequest

from hotline.voice.form import NO_VALID_ENTRY, call_sid, caller_id, digits, one


def form(*pairs: tuple[str, str]) -> ImmutableMultiDict[str, str]:
    return ImmutableMultiDict(pairs)


@pytest.mark.parametrize("number", ["+12025550123", "+442025550123", "+5225550123", " +12025550123 "])
def test_phone_number_is_the_caller_id(number: str) -> None:
    assert caller_id(number) == number.strip()


@pytest.mark.parametrize(
    "spelling",
    [
        *(None, "", " ", "anonymous", "Anonymous", "unknown", "Restricted", "Unavailable", "blocked"),
        *("+266696687", "266696687", "1266696687", "+1266696687", "+7378742833", "+17378742833"),
        *("+86282452253", "86282452253", "+2562533", "2562533", "+8656696", "+8566696", "+18656696"),
        *("sip:+12025550123@example.com", "sip:anonymous@anonymous.invalid", "client:ana"),
        *("12025550123", "+0", "+1", "+911", "+1202555012", "+120255501234", "+4420255501234567"),
        *("whatsapp:+12025550123", "+10025550123", "private", "7378742833"),
        *("+1202555012x", "+1 202 555 0123", "+\u0661\u0662\u0660\u0662\u0665\u0665\u0665\u0660\u0661", "+"),
    ],
)  # fmt: skip
def test_every_spelling_of_a_withheld_number_is_no_caller_id(spelling: str | None) -> None:
    assert caller_id(spelling) is None


@given(st.text(max_size=30))
def test_caller_id_is_a_plausible_number_or_none(text: str) -> None:
    number = caller_id(text)
    assert number is None or (
        number[0] == "+" and number[1:].isascii() and number[1:].isdigit() and 8 <= len(number) - 1 <= 15
    )


@pytest.mark.parametrize("keys", ["1", "0", "*", "#", "9", "12345674", "1234567890", "12#4", "**", "0" * 64])
def test_keys_are_read_as_they_were_pressed(keys: str) -> None:
    assert digits(form(("Digits", keys))) == keys


def test_request_without_keys_is_not_silence() -> None:
    assert digits(form(("CallSid", "CA1"))) is None
    assert digits(form(("Digits", ""))) == ""
    assert digits(form(("Digits", ""), ("FinishedOnKey", ""))) == ""


def test_pound_key_alone_is_a_key_and_not_silence() -> None:
    assert digits(form(("Digits", ""), ("FinishedOnKey", "#"))) == "#"
    assert digits(form(("FinishedOnKey", "#"))) == "#"
    assert digits(form(("Digits", "5"), ("FinishedOnKey", "#"))) == "5"


def test_doubled_keys_count_only_when_they_agree() -> None:
    assert digits(form(("Digits", "1"), ("Digits", "1"))) == "1"
    assert digits(form(("Digits", "1"), ("Digits", "2"))) == NO_VALID_ENTRY
    assert digits(form(("Digits", "1"), ("Digits", ""))) == NO_VALID_ENTRY


@pytest.mark.parametrize("odd", ["hangup", "1 ", "A", "1,2", "\u0661", "１", "1\n", "?", "-1", "0" * 65])
def test_odd_digits_are_an_entry_that_nothing_equals(odd: str) -> None:
    assert digits(form(("Digits", odd))) == NO_VALID_ENTRY


@given(
    st.lists(
        st.tuples(st.sampled_from(["Digits", "FinishedOnKey", "CallSid"]), st.text(max_size=5)), max_size=5
    )
)
def test_reading_keys_never_fails(pairs: list[tuple[str, str]]) -> None:
    keys = digits(form(*pairs))
    assert keys is None or keys == NO_VALID_ENTRY or set(keys) <= set("0123456789*#")


@pytest.mark.parametrize("sid", ["CA" + "0a" * 16, "CA1", "a1B2", "x" * 64])
def test_call_is_known_by_its_sid(sid: str) -> None:
    assert call_sid(form(("CallSid", sid), ("CallSid", sid), ("FromCity", ""), ("Surprise", "x"))) == sid


@pytest.mark.parametrize(
    "pairs",
    [
        (), (("CallSid", ""),), (("CallSid", "x" * 65),), (("CallSid", "CA1\n"),), (("CallSid", "CA-1"),),
        (("CallSid", "é"),), (("CallSid", "CA1"), ("CallSid", "CA2")), (("callsid", "CA1"),),
    ],
)  # fmt: skip
def test_request_without_exactly_one_call_sid_is_a_bad_request(pairs: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(BadRequest):
        call_sid(form(*pairs))


def test_single_value_is_read_only_when_it_is_given_once_and_short() -> None:
    assert one(form(("To", "a")), "To") == "a"
    assert one(form(("To", "a"), ("To", "a")), "To") == "a"
    assert one(form(("To", "a"), ("To", "b")), "To") is None
    assert one(form(), "To") is None
    assert one(form(("To", "a" * 257)), "To") is None
