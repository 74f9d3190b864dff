"""Which days of an absence are refused, on My shift and in the schedule."""

from datetime import date, timedelta

from hotline.console.shell.words import _

#: How far ahead an absence may be reported.
_FAR = timedelta(days=730)


def wrong_days(first: date, last: date, today: date) -> dict[str, str]:
    """What is wrong, by field. An absence that is over would be saved and then be in no list."""
    if last < first:
        return {"last_day": _("The last day is before the first.")}
    if last < today:
        return {"last_day": _("This day is in the past. Enter today or a later day.")}
    far = _("This day is more than two years away. Enter an earlier day.")
    return {name: far for name, day in (("first_day", first), ("last_day", last)) if day > today + _FAR}
