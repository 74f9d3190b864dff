"""The changes that a page announces: each once, and some of them also by sound, notification and title."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hotline.console.shell.words import _, language_inside, ngettext
from models.callouts.callout import NO_ANSWER, NO_KEY, NOT_RUNG
from models.frame.call_bar import CallBar, Other, OwnCall, OwnCallout, UnmadeCallout
from models.frame.standing import Standing

#: A claim that ends within this time is announced.
CLAIM_ENDS = timedelta(minutes=1)
#: The kind of a token for somebody else in the call, by how they stand.
_JOINED = {"rings": "rings", "there": "joined", "missed": "missed"}


@dataclass(frozen=True, slots=True)
class News:
    """One sentence, and the tokens that it is about: it is announced when one of them is new in this tab.

    ``kept`` are tokens that stay announced although they are not in ``tokens`` now. ``alerts``: also by
    sound, notification and title. ``at_first``: also in a tab that has announced nothing yet. A token is its
    kind and an id or a moment, never a name or a number.
    """

    tokens: tuple[str, ...]
    sentence: str
    alerts: bool = False
    at_first: bool = True
    kept: tuple[str, ...] = ()


def news_of(standing: Standing, bar: CallBar, now: datetime) -> list[News]:
    """Everything that a page with this bar announces, the most urgent first."""
    found = [_of_call(call) for call in bar.calls[:1] if call.state != "claimed"]
    found += [
        # Beside the call, so that the end of the hold is not the beginning of a call (desk.js).
        News((f"hold:{key_of(call)}:{_stamp(call.held_at)}",), _("The person is on hold."))
        for call in bar.calls[:1]
        if call.state == "talking" and call.held_at is not None
    ]
    if bar.callout is not None:
        found.append(_of_callout(bar.callout))
    if bar.unmade is not None:
        found.append(News((f"callout:{bar.unmade.id}:unmade",), why_unmade(bar.unmade)))
    found += [
        News((f"{_JOINED[one.stands]}:{one.staff_id or 'interpreter'}",), _joined(one))
        for call in bar.calls[:1]
        for one in call.others
        if one.stands in _JOINED
    ]
    if standing.missed:
        found.append(News((f"away:{_stamp(standing.since)}",), set_away(standing.missed), alerts=True))
    found += [_handed(call, call.handed_at) for call in bar.calls if call.handed_at is not None]
    found += [
        News((f"claim:{call.callback_id}",), _("Your claim ends in 1 min."))
        for call in bar.calls
        if ends_soon(call, now)
    ]
    untaken = standing.untaken
    late = overdue(standing, bar, now)
    for kind, ids, sentence in (
        ("urgent", untaken.first, unclaimed(untaken.count)),
        ("overdue", late, promises_overdue(untaken.overdue_count + len(set(late) - set(untaken.overdue)))),
    ):
        # The line is calling somebody about the kept ones: a missed ring is no news.
        kept = tuple(f"{kind}:{one}" for one in untaken.offered)
        found.append(News(tuple(f"{kind}:{one}" for one in ids), sentence, standing.rings, kept=kept))
    # An extended wrap-up has another end.
    until = f":{_stamp(standing.until)}" if standing.presence == "wrap_up" else ""
    found.append(News((f"shift:{standing.presence}{until}",), _shift(standing, now), at_first=False))
    # On whatever page they are: what is not saved counts as reached.
    found += [News((f"unsaved:{call.talk_id}",), _("Save the outcome of the call.")) for call in bar.unsaved]
    return [one for one in found if one.sentence and (one.tokens or one.kept)]


def what_for(call: OwnCall) -> str:
    """What a call is for and how to speak, as ``Callback, Spanish, urgent``: not who the person is."""
    words = [
        _("Callback") if call.callback_id is not None else _("Caller at 0"),
        language_inside(call.language),
        _("urgent") if call.is_urgent else "",
        _("discreet line, do not name the office") if call.is_discreet else "",
        _("cannot talk") if call.is_silent else "",
    ]
    return ", ".join(word for word in words if word)


def key_of(call: OwnCall) -> str:
    """A name for the call that stays the same from the ring to the end."""
    if call.callback_id is not None:
        return f"callback-{call.callback_id}"
    return f"leg-{call.leg_id}" if call.talk_id is None else f"talk-{call.talk_id}"


def ends_soon(call: OwnCall, now: datetime) -> bool:
    """Whether a claim that was not begun goes back within a minute."""
    return call.state == "claimed" and call.lease_until is not None and call.lease_until - now <= CLAIM_ENDS


def overdue(standing: Standing, bar: CallBar, now: datetime) -> list[int]:
    """Callbacks whose promised time is over: of nobody, and this person's own that are not in a talk."""
    mine = [
        call.callback_id
        for call in bar.calls
        if call.callback_id is not None
        and call.state != "talking"
        and call.due_at is not None
        and call.due_at < now
    ]
    return sorted({*standing.untaken.overdue, *mine})


