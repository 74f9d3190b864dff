"""The only code that dials out, with Twilio's official client. It sees only numbers and opaque leg ids."""

import json
import logging
import ssl
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import requests
from twilio.base.exceptions import TwilioException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from urllib3.exceptions import MaxRetryError, NewConnectionError

from config.settings import Settings

#: How long we wait for the carrier to report a call's state.
ASKING_SECONDS = 3.0
CALL_EVENTS = ["initiated", "ringing", "answered", "completed"]
#: Twilio's error codes about the number that was called or texted (R39).
NUMBER_CODES = frozenset({21211, 21214, 21215, 21216, 21217})
TEXT_CODES = NUMBER_CODES | {21408, 21610, 21612, 21614}
#: Too many requests at once: this slows the pace and says nothing about the number or the account.
PACE_CODE = 20429
#: The carrier has no such call, not even one that is over.
NO_SUCH_CODE = 20404
_REQUEST_TIMEOUT = 408
#: The statuses of a refusal that is not about the one record to be deleted.
_OF_ACCOUNT = frozenset({401, 403})
_NOT_FOUND = 404
#: Records that the carrier lists in one answer.
PAGE = 100
#: The most texts that are read at once, which Twilio lists in one answer.
MOST_TEXTS = 1000

RecordKind = Literal["call", "message"]
About = Literal["number", "account", "pace", "connection", "record"]

# At INFO the client logs the numbers and tokens of every request.
logging.getLogger("twilio.http_client").setLevel(logging.WARNING)


class CarrierCall(NamedTuple):
    """A call as the carrier knows it: ``status`` in its words, and when it ended, if it says so."""

    status: str
    ended_at: datetime | None = None


class ListedRecord(NamedTuple):
    """A call or a text that the carrier has a record of. ``phone`` is the number that is not ours."""

    sid: str
    phone: str


class ReceivedText(NamedTuple):
    """A text that somebody sent to one of our numbers."""

    sid: str
    phone: str
    body: str
    sent_at: datetime | None


class NumberSettings(NamedTuple):
    """How one number of the account is set: each address is a method and a URL, both empty if unset.

    ``handled_by`` names what the carrier uses instead of the addresses for calls, if anything; ``texts_by``
    is the same for texts.
    """

    voice: tuple[str, str]
    status: tuple[str, str]
    fallback: tuple[str, str]
    texts: tuple[str, str]
    handled_by: str | None
    texts_by: str | None
    takes_texts: bool


class CarrierRefused(Exception):  # noqa: N818  (an answer of the carrier, not a fault of ours)
    """Certain: nothing was dialed. ``about`` is what was refused, ``code`` is Twilio's error code.

    ``connection``: the carrier was not reached at all. ``record``: it keeps this one record.
    """

    def __init__(self, sentence: str, *, about: About = "number", code: int | None = None) -> None:
        super().__init__(sentence)
        self.about, self.code = about, code

    @property
    def is_for_now(self) -> bool:
        """Whether the carrier was not reached or is overloaded, which says nothing about the call."""
        return self.about in ("connection", "pace")


class CarrierUnknown(Exception):  # noqa: N818
    """Unknown whether the call was dialed: no answer, or an unreadable one. Never dial again."""


