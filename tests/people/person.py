"""A simulated person with a card that has a case number and a PIN, who acts only on what they hear."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.people.ear import WORDS, Answer, hears, hears_status, keys_said, option, person_key, words_in
from tests.people.keypad import Document, Press, collect
from tests.people.temperament import Temperament
from tests.phone import Phone

#: Nobody stays longer than this on one call, in seconds and in questions.
PATIENCE, MOST_QUESTIONS = 1_800.0, 60
MOST_CALLS = 3
LIAISON_ANSWERS = 0.6
#: The share of questions without the expected words at which people try a key that was spoken.
TRIES_A_KEY = 0.3
#: What a relay caller needs to read and to type an answer, in seconds.
READS_AND_TYPES = (2.0, 4.0)
HEARD = "heard the status"
REACHED = frozenset({HEARD, "reached a person", "was promised a call"})


@dataclass(frozen=True, slots=True)
class Card:
    """What is printed on the card of a person; one without a PIN has lost it."""

    number: str
    pin: str | None


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended for a person, after how many calls and seconds on the phone, and all that was heard."""

    how: str
    calls: int
    seconds: float
    transcript: str
    #: Whether words of a status were heard in the person's own language, in any call.
    heard: bool

    @property
    def is_good(self) -> bool:
        """Whether the status, a person or a callback was reached."""
        return self.how in REACHED


