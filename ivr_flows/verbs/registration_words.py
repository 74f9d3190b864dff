"""Sentences that say what a registration means, before it is agreed to and when it is read back (R28).

These sentences are stored as the consent, in the language in which the caller hears them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from ivr_flows.engine.desk import Desk
from ivr_flows.verbs.window_words import hours_in_words
from models.cases.registrant import Phone, Registrant
from models.notices import registering
from models.notices.agreed.read_back import ReadBack, begins_at, nights_at
from models.notices.registering import Choices

#: A prompt and the words for its slots.
Sentence = tuple[str, Mapping[str, str]]
_CAUTION: Sentence = ("notices.caution", {})


def say_sentences(desk: Desk, sentences: Sequence[Sentence]) -> None:
    """Say the sentences in their order."""
    for prompt, slots in sentences:
        desk.say(prompt, **slots)


def sentences_as_text(desk: Desk, sentences: Sequence[Sentence]) -> str:
    """The same sentences as text, in the language of the call."""
    language = desk.call.language
    return " ".join(desk.prompts.text(language, prompt, **slots) for prompt, slots in sentences)


def express_terms(desk: Desk, phone: Phone) -> list[Sentence]:
    """What an express registration means (``registering.safest``)."""
    return [
        phones_sentence(desk, [phone]),
        *_wait_sentences(desk, [phone]),
        ("notices.at_night", {}),
        ("notices.with_code", {}),
        message_sentence(desk, None),
        ("notices.no_text", {}),
        cap_sentence(desk.policies.notice_calls_a_day),
        *_number_sentences(desk, chosen_line(desk) or dialed_line(desk)),
        _CAUTION,
    ]


def read_back_sentences(desk: Desk, found: ReadBack, left: Phone | None) -> list[Sentence]:
    """What stands, in the sentences that were agreed to.

    ``left`` is a phone that we could call instead, for a registration that calls none any more.
    """
    said = _until_when(desk, found)
    if not found.phones:
        return [*said, ("notices.no_phone_left" if left is None else "notices.none_called", {}), _CAUTION]
    if found.paused_until is not None or found.lapses_at <= desk.now:
        # "We will not call" was just said, and "we will call" is next.
        said.append(("notices.then", {}))
    return [*said, *agreed_terms(desk, found.phones, found)]


def _until_when(desk: Desk, found: ReadBack) -> list[Sentence]:
    """That the consent ends or has ended, and until when there is a pause."""
    if not found.is_due:
        if found.paused_until is None:
            return []
        if not found.phones:
            # Not "the calls begin again": at its end no phone is called either.
            return [("notices.paused_uncalled", {"on": desk.when(found.paused_until, on=True)})]
        return [pause_sentence(desk, found.paused_until)]
    on = desk.when(found.lapses_at, on=True)
    said: list[Sentence] = [
        ("notices.ended", {}) if found.lapses_at <= desk.now else ("notices.ends", {"on": on})
    ]
    if found.paused_until is not None:
        # Not "the calls begin again": the consent may have ended by then.
        said.append(("notices.pause_ends", {"on": desk.when(found.paused_until, on=True)}))
    return said


def pause_sentences(desk: Desk, found: ReadBack) -> list[Sentence]:
    """What a pause that was just made means, also for a consent that ends before it is over."""
    return [("wishes.saved", {}), *_until_when(desk, found)] if found.is_due else _until_when(desk, found)


def pause_sentence(desk: Desk, until: datetime) -> Sentence:
    """Until when we do not call."""
    return "notices.paused", {"on": desk.when(until, on=True)}


def agreed_terms(desk: Desk, phones: Sequence[Phone], agreed: Choices | ReadBack) -> list[Sentence]:
    """All that is agreed for these phones; the times and messages are those of the first."""
    phone = phones[0]
    has_code = agreed.has_code if isinstance(agreed, ReadBack) else agreed.code_key is not None
    text = phone.voicemail_text if phone.voicemail_allowed else None
    nights = (
        agreed.night_allowed
        if isinstance(agreed, ReadBack)
        else nights_at(desk.session, desk.call.case_id or 0, phone)
    )
    return [
        phones_sentence(desk, phones),
        *_wait_sentences(desk, phones),
        *when_sentences(desk, nights, chosen_hours(desk, phone)),
        ("notices.with_code" if has_code else "notices.without_code", {}),
        message_sentence(desk, text),
        ("notices.with_text" if agreed.by_text else "notices.no_text", {}),
        cap_sentence(agreed.cap_per_day),
        *_number_sentences(desk, chosen_line(desk) or desk.office.lines[0]),
        _CAUTION,
    ]


def _wait_sentences(desk: Desk, phones: Sequence[Phone]) -> list[Sentence]:
    """When the calls begin, while nothing of the case may be told on any of these phones (R09)."""
    first_at = begins_at(phones, desk.now)
    if first_at is None:
        return []
    return [("notices.new_phone", {"on": desk.when(first_at, on=True, clock=True)})]


def phones_sentence(desk: Desk, phones: Sequence[Phone]) -> Sentence:
    """Which phones, never by their digits: somebody may listen."""
    if len(phones) > 1:
        return "notices.phones", {}
    which = "this" if phones[0].phone_key == desk.call.phone_key else "yours"
    return "notices.phone", {"phone": desk.words(f"phone.{which}")}


def dialed_line(desk: Desk) -> str:
    """The number of ours that was called now; the main one for a number that the office gave up."""
    lines = desk.office.lines
    return desk.call.line if desk.call.line in lines else lines[0]


def chosen_line(desk: Desk) -> str | None:
    """The number of ours that the registrant chose to see, if the office still has it (R32)."""
    line = desk.session.get_one(Registrant, desk.call.registrant_id).line
    return line if line in desk.office.lines else None


def _number_sentences(desk: Desk, shown: str) -> list[Sentence]:
    """Which number their phone shows, to a caller of a line other than the main one.

    The main line says nothing of the others: somebody may listen who knows no other number.
    """
    if (dialed := dialed_line(desk)) == desk.office.lines[0]:
        return []
    if shown == dialed:
        return [("notices.shows_this", {})]
    return [("notices.shows_main", {})] if shown == desk.office.lines[0] else []


def message_sentence(desk: Desk, text: str | None) -> Sentence:
    """Which neutral message may be left (R31); the office's name is said only for the message with it."""
    if text is None:
        # With what a machine may record all the same, each time that the line calls.
        return "how.no_message", {}
    return f"wish.{text}", {"line": desk.named(desk.office.neutral_name)} if text == "hello" else {}


