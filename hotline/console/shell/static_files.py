"""The console's styles, scripts, fonts and pictures, at URLs that change when one of them does."""

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
    """Twelve hex digits over all static files together, so that the URLs in the CSS change too."""
    together = hashlib.sha256()
    for name, path in _files().items():
        together.update(f"{name}\0".encode() + path.read_bytes())
    return together.hexdigest()[:12]


@cache
def _content(name: str) -> tuple[bytes, bytes | None]:
    """A file unchanged and compressed, read once per process."""
    raw = _files()[name].read_bytes()
    return raw, gzip.compress(raw, mtime=0) if Path(name).suffix in _PACKED else None


def static_url(name: str) -> str:
    """The URL of a static file, such as ``console.css``. Raises KeyError for an unknown one."""
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
    # A request for another release's URL gets the current file, which the browser does not cache.
    response.headers["Cache-Control"] = FOREVER if of == version() else "no-cache"
    return response
