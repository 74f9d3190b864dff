"""Finds errors on a walk through a tree: in keys, waits, repair, pace, and sentences with full words."""

from collections.abc import Iterator

from ivr_flows.engine.check import long_sentences
from ivr_flows.engine.flow import BACK, COVER, LANGUAGE, PERSON, REPEAT, SILENT, SLOW, Collect, Menu, Wait
from ivr_flows.review.rehearsal import MOST_MISSES
from ivr_flows.review.scene import Rehearsal, Scene, Stop

#: The waits that R24 requires, in seconds: for one key, and for several.
MENU_WAIT, ENTRY_WAIT = 8, 10
#: The wait at each question of a call we place, before a first key, and how long a machine may record (R30).
FIRST_WAIT, FIRST_SECONDS = 5, 25
#: The voice's pause between two options.
PAUSE_SECONDS = 0.6
#: What R26 requires on top of a second for each word.
SLOW_WAIT_MORE = 10
#: 0 is offered after the third slip in a row.
LEAST_SLIPS = 3
#: Prompts that offer a callback.
OFFERS = frozenset({"callback.express", "callback.keep", "callback.keep_or_notices"})
#: A liaison is called while the caller waits in the queue.
CALLING = frozenset({"person.connecting"})
#: Words after a promise: a caller who is then silent has already asked for a callback.
PROMISED = frozenset({"how.no_message", "how.message"})
#: After this prompt everything is said: a caller who is silent, or who slips although 0 was offered, may be
#: let go.
LAST_WORDS = "end.question"
#: Keys that work only at menus (R22).
MENU_KEYS = frozenset({LANGUAGE, BACK})
#: Prompts of a choice before hard news; silence there is followed by a person or by the news (R19).
WARNINGS = frozenset({"hard_news.warning", "hard_news.alone"})


def rehearsal_problems(found: Rehearsal) -> list[str]:
    """Every error found on the walk, one sentence each, with the rule it breaks."""
    faults = [*_sentences(found), *_first_words(found)]
    for name, stop in found.stops.items():
        if stop.scene.ends != "keys":
            continue
        place = f"{found.flow.name}: {name} in {found.language}"
        rules = [_options, _keys]
        if not isinstance(found.flow.steps[name], Wait):
            # A caller in the queue is silent because they wait: nothing is asked again, and the pace does not
            # apply.
            rules += [_waits, _repair, _pace]
        faults += [f"{place} {fault}" for rule in rules for fault in rule(found, stop)]
    return list(dict.fromkeys(faults))


def _sentences(found: Rehearsal) -> Iterator[str]:
    """R18, with the words of the slots filled in."""
    for path in found.paths:
        for spoken in (spoken for scene in path.scenes for spoken in scene.spoken):
            for sentence in long_sentences(spoken.text):
                yield f"{found.flow.name}: {spoken.prompt} in {spoken.language} says “{sentence}” (R18)."


def _first_words(found: Rehearsal) -> Iterator[str]:
    """R30: what anyone who answers, or a machine, hears before a first key, with the waits between."""
    first = [stop.scene for name, stop in found.stops.items() if _is_unattended(found, name)]
    pauses = sum(max(0, len(_keys_offered(scene)) - 1) for scene in first) * PAUSE_SECONDS
    seconds = sum(scene.speaking_seconds + scene.seconds for scene in first) + pauses
    if seconds > FIRST_SECONDS:
        yield (
            f"{found.flow.name}: the first words in {found.language} take {seconds:.0f} s, "
            f"not {FIRST_SECONDS} or less; a shorter neutral name helps (R30)."
        )


def _is_unattended(found: Rehearsal, name: str) -> bool:
    step = found.flow.steps.get(name)
    return isinstance(step, Menu) and step.unattended


def _options(_found: Rehearsal, stop: Stop) -> Iterator[str]:
    keys = _keys_offered(stop.scene)
    if keys != [str(key) for key in range(1, len(keys) + 1)]:
        yield f"offers the keys {', '.join(keys)}, not 1 to {len(keys)} in order (R20)."


def _keys(found: Rehearsal, stop: Stop) -> Iterator[str]:
    """R22: 0 is a person, 5 too, * repeats, 9 repeats slowly, 7 covers; a called person has only *."""
    said, person = _in_turn(stop.scene), found.flow.keys.get(PERSON)

    def says_again(scene: Scene) -> bool:
        if _is_unattended(found, stop.scene.step):
            # All the first words, whichever question was asked last.
            return found.flow.start in scene.entered and _is_unattended(found, scene.step)
        return scene.step == stop.scene.step and _in_turn(scene) == said

    for key, scene in stop.extra.items():
        is_right = {
            PERSON: scene.entered[0] == person,
            REPEAT: says_again(scene),
            SLOW: says_again(scene),
            COVER: scene.ends == "hang-up",
            SILENT: scene.entered[0] == found.flow.keys.get(SILENT),
        }
        if key in MENU_KEYS:
            if not isinstance(found.flow.steps[stop.scene.step], Menu | Collect):
                continue
            is_right = {LANGUAGE: _speaks_another(found, stop, scene), BACK: _goes_back(found, stop, scene)}
        if not is_right.get(key, False):
            yield f"does not do what {key} does everywhere (R22)."
    if REPEAT not in stop.extra:
        yield f"does not know {REPEAT} (R22)."