class Carrier:
    """Places calls, polls their state and ends them, within the settings' timeout and without retries."""

    def __init__(self, settings: Settings, line: str, most_seconds: float = 60.0) -> None:
        """``line`` is the number (E.164) that people see when we call.

        No request waits longer than ``most_seconds``, whatever the settings allow.
        """
        self._line, self._settings = line, settings
        self._public_url = settings.public_url
        patience = min(settings.carrier_timeout_seconds, most_seconds)
        self._http = _Http(settings, patience)
        # Polling a call changes nothing, and can soon be repeated.
        self._asking_http = _Http(settings, min(patience, ASKING_SECONDS))
        self._client, self._asking = _client(settings, self._http), _client(settings, self._asking_http)

    @staticmethod
    def warm_up() -> None:
        """Import the client's modules now; otherwise each process imports them at its first call."""
        client = Client("none", "none", environment={"": ""})
        _ = client.calls, client.messages

    def place_call(self, *, to: str, leg_id: str, ring_seconds: int, line: str | None = None) -> str:
        """Call ``to`` (E.164) and return the call's sid.

        ``line`` (E.164) is the caller ID, if not the main number. Raises CarrierRefused or CarrierUnknown.
        """
        made = self._ask(
            lambda: self._client.calls.create(
                to=to,
                from_=line or self._line,
                url=self._leg_url(leg_id),
                method="POST",
                timeout=ring_seconds,
                # The leg id identifies this call even if the answer to this request is lost.
                status_callback=f"{self._public_url}/voice/call-events?leg={leg_id}",
                status_callback_event=CALL_EVENTS,
                status_callback_method="POST",
            )
        )
        if not made.sid:
            raise CarrierUnknown("The carrier's answer names no call.")
        return str(made.sid)

    def fetch_call(self, call_sid: str) -> CarrierCall:
        """A call's status, and when it ended. Raises CarrierRefused or CarrierUnknown."""
        call = self._ask(lambda: self._asking.calls(call_sid).fetch())
        return CarrierCall(str(call.status), call.end_time)

    def end_call(self, call_sid: str) -> None:
        """Hang up, or stop ringing. Raises CarrierRefused or CarrierUnknown."""
        self._ask(lambda: self._client.calls(call_sid).update(status="completed"))

    def redirect_call(self, call_sid: str, leg_id: str) -> None:
        """Send a call in progress to its leg's address again, out of any conference, to hear the news.

        Raises CarrierRefused, also for a call that is not in progress, or CarrierUnknown.
        """
        url = self._leg_url(leg_id)
        self._ask(lambda: self._client.calls(call_sid).update(url=url, method="POST"))

    def tell_missed(self, call_sid: str, conference: str, leg_id: str) -> None:
        """Tell one participant of a conference, and nobody else in it, that nobody answered on ``leg_id``.

        Raises CarrierRefused, also when there is no such conference now, or CarrierUnknown.
        """
        conferences = self._ask(
            lambda: self._asking.conferences.list(friendly_name=conference, status="in-progress", limit=1)
        )
        if not conferences:
            raise CarrierRefused("No such conference goes on.")
        url = f"{self._leg_url(leg_id)}/missed"
        self._ask(
            lambda: (
                self._client.conferences(conferences[0].sid)
                .participants(call_sid)
                .update(announce_url=url, announce_method="POST")
            )
        )

    def number_settings(self, number: str) -> NumberSettings | None:
        """How the account's ``number`` (E.164) is set, or None if the account has no such number.

        Raises CarrierRefused or CarrierUnknown.
        """
        found = self._ask(
            lambda: [
                _number_settings(one)
                for one in self._asking.incoming_phone_numbers.list(phone_number=number, limit=1)
            ]
        )
        return found[0] if found else None

    def account_status(self) -> tuple[str, str]:
        """The account's status (``active``) and type (``Full``, ``Trial``), in the carrier's words.

        It is asked with the tokens that sign webhooks, and one of them must be right: an API key may not ask.
        Raises CarrierRefused or CarrierUnknown.
        """
        sid = self._settings.twilio_account_sid
        *others, last = self._settings.twilio_auth_tokens
        for token in others:
            with suppress(CarrierRefused):
                return self._account(sid, token)
        return self._account(sid, last)

    def _account(self, sid: str, token: str) -> tuple[str, str]:
        client = Client(sid, token, sid, http_client=self._asking_http, environment={"": ""})
        found = self._ask(lambda: client.api.v2010.accounts(sid).fetch())
        return str(found.status), str(found.type)

    def send_text(self, *, to: str, body: str, line: str | None = None) -> None:
        """Send a text to ``to`` (E.164), from ``line`` if not from the main number.

        Raises CarrierRefused or CarrierUnknown.
        """
        from_ = line or self._line
        self._ask(lambda: self._client.messages.create(to=to, from_=from_, body=body), TEXT_CODES)

    def delete_record(self, kind: RecordKind, sid: str) -> None:
        """Delete the carrier's record of a call or a text; one that it does not have counts as deleted.

        Raises CarrierRefused, about ``record`` when another record may well be deleted, or CarrierUnknown.
        """
        records = self._asking.calls if kind == "call" else self._asking.messages
        self._ask(lambda: _delete(records(sid)))

    def records_before(self, kind: RecordKind, line: str, before: datetime) -> Iterator[list[ListedRecord]]:
        """The carrier's records of calls or texts from and to one of our numbers, page by page.

        Calls are those that began, and texts those that were sent, before that moment. Iterating raises
        CarrierRefused or CarrierUnknown.
        """
        for ours, other in (("to", "from_"), ("from_", "to")):
            page = self._ask(partial(self._first_page, kind, before, **{ours: line}))
            while page is not None:
                yield self._ask(partial(_listed, page, other))
                page = self._ask(page.next_page)

    def _first_page(self, kind: RecordKind, before: datetime, **line: str) -> Any:
        if kind == "call":
            return self._asking.calls.page(start_time_before=before, page_size=PAGE, **line)
        return self._asking.messages.page(date_sent_before=before, page_size=PAGE, **line)

    def texts_since(self, line: str, since: datetime) -> list[ReceivedText]:
        """The latest texts to one of our numbers since then. Raises CarrierRefused or CarrierUnknown."""
        listed = partial(self._asking.messages.list, limit=MOST_TEXTS, page_size=MOST_TEXTS)
        return [
            ReceivedText(str(one.sid), str(one.from_), str(one.body or ""), one.date_sent)
            for one in self._ask(lambda: listed(to=line, date_sent_after=since))
            if one.direction == "inbound"
        ]

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
        self._asking_http.close()

    def _leg_url(self, leg_id: str) -> str:
        return f"{self._public_url}/voice/legs/{leg_id}"

    def _ask(self, question: Any, number_codes: frozenset[int] = NUMBER_CODES) -> Any:
        # "from None" each time, because the client's own messages quote numbers.
        try:
            return question()
        except TwilioException as answer:
            raise judge(*_status_and_code(answer), number_codes) from None
        except requests.RequestException as fault:
            if _never_sent(fault):
                raise CarrierRefused("The carrier cannot be reached.", about="connection") from None
            raise CarrierUnknown(f"The carrier gave no answer ({type(fault).__name__}).") from None
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            raise CarrierUnknown(f"The carrier's answer cannot be read ({type(fault).__name__}).") from None


