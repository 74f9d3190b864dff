"""Passes on the output of the supervised programs as JSON lines, without ever making them wait."""

import json
import queue
import re
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from config.logging import START, without_digits

#: Lines kept while nobody reads our stdout. More are dropped, because a full pipe would stop the line.
MOST_LINES = 5000
_SUPERVISORD = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (?P<level>[A-Z]+) (?P<message>.*)")
#: The embedded Valkey says this at each start. It matters to a big cache, but not to this small queue.
_OF_NO_USE = "Memory overcommit must be enabled"
_LEVELS = {"CRIT": "critical", "ERRO": "error", "WARN": "warning", "INFO": "info"}


def as_json(line: str) -> str:
    """One printed line as one JSON line. A line that is not JSON (Valkey's, supervisord's) is wrapped."""
    if line.startswith("{"):
        try:
            json.loads(line)
        except ValueError:
            pass
        else:
            return line
    found = _SUPERVISORD.fullmatch(line)
    return json.dumps(
        {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "level": _LEVELS.get(found["level"], "info") if found else "info",
            "process": "supervisor",
            "message": without_digits(found["message"] if found else line),
        },
        ensure_ascii=False,
    )


class LogPump:
    """Two threads and a bounded queue between the supervisor's output and ours.

    ``starts``: a file for the lines that roles log when they start, instead of our output. At a terminal they
    would stand between a person and what the person must read.
    """

    def __init__(self, source: IO[str], starts: Path | None = None) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue(MOST_LINES)
        self._source, self._starts = source, starts
        if starts is not None:
            starts.write_text("")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._writer = threading.Thread(target=self._write, daemon=True)
        self._reader.start()
        self._writer.start()

    def say(self, text: str) -> None:
        """Print a line of our own between two lines."""
        self._put(text)

    def finish(self, seconds: float = 2.0) -> None:
        """Print the remaining lines, for a limited time."""
        self._reader.join(seconds)
        self._put(None)
        self._writer.join(seconds)

    def _put(self, line: str | None) -> None:
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            return

    def _read(self) -> None:
        for line in self._source:
            if (text := line.rstrip("\n")) and _OF_NO_USE not in text:
                found = as_json(text)
                if not self._is_kept(found):
                    self._put(found)

    def _is_kept(self, line: str) -> bool:
        """Whether a line is in the file of the starts now."""
        if self._starts is None or json.loads(line).get("logger") != START:
            return False
        try:
            with self._starts.open("a") as file:
                file.write(f"{line}\n")
        except OSError:
            # No room on the disk: better on the screen than nowhere.
            return False
        return True

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
            except (OSError, ValueError):
                # Nobody reads any more; the line goes on all the same.
                return
