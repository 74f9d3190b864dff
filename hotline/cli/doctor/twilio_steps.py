"""Steps of going live at Twilio: the account, and how each number is set. Nobody is called."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit
from xml.etree import ElementTree

import requests

from config.office import Office
from config.office_file import SHIPPED_NUMBERS
from hotline.cli.doctor.findings import check_account, check_carrier
from hotline.cli.doctor.site import ACCOUNT, Site
from hotline.cli.doctor.step import OpenError, Step
from workers.carrier import Carrier, CarrierRefused, CarrierUnknown, NumberSettings

_PATIENCE_SECONDS = 5.0
_POST = "POST"


def _account(site: Site) -> str:
    site.with_twilio()
    settings = site.settings
    reach = check_carrier(settings)
    if reach.wrong:
        raise OpenError(reach.wrong.rstrip("."), "Let this machine reach it over HTTPS.")
    carrier = Carrier(settings, site.office.lines[0])
    try:
        status, kind = carrier.account_status()
        _check_api_key(site, carrier)
    except CarrierRefused as refused:
        raise OpenError(
            f"Twilio does not accept TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN (code {refused.code}), so the "
            "signature of every call would be wrong",
            "Copy both anew from the account's page.",
        ) from None
    except CarrierUnknown as unknown:
        raise OpenError(str(unknown).rstrip("."), "Run this again; see status.twilio.com.") from None
    finally:
        carrier.close()
    if status != "active":
        raise OpenError(f"the account is {status}", "Ask Twilio's support, and read Incidents.")
    if kind == "Trial":
        raise OpenError("the account is a trial: it calls only verified numbers", "Upgrade the account.")
    trouble = check_account(settings)
    if trouble.wrong and trouble.is_fault:
        raise OpenError(trouble.wrong.rstrip("."), "Look up the code at twilio.com/docs/errors.")
    return f"active, {len(settings.twilio_auth_tokens)} auth token(s) accepted as the one that signs"


def _check_api_key(site: Site, carrier: Carrier) -> None:
    """Raise OpenError if Twilio refuses the API key, with which all but the account is asked for."""
    if not site.settings.twilio_api_key:
        return
    try:
        carrier.number_settings(site.office.lines[0])
    except CarrierRefused as refused:
        raise OpenError(
            f"Twilio does not accept TWILIO_API_KEY with TWILIO_API_SECRET (code {refused.code}), so no call "
            "leaves the line",
            "Copy both anew, give a restricted key its permissions, or leave both out.",
        ) from None


def _owned(site: Site) -> str:
    missing = [_name(site.office, number) for number, found in site.numbers.items() if found is None]
    if missing:
        raise OpenError(
            f"the account does not have {'; '.join(missing)}", "Buy or port it, or correct the office file."
        )
    return f"{len(site.numbers)} numbers are the account's"


def _voice(site: Site) -> str:
    def faults(found: NumberSettings, _number: str) -> Iterator[str]:
        if found.handled_by:
            yield f"is handled by {found.handled_by}, so its own addresses do not count"
        yield from _differs(found.voice, f"{site.settings.public_url}/voice/inbound", "voice URL")

    return _each(site, site.numbers, faults, f"Voice: {site.settings.public_url}/voice/inbound, HTTP POST.")


def _status(site: Site) -> str:
    wanted = f"{site.settings.public_url}/voice/call-events"
    return _each(
        site,
        site.numbers,
        lambda found, _number: _differs(found.status, wanted, "status callback"),
        f"Call status changes: {wanted}, HTTP POST.",
    )


def _fallback(site: Site) -> str:
    office, ours = site.office, urlsplit(site.settings.public_url).hostname

    def faults(found: NumberSettings, number: str) -> Iterator[str]:
        method, url = found.fallback
        if not url:
            yield "has no fallback URL"
        elif urlsplit(url).hostname == ours:
            yield "has its fallback on this server, which is away when the fallback is needed"
        else:
            yield from _document_faults(method, url, office, number)

    return _each(
        site, site.numbers, faults, "Host the file of hotline/voice elsewhere, with a person's number in it."
    )


def _texts(site: Site) -> str:
    wanted = f"{site.settings.public_url}/sms/inbound"

    def faults(found: NumberSettings, _number: str) -> Iterator[str]:
        if not found.takes_texts:
            yield "takes no texts"
        if found.texts_by:
            yield f"has its texts handled by {found.texts_by}"
        yield from _differs(found.texts, wanted, "messaging URL")

    # Nobody texts the staff line, and the line sends no text from it.
    lines = {number: found for number, found in site.numbers.items() if number in site.office.lines}
    return _each(site, lines, faults, f"Messaging: {wanted}, HTTP POST.")


def _document_faults(method: str, url: str, office: Office, number: str) -> Iterator[str]:
    """What is wrong with the document that a caller hears when this server does not answer."""
    try:
        answer = requests.request(method, url, timeout=_PATIENCE_SECONDS)
    except requests.RequestException as error:
        yield f"has a fallback URL that does not answer ({type(error).__name__})"
        return
    if answer.status_code != requests.codes.ok:
        yield f"has a fallback URL that answers {method} with {answer.status_code}"
        return
    try:
        root = ElementTree.fromstring(answer.content)  # noqa: S314 - a file of the office's own
    except ElementTree.ParseError:
        yield "has a fallback that is not XML"
        return
    digits = "".join(filter(str.isdigit, "".join(root.itertext())))
    if root.tag != "Response":
        yield "has a fallback that is no TwiML"
    elif any(shipped[2:] in digits for shipped in SHIPPED_NUMBERS):
        yield "has a fallback with the shipped number, which nobody answers"
    elif number in office.discreet_lines and office.emergency_number in "".join(root.itertext()):
        yield "has the fallback of the other lines, which names the emergency number"
    elif number not in office.discreet_lines and office.person_number[2:] not in digits:
        yield "has a fallback without office.person_number"


def _differs(found: tuple[str, str], wanted: str, what: str) -> Iterator[str]:
    method, url = found
    if not url:
        yield f"has no {what}"
    elif url.rstrip("/") != wanted:
        yield f"has another {what}"
    elif method != _POST:
        yield f"has a {what} with {method}"


def _each(
    site: Site,
    numbers: dict[str, NumberSettings | None],
    faults: Callable[[NumberSettings, str], Iterator[str]],
    then: str,
) -> str:
    """Check each number, and name every one that is not as it must be."""
    wrong = []
    for number, found in numbers.items():
        told = list(faults(found, number)) if found is not None else ["is not the account's"]
        if told:
            wrong.append(f"{_name(site.office, number)} {' and '.join(told)}")
    if wrong:
        raise OpenError("; ".join(wrong), then)
    return f"{len(numbers)} of {len(numbers)} numbers"


def _name(office: Office, number: str) -> str:
    """A number by its place in the office file and its end: a discreet one is listed nowhere."""
    kind = "staff line" if number == office.staff_line else "line"
    kind = "discreet line" if number in office.discreet_lines else kind
    return f"the {kind} ending in {number[-4:]}"


def _texts_of(site: Site) -> str:
    return f"texts are sent from the line ending in {site.office.lines[0][-4:]}"


def _pci(site: Site) -> str:
    _ = site.office
    return "Twilio does not tell it to this machine"


TWILIO_STEPS = (
    Step(ACCOUNT, _account),
    Step("Own every number", _owned),
    Step("Set each number's voice URL", _voice),
    Step("Set each number's status callback", _status),
    Step("Host the fallback elsewhere", _fallback),
    Step("Set each number's messaging URL", _texts),
    Step(
        "Register the numbers for texts",
        _texts_of,
        by_hand="Register the brand and campaign (A2P 10DLC) or verify the toll-free number at Twilio.",
    ),
    Step(
        "Switch on PCI mode",
        _pci,
        by_hand="Read in docs/security/keys.md what it does and that it stays on, then switch it on.",
    ),
)
