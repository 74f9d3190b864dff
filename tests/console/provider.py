"""A small OpenID provider over real HTTP, of Authlib's own parts: it vouches for whom it is told to."""

# Authlib calls these methods with arguments of its own choice.
# ruff: noqa: ARG002, ARG005

import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, Response, jsonify, redirect, request
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import make_server

CLIENT_ID, CLIENT_SECRET = "console", "the secret of the test suite"


@dataclass
class _Client(ClientMixin):  # type: ignore[misc]
    redirect_uri: str

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class _Code:
    code: str
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    code_challenge_method: str
    auth_time: int
    user: dict[str, Any] = field(default_factory=dict)

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.auth_time

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class Provider:
    """``user`` are the claims of whoever signs in there; ``faults`` change what it says."""

    def __init__(self, redirect_uri: str, clock: Any) -> None:
        self.user: dict[str, Any] = {"sub": "1", "email": "", "email_verified": True}
        self.faults: dict[str, Any] = {}
        self.asked: list[dict[str, str]] = []
        self.ended: list[dict[str, str]] = []
        self._clock = clock
        self._client = _Client(redirect_uri)
        self._codes: dict[str, _Code] = {}
        self._key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
        app = self._app()
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
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
        app.secret_key = "of the test suite"
        provider = self

        class CodeGrant(grants.AuthorizationCodeGrant):  # type: ignore[misc]
            TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]  # noqa: RUF012

            def save_authorization_code(self, code: str, request: Any) -> None:
                asked = request.payload.data
                provider._codes[code] = _Code(
                    code,
                    asked["redirect_uri"],
                    asked["scope"],
                    asked["nonce"],
                    asked["code_challenge"],
                    asked["code_challenge_method"],
                    int(provider._clock().timestamp()),
                    dict(provider.user),
                )

            def query_authorization_code(self, code: str, client: Any) -> Any:
                return provider._codes.get(code)

            def delete_authorization_code(self, authorization_code: Any) -> None:
                provider._codes.pop(authorization_code.code, None)

            def authenticate_user(self, authorization_code: Any) -> Any:
                return authorization_code.user

        class OpenId(OpenIDCode):  # type: ignore[misc]
            def exists_nonce(self, nonce: str, request: Any) -> bool:
                return False

            def get_jwt_config(self, grant: Any, client: Any = None) -> dict[str, Any]:
                return {
                    "key": provider.faults.get("key", provider._key),
                    "alg": "RS256",
                    "iss": provider.faults.get("iss", provider.url),
                    "exp": 3600,
                }

            def get_audiences(self, request: Any) -> list[str]:
                return [provider.faults.get("aud", CLIENT_ID)]

            def generate_user_info(self, user: Any, scope: str) -> UserInfo:
                return UserInfo(**user)

        server = AuthorizationServer(
            app, query_client=lambda client_id: provider._client if client_id == CLIENT_ID else None,
            save_token=lambda token, request: None,
        )  # fmt: skip
        server.register_grant(CodeGrant, [OpenId(require_nonce=True), CodeChallenge(required=True)])

        @app.get("/.well-known/openid-configuration")
        def metadata() -> Response:
            if "down" in provider.faults:
                return Response("down", 500)
            return jsonify(
                issuer=provider.faults.get("issuer", provider.url),
                authorization_endpoint=f"{provider.url}/authorize",
                token_endpoint=f"{provider.url}/token",
                jwks_uri=f"{provider.url}/keys",
                end_session_endpoint=f"{provider.url}/end",
                id_token_signing_alg_values_supported=["RS256"],
                response_types_supported=["code"],
                code_challenge_methods_supported=["S256"],
            )

        @app.get("/keys")
        def keys() -> Response:
            return jsonify(KeySet([self._key]).as_dict(private=False))

        @app.get("/authorize")
        def authorize() -> Any:
            provider.asked.append(request.args.to_dict())
            return server.create_authorization_response(grant_user=provider.user)

        @app.post("/token")
        def token() -> Any:
            return server.create_token_response()

        @app.get("/end")
        def end() -> Any:
            provider.ended.append(request.args.to_dict())
            return redirect(request.args["post_logout_redirect_uri"])

        return app


def path_of(url: str) -> str:
    """Path and query of an address."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"