def _number_settings(found: Any) -> NumberSettings:
    def address(name: str) -> tuple[str, str]:
        url = getattr(found, name if name == "status_callback" else f"{name}_url") or ""
        return (str(getattr(found, f"{name}_method") or ""), str(url)) if url else ("", "")

    trunk, application = found.trunk_sid, found.voice_application_sid
    return NumberSettings(
        voice=address("voice"),
        status=address("status_callback"),
        fallback=address("voice_fallback"),
        texts=address("sms"),
        # With one of these the carrier ignores the number's own addresses.
        handled_by="a SIP trunk" if trunk else "a TwiML app" if application else None,
        texts_by="a TwiML app" if found.sms_application_sid else None,
        takes_texts=any(name.lower() == "sms" and able for name, able in (found.capabilities or {}).items()),
    )


def _listed(page: Any, other: str) -> list[ListedRecord]:
    # Twilio's client names the sender of a call "_from" and that of a text "from_".
    names = ("to",) if other == "to" else ("from_", "_from")
    return [
        ListedRecord(
            str(one.sid), next((str(getattr(one, name)) for name in names if hasattr(one, name)), "")
        )
        for one in page
    ]


def _status_and_code(answer: TwilioException) -> tuple[Any, Any]:
    """The HTTP status and Twilio's code of an answer; for a refused list the client gives the response."""
    page = answer.args[1] if len(answer.args) > 1 else None
    if not isinstance(page, Response):
        return getattr(answer, "status", None), getattr(answer, "code", None)
    try:
        return page.status_code, json.loads(page.text).get("code")
    except (ValueError, AttributeError):
        return page.status_code, None


