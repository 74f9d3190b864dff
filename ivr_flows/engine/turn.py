"""What the line does next: the words to say and how the document ends; saved on the call as JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

Slots = tuple[tuple[str, str], ...]

#: At the slow pace a wait is one second for each word spoken, plus this (R26).
SLOW_SECONDS_MORE = 10
#: Twilio documents no maximum for a Gather's timeout; this is its maximum for ringing.
LONGEST_WAIT_SECONDS = 600


class Words(str):
    """The words for a slot in the call's language; ``said`` has them in every offered language.

    After key 8, what a verb said is repeated in the next language without running the verb again (R22).
    ``later`` has them from each moment on at which they change: at midnight "tomorrow" becomes "today".
    """

    said: Mapping[str, str]
    later: Mapping[datetime, Mapping[str, str]]

    @classmethod
    def of(
        cls,
        said: Mapping[str, str],
        language: str,
        later: Mapping[datetime, Mapping[str, str]] = MappingProxyType({}),
    ) -> "Words":
        """The words in ``language``, which must be one of ``said``."""
        words = cls(said[language])
        words.said, words.later = said, later
        return words

    def at(self, moment: datetime) -> Mapping[str, str]:
        """The words in every language as they are said at ``moment``."""
        return next(
            (said for since, said in sorted(self.later.items(), reverse=True) if since <= moment), self.said
        )


def anew(text: str, language: str, now: datetime) -> str:
    """The words for a slot as they are said ``now`` in ``language``, if they have others and it is theirs."""
    if not isinstance(text, Words) or language not in text.said:
        return text
    later = {since: said for since, said in text.later.items() if since > now}
    return Words.of(text.at(now), language, later)


@dataclass(frozen=True, slots=True)
class Say:
    """One prompt by its id, the words for its slots, and a language when it is not the call's."""

    prompt: str
    slots: Slots = ()
    language: str | None = None

    def anew(self, language: str, now: datetime) -> "Say":
        """The same prompt, said again ``now`` in a call in ``language``."""
        own = self.language or language
        return Say(
            self.prompt, tuple((name, anew(text, own, now)) for name, text in self.slots), self.language
        )


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
        return _ENCODE([*spoken, type(self.end).__name__, end])

    @classmethod
    def from_json(cls, text: str) -> "Turn":
        """Parse a turn. Raises ValueError when the text is not one."""
        *spoken, kind, end = json.loads(text)
        # A turn saved by the previous release has no third part.
        before, says, *again = (tuple(map(_say, part)) for part in spoken)
        return cls(before, says, _ENDS[kind](**end), *again)


#: Made once, since each `json.dumps` with separators makes another encoder.
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode
#: Between a language and the moment from which words are said in it.
_SINCE = "@"


def _plain(say: Say) -> list[Any]:
    slots = [
        [name, text, _all_of(text)] if isinstance(text, Words) else [name, text] for name, text in say.slots
    ]
    return [say.prompt, slots, say.language]


def _all_of(words: Words) -> dict[str, str]:
    """What is said now and later, in one mapping: the release before looks only for the languages in it."""
    later = {
        f"{language}{_SINCE}{since.isoformat()}": text
        for since, said in words.later.items()
        for language, text in said.items()
    }
    return {**words.said, **later}


def _say(plain: list[Any]) -> Say:
    prompt, slots, language = plain
    return Say(prompt, tuple((name, _words(text, *said)) for name, text, *said in slots), language)


def _words(text: str, everything: Mapping[str, str] | None = None) -> str:
    if everything is None:
        return text
    words, later = Words(text), dict[datetime, dict[str, str]]()
    words.said = {language: said for language, said in everything.items() if _SINCE not in language}
    for name, said in everything.items():
        language, _, since = name.partition(_SINCE)
        if since:
            later.setdefault(datetime.fromisoformat(since), {})[language] = said
    words.later = later
    return words