class Person:
    """One person; the same seed acts the same way. ``passes`` lets the seconds of the hotline pass."""

    def __init__(
        self, seed: int, temperament: Temperament, language: str, card: Card, passes: Callable[[float], None]
    ) -> None:
        self._chance = Random(seed)
        self._is, self._language, self._card, self._passes = temperament, language, card, passes
        self._mistakes_language = temperament.mistakes_the_language
        self._understands = True
        self._late: tuple[Press, ...] = ()
        self._planned = ""
        self._unread = 0.0

    def calls(self, new_phone: Callable[[], Phone], from_: str) -> Ending:
        """Call, and after a call that was broken off call again."""
        seconds, transcripts, how, heard = 0.0, [], "", False
        for _ in range(MOST_CALLS):
            phone = new_phone()
            phone.hears_out = False
            self._understands, self._late, self._planned, self._unread = True, (), "", 0.0
            how, spent = self._one_call(phone, from_)
            seconds += spent
            transcripts.append(phone.transcript)
            heard = heard or how == HEARD
            phone.hangs_up()
            if how in REACHED:
                break
            self._mistakes_language = False
            self._passes(120)
        return Ending(how, len(transcripts), seconds, "\n--\n".join(transcripts), heard)

    def _one_call(self, phone: Phone, from_: str) -> tuple[str, float]:
        spent = 0.0
        phone.dials_in(from_=from_)
        for _ in range(MOST_QUESTIONS):
            phrases = phone.call.heard_since_last_key()
            if self._understands and hears_status(phrases, self._language):
                return HEARD, spent
            if self._understands and hears(phrases, WORDS[self._language]["promise"]) is not None:
                return "was promised a call", spent
            if phone.is_over:
                return _end_of(phrases), spent
            if phone.rings:
                if self._is_put_through(phone):
                    return "reached a person", spent
                continue
            if phone.call.state != "keys":
                return f"dead air ({phone.call.state})", spent
            if self._chance.random() < self._is.leaves:
                return "hung up", spent
            seconds = self._answers(phone, phrases)
            if seconds is None:
                return "hung up on a strange language", spent
            spent += seconds
            if spent > PATIENCE:
                return "lost patience", spent
        return "went round in circles", spent

    def _is_put_through(self, phone: Phone) -> bool:
        if self._chance.random() >= LIAISON_ANSWERS:
            self._passes(20)
            phone.lets_ring()
            return False
        answering = phone.answers()
        self._passes(5)
        is_talking = phone.is_talking
        answering.hangs_up()
        return is_talking

    def _answers(self, phone: Phone, phrases: list[str]) -> float | None:
        """Press the chosen keys; the seconds that it took, or None to hang up."""
        assert phone.last_response is not None
        document = Document.of(phrases, phone.last_response.data)
        answer = self._decides(phrases)
        if answer is not None and answer.keys == "hang up":
            return None
        presses = sorted((*self._late, *self._types(answer, document)), key=lambda press: press.at)
        found = collect(presses, document, phone.call.leg.waits_for)
        self._unread = max(0.0, self._unread - found.seconds) if not found.digits else 0.0
        # A person who is interrupted stops; one who had not begun presses the keys meant for the question.
        planned = answer.keys if answer is not None and not found.digits else ""
        self._planned = planned
        self._late = found.left if planned else tuple(p for p in found.left if p.at < 0.5)
        self._passes(found.seconds)
        if found.digits:
            phone.presses(found.digits)
        else:
            phone.says_nothing()
        return found.seconds

    def _decides(self, phrases: list[str]) -> Answer | None:
        words, language = WORDS[self._language], self._language
        if self._mistakes_language and (right := option(phrases, language, "language")):
            # A mistake of one moment: the next sentence in their own language is understood again.
            self._understands = self._mistakes_language = False
            return Answer("2" if right.keys == "1" else "1", right.after)
        if not self._understands:
            # One sentence may be in their own language: the key that changes it.
            if (found := option(phrases, language, "language")) is not None and self._chance.random() < 0.8:
                self._understands = True
                return found
            way = self._chance.random()
            return Answer("hang up", 0) if way < 0.5 else Answer("0", len(phrases) - 1) if way < 0.8 else None
        if (at := hears(phrases, words["number"])) is not None:
            return Answer(self._card.number, at)
        if (at := hears(phrases, words["pin"])) is not None and option(phrases, language, "case") is None:
            return Answer(self._card.pin, at) if self._card.pin else self._asks_for_a_person(at)
        offered = person_key(phrases, language)
        # The main menu says 0 too; a person who hears the option that they called for takes that.
        wanted = any(option(phrases, language, wish) for wish in ("case", "news"))
        if offered is not None and not wanted and self._chance.random() < 0.5:
            return offered
        wishes = ("language", "case", "news", "called_first", "callback", "to_callback", "start", "back")
        for wish in wishes:
            if (found := option(phrases, language, wish)) is not None:
                return found
        # A menu without anything they want: a slip led here. Some still try a key that was spoken.
        said = [key for phrase in phrases for key in keys_said(phrase, language)]
        if said and self._chance.random() < TRIES_A_KEY:
            return Answer(self._chance.choice(said), len(phrases) - 1)
        # The card says that 0 is a person.
        return self._asks_for_a_person(len(phrases) - 1)

    def _asks_for_a_person(self, after: int) -> Answer | None:
        return Answer("0", after) if self._chance.random() < 0.6 else None

    def _types(self, answer: Answer | None, document: Document) -> list[Press]:
        """The keys as the fingers hit them."""
        chance, nature = self._chance, self._is
        if answer is None or chance.random() < nature.silent:
            return []
        if self._planned == answer.keys and self._late:
            # The same question again: the keys meant for it are still on their way.
            return []
        self._late = tuple(press for press in self._late if press.at < 0.5)
        at = self._begins_at(answer, document)
        presses = []
        for key in answer.keys:
            hit = chance.choice("0123456789*#".replace(key, "")) if chance.random() < nature.slips else key
            presses.append(Press(at, hit))
            if chance.random() < nature.doubles:
                presses.append(Press(at + chance.uniform(0.15, 0.45), hit))
            at += chance.uniform(*nature.between)
        return presses

    def _begins_at(self, answer: Answer, document: Document) -> float:
        chance, nature = self._chance, self._is
        if nature.relay is not None:
            # The operator types all that is heard, one phrase after another, and then keys the answer.
            words = sum(map(words_in, document.phrases[: answer.after + 1]))
            typed = self._unread + words * 60 / nature.relay
            self._unread += sum(map(words_in, document.phrases)) * 60 / nature.relay
            return max(typed, document.over_at[answer.after]) + chance.uniform(*READS_AND_TYPES)
        if nature.knows_it and chance.random() < 0.5:
            return chance.uniform(0.3, max(0.4, document.over_at[answer.after]))
        heard = document.ends_at if nature.waits_for_the_end else document.over_at[answer.after]
        return heard + chance.uniform(*nature.hesitates)


def _end_of(phrases: list[str]) -> str:
    said_goodbye = any(WORDS[language]["goodbye"] in phrase for phrase in phrases for language in WORDS)
    return "was told goodbye" if said_goodbye else "dead air (cut off)"
