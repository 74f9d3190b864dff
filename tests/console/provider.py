"""A small OpenID provider over real HTTP: it vouches for the person that a test names.

It is written from OpenID Connect Core 1.0, RFC 7636 and RFC 7515 with ``cryptography`` alone: the console's
client is Authlib's, and the two share no code that could be wrong in both.
"""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from flask import Flask, Response, jsonify, redirect, request
from werkzeug.serving import make_server

CLIENT_ID, CLIENT_SECRET = "console", "the secret of the test suite"
KEY_ID = "1"


def new_key() -> RSAPrivateKey:
    """A key that a provider could sign with."""
    return generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class _Code:
    """What an authorization code was given for (Core 3.1.2)."""

    redirect_uri: str
    nonce: str
    code_challenge: str
    auth_time: int
    user: dict[str, Any]


class Provider:
    """``user`` are the claims of the person who signs in there; ``faults`` change what it says."""

    def __init__(self, redirect_uri: str, clock: Any) -> None:
        self.user: dict[str, Any] = {"sub": "1", "email": "", "email_verified": True}
        self.faults: dict[str, Any] = {}
        self.asked: list[dict[str, str]] = []
        self.ended: list[dict[str, str]] = []
        self._redirect_uri, self._clock = redirect_uri, clock
        self._codes: dict[str, _Code] = {}
        self._key = new_key()
        self._server = make_server("127.0.0.1", 0, self._app(), threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def closes(self) -> None:
        """End it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _app(self) -> Flask:
        app = Flask("provider")
        app.add_url_rule("/.well-known/openid-configuration", view_func=self._metadata)
        app.add_url_rule("/keys", view_func=self._keys)
        app.add_url_rule("/authorize", view_func=self._authorize)
        app.add_url_rule("/token", view_func=self._token, methods=["POST"])
        app.add_url_rule("/end", view_func=self._end)
        return app

    def _metadata(self) -> Response:
        if "down" in self.faults:
            return Response("down", 500)
        return jsonify(
            issuer=self.faults.get("issuer", self.url),
            authorization_endpoint=f"{self.url}/authorize",
            token_endpoint=f"{self.url}/token",
            jwks_uri=f"{self.url}/keys",
            end_session_endpoint=f"{self.url}/end",
            id_token_signing_alg_values_supported=["RS256"],
            response_types_supported=["code"],
            subject_types_supported=["public"],
            code_challenge_methods_supported=["S256"],
        )

    def _keys(self) -> Response:
        numbers = self._key.public_key().public_numbers()
        key = {
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID,
            "n": _number(numbers.n), "e": _number(numbers.e),
        }  # fmt: skip
        return jsonify(keys=[key])

    def _authorize(self) -> Any:
        asked = request.args.to_dict()
        self.asked.append(asked)
        wrong = (
            asked.get("client_id") != CLIENT_ID
            or asked.get("redirect_uri") != self._redirect_uri
            or asked.get("response_type") != "code"
            or "openid" not in asked.get("scope", "").split()
            or asked.get("code_challenge_method") != "S256"
            or not (asked.get("code_challenge") and asked.get("nonce") and asked.get("state"))
        )
        if wrong:
            return jsonify(error="invalid_request"), 400
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Code(
            asked["redirect_uri"], asked["nonce"], asked["code_challenge"],
            int(self._clock().timestamp()), dict(self.user),
        )  # fmt: skip
        return redirect(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")

    def _token(self) -> Any:
        who = request.authorization
        if who is None or who.type != "basic" or (who.username, who.password) != (CLIENT_ID, CLIENT_SECRET):
            return jsonify(error="invalid_client"), 401
        code = self._codes.pop(request.form.get("code", ""), None)
        challenge = _text(hashlib.sha256(request.form.get("code_verifier", "").encode()).digest())
        if (
            code is None
            or request.form.get("grant_type") != "authorization_code"
            or request.form.get("redirect_uri") != code.redirect_uri
            or not hmac.compare_digest(challenge, code.code_challenge)
        ):
            return jsonify(error="invalid_grant"), 400
        answer = jsonify(
            access_token=secrets.token_urlsafe(24), token_type="Bearer", expires_in=3600,
            id_token=self._id_token(code),
        )  # fmt: skip
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _id_token(self, code: _Code) -> str:
        # The client checks these two by the real time, whatever the clock of the console shows.
        now = int(time.time())
        claims = {
            "iss": self.faults.get("iss", self.url), "aud": self.faults.get("aud", CLIENT_ID),
            "iat": now, "exp": now + 3600, "auth_time": code.auth_time, "nonce": code.nonce, **code.user,
        }  # fmt: skip
        claims |= self.faults.get("claims", {})
        header = {"typ": "JWT", "kid": KEY_ID, "alg": self.faults.get("alg", "RS256")}
        signed = ".".join(_text(json.dumps(part).encode()) for part in (header, claims))
        if header["alg"] == "none":
            return f"{signed}."
        if header["alg"] == "HS256":
            # The known confusion: the public client secret as the key of a symmetric signature.
            return f"{signed}.{_text(hmac.digest(CLIENT_SECRET.encode(), signed.encode(), 'sha256'))}"
        key: RSAPrivateKey = self.faults.get("key", self._key)
        return f"{signed}.{_text(key.sign(signed.encode(), PKCS1v15(), SHA256()))}"

    def _end(self) -> Any:
        self.ended.append(request.args.to_dict())
        return redirect(request.args["post_logout_redirect_uri"])


def _text(raw: bytes) -> str:
    """Base64url without padding (RFC 7515)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _number(value: int) -> str:
    """A number of a key: as few octets as it needs (RFC 7518)."""
    return _text(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def path_of(url: str) -> str:
    """Path and query of an address."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"
