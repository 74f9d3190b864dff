"""The last words a caller hears when all else fails: a static, unsigned document, also hosted elsewhere."""

from pathlib import Path

from flask import Blueprint, Response

FALLBACK_FILE = Path(__file__).with_name("fallback.xml")
#: Read once, when the app starts, which protects it from any later fault.
LAST_WORDS = FALLBACK_FILE.read_text(encoding="utf-8")
DISCREET_LAST_WORDS = FALLBACK_FILE.with_name("fallback-discreet.xml").read_text(encoding="utf-8")


def fallback_blueprint() -> Blueprint:
    """``GET, POST /voice/fallback.xml`` and, for discreet lines, ``fallback-discreet.xml`` (R17).

    They need no database, no key and no signature.
    """
    blueprint = Blueprint("fallback", __name__)

    def fallback() -> Response:
        return Response(LAST_WORDS, content_type="text/xml; charset=utf-8")

    fallback.guard = "open"  # type: ignore[attr-defined]
    blueprint.add_url_rule("/voice/fallback.xml", "fallback", fallback, methods=["GET", "POST"])

    def discreet() -> Response:
        return Response(DISCREET_LAST_WORDS, content_type="text/xml; charset=utf-8")

    discreet.guard = "open"  # type: ignore[attr-defined]
    blueprint.add_url_rule("/voice/fallback-discreet.xml", "discreet", discreet, methods=["GET", "POST"])
    return blueprint
