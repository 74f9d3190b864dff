"""The checks of `hotline doctor`: each says what it found. They show no secret and call nobody."""

import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from urllib.parse import urlsplit

import certifi
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.office import Office, OfficeError
from config.settings import Settings
from hotline.cli.command.context import connect, keys_of, told_of_keys
from models.store.policies import Policies

T = TypeVar("T")
#: How long our own address may take to show its certificate.
CERTIFICATE_SECONDS = 3.0
#: How long before its end people are told; of one with a short life only in the last part of that life.
RENEWED_BEFORE = timedelta(days=14)
LAST_PART = 0.25
#: What a check tells that depends on something which another check reports.
NOT_KNOWN = "not known"
#: The database that its check could not reach: each later check would wait as long for it.
AWAY: set[str] = set()


@dataclass(frozen=True)
class Finding:
    """One check: ``wrong`` is a sentence, or None when all is well.

    ``is_fault`` is False for a problem that staff can fix in their own time: it is named, and the exit stays
    0.
    """

    name: str
    told: str
    wrong: str | None = None
    is_fault: bool = True


def check_database(settings: Settings) -> Finding:
    from sqlalchemy.exc import SQLAlchemyError

    from hotline.health import write_and_take_back
    from models.store.schema import is_current, missing_columns, told_of_missing

    kind = urlsplit(settings.database_url).scheme.partition("+")[0]
    AWAY.clear()
    database = connect(settings)
    try:
        if not is_current(database):
            database.close()
            return Finding("database", kind, "The database is not of this release; run `hotline db upgrade`.")
    except SQLAlchemyError as error:
        database.close()
        AWAY.add(settings.database_url)
        return Finding("database", kind, f"HOTLINE_DATABASE_URL cannot be reached ({type(error).__name__}).")
    try:
        if missing := missing_columns(database):
            return Finding("database", kind, told_of_missing(missing))
        write_and_take_back(database)
    except SQLAlchemyError as error:
        what = f"The database cannot be written ({type(error).__name__}), so callers hear an apology."
        return Finding("database", kind, f"{what} Its disk may be full, or it is a copy.")
    finally:
        database.close()
    return Finding("database", f"{kind}, of this release")


def check_redis(settings: Settings) -> Finding:
    import redis

    from workers.queue import write_for_trial

    kind = "the embedded Valkey" if settings.redis_url is None else "the Redis of HOTLINE_REDIS_URL"
    named = f"{kind[0].upper()}{kind[1:]}"
    client = redis.Redis.from_url(settings.queue_url, socket_timeout=2, socket_connect_timeout=2)
    try:
        client.ping()
        try:
            write_for_trial(client)
        except redis.ResponseError as error:
            what = f"{named} takes no write ({type(error).__name__}), so no worker gets a job."
            return Finding("redis", kind, f"{what} Its memory or its disk may be full, or it is a copy.")
        policy = client.config_get("maxmemory-policy")
    except redis.ResponseError:
        policy = {}  # Some hosted servers do not allow the question.
    except (redis.RedisError, OSError) as error:
        hint = "; `hotline serve` starts it" if settings.redis_url is None else ""
        return Finding("redis", kind, f"{named} does not answer ({type(error).__name__}){hint}.")
    finally:
        client.close()
    if policy and policy.get("maxmemory-policy") != "noeviction":
        return Finding(
            "redis", kind, "Redis may drop jobs when it is full; set its maxmemory-policy to noeviction."
        )
    return Finding("redis", kind)


def check_flows(settings: Settings) -> Finding:
    from hotline.trees import build_flows, tree_problems
    from ivr_flows.prompts import Prompts

    try:
        office = Office.load(settings.office_file)
        faults = tree_problems(build_flows(office), Prompts.load(office.languages))
    except ValueError as error:
        return Finding("flows", "", str(error))
    return Finding("flows", "every call tree and prompt is whole", faults[0] if faults else None)


