"""All TwiML of the app: turns what is said and how it ends into a document that Twilio runs."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape, quoteattr

from config.office import Office
from ivr_flows.engine.turn import (
    LONGEST_WAIT_SECONDS,
    Connect,
    Dial,
    Gather,
    Hangup,
    Hold,
    Join,
    Say,
    Slots,
    Turn,
)
from ivr_flows.prompts import count_words

#: Slots whose words come from the tree or from office.toml, so there are few different texts. Only these
#: texts are cached: words about one caller's case are rendered anew each time and kept nowhere.
SETTLED_SLOTS = frozenset({"key", "line", "emergency", "service"})
READY_TEXTS = 2048
#: Prompts that name a key but are not options of a menu. They too are set apart by a pause (R21).
KEY_SENTENCES = frozenset({
    "discreet.advice", "keys.told", "keys.language", "queue.back", "repair.person", "silent.offer",
    "since.advice", "status.person", "status.support",
})  # fmt: skip

PAUSE_MILLISECONDS = 600
SHORTEST_RING_SECONDS = 5
LONGEST_TALK_SECONDS = 14_400

# The most that one <Say> may have: Polly takes 3000 characters, and Twilio 4500 after URL encoding.
SAY_CHARACTERS = 3000
SAY_URL_CHARACTERS = 4500
_SURELY_FITS = SAY_URL_CHARACTERS // len("%F0%9F%98%80")
# A document may have 64 kB. These limits keep the three parts of a turn below it, whatever the slots.
SLOT_CHARACTERS = 200
TEXT_CHARACTERS = 4000
PART_BYTES = 18_000

_HEAD = '<?xml version="1.0" encoding="UTF-8"?><Response>'
_TAIL = "</Response>"
_BREAK = f'<break time="{PAUSE_MILLISECONDS}ms"/>'
# Control characters, lone surrogates and non-characters: most break the document, none can be heard.
_UNSPEAKABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]+")
_PAUSE_MARK = re.compile(r"\s*\|\s*")
_DIGITS_MARK = re.compile("«([^«»]*)»")
_NUMBER = re.compile("«[0-9 +-]+»(, «[0-9 +-]+»)*")
#: Slots with a name from the office's directories. A voice of the name's own language reads it (R14).
NAME_SLOTS = frozenset({"facility", "place"})
NAME_LANGUAGE = "en-US"
_NAME_MARK = re.compile("‹([^‹›]*)›")
_NO_MARKS = str.maketrans("|«»‹›", "     ")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=\|)\s+")
# Polly reads say-as telephone in these languages; in others a phone number is read as plain digits.
_READS_TELEPHONES = frozenset({"en", "es", "fr", "pt", "de", "it", "ja", "ru"})


class Words(Protocol):
    """The source of the texts (ivr_flows.prompts.Prompts)."""

    def text(self, language: str, prompt: str, /, **slots: str) -> str: ...


class _Spoken(NamedTuple):
    """One prompt ready to be spoken, alone or after another option of the same turn."""

    xml: str
    after_option: str
    is_option: bool
    words: int
    size: int


class _Voice(NamedTuple):
    say: str
    takes_markup: bool
    reads_telephones: bool
    reads_names: bool


class Renderer:
    """Writes TwiML for one office: its prompts, one voice per language, its paths and its caller ID.

    ``voices`` gives voice and language as Twilio names them, by our language code. ``base_path`` is the path
    of the public URL ("" when it has none), and ``caller_id`` the line's number (E.164) that a called phone
    shows.
    """

    def __init__(
        self, prompts: Words, voices: Mapping[str, tuple[str, str]], base_path: str, caller_id: str
    ) -> None:
        self._prompts = prompts
        self._voices = {code: _voice(*names) for code, names in voices.items()}
        self._base = quote(base_path.rstrip("/"), safe="/-._~")
        self._caller_id = quoteattr(caller_id)
        self._settled = lru_cache(maxsize=READY_TEXTS)(self._make)

    @classmethod
    def of(cls, prompts: Words, office: Office, public_url: str) -> "Renderer":
        """The renderer of an office: its voices and main line, under the public URL."""
        voices = {code: (office.voices[code], office.voice_languages[code]) for code in office.languages}
        return cls(prompts, voices, urlsplit(public_url).path, office.lines[0])

    def render(self, turn: Turn, language: str) -> str:
        """Return the document for one turn, in the call's language where a prompt names none.

        Raises KeyError for an unknown prompt, slot or language, and ValueError for a Dial without a number.
        """
        end = turn.end
        before, words, had_option = "", 0, False
        if turn.before:
            before, words, had_option = self._speak(turn.before, language)
        says, more, _ = self._speak(turn.says, language, had_option=had_option)
        words += more
        match end:
            case Gather():
                # A menu accepts # as a key (R22); an entry ends with it.
                finish_on = "#" if end.digits > 1 else ""
                # Keys outside a Gather are lost. Otherwise one key too many would become the first of the
                # next try and shift each try after it, or would cut the status off and answer the menu after
                # it.
                rest = f'<Pause length="{end.after_digits:d}"/>' if end.after_digits else ""
                return (
                    f'{_HEAD}{before}{rest}<Gather input="dtmf" numDigits="{end.digits:d}" '
                    f'finishOnKey="{finish_on}" timeout="{end.wait_after(words):d}" '
                    f'actionOnEmptyResult="true" method="POST" '
                    f'action="{self._action(end.step, end.turn)}">{says}</Gather>{_TAIL}'
                )
            case Dial():
                return f"{_HEAD}{before}{says}{self._dial(end)}{_TAIL}"
            case Join():
                return f"{_HEAD}{before}{says}{self._join(end)}{_TAIL}"
            case Hold():
                action = self._action(end.step, end.turn)
                wait = f'<Pause length="1"/><Redirect method="POST">{action}</Redirect>'
                return f"{_HEAD}{before}{says}{wait}{_TAIL}"
            case Hangup():
                return f"{_HEAD}{before}{says}<Hangup/>{_TAIL}"
            case Connect():
                return f"{_HEAD}{before}{says}{_TAIL}"

    def _action(self, step: str, turn: int) -> str:
        return f"{self._base}/voice/steps/{_segment(step)}/{turn:d}"

    def _dial(self, end: Dial) -> str:
        number = re.sub(r"[^0-9+]", "", end.number)
        if not number:
            raise ValueError("A transfer has no number to dial.")
        ring = min(max(end.ring_seconds, SHORTEST_RING_SECONDS), LONGEST_WAIT_SECONDS)
        return (
            f'<Dial answerOnBridge="true" callerId={self._caller_id} timeout="{ring:d}" '
            f'timeLimit="{LONGEST_TALK_SECONDS}" record="do-not-record" method="POST" '
            f'action="{self._action(end.step, end.turn)}"><Number>{number}</Number></Dial>'
        )

    def _join(self, end: Join) -> str:
        # No beep: a person who joins is announced in words (R43). An empty waitUrl means silence instead of
        # music, with nothing to fetch: a wait document that fails would keep the conference from starting.
        return (
            f'<Dial timeLimit="{LONGEST_TALK_SECONDS}" record="do-not-record" method="POST" '
            f'hangupOnStar="{"true" if end.star else "false"}" '
            f'action="{self._action(end.step, end.turn)}"><Conference beep="false" '
            f'startConferenceOnEnter="true" endConferenceOnExit="{"true" if end.ends_with_me else "false"}" '
            f'waitUrl="" waitMethod="POST" record="do-not-record">{_segment(end.conference)}'
            "</Conference></Dial>"
        )

    def _speak(
        self, says: Sequence[Say], language: str, *, had_option: bool = False
    ) -> tuple[str, int, bool]:
        """Return the prompts one after another, how many words they have, and whether one was an option.

        Each option after the first has a pause before it, also if other sentences are between them (R21).
        ``had_option``: the turn has already named a key.
        """
        parts: list[str] = []
        words = size = 0
        for say in says:
            spoken = self._ready(say.prompt, say.slots, say.language or language)
            size += spoken.size
            if size > PART_BYTES:
                # It is better to lose the end of an endless text than to have Twilio refuse the document.
                break
            parts.append(spoken.after_option if had_option and spoken.is_option else spoken.xml)
            words += spoken.words
            had_option = had_option or spoken.is_option
        return "".join(parts), words, had_option

    def _ready(self, prompt: str, slots: Slots, language: str) -> _Spoken:
        for name, _ in slots:
            if name not in SETTLED_SLOTS:
                return self._make(prompt, slots, language)
        return self._settled(prompt, slots, language)

    def _make(self, prompt: str, slots: Slots, language: str) -> _Spoken:
        voice = self._voices[language]
        text = self._prompts.text(language, prompt, **{name: _slot(name, value) for name, value in slots})
        pieces = [_marked_up(piece, voice) for piece in _pieces(_clean(text)[:TEXT_CHARACTERS])]
        xml = "".join([f"{voice.say}{piece}</Say>" for piece in pieces])
        is_option = prompt in KEY_SENTENCES or any(name == "key" for name, _ in slots)
        after_option = xml
        if xml and is_option:
            # The pause between two options (R21) comes before the second one, so no menu ends with a pause.
            if voice.takes_markup:
                after_option = xml.replace(voice.say, voice.say + _BREAK, 1)
            else:
                after_option = f'<Pause length="1"/>{xml}'
        return _Spoken(xml, after_option, is_option, count_words(text), len(after_option.encode()))


def message(*texts: str) -> str:
    """The answer to a text message: one message with a line for each text, or none at all."""
    body = escape("\n".join(filter(None, map(_clean, texts))))
    return f"{_HEAD}{f'<Message>{body}</Message>' if body else ''}{_TAIL}"


def _voice(voice: str, language: str) -> _Voice:
    takes_markup = voice.startswith(("Polly.", "Google."))
    say = f"<Say voice={quoteattr(voice)} language={quoteattr(language)}>"
    reads_telephones = takes_markup and language[:2] in _READS_TELEPHONES
    return _Voice(say, takes_markup, reads_telephones, language[:2] == NAME_LANGUAGE[:2])


@lru_cache(maxsize=1024)
def _segment(name: str) -> str:
    # A name that is quoted for a path is safe in XML as well.
    return quote(name, safe="")


def _clean(text: str) -> str:
    # Nearly every text is printable, and what is printable is speakable.
    return " ".join((text if text.isprintable() else _UNSPEAKABLE.sub(" ", text)).split())


def _slot(name: str, value: str) -> str:
    """A slot's words without any character that acts as a mark, except in numbers read digit by digit."""
    words = _clean(value)[:SLOT_CHARACTERS]
    if name == "emergency" and words.isdigit():
        return f"«{words}»"
    if name in NAME_SLOTS:
        return f"‹{words.translate(_NO_MARKS).strip()}›"
    return words if _NUMBER.fullmatch(words) else words.translate(_NO_MARKS)


