"""How long a caller listens from the ring to the first word of a status, in audio of espeak-ng (R23)."""

import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from sqlalchemy import update

from hotline.exchange.twiml.passage import Passage
from hotline.office_rules import rules_of
from hotline.speech import PROGRAM, measured_seconds
from hotline.trees import build_flows
from hotline.voice.twiml import PAUSE_MILLISECONDS
from ivr_flows.prompts import Prompts
from ivr_flows.review.rehearsal import rehearse
from models.custody.custody import DATED_FACTS, IN_CUSTODY_KINDS
from models.staff.staff import Staff
from tests.factories import make_case
from tests.people.ear import WORDS, hears, option
from tests.people.town import Town, town
from tests.phone import Phone

#: From the ring to the first status word, listening to every option that is needed (seconds).
MOST_TO_STATUS = 45.0
#: One prompt; a whole menu has R23's own limit.
MOST_A_PROMPT = 14.0
#: The danger line in one language (R17), and the extra keys that are spoken once (R22): speech alone.
MOST_DANGER, MOST_KEYS = 4.0, 6.0
#: The first word that tells a status; ``unknown`` is told by the neutral phrase.
FIRST_WORDS = {
    "en": {
        "in_custody": "in custody", "transferred": "in custody", "returned_to_custody": "in custody",
        "released": "released", "released_on_bond": "released", "released_on_supervision": "released",
        "escaped": "escaped", "removed": "sent out", "deceased": "died", "unknown": "cannot confirm",
    },
    "es": {
        "in_custody": "en custodia", "transferred": "en custodia", "returned_to_custody": "en custodia",
        "released": "en libertad", "released_on_bond": "en libertad",
        "released_on_supervision": "en libertad", "escaped": "se escapó", "removed": "enviada fuera",
        "deceased": "falleció", "unknown": "no puedo confirmar",
    },
}  # fmt: skip
_STATUSES = (*sorted(IN_CUSTODY_KINDS), *sorted(DATED_FACTS), "unknown")
_PAUSE = "…"


def speech() -> list[tuple[str, float, float]]:
    """Print what callers listen to; returns each measure by its name, in seconds, with its limit.

    Without espeak-ng there is none, and the output says so plainly.
    """
    if measured_seconds("one", "en") is None:
        click.echo(f"  {PROGRAM} is not installed, so how long callers listen was not measured")
        return []
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder, town(Path(folder)) as place:
        for nobody in (False, True):
            if nobody:
                # The warning before hard news is longest while no one can talk.
                with place.hotline.database.transaction() as session:
                    session.execute(update(Staff).values(on_shift=False))
            for language in WORDS:
                found = {status: seconds_to(place, status, language) for status in _STATUSES}
                status, worst = max(found.items(), key=lambda one: one[1])
                slowest = max(slowest, worst)
                click.echo(
                    f"  {language}, {'nobody on shift' if nobody else 'someone free'}: in custody"
                    f" {found['in_custody']:.1f} s, released {found['released']:.1f} s,"
                    f" slowest {status} {worst:.1f} s (limit {MOST_TO_STATUS:.0f} s)"
                )
    prompt, longest = max(_prompts(), key=lambda one: one[1])
    click.echo(f"  longest prompt: {prompt} {longest:.1f} s (limit {MOST_A_PROMPT:.0f} s)")
    danger, keys = _danger_line(), _extra_keys()
    for name, found, limit in (("danger line", danger, MOST_DANGER), ("extra keys", keys, MOST_KEYS)):
        told = ", ".join(f"{language} {seconds:.1f} s" for language, seconds in found.items())
        click.echo(f"  {name}: {told} (limit {limit:.0f} s)")
    return [
        ("ring to first status word", slowest, MOST_TO_STATUS),
        ("the longest prompt", longest, MOST_A_PROMPT),
        ("the danger line", max(danger.values()), MOST_DANGER),
        ("the extra keys", max(keys.values()), MOST_KEYS),
    ]


def _danger_line() -> dict[str, float]:
    """The seconds of the danger line in each language; the voice reads its number digit by digit."""
    prompts = Prompts.load(tuple(WORDS))
    return {
        language: _speech(prompts.text(language, "danger_line", emergency="9 1 1"), language)
        for language in WORDS
    }


