"""Logs: JSON lines without a number, a PIN or an exception's message."""

import errno
import io
import json
import logging
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.logging import JsonLines, set_up_logging, where, without_digits


def written(*args: object, error: BaseException | None = None, **extra: object) -> dict[str, object]:
    record = logging.LogRecord("hotline", logging.INFO, __file__, 1, args[0], args[1:], None)
    if error is not None:
        record.exc_info = (type(error), error, error.__traceback__)
    vars(record).update(extra)
    line = JsonLines("web").format(record)
    assert "\n" not in line
    document: dict[str, object] = json.loads(line)
    return document


def breaks(message: str) -> None:
    raise ValueError(message)


def raised(message: str) -> ValueError:
    with pytest.raises(ValueError, match=message) as caught:
        breaks(message)
    return caught.value


@pytest.mark.parametrize(
    "private",
    [
        "+12025550123",
        "202 555 0123",
        "(202) 555-0123",
        "202.555.0123",
        "482913",
        "4 8 2 9 1 3",
        "١٢٣٤٥٦",
        "123",
    ],
)
def test_no_number_is_left_in_a_text(private: str) -> None:
    cleaned = without_digits(f"it said {private} today")

    assert not any(character.isdigit() for character in cleaned)
    assert cleaned.startswith("it said ")
    assert cleaned.endswith(" today")


@given(st.text())
def test_no_run_of_three_digits_is_left_whatever_the_text(text: str) -> None:
    import re

    assert not re.search(r"\d{3}", without_digits(text))


def test_line_says_when_who_and_what() -> None:
    line = written("took %s keys at %s", "4829134", "/voice/steps/ask_pin/7")

    assert line["message"] == "took # keys at /voice/steps/ask_pin/7"
    assert line["process"] == "web"
    assert line["level"] == "info"


def test_exception_is_named_by_class_and_place_and_never_quoted() -> None:
    line = written("it broke", error=raised("canary of Maria 482913"))

    assert "canary" not in json.dumps(line)
    assert line["error"] == [f"ValueError at tests/config/test_logging.py:{_line_of_raise()}"]


def _line_of_raise() -> int:
    return breaks.__code__.co_firstlineno + 1


def test_exception_that_is_the_message_or_an_argument_is_not_quoted_either() -> None:
    error = raised("canary")

    assert "canary" not in json.dumps(written("it broke: %s", error))
    assert "canary" not in json.dumps(written(error))
    assert written("it broke", fault=error)["fault"] == where(error)
    assert where(error).endswith(str(_line_of_raise()))


def test_exception_inside_an_argument_is_not_quoted_either() -> None:
    error = raised("canary")

    assert "canary" not in json.dumps(written("it broke: %s", [error]))
    assert "canary" not in json.dumps(written("it broke: %s", {"by": (error, 1)}))
    assert written("took %s of %s", (1, 2), {"a": 3})["message"] == "took (1, 2) of {'a': 3}"
    assert "canary" not in json.dumps(written("it broke", faults={"first": [error]}))


@pytest.mark.parametrize("is_full", [True, False], ids=["a full disk", "a line that cannot be made"])
def test_line_that_cannot_be_written_quotes_no_exception_on_stderr(
    is_full: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """The library printed the whole chain of exceptions with their messages, and the raw arguments."""

    class Stream(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    class Unspeakable:
        def __str__(self) -> str:
            raise RuntimeError("canary")

    before = logging.root.handlers[:], logging.root.level, sys.excepthook, threading.excepthook
    try:
        set_up_logging("worker", stream=Stream() if is_full else io.StringIO())
        try:
            breaks("canary")
        except ValueError:
            logging.getLogger("a").exception("it broke: %s", "canary" if is_full else Unspeakable())
    finally:
        logging.captureWarnings(False)
        logging.root.handlers[:], logging.root.level = before[:2]
        sys.excepthook, threading.excepthook = before[2:]

    told = capsys.readouterr().err
    assert told == f"A log line could not be written ({'OSError' if is_full else 'RuntimeError'}).\n"


def test_causes_are_named_too() -> None:
    outer = RuntimeError("canary two")
    outer.__cause__ = raised("canary one")

    line = written("it broke", error=outer)

    assert [str(e).split(" ", 1)[0] for e in line["error"]] == ["RuntimeError", "ValueError"]  # type: ignore[attr-defined]
    assert "canary" not in json.dumps(line)


def test_counts_are_kept_and_other_extras_are_cleaned() -> None:
    line = written("done", callback_id=1234, rows=100000, caller="+12025550123", status=482913)

    assert line["callback_id"] == 1234
    assert line["rows"] == 100000
    assert line["caller"] == "#"
    assert line["status"] == "#"


def test_message_that_does_not_fit_its_arguments_is_still_written() -> None:
    assert written("%d keys", "canary")["message"] == "%d keys"


def test_every_logger_writes_through_the_filter() -> None:
    stream = io.StringIO()
    before = logging.root.handlers[:], logging.root.level
    library = logging.getLogger("a.library.with.its.own.handler")
    library.addHandler(logging.StreamHandler(stream))
    library.propagate = False
    try:
        set_up_logging("worker", stream=stream)
        library.warning("rang %s", "+12025550123")
    finally:
        logging.captureWarnings(False)
        logging.root.handlers[:], logging.root.level = before

    assert json.loads(stream.getvalue())["message"] == "rang #"


def test_where_names_our_line_and_the_line_that_broke() -> None:
    try:
        json.loads("canary")
    except ValueError as error:
        told = where(error)

    assert told.startswith("JSONDecodeError at tests/config/test_logging.py:")
    assert "decoder.py" in told


def test_where_names_the_fault_of_the_system_and_not_its_file() -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "canary")

    assert where(full) == "OSError (ENOSPC)"
    assert where(OSError(["canary"], "canary")) == "OSError"
