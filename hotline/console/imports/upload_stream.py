"""Reads a form while it arrives: its fields, then its file as a stream that is stored nowhere (R12)."""

import io
from collections.abc import Iterator
from typing import Any, BinaryIO, Protocol

from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData
from werkzeug.sansio.request import Request as SansIoRequest

CHUNK_BYTES = 65_536
#: The most bytes that the fields before the file may take.
FIELD_BYTES = 16_384


class BrokenOffError(OSError):
    """The sender's connection ended before the file did."""

    ended = "broken_off"


class TooLargeError(OSError):
    """The file is larger than the office accepts."""

    ended = "too_large"


class Body(Protocol):
    """The part of a request's stream that is needed here."""

    def read(self, size: int = -1, /) -> bytes: ...


class UploadStream(io.RawIOBase):
    """The file of one multipart form, byte by byte as it arrives; ``fields`` came before it.

    Werkzeug's own form parser would write a large file to disk first, where the reasons of its gates must not
    be. Raises BadRequest when the form has no file, and while reading BrokenOffError or TooLargeError.
    """

    def __init__(self, request: SansIoRequest, body: Body, most_bytes: int) -> None:
        super().__init__()
        boundary = request.mimetype_params.get("boundary")
        if request.mimetype != "multipart/form-data" or not boundary:
            raise BadRequest("The form has no file.")
        self._decoder = MultipartDecoder(boundary.encode("latin-1"), max_parts=20)
        self._body, self._left, self._first = body, most_bytes, FIELD_BYTES + 2 * CHUNK_BYTES
        self.fields: dict[str, str] = {}
        self._rest = b""
        self._more, self._is_found = True, False
        self._find_file()

    def readable(self) -> bool:
        """The stream is read-only."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer``; 0 at the end of the file."""
        while not self._rest and self._more:
            event = next(self._events())
            if not isinstance(event, Data):
                raise BrokenOffError("The form ended before its file.")
            self._rest, self._more = bytes(event.data), event.more_data
        given = self._rest[: len(buffer)]
        buffer[: len(given)] = given
        self._rest = self._rest[len(given) :]
        return len(given)

    def buffered(self) -> BinaryIO:
        """This stream with buffering, for reading lines."""
        return io.BufferedReader(self, CHUNK_BYTES)

    def _find_file(self) -> None:
        name, size = "", 0
        try:
            for event in self._events():
                if isinstance(event, File):
                    self._is_found = True
                    return
                if isinstance(event, Field):
                    name = event.name
                    self.fields[name] = ""
                elif isinstance(event, Data):
                    size += len(event.data)
                    if size > FIELD_BYTES:
                        raise BadRequest("A field is too long.")
                    self.fields[name] += bytes(event.data).decode("utf-8", "replace")
                elif isinstance(event, Epilogue):
                    break
        except OSError:
            raise BadRequest("The form ended too early.") from None
        raise BadRequest("The form has no file.")

    def _events(self) -> Iterator[Any]:
        while True:
            try:
                event = self._decoder.next_event()
            except ValueError:
                raise BadRequest("The form is not well made.") from None
            if isinstance(event, NeedData):
                self._decoder.receive_data(self._read())
                continue
            yield event

    def _read(self) -> bytes | None:
        try:
            chunk = self._body.read(CHUNK_BYTES)
        except RequestEntityTooLarge:
            raise TooLargeError("The file is too large.") from None
        except Exception as fault:
            raise BrokenOffError("The sender broke off.") from fault
        self._left -= len(chunk)
        self._first -= len(chunk)
        if self._first < 0 and not self._is_found:
            # The part before the file is kept in memory.
            raise BadRequest("The form has no file.")
        if self._left < 0:
            raise TooLargeError("The file is too large.")
        if not chunk:
            raise BrokenOffError("The sender broke off.")
        return chunk
