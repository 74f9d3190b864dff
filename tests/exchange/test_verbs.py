"""The verb table of TwiML, row by row: what each does by itself, and what the line is told."""

import pytest

from hotline.exchange.handset import Leg
from hotline.exchange.request import LineError
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


def test_say_without_a_word_about_it_is_a_man_who_speaks_english_once() -> None:
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


def test_an_endless_loop_ends_with_the_call() -> None:
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


def test_the_time_between_two_keys_is_the_timeout_of_the_gather() -> None:
    line = ScriptedLine(start=GATHER.format(' action="/done" timeout="3"'))
    call = line.is_dialled()

    call.presses("1")
    call.passes(2.9)
    assert line.paths() == ["start"]
    call.passes(0.2)

    assert line.told("done")["Digits"] == "1"


def test_the_first_key_stops_the_prompt() -> None:
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


def test_a_gather_that_listens_hears_words() -> None:
    line = ScriptedLine(start='<Gather input="dtmf speech" action="/done"><Say>speak</Say></Gather>')
    call = line.is_dialled()

    call.says("my case")

    assert line.told("done")["SpeechResult"] == "my case"
    assert "Confidence" in line.told("done")


def test_a_gather_that_only_listens_hears_no_key() -> None:
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
        ('<Dial record="record-from-answer">+12025550142</Dial>', "record of <Dial>"),
        (
            '<Dial><Number machineDetection="Enable">+12025550142</Number></Dial>',
            "machineDetection of <Number>",
        ),
        ('<Dial><Conference record="record-from-start">r</Conference></Dial>', "record of <Conference>"),
    ],
)
def test_what_a_verb_asks_for_and_does_not_get_is_noted(verb: str, note: str) -> None:
    assert f"{note} is not simulated" in noted(ScriptedLine(start=verb).is_dialled())


@pytest.mark.parametrize(
    "verb",
    ['<Record transcribe="false"/>', '<Dial record="do-not-record">+12025550142</Dial>', "<Gather/>"],
)
def test_what_a_verb_does_not_ask_for_is_not_noted(verb: str) -> None:
    assert not any("simulated" in note for note in noted(ScriptedLine(start=verb).is_dialled()))


def test_record_ends_with_a_key_and_tells_its_action_and_its_callback() -> None:
    line = ScriptedLine(
        start='<Record action="/kept" recordingStatusCallback="/recording"/>', kept="<Say>thanks</Say>"
    )
    call = line.is_dialled()
    assert (heard(call), call.state) == (["[beep]"], "recording")

    call.passes(0.5)
    call.says(FIVE_WORDS)
    call.passes(3)
    call.presses("5")

    kept, event = line.told("kept"), line.told("recording")
    assert (kept["Digits"], kept["RecordingDuration"]) == ("5", "3")
    assert kept["RecordingSid"] in kept["RecordingUrl"]
    assert (event["RecordingStatus"], event["RecordingSource"]) == ("completed", "RecordVerb")
    assert event["RecordingSid"] == kept["RecordingSid"]
    assert heard(call)[-1] == "thanks"


@pytest.mark.parametrize(("talks", "last"), [(True, "completed"), (False, "absent")])
def test_a_recording_tells_when_it_begins_and_how_it_ended(talks: bool, last: str) -> None:
    wanted = 'recordingStatusCallbackEvent="in-progress completed absent"'
    line = ScriptedLine(start=f'<Record action="/kept" recordingStatusCallback="/recording" {wanted}/>')
    call = line.is_dialled()

    call.passes(0.5)
    if talks:
        call.says(FIVE_WORDS)
    call.passes(8)

    told = [params for path, params in line.asked if path == "recording"]
    assert [params["RecordingStatus"] for params in told] == ["in-progress", last]
    assert len({params["RecordingSid"] for params in told}) == 1


def test_record_ends_after_five_seconds_of_silence() -> None:
    line = ScriptedLine(start='<Record playBeep="false" action="/kept"/>')
    call = line.is_dialled()

    call.says(FIVE_WORDS)
    call.passes(6.9)
    assert line.paths() == ["start"]
    call.passes(0.2)

    assert (line.told("kept")["RecordingDuration"], line.told("kept")["Digits"]) == ("7", "")