def _extra_keys() -> dict[str, float]:
    """The seconds of the extra keys behind each main menu, the last one in the other language.

    The pause before each key sentence (R21) does not count: in English these are R22's own words.
    """
    prompts = Prompts.load(tuple(WORDS))
    return {
        language: round(
            _speech(prompts.text(language, "keys.told"), language)
            + _speech(prompts.text(other, "keys.language"), other),
            1,
        )
        for language, other in zip(WORDS, reversed(WORDS), strict=True)
    }


def _speech(text: str, language: str) -> float:
    return measured_seconds(text, language, with_last_pause=False) or 0.0


def seconds_to(place: Town, status: str, language: str) -> float:
    """The seconds of audio and pauses that a caller hears before they know ``status``, without the keys."""
    with place.hotline.database.transaction() as session:
        case = make_case(session, status, language=language, facility="Juniper Flats Detention Center")
    phone, words = place.new_phone(), FIRST_WORDS[language][status]
    phone.dials_in()
    listened = 0.0
    for wish in ("language", "case"):
        listened += _presses(phone, language, wish)
    for wish, keys in (("number", case.number), ("pin", case.pin)):
        passages = _since_last_key(phone)
        at = hears([one.text for one in passages], WORDS[language][wish])
        listened += _listens(passages[: (len(passages) if at is None else at + 1)])
        phone.presses(keys)
        listened += _silence_before(phone)
    if not _tells(phone, words):
        listened += _presses(phone, language, "news")
    last = _since_last_key(phone)
    # A phone has only so many open calls (R38).
    phone.hangs_up()
    for passage in last:
        before, told, _ = _cut(passage.text, words)
        if told:
            return listened + _seconds(before + told, passage.language)
        listened += _seconds(passage.text, passage.language)
    raise AssertionError(f"{status} was not told in {language}:\n{phone.transcript}")


def _silence_before(phone: Phone) -> float:
    """The seconds that the last document waits before its first word."""
    assert phone.last_response is not None
    before, _, _ = phone.last_response.get_data(as_text=True).partition("<Say")
    return sum(map(float, re.findall(r'<Pause length="(\d+)"/>', before)))


def _presses(phone: Phone, language: str, wish: str) -> float:
    """Listen as far as the wanted option, and press its key."""
    passages = _since_last_key(phone)
    found = option([one.text for one in passages], language, wish)
    if found is None:
        raise AssertionError(f"no option for {wish} in {language}:\n{phone.transcript}")
    phone.presses(found.keys)
    return _listens(passages[: found.after + 1])


def _since_last_key(phone: Phone) -> Sequence[Passage]:
    passages: list[Passage] = []
    for passage in phone.call.transcript:
        if passage.kind == "pressed":
            passages.clear()
        elif passage.kind == "heard":
            passages.append(passage)
    return passages


def _tells(phone: Phone, words: str) -> bool:
    return any(_cut(passage.text, words)[1] for passage in _since_last_key(phone))


def _cut(text: str, words: str) -> tuple[str, str, str]:
    found = re.search(re.escape(words), text, re.IGNORECASE)
    if found is None:
        return text, "", ""
    return text[: found.start()], found[0], text[found.end() :]


def _listens(passages: Sequence[Passage]) -> float:
    return sum(_seconds(passage.text, passage.language) for passage in passages)


def _seconds(text: str, language: str) -> float:
    pauses, spoken = text.count(_PAUSE), text.replace(_PAUSE, " ").strip()
    audio = measured_seconds(spoken, language) if spoken else 0.0
    if audio is None:
        raise AssertionError(f"{PROGRAM} cannot speak {language}")
    return audio + pauses * PAUSE_MILLISECONDS / 1000


def _prompts() -> Iterator[tuple[str, float]]:
    """Every prompt of every tree with example words in its slots, and its seconds."""
    with tempfile.TemporaryDirectory() as folder, town(Path(folder)) as place:
        office = place.hotline.office
    prompts, rules = Prompts.load(office.languages), rules_of(office)
    for flow in build_flows(office).values():
        for language in office.languages:
            found = rehearse(flow, prompts, rules, language)
            for path in found.paths:
                for spoken in (spoken for scene in path.scenes for spoken in scene.spoken):
                    seconds = _seconds(re.sub("[«»|]", " ", spoken.text), spoken.language)
                    yield f"{flow.name}: {spoken.prompt} in {spoken.language}", seconds


if __name__ == "__main__":
    speech()
