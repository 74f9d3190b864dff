"""Lays out a TwiML document for reading, with its findings."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from hotline.exchange.twiml.finding import Finding
from hotline.exchange.twiml.node import Node, root_of
from hotline.exchange.twiml.reader import read

#: Deeper documents are returned unchanged; Twilio accepts none of them.
_DEEPEST = 20


@lru_cache(maxsize=512)
def laid_out(document: str, *, whisper: bool = False, style: bool = False) -> tuple[str, tuple[Finding, ...]]:
    """Return the document with one element a line, and its findings, which use the new line numbers.

    A document that is not TwiML is returned unchanged. ``style`` is that of ``read``.
    """
    root = root_of(document)
    if not isinstance(root, Node) or _depth(root) > _DEEPEST:
        return document, tuple(read(document, whisper=whisper, style=style))
    text = "\n".join(_lines(root, ""))
    return text, tuple(read(text, whisper=whisper, style=style))


def findings_as_json(findings: tuple[Finding, ...]) -> list[dict[str, Any]]:
    """Return findings ready for JSON."""
    return [finding._asdict() | {"severity": finding.severity} for finding in findings]


def _depth(root: Node) -> int:
    depth, level = 0, [root]
    while level and depth <= _DEEPEST:
        depth, level = depth + 1, [child for node in level for child in node.children]
    return depth


def _lines(node: Node, indent: str) -> Iterator[str]:
    has_words = any(text.strip() for text in node.texts)
    if has_words or not node.children:
        # Spaces between words and elements matter, so such an element stays on one line.
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