def check_office(settings: Settings) -> Finding:
    try:
        office = Office.load(settings.office_file)
    except OfficeError as error:
        return Finding("office", "", str(error))
    return Finding("office", f"{settings.office_file}, {len(office.policies)} policies")


def check_lines(settings: Settings) -> Finding:
    try:
        office = Office.load(settings.office_file)
    except OfficeError:
        return Finding("lines", "", "No line is known while the office file is wrong.")
    if settings.carrier == "twilio" and (names := office.placeholders()):
        return Finding(
            "lines", "", f"Shipped numbers, which belong to nobody, are still in {', '.join(names)}."
        )
    return Finding("lines", f"{len(office.lines)} of the office's own numbers")


def check_carrier(settings: Settings) -> Finding:
    if not settings.places_calls:
        return Finding("carrier", "", "HOTLINE_PLACE_CALLS is 0: no call is placed and no text is sent.")
    if settings.carrier == "exchange":
        return Finding("carrier", "the local exchange; nobody's phone rings")
    url = settings.twilio_api_base_url or "https://api.twilio.com"
    host = urlsplit(url).hostname
    try:
        _certificate_life(url, settings.carrier_timeout_seconds)
    except ssl.SSLCertVerificationError as error:
        wrong = f"The certificate of {host} is not believed ({error.verify_message}), so no call leaves."
        return Finding("carrier", url, f"{wrong} {_by_clock()}")
    except OSError as error:
        return Finding("carrier", url, f"The carrier at {host} cannot be reached ({type(error).__name__}).")
    return Finding("carrier", f"{url} can be reached")


def check_certificate(settings: Settings) -> Finding:
    """How long Twilio believes the certificate of our own address: after that no call arrives (R39)."""
    name, url = "certificate", settings.public_url
    if settings.carrier == "exchange" or urlsplit(url).scheme != "https":
        return Finding(name, "none is needed")
    try:
        life = _certificate_life(url, CERTIFICATE_SECONDS)
    except ssl.SSLCertVerificationError as error:
        wrong = f"The certificate of {url} is not believed ({error.verify_message}), so no call arrives."
        return Finding(name, "", f"{wrong} Renew it, and reload the proxy. {_by_clock()}")
    except OSError as error:
        return Finding(name, f"{url} cannot be asked from here ({type(error).__name__})")
    if life is None:
        return Finding(name, NOT_KNOWN)
    since, until = life
    told = f"runs out {until:%Y-%m-%d %H:%M} UTC"
    # Some live six days, and are renewed every three.
    if until - datetime.now(UTC) < min(RENEWED_BEFORE, (until - since) * LAST_PART):
        wrong = f"The certificate of {url} {told}; then no call arrives. Renew it, and reload the proxy."
        return Finding(name, told, wrong)
    return Finding(name, told)


def _certificate_life(url: str, seconds: float) -> tuple[datetime, datetime] | None:
    """From when until when the certificate of a web address is good; None for plain HTTP. Raises OSError."""
    parts = urlsplit(url)
    is_plain = parts.scheme != "https"
    address = (parts.hostname, parts.port or (80 if is_plain else 443))
    with socket.create_connection(address, timeout=seconds) as plain:
        if is_plain:
            return None
        # What Twilio's client trusts.
        trusting = ssl.create_default_context(cafile=certifi.where())
        with trusting.wrap_socket(plain, server_hostname=parts.hostname) as opened:
            seen = opened.getpeercert()
    if not seen:
        return None
    since, until = (ssl.cert_time_to_seconds(str(seen[end])) for end in ("notBefore", "notAfter"))
    return datetime.fromtimestamp(since, UTC), datetime.fromtimestamp(until, UTC)


def _by_clock() -> str:
    return f"By this machine's clock it is {datetime.now(UTC):%Y-%m-%d %H:%M} UTC."


