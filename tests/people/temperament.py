"""How a simulated person is on the phone: how sure their fingers are, how slow, how patient."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Temperament:
    """Shares are of keys or of questions (0 to 1); times are in seconds.

    ``slips``: a key that hits another. ``doubles``: a key that is hit twice. ``silent``: a question that is
    left unanswered. ``leaves``: a question at which the person hangs up, to call again. ``hesitates``: from
    the last word to the first key. ``between``: from key to key. ``relay``: the words a minute that a relay
    operator types, of all that is heard, before the person can answer. ``waits_for_the_end``: listens to all,
    else presses as soon as the wanted words are heard; ``knows_it``: presses before that, from memory.
    """

    name: str
    slips: float = 0.0
    doubles: float = 0.0
    silent: float = 0.0
    leaves: float = 0.0
    hesitates: tuple[float, float] = (0.8, 2.5)
    between: tuple[float, float] = (0.3, 0.9)
    relay: int | None = None
    waits_for_the_end: bool = True
    knows_it: bool = False
    mistakes_the_language: bool = False


TEMPERAMENTS = (
    Temperament("calm"),
    Temperament("slips on every tenth key", slips=0.1),
    # Around the wait of a menu, so that about half of the first tries come too late.
    Temperament("hesitates 8 s", hesitates=(6.0, 10.0), between=(0.5, 4.0)),
    Temperament("silent now and then", silent=0.25),
    Temperament("relay at 60 words a minute", relay=60),
    Temperament("relay at 30 words a minute", relay=30),
    Temperament("hangs up and calls again", leaves=0.1),
    Temperament("impatient", doubles=0.05, waits_for_the_end=False, knows_it=True, hesitates=(0.3, 1.0)),
    Temperament("chooses the wrong language", mistakes_the_language=True),
    Temperament("afraid", slips=0.04, silent=0.1, leaves=0.03, hesitates=(2.0, 9.0), between=(0.4, 3.0)),
)