def test_record_ends_at_its_greatest_length() -> None:
    line = ScriptedLine(start='<Record playBeep="false" maxLength="10" timeout="0" action="/kept"/>')
    call = line.is_dialled()

    call.says("word " * 100)
    call.passes(10.1)

    assert line.told("kept")["RecordingDuration"] == "10"


def test_record_of_silence_goes_on_to_the_next_verb() -> None:
    line = ScriptedLine(start='<Record action="/kept"/><Say>nothing was said</Say>')
    call = line.is_dialled()

    call.passes(5.6)

    assert heard(call)[-1] == "nothing was said"
    assert line.paths() == ["start"]


def test_hanging_up_while_recorded_still_asks_for_the_action() -> None:
    line = ScriptedLine(start='<Record action="/kept"/>', kept="<Say>never heard</Say>")
    call = line.is_dialled()

    call.hangs_up()

    assert (line.told("kept")["Digits"], line.told("kept")["CallStatus"]) == ("hangup", "completed")
    assert "never heard" not in heard(call)


NUMBERS = "<Number>+12025550142</Number><Number>+12025550143</Number>"


def test_dial_rings_for_thirty_seconds_and_tells_its_action() -> None:
    line = ScriptedLine(start='<Dial action="/done">+12025550142</Dial>')
    call = line.is_dialled()

    call.passes(29.9)
    assert call.rings == ("+12025550142",)
    call.passes(0.2)

    told = line.told("done")
    assert (told["DialCallStatus"], told["DialBridged"]) == ("no-answer", "false")
    assert "DialCallDuration" not in told


def test_dial_without_an_action_goes_on_to_the_next_verb() -> None:
    line = ScriptedLine(start='<Dial timeout="5">+12025550142</Dial><Say>no one is free</Say>')
    call = line.is_dialled()

    call.passes(5.1)

    assert heard(call) == ["no one is free"]


def test_numbers_ring_together_and_the_first_who_answers_wins() -> None:
    line = ScriptedLine(start=f'<Dial action="/done">{NUMBERS}</Dial>')
    call = line.is_dialled()
    assert call.rings == ("+12025550142", "+12025550143")
    first, second = call.ringing

    second.answers()
    call.passes(61)
    second.hangs_up()

    assert first.leg.call_status == "canceled"
    told = line.told("done")
    assert (told["DialCallStatus"], told["DialCallSid"]) == ("completed", second.leg.call_sid)
    assert (told["DialCallDuration"], told["DialBridged"]) == ("61", "true")


def test_one_of_several_who_declines_leaves_the_others_ringing() -> None:
    line = ScriptedLine(start=f'<Dial action="/done">{NUMBERS}</Dial>')
    call = line.is_dialled()

    call.ringing[0].declines()
    assert call.rings == ("+12025550143",)
    call.ringing[0].declines()

    assert line.told("done")["DialCallStatus"] == "busy"


def test_numbers_in_turn_ring_one_after_the_other() -> None:
    line = ScriptedLine(start=f'<Dial sequential="true" timeout="10" action="/done">{NUMBERS}</Dial>')
    call = line.is_dialled()
    assert call.rings == ("+12025550142",)

    call.passes(10.1)
    assert call.rings == ("+12025550143",)
    call.passes(10.1)

    assert line.told("done")["DialCallStatus"] == "no-answer"


def test_a_talk_ends_at_its_time_limit() -> None:
    line = ScriptedLine(start='<Dial timeLimit="60" action="/done">+12025550142</Dial>')
    call = line.is_dialled()

    call.picks_up()
    call.passes(59.9)
    assert call.state == "talking"
    call.passes(0.2)

    assert (line.told("done")["DialCallStatus"], line.told("done")["DialCallDuration"]) == ("completed", "60")


def test_a_star_ends_the_talk_only_where_the_dial_says_so() -> None:
    line = ScriptedLine(
        start='<Dial hangupOnStar="true" action="/done">+12025550142</Dial>',
        done="<Dial>+12025550142</Dial>",
    )
    call = line.is_dialled()

    call.picks_up()
    call.presses("*")
    assert line.told("done")["DialCallStatus"] == "completed"
    call.picks_up()
    call.presses("*")

    assert call.state == "talking"