def check_keys(settings: Settings) -> Finding:
    from models.store.key_mark import other_keys
    from models.store.rotation import opens_latest

    found = read_database(
        settings, lambda session, _now: (opens_latest(session), other_keys(session, keys_of(settings)))
    )
    if found is None:
        return Finding("keys", NOT_KNOWN)
    opens, others = found
    told = f"{len(settings.field_keys)} listed"
    if others:
        return Finding("keys", told, told_of_keys(others))
    if not opens:
        return Finding("keys", told, "HOTLINE_FIELD_KEYS lists no key that opens what this database holds.")
    return Finding("keys", told)


def check_account(settings: Settings) -> Finding:
    """Whether the carrier refuses the account's calls and texts. Before the first call nobody knows."""
    from models.calls.outbound_leg import is_any_placed
    from models.overview.trouble import troubles

    found = read_database(
        settings,
        lambda session, now: ([t for t in troubles(session, now) if t.is_refusal], is_any_placed(session)),
    )
    if found is None:
        return Finding("account", NOT_KNOWN)
    refusals, is_tried = found
    told = "the carrier refuses none of our calls and texts"
    if refusals:
        now = datetime.now(UTC)
        return Finding("account", told, f"{'; '.join(one.told(now) for one in refusals).capitalize()}.")
    if settings.carrier == "twilio" and not is_tried:
        wrong = "No call has left yet, so it is not known whether the carrier takes one."
        return Finding("account", told, f"{wrong} `hotline doctor --going-live` asks it.", is_fault=False)
    return Finding("account", told)


def check_roles(settings: Settings) -> Finding:
    """Each role, how many of its processes live, and how long ago the last of them reported."""
    from models.store.heartbeat import lives

    found = read_database(settings, lives)
    if found is None:
        return Finding("roles", NOT_KNOWN)
    seen = [one for one in found if one.silent_for is not None]
    if not seen:
        return Finding("roles", "none has run yet")
    told = "; ".join(f"{one.role}: {one.processes} living, {_seconds(one.silent_for)} s ago" for one in seen)
    silent = [
        f"{one.role}: no sign of life for {_seconds(one.silent_for)} s" for one in seen if one.is_silent
    ]
    return Finding("roles", told, f"{'; '.join(silent)}." if silent else None)


def check_purge(settings: Settings) -> Finding:
    """When the last purge ended, and what the carrier did not delete (R41)."""
    from models.retention.carrier_record import count_left
    from models.retention.legal_hold import is_everything_held
    from models.retention.purge_run import OVERDUE, is_clock_doubted, last_ended

    found = read_database(
        settings,
        lambda session, now: (
            last_ended(session), count_left(session), is_everything_held(session),
            is_clock_doubted(session, now),
        ),
    )  # fmt: skip
    if found is None:
        return Finding("purge", NOT_KNOWN)
    ended, left, all_held, is_doubted = found
    if ended is None:
        return Finding("purge", "everything is on legal hold" if all_held else "has not run yet")
    told = f"last ran {ended:%Y-%m-%d %H:%M} UTC"
    if all_held:
        return Finding("purge", f"{told}; everything is on legal hold")
    now = datetime.now(UTC)
    if is_doubted:
        wrong = (
            f"This machine's clock says {now:%Y-%m-%d %H:%M} UTC, long after the last purge, so none "
            "begins by itself. If the clock is wrong, set it; if it is right, run `hotline purge`."
        )
        return Finding("purge", told, wrong)
    if now - ended > OVERDUE:
        return Finding("purge", told, "No purge has ended for two days; run `hotline purge`.", is_fault=False)
    if left:
        wrong = f"The carrier did not delete {left} of its records; `hotline purge` lists them."
        return Finding("purge", told, wrong, is_fault=False)
    return Finding("purge", told)


