"""The console's style, scripts, fonts and pictures, under an address that changes when one of them does."""

import gzip
import hashlib
import mimetypes
from functools import cache
from pathlib import Path

from flask import Response, request, url_for
from werkzeug.exceptions import NotFound

from hotline.console.shell.area import area
from hotline.console.shell.guard import guard_open

FOLDER = Path(__file__).parents[1] / "static"
FOREVER = "public, max-age=31536000, immutable"
_PACKED = frozenset({".css", ".js", ".svg"})
_KINDS = {".woff2": "font/woff2", ".js": "text/javascript", ".svg": "image/svg+xml", ".css": "text/css"}


@cache
def _files() -> dict[str, Path]:
    return {path.relative_to(FOLDER).as_posix(): path for path in sorted(FOLDER.rglob("*")) if path.is_file()}


@cache
def version() -> str:
    """Twelve hex digits over every static file: one for all, so that addresses in the CSS change along."""
    together = hashlib.sha256()
    for name, path in _files().items():
        together.update(f"{name}\0".encode() + path.read_bytes())
    return together.hexdigest()[:12]


@cache
def _content(name: str) -> tuple[bytes, bytes | None]:
    """A file as it is and packed, read once a process."""
    raw = _files()[name].read_bytes()
    return raw, gzip.compress(raw, mtime=0) if Path(name).suffix in _PACKED else None


def static_url(name: str) -> str:
    """The address of a static file, such as ``console.css``. Raises KeyError for one that is not there."""
    if name not in _files():
        raise KeyError(name)
    return url_for("console.shell.static_file", of=version(), name=name)


@area.get("/static/<of>/<path:name>")
@guard_open
def static_file(of: str, name: str) -> Response:
    if name not in _files():
        raise NotFound("There is no such file.")
    raw, packed = _content(name)
    wants_packed = packed is not None and request.accept_encodings.quality("gzip") > 0
    suffix = Path(name).suffix
    response = Response(
        packed if wants_packed and packed is not None else raw,
        content_type=_KINDS.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream",
    )
    if suffix in {".css", ".js"}:
        response.headers["Content-Type"] += "; charset=utf-8"
    if packed is not None:
        response.headers["Vary"] = "Accept-Encoding"
    if wants_packed:
        response.headers["Content-Encoding"] = "gzip"
    # Another release's address gets what there is, and keeps it not.
    response.headers["Cache-Control"] = FOREVER if of == version() else "no-cache"
    return response
