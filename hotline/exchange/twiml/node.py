"""A TwiML document for the strict reader: elements that know the line on which they begin."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from hotline.exchange.twiml.documents import MOST_BYTES
from hotline.exchange.twiml.finding import Finding


@dataclass(eq=False, slots=True)
class Node:
    """One element. ``texts`` are its own text and the text after each of its children."""

    tag: str
    attributes: dict[str, str]
    line: int
    children: "list[Node]" = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text of the element itself."""
        return "".join(self.texts).strip()

    @property
    def whole_text(self) -> str:
        """The text of the element and of all elements in it, in order."""
        return "".join(self._pieces()).strip()

    def get(self, name: str, otherwise: str = "") -> str:
        """Return an attribute."""
        return self.attributes.get(name, otherwise)

    def walk(self) -> "Iterator[Node]":
        """Yield this element and all elements in it, in the order of the document."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack += reversed(node.children)

    def _pieces(self) -> Iterator[str]:
        # No recursion: a hostile document may be thousands of elements deep.
        stack: list[Node | str] = [self]
        while stack:
            one = stack.pop()
            if isinstance(one, str):
                yield one
                continue
            parts: list[Node | str] = []
            for at, text in enumerate(one.texts):
                parts.append(text)
                if at < len(one.children):
                    parts.append(one.children[at])
            stack += reversed(parts)


def root_of(document: str | bytes) -> Node | Finding:
    """Return the root of a document, or the finding that there is none."""
    try:
        raw = document if isinstance(document, bytes) else document.encode()
        text = raw.decode()
    except UnicodeError:
        return Finding(12100, 1, "The document is not UTF-8.")
    if len(raw) > MOST_BYTES:
        return Finding(11750, 1, "The document is larger than 64 kB.")
    if not text.strip():
        return Finding(11770, 1, "The document is empty.")
    return _Builder().build(raw)


class _DeclaresError(Exception):
    """The document declares a type, which may define endless entities."""


class _Builder:
    def __init__(self) -> None:
        self._open: list[Node] = []
        self._root: Node | None = None
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._starts
        self._parser.EndElementHandler = self._ends
        self._parser.CharacterDataHandler = self._reads
        self._parser.StartDoctypeDeclHandler = self._declares

    def build(self, raw: bytes) -> Node | Finding:
        try:
            self._parser.Parse(raw, True)
        except expat.ExpatError as error:
            return Finding(12100, error.lineno, f"The document is not well-formed: {error}.")
        except (LookupError, ValueError) as error:
            return Finding(12100, 1, f"The document is not well-formed: {error}.")
        except _DeclaresError:
            return Finding(
                12100, self._parser.CurrentLineNumber, "The document declares a type or an entity."
            )
        root = self._root
        if root is None or root.tag != "Response":
            line, tag = (1, "nothing") if root is None else (root.line, root.tag)
            return Finding(12102, line, f"The root is {tag}, not Response.")
        return root

    def _starts(self, tag: str, attributes: dict[str, str]) -> None:
        node = Node(tag, attributes, self._parser.CurrentLineNumber, texts=[""])
        if self._open:
            self._open[-1].children.append(node)
            self._open[-1].texts.append("")
        else:
            self._root = node
        self._open.append(node)

    def _ends(self, _tag: str) -> None:
        self._open.pop()

    def _reads(self, text: str) -> None:
        self._open[-1].texts[-1] += text

    def _declares(self, *_declared: object) -> None:
        raise _DeclaresError
