"""A TwiML document laid out for reading, with what is wrong with it."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from hotline.exchange.twiml.finding import Finding
from hotline.exchange.twiml.node import Node, root_of
from hotline.exchange.twiml.reader import read

#: No document that Twilio accepts nests deeper than this; one that does is shown as it came.
_DEEPEST = 20


@lru_cache(maxsize=512)
def laid_out(document: str, *, whisper: bool = False) -> tuple[str, tuple[Finding, ...]]:
    """The document with one element a line, and its findings, whose lines are those of what is given.

    A document that is no TwiML is given as it came.
    """
    root = root_of(document)
    if not isinstance(root, Node) or _depth(root) > _DEEPEST:
        return document, tuple(read(document, whisper=whisper))
    text = "\n".join(_lines(root, ""))
    return text, tuple(read(text, whisper=whisper))


def findings_as_json(findings: tuple[Finding, ...]) -> list[dict[str, Any]]:
    """Findings as JSON can carry them."""
    return [finding._asdict() for finding in findings]


def _depth(root: Node) -> int:
    depth, level = 0, [root]
    while level and depth <= _DEEPEST:
        depth, level = depth + 1, [child for node in level for child in node.children]
    return depth


def _lines(node: Node, indent: str) -> Iterator[str]:
    has_words = any(text.strip() for text in node.texts)
    if has_words or not node.children:
        # Spaces between words and marks are heard as they stand, so such an element stays on its line.
        yield indent + _inline(node)
        return
    yield f"{indent}<{_opening(node)}>"
    for child in node.children:
        yield from _lines(child, indent + "  ")
    yield f"{indent}</{node.tag}>"


def _inline(node: Node) -> str:
    if not node.children and not node.text:
        return f"<{_opening(node)}/>"
    inner = escape(node.texts[0])
    for child, after in zip(node.children, node.texts[1:], strict=True):
        inner += _inline(child) + escape(after)
    return f"<{_opening(node)}>{inner}</{node.tag}>"


def _opening(node: Node) -> str:
    attributes = (f" {name}={quoteattr(value)}" for name, value in node.attributes.items())
    return node.tag + "".join(attributes)