def check_head(settings: Settings) -> Finding:
    """When the audit's head was last kept in its second place (R41)."""
    from models.audit.audit_head import LATE, last_kept

    name = "audit head"
    found = read_database(settings, lambda session, _now: last_kept(session))
    if found is None:
        return Finding(name, NOT_KNOWN)
    kept, is_failing = found
    told = "none was kept yet" if kept is None else f"last kept {kept:%Y-%m-%d %H:%M} UTC"
    if is_failing or (kept is not None and datetime.now(UTC) - kept > LATE):
        wrong = (
            f"The head of the audit is not kept in HOTLINE_AUDIT_HEAD_FILE; {told}. Make its folder writable."
        )
        return Finding(name, told, wrong, is_fault=False)
    return Finding(name, told)


def check_proxies(settings: Settings) -> Finding:
    """Whether requests came through a proxy that the settings do not mention."""
    from models.store.guard import Guard

    if settings.web_proxies:
        return Finding("proxies", f"{settings.web_proxies} in front")
    seen = select(Guard.measured_at).where(Guard.name == "untold proxy")
    found = read_database(settings, lambda session, _now: session.scalars(seen).all())
    if found:
        return Finding(
            "proxies",
            "none in front",
            "Requests come through a proxy (X-Forwarded-For), but HOTLINE_WEB_PROXIES is not set: failed "
            "sign-ins of all staff count as one client's.",
        )
    if settings.production:
        # Not a fault: a web role without a proxy answers.
        return Finding(
            "proxies",
            "none in front",
            "No proxy is in front of this web, so strangers with enough connections can silence it. Put one "
            "there that takes whole requests, and set HOTLINE_WEB_PROXIES.",
            is_fault=False,
        )
    return Finding("proxies", "none in front")


def _seconds(span: timedelta | None) -> int:
    return 0 if span is None else int(span.total_seconds())


def read_database(settings: Settings, read: Callable[[Session, datetime], T]) -> T | None:
    """What ``read`` finds, or None if the database cannot be read, which its check reports."""
    from sqlalchemy.exc import SQLAlchemyError

    if settings.database_url in AWAY:
        return None
    database = connect(settings)
    try:
        with database.reading() as session:
            return read(session, datetime.now(UTC))
    except SQLAlchemyError:
        # The check of the database reports the problem.
        return None
    finally:
        database.close()


def _read_by_policies(settings: Settings, read: Callable[[Session, datetime, Policies], T]) -> T | None:
    """Read it by the office's policies; None also if their file cannot be read, which its check reports."""
    from workers.office_rules import policies_of

    try:
        policies = policies_of(Office.load(settings.office_file))
    except OfficeError:
        return None
    return read_database(settings, lambda session, now: read(session, now, policies))


def check_feed(settings: Settings) -> Finding:
    """When the feed last confirmed anybody (R14). A late feed is a note: the line itself works."""
    from models.custody.feed_silence import silent_since
    from models.custody.imports.history import newest_as_of

    found = _read_by_policies(
        settings,
        lambda session, now, policies: (
            newest_as_of(session),
            silent_since(session, now, policies),
            policies.feed_silent_hours,
        ),
    )
    if found is None:
        return Finding("feed", NOT_KNOWN)
    newest, since, hours = found
    if newest is None:
        return Finding("feed", "no file has been applied yet")
    told = f"last confirmed somebody {newest:%Y-%m-%d %H:%M} UTC"
    wrong = f"The feed has confirmed nobody for over {hours} hours. Callers hear that we cannot confirm."
    return Finding("feed", told, wrong if since is not None else None, is_fault=False)


def check_notices(settings: Settings) -> Finding:
    """How many notices are in which state, and whether urgent ones are late (R34). It names nobody."""
    from models.notices.notice_counts import counts_by_state, late_notices

    found = _read_by_policies(
        settings,
        lambda session, now, policies: (counts_by_state(session), late_notices(session, now, policies)),
    )
    if found is None:
        return Finding("notices", NOT_KNOWN)
    counts, late = found
    told = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in counts.items())
    wrong = f"{late.on_call} urgent notices are unconfirmed, {late.supervisors} of them for too long; {told}."
    return Finding("notices", told, wrong if late.on_call else None, is_fault=False)


