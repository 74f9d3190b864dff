"""What a caller may hear about a person now: one neutral answer, or a dated status and allowed details."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any, Literal, Protocol, TypeGuard
from zoneinfo import ZoneInfo

from models.custody.custody import DATED_FACTS, IN_CUSTODY_KINDS, REMOVAL_STAGES


def day_began(at: datetime, zone: tzinfo) -> datetime:
    """The midnight in ``zone`` with which the day of ``at`` begins."""
    return datetime.combine(at.astimezone(zone).date(), time(), zone).astimezone(UTC)


def is_day_alone(at: datetime, zone: tzinfo) -> bool:
    """Whether only the day of ``at`` is known: such a date comes as the midnight with which it begins."""
    return at == day_began(at, zone)


class Standing(Protocol):
    """The facts of a case that decide what a caller may hear, from a call's state or a callback's case.

    ``case_id`` is the case that was opened and ``found_case_id`` the one that was read. ``held_import_id`` is
    the import that holds the newest record, or its own one while that is being taken back.
    """

    @property
    def case_id(self) -> int | None: ...
    @property
    def found_case_id(self) -> int | None: ...
    @property
    def case_closed_at(self) -> datetime | None: ...
    @property
    def subject_as_of(self) -> datetime | None: ...
    @property
    def absent_since(self) -> datetime | None: ...
    @property
    def held_import_id(self) -> int | None: ...
    @property
    def record_id(self) -> int | None: ...
    @property
    def custody_status(self) -> str | None: ...
    @property
    def status_at(self) -> datetime | None: ...
    @property
    def releasable(self) -> bool | None: ...
    @property
    def removal_stage(self) -> str | None: ...
    @property
    def expected_release_at(self) -> datetime | None: ...
    @property
    def next_hearing_at(self) -> datetime | None: ...
    @property
    def next_hearing_place(self) -> str | None: ...
    @property
    def hearing_zone(self) -> str | None: ...
    @property
    def facility_name(self) -> str | None: ...
    @property
    def facility_phone(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class HeardRules:
    """The office's numbers, switches and time zone; a switch that is not exactly True denies (R12, R14)."""

    fresh_minutes: float = 60
    spoken_stale_hours: float = 24
    future_skew_minutes: float = 5
    allow_facility: bool = False
    allow_hearing: bool = False
    allow_expected_release: bool = False
    allow_removal_stage: bool = False
    zone: tzinfo = UTC

    def today(self, now: datetime) -> datetime:
        """When the office's day began."""
        return day_began(now, self.zone)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the line may say. With kind ``neutral`` nothing else is ever set, so no reason can leak (R13).

    ``status`` is a word of R15, ``status_at`` its date and ``as_of`` the moment the feed last confirmed it.
    ``age`` is ``fresh`` or ``notice`` for a person in custody, and None for a dated fact, which does not age.
    ``facility_phone`` is never set without ``facility_name``. ``next_hearing_place`` and ``hearing_zone``,
    the IANA time zone of the court, are set together: without a zone no hearing time is told (R14).
    ``hard_news`` asks for R19.
    """

    kind: Literal["neutral", "status"]
    status: str | None = None
    status_at: datetime | None = None
    as_of: datetime | None = None
    age: Literal["fresh", "notice"] | None = None
    facility_name: str | None = None
    facility_phone: str | None = None
    removal_stage: str | None = None
    next_hearing_at: datetime | None = None
    next_hearing_place: str | None = None
    hearing_zone: str | None = None
    expected_release_at: datetime | None = None
    hard_news: bool = False

    @property
    def has_details(self) -> bool:
        """Whether anything follows the status: a phone, a stage, a hearing or an expected release (R14)."""
        details = (
            self.facility_phone,
            self.removal_stage,
            self.next_hearing_at,
            self.expected_release_at,
        )
        return any(detail is not None for detail in details)


#: The one object for denied, no record, closed, stale, absent, held, false and implausible records.
NEUTRAL = Heard("neutral")


def heard(state: Standing, now: datetime, rules: HeardRules) -> Heard:
    """What a verified person may hear about the subject of the case that was opened (R12-R15, R19).

    Any missing or implausible value makes the answer NEUTRAL. This does not check the PIN, but a call that
    has opened no case, or a case other than the one that was read, hears NEUTRAL too.
    """
    status, as_of = state.custody_status, state.subject_as_of
    if status is None or as_of is None or not _may_be_said(state, now, rules):
        return NEUTRAL
    in_custody = status in IN_CUSTODY_KINDS
    age: Literal["fresh", "notice"] | None = None
    if in_custody:
        if now - as_of > timedelta(hours=rules.spoken_stale_hours):
            return NEUTRAL
        age = "fresh" if now - as_of <= timedelta(minutes=rules.fresh_minutes) else "notice"
    # A hearing or a stage of the removal case means nothing once the person was removed or has died, and an
    # expected release means nothing once they are out.
    case_goes_on = status not in ("removed", "deceased")
    facility = state.facility_name if rules.allow_facility is True else None
    # The phone of a facility is useless once the person was removed or has died.
    phone = state.facility_phone if facility is not None and case_goes_on else None
    hearing = state.next_hearing_at if rules.allow_hearing is True and case_goes_on else None
    if hearing is not None and hearing <= now and hearing not in _days_now(state, now, rules):
        hearing = None
    release = state.expected_release_at if rules.allow_expected_release is True and in_custody else None
    return Heard(
        "status",
        status=status,
        status_at=state.status_at,
        as_of=as_of,
        age=age,
        facility_name=facility,
        facility_phone=phone,
        removal_stage=state.removal_stage if rules.allow_removal_stage is True and case_goes_on else None,
        next_hearing_at=hearing,
        next_hearing_place=state.next_hearing_place if hearing is not None else None,
        hearing_zone=state.hearing_zone if hearing is not None else None,
        # Only its day is said, so it is ahead until that day is over.
        expected_release_at=release if release is not None and release >= rules.today(now) else None,
        hard_news=not in_custody,
    )


def _days_now(state: Standing, now: datetime, rules: HeardRules) -> tuple[datetime, ...]:
    """When today began at the office and at the court: a hearing of which the day alone is known is ahead."""
    if state.hearing_zone is None:
        return (rules.today(now),)
    return rules.today(now), day_began(now, ZoneInfo(state.hearing_zone))


def _may_be_said(state: Standing, now: datetime, rules: HeardRules) -> bool:
    return _case_is_open_to(state) and _record_may_be_said(state, now, rules) and _details_are_sane(state)


def _case_is_open_to(state: Standing) -> bool:
    return state.case_id is not None and state.case_id == state.found_case_id and state.case_closed_at is None


def _record_may_be_said(state: Standing, now: datetime, rules: HeardRules) -> bool:
    if state.record_id is None or state.releasable is not True:
        return False
    if state.absent_since is not None or state.held_import_id is not None:
        return False
    status = state.custody_status
    if not isinstance(status, str) or status not in IN_CUSTODY_KINDS | DATED_FACTS:
        return False
    latest = now + timedelta(minutes=rules.future_skew_minutes)
    return all(_is_moment(at) and at <= latest for at in (state.status_at, state.subject_as_of))


def _details_are_sane(state: Standing) -> bool:
    """An implausible detail means that the import did not write the row; none of it is trusted."""
    moments = (state.next_hearing_at, state.expected_release_at)
    texts = (state.facility_name, state.facility_phone, state.next_hearing_place, state.hearing_zone)
    return (
        all(at is None or _is_moment(at) for at in moments)
        and all(text is None or (isinstance(text, str) and text.strip() != "") for text in texts)
        and (state.facility_name is None) == (state.facility_phone is None)
        and (state.next_hearing_place is None) == (state.hearing_zone is None)
        and (state.removal_stage is None or state.removal_stage in REMOVAL_STAGES)
    )


def _is_moment(value: Any) -> TypeGuard[datetime]:
    return isinstance(value, datetime) and value.utcoffset() is not None
