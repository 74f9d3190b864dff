"""One line of a call's transcript."""

from dataclasses import dataclass

from hotline.exchange.twiml.waits import Phrase


@dataclass(frozen=True, slots=True)
class Passage:
    """``kind`` is ``heard``, ``pressed``, ``said`` (by this person), ``talk`` (by another) or ``note``.

    A ``heard`` passage has Twilio's language and voice, its seconds, and how often it is played. ``at`` is
    the moment of the call at which a passage began. Keys that were ``lost`` are heard by nobody.
    """

    kind: str
    text: str
    language: str = ""
    voice: str = ""
    seconds: float = 0.0
    times: int = 1
    at: float = 0.0
    lost: bool = False

    @classmethod
    def of(cls, phrase: Phrase) -> "Passage":
        """Return the passage of a phrase that was heard."""
        _, words, seconds, at, language, voice, times = phrase
        return cls("heard", words, language, voice, seconds, times, at)