def _pieces(text: str) -> list[str]:
    """The text in pieces that fit into one <Say>, cut at sentence ends if there are any."""
    if _fits(text):
        return [text] if _is_speakable(text) else []
    pieces: list[str] = []
    for sentence in _SENTENCE_END.split(text):
        if pieces and _fits(joined := f"{pieces[-1]} {sentence}"):
            pieces[-1] = joined
        elif _fits(sentence):
            pieces.append(sentence)
        else:
            pieces += [sentence[at : at + _SURELY_FITS] for at in range(0, len(sentence), _SURELY_FITS)]
    return [piece for piece in pieces if _is_speakable(piece)]


def _fits(text: str) -> bool:
    if len(text) <= _SURELY_FITS:
        return True
    return len(text) <= SAY_CHARACTERS and len(quote(text, safe="")) <= SAY_URL_CHARACTERS


def _is_speakable(text: str) -> bool:
    # Twilio fails a <Say> without anything to speak.
    return any(map(str.isalnum, text))


def _marked_up(text: str, voice: _Voice) -> str:
    def digits(mark: re.Match[str]) -> str:
        number = re.sub(r"[^0-9]", "", mark[1])
        if not number:
            return mark[1]
        if not voice.takes_markup:
            return " ".join(number)
        how = "telephone" if voice.reads_telephones and len(number) == 10 else "digits"
        return f'<say-as interpret-as="{how}">{number}</say-as>'

    marked = escape(text)
    if "«" in marked or "»" in marked:
        marked = re.sub("[«»]", " ", _DIGITS_MARK.sub(digits, marked))
    if "‹" in marked or "›" in marked:
        other = voice.takes_markup and not voice.reads_names
        name = f'<lang xml:lang="{NAME_LANGUAGE}">\\1</lang>' if other else r"\1"
        # The half of a name that was cut in two leaves a mark behind, which is removed.
        marked = re.sub("[‹›]", " ", _NAME_MARK.sub(name, marked))
    if "|" in marked:
        marked = _PAUSE_MARK.sub(_BREAK if voice.takes_markup else ", ", marked)
    return marked