def cap_sentence(cap: int) -> Sentence:
    """How many calls a phone gets in a day, at most."""
    if cap >= registering.MOST_CALLS_A_DAY:
        return "notices.no_cap", {}
    return ("notices.at_most_once", {}) if cap == 1 else ("notices.at_most", {"count": str(cap)})


def when_sentences(desk: Desk, night_allowed: bool | None, part: str | None) -> list[Sentence]:
    """When we call, by the answer about nights (None: never asked) and the words of the chosen hours."""
    by_night: Sentence = ("notices.at_night", {})
    if night_allowed is False:
        # The hours themselves: in Spanish the evening and the night are one word.
        opens, closes = desk.policies.window_opens_hour, desk.policies.window_closes_hour % 24
        hours = {"closes": desk.words(f"hour.{closes}"), "opens": desk.words(f"hour.{opens}")}
        by_night = ("notices.not_at_night", hours)
    if part is None:
        return [by_night]
    if night_allowed is None:
        return [("notices.in_hours", {"part": part}), ("notices.night_too", {})]
    if night_allowed:
        return [by_night, ("notices.other_hours", {"part": part})]
    return [("notices.only_hours", {"part": part}), by_night]


def chosen_hours(desk: Desk, phone: Phone) -> str | None:
    """The hours that were chosen, in the registrant's zone, in words; None for any time."""
    if phone.window_starts is None or phone.window_ends is None:
        return None
    starts, ends = (datetime.combine(desk.now, hour) for hour in (phone.window_starts, phone.window_ends))
    return hours_in_words(desk, starts, ends)