def check_feed_folder(settings: Settings) -> Finding:
    """Whether the sender's batches can be taken (R16). Names no file: a person may be named in one."""
    from models.custody.feed.folder import FeedFolder
    from models.custody.feed.manifest import FeedKeyError, read_keys
    from models.store.heartbeat import lives

    name = "feed folder"
    if settings.feed_dir is None or settings.feed_key_file is None:
        return Finding(name, "none is watched")
    roles = read_database(settings, lives)
    try:
        read_keys(settings.feed_key_file.read_bytes())
        waiting = FeedFolder(settings.feed_dir).waiting_since(datetime.now(UTC) - timedelta(hours=1))
    except FeedKeyError as error:
        return Finding(name, "", str(error))
    except OSError as error:
        if isinstance(error, FileNotFoundError) and any(
            one.role == "intake" and one.processes for one in roles or ()
        ):
            # In containers only that role has them, and all have the settings.
            wrong = (
                "The feed's folder or its key is not here; run `hotline doctor` where `hotline intake` runs."
            )
            return Finding(name, "", wrong, is_fault=False)
        return Finding(name, "", f"The feed's folder or key file cannot be used: {error.strerror}.")
    if not os.access(settings.feed_dir, os.W_OK | os.X_OK):
        return Finding(
            name, "", "HOTLINE_FEED_DIR cannot be written, so files of applied batches stay there."
        )
    if roles is not None and all(one.silent_for is None for one in roles if one.role == "intake"):
        return Finding(name, "", "`hotline intake` has not run, so nobody watches HOTLINE_FEED_DIR.")
    told = f"{settings.feed_dir}, watched by intake"
    if waiting:
        wrong = f"{waiting} files have waited for over an hour: held by the brake, or without a signature."
        return Finding(name, told, wrong, is_fault=False)
    return Finding(name, told)


def check_shift(settings: Settings) -> Finding:
    from models.staff.staff import count_on_shift

    try:
        office = Office.load(settings.office_file, settings.office_always_open)
    except OfficeError:
        # The check of the office reports the problem.
        return Finding("shift", NOT_KNOWN)
    people = read_database(settings, lambda session, _now: count_on_shift(session))
    if people is None:
        return Finding("shift", NOT_KNOWN)
    told = f"{people} on shift; the office is {'open' if office.is_open(datetime.now(UTC)) else 'closed'} now"
    if people or told.endswith("closed now"):
        return Finding("shift", told)
    return Finding(
        "shift", told, "The office is open and nobody is on shift: see `hotline staff on-shift EMAIL`."
    )


def check_two_people(settings: Settings) -> Finding:
    """Whether two people exist who may approve together (R40)."""
    from models.staff.two_people import missing_pairs

    missing = _read_by_policies(
        settings, lambda session, now, policies: missing_pairs(session, now, policies.two_people_days)
    )
    if missing is None:
        return Finding("two people", NOT_KNOWN)
    if not missing:
        return Finding("two people", "two people may approve together")
    if "imports" in missing:
        wrong = (
            "No two supervisors or administrators may approve together: the release of held imports, files "
            "of the audit, the word of whom a case is about, and PINs that one of them asks for wait. A PIN "
            "that a liaison asks for needs one of them who may approve with that liaison."
        )
    else:
        wrong = "No supervisor and administrator may approve together: no file of the audit can be had."
    # A new office has only its first administrator: nothing is broken, and the line works.
    return Finding("two people", "not enough", wrong, is_fault=False)


CHECKS: tuple[Callable[[Settings], Finding], ...] = (
    check_office,
    check_lines,
    check_database,
    check_keys,
    check_redis,
    check_flows,
    check_carrier,
    check_certificate,
    check_account,
    check_roles,
    check_two_people,
    check_feed,
    check_notices,
    check_feed_folder,
    check_purge,
    check_head,
    check_proxies,
    check_shift,
)
