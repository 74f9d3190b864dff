"""Only requests that Twilio signed get in, and nothing that is sent makes the check fail with a fault."""

import hashlib
import string
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import Headers
from werkzeug.exceptions import BadRequest, Forbidden

from hotline.voice.signature import FORM, KEY_HEADER, SIGNATURE_HEADER, Door

TOKEN = "12345"
TARGET = b"/myapp.php?foo=1&bar=2"
PARAMS = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("Caller", "+14158675309"),
]
BASE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@dataclass(frozen=True)
class SomeSettings:
    public_url: str = "https://mycompany.com"
    twilio_auth_tokens: tuple[str, ...] = (TOKEN,)
    twilio_shared_keys: tuple[tuple[str, bytes], ...] = ()


def admit(
    signature: str | None,
    params: Any = PARAMS,
    *,
    url: str = "https://mycompany.com",
    target: bytes = TARGET,
    method: str = "POST",
    content_type: str | None = FORM,
    body: bytes | None = None,
    tokens: tuple[str, ...] = (TOKEN,),
    keys: tuple[tuple[str, bytes], ...] = (),
    chosen: str | None = None,
) -> list[tuple[str, str]]:
    headers = Headers()
    for name, value in ((SIGNATURE_HEADER, signature), ("Content-Type", content_type), (KEY_HEADER, chosen)):
        if value is not None:
            headers[name] = value
    sent = urlencode(params).encode() if body is None else body
    form = Door(SomeSettings(url, tokens, keys)).admit(method, target, headers, sent)
    return list(form.items(multi=True))


def sign(uri: str, params: Any = (), token: str = TOKEN, algorithm: str | None = None) -> str:
    by_name: dict[str, list[str]] = {}
    for name, value in params:
        by_name.setdefault(name, []).append(value)
    return str(RequestValidator(token).compute_signature(uri, _Lists(by_name), algorithm))


class _Lists(dict[str, list[str]]):
    def getlist(self, name: str) -> list[str]:
        return self[name]


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        ("https://mycompany.com", BASE),
        ("https://mycompany.com/", BASE),
        ("https://mycompany.com:1234", BASE),
        ("https://user:secret@mycompany.com", BASE),
        ("https://mycompany.com", "kvajT1Ptam85bY51eRf/AJRuM3w="),
        ("https://mycompany.com:443", "kvajT1Ptam85bY51eRf/AJRuM3w="),
        ("http://mycompany.com:1234", "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
        ("http://mycompany.com", "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        ("http://mycompany.com", "OyGYPqTF6ztdbRNCvuQO/oPvqQ4="),
        ("https://mycompany.com:1234", "CYn1h0gLBdNxDGkKJg6hYohgeD8="),
    ],
)
def test_every_spelling_of_the_port_that_twilio_signs_is_accepted(url: str, signature: str) -> None:
    assert admit(signature, url=url) == PARAMS


def test_example_of_the_documentation_is_accepted() -> None:
    params = [(n, v.replace("5309", "5310")) for n, v in PARAMS]
    assert admit("L/OH5YylLD5NRKLltdqwSvS0BnU=", params, url="https://example.com") == params


def test_doubled_parameters_are_signed_once_each_and_sorted() -> None:
    params = [
        ("Sid", "CA123"),
        ("SidAccount", "AC123"),
        ("Digits", "5678"),
        ("Digits", "1234"),
        ("Digits", "1234"),
    ]
    assert sorted(admit("IK+Dwps556ElfBT0I3Rgjkr1wJU=", params)) == sorted(params)


JSON_BODY = b'{"property": "value", "boolean": true}'
BODY_HASH = b"0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
JSON_TARGET = TARGET + b"&bodySHA256=" + BODY_HASH
JSON_SIGNATURE = "a9nBmqA0ju/hNViExpshrM61xv4="


def test_json_body_is_accepted_when_its_hash_is_in_the_signed_url() -> None:
    admit(JSON_SIGNATURE, target=JSON_TARGET, body=JSON_BODY, content_type="application/json")


@pytest.mark.parametrize("body", [b"", JSON_BODY + b" ", JSON_BODY.replace(b"true", b"null")])
def test_json_body_that_was_changed_is_refused(body: bytes) -> None:
    with pytest.raises(Forbidden):
        admit(JSON_SIGNATURE, target=JSON_TARGET, body=body, content_type="application/json")


def test_hash_of_a_form_is_checked_too_and_may_be_in_capitals() -> None:
    body = urlencode(PARAMS)
    target = "/voice/inbound?bodySHA256=" + hashlib.sha256(body.encode()).hexdigest().upper()
    signature = sign("https://mycompany.com" + target, PARAMS)
    assert admit(signature, target=target.encode()) == PARAMS
    # The same parameters in another order sign alike, but they are not the bytes that were hashed.
    with pytest.raises(Forbidden):
        admit(signature, list(reversed(PARAMS)), target=target.encode())


