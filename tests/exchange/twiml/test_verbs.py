"""The verb table of TwiML, row by row: what each does by itself, and what the line is told."""

import pytest

from tests.exchange.scripted_line import ScriptedLine, heard, noted

FIVE_WORDS = "one two three four five"  # two seconds of speech


def test_say_is_spoken_in_its_voice_and_language_at_150_words_a_minute_as_often_as_it_says() -> None:
    call = ScriptedLine(
        start=f'<Say voice="Polly.Lupe-Neural" language="es-US" loop="2">{FIVE_WORDS}</Say><Say>then</Say>'
    ).is_dialled()

    (passage,) = (p for p in call.transcript if p.kind == "heard")
    assert (passage.voice, passage.language) == ("Polly.Lupe-Neural", "es-US")
    assert (passage.seconds, passage.times) == (2.0, 2)
    call.passes(3.9)
    assert heard(call) == [FIVE_WORDS]
    call.passes(0.2)
    assert heard(call) == [FIVE_WORDS, "then"]


def test_say_without_attributes_is_a_man_who_speaks_english_once() -> None:
    call = ScriptedLine(start="<Say>hello</Say>").is_dialled()

    assert (call.transcript[0].voice, call.transcript[0].language, call.transcript[0].times) == (
        "man",
        "en-US",
        1,
    )


def test_every_mark_in_say_is_spoken() -> None:
    call = ScriptedLine(
        start='<Say>a<break strength="none"/> <emphasis>b</emphasis> <lang xml:lang="es-US">c</lang>'
        ' <p>d</p> <phoneme ph="x">e</phoneme> <prosody rate="slow">f <s>g</s></prosody>'
        ' <say-as interpret-as="digits">12</say-as> <sub alias="doctor">Dr</sub> <w role="x">h</w>'
        '<break time="2s"/>end</Say>'
    ).is_dialled()

    assert heard(call) == ["a … b c d e f g 12 doctor h … end"]
    assert call.transcript[0].seconds == pytest.approx(12 / 2.5 + 2.0)


def test_play_lasts_its_time_and_tones_last_theirs() -> None:
    call = ScriptedLine(
        start='<Play loop="2">https://line.example.org/a.mp3</Play><Play digits="wW1"/><Say>then</Say>'
    ).is_dialled()

    call.passes(9.9)
    assert heard(call) == ["[recording https://line.example.org/a.mp3]"]
    call.passes(0.2)
    assert heard(call)[-1] == "[tones wW1]"
    call.passes(1.8)
    assert heard(call)[-1] == "then"


def test_endless_loop_ends_with_the_call() -> None:
    call = ScriptedLine(start='<Play loop="0">https://line.example.org/a.mp3</Play>').is_dialled()

    call.passes(4999)
    assert not call.leg.is_over
    call.passes(2)
    assert call.leg.is_over


def test_pause_is_a_second_of_silence_unless_it_says_how_long() -> None:
    call = ScriptedLine(start='<Pause/><Pause length="3"/><Say>then</Say>').is_dialled()

    call.passes(3.9)
    assert heard(call) == []
    call.passes(0.2)
    assert heard(call) == ["then"]


GATHER = f"<Gather{{}}><Say>{FIVE_WORDS}</Say></Gather><Say>nothing came</Say>"


def test_gather_waits_five_seconds_after_its_prompt_and_goes_on_without_a_request() -> None:
    line = ScriptedLine(start=GATHER.format(""))
    call = line.is_dialled()

    call.passes(6.9)
    assert heard(call) == [FIVE_WORDS]
    call.passes(0.2)
    assert heard(call) == [FIVE_WORDS, "nothing came"]
    assert line.paths() == ["start"]


