"""The settings: what is read, what is refused, and what a complaint never contains."""

import base64
import stat
from pathlib import Path

import pytest

from config.environment import SettingsError
from config.keys import KEY_FILES, make_missing_keys
from config.settings import LONGEST_SOCKET_PATH, Settings

KEYS = [base64.b64encode(letter * 32).decode() for letter in (b"2", b"1")]
WHOLE = {
    "HOTLINE_SECRET_KEY": "s" * 32,
    "HOTLINE_PIN_PEPPER": "p" * 32,
    "HOTLINE_FIELD_KEYS": f"k2:{KEYS[0]},k1:{KEYS[1]}",
    "TWILIO_AUTH_TOKEN": "first-token, second-token",
}
PRODUCTION = {
    **WHOLE,
    "HOTLINE_ENV": "production",
    "HOTLINE_PUBLIC_URL": "https://line.example.org/",
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
}


def test_development_installation_needs_only_its_keys() -> None:
    settings = Settings.from_env(WHOLE)

    assert settings.env == "development"
    assert settings.carrier == "exchange"
    assert settings.database_url == f"sqlite:///{Path('var').absolute()}/hotline.db"
    assert settings.redis_url is None
    assert settings.queue_url == f"unix://{Path('var').absolute()}/valkey.sock"
    assert settings.public_url == "http://127.0.0.1:8000"
    assert settings.exchange_url == "http://127.0.0.1:8001"
    assert settings.twilio_api_base_url == "http://127.0.0.1:8001"
    assert settings.field_keys == (("k2", b"2" * 32), ("k1", b"1" * 32))
    assert settings.twilio_auth_tokens == ("first-token", "second-token")


def test_production_installation_talks_to_twilio() -> None:
    settings = Settings.from_env(PRODUCTION)

    assert settings.carrier == "twilio"
    assert settings.public_url == "https://line.example.org"
    assert settings.twilio_api_base_url is None


def test_public_url_and_exchange_follow_the_address_that_was_bound() -> None:
    settings = Settings.from_env(WHOLE, "http://127.0.0.1:9100")

    assert settings.public_url == "http://127.0.0.1:9100"
    assert settings.exchange_port == 9101
    assert settings.twilio_api_base_url == "http://127.0.0.1:9101"


