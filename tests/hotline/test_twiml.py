"""Every document of the line is one that Twilio runs, whatever a name or a place may contain."""

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from config.office import Office
from hotline.voice.fallback import DISCREET_LAST_WORDS, LAST_WORDS, fallback_blueprint
from hotline.voice.twiml import Renderer, message
from ivr_flows.engine.turn import (
    LONGEST_WAIT_SECONDS,
    Connect,
    Dial,
    End,
    Gather,
    Hangup,
    Hold,
    Join,
    Say,
    Turn,
)
from ivr_flows.prompts import Prompts
from tests.factories import make_office
from tests.twiml_check import check, check_message, heard

VOICES = {"en": ("Polly.Joanna-Neural", "en-US"), "es": ("Polly.Lupe-Neural", "es-US")}
LINE = "+12025550100"
LEG = "q3VhXe90TzL2mK123"


class FakePrompts:
    """A few sentences, and a count of how often each was requested."""

    texts: Mapping[str, str] = {
        "ask": "Please enter your case number.",
        "hear": "To hear it, press {key}.",
        "menu": "For one, press 1. | For two, press 2.",
        "danger": "If you are in danger, hang up and call {emergency}.",
        "place": "The place is {facility}.",
        "phone": "The phone there is {phone}.",
        "nothing": "{facility}",
    }

    def __init__(self) -> None:
        self.asked: list[str] = []

    def text(self, language: str, prompt: str, /, **slots: str) -> str:
        self.asked.append(prompt)
        return ("¡Oiga! " if language == "es" else "") + self.texts[prompt].format(**slots)


def make_renderer(prompts: Any = None, voices: Any = VOICES, base_path: str = "") -> Renderer:
    return Renderer(prompts or FakePrompts(), voices, base_path, LINE)


def render(end: End | None = None, *says: Say, before: tuple[Say, ...] = (), **how: Any) -> str:
    """A document that was checked and has no fault."""
    end = end or Gather("main_menu", 3, 1, 8)
    document = make_renderer(**how).render(Turn(before, says or (Say("ask"),), end), "en")
    assert check(document) == []
    return document


def element(document: str, path: str) -> ET.Element:
    found = ET.fromstring(document.encode()).find(path)  # noqa: S314
    assert found is not None, document
    return found


def test_keys_are_gathered_in_prompts_that_a_key_stops_and_silence_is_answered_too() -> None:
    document = render(Gather("ask_number", 12, 8, 10), Say("ask"))

    gather = element(document, "Gather")
    assert gather.attrib == {
        "input": "dtmf", "numDigits": "8", "finishOnKey": "#", "timeout": "10",
        "actionOnEmptyResult": "true", "method": "POST", "action": "/voice/steps/ask_number/12",
    }  # fmt: skip
    assert [child.tag for child in gather] == ["Say"]
    assert heard(document) == "Please enter your case number."


def test_words_that_must_be_heard_whole_are_outside_the_gather() -> None:
    danger = Say("danger", (("emergency", "911"),))
    document = render(None, Say("ask"), before=(danger,))

    assert [verb.tag for verb in element(document, ".")] == ["Say", "Gather"]
    assert heard(document).startswith("If you are in danger, hang up and call 911.")


def test_each_language_has_one_voice_of_its_own() -> None:
    document = render(None, Say("hear", (("key", "1"),)), Say("hear", (("key", "2"),), "es"))

    spoken = [(say.get("voice"), say.get("language")) for say in element(document, "Gather").iter("Say")]
    assert spoken == [VOICES["en"], VOICES["es"]]


def test_pause_is_between_two_options_and_nowhere_else() -> None:
    options = [Say("hear", (("key", str(key)),)) for key in (1, 2, 3)]
    document = render(None, Say("ask"), *options)
    assert re.findall(r"1\.|2\.|3\.|<break", document)[1:] == ["1.", "<break", "2.", "<break", "3."]

    parted = render(None, options[0], Say("ask"), options[1])
    assert re.findall(r"1\.|2\.|enter|<break", parted)[1:] == ["1.", "enter", "<break", "2."]

    after_words_heard_whole = render(None, options[1], before=(options[0],))
    assert re.findall(r"1\.|2\.|<break", after_words_heard_whole)[1:] == ["1.", "<break", "2."]

    in_one_text = render(None, Say("menu"))
    assert 'press 1.<break time="600ms"/>For two' in in_one_text


