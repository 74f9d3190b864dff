"""The rules of the strict reader beyond the schema: what each verb needs so that a call goes well."""

import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from hotline.exchange.twiml.dialable import dialable, is_caller_id
from hotline.exchange.twiml.finding import Finding
from hotline.exchange.twiml.node import Node
from hotline.exchange.twiml.spec import CHILDREN

#: The language of the voices whose name does not have it.
POLLY_LANGUAGES = {
    **dict.fromkeys(("Joanna", "Matthew", "Ruth", "Danielle", "Stephen"), "en-US"),
    **dict.fromkeys(("Lupe", "Miguel", "Penelope", "Pedro"), "es-US"),
    **dict.fromkeys(("Mia", "Mía", "Andres"), "es-MX"),
    **dict.fromkeys(("Chantal", "Gabrielle", "Liam"), "fr-CA"),
    **dict.fromkeys(("Hala", "Zayd"), "ar-AE"),
    **dict.fromkeys(("Camila", "Vitoria"), "pt-BR"),
    **dict.fromkeys(("Tatyana", "Maxim"), "ru-RU"),
    "Zeina": "arb",
    "Zhiyu": "cmn-CN",
    "Hiujin": "yue-HK",
    "Seoyeon": "ko-KR",
}
_BASIC_VOICES = frozenset({"", "man", "woman", "alice"})
_ENDS_THE_DOCUMENT = frozenset({"Redirect", "Hangup", "Reject", "Record", "Leave"})
_MOST_PARALLEL_NUMBERS = 10


def rules_of(root: Node, *, whisper: bool) -> Iterator[Finding]:
    """Check every rule on every verb of a document."""
    for node in root.walk():
        match node.tag:
            case "Say":
                yield from _say(node)
            case "Gather":
                yield from _gather(node)
            case "Record":
                yield from _record(node)
            case "Dial":
                yield from _dial(node)
            case "Number":
                yield from _number(node)
            case "Conference":
                yield from _conference(node)
            case "Redirect":
                yield from _redirect(node)
            case "Enqueue":
                yield from _enqueue(node)
            case "Queue" if not node.text:
                yield Finding(14212, node.line, "Queue has no name.")
            case "Play":
                yield from _play(node)
        if whisper and node.tag == "Dial":
            yield Finding(13201, node.line, "A whisper may not dial.")
    yield from _order(root.children)


def _say(say: Node) -> Iterator[Finding]:
    voice, language = say.get("voice"), say.get("language")
    text = say.whole_text
    if not any(map(str.isalnum, text)):
        yield Finding(13520, say.line, "Say has nothing to say.")
    is_polly, is_google = voice.startswith("Polly."), voice.startswith("Google.")
    most = 3000 if is_polly else 5000 if is_google else 4096
    # Google counts markup too; an element is about as long as its name and attributes.
    marks = sum(len(n.tag) * 2 + 5 + sum(map(len, n.attributes)) for n in say.walk() if n is not say)
    counted = len(text) + (marks if is_google else 0)
    if counted > most or len(quote(text, safe="")) > 4500:
        yield Finding(13521, say.line, f"Say has {counted} characters, too many for its voice.")
    if say.children and not (is_polly or is_google):
        yield Finding(13520, say.line, f"The voice {voice!r} takes no markup.")
    if is_polly and "-" in voice and any(node.tag == "emphasis" for node in say.walk()):
        yield Finding(13520, say.line, f"The voice {voice} takes no emphasis.")
    if not language:
        message = f"The voice {voice!r} does not speak {language!r}: no language is named."
        yield Finding(None, say.line, message)
    elif not _speaks(voice, language):
        yield Finding(13512, say.line, f"The voice {voice!r} does not speak {language!r}.")


def _speaks(voice: str, language: str) -> bool:
    if voice.startswith("Google."):
        return voice.removeprefix("Google.").startswith(f"{language}-")
    if voice.startswith("Polly."):
        known = POLLY_LANGUAGES.get(voice.removeprefix("Polly.").partition("-")[0])
        # A voice that is not listed here may speak any language.
        return known is None or known == language
    return voice in _BASIC_VOICES


def _gather(gather: Node) -> Iterator[Finding]:
    def warns(message: str) -> Finding:
        return Finding(None, gather.line, message)

    if not any(child.tag in {"Say", "Play"} for child in gather.children):
        yield warns("Gather asks nothing: no prompt is nested in it.")
    for name in ("action", "method", "timeout", "input"):
        if not gather.get(name):
            yield warns(f"Gather has no {name}.")
    takes_keys = "dtmf" in gather.get("input", "dtmf")
    if takes_keys and "numDigits" not in gather.attributes and "finishOnKey" not in gather.attributes:
        yield warns("Gather has neither numDigits nor finishOnKey.")
    if not re.fullmatch(r"[0-9*#]*", gather.get("finishOnKey", "#")):
        yield Finding(13310, gather.line, "finishOnKey is no key.")
    hints = gather.get("hints").split(",")
    if len(hints) > 500 or any(len(hint) > 100 for hint in hints):
        yield Finding(13330, gather.line, "hints has more than 500 entries, or one of over 100 characters.")
    patience = gather.get("speechTimeout")
    if patience and patience != "auto" and not re.fullmatch("[1-9][0-9]{0,3}", patience):
        yield Finding(13327, gather.line, "speechTimeout is neither auto nor a whole number.")
    if patience == "auto" and gather.get("speechModel"):
        yield Finding(13335, gather.line, "speechTimeout is auto although there is a speechModel.")
    for play in gather.children:
        if play.tag == "Play" and play.get("digits"):
            yield Finding(13320, play.line, "Play sends digits in a Gather.")


