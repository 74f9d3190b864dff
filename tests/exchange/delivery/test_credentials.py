"""The user and password of a URL are sent as the line asks for them."""

import pytest

from hotline.exchange.delivery.credentials import credentials_for
from hotline.exchange.delivery.request import Reply, Request
from hotline.exchange.delivery.session import with_sessions

URL = "http://Mufasa:Circle%20of%20Life@www.example.org/dir/index.html"
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def asks(*challenges: str) -> Reply:
    return Reply(401, "", b"", tuple(("WWW-Authenticate", one) for one in challenges))


def digest(algorithm: str = "MD5", more: str = "") -> str:
    return (
        f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
        f'nonce="{NONCE}", opaque="FQhe/qaU925kfnzjev0ciny7QMkPqMAFRtzCUYo5tdS"{more}'
    )


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_digest_answers_like_the_example_of_rfc_7616(algorithm: str, response: str) -> None:
    request = Request.of("GET", URL, ())
    answers = credentials_for(request, asks(digest(algorithm)), lambda: CNONCE)

    assert answers is not None
    header = answers(request)
    assert f'response="{response}"' in header
    assert 'username="Mufasa"' in header
    assert 'uri="/dir/index.html"' in header
    assert header.endswith(f"algorithm={algorithm}, qop=auth, nc=00000001")
    assert answers(request).endswith("nc=00000002")


@pytest.mark.parametrize(
    "challenge",
    ["Negotiate", "Digest", digest("MD5-sess"), digest().replace("auth, auth-int", "auth-int")],
)
def test_challenge_that_is_neither_basic_nor_such_a_digest_is_not_answered(challenge: str) -> None:
    assert credentials_for(Request.of("GET", URL, ()), asks(challenge)) is None


def test_nothing_is_sent_without_a_user_or_without_a_challenge() -> None:
    assert credentials_for(Request.of("GET", "http://www.example.org/", ()), asks("Basic")) is None
    assert credentials_for(Request.of("GET", URL, ()), Reply(403, "", b"")) is None


def test_stale_digest_is_computed_again_and_a_refused_one_is_not() -> None:
    shown: list[str] = []
    challenges = [digest(), None, digest(more=", stale=true"), None, digest()]

    def line(request: Request) -> Reply:
        shown.append(dict(request.headers).get("Authorization", ""))
        challenge = challenges.pop(0)
        return Reply(200, "text/xml", b"<Response/>") if challenge is None else asks(challenge)

    carry = with_sessions(line)
    replies = [carry(Request.of("POST", URL, (("CallSid", "CA1"),))).status for _ in range(3)]

    assert replies == [200, 200, 401]
    assert [one[-11:] for one in shown] == [
        "",
        "nc=00000001",
        "nc=00000002",
        "nc=00000001",
        "nc=00000002",
    ]