def test_gather_posts_to_its_own_document_what_was_keyed_up_to_the_hash() -> None:
    line = ScriptedLine(start=[GATHER.format(""), "<Hangup/>"])
    call = line.is_dialled()

    call.presses("1")
    call.passes(4.9)
    call.presses("2")
    call.passes(4.9)
    call.presses("#")

    told = line.told("start")
    assert (told["Digits"], told["FinishedOnKey"], told["msg"]) == ("12", "#", "Gather End")
    assert told["CallStatus"] == "in-progress"


def test_time_between_two_keys_is_the_timeout_of_the_gather() -> None:
    line = ScriptedLine(start=GATHER.format(' action="/done" timeout="3"'))
    call = line.is_dialled()

    call.presses("1")
    call.passes(2.9)
    assert line.paths() == ["start"]
    call.passes(0.2)

    assert line.told("done")["Digits"] == "1"


def test_first_key_stops_the_prompt() -> None:
    line = ScriptedLine(
        start='<Gather numDigits="2" action="/done"><Say>first</Say><Say>second</Say></Gather>',
        done="<Say>done</Say>",
    )
    call = line.is_dialled()

    call.presses("1")
    call.passes(4)
    assert heard(call) == ["first"]
    call.presses("2")

    assert line.told("done")["Digits"] == "12"
    assert heard(call) == ["first", "done"]


def test_keys_before_the_gather_are_lost() -> None:
    line = ScriptedLine(
        start=f'<Say>{FIVE_WORDS}</Say><Gather numDigits="1" action="/done"><Say>now</Say></Gather>'
    )
    call = line.is_dialled()

    call.presses("9")
    call.passes(2.1)
    assert line.paths() == ["start"]
    call.presses("1")

    assert line.told("done")["Digits"] == "1"


def test_gather_that_listens_hears_words() -> None:
    line = ScriptedLine(start='<Gather input="dtmf speech" action="/done"><Say>speak</Say></Gather>')
    call = line.is_dialled()

    call.says("my case")

    assert line.told("done")["SpeechResult"] == "my case"
    assert "Confidence" in line.told("done")


def test_gather_that_only_listens_hears_no_key() -> None:
    line = ScriptedLine(start='<Gather input="speech" action="/done"><Say>speak</Say></Gather>')
    call = line.is_dialled()

    call.presses("1#")
    call.passes(20)

    assert line.paths() == ["start"]


@pytest.mark.parametrize(
    ("verb", "note"),
    [
        ('<Gather partialResultCallback="/partial"/>', "partialResultCallback of <Gather>"),
        ('<Record transcribeCallback="/text"/>', "transcribeCallback of <Record>"),
        ('<Record transcribe="true"/>', "transcribe of <Record>"),
        (
            '<Dial><Number machineDetection="Enable">+12025550142</Number></Dial>',
            "machineDetection of <Number>",
        ),
        ('<Dial record="record-from-answer"><Queue>q</Queue></Dial>', "record of <Dial>"),
    ],
)
def test_request_of_a_verb_that_is_not_met_is_noted(verb: str, note: str) -> None:
    assert f"{note} is not simulated" in noted(ScriptedLine(start=verb).is_dialled())


@pytest.mark.parametrize(
    "verb",
    ['<Record transcribe="false"/>', '<Dial record="do-not-record">+12025550142</Dial>', "<Gather/>"],
)
def test_nothing_is_noted_that_a_verb_does_not_ask_for(verb: str) -> None:
    assert not any("simulated" in note for note in noted(ScriptedLine(start=verb).is_dialled()))


def test_message_is_no_verb_of_a_call() -> None:
    call = ScriptedLine(start="<Message>your ride is here</Message><Say>on</Say>").is_dialled()

    assert any("12200" in note and "Message" in note for note in noted(call))
    assert heard(call) == ["on"]


def test_sms_is_noted_and_its_action_hears_that_it_was_sent() -> None:
    line = ScriptedLine(start='<Sms action="/sent">your ride is here</Sms>')
    call = line.is_dialled()

    assert noted(call) == ["a text message: your ride is here"]
    assert line.told("sent")["SmsStatus"] == "sent"
