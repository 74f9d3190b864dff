"""The partner lines of the help menu."""

from itertools import count
from typing import Any

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response

from config.office_file import MOST_SERVICES
from hotline.console.office.area import area
from hotline.console.office.form import KEEP, READ, Settings, save, typed_line
from hotline.console.shell.guard import guard_staff
from hotline.console.shell.phone_field import plain_number
from hotline.console.shell.typed_fields import DRAWN, given
from hotline.console.shell.words import language_name


def _page(settings: Settings, wrong: str | None = None) -> str:
    names = {code: language_name(code) for code in settings.office.languages}
    rows, both = _laid_over(settings.value("services") or [], tuple(names))
    return render_template(
        "console/office/partners.html", s=settings, rows=rows, both=both, names=names, wrong=wrong
    )


@area.get("/office/partners")
@guard_staff(*READ)
def office_partners() -> str:
    return _page(Settings.of_now())


@area.post("/office/partners")
@guard_staff(*KEEP)
def save_partners() -> Response | tuple[str, int]:
    settings = Settings.of_now()
    services = [one for n in range(MOST_SERVICES) if (one := _service(settings, n)) is not None]
    _give_keys(services)
    if wrong := save(("services", services)):
        return _page(Settings.of_now(), wrong), 422
    return redirect(url_for("console.office.office_partners"), code=303)


def _laid_over(
    listed: list[dict[str, Any]], languages: tuple[str, ...]
) -> tuple[list[tuple[dict[str, Any], dict[str, Any]]], list[str]]:
    """Each row of the form with its current values, and the lines that both the author and another changed.

    A line is one unit and has a key: a line that the author left alone is shown as it is now, wherever it is
    in the list by now.
    """
    rows: list[tuple[dict[str, Any], dict[str, Any]]] = [(one, one) for one in listed]
    both: list[str] = []
    for n in range(MOST_SERVICES):
        line, drawn = _row(n, languages), _row(n, languages, DRAWN)
        if line is None or drawn is None or _words(line) == _words(drawn):
            continue
        place = next((at for at, (_, now) in enumerate(rows) if now.get("key") == line["key"]), None)
        if place is not None:
            now = rows[place][1]
            rows[place] = line, now
            is_others = _words(now) not in (_words(drawn), _words(line))
        else:
            # A new line, or one that somebody else removed meanwhile. Saving it makes it new.
            is_others = bool(line["key"]) and any(_words(line))
            if any(_words(line)) and len(rows) < MOST_SERVICES:
                rows.append((line, {}))
            elif any(_words(line)):
                is_others = True
        if is_others:
            both.append(next(word for word in (*_words(line), *_words(drawn)) if word))
    return rows + [({}, {})] * (MOST_SERVICES - len(rows)), both


def _row(n: int, languages: tuple[str, ...], kind: str = "") -> dict[str, Any] | None:
    """A line as it was typed, or as its form was drawn; None if the request has no such form."""
    phone = given(f"{kind}phone-{n}")
    if phone is None:
        return None
    names = {code: given(f"{kind}name-{n}-{code}") or "" for code in languages}
    return {"key": given(f"key-{n}") or "", "name": names, "phone": phone}


def _words(line: dict[str, Any]) -> list[str]:
    """The content of a line, in the order of its languages, with its phone last."""
    names = line.get("name") or {}
    return [*(names[code] for code in sorted(names)), line.get("phone") or ""]


def _give_keys(services: list[dict[str, Any]]) -> None:
    """A new line gets a key that no other line has."""
    taken = {one["key"] for one in services}
    free = (key for n in count(1) if (key := f"service_{n}") not in taken)
    for one in services:
        one["key"] = one["key"] or next(free)


def _service(settings: Settings, position: int) -> dict[str, Any] | None:
    """One row of the form; None when it is empty. A new one has no key yet."""
    names = {code: typed_line(f"name-{position}-{code}") for code in settings.office.languages}
    phone, key = typed_line(f"phone-{position}", 30), typed_line(f"key-{position}", 40)
    if not phone and not any(names.values()):
        return None
    number = phone if phone.isdecimal() and len(phone) <= 6 else plain_number(phone, settings.office) or phone
    return {"key": key, "name": names, "phone": number}