def test_the_whisper_of_a_number_is_asked_for_on_the_leg_of_whoever_answers() -> None:
    line = ScriptedLine(
        start='<Dial answerOnBridge="true" action="/done" callerId="+12025550100">'
        '<Number url="/whisper" sendDigits="wW12" statusCallback="/child"'
        ' statusCallbackEvent="initiated ringing answered completed">+12025550142</Number></Dial>',
        whisper='<Gather numDigits="1" action="/accepted"><Say>to accept, press 1</Say></Gather><Hangup/>',
        accepted="",
    )
    call = line.is_dialled()

    child = call.picks_up()
    assert not call.is_talking
    child.presses("1")

    whisper = line.told("whisper")
    assert (whisper["ParentCallSid"], whisper["CallSid"]) == (call.leg.call_sid, child.leg.call_sid)
    assert (whisper["From"], whisper["Direction"]) == ("+12025550100", "outbound-dial")
    assert call.is_talking
    events = [told for path, told in line.asked if path == "child"]
    assert [told["CallStatus"] for told in events] == ["initiated", "ringing", "in-progress"]
    assert {told["ParentCallSid"] for told in events} == {call.leg.call_sid}
    assert "the carrier sends the tones wW12" in noted(child)


def test_whoever_lets_the_whisper_run_out_is_not_bridged() -> None:
    line = ScriptedLine(
        start='<Dial action="/done"><Number url="/whisper">+12025550142</Number></Dial>',
        whisper="<Gather><Say>to accept, press 1</Say></Gather><Hangup/>",
    )
    call = line.is_dialled()

    call.picks_up()
    call.passes(60)

    assert (line.told("done")["DialCallStatus"], line.told("done")["DialBridged"]) == ("completed", "false")


@pytest.mark.parametrize("noun", ["<Client>ana</Client>", "<Sip>sip:a@example.org</Sip>"])
def test_what_is_no_telephone_cannot_be_reached(noun: str) -> None:
    line = ScriptedLine(start=f'<Dial action="/done">{noun}</Dial>')
    call = line.is_dialled()

    assert line.told("done")["DialCallStatus"] == "failed"
    assert any("cannot be reached" in note for note in noted(call))


def test_those_in_a_conference_hear_each_other_and_its_end_goes_to_the_action() -> None:
    line = ScriptedLine(
        start='<Dial action="/done"><Conference endConferenceOnExit="true">r</Conference></Dial>',
        done="<Say>it is over</Say>",
    )
    first, second = line.is_dialled(), line.is_dialled(from_="+12025550124")
    assert (first.state, second.state) == ("talking", "talking")

    second.hangs_up()

    told = line.told("done")
    assert (told["DialCallStatus"], told["CallSid"]) == ("answered", first.leg.call_sid)
    assert "DialCallSid" not in told
    assert heard(first) == ["it is over"]


ENQUEUE = '<Enqueue waitUrl="/wait" action="/left">help</Enqueue><Say>after</Say>'


def test_whoever_is_in_a_queue_hears_its_document_again_and_again_with_the_place() -> None:
    line = ScriptedLine(start=ENQUEUE, wait=f"<Say>{FIVE_WORDS}</Say>")
    line.is_dialled()
    call = line.is_dialled(from_="+12025550124")
    line.asked.clear()

    call.passes(4.1)

    assert line.paths() == ["wait", "wait"]
    told = line.told("wait")
    assert (told["QueuePosition"], told["CurrentQueueSize"], told["MaxQueueSize"]) == ("2", "2", "1000")
    assert (told["QueueTime"], told["AvgQueueTime"]) == ("4", "4")
    assert told["QueueSid"].startswith("QU")
    assert call.state == "waiting"


def test_leave_leaves_the_queue_for_its_action() -> None:
    line = ScriptedLine(start=ENQUEUE, wait='<Pause length="7"/><Leave/>', left="<Say>you left</Say>")
    call = line.is_dialled()

    call.passes(7.1)

    told = line.told("left")
    assert (told["QueueResult"], told["QueueTime"]) == ("leave", "7")
    assert heard(call) == ["you left"]


def test_leave_without_an_action_goes_on_after_the_enqueue() -> None:
    line = ScriptedLine(start='<Enqueue waitUrl="/wait">help</Enqueue><Say>after</Say>', wait="<Leave/>")

    assert heard(line.is_dialled()) == ["after"]


