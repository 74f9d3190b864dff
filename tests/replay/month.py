"""A month of a custody feed: what happens to each person, and what the files say of it, late and in disorder.

Every hour a file brings what changed, and every morning a full snapshot brings everybody. Beside what is true
the files repeat rows, correct dates, bring older rows late, miss hours, and lie twice. What is true is kept
beside them, so that a replay can compare.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal

from models.custody.custody import IN_CUSTODY_KINDS
from tests.models.custody.feed import feed_row

#: How many of a hundred people each change happens to within thirty days.
PERCENT = {
    "transferred": 9.0, "released": 6.0, "released_on_bond": 3.0, "released_on_supervision": 4.5,
    "escaped": 0.5, "removed": 4.5, "deceased": 0.3,
}  # fmt: skip
COURT = "Lumpkin Court"
#: What people do with a file that the brake holds.
Holding = Literal["release", "reject"]
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_SNAPSHOT_AT, _FILE_AT = timedelta(hours=9, minutes=10), timedelta(minutes=5)
#: Hours (UTC) at which an office of the feed works, and how much more happens then.
_WORKING, _MORE = range(13, 23), 4
#: Parts of the facts that arrive late, come twice, are corrected, or are followed by an older row.
_LATE, _TWICE, _REDATED, _OLD_ROW = 0.05, 0.15, 0.05, 0.05
_DENIED, _WITH_HEARING, _WITH_RELEASE_DATE = 0.04, 0.03, 0.02


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that the feed says of a person from ``known_at`` on. ``is_news``: it happened, once."""

    known_at: datetime
    status: str
    status_at: datetime
    is_news: bool = True


@dataclass(frozen=True, slots=True)
class FeedFile:
    """One file. ``holding`` is what people do with it if the brake must hold it; None for any other."""

    at: datetime
    rows: Sequence[dict[str, str]]
    full: bool = False
    holding: Holding | None = None


