"""The strict reader says what is wrong, with Twilio's number and its line."""

import pytest

from hotline.exchange.twiml.finding import Finding
from hotline.exchange.twiml.reader import read

SAY = '<Say voice="Polly.Joanna-Neural" language="en-US">Hello.</Say>'
GATHER = (
    '<Gather input="dtmf" numDigits="1" timeout="8" actionOnEmptyResult="true" method="POST" '
    'action="/a"{}>{}</Gather>'
)
DIAL = '<Dial action="/a" method="POST" timeLimit="60" timeout="20" callerId="+12025550100"{}>{}</Dial>'


def codes(*verbs: str, **how: bool) -> list[int | None]:
    return [finding.code for finding in read(f"<Response>{''.join(verbs)}</Response>", **how)]


def test_finding_has_a_number_a_line_and_a_weight() -> None:
    document = '<?xml version="1.0"?>\n<Response>\n  <Gathre/>\n  <Pause\n    length="soon"/>\n</Response>'

    found = read(document)

    assert found == [
        Finding(12200, 3, "Gathre may not stand in Response."),
        Finding(12200, 3, "Gathre is no element of TwiML."),
        Finding(13910, 4, "length='soon' of Pause is no whole number."),
    ]
    assert {one.severity for one in found} == {"warning"}
    assert [one.severity for one in read("<Response><Dial/></Response>")] == ["error"]


def test_findings_read_as_sentences_with_their_numbers() -> None:
    assert str(Finding(13520, 3, "Say has nothing to say.")) == "line 3: Say has nothing to say. (13520)"
    assert str(Finding(None, 3, "Dial has no action.")) == "line 3: Dial has no action."


@pytest.mark.parametrize(
    "verbs",
    [
        [SAY, GATHER.format("", SAY)],
        [GATHER.format(' speechModel="phone_call" language="ht-HT"', SAY)],
        ['<Say voice="Google.es-US-Neural2-A" language="es-US"><prosody rate="slow">Hola</prosody></Say>'],
        ['<Say voice="woman" language="fr-FR">Bonjour</Say>', "<Hangup/>"],
        ["<Reject reason='busy'/>"],
        ['<Record action="/a" playBeep="true" maxLength="30"/>'],
        [DIAL.format(' record="true" callReason="court"', "<Number>+12025550142</Number>")],
        [DIAL.format("", '<Queue url="/q">help</Queue>')],
        ['<Enqueue waitUrl="/w#rc=2&amp;rp=5xx,ct" waitUrlMethod="POST">help</Enqueue>'],
        ['<Start><Stream url="wss://media.example.org/a"/></Start>', SAY],
    ],
)
def test_right_documents_have_no_finding(verbs: list[str]) -> None:
    assert read(f"<Response>{''.join(verbs)}</Response>", style=True) == []


@pytest.mark.parametrize(
    "verb",
    [
        "<Say>Hello.</Say>",
        '<Gather action="/a"><Say>Press a key.</Say></Gather>',
        "<Gather/>",
        "<Dial>+12025550142</Dial>",
        "<Dial>(202) 555-0142</Dial>",
        "<Dial><Conference>table</Conference></Dial>",
        "<Record/>",
        "<Redirect>/next</Redirect>",
    ],
)
def test_what_twilio_runs_with_its_defaults_is_a_matter_of_style_alone(verb: str) -> None:
    document = f"<Response>{verb}</Response>"

    assert read(document) == []
    assert {(one.code, one.severity) for one in read(document, style=True)} == {(None, "warning")}


