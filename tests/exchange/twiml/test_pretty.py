"""TwiML laid out for people: nothing that is spoken changes, and findings name the lines that are shown."""

from hypothesis import given
from hypothesis import strategies as st

from hotline.exchange.twiml.node import Node, root_of
from hotline.exchange.twiml.pretty import laid_out

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20)


def shape(node: Node) -> tuple[object, ...]:
    """The content of a document, without space that nobody hears."""
    is_container = not any(text.strip() for text in node.texts)
    texts = () if is_container else tuple(node.texts)
    return (node.tag, tuple(node.attributes.items()), texts, tuple(map(shape, node.children)))


def test_each_verb_has_its_line_and_words_stay_together() -> None:
    text, findings = laid_out(
        '<?xml version="1.0"?><Response><Gather numDigits="1" timeout="5" action="/a?x=1&amp;y=2">'
        '<Say voice="Polly.Joanna">Press <break/> 1 &amp; wait.</Say></Gather><Hangup/></Response>'
    )

    assert text.split("\n") == [
        "<Response>",
        '  <Gather numDigits="1" timeout="5" action="/a?x=1&amp;y=2">',
        '    <Say voice="Polly.Joanna">Press <break/> 1 &amp; wait.</Say>',
        "  </Gather>",
        "  <Hangup/>",
        "</Response>",
    ]
    assert [finding for finding in findings if finding.severity == "error"] == []


def test_finding_names_the_line_that_is_shown() -> None:
    text, findings = laid_out(
        '<Response><Say>Hello.</Say><Dial timeout="soon">+12025550123</Dial></Response>'
    )

    wrong = next(finding for finding in findings if finding.code == 13212)
    assert text.split("\n")[wrong.line - 1].strip().startswith("<Dial")


def test_document_that_is_no_twiml_is_shown_as_it_came() -> None:
    deep = "<Response>" + "<Say>" * 900 + "</Say>" * 900 + "</Response>"
    for document in ("<Response><Say>", "oops", "<html/>", deep):
        text, findings = laid_out(document)
        assert text == document
        assert findings


@given(words=st.lists(TEXT, max_size=4), value=TEXT)
def test_nothing_that_is_said_or_sent_changes(words: list[str], value: str) -> None:
    from xml.sax.saxutils import escape, quoteattr

    says = "".join(f"<Say>{escape(one)}<break time={quoteattr(value)}/>{escape(one)}</Say>" for one in words)
    document = f"<Response><Gather action={quoteattr(value)}>{says}</Gather>{says}</Response>"

    before, after = root_of(document), root_of(laid_out(document)[0])

    assert isinstance(before, Node)
    assert isinstance(after, Node)
    assert shape(before) == shape(after)
