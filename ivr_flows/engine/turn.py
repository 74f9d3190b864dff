"""What the line does next: the words to say and how the document ends; saved on the call as JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Slots = tuple[tuple[str, str], ...]

#: At the slow pace a wait is one second for each word spoken, plus this (R26).
SLOW_SECONDS_MORE = 10
#: Twilio documents no maximum for a Gather's timeout; this is its maximum for ringing.
LONGEST_WAIT_SECONDS = 600


class Words(str):
    """The words for a slot in the call's language; ``said`` has them in every offered language.

    After key 8, what a verb said is repeated in the next language without running the verb again (R22).
    """

    said: Mapping[str, str]

    @classmethod
    def of(cls, said: Mapping[str, str], language: str) -> "Words":
        """The words in ``language``, which must be one of ``said``."""
        words = cls(said[language])
        words.said = said
        return words


def in_language(text: str, language: str) -> str:
    """The words for a slot in another language, if they have translations and that language is among them."""
    return Words.of(text.said, language) if isinstance(text, Words) and language in text.said else text


@dataclass(frozen=True, slots=True)
class Say:
    """One prompt by its id, the words for its slots, and a language when it is not the call's."""

    prompt: str
    slots: Slots = ()
    language: str | None = None

    def in_language(self, language: str) -> "Say":
        """The same prompt for a call that has changed its language."""
        if self.language is not None:
            return self
        return Say(self.prompt, tuple((name, in_language(text, language)) for name, text in self.slots))


@dataclass(frozen=True, slots=True)
class Gather:
    """Wait for keys: at most ``digits`` of them, ``seconds`` of silence, answered at step and turn.

    ``seconds`` is the wait at the normal pace; the slow pace (R26) is computed from the words spoken.
    ``after_digits``: digits were just entered, and surplus digits may still arrive for this many seconds.
    """

    step: str
    turn: int
    digits: int
    seconds: int
    slow: bool = False
    after_digits: int = 0

    def wait_after(self, words: int) -> int:
        """The seconds of silence allowed after ``words`` words were spoken (R24, R26)."""
        if not self.slow:
            return self.seconds
        return min(max(self.seconds, words + SLOW_SECONDS_MORE), LONGEST_WAIT_SECONDS)


@dataclass(frozen=True, slots=True)
class Dial:
    """Call ``number`` (E.164); the carrier connects the person who answers to this call."""

    step: str
    turn: int
    number: str
    ring_seconds: int


@dataclass(frozen=True, slots=True)
class Join:
    """Join a conference with an opaque name; it ends with this leg if ``ends_with_me``.

    With ``star`` the key * takes this leg out of it, to the next step.
    """

    step: str
    turn: int
    conference: str
    ends_with_me: bool
    star: bool = False


@dataclass(frozen=True, slots=True)
class Connect:
    """End the document without hanging up: the call continues where it was, for example in its conference."""


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The PIN is still being hashed: pause a second, then ask the same step again without keys."""

    step: str
    turn: int


End = Gather | Dial | Join | Connect | Hangup | Hold
_ENDS: dict[str, type[Any]] = {kind.__name__: kind for kind in (Gather, Dial, Join, Connect, Hangup, Hold)}


@dataclass(frozen=True, slots=True)
class Turn:
    """The result of one answer. ``before`` cannot be interrupted (the danger line); a key stops ``says``.

    ``again`` is what * repeats, if that is more or other than this: after a slip or a silence the words
    before it, and after the danger line also those before that line, such as the news of a release (R22).
    """

    before: tuple[Say, ...]
    says: tuple[Say, ...]
    end: End
    again: tuple[Say, ...] = ()

    def to_json(self) -> str:
        """Write the turn for the call's row."""
        end = {name: getattr(self.end, name) for name in self.end.__dataclass_fields__}
        spoken = [[_plain(say) for say in part] for part in (self.before, self.says, self.again)]
        return json.dumps([*spoken, type(self.end).__name__, end], separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Turn":
        """Parse a turn. Raises ValueError when the text is not one."""
        *spoken, kind, end = json.loads(text)
        # A turn saved by the previous release has no third part.
        before, says, *again = (tuple(map(_say, part)) for part in spoken)
        return cls(before, says, _ENDS[kind](**end), *again)


def _plain(say: Say) -> list[Any]:
    slots = [[name, text, text.said] if isinstance(text, Words) else [name, text] for name, text in say.slots]
    return [say.prompt, slots, say.language]


def _say(plain: list[Any]) -> Say:
    prompt, slots, language = plain
    return Say(prompt, tuple((name, _words(text, *said)) for name, text, *said in slots), language)


def _words(text: str, said: Mapping[str, str] | None = None) -> str:
    if said is None:
        return text
    words = Words(text)
    words.said = said
    return words
