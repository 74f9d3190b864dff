"""Reads the numbers of a Twilio app and their URLs from the options of the command."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from hotline.exchange.calls.order import PhoneNumber
from hotline.exchange.page.typed_number import e164

#: In place of a number: every number that is not named otherwise.
ANY = "any"
_WITH_NUMBER = re.compile(rf"(\+?[\d\s().-]+|{ANY})=(.*)", re.DOTALL)


class NumberError(Exception):
    """An option is wrong; the message is a sentence that names it."""


def read_numbers(
    numbers: Iterable[str],
    *,
    sms: Iterable[str] = (),
    status: Iterable[str] = (),
    fallback: Iterable[str] = (),
) -> dict[str, PhoneNumber]:
    """Return the settings by E.164 (or ``any``). Raises NumberError.

    Each of ``numbers`` is NUMBER=URL, with the app's voice URL. Each of the others is NUMBER=URL for one
    number, or a URL alone for all numbers.
    """
    voice: dict[str, str] = {}
    for text in numbers:
        number, url = _number_and_url("--number", text)
        if not number:
            raise NumberError(f"--number {text} is not NUMBER=URL, such as +12025550100=https://app/voice.")
        if number in voice:
            raise NumberError(f"--number {number} is given twice.")
        voice[number] = url
    if not voice:
        raise NumberError("--number is missing: give at least one, such as +12025550100=https://app/voice.")
    others = {
        "--sms": _by_number("--sms", sms, voice),
        "--status": _by_number("--status", status, voice),
        "--fallback": _by_number("--fallback", fallback, voice),
    }
    return {
        number: PhoneNumber(
            voice_url=url,
            sms_url=others["--sms"].get(number),
            status_callback=others["--status"].get(number),
            fallback_url=others["--fallback"].get(number),
        )
        for number, url in voice.items()
    }


def origin(option: str, url: str) -> str:
    """Return scheme, host and port of an http or https URL. Raises NumberError, which names ``option``."""
    try:
        parts = urlsplit(url)
        has_port = parts.port is not None
    except ValueError:
        parts, has_port = urlsplit(""), False
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise NumberError(f"{option} {url} is not an http or https URL.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if has_port else "")


def _by_number(option: str, texts: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    everywhere, single = {}, {}
    for text in texts:
        number, url = _number_and_url(option, text)
        if number and number not in known:
            raise NumberError(f"{option} {number} is no number that --number gives.")
        if number:
            single[number] = url
        else:
            everywhere = dict.fromkeys(known, url)
    return everywhere | single


def _number_and_url(option: str, text: str) -> tuple[str, str]:
    given = _WITH_NUMBER.fullmatch(text)
    number, url = (given[1], given[2]) if given else ("", text)
    if number and number != ANY:
        try:
            number = e164(number)
        except ValueError:
            raise NumberError(f"{option} {number} is no phone number, such as +12025550100.") from None
    origin(option, url)
    return number, url
