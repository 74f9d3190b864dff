"""Reads the words on a phone aloud with espeak-ng, each phrase in its language."""

import queue
import shutil
import subprocess
import threading
from contextlib import suppress

from hotline.exchange.twiml.passage import Passage
from hotline.speech import PROGRAM, WORDS_A_MINUTE, voice_for


def find_program() -> str | None:
    """Return the path of espeak-ng, or None if it is not installed."""
    return shutil.which(PROGRAM)


class Speaker:
    """Speaks on a thread of its own, one phrase after the other. ``program`` is espeak-ng."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._phrases: queue.Queue[Passage] = queue.Queue()
        self._lock = threading.Lock()
        self._speaking: subprocess.Popen[bytes] | None = None
        threading.Thread(target=self._work, daemon=True, name="speaker").start()

    def says(self, passage: Passage) -> None:
        """Say a passage after all earlier ones."""
        self._phrases.put(passage)

    def waits(self) -> None:
        """Wait until everything has been said."""
        self._phrases.join()

    def stops(self) -> None:
        """Drop the current passage and those that wait, because the caller has pressed a key."""
        with suppress(queue.Empty):
            while True:
                self._phrases.get_nowait()
                self._phrases.task_done()
        with self._lock:
            if self._speaking is not None:
                self._speaking.kill()

    def _work(self) -> None:
        while True:
            passage = self._phrases.get()
            try:
                self._speak(passage)
            finally:
                self._phrases.task_done()

    def _speak(self, passage: Passage) -> None:
        voice = voice_for(passage.language or "en")
        # The words go through a pipe, since everyone on this machine can read a command line.
        command = [self._program, "-v", voice, "-s", str(WORDS_A_MINUTE), "--stdin"]
        quiet = subprocess.DEVNULL
        with suppress(OSError):
            with self._lock:
                self._speaking = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet)
            self._speaking.communicate(passage.text.replace("…", ".").encode())
