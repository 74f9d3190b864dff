"""<Dial>: who is rung, who talks, how it ends, and what its action receives."""

import pytest

from tests.exchange.scripted_line import ScriptedLine, heard, noted

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


@pytest.mark.parametrize(
    "written", ["+12025550170", "+1 (202) 555-0170", "(202) 555-0170", "202-555-0170", "12025550170"]
)
def test_number_is_dialled_as_people_write_it(written: str) -> None:
    for dialled in (written, f"<Number> {written} </Number>"):
        assert ScriptedLine(start=f"<Dial>{dialled}</Dial>").is_dialled().rings == ("+12025550170",)


@pytest.mark.parametrize("written", ["abc", "911", "12", '+12025550170"&gt;&lt;b', "+0202555017"])
def test_what_is_no_number_rings_nothing(written: str) -> None:
    line = ScriptedLine(start=f'<Dial action="/done">{written}</Dial>')
    call = line.is_dialled()
    assert (call.rings, line.told("done")["DialCallStatus"]) == ((), "failed")
    assert any("13224" in note for note in noted(call))

    beside = ScriptedLine(start=f"<Dial><Number>{written}</Number><Number>+12025550142</Number></Dial>")

    assert beside.is_dialled().rings == ("+12025550142",)


def test_caller_id_is_a_number() -> None:
    line = ScriptedLine(start='<Dial callerId="bob" action="/done">+12025550142</Dial>')
    call = line.is_dialled()

    assert (call.rings, line.told("done")["DialCallStatus"]) == ((), "failed")
    assert any("13214" in note for note in noted(call))


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


def test_talk_ends_at_its_time_limit() -> None:
    line = ScriptedLine(start='<Dial timeLimit="60" action="/done">+12025550142</Dial>')
    call = line.is_dialled()

    call.picks_up()
    call.passes(59.9)
    assert call.state == "talking"
    call.passes(0.2)

    assert (line.told("done")["DialCallStatus"], line.told("done")["DialCallDuration"]) == ("completed", "60")


def test_star_ends_the_talk_only_where_the_dial_says_so() -> None:
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


def test_whisper_of_a_number_is_fetched_on_the_leg_of_the_person_who_answers() -> None:
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


def test_person_who_lets_the_whisper_run_out_is_not_bridged() -> None:
    line = ScriptedLine(
        start='<Dial action="/done"><Number url="/whisper">+12025550142</Number></Dial>',
        whisper="<Gather><Say>to accept, press 1</Say></Gather><Hangup/>",
    )
    call = line.is_dialled()

    call.picks_up()
    call.passes(60)

    assert (line.told("done")["DialCallStatus"], line.told("done")["DialBridged"]) == ("completed", "false")


@pytest.mark.parametrize("noun", ["<Client>ana</Client>", "<Sip>sip:a@example.org</Sip>"])
def test_target_that_is_no_telephone_cannot_be_reached(noun: str) -> None:
    line = ScriptedLine(start=f'<Dial action="/done">{noun}</Dial>')
    call = line.is_dialled()

    assert line.told("done")["DialCallStatus"] == "failed"
    assert any("cannot be reached" in note for note in noted(call))
