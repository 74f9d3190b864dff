"""Step kinds and the table that connects them. A flow is data; ``check`` says what is wrong with it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from models.calls.place import IN_TALK
from models.calls.place import WAITING as WAITS

if TYPE_CHECKING:
    from ivr_flows.engine.desk import Desk

T = TypeVar("T")

#: An exit for a slip by the caller: the step is asked again, with repair (R25).
AGAIN = "(again)"

MENU_SECONDS = 8
ENTRY_SECONDS = 10
MOST_CHOICES = 4
PERSON, REPEAT, SLOW, COVER, SILENT = "0", "*", "9", "7", "5"
#: Only at menus: the next language, and the previous menu (R22).
LANGUAGE, BACK = "8", "#"
#: The key of the next language, said in that language.
NEXT_LANGUAGE = "keys.language"
#: How long a caller in the queue hears nothing before the line polls again.
LINE_SECONDS = 8
#: How long the line still takes a key after words that are followed by words of another kind (see Announce).
MOMENT_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Handler:
    """A verb of the desk and every word it may return."""

    name: str
    words: frozenset[str]
    run: "Callable[[Desk, str], str]"


def answers(*words: str) -> "Callable[[Callable[[Desk, str], str]], Handler]":
    """Declare the words a handler may return; the check compares every table with them."""

    def wrap(run: "Callable[[Desk, str], str]") -> Handler:
        return Handler(run.__name__, frozenset(words), run)

    return wrap


@dataclass(frozen=True, slots=True)
class SlowHandler:
    """A handler with work between two transactions: ``reserve``, the work with none open, ``record``.

    ``is_a_try``: the entry is a try at a PIN, of the case with the entered number, whether or not it exists
    (R05).
    """

    name: str
    words: frozenset[str]
    reserve: "Callable[[Desk, str], Any]"
    record: "Callable[[Desk, Any, Any], str]"
    is_a_try: bool = True


@dataclass(frozen=True, slots=True)
class Announce:
    """Say something and go on. ``in_each_language`` says it once in each offered language and voice.

    Without ``barge_in`` no key stops it, which only the danger line may be (R23). Words before it keep their
    keys: the call waits a moment at this step while they are said, and only then is this said. ``apart``: the
    call waits a moment after it, so that a key which stops it answers none of the options that follow.
    ``place`` is that of a call which waits at this step.
    """

    prompt: str
    next: str
    barge_in: bool = True
    in_each_language: bool = False
    about: str | None = None
    apart: bool = False
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a menu: its words (the action before the key, R21) and where it leads.

    ``needs_phone``: it is offered only to a caller whom we may be able to call back.
    """

    prompt: str
    next: str | None = None
    does: Handler | None = None
    on: Mapping[str, str] = field(default_factory=dict)
    language: str | None = None
    about: str | None = None
    topic: str | None = None
    needs_phone: bool = False


