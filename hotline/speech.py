"""The voices of espeak-ng if it is installed, and how long one takes to speak a text."""

import shutil
import subprocess
import tempfile
import wave
from functools import lru_cache
from pathlib import Path

PROGRAM = "espeak-ng"
WORDS_A_MINUTE = 150
#: Longer than any prompt takes to synthesize.
MOST_SECONDS = 20
#: Voices of espeak-ng; a language that is not listed is requested by its own code.
_VOICES = {"en": "en-us", "es": "es-419"}


def voice_for(language: str) -> str:
    """espeak-ng's voice for a language, with or without its country (``es``, ``es-US``)."""
    base = language.split("-")[0]
    return _VOICES.get(language, _VOICES.get(base, base))


@lru_cache(maxsize=4096)
def measured_seconds(text: str, language: str, *, with_last_pause: bool = True) -> float | None:
    """Seconds of audio of ``text``, or None if espeak-ng is missing or cannot speak this.

    espeak-ng ends with the pause after a sentence, about 0.4 s. ``with_last_pause=False`` leaves it out.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        return None
    with tempfile.TemporaryDirectory(prefix="speech-") as folder:
        audio = Path(folder) / "words.wav"
        voice = voice_for(language)
        command = [program, "-v", voice, "-s", str(WORDS_A_MINUTE), "-w", str(audio)]
        command += [*([] if with_last_pause else ["-z"]), "--", text]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=MOST_SECONDS)
            with wave.open(str(audio), "rb") as heard:
                return heard.getnframes() / heard.getframerate()
        except (OSError, subprocess.SubprocessError, wave.Error, EOFError, ZeroDivisionError):
            return None