def _in_turn(scene: Scene) -> list[str]:
    """What is said, with the danger line first, as a repetition of verbs' own words has it."""
    return [spoken.text for spoken in sorted(scene.spoken, key=lambda spoken: spoken.can_be_stopped)]


def _speaks_another(found: Rehearsal, stop: Stop, scene: Scene) -> bool:
    """8 asks the same at a menu in another language, if its words have one; entries have no 8."""
    if not isinstance(found.flow.steps[stop.scene.step], Menu):
        return True
    here = {(spoken.prompt, spoken.language) for spoken in stop.scene.spoken}
    there = {(spoken.prompt, spoken.language) for spoken in scene.spoken}
    return scene.step == stop.scene.step and (here != there or not _has_one_language(stop.scene))


def _has_one_language(scene: Scene) -> bool:
    return len({spoken.language for spoken in scene.spoken}) == 1


def _goes_back(found: Rehearsal, stop: Stop, scene: Scene) -> bool:
    """# leads from a menu to one where the caller was before, and from an entry to its table's step."""
    step = found.flow.steps[stop.scene.step]
    if isinstance(step, Collect):
        return step.back is None or scene.entered[0] == step.back
    return isinstance(found.flow.steps[scene.step], Menu) and scene.ends == "keys"


def _waits(found: Rehearsal, stop: Stop) -> Iterator[str]:
    scene, is_unattended = stop.scene, _is_unattended(found, stop.scene.step)
    wait = FIRST_WAIT if is_unattended else MENU_WAIT if scene.digits == 1 else ENTRY_WAIT
    if not scene.is_slow and scene.seconds != wait:
        yield f"waits {scene.seconds} s, not {wait} ({'R30' if is_unattended else 'R24'})."
    first = stop.silences[0]
    if is_unattended and (_stays(stop, first) or any(s.prompt.startswith("repair.") for s in first.spoken)):
        yield "has words of repair for silence, though a machine may have answered (R30)."
    if _stays(stop, first) and first.spoken[0].prompt != "repair.silence":
        yield "does not give time in words after the first silence (R24)."


def _repair(found: Rehearsal, stop: Stop) -> Iterator[str]:
    """R25: short, fuller, simplest and 0, each with the question again; then a person or a callback."""
    step = found.flow.steps[stop.scene.step]
    more = len(step.tail) + step.tells_language if isinstance(step, Menu) else 0
    asks = stop.scene.spoken[-1 - more].text
    for misses in filter(None, (stop.silences, stop.slips, stop.mistaken)):
        *asked, left = misses
        if len(misses) >= MOST_MISSES:
            yield "asks again without end (R25)."
        opening = [scene.spoken[0].words for scene in asked]
        if len(asked) > 1 and not opening[0] < opening[1]:
            yield "is not fuller the second time than the first (R25)."
        if len(asked) > 2 and not opening[2] < opening[1]:
            yield "is not simpler the third time than the second (R25)."
        for scene in asked:
            if asks not in [spoken.text for spoken in scene.spoken[1:]]:
                yield "does not ask again after a slip or a silence (R25)."
        if PERSON in found.flow.keys:
            if len(asked) > 2 and PERSON not in asked[2].spoken[-1].text:
                yield f"does not offer {PERSON} the third time (R25)."
            if isinstance(step, Collect) and misses is stop.silences and step.silences is not None:
                # Silence leads back to the previous entry, where the count continues.
                if left.step != step.back or left.ends != "keys":
                    yield f"does not go back to {step.back} after {step.silences} silences (R22)."
            elif not _leads_on(stop, left, is_silent=misses is stop.silences):
                yield f"leads to {left.step} after the last miss, not to a person or a callback (R25)."


def _leads_on(stop: Stop, left: Scene, *, is_silent: bool) -> bool:
    here, there = ({spoken.prompt for spoken in scene.spoken} for scene in (stop.scene, left))
    if left.ends == "ringing" or there & (OFFERS | PROMISED | CALLING):
        return True
    if left.ends == "hang-up":
        is_last = LAST_WORDS in here and (is_silent or len(stop.slips) > LEAST_SLIPS)
        return is_last or (is_silent and bool(here & OFFERS))
    return bool(here & WARNINGS) and any(prompt.startswith("status.") for prompt in there)


def _pace(found: Rehearsal, stop: Stop) -> Iterator[str]:
    """R26: after one silence, or 9, a second for each word plus ten."""
    if SLOW not in found.flow.keys:
        return
    # A machine's silence slows nothing down (R30).
    silences = () if _is_unattended(found, stop.scene.step) else stop.silences
    for scene in (*silences, stop.extra[SLOW]):
        if isinstance(found.flow.steps.get(scene.step), Wait):
            continue
        if scene.ends == "keys" and scene.seconds < sum(s.counted for s in scene.spoken) + SLOW_WAIT_MORE:
            yield f"waits {scene.seconds} s at the slow pace for what it says (R26)."


def _keys_offered(scene: Scene) -> list[str]:
    says = scene.turn.says if scene.turn is not None else ()
    return [text for say in says for slot, text in say.slots if slot == "key"]


def _stays(stop: Stop, scene: Scene) -> bool:
    return scene.step == stop.scene.step
