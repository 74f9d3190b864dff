"""The strict reader finds every fault that it is there for."""

import pytest

from tests.twiml_check import check, check_message

SAY = '<Say voice="Polly.Joanna-Neural" language="en-US">Hello.</Say>'
GATHER = (
    '<Gather input="dtmf" numDigits="1" timeout="8" actionOnEmptyResult="true" method="POST" '
    'action="/a">{}</Gather>'
)
DIAL = '<Dial action="/a" method="POST" timeLimit="60" timeout="20" callerId="+12025550100" {}>{}</Dial>'
CONFERENCE = (
    '<Conference beep="false" startConferenceOnEnter="true" endConferenceOnExit="true" waitUrl="" '
    'waitMethod="POST" {}>{}</Conference>'
)


def response(*verbs: str) -> str:
    return f"<Response>{''.join(verbs)}</Response>"


def test_right_documents_have_no_fault() -> None:
    for document in (
        response(),
        response(SAY, GATHER.format(SAY)),
        response(SAY, "<Hangup/>"),
        response(
            DIAL.format(
                'answerOnBridge="true"', '<Number url="/voice/legs/ab12345678" method="POST">988</Number>'
            )
        ),
        response(DIAL.format("", CONFERENCE.format("", "aB3-_xyz9q"))),
        response('<Pause length="1"/><Redirect method="POST">/voice/steps/ask_pin/1234</Redirect>'),
    ):
        assert check(document) == []


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ("", "empty"),
        ("<Response>", "well-formed"),
        (b"<Response>\xff</Response>", "UTF-8"),
        ("<Response>\x00</Response>", "well-formed"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><Response/>', "declares"),
        ("<Answer/>", "root"),
        (response(SAY * 2000), "64 kB"),
        (response("<say>x</say>"), "no element"),
        (response("<Gathre/>"), "no element"),
        (response("hello"), "holds text"),
        (response(SAY, "and so on"), "holds text"),
        (response(GATHER.format("<Hangup/>" + SAY)), "may not stand"),
        (response('<Hangup reason="x"/>'), "no attribute"),
        (response(SAY.replace("voice=", "Voice=")), "no attribute"),
        (response(SAY.replace("Joanna", "Nobody")), "none of its values"),
        (response(SAY.replace("en-US", "es-US")), "does not speak"),
        (response(SAY.replace(' language="en-US"', "")), "does not speak"),
        (response(SAY.replace("Hello", "")), "nothing to say"),
        (response(SAY.replace("Hello", "Hello " * 600)), "too many"),
        (response(SAY.replace("Hello", '<break time="2s"/>Hello')), "R21"),
        (response('<Say voice="man" language="en-US">a<break time="600ms"/></Say>'), "no markup"),
        (response(SAY.replace("Hello", "<emphasis>Hello</emphasis>")), "emphasis"),
        (response(GATHER.format("")), "asks nothing"),
        (response(GATHER.format(SAY).replace(' action="/a"', "")), "no action"),
        (response(GATHER.format(SAY).replace(' timeout="8"', "")), "no timeout"),
        (response(GATHER.format(SAY).replace('timeout="8"', 'timeout="0"')), "not from"),
        (response(GATHER.format(SAY).replace('timeout="8"', 'timeout="auto"')), "whole number"),
        (response(GATHER.format(SAY).replace("dtmf", "dtmf keys")), "none of its values"),
        (response(GATHER.format(SAY).replace('numDigits="1"', "")), "neither numDigits"),
        (response(GATHER.format(SAY).replace('Digits="1"', 'Digits="1" finishOnKey="x"')), "no key"),
        (response(GATHER.format(SAY).replace("true", "yes")), "neither true nor false"),
        (response(GATHER.format(SAY).replace(' actionOnEmptyResult="true"', "")), "Nothing follows"),
        (response(GATHER.format(SAY), SAY), "never reached"),
        (response(GATHER.format(SAY).replace('"/a"', '"/a?digits=1"')), "query"),
        (response(GATHER.format(SAY).replace('"/a"', '"/a/12345674"')), "somebody's"),
        (response(GATHER.format(SAY).replace('"/a"', '"/voice/steps/ask_pin_123/1"')), "somebody's"),
        (response(GATHER.format(SAY).replace('"/a"', '"https://my_host.example/a"')), "underscore"),
        (response(GATHER.format(SAY).replace('"/a"', '"/a#zz=1"')), "override"),
        (response(GATHER.format(SAY).replace('"POST"', '"PUT"')), "neither GET nor POST"),
        (response("<Hangup/>", SAY), "never reached"),
        (response("<Redirect>/a</Redirect>"), "no method"),
        (response('<Redirect method="POST"/>'), "no address"),
        (response(SAY, "<Reject/>"), "come first"),
        (response("<Record/>"), "no action"),
        (response(DIAL.format("", "")), "dials nothing"),
        (response("<Dial>+12025550123</Dial>"), "no action"),
        (response(DIAL.format("", "<Number>anonymous</Number>")), "13224"),
        (response(DIAL.format("", "<Number>988</Number>").replace("+12025550100", "anonymous")), "13214"),
        (response(DIAL.format("", '<Number url="/w" method="POST">988</Number>')), "silence"),
        (response(DIAL.format('answerOnBridge="true"', '<Number url="/w">988</Number>')), "no method"),
        (response(DIAL.format('record="record-from-answer"', "<Number>988</Number>")), "R43"),
        (response(DIAL.format("", "<Number>988</Number>"), SAY), "never reached"),
        (response(DIAL.format("", CONFERENCE.format("", "aB3-_xyz9q") + "<Number>988</Number>")), "13000"),
        (response(DIAL.format("", CONFERENCE.format("", "12025550123"))), "opaque"),
        (response(DIAL.format("", CONFERENCE.format("", "Ana Pérez"))), "opaque"),
        (response(DIAL.format("", CONFERENCE.format('record="record-from-start"', "aB3-_xyz9q"))), "R43"),
        (response(DIAL.format("", "<Conference>aB3-_xyz9q</Conference>")), "no waitUrl"),
    ],
)  # fmt: skip
def test_fault_is_named(document: str | bytes, fault: str) -> None:
    assert any(fault in found for found in check(document)), check(document)


def test_whisper_may_not_dial() -> None:
    document = response(DIAL.format("", "<Number>988</Number>"))
    assert check(document) == []
    assert check(document, whisper=True) != []


@pytest.mark.parametrize(
    "body", ["<Message/>", "<Say>x</Say>", "<Message><b>x</b></Message>", f"<Message>{'x' * 1601}</Message>"]
)
def test_message_that_cannot_be_sent_is_a_fault(body: str) -> None:
    assert check_message(response(body)) != []
    assert check_message(response("<Message>x</Message>")) == check_message(response()) == []
