"""The desk: what one turn of one call works with. Verbs (``*_verbs.py``) take it and return one word."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from ivr_flows.engine.code_words import CODE_WORDS
from ivr_flows.engine.flow import required
from ivr_flows.engine.rules import OfficeRules, Rules, ServiceEntry
from ivr_flows.engine.time_words import has_twin, hour_prompt, in_zone, next_midnight
from ivr_flows.engine.turn import Say, Slots, Turn, Words, anew
from ivr_flows.prompts import Prompts
from models.callbacks.asking_call import asker_changed_language
from models.callbacks.callback import Callback
from models.callbacks.callback_policy import CallbackPolicy
from models.callbacks.promised_time import change_person
from models.calls.call_state import CallState
from models.cases.registrant import Registrant, saving_language, saving_slow_pace
from models.cases.safe_phone import is_barred, safe_numbers
from models.custody.custody_status import Heard, heard
from models.store.database import Write
from models.store.keyring import Keyring
from models.store.policies import Policies
from models.store.unit import Unit

#: The entry in a call's trail, which is no step, of a caller who chose the language of a callback.
LANGUAGE_CHOSEN = "language:chosen"
#: The prefix of an entry in a call's trail that is no step: the zone whose hour the caller is asked about.
_ASKED_ZONE = "zone:"
#: The service that makes a safety plan with a caller, by its key in office.toml.
SAFETY_SERVICE = "domestic_violence"
#: The key of the crisis line, offered when nobody in the office can talk within the hour (R36).
CRISIS_SERVICE = "crisis"


@dataclass(frozen=True, slots=True)
class Ring:
    """A number that this call dials, and for how many seconds."""

    number: str = field(repr=False)
    seconds: int


@dataclass(slots=True)
class Desk:
    """The unit of work, the call, the time, the office and its prompts.

    ``writes`` are sent with the call's own save in one round trip; ``jobs`` (a name and a row id) are
    enqueued after the commit.
    """

    unit: Unit
    call: CallState
    now: datetime
    rules: Rules
    prompts: Prompts
    writes: list[Write] = field(default_factory=list)
    jobs: list[tuple[str, int]] = field(default_factory=list)
    ring: Ring | None = None
    #: How the leg that this call dialed ended, in Twilio's word.
    dial_status: str | None = None
    conference: str | None = None
    #: The callback that this turn promised.
    asked_for: Callback | None = None
    conference_ends_with_me: bool = False
    _words: list[Say] = field(default_factory=list)
    _said: set[str] = field(default_factory=set)

    @property
    def session(self) -> Session:
        """The open transaction, for what a verb does beyond ``writes``."""
        return self.unit.session

    @property
    def keyring(self) -> Keyring:
        """Seals and unseals private values."""
        return self.unit.keyring

    @property
    def office(self) -> OfficeRules:
        """The office that this line belongs to."""
        return self.rules.office

    @property
    def partner(self) -> ServiceEntry | None:
        """The service that may talk with a person while nobody here can, if the office named one (R19)."""
        return next((one for one in self.office.services if one.key == self.office.partner), None)

    @property
    def is_anyone_free(self) -> bool:
        """Whether a person here could talk now: the office is open, and a liaison is free (R19)."""
        return self.call.free_liaisons > 0 and self.office.is_open(self.now)

    @property
    def policies(self) -> Policies:
        """The numbers that the office decided on."""
        return self.rules.policies

    @property
    def callback_policy(self) -> CallbackPolicy:
        """When and whom the office calls."""
        return self.rules.callback_policy

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages offered, in the order in which they are offered."""
        return self.office.languages

    @property
    def unverified_minutes(self) -> float:
        """How long an unverified call may last without progress (R38)."""
        return self.policies.unverified_minutes

    @property
    def is_verified(self) -> bool:
        """Whether the PIN was right and its time has not run out (R11)."""
        return self.call.is_verified(self.now)

    @property
    def has_tries(self) -> bool:
        """Whether this call may try another PIN (R04)."""
        return self.call.tries < self.policies.tries_per_call

    @property
    def zone(self) -> str:
        """The caller's time zone if it is known, else a guess."""
        return self.known_zone or self.guessed_zone()

    @property
    def known_zone(self) -> str | None:
        """The zone that the caller gave, or the registrant's zone once known by PIN."""
        return self._zone_if(verified=self.is_verified)

    def zone_to_call(self, *, verified: bool) -> str:
        """The zone of a callback; ``verified`` is whether the PIN counts."""
        return self._zone_if(verified=verified) or self.guessed_zone()

    def _zone_if(self, *, verified: bool) -> str | None:
        # While changes are blocked it is the registrant's: another zone would be another window (R08).
        own = self.call.registrant_time_zone if verified else None
        return own if own and self.call.holds_changes(self.now) else self.call.time_zone or own

    def guessed_zone(self) -> str:
        """The time zone of the number that called, else the office's: a guess (R29)."""
        number = self.called_from()
        return self.office.time_zone if number is None else self.office.zone_of(number)

    @property
    def asked_zone(self) -> str:
        """The zone whose hour this caller is asked about. Only a yes makes it theirs (R29)."""
        for passed in reversed(self.call.trail.split()):
            if passed.startswith(_ASKED_ZONE):
                return passed.removeprefix(_ASKED_ZONE)
            if passed != self.call.step:
                # Asked in another visit of that menu, and left without an answer.
                break
        return self.call.time_zone or self.guessed_zone()

    def ask_zone(self, time_zone: str) -> None:
        """Ask about the hour of this zone next."""
        self.call.trail = f"{self.call.trail} {_ASKED_ZONE}{time_zone}"

    @property
    def is_discreet(self) -> bool:
        """Whether the line that was called must not reveal what it is (R17)."""
        return self.call.line in self.office.discreet_lines

    @property
    def is_held(self) -> bool:
        """Whether phones and windows cannot be changed, since staff have just replaced a lost PIN (R08)."""
        return self.is_verified and self.call.holds_changes(self.now)

    def say(self, prompt: str, *, language: str | None = None, **slots: str) -> None:
        """Add a prompt to what this turn says, in its own ``language`` if one is given."""
        prompt = CODE_WORDS.get(prompt, prompt) if self.is_discreet else prompt
        self._said.add(prompt)
        self._words.append(Say(prompt, tuple(slots.items()), language))

    def says(self, prompt: str) -> bool:
        """Whether this turn already says the prompt."""
        return prompt in self._said

    def taken_words(self) -> list[Say]:
        """What was added since the last call of this method."""
        words, self._words = self._words, []
        return words

    def last_turn(self) -> Turn:
        """What this call was last told."""
        return Turn.from_json(self.keyring.unseal("call.said", self.call.said))

    def heard_a_key(self) -> None:
        """The caller is there: reset the silence count and extend the life of the verification (R11).

        A verification that is over stays over: anybody may have pressed the key, and only a right PIN begins
        another.
        """
        self.call.silences = 0
        if not self.call.has_lapsed(self.now):
            self.call.last_key_at = self.now

    @property
    def office_zone(self) -> str:
        """The time zone of the office, for days that do not depend on where the caller is."""
        return self.office.time_zone

    def when(
        self, at: datetime, *, on: bool = False, clock: bool = False, time_zone: str | None = None
    ) -> str:
        """A day as the caller would say it: "today", "yesterday", else its name; ``clock`` adds the time."""
        here = self.zone
        zone = time_zone or here
        return self._in_each_language(
            lambda language, now: self.prompts.when(
                language, at, zone, now, on=on, clock=clock, heard_in=here
            ),
            {next_midnight(self.now, zone), next_midnight(self.now, here)},
        )

    def words(self, prompt: str, **slots: str) -> str:
        """The words of a prompt that is inserted into another."""
        return self._in_each_language(
            lambda language, now: self.prompts.text(
                language, prompt, **{name: anew(text, language, now) for name, text in slots.items()}
            ),
            {since for text in slots.values() if isinstance(text, Words) for since in text.later},
        )

    def named(self, names: Mapping[str, str]) -> str:
        """A name that the office has in each language."""
        return self._in_each_language(lambda language, _now: names[language])

    def _in_each_language(
        self, words: Callable[[str, datetime], str], changes_at: AbstractSet[datetime] = frozenset()
    ) -> str:
        """What ``words`` says in a language at a moment: now, and from each moment on at which it changes."""
        said = newest = {language: words(language, self.now) for language in self.languages}
        later = dict[datetime, Mapping[str, str]]()
        for since in sorted(changes_at):
            then = {language: words(language, since) for language in self.languages}
            if then != newest:
                later[since] = newest = then
        return Words.of(said, self.call.language, later)

    def slow_down(self) -> None:
        """Give this caller more time from now on; after the PIN it is saved for their next calls (R26)."""
        call = self.call
        call.pace = "slow"
        if self.is_verified and call.registrant_id is not None and call.registrant_pace != "slow":
            self.writes.append(saving_slow_pace(call.registrant_id))
            call.registrant_pace = "slow"

    @property
    def next_language(self) -> str:
        """The offered language after the call's own; after the last one, the first."""
        languages = self.languages
        own = languages.index(self.call.language) if self.call.language in languages else -1
        return languages[(own + 1) % len(languages)]

    def change_language(self) -> None:
        """Speak the next language."""
        self.speak(self.next_language)

    def keep_language(self) -> None:
        """Calls about changes speak the language they were agreed to in: no key changes it there (R27)."""
        registrant = self.session.get_one(Registrant, self.call.registrant_id)
        if registrant.language != self.call.language:
            change_person(self.session, registrant, {"language": self.call.language})

    def speak(self, language: str) -> None:
        """Speak this language, also in the calls that this one has asked for, but for one with its own.

        It is remembered for later calls only after the PIN (R22, R27).
        """
        call = self.call
        before, call.language = call.language, language
        if self.is_verified and call.registrant_id is not None:
            self.writes.append(saving_language(call.registrant_id, language))
        if self.call.asked_at is not None and LANGUAGE_CHOSEN not in self.call.trail.split():
            asker_changed_language(self.session, self.call, before, self.now)

    def deadline(self, at: datetime, *, on: bool = False, time_zone: str | None = None) -> str:
        """A deadline as the caller would say it; midnight is named as the day that ends with it."""
        zone = time_zone or self.zone
        ends_a_day = at.astimezone(ZoneInfo(zone)).time() == time(0)
        return self.when(at - timedelta(minutes=1) if ends_a_day else at, on=on, clock=True, time_zone=zone)

    def slots(self, about: str | None, language: str | None = None) -> Slots:
        """The words for a prompt about the line, a service, the emergency number, the phone or the hour."""
        language = language or self.call.language
        kind, _, position = (about or "").partition(".")
        match kind:
            case "line":
                return (("line", self.office.name[language]),)
            case "neutral":
                # On a discreet line, and in every call that we place, since anyone may answer it (R17, R32).
                return (("line", self.office.neutral_name[language]),)
            case "number":
                most, _, least = position.partition(".")
                return (("digits", most), ("least", least)) if least else (("digits", most),)
            case "rest":
                minutes = self.policies.hard_call_minutes
                prompt = "moment.minute" if minutes == 1 else "moment.minutes"
                return (("minutes", self.prompts.text(language, prompt, minutes=str(minutes))),)
            case "emergency":
                return (("emergency", self.office.emergency_number),)
            case "safety":
                # By its name: the caller should know whom they are connected to.
                safety = next(one for one in self.office.services if one.key == SAFETY_SERVICE)
                return (("service", safety.name[language]),)
            case "partner":
                return (("service", required(self.partner).name[language]),)
            case "service":
                return (("service", self.office.services[int(position)].name[language]),)
            case "phone":
                own = self.called_from()
                which = "phone.this" if own is not None and own == self.number_to_call() else "phone.yours"
                return (("phone", self.prompts.text(language, which)),)
            case "own_phone":
                which = "phone.this" if self.is_on_own_phone() else "phone.yours"
                return (("phone", self.prompts.text(language, which)),)
            case "hour":
                zone = self.asked_zone
                hour = self.prompts.text(language, hour_prompt(self.now, zone))
                if has_twin(self.office.zones, zone, self.now):
                    # The hour is right in both, and only one of them has it in another season too (R29).
                    hour = in_zone(partial(self.prompts.text, language), hour, zone, self.now)
                return (("hour", hour),)
            case _:
                return ()

    def phone_in_hand(self) -> tuple[str, ...]:
        """The number this call came from; none if it is withheld."""
        if self.call.phone_sealed is None:
            return ()
        return (self.keyring.unseal("call.phone", self.call.phone_sealed),)

    def called_from(self) -> str | None:
        """The number this call came from, if it is one that the line may call."""
        return next((one for one in self.phone_in_hand() if self.office.can_dial(one)), None)

    def is_on_own_phone(self) -> bool:
        """Whether this call came from a safe phone of the registrant: notices go to no other phone (R09)."""
        number, registrant_id = self.called_from(), self.call.registrant_id
        if number is None or registrant_id is None:
            return False
        return number in safe_numbers(self.session, registrant_id)

    @property
    def may_have_a_phone(self) -> bool:
        """Whether to offer a callback: there is a phone to call, or the case is promised a call."""
        stands = self.is_verified and self.call.open_callback_id is not None
        verified = self.is_verified or self.call.opened_its_case()
        return stands or self.number_to_call(verified=verified) is not None

    def number_to_call(self, *, verified: bool | None = None) -> str | None:
        """The phone this call came from, else (after the PIN) the registrant's first safe one, else None.

        While changes are blocked it is one of the registrant's safe phones, if there is any: a person who
        obtained a new PIN by deceit must not get the calls instead (R08). Without one it is the phone of this
        call, as for somebody without a PIN. ``verified`` is whether the PIN counts, if that differs from now.
        """
        number, registrant_id, key = self.called_from(), self.call.registrant_id, self.call.phone_key
        if not (self.is_verified if verified is None else verified) or registrant_id is None:
            return number
        if number is not None and key is not None and is_barred(self.session, registrant_id, key):
            number = None
        # This also applies to a caller who opened the case so long ago that the PIN would be asked for again.
        if number is not None and not self.call.holds_changes(self.now):
            return number
        safe = safe_numbers(self.session, registrant_id)
        called = [one for one in safe if self.office.can_dial(one)]
        return number if number in called or not safe else next(iter(called), None)

    def heard(self) -> Heard:
        """What may be told about the person in the case now (R12-R15)."""
        return heard(self.call, self.now, self.rules.release)
