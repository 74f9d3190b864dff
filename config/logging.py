"""JSON lines on stdout or stderr, without a digit of anyone's private data."""

import contextlib
import errno
import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

#: A phone number with any spacing, and any other run of digits that could be a number, a PIN or an id.
_PHONE = re.compile(r"\+?\(?\d(?:[\s().,\-]{0,2}\d){3,}")
_DIGITS = re.compile(r"\d{3,}")
_ROOT = Path(__file__).resolve().parent.parent
#: The attributes that every record has. Any other attribute was given as ``extra`` and is written too.
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
#: The logger for the line at a role's start. Its release and address are ours and keep their digits.
START = "hotline.start"
#: What SQLAlchemy raises when a database is away, locked or full; it is not imported for a command's help.
_DATABASE_FAULTS = {"OperationalError", "InterfaceError"}
#: Whole numbers that are useful and identify nobody: row ids, process ids, counts and times.
_COUNTS = re.compile(r"(^|_)(id|pid|port|turn|rows|count|seconds|milliseconds|code)$")


def without_digits(text: str) -> str:
    """Return the text with phone numbers and every run of three or more digits replaced by ``#``."""
    return _DIGITS.sub("#", _PHONE.sub("#", text))


def where(error: BaseException) -> str:
    """Return an exception as ``Class at file:line``, with our innermost frame first; never its message.

    A fault of the database is one class for a full disk and a lost file alike, so its code stands beside it:
    ``OperationalError (SQLITE_FULL) at ...``, or PostgreSQL's five characters. So does that of the system.
    """
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _short(frame.filename) is not None]
    places = [f"{_short(f.filename) or Path(f.filename).name}:{f.lineno}" for f in (ours or frames)[-1:]]
    if ours and frames[-1] is not ours[-1]:
        places.append(f"{Path(frames[-1].filename).name}:{frames[-1].lineno}")
    name = type(error).__name__
    cause = getattr(error, "orig", error)
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    if code is None and type(error) is OSError and isinstance(error.errno, int):
        code = errno.errorcode.get(error.errno)
    if code:
        name += f" ({code})"
    return f"{name} at {' in '.join(places)}" if places else name


def _short(file_name: str) -> str | None:
    path = Path(file_name)
    if ".venv" in path.parts or not path.is_relative_to(_ROOT):
        return None
    return str(path.relative_to(_ROOT))


def _causes(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    while error not in chain:
        chain.append(error)
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is None:
            break
        error = cause
    return chain


class JsonLines(logging.Formatter):
    """Writes one JSON object per line. Names exceptions by class, file and line, and drops their messages."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """Write the record as one line of JSON."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
            "message": without_digits(_message(record)),
        }
        extra = {name: value for name, value in vars(record).items() if name not in _OWN}
        plain = {name: _plain(name, value) for name, value in extra.items()}
        line.update(extra if record.name == START else plain)
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = [where(error) for error in _causes(record.exc_info[1])]
        return json.dumps(line, ensure_ascii=False)


def _message(record: logging.LogRecord) -> str:
    text, arguments = str(_without_messages(record.msg)), _without_messages(record.args)
    try:
        return text % arguments if arguments else text
    except (TypeError, ValueError, KeyError):
        return text


def _without_messages(value: Any) -> Any:
    """The same, but exceptions are named by class and place, also inside a list, a tuple or a mapping.

    Given as they are, they would be written with their messages and everything that these quote.
    """
    if isinstance(value, BaseException):
        return where(value)
    if isinstance(value, Mapping):
        return {name: _without_messages(one) for name, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        found = (_without_messages(one) for one in value)
        return tuple(found) if isinstance(value, tuple) else list(found)
    return value


def _plain(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and _COUNTS.search(name):
        return value
    told = _without_messages(value)
    # A place has the digits of its line.
    return told if isinstance(value, BaseException) else without_digits(str(told))


class _StderrLines(logging.Formatter):
    """For a person at a terminal: writes only level and message."""

    def format(self, record: logging.LogRecord) -> str:
        text = without_digits(_message(record))
        if record.exc_info and record.exc_info[1] is not None:
            text += f" ({where(record.exc_info[1])})"
        return f"{record.levelname.lower()}: {text}"


class _Lines(logging.StreamHandler[TextIO]):
    def handleError(self, _record: logging.LogRecord) -> None:  # noqa: N802 - the library's name.
        """Say that a line could not be written. The library's own words quote the exception that it names."""
        fault = sys.exc_info()[1]
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"A log line could not be written ({type(fault).__name__}).\n")


def set_up_logging(process: str, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every logger's records to ``stream`` (stdout by default) as JSON lines, named by ``process``.

    Uncaught exceptions are written the same way, on the main thread and on others.
    """
    handler = _Lines(stream or sys.stdout)
    handler.setFormatter(JsonLines(process))
    _install(handler, level)
    sys.excepthook = _uncaught
    threading.excepthook = lambda fault: _uncaught(fault.exc_type, fault.exc_value, fault.exc_traceback)


def set_up_terminal() -> None:
    """Send a command's warnings and uncaught exceptions to stderr in plain words, through the same filter."""
    handler = _Lines(sys.stderr)
    handler.setFormatter(_StderrLines())
    _install(handler, "WARNING")
    sys.excepthook = _uncaught_by_command


def _install(handler: logging.Handler, level: str) -> None:
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.captureWarnings(True)
    # Libraries that log every request, query or migration step would fill the log with paths and numbers.
    # Font libraries log each glyph that they draw, and so the digits of a PIN.
    quiet = ("werkzeug", "urllib3", "twilio.http_client", "alembic", "sqlalchemy.engine", "fontTools", "fpdf")
    for noisy in quiet:
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        if logger.handlers:
            logger.handlers.clear()
            logger.propagate = True


def log_start(role: str, address: str) -> None:
    """Log one line when a role starts: its release, role, and the address it listens on or its machine."""
    logging.getLogger(START).info(
        "Started.", extra={"release": version("hotline"), "role": role, "address": address}
    )


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if error is None or issubclass(kind, (KeyboardInterrupt, SystemExit)):
        return
    logging.getLogger("hotline").critical("A fault that nobody caught.", exc_info=(kind, error, trace))


def _uncaught_by_command(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """As for a process, but a database that takes nothing is no riddle: doctor says what is wrong."""
    _uncaught(kind, error, trace)
    if kind.__module__.startswith("sqlalchemy.") and kind.__name__ in _DATABASE_FAULTS:
        sys.stderr.write("The database did not take this. What is wrong with it: `hotline doctor`.\n")