def test_every_hash_of_a_body_must_be_its_own() -> None:
    for more, is_taken in ((BODY_HASH, True), (b"", False), (b"0" * 64, False), (b"\xff", False)):
        target = JSON_TARGET + b"&bodySHA256=" + quote(more).encode()
        signature = sign("https://mycompany.com" + target.decode())
        if is_taken:
            admit(signature, target=target, body=JSON_BODY, content_type="application/json")
        else:
            with pytest.raises((Forbidden, BadRequest)):
                admit(signature, target=target, body=JSON_BODY, content_type="application/json")


def test_name_that_only_looks_like_the_hash_hashes_nothing() -> None:
    target = TARGET + b"&not_bodySHA256=" + BODY_HASH
    with pytest.raises(BadRequest):
        admit(
            sign("https://mycompany.com" + target.decode()),
            target=target,
            body=JSON_BODY,
            content_type="application/json",
        )


def test_json_without_its_hash_is_refused_because_nobody_signed_it() -> None:
    with pytest.raises(BadRequest):
        admit(
            sign("https://mycompany.com" + TARGET.decode()), body=JSON_BODY, content_type="application/json"
        )


def test_get_is_signed_by_its_url_alone_and_its_query_becomes_the_form() -> None:
    target = "/voice/inbound?CallSid=CA1&Digits=&From=%2B12025550123"
    got = admit(sign("https://mycompany.com" + target), target=target.encode(), method="GET", body=b"")
    assert got == [("CallSid", "CA1"), ("Digits", ""), ("From", "+12025550123")]


def test_get_with_a_body_is_refused_because_nobody_signed_it() -> None:
    with pytest.raises(BadRequest):
        admit(sign("https://mycompany.com" + TARGET.decode()), method="GET")


def test_two_tokens_are_accepted_while_they_rotate_and_a_third_is_not() -> None:
    uri = "https://mycompany.com" + TARGET.decode()
    for token in ("old", "new"):
        assert admit(sign(uri, PARAMS, token), tokens=("old", "new")) == PARAMS
    with pytest.raises(Forbidden):
        admit(sign(uri, PARAMS, "other"), tokens=("old", "new"))


@pytest.mark.parametrize("algorithm", ["HMAC_SHA1", "HMAC_SHA256"])
def test_shared_key_is_accepted_by_its_name(algorithm: str) -> None:
    signature = sign("https://mycompany.com" + TARGET.decode(), PARAMS, "shared", algorithm)
    keys = (("webhooks_sharedkey_1", b"shared"), ("webhooks_sharedkey_2", b"another"))
    assert admit(signature, keys=keys, chosen=f"key=webhooks_sharedkey_1,algorithm={algorithm}") == PARAMS
    assert (
        admit(signature, keys=keys, chosen=f" algorithm={algorithm.lower()} , key=webhooks_sharedkey_1")
        == PARAMS
    )
    for chosen in (
        f"key=webhooks_sharedkey_2,algorithm={algorithm}",
        f"key=unknown,algorithm={algorithm}",
        f"algorithm={algorithm}",
        "key=webhooks_sharedkey_1,algorithm=HMAC_MD5",
        "key=webhooks_sharedkey_1,algorithm=",
        "nonsense",
        "",
        ",=,",
    ):
        with pytest.raises(Forbidden):
            admit(signature, keys=keys, chosen=chosen)


def test_request_that_names_a_shared_key_is_not_accepted_by_the_auth_token() -> None:
    with pytest.raises(Forbidden):
        admit(BASE, keys=(("k", b"shared"),), chosen="key=k,algorithm=HMAC_SHA1")


def test_empty_choice_of_key_means_the_auth_token() -> None:
    assert admit(BASE, chosen="") == PARAMS
    assert admit(BASE, chosen="algorithm=HMAC_SHA1") == PARAMS


@pytest.mark.parametrize(
    "signature",
    [None, "", "x", BASE[:-1], BASE.lower(), BASE + "=", f"{BASE}, {BASE}", "\xff\xe9", " " + BASE],
)
def test_missing_or_wrong_signature_is_refused(signature: str | None) -> None:
    with pytest.raises(Forbidden):
        admit(signature)