def test_voice_that_takes_no_markup_pauses_by_other_means() -> None:
    options = [Say("hear", (("key", str(key)),)) for key in (1, 2)]
    phone = Say("phone", (("phone", "«2025550123»"),))
    document = render(None, *options, Say("menu"), phone, voices={"en": ("man", "en-US")})

    assert [child.tag for child in element(document, "Gather")] == ["Say", "Pause", "Say", "Say", "Say"]
    assert "press 1., For two" in heard(document)
    assert "2 0 2 5 5 5 0 1 2 3" in heard(document)


def test_numbers_are_read_digit_by_digit() -> None:
    document = render(
        None, Say("phone", (("phone", "«2025550123»"),)), before=(Say("danger", (("emergency", "911"),)),)
    )

    said = [(tag.get("interpret-as"), tag.text) for tag in element(document, ".").iter("say-as")]
    assert said == [("digits", "911"), ("telephone", "2025550123")]


def test_slow_pace_waits_a_second_for_each_word_and_ten_more() -> None:
    # Five words, and one for each of the ten digits after four words.
    says = (Say("ask"), Say("phone", (("phone", "«2025550123»"),)))
    wait = element(render(Gather("ask_number", 2, 8, 10, slow=True), *says), "Gather").get("timeout")
    assert wait == str(5 + 14 + 10)

    # What is heard before the wait counts as well, and a wait never shrinks.
    before = (Say("danger", (("emergency", "911"),)),)
    wait = element(render(Gather("ask_number", 2, 8, 10, slow=True), *says, before=before), "Gather").get(
        "timeout"
    )
    assert wait == str(5 + 14 + 12 + 10)
    wait = element(render(Gather("ask_number", 2, 8, 60, slow=True), *says), "Gather").get("timeout")
    assert wait == "60"

    endless = render(Gather("ask_number", 2, 8, 10, slow=True), *[Say("ask")] * 200)
    assert element(endless, "Gather").get("timeout") == str(LONGEST_WAIT_SECONDS)


def test_transfer_rings_one_number_and_records_nothing() -> None:
    document = render(Dial("ring_office", 9, "+12025550142", 20), Say("ask"))

    dial, number = element(document, "Dial"), element(document, "Dial/Number")
    assert dial.attrib == {
        "answerOnBridge": "true", "callerId": LINE, "timeout": "20", "timeLimit": "14400",
        "record": "do-not-record", "method": "POST", "action": "/voice/steps/ring_office/9",
    }  # fmt: skip
    assert number.attrib == {}
    assert number.text == "+12025550142"


def test_short_number_can_be_rung_and_rings_no_shorter_or_longer_than_allowed() -> None:
    assert element(render(Dial("services", 4, "988", 30)), "Dial/Number").text == "988"
    assert element(render(Dial("services", 4, "988", 2)), "Dial").get("timeout") == "5"
    assert element(render(Dial("services", 4, "988", 9999)), "Dial").get("timeout") == "600"


