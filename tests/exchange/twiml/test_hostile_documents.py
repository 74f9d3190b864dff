"""Whatever a line answers and a caller does, the handset and the reader end in a declared way, and soon."""

from collections.abc import Callable
from contextlib import suppress
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.exchange.delivery.fetching import documents
from hotline.exchange.delivery.request import LineError, Reply, Request
from hotline.exchange.twiml.documents import TwimlError, parse
from hotline.exchange.twiml.reader import read
from hotline.exchange.twiml.spec import ATTRIBUTES
from tests.exchange.scripted_line import ScriptedLine

VALUES = st.sampled_from(
    ["", "0", "1", "2", "-1", "30", "99999999", "true", "false", "#", "*12", "dtmf", "speech", "dtmf speech"]
)
ADDRESSES = st.sampled_from(
    ["/start", "/wait", "http://[", "https://line.example.org/start", "javascript:x", "en-US", "man", "wW1"]
)
OTHERS = st.sampled_from(["500ms", "x", "é", "+12025550142", "conference", "GET"])
TEXTS = st.text(st.characters(codec="utf-8"), max_size=300).map(lambda text: f"<Response>{text}".encode())
TAGS = st.sampled_from([*sorted(ATTRIBUTES), "Say", "Gather", "Dial", "Enqueue", "Record", "nonsense"])


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> str:
    tag = draw(TAGS)
    names = draw(st.lists(st.sampled_from([*ATTRIBUTES.get(tag, {}), "strange"]), max_size=4, unique=True))
    attributes = "".join(
        f" {name}={quoteattr(draw(st.one_of(VALUES, ADDRESSES, OTHERS)))}"
        for name in names
        if name != "xml:lang"
    )
    inside = "".join(draw(st.lists(elements(depth - 1), max_size=3))) if depth else ""
    return f"<{tag}{attributes}>{draw(st.one_of(VALUES, ADDRESSES, OTHERS))}{inside}</{tag}>".replace(
        "&", "&amp;"
    )


# What a line might well answer, so that the calls of the last test get further than their first verb.
LIKELY = st.sampled_from(
    [
        "<Say>one two three</Say>",
        "<Pause/>",
        '<Play loop="0">https://line.example.org/a.mp3</Play>',
        "<Gather><Say>key it</Say></Gather>",
        '<Gather numDigits="1" actionOnEmptyResult="true" action="/start"><Pause/></Gather>',
        "<Record/>",
        '<Record action="/wait" recordingStatusCallback="/kept"/>',
        "<Dial>+12025550142</Dial>",
        '<Dial action="/wait" sequential="true"><Number url="/wait">+12025550142</Number>'
        "<Number>+12025550143</Number></Dial>",
        '<Dial hangupOnStar="true" timeLimit="9"><Conference>conference</Conference></Dial>',
        '<Enqueue waitUrl="/wait" action="/start">help</Enqueue>',
        "<Enqueue>help</Enqueue>",
        '<Dial timeout="5"><Queue url="/wait">help</Queue></Dial>',
        "<Leave/>",
        "<Redirect>/start</Redirect>",
        "<Redirect>/wait</Redirect>",
        "<Hangup/>",
        "<Reject/>",
    ]
)
#: An example is up to eight documents of dozens of elements, or a whole call.
FEWER = settings(max_examples=25, deadline=None)
DOCUMENTS = st.one_of(st.lists(LIKELY, max_size=4), st.lists(elements(), max_size=4)).map("".join)
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("presses"), st.text("0123456789*#", min_size=1, max_size=4)),
        st.tuples(st.just("passes"), st.floats(0, 4000)),
        st.tuples(st.sampled_from(["says_nothing", "picks_up", "goes_unanswered", "hangs_up", "redirected"])),
        st.tuples(st.just("says"), st.text(max_size=12)),
    ),
    max_size=8,
)


@given(st.one_of(st.binary(max_size=300), TEXTS))
def test_any_bytes_are_a_document_or_have_a_number(body: bytes) -> None:
    with suppress(TwimlError):
        parse(body)
        return
    assert read(body)


def test_entities_that_grow_without_end_are_refused_before_they_do() -> None:
    grows = "".join(f'<!ENTITY e{at} "{f"&e{at - 1};" * 10}">' for at in range(1, 7))
    body = f'<!DOCTYPE x [<!ENTITY e0 "ha">{grows}]><Response><Say>&e6;</Say></Response>'.encode()

    with pytest.raises(TwimlError, match="12100"):
        parse(body)
    with pytest.raises(LineError) as refused:
        documents(lambda _request: Reply(200, "text/xml", body))(Request.of("POST", "http://a/", ()))
    assert refused.value.code == 12100


@FEWER
@given(DOCUMENTS)
def test_any_elements_can_be_read(verbs: str) -> None:
    for finding in read(f"<Response>{verbs}</Response>", whisper=True, inline=True):
        assert finding.line == 1
        assert finding.code is None or 10_000 < finding.code < 40_000


def test_document_of_a_thousand_levels_can_be_read_and_heard() -> None:
    deep = f"<Say>{'<p>' * 4000}hello{'</p>' * 4000}</Say>"

    assert read(f"<Response>{deep}</Response>")
    assert ScriptedLine(start=deep).is_dialled(timed=False).leg.heard == ["hello"]


@FEWER
@given(st.booleans(), DOCUMENTS, DOCUMENTS, EVENTS)
def test_any_call_ends_or_waits(timed: bool, start: str, wait: str, events: list[tuple[str, ...]]) -> None:
    line = ScriptedLine(start=start, wait=wait)
    try:
        call = line.is_dialled(timed=timed)
    except LineError:
        return
    for event in events:
        _happens(call, event)
        assert call.state in {
            "keys", "ringing", "talking", "alone", "recording", "waiting", "nothing", "over",
        }  # fmt: skip
        due = call.due_in()
        assert due is None or due >= 0
    call.hangs_up()
    assert call.state == "over"
    assert [told["CallStatus"] for path, told in line.asked if path == "events"].count(
        call.leg.call_status
    ) == 1


def _happens(call: object, event: tuple[str, ...]) -> None:
    name, *arguments = event
    if name == "redirected":
        name, arguments = "goes_to", ["https://line.example.org/start"]
    action: Callable[..., object] = getattr(call, name)
    try:
        action(*arguments)
    except (LineError, LookupError):
        # The line failed the caller, or no phone rang: both are reported.
        return
