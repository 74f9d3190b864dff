"""The settings of one installation. No other code in the app reads the environment."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from hashlib import sha256
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit

from config.environment import Reader, SettingsError

#: A Unix socket's path may be 104 bytes on some systems; one is for the final zero.
LONGEST_SOCKET_PATH = 103
#: The account that the local exchange uses. No account at a real carrier has this id.
EXCHANGE_ACCOUNT = "AC" + "0" * 32


def _about(env: str, help: str, default: str = "") -> dict[str, str]:
    return {"env": env, "help": help, "default": default}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Every setting, read once. Each field's metadata holds its variable, a help text and its default."""

    env: Literal["development", "production"] = field(
        metadata=_about(
            "HOTLINE_ENV",
            "development or production; production refuses made-up keys and demo data",
            "development",
        )
    )
    data_dir: Path = field(
        metadata=_about("HOTLINE_DATA_DIR", "the folder for the database, queue and keys", "var")
    )
    database_url: str = field(
        metadata=_about(
            "HOTLINE_DATABASE_URL",
            "sqlite:///PATH or postgresql+psycopg://USER@HOST/NAME; without one, SQLite in the data folder",
        ),
        repr=False,
    )
    redis_url: str | None = field(
        metadata=_about(
            "HOTLINE_REDIS_URL",
            "redis://, rediss:// or unix://; without one, `serve` starts a Valkey in the data folder",
        ),
        repr=False,
    )
    public_url: str = field(
        metadata=_about(
            "HOTLINE_PUBLIC_URL",
            "the base that Twilio calls and signs, such as https://line.example.org; needed with Twilio; "
            "`serve` derives it from --bind otherwise",
            "http://127.0.0.1:8000",
        )
    )
    secret_key: bytes = field(
        metadata=_about(
            "HOTLINE_SECRET_KEY",
            "at least 32 characters, the key behind blind indexes and sessions; never changed",
        ),
        repr=False,
    )
    pin_pepper: bytes = field(
        metadata=_about(
            "HOTLINE_PIN_PEPPER",
            "at least 32 characters, mixed into every PIN hash; kept apart from the database; never changed",
        ),
        repr=False,
    )
    field_keys: tuple[tuple[str, bytes], ...] = field(
        metadata=_about(
            "HOTLINE_FIELD_KEYS",
            "ID:BASE64 of 32 bytes, comma-separated; the first seals, the others still open what they sealed",
        ),
        repr=False,
    )
    office_file: Path = field(
        metadata=_about(
            "HOTLINE_OFFICE_FILE",
            "the office's names, hours, holidays, services and policies",
            "config/office.toml",
        )
    )
    office_always_open: bool = field(
        metadata=_about(
            "HOTLINE_OFFICE_ALWAYS_OPEN",
            "1 counts office hours and calling windows as open; development only",
            "0",
        )
    )
    places_calls: bool = field(
        metadata=_about(
            "HOTLINE_PLACE_CALLS",
            "0 changes nothing at Twilio: no call, no text, no deletion; for a copy that must ring nobody",
            "1",
        )
    )
    carrier: Literal["exchange", "twilio"] = field(
        metadata=_about(
            "HOTLINE_CARRIER",
            "exchange (a local stand-in) or twilio; exchange in development, twilio in production",
            "exchange",
        )
    )
    twilio_account_sid: str = field(
        metadata=_about("TWILIO_ACCOUNT_SID", "the account that places calls; needed with Twilio")
    )
    twilio_auth_tokens: tuple[str, ...] = field(
        metadata=_about(
            "TWILIO_AUTH_TOKEN",
            "the account's token, which signs webhooks; a second after a comma is accepted during rotation",
        ),
        repr=False,
    )
    twilio_shared_keys: tuple[tuple[str, bytes], ...] = field(
        metadata=_about(
            "TWILIO_SHARED_KEYS",
            "NAME:SECRET, comma-separated, the shared keys of webhooks signed with HMAC-SHA256",
        ),
        repr=False,
    )
    twilio_api_key: str | None = field(
        metadata=_about(
            "TWILIO_API_KEY", "an API key's SID; without one, REST uses the account and its first token"
        )
    )
    twilio_api_secret: str | None = field(
        metadata=_about("TWILIO_API_SECRET", "the API key's secret"), repr=False
    )
    twilio_api_base_url: str | None = field(
        metadata=_about(
            "TWILIO_API_BASE_URL",
            "any Twilio-compatible REST server; without one, Twilio or the local exchange",
        )
    )
    carrier_timeout_seconds: float = field(
        metadata=_about(
            "HOTLINE_CARRIER_TIMEOUT_SECONDS", "how long a REST call to the carrier may take", "10"
        )
    )
    web_workers: int = field(metadata=_about("HOTLINE_WEB_WORKERS", "web processes on this machine", "2"))
    web_threads: int = field(
        metadata=_about(
            "HOTLINE_WEB_THREADS",
            "what a web process does at once; few keep the slowest answers fast on SQLite",
            "2",
        )
    )
    log_level: str = field(metadata=_about("HOTLINE_LOG_LEVEL", "DEBUG, INFO, WARNING or ERROR", "INFO"))
    web_proxies: int = field(
        metadata=_about(
            "HOTLINE_WEB_PROXIES",
            "proxies of ours in front of the web processes; the client is what they say in X-Forwarded-For",
            "0",
        )
    )
    oidc_issuer: str | None = field(
        metadata=_about(
            "HOTLINE_OIDC_ISSUER",
            "the URL of an OpenID provider by which staff may sign in to the console too; off without one",
        )
    )
    oidc_client_id: str = field(
        metadata=_about("HOTLINE_OIDC_CLIENT_ID", "the console's id at the provider; needed with an issuer")
    )
    oidc_client_secret: str = field(
        metadata=_about(
            "HOTLINE_OIDC_CLIENT_SECRET", "the console's secret at the provider; needed with an issuer"
        ),
        repr=False,
    )
    oidc_name: str = field(
        metadata=_about("HOTLINE_OIDC_NAME", "what the sign-in page calls the provider", "your organization")
    )
    audit_head_file: Path = field(
        metadata=_about(
            "HOTLINE_AUDIT_HEAD_FILE",
            "the second place for the head of the audit, such as a mounted share; without one, "
            "audit-heads.jsonl in the data folder",
        )
    )
    feed_dir: Path | None = field(
        metadata=_about(
            "HOTLINE_FEED_DIR",
            "the folder where the sender of the custody feed puts its batches, watched by `hotline intake`; "
            "none without one",
        )
    )
    feed_key_file: Path | None = field(
        metadata=_about(
            "HOTLINE_FEED_KEY_FILE",
            "a PEM file with the sender's Ed25519 public key, two while it changes; needed with a folder",
        )
    )
    intake_port: int = field(
        metadata=_about(
            "HOTLINE_INTAKE_PORT",
            "the port of `hotline intake`, which takes custody files from the console; 0 is none, and for "
            "`serve` a free one after the main port",
            "0",
        )
    )
    events_port: int = field(
        metadata=_about(
            "HOTLINE_EVENTS_PORT",
            "the port of `hotline events`, which tells open consoles of changes; 0 is none, and for `serve` "
            "a free one after the main port",
            "0",
        )
    )
    console_port: int = field(
        metadata=_about(
            "HOTLINE_CONSOLE_PORT",
            "the port of `hotline console` on this machine, to which the web processes lead /console; with 0 "
            "they answer the console themselves, and `serve` finds a free one after the main port",
            "0",
        )
    )
    exchange_port: int = field(
        metadata=_about(
            "HOTLINE_EXCHANGE_PORT", "the local exchange's port; 0 is the one after the main port", "0"
        )
    )

    @classmethod
    def from_env(cls, environ: Mapping[str, str], bound_to: str | None = None) -> "Settings":
        """Read the settings. Raises SettingsError at the first that is missing or wrong.

        ``bound_to`` is the URL of the address that a server was told to bind to. The public URL and the
        exchange's port are derived from it if they are not set.
        """
        read = Reader(environ)
        env = read.one_of("HOTLINE_ENV", ("development", "production"), "development")
        production = env == "production"
        carrier = read.one_of(
            "HOTLINE_CARRIER", ("exchange", "twilio"), "twilio" if production else "exchange"
        )
        with_twilio = carrier == "twilio"
        if production and not with_twilio:
            raise SettingsError("HOTLINE_CARRIER=exchange is for development alone: it rings nobody.")
        data_dir = data_folder(environ)
        always_open = read.truth("HOTLINE_OFFICE_ALWAYS_OPEN")
        if always_open and production:
            raise SettingsError("HOTLINE_OFFICE_ALWAYS_OPEN is for development alone.")
        if with_twilio:
            read.required("HOTLINE_PUBLIC_URL", "with HOTLINE_CARRIER=twilio")
            read.required("TWILIO_ACCOUNT_SID", "with HOTLINE_CARRIER=twilio")
        bound_to = bound_to or "http://127.0.0.1:8000"
        public_url = read.url("HOTLINE_PUBLIC_URL", ("http", "https")) or bound_to
        exchange_port = (
            read.number("HOTLINE_EXCHANGE_PORT", int, 0, least=0, most=65535) or _port(bound_to) + 1
        )
        base_url = read.url("TWILIO_API_BASE_URL", ("http", "https"))
        if base_url is None and not with_twilio:
            base_url = f"http://127.0.0.1:{exchange_port}"
        api_key = read.text("TWILIO_API_KEY") or None
        api_secret = read.text("TWILIO_API_SECRET") or None
        if (api_key is None) != (api_secret is None):
            raise SettingsError("TWILIO_API_KEY and TWILIO_API_SECRET are set together or not at all.")
        oidc_issuer = read.url("HOTLINE_OIDC_ISSUER", ("https",) if production else ("https", "http"))
        if oidc_issuer is not None:
            read.required("HOTLINE_OIDC_CLIENT_ID", "with HOTLINE_OIDC_ISSUER")
            read.required("HOTLINE_OIDC_CLIENT_SECRET", "with HOTLINE_OIDC_ISSUER")
        feed_dir = read.path("HOTLINE_FEED_DIR")
        if feed_dir is not None:
            read.required("HOTLINE_FEED_KEY_FILE", "with HOTLINE_FEED_DIR")
        return cls(
            env=cast(Literal["development", "production"], env),
            data_dir=data_dir,
            database_url=read.database_url(data_dir),
            redis_url=read.url("HOTLINE_REDIS_URL", ("redis", "rediss", "unix")),
            public_url=public_url,
            secret_key=read.secret("HOTLINE_SECRET_KEY"),
            pin_pepper=read.secret("HOTLINE_PIN_PEPPER"),
            field_keys=read.field_keys(),
            office_file=read.office_file(),
            office_always_open=always_open,
            places_calls=read.truth("HOTLINE_PLACE_CALLS", "1"),
            carrier=cast(Literal["exchange", "twilio"], carrier),
            twilio_account_sid=read.text("TWILIO_ACCOUNT_SID", EXCHANGE_ACCOUNT),
            twilio_auth_tokens=read.tokens(),
            twilio_shared_keys=tuple(
                (n, s.encode()) for n, s in read.pairs("TWILIO_SHARED_KEYS", "NAME:SECRET")
            ),
            twilio_api_key=api_key,
            twilio_api_secret=api_secret,
            twilio_api_base_url=base_url,
            carrier_timeout_seconds=read.number(
                "HOTLINE_CARRIER_TIMEOUT_SECONDS", float, 10.0, least=0.1, most=60
            ),
            web_workers=read.number("HOTLINE_WEB_WORKERS", int, 2, least=1, most=64),
            web_threads=read.number("HOTLINE_WEB_THREADS", int, 2, least=1, most=64),
            web_proxies=read.number("HOTLINE_WEB_PROXIES", int, 0, least=0, most=8),
            oidc_issuer=oidc_issuer,
            oidc_client_id=read.text("HOTLINE_OIDC_CLIENT_ID"),
            oidc_client_secret=read.text("HOTLINE_OIDC_CLIENT_SECRET"),
            oidc_name=read.text("HOTLINE_OIDC_NAME", "your organization"),
            log_level=read.one_of("HOTLINE_LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO"),
            audit_head_file=read.audit_head_file(data_dir),
            feed_dir=feed_dir,
            feed_key_file=read.path("HOTLINE_FEED_KEY_FILE"),
            intake_port=read.number("HOTLINE_INTAKE_PORT", int, 0, least=0, most=65535),
            events_port=read.number("HOTLINE_EVENTS_PORT", int, 0, least=0, most=65535),
            console_port=read.number("HOTLINE_CONSOLE_PORT", int, 0, least=0, most=65535),
            exchange_port=exchange_port,
        )

    @property
    def production(self) -> bool:
        """Whether real people call this line."""
        return self.env == "production"

    @property
    def exchange_url(self) -> str:
        """The URL of the local exchange for a developer's browser."""
        public = urlsplit(self.public_url)
        host = public.hostname if public.scheme == "http" and public.hostname else "127.0.0.1"
        return f"http://{f'[{host}]' if ':' in host else host}:{self.exchange_port}"

    @property
    def valkey_socket(self) -> Path:
        """The embedded Valkey's socket, in the temporary folder if the data folder's path is too long."""
        socket = self.data_dir / "valkey.sock"
        if len(str(socket).encode()) <= LONGEST_SOCKET_PATH:
            return socket
        name = sha256(str(self.data_dir).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"hotline-{name}" / "valkey.sock"

    @property
    def queue_url(self) -> str:
        """The URL of the job queue: the configured Redis, else the embedded Valkey's socket."""
        return self.redis_url or f"unix://{self.valkey_socket}"


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def data_folder(environ: Mapping[str, str]) -> Path:
    """The data folder. It is known before the other settings because keys may have to be made in it."""
    return Path(Reader(environ).text("HOTLINE_DATA_DIR", "var")).expanduser().absolute()


def variables() -> dict[str, dict[str, str]]:
    """Every variable that the app reads, with its field's name, help text and default."""
    return {
        f.metadata["env"]: {"field": f.name, "help": f.metadata["help"], "default": f.metadata["default"]}
        for f in fields(Settings)
    }