@pytest.mark.parametrize("number", ["", "anonymous", "<Hangup/>"])
def test_transfer_to_nowhere_is_a_fault_and_no_document(number: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        make_renderer().render(Turn((), (), Dial("ring", 1, number, 20)), "en")


@pytest.mark.parametrize("ends_with_me", [True, False])
def test_conference_has_an_opaque_name_and_neither_beep_nor_music_nor_record(ends_with_me: bool) -> None:
    document = render(Join("conference", 5, "aB3-_xyz9q", ends_with_me), Say("ask"))

    assert element(document, "Dial").get("action") == "/voice/steps/conference/5"
    conference = element(document, "Dial/Conference")
    assert conference.text == "aB3-_xyz9q"
    assert conference.attrib == {
        "beep": "false", "startConferenceOnEnter": "true", "endConferenceOnExit": str(ends_with_me).lower(),
        "waitUrl": "", "waitMethod": "POST", "record": "do-not-record",
    }  # fmt: skip


def test_words_into_a_conference_end_without_hanging_up() -> None:
    document = make_renderer().render(Turn((), (), Connect()), "en")
    assert check(document, whisper=True) == []
    assert len(element(document, ".")) == 0


def test_end_of_a_call_says_its_words_and_hangs_up() -> None:
    assert [verb.tag for verb in element(render(Hangup(), Say("ask")), ".")] == ["Say", "Hangup"]


def test_same_step_is_requested_again_a_second_later_while_the_pin_is_hashed() -> None:
    document = make_renderer().render(Turn((), (), Hold("ask_pin", 7)), "en")
    assert check(document) == []
    pause, again = element(document, ".")
    assert (pause.tag, pause.get("length")) == ("Pause", "1")
    assert (again.tag, again.get("method"), again.text) == ("Redirect", "POST", "/voice/steps/ask_pin/7")


def test_path_of_the_public_url_is_before_every_address() -> None:
    office = make_office()
    renderer = Renderer.of(FakePrompts(), office, "https://example.org:8443/line/")
    for end in (Gather("a", 1, 1, 8), Dial("a", 1, "988", 20), Join("a", 1, LEG, False), Hold("a", 1)):
        document = renderer.render(Turn((), (Say("ask"),), end), "es")
        assert check(document) == []
        assert document.count("/line/voice/") == document.count("/voice/") > 0


def test_texts_of_the_app_are_made_once_and_texts_of_a_case_are_cached_nowhere() -> None:
    prompts = FakePrompts()
    renderer = make_renderer(prompts)
    for number in range(1, 4):
        says = (Say("ask"), Say("hear", (("key", "1"),)), Say("place", (("facility", "Stewart"),)))
        document = renderer.render(Turn((), says, Gather("case_menu", number, 1, 8)), "en")
        assert f'/case_menu/{number}"' in document
    assert prompts.asked.count("ask") == prompts.asked.count("hear") == 1
    assert prompts.asked.count("place") == 3


def test_missing_prompt_slot_or_language_is_a_fault() -> None:
    for say, language in (
        (Say("no such"), "en"),
        (Say("hear"), "en"),
        (Say("ask"), "fr"),
        (Say("ask", (), "fr"), "en"),
    ):
        with pytest.raises(KeyError):
            make_renderer().render(Turn((), (say,), Hangup()), language)


HOSTILE = [
    "<Hangup/>", "</Say></Gather></Response>", "&amp;&#0;&bogus;", "]]>", "<!--", "a\x00b\x0b\x1f\x7f\x85",
    "\ud800", "\ufffe\uffff\ufdd0", "\"'", "|", " | | ", "«", "«»", "»1«", "«1", "« | »", "{key}",
    "%s", "🙂" * 500, "x" * 100_000, ". " * 50_000, "\u202e", "\u200b", "", " ", "«12345678901234567890»",
    "é" * 3000,
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("prompt", ["place", "nothing"])
def test_hostile_name_is_said_or_left_out_and_breaks_nothing(name: str, prompt: str) -> None:
    document = render(None, Say("ask"), Say(prompt, (("facility", name),)), Say("ask"))
    assert [verb.tag for verb in element(document, ".")] == ["Gather"]
    assert {tag.tag for tag in element(document, ".").iter()} <= {"Response", "Gather", "Say", "say-as"}
    assert heard(document).startswith("Please enter")
    assert heard(document).endswith("case number.")


ANYTHING = st.text(st.characters(exclude_categories=[]))
MARKUP = st.lists(
    st.sampled_from([*HOSTILE[:10], "|", "«", "»", "1", "a", ".", " ", "<", "&"]), max_size=30
).map("".join)


@given(
    name=ANYTHING | MARKUP,
    ends=st.sampled_from([Gather("a", 1, 1, 8, True), Hangup(), Dial("a", 1, "988", 9), Hold("a", 1)]),
)
def test_document_is_one_that_twilio_runs_whatever_a_slot_has(name: str, ends: End) -> None:
    slots = tuple((slot, name) for slot in ("facility", "phone", "emergency", "key"))
    before = (Say("ask"), *(Say(prompt, slots) for prompt in ("place", "phone", "danger", "hear", "nothing")))
    for voices in (VOICES, {"en": ("woman", "en-US")}):
        document = make_renderer(voices=voices).render(Turn(before, before, ends), "en")
        assert check(document) == []


@given(ANYTHING | MARKUP, ANYTHING)
def test_message_can_be_sent_whatever_it_has(first: str, second: str) -> None:
    assert check_message(message(first[:500], second[:500])) == []


def test_endless_text_is_cut_at_sentence_ends_below_what_a_voice_takes() -> None:
    prompts = FakePrompts()
    prompts.texts = {**FakePrompts.texts, "ask": "Aquí está señor García, ¿qué pasó? " * 100}
    document = make_renderer(prompts).render(Turn((), (Say("ask"),), Hangup()), "en")

    assert check(document) == []
    parts = ["".join(say.itertext()) for say in element(document, ".").iter("Say")]
    assert len(parts) > 1
    assert all(part.endswith("pasó?") for part in parts)
    assert " ".join(parts) == prompts.texts["ask"].strip()


def test_document_stays_below_what_twilio_takes() -> None:
    prompts = FakePrompts()
    prompts.texts = {"ask": "🙂 & words. " * 400}
    many = (Say("ask"),) * 50
    document = make_renderer(prompts).render(Turn(many, many, Gather("a", 1, 1, 8)), "en")
    assert len(document.encode()) <= 64_000
    assert check(document) == []


def test_every_sentence_of_the_app_can_be_said_in_every_language() -> None:
    office = make_office()
    prompts = Prompts.load(office.languages)
    renderer = Renderer.of(prompts, office, "https://example.org")
    for code, language in prompts.languages.items():
        for name, slots in language.slots.items():
            said = Say(name, tuple((slot, "911" if slot == "emergency" else "1") for slot in sorted(slots)))
            document = renderer.render(Turn((), (said,), Gather("a", 1, 1, 8)), code)
            assert check(document) == [], (code, name)
            assert heard(document), (code, name)


def test_fallback_names_the_emergency_number_and_a_person_in_both_languages() -> None:
    assert check(LAST_WORDS) == []
    says = list(element(LAST_WORDS, ".").iter("Say"))
    for language in ("en-US", "es-US"):
        words = " ".join("".join(say.itertext()) for say in says if say.get("language") == language)
        assert "911" in words
        assert re.search(r"person.* 2025550102", words)
    assert says[0].get("language") == "en-US"


def test_no_fallback_reads_a_number_of_the_line_itself_as_a_persons_number(office: Office) -> None:
    read = {
        digits
        for words in (LAST_WORDS, DISCREET_LAST_WORDS)
        for digits in re.findall(r'"telephone">(\d+)<', words)
    }

    assert read == {office.person_number.removeprefix("+1")}
    assert office.person_number not in (*office.lines, office.staff_line)


def test_fallback_tells_the_danger_in_both_languages_first_and_in_short_texts() -> None:
    says = list(element(LAST_WORDS, ".").iter("Say"))
    assert [say.get("language") for say in says[:2]] == ["en-US", "es-US"]
    assert all("911" in "".join(say.itertext()) for say in says[:2])
    for document in (LAST_WORDS, DISCREET_LAST_WORDS):
        for say in element(document, ".").iter("Say"):
            # At 150 words a minute, with each digit of a number as a word (R17).
            words = re.findall(r"[0-9]|[^\W\d]+", "".join(say.itertext()))
            assert len(words) / 2.5 <= 14, "".join(say.itertext())


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_fallback_is_answered_without_a_signature_or_a_database(method: str) -> None:
    app = Flask("fallback")
    app.register_blueprint(fallback_blueprint())
    answer = app.test_client().open("/voice/fallback.xml", method=method, data=b"\xff%%%")
    assert (answer.status_code, answer.mimetype, answer.text) == (200, "text/xml", LAST_WORDS)
