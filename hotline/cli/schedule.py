"""`hotline staff schedule` and `hotline staff absence`: people's weeks, and who is away."""

from datetime import UTC, date, datetime, time

import click

from hotline.cli.command.context import emit, fail, open_installation
from hotline.refusals.wording import in_english
from models.staff.schedule import WEEKDAYS, Schedule, add_absence, set_schedule, week_of
from models.staff.staff import StaffError, find_staff

ACTOR = "command line"

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.command()
@click.argument("email")
@click.option("--days", help="Such as mon-fri, or mon,wed; without it the week is shown and nothing changed.")
@click.option("--from", "starts", help="When it starts, in the office's time zone, such as 09:00.")
@click.option("--to", "ends", help="When it ends, such as 17:00; at or before the start: on the next day.")
@click.option("--on-call", is_flag=True, help="On call for urgent callbacks out of hours, not on shift.")
@click.option("--free", is_flag=True, help="Leave these days free.")
@as_json
def schedule(
    email: str,
    days: str | None,
    starts: str | None,
    ends: str | None,
    on_call: bool,
    free: bool,
    as_json: bool,
) -> None:
    """Set or show a person's week. Office holidays are free; `on-shift` and `off-shift` hold until the next
    scheduled change."""
    installation = open_installation()
    if days is None and (starts or ends or on_call or free):
        fail("--days is missing.")
    if days is not None and free == bool(starts and ends):
        fail("--from and --to must both be given, or --free alone.")
    span = (_time("--from", starts), _time("--to", ends)) if starts and ends else None
    try:
        with installation.database.transaction() as session:
            if days is not None:
                kind = "on_call" if on_call else "on_shift"
                set_schedule(
                    session, email, kind=kind, weekdays=_days(days), span=span, actor=ACTOR,
                    now=datetime.now(UTC),
                )  # fmt: skip
            week = [_told(one) for one in week_of(session, find_staff(session, email).id)]
    except StaffError as error:
        fail(f"EMAIL: {in_english(error)}")
    lines = [
        f"{one['day']}  {one['from']}-{_end(one['to'])}  {one['kind'].replace('_', ' ')}" for one in week
    ]
    emit(as_json, week, "\n".join(lines) or "No schedule.")


@click.command()
@click.argument("email")
@click.option("--from", "first", required=True, help="The first day away, such as 2026-12-21.")
@click.option("--to", "last", required=True, help="The last day away.")
@as_json
def absence(email: str, first: str, last: str, as_json: bool) -> None:
    """Note days on which a person is away: their schedule does not count then."""
    installation = open_installation()
    first_day, last_day = _day("--from", first), _day("--to", last)
    if last_day < first_day:
        fail("--to must not be before --from.")
    try:
        with installation.database.transaction() as session:
            add_absence(session, email, first_day, last_day, actor=ACTOR, now=datetime.now(UTC))
    except StaffError as error:
        fail(f"EMAIL: {in_english(error)}")
    emit(as_json, {"from": first_day.isoformat(), "to": last_day.isoformat()}, "Noted.")


def _told(one: Schedule) -> dict[str, str]:
    return {
        "day": WEEKDAYS[one.weekday],
        "from": f"{one.starts:%H:%M}",
        "to": f"{one.ends:%H:%M}",
        "kind": one.kind,
    }


def _end(time: str) -> str:
    return "24:00" if time == "00:00" else time


def _days(text: str) -> list[int]:
    """The numbers of "mon-fri" or "mon,wed"; a range may go over the end of the week."""
    found: list[int] = []
    for part in text.lower().split(","):
        first, is_range, last = part.strip().partition("-")
        if first not in WEEKDAYS or (is_range and last not in WEEKDAYS):
            fail("--days must be weekdays such as mon-fri or mon,wed.")
        begins, ends = WEEKDAYS.index(first), WEEKDAYS.index(last if is_range else first)
        found += [day % 7 for day in range(begins, ends + (7 if ends < begins else 0) + 1)]
    return found


def _time(option: str, text: str) -> time:
    try:
        at = time.fromisoformat("00:00" if text == "24:00" else text)
    except ValueError:
        fail(f"{option} must be a time such as 09:00.")
    if at.tzinfo is not None or at.second or at.microsecond:
        fail(f"{option} must be a time such as 09:00.")
    return at


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"{option} must be a day such as 2026-12-21.")