@pytest.mark.parametrize(
    ("verb", "code"),
    [
        ("<Hangup why='x'/>", 12200),
        ("<pause/>", 12200),
        ("<Hangup>bye</Hangup>", 12200),
        ("<Say><Say>x</Say></Say>", 12200),
        (GATHER.format("", SAY + "<Hangup/>"), 13320),
        (GATHER.format("", SAY + '<Play digits="1"/>'), 13320),
        (GATHER.format(' finishOnKey="x"', SAY), 13310),
        (GATHER.format("", SAY).replace("POST", "PUT"), 13312),
        (GATHER.format("", SAY).replace('"8"', '"0"'), 13313),
        (GATHER.format("", SAY).replace('numDigits="1"', 'numDigits="x"'), 13314),
        (GATHER.format("", SAY).replace('"dtmf"', '"touch"'), 13326),
        (GATHER.format(' speechTimeout="soon"', SAY), 13327),
        (GATHER.format(f' hints="{"x" * 101}"', SAY), 13330),
        (GATHER.format(' language="xx-XX"', SAY), 13331),
        (GATHER.format(' speechTimeout="auto" speechModel="phone_call"', SAY), 13335),
        (GATHER.format("", SAY).replace('"true"', '"yes"'), 13338),
        (SAY.replace("Hello.", ""), 13520),
        (SAY.replace("Hello.", "Hello " * 600), 13521),
        (SAY.replace("Joanna", "Nobody"), 13511),
        (SAY.replace("en-US", "es-US"), 13512),
        (SAY.replace("<Say", '<Say loop="-1"'), 13510),
        ('<Say voice="man" language="en-US">a<break/></Say>', 13520),
        ("<Play/>", 13420),
        ('<Play digits="x"/>', 13430),
        ('<Pause length="1.5"/>', 13910),
        ('<Record action="/a" playBeep="true" maxLength="0"/>', 13612),
        ('<Record action="/a" playBeep="true" finishOnKey="x"/>', 13613),
        ('<Redirect method="POST"/>', 13710),
        ('<Redirect method="POST">javascript:x</Redirect>', 11100),
        (DIAL.format("", ""), 13223),
        ("<Dial>abc</Dial>", 13224),
        (DIAL.format("", "<Number>anonymous</Number>"), 13224),
        (DIAL.format("", "<Number>911</Number>"), 13224),
        (DIAL.format("", '<Number>+12025550170"><b></Number>'.replace("<b>", "&lt;b&gt;")), 13224),
        (DIAL.format("", "<Number>988</Number>").replace("+12025550100", "anonymous"), 13214),
        (DIAL.format("", "<Number>988</Number>").replace('"20"', '"4"'), 13212),
        (DIAL.format("", "<Number>988</Number>").replace('"60"', '"x"'), 13216),
        (DIAL.format(' hangupOnStar="1"', "<Number>988</Number>"), 13213),
        (DIAL.format("", "<Number>988</Number>" * 11), 13215),
        (DIAL.format("", "<Say>x</Say>"), 13215),
        (DIAL.format("", "<Conference>x</Conference><Number>988</Number>"), 13000),
        (DIAL.format("", '<Conference muted="maybe">x</Conference>'), 13230),
        (DIAL.format("", '<Conference endConferenceOnExit="1">x</Conference>'), 13231),
        (DIAL.format("", "<Conference> </Conference>"), 13237),
        (f"<Enqueue>{'q' * 65}</Enqueue>", 14205),
        ("<Dial><Queue/></Dial>", 14212),
        (DIAL.format("", '<Conference maxParticipants="1">x</Conference>'), 16002),
        (f"{SAY}<Reject/>", 13810),
        (GATHER.format("", SAY).replace('"/a"', '"/a#zz=1"'), 12200),
        (GATHER.format("", SAY).replace('"/a"', '"/a#e=1"'), 11240),
        (GATHER.format("", SAY).replace('"/a"', '"/a#rp=never"'), 11243),
        (GATHER.format("", SAY).replace('"/a"', '"https://my_host.example/a"'), 11100),
        (GATHER.format("", SAY).replace('"/a"', '"http://[x"'), 11100),
    ],
)
def test_document_that_twilio_refuses_has_twilios_number(verb: str, code: int) -> None:
    assert code in codes(verb), read(f"<Response>{verb}</Response>")


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"<Response>\xff</Response>", 12100),
        ("<Response>", 12100),
        ('<?xml version="1.0" encoding="nonsense"?><Response/>', 12100),
        ('<!DOCTYPE x [<!ENTITY a "b">]><Response/>', 12100),
        ("<Answer/>", 12102),
        (" ", 11770),
        ("<Response>" + " " * 70_000 + "</Response>", 11750),
    ],
)
def test_text_that_is_no_document_has_twilios_number(document: str | bytes, code: int) -> None:
    assert [finding.code for finding in read(document)] == [code]


@pytest.mark.parametrize(
    ("verbs", "words"),
    [
        ([GATHER.format("", "")], "asks nothing"),
        ([GATHER.format("", SAY).replace(' actionOnEmptyResult="true"', "")], "Nothing follows"),
        ([GATHER.format("", SAY), SAY], "never reached"),
        (["<Hangup/>", SAY], "never reached"),
        (['<Record playBeep="true"/>'], "would loop"),
        (["<Dial>+12025550142</Dial>"], "no action"),
        (["<Dial><Conference>x</Conference></Dial>"], "no waitUrl"),
        (['<Enqueue waitUrl="/w">q</Enqueue>'], "waitUrlMethod"),
        (["<Say>x</Say>"], "no language"),
    ],
)
def test_document_that_serves_a_caller_badly_has_a_warning_of_style(verbs: list[str], words: str) -> None:
    found = read(f"<Response>{''.join(verbs)}</Response>", style=True)

    assert any(words in finding.message and finding.severity == "warning" for finding in found), found


def test_whisper_may_not_dial() -> None:
    dial = DIAL.format("", "<Number>988</Number>")

    assert (codes(dial), codes(dial, whisper=True)) == ([], [13201])


def test_inline_document_is_short_and_its_addresses_are_whole() -> None:
    gather = GATHER.format("", SAY)

    assert codes(gather, inline=True) == [15004]
    assert codes(gather.replace('"/a"', '"https://line.example.org/a"'), inline=True) == []
    assert 32018 in codes(SAY * 80, inline=True)
    assert codes('<Redirect method="POST">/next</Redirect>', inline=True) == [15004]
