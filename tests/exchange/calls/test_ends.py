"""How a call ends: by its own verbs, by a document that cannot be run, and by time."""

import pytest

from hotline.exchange.delivery.request import LineError
from hotline.exchange.twiml.leg import Leg
from hotline.exchange.twiml.reader import read
from tests.exchange.scripted_line import ScriptedLine, heard, noted


def test_redirect_fetches_another_document_and_drops_the_rest_of_this_one() -> None:
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


def test_hangup_ends_the_call_and_the_line_is_told() -> None:
    line = ScriptedLine(start="<Hangup/><Say>never</Say>")
    call = line.is_dialled()

    assert (call.state, heard(call)) == ("over", [])
    assert line.told("events")["CallStatus"] == "completed"


def test_refer_is_for_sip_alone() -> None:
    call = ScriptedLine(start="<Refer><Sip>sip:a@example.org</Sip></Refer><Say>on</Say>").is_dialled()

    assert any("13801" in note for note in noted(call))
    assert heard(call) == ["on"]


@pytest.mark.parametrize(
    "verb", ["<Start><Stream url='wss://x.example'/></Start>", "<Stop/>", "<Connect/>", "<Pay/>", "<Echo/>"]
)
def test_verb_that_is_not_simulated_is_noted_and_the_call_goes_on(verb: str) -> None:
    call = ScriptedLine(start=f"{verb}<Say>on</Say>").is_dialled()

    assert any("not simulated" in note for note in noted(call))
    assert heard(call) == ["on"]


@pytest.mark.parametrize("verb", ["<say>x</say>", "<Number>+12025550142</Number>", "<Hangup why='x'/>"])
def test_element_that_is_no_twiml_is_skipped_with_a_warning(verb: str) -> None:
    call = ScriptedLine(start=f"{verb}<Say>on</Say>").is_dialled(timed=False)

    assert any("12200" in note for note in noted(call))


@pytest.mark.parametrize(
    ("document", "number"),
    [
        (b"<Response>", "12100"),
        (b"<Reply/>", "12102"),
        (b" ", "11770"),
        (b" " * 70_000, "11750"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><Response><Say>&a;</Say></Response>', "12100"),
        ("<!DOCTYPE Response><Response/>".encode("utf-16"), "12100"),
    ],
)
def test_document_that_cannot_be_run_has_twilios_number(document: bytes, number: str) -> None:
    leg = Leg(account_sid="AC1", from_="+12025550123", to="+12025550100")
    leg.fetch("https://line.example.org/start")

    with pytest.raises(ValueError, match=number):
        leg.takes(document)


@pytest.mark.parametrize(
    ("verbs", "number"),
    [
        ("<Dial><Conference>a</Conference><Number>+12025550142</Number></Dial>", "13000"),
        ('<Gather actionOnEmptyResult="yes"/>', "13338"),
        ("<Dial><Queue/></Dial>", "14212"),
        ('<Dial><Conference maxParticipants="1">a</Conference></Dial>', "16002"),
        (f'<Dial><Conference participantLabel="{"x" * 129}">a</Conference></Dial>', "16023"),
        ("<Redirect>javascript:x</Redirect>", "11100"),
        (f"<Enqueue>{'q' * 65}</Enqueue>", "14205"),
    ],
)
def test_verb_that_cannot_be_run_ends_the_call_with_twilios_number(verbs: str, number: str) -> None:
    with pytest.raises(LineError, match=number):
        ScriptedLine(start=verbs).is_dialled()

    assert [str(one.code) for one in read(f"<Response>{verbs}</Response>") if one.severity == "error"] == [
        number
    ]


@pytest.mark.parametrize(
    ("verb", "number"),
    [
        ("<Say/>", 13520),
        ('<Play digits="x"/>', 13430),
        ("<Dial><Conference/></Dial>", 13237),
        ("<Gather><Dial>+12025550142</Dial></Gather>", 13320),
        ('<Gather finishOnKey="x"/>', 13310),
        ('<Gather timeout="soon"/>', 13313),
        ('<Gather numDigits="0"/>', 13314),
        ('<Gather input="touch"/>', 13326),
        ('<Record finishOnKey="x" maxLength="long"/>', 13612),
        ('<Pause length="-1"/>', 13910),
        ('<Dial timeLimit="long">+12025550142</Dial>', 13216),
        ("<Dial><Say>x</Say><Number>+12025550142</Number></Dial>", 13215),
    ],
)
def test_call_goes_on_after_what_twilio_only_warns_of(verb: str, number: int) -> None:
    call = ScriptedLine(start=f"{verb}<Say>on</Say>").is_dialled()

    call.passes(60)

    assert heard(call)[-1] == "on"
    found = {one.code: one.severity for one in read(f"<Response>{verb}</Response>")}
    assert found[number] == "warning"
    assert set(found.values()) == {"warning"}


@pytest.mark.parametrize(
    "verbs",
    [
        "<Redirect>start</Redirect>",
        '<Enqueue waitUrl="/leave" action="/start">help</Enqueue>',
        '<Dial action="/start"><Client>ana</Client></Dial>',
        '<Say>x</Say><Gather actionOnEmptyResult="true" timeout="0"/>',
    ],
)
def test_line_that_goes_round_in_circles_is_found_out(verbs: str) -> None:
    line = ScriptedLine(start=verbs, leave="<Leave/>")

    with pytest.raises(LineError, match="circles"):
        line.is_dialled(timed=False).passes(60)


def test_hour_of_a_call_is_over_before_anyone_notices() -> None:
    line = ScriptedLine(start='<Pause length="30"/><Redirect>start</Redirect>')
    call = line.is_dialled()

    call.passes(3600)

    assert len(line.paths()) == 121
    assert call.leg.now == pytest.approx(3600)


def test_call_ends_after_four_hours() -> None:
    call = ScriptedLine(start='<Enqueue waitUrl="">help</Enqueue>').is_dialled()

    call.passes(5 * 3600)

    assert call.state == "over"
    assert call.leg.now == pytest.approx(4 * 3600)
