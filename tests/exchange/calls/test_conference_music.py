"""What is heard in a conference besides people: the wait, the hold, announcements."""

import pytest

from hotline.exchange.calls.call import LiveCall
from hotline.exchange.delivery.request import LineError
from tests.exchange.scripted_line import BASE, ScriptedLine, heard, noted

FIVE_WORDS = "one two three four five"  # two seconds of speech


def conference(attributes: str) -> str:
    return f'<Dial action="/done"><Conference {attributes}>conference</Conference></Dial>'


def line(attributes: str = 'waitUrl="/wait"', **answers: str) -> ScriptedLine:
    told = {"wait": f"<Say>{FIVE_WORDS}</Say>", "hold": "<Say>please hold</Say>", "news": "<Say>news</Say>"}
    return ScriptedLine(
        **({"start": conference(attributes), "done": "<Say>it is over</Say>"} | told | answers)
    )


def changed(line: ScriptedLine, call: LiveCall, **changes: object) -> None:
    line.conferences.change("conference", call.leg.call_sid, **changes)


def test_caller_who_waits_alone_hears_the_document_again_and_again_until_another_comes() -> None:
    office = line()
    first = office.is_dialled()
    first.passes(4.1)
    assert heard(first) == [FIVE_WORDS] * 3
    assert office.told("wait")["CallSid"] == first.leg.call_sid

    second = office.is_dialled(from_="+12025550124")
    first.passes(60)

    assert (heard(first), heard(second)) == ([FIVE_WORDS] * 3, [])
    second.hangs_up()
    first.passes(1)
    assert heard(first) == [FIVE_WORDS] * 4


def test_document_is_fetched_by_the_given_method() -> None:
    office = line('waitUrl="/wait" waitMethod="GET"')
    office.is_dialled()

    assert list(zip(office.paths(), office.methods, strict=True)) == [("start", "POST"), ("wait", "GET")]


def test_callers_who_wait_for_another_to_start_hear_it_together() -> None:
    office = line('waitUrl="/wait" startConferenceOnEnter="false"')
    waiting = [office.is_dialled(), office.is_dialled(from_="+12025550124")]
    assert [heard(call) for call in waiting] == [[FIVE_WORDS]] * 2

    office.answers["start"][0] = conference('waitUrl="/wait"')
    office.is_dialled(from_="+12025550142")
    for call in waiting:
        call.passes(60)

    assert [heard(call) for call in waiting] == [[FIVE_WORDS]] * 2


def test_conference_without_an_address_plays_music_and_with_an_empty_one_silence() -> None:
    assert noted(line("").is_dialled())[-1] == "music while you wait"
    assert "music while you wait" not in noted(line('waitUrl=""').is_dialled())


def test_conference_whose_document_fails_does_not_start() -> None:
    office = line(wait="<Dial>+12025550142</Dial>")

    with pytest.raises(LineError, match="13238"):
        office.is_dialled()

    assert office.conferences.all()[0].status == "completed"


def test_untimed_call_hears_it_once_and_again_when_it_says_nothing() -> None:
    call = line().is_dialled(timed=False)
    assert heard(call) == [FIVE_WORDS]

    call.says_nothing()

    assert (heard(call), call.state) == ([FIVE_WORDS] * 2, "alone")


def test_caller_on_hold_hears_the_hold_document_until_the_hold_is_over() -> None:
    office = line()
    held, _other = office.is_dialled(), office.is_dialled(from_="+12025550124")
    held.passes(3)
    changed(office, held, hold_url=f"{BASE}/hold", hold_method="POST", hold=True)
    held.passes(3)
    assert heard(held).count("please hold") >= 3

    changed(office, held, hold=False)
    so_far = list(heard(held))
    held.passes(60)

    assert heard(held) == so_far
    changed(office, held, hold_url=None, hold=True)
    assert noted(held)[-2:] == ["you are on hold", "music while you are on hold"]


def test_star_ends_the_conference_also_in_the_middle_of_the_music() -> None:
    office = line()
    office.answers["start"][0] = office.answers["start"][0].replace("<Dial", '<Dial hangupOnStar="true"')
    call = office.is_dialled()

    call.types("*")
    call.presses("*")

    assert heard(call)[-1] == "it is over"


def test_hold_document_that_fails_leaves_the_call_in_silence() -> None:
    office = line(hold="<Record/>")
    held, other = office.is_dialled(), office.is_dialled(from_="+12025550124")

    changed(office, held, hold_url=f"{BASE}/hold", hold_method="POST", hold=True)
    held.passes(60)

    assert (held.state, other.state) == ("talking", "talking")
    assert any("could not be" in note for note in noted(held))
    assert office.paths().count("hold") == 1


def test_announcement_is_heard_once_and_its_end_is_sent() -> None:
    office = line(
        'waitUrl="/wait" statusCallback="/told" statusCallbackEvent="announcement start"',
        bad="<Gather/>",
    )
    first, second = office.is_dialled(), office.is_dialled(from_="+12025550124")

    office.conferences.announce("conference", f"{BASE}/news", "POST")
    office.conferences.announce("conference", f"{BASE}/bad", "POST", first.leg.call_sid)
    for call in (first, second):
        call.passes(10)

    assert (heard(first)[-1], heard(second)) == ("news", ["news"])
    assert (first.state, second.state) == ("talking", "talking")
    told = [(one.param("StatusCallbackEvent"), one.param("CallSid")) for one in office.sent]
    assert told == [
        ("conference-start", ""),
        ("announcement-end", first.leg.call_sid),
        ("announcement-fail", first.leg.call_sid),
        ("announcement-end", second.leg.call_sid),
    ]


def test_events_go_by_the_given_method() -> None:
    office = line('waitUrl="" statusCallback="/told" statusCallbackMethod="GET" statusCallbackEvent="join"')

    office.is_dialled()

    assert [(request.method, request.param("StatusCallbackEvent")) for request in office.sent] == [
        ("GET", "participant-join")
    ]


def test_coach_is_heard_by_that_call_alone() -> None:
    office = line('waitUrl=""')
    liaison, caller = office.is_dialled(), office.is_dialled(from_="+12025550124")
    office.answers["start"][0] = conference(f'waitUrl="" coach="{liaison.leg.call_sid}"')
    coach = office.is_dialled(from_="+12025550177")

    office.conferences.speaks(coach.conference_member, "Ask for the number")

    assert liaison.transcript[-1].text == "Ask for the number"
    assert caller.transcript[-1].kind == "note"
    _, one = office.conferences.member("conference", coach.leg.call_sid)
    assert (one.coaching, one.call_sid_to_coach) == (True, liaison.leg.call_sid)
