"""What may be said about a case, as text: the prompts of the line itself, in the person's language (R13)."""

import re
from datetime import datetime

from ivr_flows.prompts import Prompts
from ivr_flows.verbs.correction_words import WRONG, WRONG_DATE
from ivr_flows.verbs.status_words import say_details, say_status
from models.custody.custody_status import Heard
from models.notices.taking_back.corrections import WrongNews

#: Marks for the voice: digits to be read one by one, and pauses.
_GROUPS = re.compile(r"«(\d{3})», «(\d{3})», «(\d{4})»")
_MARKS = re.compile(r"[«»]| \|(?= |$)")
#: Said twice for the ear; a reader has the number before them.
_ONLY_SPOKEN = "status.facility_phone_again"


class StatusPage:
    """Collects the words of a status, as the desk of a call does."""

    def __init__(
        self, prompts: Prompts, language: str, time_zone: str, now: datetime, office_zone: str
    ) -> None:
        self.prompts = prompts
        self.lines: list[str] = []
        self._language, self._time_zone, self._now = language, time_zone, now
        self._office_zone = office_zone

    def say(self, prompt: str, **slots: str) -> None:
        """One prompt, as it is written."""
        if prompt == _ONLY_SPOKEN:
            return
        said = _GROUPS.sub(r"\1-\2-\3", self.prompts.text(self._language, prompt, **slots))
        self.lines.append(_MARKS.sub("", said))

    def words(self, prompt: str, **slots: str) -> str:
        """The words of a prompt that is part of another."""
        return self.prompts.text(self._language, prompt, **slots)

    @property
    def zone(self) -> str:
        """The person's time zone."""
        return self._time_zone

    @property
    def office_zone(self) -> str:
        """The time zone for days that do not depend on where the person is."""
        return self._office_zone

    def when(
        self, at: datetime, *, on: bool = False, clock: bool = False, time_zone: str | None = None
    ) -> str:
        """A day in the person's time zone, as the line says it."""
        zone = time_zone or self._time_zone
        return self.prompts.when(
            self._language, at, zone, self._now, on=on, clock=clock, heard_in=self._time_zone
        )


def words_of(
    prompts: Prompts,
    found: Heard,
    language: str,
    time_zone: str,
    now: datetime,
    *,
    office_zone: str,
    was_wrong: WrongNews | None = None,
) -> list[str]:
    """Every sentence that may be said, in the order of the line.

    ``was_wrong`` is what a correction takes back, which is said first (R16).

    If the office has dropped the person's language, they are in its first one, for an interpreter.
    """
    known = language if language in prompts.languages else next(iter(prompts.languages))
    page = StatusPage(prompts, known, time_zone, now, office_zone)
    if was_wrong is not None:
        page.say(WRONG_DATE if was_wrong.is_date else WRONG, on=page.when(was_wrong.told_at, on=True))
    say_status(page, found)
    say_details(page, found)
    return page.lines
