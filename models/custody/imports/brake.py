"""The brake: an import that changes too much, or contains the impossible, is reviewed by people first (R16).

"Skips a batch" is known of files that arrive with a manifest (``feed/batch.py``). A plain file has no number:
a missed one shows as records that become stale (R14), a truncated snapshot as a drop in rows.
"""

from dataclasses import dataclass
from datetime import datetime

from models.custody.custody import IN_CUSTODY_KINDS, RELEASED_KINDS
from models.store.policies import Policies

OUT = RELEASED_KINDS | {"escaped"}
#: The batches before a file's own number that have not arrived.
SKIPS_A_BATCH = "skips_a_batch"
#: A plain file that one person applied in production: a second one has to agree.
ONE_PERSON = "one_person"


@dataclass(frozen=True, slots=True)
class HoldReason:
    """Why an import is held: a code, a count, and the limit that would have passed. Never a person."""

    code: str
    count: int
    limit: float

    def to_text(self) -> str:
        """The three values separated by spaces, for the import's row."""
        return f"{self.code} {self.count} {self.limit:g}"

    @classmethod
    def from_text(cls, text: str) -> "HoldReason":
        """Parse one."""
        code, count, limit = text.split(" ")
        return cls(code, int(count), float(limit))


@dataclass(frozen=True, slots=True)
class EarlierChanges:
    """What earlier files changed, except those released by two people, so that splitting a file never helps.

    ``hour`` and ``day`` are changed statuses of open cases in the last 60 minutes and 24 hours, and
    ``denials`` the releases from denial in the last 60 minutes. The peaks are the highest counts of one hour
    and of one day in the 30 days before those spans: the current count must not raise its own limit.
    ``moved_releases`` and ``moved_hearings`` are those of the last 24 hours.
    """

    hour: int = 0
    day: int = 0
    denials: int = 0
    peak_hour: int = 0
    peak_day: int = 0
    moved_releases: int = 0
    moved_hearings: int = 0


@dataclass(slots=True)
class Tally:
    """What an import would do, counted while it is read.

    ``status_changes`` counts open cases, so a person with two counts twice; a first record does not count.
    ``from_denial`` counts people who were denied and would be releasable. ``usable_rows`` are the rows that
    were not rejected. ``absent`` counts people with a record who are not in a full snapshot; their open cases
    are status changes too. ``moved_releases`` and ``moved_hearings`` count open cases whose date was ahead
    and is another one now, or none, under the same status.
    """

    usable_rows: int = 0
    status_changes: int = 0
    from_denial: int = 0
    in_the_future: int = 0
    impossible: int = 0
    absent: int = 0
    moved_releases: int = 0
    moved_hearings: int = 0


def is_impossible(
    old_status: str, old_status_at: datetime | None, new_status: str, new_status_at: datetime | None
) -> bool:
    """Whether one status cannot follow another.

    No status follows death. A removed person is not simply in custody again. A person who got out can be in
    custody again only with a date newer than that.
    """
    if old_status == "deceased":
        return new_status not in ("deceased", "unknown")
    if new_status not in IN_CUSTODY_KINDS:
        return False
    if old_status == "removed":
        return True
    is_newer = old_status_at is not None and new_status_at is not None and new_status_at > old_status_at
    return old_status in OUT and not is_newer


def hold_reasons(
    tally: Tally,
    policies: Policies,
    *,
    open_cases: int,
    people: int,
    last_snapshot_rows: int | None,
    earlier: EarlierChanges,
    skipped_batches: int = 0,
    dated: tuple[int, int] = (0, 0),
) -> list[HoldReason]:
    """Every reason to hold the import; empty when it may land.

    ``people`` are those with an open case; ``last_snapshot_rows`` are the usable rows of the last full
    snapshot that landed, None for a delta or a first snapshot. ``skipped_batches`` are the numbers before
    this file's that have not arrived. A file that changes nothing is never held because of what earlier files
    changed.

    ``dated`` are the open cases with an expected release ahead, and those with a hearing. A date makes calls
    as a status does, and a column that slipped by a row moves most of them. Nobody is called about a date
    whose reminders are off.
    """
    found = [
        HoldReason(SKIPS_A_BATCH, skipped_batches, 0),
        HoldReason("times_in_the_future", tally.in_the_future, 0),
        HoldReason("impossible_changes", tally.impossible, 0),
        HoldReason("empty_snapshot", 0 if tally.usable_rows else tally.absent, 0),
        HoldReason(
            "releases_from_denial",
            tally.from_denial and tally.from_denial + earlier.denials,
            max(policies.brake_releasable_floor, people * policies.brake_releasable_percent / 100),
        ),
    ]
    moved = (
        ("moved_releases", dated[0], policies.expected_release_reminder_days),
        ("moved_hearings", dated[1], policies.hearing_reminder_days),
    )
    for code, known, days in moved:
        if days:
            count, before = getattr(tally, code), getattr(earlier, code)
            found += [
                HoldReason(code, count, max(policies.brake_floor, known / 2)),
                HoldReason(f"{code}_day", count and count + before, max(policies.brake_day_floor, known / 2)),
            ]
    hour = min(open_cases * policies.brake_percent / 100, policies.brake_peak_factor * earlier.peak_hour)
    day = policies.brake_day_peak_factor * earlier.peak_day
    changes = tally.status_changes
    limits = {
        "status_changes": (earlier.hour, max(policies.brake_floor, hour)),
        "status_changes_day": (earlier.day, max(policies.brake_day_floor, day)),
    }
    found += [
        HoldReason(code, changes and changes + before, limit) for code, (before, limit) in limits.items()
    ]
    if last_snapshot_rows:
        missing = last_snapshot_rows - tally.usable_rows
        most = last_snapshot_rows * policies.brake_drop_percent / 100
        found.append(HoldReason("missing_rows", missing, most))
    return [reason for reason in found if reason.count > reason.limit]