def test_public_url_behind_a_proxy_does_not_move_the_exchange() -> None:
    settings = Settings.from_env({**WHOLE, "HOTLINE_PUBLIC_URL": "https://line.example.org"})

    assert settings.twilio_api_base_url == "http://127.0.0.1:8001"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOTLINE_ENV", "staging"),
        ("HOTLINE_CARRIER", "pigeon"),
        ("HOTLINE_DATABASE_URL", "mysql://canary"),
        ("HOTLINE_DATABASE_URL", "canary"),
        ("HOTLINE_DATABASE_URL", "sqlite://canary/line.db"),
        ("HOTLINE_DATABASE_URL", "sqlite://"),
        ("HOTLINE_DATABASE_URL", "sqlite:///?mode=ro"),
        ("HOTLINE_DATABASE_URL", "sqlite:///:memory:"),
        ("HOTLINE_REDIS_URL", "http://canary"),
        ("HOTLINE_REDIS_URL", "unix://"),
        ("HOTLINE_PUBLIC_URL", "canary"),
        ("HOTLINE_PUBLIC_URL", "https://line.example.org:canary"),
        ("HOTLINE_PUBLIC_URL", "https://line.example.org/?canary=1"),
        ("HOTLINE_PUBLIC_URL", "https://user:canary@line.example.org"),
        ("HOTLINE_SECRET_KEY", "canary"),
        ("HOTLINE_PIN_PEPPER", "canary"),
        ("HOTLINE_FIELD_KEYS", "canary"),
        ("HOTLINE_FIELD_KEYS", "canary:@@@@"),
        ("HOTLINE_FIELD_KEYS", f"k1:{base64.b64encode(b'canary').decode()}"),
        ("HOTLINE_FIELD_KEYS", f"k.1:{base64.b64encode(b'1' * 32).decode()}"),
        ("HOTLINE_FIELD_KEYS", ",".join([f"k1:{base64.b64encode(b'1' * 32).decode()}"] * 2)),
        ("TWILIO_AUTH_TOKEN", "canary,canary,canary"),
        ("TWILIO_AUTH_TOKEN", ","),
        ("TWILIO_SHARED_KEYS", "canary"),
        ("TWILIO_API_KEY", "canary"),
        ("TWILIO_API_SECRET", "canary"),
        ("HOTLINE_OFFICE_ALWAYS_OPEN", "canary"),
        ("HOTLINE_PLACE_CALLS", "canary"),
        ("HOTLINE_WEB_WORKERS", "0"),
        ("HOTLINE_WEB_THREADS", "canary"),
        ("HOTLINE_CARRIER_TIMEOUT_SECONDS", "nan"),
        ("HOTLINE_CARRIER_TIMEOUT_SECONDS", "3600"),
        ("HOTLINE_EXCHANGE_PORT", "65536"),
        ("HOTLINE_LOG_LEVEL", "canary"),
    ],
)
def test_wrong_setting_is_named_and_not_quoted(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_env({**WHOLE, name: value})

    assert name in str(refused.value)
    assert "canary" not in str(refused.value)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("name", sorted(set(PRODUCTION) - {"HOTLINE_ENV"}))
def test_production_does_not_start_without_what_it_needs(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_env({**PRODUCTION, name: "  "})


def test_production_never_rings_the_local_exchange() -> None:
    with pytest.raises(SettingsError, match="HOTLINE_CARRIER"):
        Settings.from_env({**PRODUCTION, "HOTLINE_CARRIER": "exchange"})


def test_production_is_never_always_open() -> None:
    with pytest.raises(SettingsError, match="HOTLINE_OFFICE_ALWAYS_OPEN"):
        Settings.from_env({**PRODUCTION, "HOTLINE_OFFICE_ALWAYS_OPEN": "1"})


def test_printed_settings_have_no_secret() -> None:
    printed = repr(Settings.from_env({**PRODUCTION, "HOTLINE_DATABASE_URL": "postgresql://u:secret@h/d"}))

    for secret in ("s" * 32, "p" * 32, "1" * 32 + "'", "2" * 32, "first-token", "secret@"):
        assert secret not in printed.replace("AC" + "1" * 32, "")


def test_plain_postgresql_url_takes_our_driver() -> None:
    settings = Settings.from_env({**WHOLE, "HOTLINE_DATABASE_URL": "postgresql://someone@db/hotline"})

    assert settings.database_url == "postgresql+psycopg://someone@db/hotline"


def test_long_data_folder_moves_the_socket_and_nothing_else(tmp_path: Path) -> None:
    long = Settings.from_env({**WHOLE, "HOTLINE_DATA_DIR": str(tmp_path / ("d" * 120))})
    other = Settings.from_env({**WHOLE, "HOTLINE_DATA_DIR": str(tmp_path / ("e" * 120))})

    assert len(str(long.valkey_socket)) <= LONGEST_SOCKET_PATH
    assert long.valkey_socket != other.valkey_socket
    assert long.data_dir == tmp_path / ("d" * 120)


def test_missing_keys_are_made_once_and_for_their_owner_alone(tmp_path: Path) -> None:
    first = make_missing_keys(tmp_path / "var", {})
    second = make_missing_keys(tmp_path / "var", {})
    other = make_missing_keys(tmp_path / "other", {})

    assert first == second
    assert all(first[name] != other[name] for name in KEY_FILES)
    assert Settings.from_env(first).field_keys[0][0] == "k1"
    for path in (tmp_path / "var").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(list((tmp_path / "var").iterdir())) == len(KEY_FILES)


def test_key_that_was_set_is_kept_and_not_written(tmp_path: Path) -> None:
    environ = make_missing_keys(tmp_path, WHOLE)

    assert environ == WHOLE
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", sorted(KEY_FILES))
def test_production_makes_no_key(tmp_path: Path, name: str) -> None:
    environ = {k: v for k, v in PRODUCTION.items() if k != name}

    with pytest.raises(SettingsError, match=name):
        make_missing_keys(tmp_path, environ)
    assert not list(tmp_path.iterdir())


def test_no_token_is_made_up_for_the_real_carrier(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="TWILIO_AUTH_TOKEN"):
        make_missing_keys(tmp_path, {"HOTLINE_CARRIER": "twilio"})


def test_data_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(SettingsError, match="HOTLINE_DATA_DIR"):
        make_missing_keys(tmp_path / "file" / "var", {})


def test_watched_folder_needs_the_senders_key() -> None:
    with pytest.raises(SettingsError, match=r"^HOTLINE_FEED_KEY_FILE is not set"):
        Settings.from_env({**WHOLE, "HOTLINE_FEED_DIR": "/srv/feed"})

    settings = Settings.from_env(
        {**WHOLE, "HOTLINE_FEED_DIR": "/srv/feed", "HOTLINE_FEED_KEY_FILE": "/etc/hotline/feed.pem"}
    )

    assert (settings.feed_dir, settings.feed_key_file) == (Path("/srv/feed"), Path("/etc/hotline/feed.pem"))