@pytest.mark.parametrize(
    "body",
    [b"Digits=%", b"Digits=%2", b"Digits=%zz", b"Digits=%ff", b"Digits=\xff", b"%C3=1", b"a=%ED%A0%80"],
)
def test_wrongly_encoded_body_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequest):
        admit(BASE, body=body)


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/xml",
        FORM + "; charset=latin-1",
        ";;;=",
    ],
)
def test_body_that_is_not_a_form_in_utf8_is_a_bad_request(content_type: str | None) -> None:
    with pytest.raises(BadRequest):
        admit(BASE, content_type=content_type)


@pytest.mark.parametrize("content_type", [FORM + "; charset=UTF-8", FORM.upper(), FORM + ';charset="utf-8"'])
def test_content_type_may_be_spelled_in_any_way(content_type: str) -> None:
    assert admit(BASE, content_type=content_type) == PARAMS


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mycompany.com",
        "ftp://mycompany.com",
        "https://",
        "https://a:b",
        "https://a:99999",
        "https://a?b=c",
    ],
)
def test_public_url_that_nothing_can_be_signed_against_stops_the_start(url: str) -> None:
    with pytest.raises(ValueError, match=r"HOTLINE_PUBLIC_URL|[Pp]ort"):
        Door(SomeSettings(url))


def test_start_fails_without_a_token() -> None:
    for tokens in ((), ("",)):
        with pytest.raises(ValueError, match="auth token"):
            Door(SomeSettings(twilio_auth_tokens=tokens))


def test_ipv6_address_and_path_prefix_may_be_configured() -> None:
    for url in ("https://[::1]:8443/line", "https://[::1]/line/"):
        assert admit(sign("https://[::1]/line" + TARGET.decode(), PARAMS), url=url) == PARAMS


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMES = WORDS.filter(lambda name: name and name != "bodySHA256")
FORMS = st.lists(st.tuples(NAMES, WORDS), max_size=8)
PATHS = st.text(string.ascii_letters + string.digits + "/_-", min_size=1, max_size=20).map("/".__add__)


@given(params=FORMS, path=PATHS, query=FORMS, method=st.sampled_from(["GET", "POST"]))
def test_everything_that_twilio_signs_comes_in_unchanged(
    params: Any, path: str, query: Any, method: str
) -> None:
    target = path + ("?" + urlencode(query) if query else "")
    sent = params if method == "POST" else []
    signature = sign("https://mycompany.com" + target, sent)
    got = admit(signature, sent, target=target.encode(), method=method)
    assert sorted(got) == sorted(sent if method == "POST" else query)


@given(
    params=FORMS.filter(bool),
    where=st.integers(0, 7),
    other=WORDS,
    kind=st.sampled_from(["name", "value", "more", "less"]),
)
def test_no_changed_parameter_comes_in(params: Any, where: int, other: str, kind: str) -> None:
    uri = "https://mycompany.com" + TARGET.decode()
    changed = list(params)
    at = where % len(params)
    name, value = params[at]
    if kind == "name":
        changed[at] = (other or "x", value)
    elif kind == "value":
        changed[at] = (name, other)
    elif kind == "more":
        changed.append((other or "x", value))
    else:
        del changed[at]
    signature = sign(uri, params)
    # The joined text of the names and values is what was signed; two forms that join alike sign alike.
    if sign(uri, changed) == signature:
        assert admit(signature, changed)
    else:
        with pytest.raises(Forbidden):
            admit(signature, changed)


@given(at=st.integers(0, 27), character=st.characters(codec="latin-1", exclude_characters="\r\n"))
def test_no_changed_signature_comes_in(at: int, character: str) -> None:
    changed = BASE[:at] + character + BASE[at + 1 :]
    if changed != BASE:
        with pytest.raises(Forbidden):
            admit(changed)


@given(at=st.integers(0, len(TARGET) - 1), byte=st.integers(0, 255))
def test_no_changed_path_or_query_comes_in(at: int, byte: int) -> None:
    changed = TARGET[:at] + bytes([byte]) + TARGET[at + 1 :]
    if changed != TARGET:
        with pytest.raises(Forbidden):
            admit(BASE, target=changed)


HEADER = st.none() | st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=40)


@given(
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT"]),
    target=st.binary(max_size=60),
    body=st.binary(max_size=200),
    signature=HEADER,
    content_type=HEADER | st.sampled_from([FORM, "application/json"]),
    chosen=HEADER,
)
def test_nothing_that_is_sent_raises_anything_but_a_refusal(
    method: str, target: bytes, body: bytes, signature: Any, content_type: Any, chosen: Any
) -> None:
    for asked in (target, b"/x?bodySHA256=" + target):
        with pytest.raises((Forbidden, BadRequest)) as refusal:
            admit(signature, target=asked, method=method, body=body, content_type=content_type, chosen=chosen)
        assert refusal.value.__cause__ is None
