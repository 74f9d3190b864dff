"""Steps of going live about people and data: staff, shifts, directories, the feed, cases, the purge."""

from datetime import UTC, datetime

from sqlalchemy import func, select

from hotline.cli.doctor.findings import check_feed_folder, check_purge
from hotline.cli.doctor.site import Site
from hotline.cli.doctor.step import ByHandError, OpenError, Step


def _no_demo(site: Site) -> str:
    from hotline.demo import is_any_loaded

    if site.read(lambda session, _now: is_any_loaded(session)):
        raise OpenError(
            "the database holds demo people, whose PINs and passwords everyone can read",
            "Begin with an empty database and new keys.",
        )
    return "none"


def _staff(site: Site) -> str:
    from models.staff.staff import Staff

    spoken = site.read(
        lambda session, _now: session.scalars(
            select(Staff.languages).where(Staff.role == "liaison", Staff.left_at.is_(None))
        ).all()
    )
    counts = {
        code: sum(code in [word.strip() for word in one.split(",")] for one in spoken)
        for code in site.office.languages
    }
    if missing := [code for code, count in counts.items() if not count]:
        raise OpenError(
            f"no liaison speaks {', '.join(missing)}",
            "Run `hotline staff add EMAIL --role liaison --languages …`.",
        )
    told = ", ".join(f"{code} {count}" for code, count in counts.items())
    return f"{len(spoken)} liaisons ({told})"


def _two_people(site: Site) -> str:
    from models.staff.two_people import missing_pairs

    days = site.policies.two_people_days
    if missing := site.read(lambda session, now: missing_pairs(session, now, days)):
        raise OpenError(
            f"no two people may approve {' and '.join(missing)} together: nobody counts with an account that "
            f"the other made within {days:g} days",
            "Add a supervisor and an administrator with `hotline staff add`, or wait for the days to pass.",
        )
    return "a supervisor and an administrator who may approve together"


def _shifts(site: Site) -> str:
    from models.staff.schedule import Schedule
    from models.staff.staff import count_on_shift

    planned = site.read(
        lambda session, _now: dict(
            session.execute(
                select(Schedule.kind, func.count(func.distinct(Schedule.staff_id))).group_by(Schedule.kind)
            ).all()
        )
    )
    on_shift = site.read(lambda session, _now: count_on_shift(session))
    if not planned.get("on_shift") and not on_shift:
        raise OpenError(
            "nobody has a schedule, and nobody is on shift",
            "Run `hotline staff schedule EMAIL`, or use the console.",
        )
    return (
        f"{on_shift} on shift now, {planned.get('on_shift', 0)} with a schedule, "
        f"{planned.get('on_call', 0)} on call outside the hours"
    )


def _directory(site: Site) -> str:
    from models.custody.directory import courts, facilities

    places, halls = site.read(lambda session, _now: (len(facilities(session)), len(courts(session))))
    if not places:
        raise OpenError(
            "no facility is listed, so none is ever spoken", "Run `hotline facility add NAME --phone E164`."
        )
    return f"{places} facilities, {halls} courts"


def _feed(site: Site) -> str:
    settings = site.settings
    if settings.feed_dir is None:
        raise ByHandError(
            "no folder is watched",
            "Set HOTLINE_FEED_DIR and HOTLINE_FEED_KEY_FILE, or plan which two people import each file.",
        )
    found = check_feed_folder(settings)
    if found.wrong:
        raise OpenError(found.wrong.rstrip("."), "See the page about the feed.")
    return found.told


def _first_file(site: Site) -> str:
    from models.custody.feed_silence import silent_since
    from models.custody.imports.history import newest_as_of

    newest, since = site.read(
        lambda session, now: (newest_as_of(session), silent_since(session, now, site.policies))
    )
    if newest is None:
        raise OpenError(
            "no file has been applied yet", "Let the sender send one, or use `hotline custody import`."
        )
    if since is not None:
        raise OpenError(f"the feed has confirmed nobody since {newest:%Y-%m-%d %H:%M} UTC", "Ask its sender.")
    return f"it confirmed somebody {newest:%Y-%m-%d %H:%M} UTC"


def _cases(site: Site) -> str:
    from models.cases.case import Case

    count = site.read(
        lambda session, _now: session.scalar(
            select(func.count()).select_from(Case).where(Case.closed_at.is_(None), Case.duress_of.is_(None))
        )
    )
    if not count:
        raise OpenError("no case is open", "Use the console, or run `hotline case add`.")
    return f"{count} open"


def _purge(site: Site) -> str:
    from models.retention.purge_run import last_ended

    if site.read(lambda session, _now: last_ended(session)) is None:
        told = check_purge(site.settings).told
        raise OpenError(
            f"it {told}" if told.startswith("has") else told,
            "The sweeper begins after 3 AM of the office; or run `hotline purge` now.",
        )
    found = check_purge(site.settings)
    if found.wrong:
        raise OpenError(
            found.wrong.rstrip("."), "Run `hotline purge`; its REST key must be allowed to delete."
        )
    return found.told


def _retention(site: Site) -> str:
    return f"policies.purge_days is {site.policies.purge_days:g}"


def _ready(site: Site) -> str:
    return f"{site.settings.public_url}/up/ready"


def _ring(site: Site) -> str:
    return f"{len(site.office.lines)} lines; now {datetime.now(UTC).astimezone(site.office.zone):%H:%M} there"


PEOPLE_STEPS = (
    Step("Leave the demo out", _no_demo),
    Step("Add liaisons for each language", _staff),
    Step("Add two people who may approve together", _two_people),
    Step("Plan the shifts", _shifts),
    Step("List the facilities and courts", _directory),
    Step("Connect the custody feed", _feed),
    Step("Apply the first file", _first_file),
    Step("Open the cases", _cases),
    Step("Let the purge run", _purge),
    Step(
        "Agree on how long data is kept",
        _retention,
        by_hand="Decide it with whoever keeps the records schedule; let backups end in the same time.",
    ),
    Step(
        "Set up a monitor of your own",
        _ready,
        by_hand="Let it read this from inside, and alarm on 503 and on the word degraded.",
    ),
    Step(
        "Ring the line yourself",
        _ring,
        by_hand="Ring each number: a wrong PIN, a callback, a stopped server. Only then give it out.",
    ),
)