def _record(record: Node) -> Iterator[Finding]:
    if not record.get("action"):
        yield Finding(None, record.line, "Record has no action, so it would loop.")
    if "playBeep" not in record.attributes:
        yield Finding(None, record.line, "Record has no playBeep.")
    if not re.fullmatch(r"[0-9*#]*", record.get("finishOnKey")):
        yield Finding(13613, record.line, "finishOnKey is no key.")


def _dial(dial: Node) -> Iterator[Finding]:
    def warns(message: str) -> Finding:
        return Finding(None, dial.line, message)

    for name in ("action", "method", "timeLimit"):
        if not dial.get(name):
            yield warns(f"Dial has no {name}.")
    kinds = {child.tag for child in dial.children} & CHILDREN["Dial"]
    if not kinds and not dial.text:
        yield Finding(13223, dial.line, "Dial dials nothing.")
    if not kinds and dial.text and dialable(dial.text) is None:
        yield Finding(13224, dial.line, "Dial holds no number that can be dialled.")
    if kinds and dial.text:
        yield Finding(13215, dial.line, "Dial holds text beside its nouns.")
    alone = kinds & {"Conference", "Queue"}
    if alone and len(dial.children) > 1:
        yield Finding(13000, dial.line, f"A {min(alone)} stands beside something else.")
    if "Conference" not in kinds:
        for name in ("callerId", "timeout"):
            if not dial.get(name) and not (name == "callerId" and "Queue" in kinds):
                yield warns(f"Dial has no {name}.")
    caller_id = dial.get("callerId")
    if caller_id and not is_caller_id(caller_id):
        yield Finding(13214, dial.line, "callerId is not in E.164.")
    if len(dial.get("callReason")) > 50:
        yield Finding(12200, dial.line, "callReason has over 50 characters.")
    if len(dial.children) > _MOST_PARALLEL_NUMBERS:
        yield Finding(13215, dial.line, f"Dial names more than {_MOST_PARALLEL_NUMBERS} phones.")
    if any(child.get("url") for child in dial.children if child.tag == "Number") and (
        dial.get("answerOnBridge") != "true"
    ):
        yield warns("A whisper without answerOnBridge leaves the caller in silence.")


def _number(number: Node) -> Iterator[Finding]:
    if dialable(number.text) is None:
        yield Finding(
            13224 if number.text else 13223, number.line, "Number holds no number that can be dialled."
        )
    if number.get("url") and not number.get("method"):
        yield Finding(None, number.line, "The whisper of Number has no method.")
    if number.get("sendDigits") and not re.fullmatch("[0-9A-DWw#*,]+", number.get("sendDigits")):
        yield Finding(12200, number.line, "sendDigits holds what no phone sends.")


def _conference(conference: Node) -> Iterator[Finding]:
    if not conference.text:
        yield Finding(13237, conference.line, "Conference has no name.")
    if len(conference.get("participantLabel")) > 128:
        yield Finding(16023, conference.line, "participantLabel has over 128 characters.")
    wanted = ("beep", "waitMethod", "startConferenceOnEnter", "endConferenceOnExit")
    for name in wanted:
        if not conference.get(name):
            yield Finding(None, conference.line, f"Conference has no {name}.")
    if "waitUrl" not in conference.attributes:
        yield Finding(None, conference.line, "Conference has no waitUrl.")


def _redirect(redirect: Node) -> Iterator[Finding]:
    if not redirect.text:
        yield Finding(13710, redirect.line, "Redirect has no address.")
    else:
        try:
            scheme = urlsplit(redirect.text).scheme
        except ValueError:
            scheme = "none"
        if scheme not in {"", "http", "https"}:
            yield Finding(11100, redirect.line, "The address of Redirect is none that Twilio asks.")
    if not redirect.get("method"):
        yield Finding(None, redirect.line, "Redirect has no method.")


def _enqueue(enqueue: Node) -> Iterator[Finding]:
    if len(enqueue.text) > 64:
        yield Finding(14205, enqueue.line, "The name of a queue has over 64 characters.")
    if enqueue.get("waitUrl") and not enqueue.get("waitUrlMethod"):
        yield Finding(None, enqueue.line, "The waitUrl of Enqueue has no waitUrlMethod.")


def _play(play: Node) -> Iterator[Finding]:
    digits = play.get("digits")
    if not play.text and not digits:
        yield Finding(13420, play.line, "Play has nothing to play.")
    if digits and not re.fullmatch(r"[0-9A-DW w#*]+", digits):
        yield Finding(13430, play.line, "digits holds what no phone sends.")


def _order(verbs: list[Node]) -> Iterator[Finding]:
    for at, verb in enumerate(verbs):
        is_last = at == len(verbs) - 1
        ends = verb.tag in _ENDS_THE_DOCUMENT or (verb.tag == "Dial" and verb.get("action"))
        answers_silence = verb.tag == "Gather" and verb.get("actionOnEmptyResult") == "true"
        if (ends or answers_silence) and not is_last:
            yield Finding(None, verbs[at + 1].line, f"What follows {verb.tag} is never reached.")
        if verb.tag == "Gather" and not answers_silence and is_last:
            yield Finding(None, verb.line, "Nothing follows Gather when no key is pressed, so the call ends.")
        if verb.tag == "Reject" and at:
            yield Finding(13810, verb.line, "Reject does not come first.")