@dataclass
class Month:
    """The people with these feed ids, from ``start`` on. The same seed makes the same month.

    ``busy`` multiplies how often something happens.
    """

    feed_ids: Sequence[str]
    start: datetime
    days: int
    seed: int
    busy: float = 1.0
    #: What is said of each person, in the order in which it is known.
    facts: dict[str, list[Fact]] = field(init=False)
    denied: set[str] = field(init=False)
    mass_release_at: datetime = field(init=False)
    mislabeled_at: datetime = field(init=False)
    silence: tuple[datetime, datetime] = field(init=False)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)
        self.denied = {one for one in self.feed_ids if self._random.random() < _DENIED}
        self._unused = [one for one in self.feed_ids if one not in self.denied]
        self._random.shuffle(self._unused)
        self._absent: dict[str, int] = {}
        self._apart: list[FeedFile] = []
        self._hearings = self._dates(_WITH_HEARING)
        self._release_dates = self._dates(_WITH_RELEASE_DATE)
        begins = self.start - _DAY
        self.facts = {
            one: [Fact(begins, "in_custody", self.start - timedelta(days=self._random.randint(3, 300)))]
            for one in self.feed_ids
        }
        for kind, percent in PERCENT.items():
            self._happens(kind, round(len(self.feed_ids) * percent * self.busy * self.days / 3000) or 1)
        self.mislabeled_at = self._day(0.3) + timedelta(hours=19, minutes=20)
        quiet = self._day(0.4) + timedelta(hours=15)
        self.silence = (quiet, quiet + timedelta(hours=9))
        self._releases_many()
        self._calls_a_death_a_release()
        self._flips_one()
        self._mislabels()
        self._absent = self._vanishing()

    @property
    def ends(self) -> datetime:
        """The last file is older."""
        return self.start + self.days * _DAY

    def news(self) -> Counter[tuple[str, str]]:
        """What happened that may be told: (feed id, kind), with how often."""
        return Counter(
            (one, fact.status)
            for one, facts in self.facts.items()
            if one not in self.denied
            for fact in facts[1:]
            if fact.is_news
        )

    def news_by_hour(self) -> Counter[datetime]:
        """How much happened that an hourly file brought, by the hour of the file."""
        found: Counter[datetime] = Counter()
        for facts in self.facts.values():
            for fact in facts[1:]:
                if fact.is_news and fact.known_at != self.mass_release_at:
                    found[fact.known_at.replace(minute=0, second=0, microsecond=0) + _HOUR] += 1
        return found

    def files(self) -> Iterator[FeedFile]:
        """Every file in the order of its arrival."""
        by_themselves = {file.at for file in self._apart}
        known = sorted(
            (fact.known_at, one)
            for one, facts in self.facts.items()
            for fact in facts[1:]
            if fact.known_at not in by_themselves
        )
        late = sorted(self._later_rows(known), key=lambda row: row[0])
        apart = sorted(self._apart, key=lambda one: one.at)
        since = self.start
        yield FeedFile(self.start, self._snapshot(self.start), full=True)
        for hour in range(1, self.days * 24):
            midnight = self.start + hour * _HOUR
            at = midnight + _FILE_AT
            while apart and apart[0].at < at:
                yield apart.pop(0)
            if self.silence[0] <= at < self.silence[1]:
                continue
            is_snapshot = hour % 24 == _SNAPSHOT_AT // _HOUR
            people = dict.fromkeys(one for known_at, one in known if since < known_at <= at)
            rows = [self._row(one, at) for one in people]
            rows += [row for moment, row in late if since < moment <= at and row["subject_id"] not in people]
            holds_many = since < self.mass_release_at <= at
            since = at
            if rows:
                self._random.shuffle(rows)
                yield FeedFile(at, rows, holding="release" if holds_many else None)
            if is_snapshot:
                yield FeedFile(at + _FILE_AT, self._snapshot(at + _FILE_AT), full=True)

    def status_of(self, feed_id: str, at: datetime) -> Fact:
        """What the feed knows of a person at a moment."""
        return [fact for fact in self.facts[feed_id] if fact.known_at <= at][-1]

    # What happens.

    def _happens(self, kind: str, people: int) -> None:
        for one in self._free(people):
            at = self._moment()
            self.facts[one].append(Fact(self._known_at(at), kind, at))
            fact = self.facts[one][-1]
            if self._random.random() < _REDATED:
                wrong_by = timedelta(hours=self._random.choice((-2, -1)))
                known_at = fact.known_at + timedelta(hours=self._random.randint(3, 6))
                self.facts[one].append(Fact(known_at, kind, at + wrong_by, is_news=False))

    def _releases_many(self) -> None:
        """On a Saturday night, more people than the brake lets pass."""
        day = self._day(0.5)
        day += ((5 - day.weekday()) % 7) * _DAY
        # Saturday 10:40 PM in New York is early on Sunday in UTC.
        self.mass_release_at = day + timedelta(days=1, hours=3, minutes=40)
        for one in self._free(max(14, len(self.feed_ids) * 3 // 200)):
            self.facts[one].append(
                Fact(self.mass_release_at, "released", self.mass_release_at - timedelta(minutes=30))
            )

    def _calls_a_death_a_release(self) -> None:
        for one in self._free(1):
            at = self._day(0.6) + timedelta(hours=16)
            self.facts[one] += [
                Fact(at, "released", at - _HOUR),
                Fact(at + timedelta(hours=1, minutes=30), "deceased", at - _HOUR),
            ]

    def _flips_one(self) -> None:
        """One person is said to be out and three hours later to have been inside all the time."""
        for one in self._free(1):
            at = self._day(0.7) + timedelta(hours=15)
            inside = self.facts[one][-1]
            taken_back = at + timedelta(hours=3, minutes=20)
            self.facts[one] += [
                Fact(at, "released", at - _HOUR),
                Fact(taken_back, "in_custody", inside.status_at),
            ]
            # It says the impossible, in a file of its own, so that nobody else is held with this person.
            row = self._row(one, taken_back)
            self._apart.append(FeedFile(taken_back, [row], holding="release"))

    def _mislabels(self) -> None:
        """A snapshot in which two of three people in custody are called released."""
        rows = self._snapshot(self.mislabeled_at)
        for row in rows:
            if row["status"] in IN_CUSTODY_KINDS and self._random.random() < 0.67:
                row["status"], row["status_at"] = "released", (self.mislabeled_at - _HOUR).isoformat()
        self._apart.append(FeedFile(self.mislabeled_at, rows, full=True, holding="reject"))

    def _vanishing(self) -> dict[str, int]:
        """Who is missing from the snapshot of one day, by the number of that day."""
        days = range(2, self.days - 1)
        each = len(self.feed_ids) // 10_000
        absent = {one: day for day in days for one in self._free(each)}
        # Of fewer people one would be more than the brake allows to be missing.
        return absent | dict.fromkeys(self._free(len(self.feed_ids) >= 100), self.days // 2)

    # What is said of it.

    def _later_rows(self, known: Sequence[tuple[datetime, str]]) -> Iterator[tuple[datetime, dict[str, str]]]:
        """Rows that come again, and older ones that come late."""
        for known_at, one in known:
            if self._random.random() < _TWICE:
                moment = known_at + 2 * _HOUR
                yield moment, self._row(one, moment)
            if self._random.random() < _OLD_ROW:
                before = known_at - timedelta(minutes=10)
                yield known_at + timedelta(hours=self._random.randint(2, 5)), self._row(one, before)

    def _snapshot(self, at: datetime) -> list[dict[str, str]]:
        day = (at - self.start) // _DAY
        return [self._row(one, at) for one in self.feed_ids if self._absent.get(one) != day]

    def _row(self, feed_id: str, at: datetime) -> dict[str, str]:
        fact = self.status_of(feed_id, at)
        values: dict[str, Any] = {"status": fact.status, "status_at": fact.status_at, "as_of": at}
        if (hearing := self._hearings.get(feed_id)) is not None:
            values |= {"next_hearing_at": hearing, "next_hearing_place": COURT}
        if (out := self._release_dates.get(feed_id)) is not None:
            values["expected_release_at"] = out
        if feed_id in self.denied:
            values["asylum_related"] = "yes"
        return feed_row(feed_id, **values)

    def _dates(self, part: float) -> dict[str, datetime]:
        """Noon of a day of this month, for a part of the people."""
        return {
            one: self.start + timedelta(days=self._random.randrange(self.days), hours=17)
            for one in self.feed_ids
            if self._random.random() < part
        }

    def _free(self, people: int) -> list[str]:
        """People to whom nothing else happens; fewer if there are no more."""
        found, self._unused = self._unused[:people], self._unused[people:]
        return found

    def _moment(self) -> datetime:
        """A moment of the month after its first day, more often in working hours."""
        while True:
            at = self.start + _DAY + self._random.random() * (self.days - 2) * _DAY
            often = _MORE if at.hour in _WORKING and at.weekday() < 5 else 1
            if self._random.random() < often / _MORE:
                return at.replace(microsecond=0)

    def _known_at(self, at: datetime) -> datetime:
        delay = timedelta(minutes=self._random.uniform(1, 15))
        if self._random.random() < _LATE:
            delay = timedelta(hours=self._random.uniform(2, 20))
        return min(at + delay, self.ends - 2 * _HOUR).replace(microsecond=0)

    def _day(self, part: float) -> datetime:
        """The beginning of the day after this part of the month."""
        return self.start.replace(hour=0) + max(1, round(self.days * part)) * _DAY


def history(month: Month) -> Counter[datetime]:
    """What the files of the thirty days before changed, by the hour: the brake compares with it."""
    before = Month(month.feed_ids, month.start - timedelta(days=30), 30, month.seed + 1, month.busy)
    return before.news_by_hour()