def _delete(record: Any) -> None:
    try:
        record.delete()
    except TwilioException as answer:
        status, code = _status_and_code(answer)
        if status == _NOT_FOUND:
            return
        refused = judge(status, code, frozenset())
        if isinstance(refused, CarrierRefused) and refused.about == "account" and status not in _OF_ACCOUNT:
            refused.about = "record"
        raise refused from None


def _client(settings: Settings, http: "_Http") -> Client:
    account = settings.twilio_account_sid
    return Client(
        settings.twilio_api_key or account,
        settings.twilio_api_secret or settings.twilio_auth_tokens[0],
        account,
        http_client=http,
        # An empty mapping of our own, or the client would read TWILIO_EDGE and TWILIO_REGION by itself.
        environment={"": ""},
    )


def judge(http_status: Any, code: Any, number_codes: frozenset[int]) -> CarrierRefused | CarrierUnknown:
    """After a 4xx nothing was dialed. Twilio's code says what was refused; without one, it is the account."""
    if not isinstance(http_status, int) or not 400 <= http_status < 500 or http_status == _REQUEST_TIMEOUT:
        return CarrierUnknown(f"The carrier failed ({http_status}).")
    # If a response has no code, the client repeats the HTTP status in its place.
    code = code if isinstance(code, int) and code != http_status else None
    about: About = "account"
    if code in number_codes:
        about = "number"
    elif code == PACE_CODE or (code is None and http_status == requests.codes.too_many_requests):
        about = "pace"
    return CarrierRefused(f"The carrier refused ({http_status}, code {code}).", about=about, code=code)


def _never_sent(fault: requests.RequestException) -> bool:
    """Whether no connection was made, so that the request cannot have arrived.

    A certificate that is not believed, by our clock for example, ends a connection before anything is sent.
    """
    if isinstance(fault, requests.ConnectTimeout):
        return True
    cause = fault.args[0] if isinstance(fault, requests.ConnectionError) and fault.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else None
    whys = (reason, *reason.args) if reason is not None else ()
    return any(isinstance(why, NewConnectionError | ssl.SSLCertVerificationError) for why in whys)


class _Http(TwilioHttpClient):  # type: ignore[misc]
    """Twilio's client with a finite timeout and, if one is set, another server instead of Twilio's.

    If the settings say so it changes nothing at the carrier: as for a refused account, promises wait.
    """

    def __init__(self, settings: Settings, timeout: float) -> None:
        super().__init__(timeout=timeout)
        base_url = settings.twilio_api_base_url
        self._base = urlsplit(base_url) if base_url else None
        self._may_change = settings.places_calls
        if self._base is not None and self.session is not None:
            # A server named in the settings is contacted directly, whatever proxies the machine has.
            self.session.trust_env = False

    def close(self) -> None:
        """Close the connections."""
        if self.session is not None:
            self.session.close()

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        """Send a request of the client to the server in the settings. Raises CarrierRefused."""
        if method.upper() != "GET" and not self._may_change:
            raise CarrierRefused("HOTLINE_PLACE_CALLS is 0.", about="account")
        if self._base is not None:
            asked = urlsplit(url)
            path = self._base.path.rstrip("/") + asked.path
            url = urlunsplit((self._base.scheme, self._base.netloc, path, asked.query, ""))
        answer: Response = super().request(method, url, *args, **kwargs)
        return answer