def unclaimed(count: int) -> str:
    """Urgent work that nobody has."""
    return ngettext("An urgent callback is unclaimed.", "%(num)d urgent callbacks are unclaimed.", count)


def promises_overdue(count: int) -> str:
    """Promises whose time is over."""
    return ngettext("A promised callback is overdue.", "%(num)d promised callbacks are overdue.", count)


def set_away(missed: int) -> str:
    """Why the line ended their shift."""
    return ngettext(
        "You are set away. You missed an offer, so your shift has ended.",
        "You are set away. You missed %(num)d offers in a row, so your shift has ended.",
        missed,
    )


def why_unmade(callout: UnmadeCallout) -> str:
    """Why nobody was called in a call-out."""
    return {
        NOT_RUNG: _("The line could not ring your phone, so nobody was called."),
        NO_ANSWER: _("You did not answer your phone, so nobody was called."),
        NO_KEY: _("You did not accept the call on your phone, so nobody was called."),
    }[callout.why]


def _of_call(call: OwnCall) -> News:
    key, what = key_of(call), what_for(call)
    if call.state == "ringing_liaison":
        said = (
            _("Your phone rings: %(what)s.", what=what)
            if call.leads or call.talk_id is None
            else _("Your phone rings: a colleague asks you into a call.")
        )
        return News((f"call:{key}:rings",), said, alerts=True)
    if call.state == "ringing_caller":
        return News(
            (f"call:{key}:calling",), _("You accepted. Stay on your phone: the line calls the person.")
        )
    # The one who leads it from now on is told (desk.js).
    word = "talking" if call.leads else "with"
    return News((f"call:{key}:{word}",), _("You are in a call: %(what)s.", what=what))


def _handed(call: OwnCall, at: datetime) -> News:
    token = (f"handed:{call.callback_id}:{_stamp(at)}",)
    said = _("A colleague handed this to you: %(what)s.", what=what_for(call))
    if call.state != "claimed":
        # They began it; a ring that they miss is not handed to them again.
        return News((), said, alerts=True, kept=token)
    return News(token, said, alerts=True)


def _of_callout(callout: OwnCallout) -> News:
    if callout.dialled_at is None:
        return News(
            (f"callout:{callout.id}:rings",), _("Your phone rings for the call you asked for."), alerts=True
        )
    return News((f"callout:{callout.id}:calling",), _("The line calls them now."))


def _joined(other: Other) -> str:
    if other.stands == "rings":
        return (
            _("The phone of %(name)s rings.", name=other.name)
            if other.name
            else _("The interpreter's phone rings.")
        )
    if other.stands == "missed":
        return _("%(name)s did not answer.", name=other.name or _("The interpreter"))
    return (
        _("%(name)s joined the call.", name=other.name)
        if other.name
        else _("The interpreter joined the call.")
    )


def _shift(standing: Standing, now: datetime) -> str:
    if standing.presence == "wrap_up" and standing.until is not None:
        seconds = max(1, round((standing.until - now).total_seconds()))
        if seconds >= 120:
            minutes = round(seconds / 60)
            return ngettext(
                "Your wrap-up ends in %(num)d minute.", "Your wrap-up ends in %(num)d minutes.", minutes
            )
        return ngettext(
            "Your wrap-up ends in %(num)d second.", "Your wrap-up ends in %(num)d seconds.", seconds
        )
    return {
        "on_shift": _("You are on shift."),
        "break": _("You are on a break."),
        "on_call": _("You are on call."),
        "off": _("You are off shift."),
    }.get(standing.presence, "")


def _stamp(moment: datetime | None) -> str:
    return "" if moment is None else str(int(moment.timestamp()))
