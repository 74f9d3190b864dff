"""What a rehearsal of a tree records: what is spoken, scene by scene, and the paths they form."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ivr_flows.engine.check import WORDS_A_SECOND
from ivr_flows.engine.flow import Flow
from ivr_flows.engine.turn import Turn

#: Ends of a scene after which a path is complete.
ENDINGS = frozenset({"hang-up", "crossing"})


@dataclass(frozen=True, slots=True)
class Spoken:
    """One prompt as it is heard. ``counted`` is its number of words for the wait of the slow pace."""

    prompt: str
    language: str
    text: str
    words: int
    counted: int
    can_be_stopped: bool

    @property
    def seconds(self) -> float:
        """How long it takes at 150 words a minute."""
        return self.words / WORDS_A_SECOND


@dataclass(frozen=True, slots=True)
class Scene:
    """The result of one action: the situation, what is said, and where and how the line waits after it.

    ``entered`` are the steps in order, and ``language`` is the call's after them. ``ends`` is ``keys``,
    ``ringing``, ``conference``, ``stay``, ``crossing`` or ``hang-up``. With ``keys``, up to ``digits`` are
    taken, ``seconds`` without one are a silence, and ``slow_seconds`` is the wait at the slow pace (R26).
    """

    action: str
    when: tuple[str, ...]
    entered: tuple[str, ...]
    spoken: tuple[Spoken, ...]
    step: str
    ends: str
    language: str = ""
    digits: int = 0
    seconds: int = 0
    slow_seconds: int = 0
    is_slow: bool = False
    turn: Turn | None = field(default=None, repr=False)

    @property
    def speaking_seconds(self) -> float:
        """How long the line speaks, at 150 words a minute."""
        return sum(spoken.seconds for spoken in self.spoken)


@dataclass(frozen=True, slots=True)
class Stop:
    """A step that waits: the scene that first led there, and what repair and the extra keys do (R22, R25).

    ``silences`` and ``slips`` are the answers to silences and to wrong keys in a row; the last one has left
    the step, unless none does. ``extra`` are the keys that work everywhere. ``mistaken`` are the answers to
    digits that belong to an earlier question, if the step recognizes them.
    """

    scene: Scene
    is_open: bool
    silences: tuple[Scene, ...]
    slips: tuple[Scene, ...]
    extra: Mapping[str, Scene]
    mistaken: tuple[Scene, ...] = ()


@dataclass(slots=True)
class Path:
    """From a step (None: the start) to an end, or to a step at which an earlier path is written.

    ``before`` are the scenes from the start of the call to where this path begins.
    """

    number: int
    origin: str | None
    before: tuple[Scene, ...]
    scenes: list[Scene] = field(default_factory=list)
    goes_on_in: int | None = None


@dataclass(slots=True)
class Rehearsal:
    """A tree in one language: its paths in the order in which they are told, and every step that waits."""

    flow: Flow
    language: str
    paths: list[Path]
    stops: dict[str, Stop]
    written_in: dict[str, int]
