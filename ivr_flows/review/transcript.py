"""A rehearsed tree as a script for advocates and translators: who says what, which keys, how long."""

import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from ivr_flows.review.scene import Path, Rehearsal, Scene, Spoken, Stop

#: Seconds that a real voice takes for a text in a language; None if no voice is installed.
Measure = Callable[[str, str], float | None]
WIDTH = 100
_EVERYWHERE = {
    "0": "a person",
    "*": "hear it again",
    "9": "slow pace",
    "7": "harmless words, then the end",
    "5": "a person, by key alone",
    "8": "at menus, the next language",
    "#": "at menus, the menu before",
}
_ENDS = {
    "crossing": "The call goes on in another tree.",
    "hang-up": "The line hangs up.",
}


def as_script(found: Rehearsal, measure: Measure) -> str:
    """The whole tree for reading, one path at a time."""
    lines = [f"{found.flow.name.upper().replace('_', ' ')} ({found.language})", "", *_preface(found, measure)]
    told: dict[str, str] = {}
    for path in found.paths:
        lines += ["", _heading(path, found)]
        for scene in path.scenes:
            lines += _scene(scene, measure)
            if found.stops.get(scene.step) and found.stops[scene.step].scene is scene:
                lines += _repair(found.stops[scene.step], told)
        if path.goes_on_in is not None:
            lines.append(f"  Goes on at {path.scenes[-1].step}, in path {path.goes_on_in}.")
    return "\n".join(lines) + "\n"


def as_document(found: Rehearsal, measure: Measure) -> dict[str, Any]:
    """The same for programs. Times are in seconds; a measured one is null if no voice is installed."""
    return {
        "tree": found.flow.name,
        "language": found.language,
        "keys": {key: _EVERYWHERE[key] for key in found.flow.keys},
        "paths": [
            {
                "number": path.number,
                "from": path.origin,
                "scenes": [_as_data(scene, measure) for scene in path.scenes],
                "goes_on_in": path.goes_on_in,
            }
            for path in found.paths
        ],
        "repair": {
            name: {
                "silence": [_as_data(scene, measure) for scene in stop.silences],
                "wrong_keys": [_as_data(scene, measure) for scene in stop.slips],
                "asked_before": [_as_data(scene, measure) for scene in stop.mistaken],
            }
            for name, stop in found.stops.items()
            if stop.silences
        },
    }


def _preface(found: Rehearsal, measure: Measure) -> Iterator[str]:
    whole = _measured(measure, found.paths[0].scenes[0].spoken)
    yield "Seconds of speech are counted at 150 words a minute" + (
        "; in brackets, as espeak-ng speaks them." if whole is not None else "; espeak-ng is not installed."
    )
    yield "Names, dates and numbers are invented. What an earlier path tells is named and not told again."
    keys = [f"{key} {_EVERYWHERE[key]}" for key in found.flow.keys]
    yield f"Wherever the line waits for keys: {', '.join(keys)}."


def _heading(path: Path, found: Rehearsal) -> str:
    if path.origin is None:
        return f"PATH {path.number}. From the start."
    return f"PATH {path.number}. From {path.origin}, in path {found.written_in[path.origin]}."


def _scene(scene: Scene, measure: Measure) -> Iterator[str]:
    yield f"  THEY    {scene.action}."
    for when in scene.when:
        yield f"          ({when})"
    for spoken in scene.spoken:
        yield from _line(spoken, measure)
    total = _measured(measure, scene.spoken)
    yield f"          [{' > '.join(scene.entered)}] {scene.speaking_seconds:.1f} s{_bracket(total)}. " + _end(
        scene
    )


def _line(spoken: Spoken, measure: Measure) -> Iterator[str]:
    times = f"{spoken.seconds:.1f} s{_bracket(measure(_plain(spoken.text), spoken.language))}"
    heard_out = "" if spoken.can_be_stopped else "; no key stops it"
    text = f"“{_plain(spoken.text)}” ({times}{heard_out})"
    yield from textwrap.wrap(text, WIDTH, initial_indent="  LINE    ", subsequent_indent="          ")


def _end(scene: Scene) -> str:
    match scene.ends:
        case "keys":
            keys = "a key" if scene.digits == 1 else f"up to {scene.digits} keys"
            slow = f", {scene.slow_seconds} s at the slow pace" if not scene.is_slow else " (slow pace)"
            return f"Waits {scene.seconds} s for {keys}{slow}."
        case "ringing":
            return "The phone rings."
        case "conference":
            return "They talk."
        case "stay":
            return f"Keeps them on the line, and looks again after {scene.seconds} s."
        case other:
            return _ENDS[other]


def _repair(stop: Stop, told: dict[str, str]) -> Iterator[str]:
    """``told`` are the repairs told so far, each with the step it was told at."""
    of = (("silence", stop.silences), ("wrong keys", stop.slips), ("the number again", stop.mistaken))
    for words, scenes in of:
        if not scenes:
            continue
        *asked, left = scenes
        openings = [f"“{scene.spoken[0].text}”" for scene in asked]
        if len(asked) > 2 and asked[2].spoken[-1].prompt == "repair.person":
            openings[2] += f" … “{asked[2].spoken[-1].text}”"
        steps = [*openings, f"then to {' > '.join(left.entered)}"]
        opening = f"After {words}, each time with the question again: " if asked else f"After {words}: "
        text = opening + "; ".join(steps) + "."
        first = told.setdefault(text, stop.scene.step)
        if first != stop.scene.step:
            text = f"After {words}: as at {first}."
        yield from textwrap.wrap(text, WIDTH, initial_indent=" " * 10, subsequent_indent=" " * 12)


def _as_data(scene: Scene, measure: Measure) -> dict[str, Any]:
    return {
        "action": scene.action,
        "when": list(scene.when),
        "steps": list(scene.entered),
        "says": [
            {
                "prompt": spoken.prompt,
                "language": spoken.language,
                "text": _plain(spoken.text),
                "seconds": round(spoken.seconds, 1),
                "measured_seconds": _rounded(measure(_plain(spoken.text), spoken.language)),
                "a_key_stops_it": spoken.can_be_stopped,
            }
            for spoken in scene.spoken
        ],
        "ends": scene.ends,
        "digits": scene.digits,
        "wait_seconds": scene.seconds,
        "slow_wait_seconds": scene.slow_seconds,
    }


def _plain(text: str) -> str:
    """The text without the marks of a number that is read digit by digit, and of pauses."""
    return text.replace("«", "").replace("»", "").replace(" | ", " ")


def _measured(measure: Measure, spoken: tuple[Spoken, ...]) -> float | None:
    times = [measure(_plain(one.text), one.language) for one in spoken]
    return None if None in times else sum(time for time in times if time is not None)


def _bracket(seconds: float | None) -> str:
    return "" if seconds is None else f" [{seconds:.1f} s]"


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)
