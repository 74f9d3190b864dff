"""<Conference>, <Enqueue> and <Leave>: who waits, what they hear, and where they go on."""

from tests.exchange.scripted_line import ScriptedLine, heard, noted

FIVE_WORDS = "one two three four five"  # two seconds of speech
ENQUEUE = '<Enqueue waitUrl="/wait" action="/left">help</Enqueue><Say>after</Say>'


def test_people_in_a_conference_hear_each_other_and_its_end_goes_to_the_action() -> None:
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


def test_caller_in_a_queue_hears_its_document_again_and_again_with_the_place() -> None:
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


def test_hanging_up_in_a_queue_still_calls_the_action() -> None:
    line = ScriptedLine(start=ENQUEUE, wait='<Pause length="60"/>')
    call = line.is_dialled()

    call.passes(3)
    call.hangs_up()

    assert (line.told("left")["QueueResult"], line.told("left")["CallStatus"]) == ("hangup", "completed")


def test_full_queue_takes_nobody() -> None:
    line = ScriptedLine(start=ENQUEUE.replace("<Enqueue", '<Enqueue maxQueueSize="1"'), wait="<Pause/>")
    line.is_dialled()

    call = line.is_dialled(from_="+12025550124")

    assert line.told("left")["QueueResult"] == "queue-full"
    assert any("14207" in note for note in noted(call))


def test_queue_without_a_document_plays_music_and_one_with_an_empty_address_is_silent() -> None:
    music = ScriptedLine(start="<Enqueue>help</Enqueue>").is_dialled()
    silent = ScriptedLine(start='<Enqueue waitUrl="">help</Enqueue>').is_dialled()

    assert noted(music) == ["music while you wait"]
    assert noted(silent) == []


def test_dialing_a_queue_takes_out_the_longest_waiting_caller_after_its_document() -> None:
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


def test_caller_who_dials_an_empty_queue_gets_the_next_one_who_comes() -> None:
    line = ScriptedLine(start='<Dial action="/talked"><Queue>help</Queue></Dial>', wait="<Pause/>")
    line.queues.create("help")
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


def test_caller_who_dials_an_empty_queue_gives_up_in_time() -> None:
    line = ScriptedLine(start='<Dial timeout="9" action="/talked"><Queue>help</Queue></Dial>')
    line.queues.create("help")
    agent = line.is_dialled()

    agent.passes(9.1)

    assert line.told("talked")["DialCallStatus"] == "no-answer"


def test_caller_who_dials_a_queue_that_there_is_not_goes_on_at_once() -> None:
    line = ScriptedLine(start='<Dial action="/talked"><Queue>nobody</Queue></Dial>', talked="<Say>on</Say>")
    call = line.is_dialled()

    assert line.told("talked")["DialCallStatus"] == "failed"
    assert heard(call) == ["on"]
    assert line.queues.all() == []