@dataclass(frozen=True, slots=True)
class Menu:
    """Up to four options, numbered 1..n in the order given (R20), after an optional lead-in.

    After ``misses`` misses in a row the next one leads on. ``silences``: after this many silences in a row
    the next one leads to ``silence``, if that should be sooner; at a menu that silence itself led to, the
    first one does. ``extra`` are keys beyond the options that work only at this menu, each with its step.
    ``returns``: # leads back here; at a warning of news that the caller has since heard it does not, nor at a
    question that is answered. ``told_by`` is the step that says what the options are about: # leads there, to
    what stands now.
    ``seconds`` of silence, if not R24's, are the wait at the normal pace. ``unattended``: a machine may have
    answered, so silence leads on at once, without any repair, and slows nothing down (R30). ``tail`` are
    prompts after the options, said when the caller reaches the menu and not at a repair. With
    ``tells_language`` the key of the next language follows, in that language (R22).
    """

    choices: tuple[Choice, ...]
    prompt: str | None = None
    about: str | None = None
    misses: int = 3
    give_up: str | None = None
    silence: str | None = None
    silences: int | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    seconds: int | None = None
    unattended: bool = False
    tail: tuple[str, ...] = ()
    tells_language: bool = False
    returns: bool = True
    told_by: str | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Mistaken:
    """Digits that answer another question: ``words`` says so, and the entry is asked for again (R25).

    More of them may arrive for ``seconds``, and are ignored.
    """

    is_it: "Callable[[Desk, str], bool]"
    words: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Collect:
    """Take ``digits`` digits for ``then``. 0, *, 9 and 7 work alone, then # or silence (R22); so do zeros.

    Zeros alone are key 0: a frightened caller presses it again and again, and no number or PIN begins with 0.

    With ``least``, fewer digits are accepted too, ended by # or silence. # alone goes to the step ``back``,
    if the caller may be there. With ``silences`` so does that many silences in a row, and the count of misses
    continues (R22, R25). After a slip ``malformed`` says what an entry must be, and from the second one on
    ``otherwise`` offers a way out.
    """

    prompt: str
    digits: int
    then: Handler | SlowHandler
    on: Mapping[str, str]
    misses: int = 3
    least: int | None = None
    malformed: str | None = None
    about: str | None = None
    otherwise: str | None = None
    back: str | None = None
    silences: int | None = None
    mistaken: Mistaken | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """Keep someone on the line for ``seconds``, or until a key, and then check the current state.

    Neither a key nor silence is a slip here: the verb gets the entered key, or nothing.
    """

    then: Handler
    on: Mapping[str, str]
    seconds: int
    prompt: str | None = None
    about: str | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Decide:
    """Look something up, perhaps say it, and follow the verb's word. The caller is asked nothing.

    ``once``: * repeats what was said without running the verb again: it does not look for a person again
    (R22).
    """

    ask: Handler
    on: Mapping[str, str]
    once: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Keep a caller in the queue. After each silence ``look`` runs again; the choices are as in a menu.

    A waiting caller is expected to be silent: silence is no miss, counts as progress, and slows nothing. #
    leads to the step ``back``, which gives up the position. After a look, * has ``tell`` say how things are
    now, and then the choices: the words of the last look alone name none.
    """

    choices: tuple[Choice, ...]
    look: Handler
    on: Mapping[str, str]
    back: str | None = None
    tell: Handler | None = None
    place: str | None = WAITS


@dataclass(frozen=True, slots=True)
class Transfer:
    """Dial the number that the desk has ready, and go on when the leg has ended.

    Without a ``prompt`` the verb that led here has said who is called.
    """

    prompt: str | None
    then: Handler
    on: Mapping[str, str]
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Conference:
    """Join the conference of the callback, and go on when this leg has left it; with ``star`` also by *."""

    then: Handler
    on: Mapping[str, str]
    star: bool = False
    place: str | None = IN_TALK


@dataclass(frozen=True, slots=True)
class Crossing:
    """The call continues in another tree, at a step of that one."""

    tree: str
    at: str


@dataclass(frozen=True, slots=True)
class Hangup:
    """Say goodbye, unless everything was already said, and end the call."""

    prompt: str | None = None
    place: str | None = None


Step = Announce | Menu | Collect | Stay | Decide | Wait | Transfer | Conference | Crossing | Hangup


@dataclass(frozen=True)
class Flow:
    """A call tree as a table.

    ``role`` is who is on the phone in it (models/calls/role.py); each outbound role has one tree.
    ``open_to_all`` lists the steps an unverified caller may be at. ``keys`` are the keys that work at every
    step that waits for keys. ``give_up`` follows a third miss, ``silent`` a third miss of a caller who never
    pressed a key. ``locked_out`` is where an unverified caller at a closed step is sent. ``moved`` maps steps
    of an older tree to steps of this one, so that a deploy strands no call. ``overlong`` ends an unverified
    call that made no progress for too long and did not take the offer of ``silent`` (R38). ``gate`` is who
    may pass the steps that are not open: a caller who entered a case's PIN, or a person signed in as staff.
    ``recalled`` is where a leg goes that was sent to its own address again while it waits at a step: there it
    hears the current state. ``open_to_letters`` lists the steps that a mailed PIN opens as well (R02).
    """

    name: str
    role: str
    start: str
    steps: Mapping[str, Step]
    open_to_all: frozenset[str]
    give_up: str
    silent: str
    keys: Mapping[str, str] = field(default_factory=dict)
    locked_out: str | None = None
    moved: Mapping[str, str] = field(default_factory=dict)
    stranded: str | None = None
    overlong: str | None = None
    gate: Literal["case", "staff"] = "case"
    recalled: Mapping[str, str] = field(default_factory=dict)
    is_discreet: bool = False
    open_to_letters: frozenset[str] = frozenset()

    def find(self, step: str) -> str | None:
        """The step of this tree for a call that waits at ``step``, or None when it was removed."""
        if step in self.steps:
            return step
        return self.moved.get(step)

    def place_of(self, name: str) -> str | None:
        """The place of a call that waits or ends at the step, in a word of models/calls/place.py.

        The engine writes it into the call, since the models know no step names. None: they do not need it.
        """
        step = self.steps[name]
        return None if isinstance(step, Decide | Crossing) else step.place

    def may_wait_at(self, name: str) -> bool:
        """Whether a call may wait at the step, so that a deploy which drops it would strand the call."""
        step = self.steps[name]
        if isinstance(step, Announce):
            return step.apart or not step.barge_in
        return isinstance(step, Menu | Collect | Stay | Wait | Transfer | Conference)

    @property
    def danger(self) -> frozenset[str]:
        """The prompts that no key stops: the danger line (R23)."""
        announced = [step for step in self.steps.values() if isinstance(step, Announce)]
        return frozenset(step.prompt for step in announced if not step.barge_in)

    def exits(self, name: str) -> Iterator[str]:
        """Every step that may follow ``name``, apart from the keys that work everywhere."""
        step = self.steps[name]
        match step:
            case Announce():
                yield step.next
            case Menu():
                for choice in step.choices:
                    if choice.next is not None:
                        yield choice.next
                    yield from choice.on.values()
                yield from step.extra.values()
                yield step.give_up or self.give_up
                yield step.silence or step.give_up or self.silent
            case Wait():
                for choice in step.choices:
                    yield from choice.on.values()
                    if choice.next is not None:
                        yield choice.next
                yield from step.on.values()
                if step.back is not None:
                    yield step.back
            case Collect():
                yield from (exit_ for exit_ in step.on.values() if exit_ != AGAIN)
                if step.back is not None:
                    yield step.back
                yield self.give_up
                yield self.silent
            case Decide() | Stay() | Transfer() | Conference():
                yield from step.on.values()
            case Crossing() | Hangup():
                return

    def prompts(self, name: str) -> Iterator[tuple[str, str | None]]:
        """Every prompt that the step itself says, with its language when it is not the call's."""
        match self.steps[name]:
            case Announce(prompt=prompt):
                yield prompt, None
            case Collect(prompt=prompt, malformed=malformed, otherwise=otherwise, mistaken=mistaken):
                words = mistaken.words if mistaken is not None else None
                yield from ((one, None) for one in (prompt, malformed, otherwise, words) if one is not None)
            case Stay(prompt=words) | Hangup(prompt=words) | Transfer(prompt=words):
                if words is not None:
                    yield words, None
            case Menu(prompt=lead, choices=choices, tail=tail, tells_language=tells_language):
                if lead is not None:
                    yield lead, None
                for choice in choices:
                    yield choice.prompt, choice.language
                for words in tail:
                    yield words, None
                if tells_language:
                    yield NEXT_LANGUAGE, None
            case Wait(choices=choices):
                for choice in choices:
                    yield choice.prompt, choice.language
            case Decide() | Conference() | Crossing():
                return


def required(value: T | None) -> T:
    """The value, which a verb or the table must have set."""
    if value is None:
        raise LookupError("The desk has nothing ready for this step.")
    return value
