"""Steps of going live about the installation: environment, keys, database, Redis, processes, address."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import requests

from config.keys import KEY_FILES
from config.settings import Settings
from hotline.cli.doctor.findings import Finding, check_database, check_keys, check_proxies, check_redis
from hotline.cli.doctor.site import DATABASE, ENVIRONMENT, Site
from hotline.cli.doctor.step import OpenError, Step

_PATIENCE_SECONDS = 5.0
#: The sweeper writes a head each day.
_HEAD_LATE = timedelta(days=2)
#: Roles that every installation needs; the others run where the proxy leads to them.
_NEEDED = ("web", "worker", "sweeper")


def _environment(site: Site) -> str:
    settings = site.settings
    if not settings.production:
        raise OpenError(
            f"HOTLINE_ENV is {settings.env}, where keys are made up and the demo is loaded",
            "Set HOTLINE_ENV=production and the variables of config/env.example.",
        )
    return f"production, data in {settings.data_dir}"


def _keys(site: Site) -> str:
    settings = site.settings
    if not settings.production:
        raise OpenError(
            "keys are made in the data folder, beside the database",
            "Make HOTLINE_SECRET_KEY, HOTLINE_PIN_PEPPER and HOTLINE_FIELD_KEYS, and set them.",
        )
    if kept := _kept_beside_data(settings):
        raise OpenError(
            f"a development run left keys in the data folder that are still in use: {', '.join(kept)}",
            "Begin with new keys and an empty database, or move these files out of the data folder.",
        )
    _settle(check_keys(settings), "Set the keys with which this database was filled.")
    count = len(settings.field_keys)
    return f"secret key, pepper and {count} field {'key' if count == 1 else 'keys'}, out of the data folder"


def _kept_beside_data(settings: Settings) -> list[str]:
    """The generated key files whose key is the one in use: whoever copies the data folder has both."""
    in_use = {
        settings.secret_key.decode(),
        settings.pin_pepper.decode(),
        *(f"{name}:{base64.b64encode(key).decode()}" for name, key in settings.field_keys),
    }
    return [name for name, _ in KEY_FILES.values() if _text_of(settings.data_dir / name) in in_use]


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None


def _nothing(site: Site) -> str:
    _ = site.settings
    return ""


def _database(site: Site) -> str:
    found = check_database(site.settings)
    _settle(found, "Check HOTLINE_DATABASE_URL, then run `hotline db upgrade`.")
    return f"{found.told}{'; for one machine only' if found.told.startswith('sqlite') else ''}"


def _redis(site: Site) -> str:
    import redis

    settings = site.settings
    found = check_redis(settings)
    _settle(found, "Start it, or look at HOTLINE_REDIS_URL.")
    client = redis.Redis.from_url(
        settings.queue_url, socket_timeout=_PATIENCE_SECONDS, socket_connect_timeout=_PATIENCE_SECONDS
    )
    try:
        if client.config_get("appendonly").get("appendonly") == "no":
            raise OpenError("Redis forgets its jobs when it restarts", "Set its appendonly to yes.")
    except redis.ResponseError:
        return f"{found.told}; it does not tell its policies"
    except (redis.RedisError, OSError) as error:
        raise OpenError(f"Redis stopped answering ({type(error).__name__})", "Start it again.") from None
    finally:
        client.close()
    return f"{found.told}, which keeps its jobs"


def _roles(site: Site) -> str:
    from models.store.heartbeat import lives

    found = {one.role: one for one in site.read(lives)}
    if missing := [role for role in _NEEDED if not found[role].processes]:
        raise OpenError(
            f"no sign of life from {', '.join(missing)}",
            "Start `hotline serve`, or each role's unit; then run this again.",
        )
    if silent := [one.role for one in found.values() if one.is_silent]:
        raise OpenError(f"{', '.join(silent)} ran and went silent", "Look at its log, and start it again.")
    return ", ".join(f"{one.role} {one.processes}" for one in found.values() if one.processes)


def _address(site: Site) -> str:
    url = site.settings.public_url
    if urlsplit(url).scheme != "https":
        raise OpenError(
            "HOTLINE_PUBLIC_URL is no https address",
            "Set the https address at which Twilio reaches the line.",
        )
    try:
        up = requests.get(f"{url}/up", timeout=_PATIENCE_SECONDS, allow_redirects=False)
        # Nobody is called: without a signature the line refuses.
        door = requests.post(f"{url}/voice/inbound", timeout=_PATIENCE_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        raise OpenError(
            f"{url}/up does not answer this machine ({type(error).__name__})",
            "Check DNS, the certificate and the proxy.",
        ) from None
    if up.status_code != requests.codes.ok or '"up"' not in up.text:
        raise OpenError(f"{url}/up answers {up.status_code}", "Lead the whole address to the web processes.")
    if door.status_code != requests.codes.forbidden:
        raise OpenError(
            f"POST {url}/voice/inbound without a signature answers {door.status_code}, and not 403",
            "Let the proxy pass POST with its form and headers.",
        )
    return f"{url}/up answers, and unsigned calls are refused"


def _proxy(site: Site) -> str:
    found = check_proxies(site.settings)
    _settle(found, "See config/deploy/nginx.conf, and set HOTLINE_WEB_PROXIES=1.")
    if not site.settings.web_proxies:
        raise OpenError("HOTLINE_WEB_PROXIES is 0", "See config/deploy/nginx.conf, and set it to 1.")
    return found.told


def _heads(site: Site) -> str:
    from models.audit.audit_head import HeadError, read_heads, signing_key

    settings = site.settings
    path = settings.audit_head_file
    if path.is_relative_to(settings.data_dir):
        raise OpenError(
            "heads of the audit are kept in the data folder, where one hand can change both",
            "Set HOTLINE_AUDIT_HEAD_FILE to a file on another machine's disk.",
        )
    try:
        heads = read_heads(path, signing_key(settings.secret_key).public_key())
    except HeadError:
        raise OpenError("the kept heads cannot be read or trusted", "Run `hotline audit verify`.") from None
    if not heads:
        raise OpenError(
            f"no head is in {path} yet", "The sweeper writes the first when it starts; if not, read its log."
        )
    newest = max(head.at for head in heads)
    if datetime.now(UTC) - newest > _HEAD_LATE:
        raise OpenError(
            f"the newest head is of {newest:%Y-%m-%d}", "Make the folder writable for the sweeper."
        )
    return f"{path}, newest {newest:%Y-%m-%d %H:%M} UTC"


def _settle(found: Finding, then: str) -> None:
    """Raise OpenError if that check of doctor found something wrong."""
    if found.wrong:
        raise OpenError(found.wrong.rstrip("."), then)


MACHINE_STEPS = (
    Step(ENVIRONMENT, _environment),
    Step("Set keys of your own", _keys),
    Step(
        "Keep copies of the keys",
        _nothing,
        by_hand="Put a copy of each key where neither the database nor its backups are.",
    ),
    Step(DATABASE, _database),
    Step("Let Redis keep every job", _redis),
    Step("Start every role", _roles),
    Step("Give the line an https address", _address),
    Step("Put a proxy in front", _proxy),
    Step("Keep heads of the audit elsewhere", _heads),
)
