"""<Record>: when it ends, and what the line is told of it."""

import pytest

from tests.exchange.scripted_line import ScriptedLine, heard

FIVE_WORDS = "one two three four five"  # two seconds of speech


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
def test_recording_tells_when_it_begins_and_how_it_ended(talks: bool, last: str) -> None:
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


def test_hanging_up_while_recorded_still_calls_the_action() -> None:
    line = ScriptedLine(start='<Record action="/kept"/>', kept="<Say>never heard</Say>")
    call = line.is_dialled()

    call.hangs_up()

    assert (line.told("kept")["Digits"], line.told("kept")["CallStatus"]) == ("hangup", "completed")
    assert "never heard" not in heard(call)