def test_hanging_up_in_a_queue_still_asks_for_the_action() -> None:
    line = ScriptedLine(start=ENQUEUE, wait='<Pause length="60"/>')
    call = line.is_dialled()

    call.passes(3)
    call.hangs_up()

    assert (line.told("left")["QueueResult"], line.told("left")["CallStatus"]) == ("hangup", "completed")


def test_a_full_queue_takes_nobody() -> None:
    line = ScriptedLine(start=ENQUEUE.replace("<Enqueue", '<Enqueue maxQueueSize="1"'), wait="<Pause/>")
    line.is_dialled()

    call = line.is_dialled(from_="+12025550124")

    assert line.told("left")["QueueResult"] == "queue-full"
    assert any("14207" in note for note in noted(call))


def test_a_queue_without_a_document_plays_music_and_one_with_an_empty_address_is_silent() -> None:
    music = ScriptedLine(start="<Enqueue>help</Enqueue>").is_dialled()
    silent = ScriptedLine(start='<Enqueue waitUrl="">help</Enqueue>').is_dialled()

    assert noted(music) == ["music while you wait"]
    assert noted(silent) == []


def test_dialling_a_queue_takes_out_whoever_waited_longest_after_its_document() -> None:
    line = ScriptedLine(start=ENQUEUE, wait='<Pause length="60"/>', soon=f"<Say>{FIVE_WORDS}</Say>")
    caller = line.is_dialled()
    caller.passes(20)
    line.answers["start"][0] = '<Dial action="/talked"><Queue url="/soon">help</Queue></Dial>'
    agent = line.is_dialled(from_="+12025550142")
    assert line.told("soon")["DequeingCallSid"] == agent.leg.call_sid
    assert (line.told("soon")["CallSid"], line.told("soon")["QueueTime"]) == (caller.leg.call_sid, "20")
    caller.passes(2.1)
    assert (caller.state, agent.state) == ("talking", "talking")

    agent.passes(30)
    agent.hangs_up()

    assert (line.told("left")["QueueResult"], line.told("left")["QueueTime"]) == ("bridged", "20")


def test_whoever_dials_an_empty_queue_gets_the_next_one_who_comes() -> None:
    line = ScriptedLine(start='<Dial action="/talked"><Queue>help</Queue></Dial>', wait="<Pause/>")
    agent = line.is_dialled(from_="+12025550142")
    assert agent.state == "ringing"
    line.answers["start"][0] = ENQUEUE
    caller = line.is_dialled()

    caller.hangs_up()

    told = line.told("talked")
    assert (told["DialCallStatus"], told["QueueResult"], told["DialBridged"]) == (
        "completed",
        "bridged",
        "true",
    )
    assert told["DialCallSid"] == caller.leg.call_sid


def test_whoever_dials_an_empty_queue_gives_up_in_time() -> None:
    line = ScriptedLine(start='<Dial timeout="9" action="/talked"><Queue>help</Queue></Dial>')
    agent = line.is_dialled()

    agent.passes(9.1)

    assert line.told("talked")["DialCallStatus"] == "no-answer"


def test_redirect_asks_for_another_document_and_drops_the_rest_of_this_one() -> None:
    line = ScriptedLine(start="<Redirect>next</Redirect><Say>never</Say>", next="<Say>next</Say>")

    assert heard(line.is_dialled()) == ["next"]


@pytest.mark.parametrize(("attribute", "status"), [("", "no-answer"), (' reason="busy"', "busy")])
def test_reject_ends_a_call_that_was_not_answered(attribute: str, status: str) -> None:
    line = ScriptedLine(start=f"<Reject{attribute}/>")

    assert line.is_dialled().leg.call_status == status


def test_reject_after_another_verb_is_a_hang_up_with_a_warning() -> None:
    call = ScriptedLine(start="<Say>hello</Say><Reject/>").is_dialled(timed=False)

    assert call.leg.call_status == "completed"
    assert any("13810" in note for note in noted(call))


def test_hangup_ends_the_call_and_the_line_hears_of_it() -> None:
    line = ScriptedLine(start="<Hangup/><Say>never</Say>")
    call = line.is_dialled()

    assert (call.state, heard(call)) == ("over", [])
    assert line.told("events")["CallStatus"] == "completed"


def test_refer_is_for_sip_alone() -> None:
    call = ScriptedLine(start="<Refer><Sip>sip:a@example.org</Sip></Refer><Say>on</Say>").is_dialled()

    assert any("13801" in note for note in noted(call))
    assert heard(call) == ["on"]


def test_message_is_no_verb_of_a_call() -> None:
    call = ScriptedLine(start="<Message>your ride is here</Message><Say>on</Say>").is_dialled()

    assert any("12200" in note and "Message" in note for note in noted(call))
    assert heard(call) == ["on"]


def test_sms_is_noted_and_its_action_hears_that_it_was_sent() -> None:
    line = ScriptedLine(start='<Sms action="/sent">your ride is here</Sms>')
    call = line.is_dialled()

    assert noted(call) == ["a text message: your ride is here"]
    assert line.told("sent")["SmsStatus"] == "sent"


@pytest.mark.parametrize(
    "verb", ["<Start><Stream url='wss://x.example'/></Start>", "<Stop/>", "<Connect/>", "<Pay/>", "<Echo/>"]
)
def test_what_is_not_simulated_is_noted_and_the_call_goes_on(verb: str) -> None:
    call = ScriptedLine(start=f"{verb}<Say>on</Say>").is_dialled()

    assert any("not simulated" in note for note in noted(call))
    assert heard(call) == ["on"]


@pytest.mark.parametrize("verb", ["<say>x</say>", "<Number>+12025550142</Number>", "<Hangup why='x'/>"])
def test_what_is_no_twiml_is_skipped_with_a_warning(verb: str) -> None:
    call = ScriptedLine(start=f"{verb}<Say>on</Say>").is_dialled(timed=False)

    assert any("12200" in note for note in noted(call))


@pytest.mark.parametrize(
    ("document", "number"),
    [(b"<Response>", "12100"), (b"<Reply/>", "12102"), (b" ", "11770"), (b" " * 70_000, "11750")],
)
def test_a_document_that_cannot_be_run_has_twilios_number(document: bytes, number: str) -> None:
    leg = Leg(account_sid="AC1", from_="+12025550123", to="+12025550100")
    leg.fetch("https://line.example.org/start")

    with pytest.raises(ValueError, match=number):
        leg.takes(document)


@pytest.mark.parametrize(
    ("verbs", "number"),
    [
        ("<Dial><Conference>a</Conference><Number>+12025550142</Number></Dial>", "13000"),
        ('<Gather finishOnKey="x"/>', "13310"),
        ('<Gather timeout="soon"/>', "13313"),
        ("<Gather><Dial>+12025550142</Dial></Gather>", "13320"),
        ("<Say/>", "13520"),
        ('<Dial timeLimit="long">+12025550142</Dial>', "13216"),
        ("<Redirect>javascript:x</Redirect>", "11100"),
        (f"<Enqueue>{'q' * 65}</Enqueue>", "14201"),
    ],
)
def test_a_verb_that_cannot_be_run_ends_the_call_with_twilios_number(verbs: str, number: str) -> None:
    with pytest.raises(LineError, match=number):
        ScriptedLine(start=verbs).is_dialled()


@pytest.mark.parametrize(
    "verbs",
    [
        "<Redirect>start</Redirect>",
        '<Enqueue waitUrl="/leave" action="/start">help</Enqueue>',
        '<Dial action="/start"><Client>ana</Client></Dial>',
        '<Say>x</Say><Gather actionOnEmptyResult="true" timeout="0"/>',
    ],
)
def test_a_line_that_goes_round_in_circles_is_found_out(verbs: str) -> None:
    line = ScriptedLine(start=verbs, leave="<Leave/>")

    with pytest.raises(LineError, match="circles"):
        line.is_dialled(timed=False).passes(60)


def test_an_hour_of_a_call_is_over_before_anyone_notices() -> None:
    line = ScriptedLine(start='<Pause length="30"/><Redirect>start</Redirect>')
    call = line.is_dialled()

    call.passes(3600)

    assert len(line.paths()) == 121
    assert call.leg.now == pytest.approx(3600)


def test_a_call_ends_after_four_hours() -> None:
    call = ScriptedLine(start='<Enqueue waitUrl="">help</Enqueue>').is_dialled()

    call.passes(5 * 3600)

    assert call.state == "over"
    assert call.leg.now == pytest.approx(4 * 3600)
