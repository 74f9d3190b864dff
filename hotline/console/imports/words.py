"""What the pages of imports say of states, changes, statuses and rejects, in words that staff read."""

import re

from flask import current_app, url_for

from hotline.console.shell.words import N_, _

#: Of each state: its word, and the colour of its tag.
STATES = {
    "staging": (N_("Being read"), "quiet"),
    "uploading": (N_("Being read"), "quiet"),
    "previewed": (N_("Waits for your decision"), "warn"),
    "held": (N_("Held"), "bad"),
    "applying": (N_("Landing"), "quiet"),
    "landed": (N_("Landed"), "good"),
    "rejected": (N_("Rejected"), ""),
    "abandoned": (N_("Not landed"), ""),
}
#: Why an import was abandoned.
ENDINGS = {
    "unreadable": N_("The file could not be read as a custody file. Nothing of it landed."),
    "broken_off": N_("The file did not arrive whole. Nothing of it landed."),
    "too_large": N_("The file was larger than this office takes. Nothing of it landed."),
    "died": N_("The program that read it ended in the middle. Nothing of it landed."),
    "discarded": N_("Someone threw it away after the preview. Nothing of it landed."),
    "expired": N_("Nobody decided on it in time. Nothing of it landed."),
    "overtaken": N_("Another import landed first. Nothing of this one landed."),
    "refused": N_("It had rejects, and was to land whole or not at all. Nothing of it landed."),
}
CHANGES = {
    "new": N_("First record"),
    "changed": N_("Changed"),
    "absent": N_("Not in the file any more"),
    "future": N_("Dated in the future"),
    "unchanged": N_("Unchanged"),
}
STATUSES = {
    "cannot_confirm": N_("cannot be confirmed"),
    "in_custody": N_("in custody"),
    "transferred": N_("moved to another place"),
    "returned_to_custody": N_("back in custody"),
    "released_on_bond": N_("released on bond"),
    "released_on_supervision": N_("let out, with rules to follow"),
    "released": N_("released"),
    "removed": N_("sent out of the United States"),
    "escaped": N_("escaped"),
    "deceased": N_("has died"),
}
HOLD_REASONS = {
    "status_changes": N_(
        "With the files of the last hour the status of %(count)s cases would change; at most %(limit)s may."
    ),
    "status_changes_day": N_(
        "With the files of the last 24 hours the status of %(count)s cases changes; at most %(limit)s may."
    ),
    "releases_from_denial": N_(
        "%(count)s people could be spoken of who could not be before; at most %(limit)s may be at once."
    ),
    "missing_rows": N_("It lacks %(count)s rows of the last snapshot; at most %(limit)s may be missing."),
    "times_in_the_future": N_("%(count)s rows have a time in the future."),
    "impossible_changes": N_("%(count)s changes cannot be true, such as someone in custody after a death."),
    "empty_snapshot": N_("It is a full snapshot without a usable row; %(count)s people would be lost."),
}
FIELDS = {"row": N_("the whole row")}

#: What a reader of files says, and how it is said here; the groups of the first fill the second in order.
_SAID = [
    (re.compile(pattern), text)
    for pattern, text in (
        (r"is missing", N_("is missing")),
        (r"is not UTF-8 text", N_("is not UTF-8 text")),
        (r"holds a control character", N_("holds a control character")),
        (r"is longer than (\d+) characters", N_("is longer than %(a)s characters")),
        (r"is neither empty nor one of (.+)", N_("is neither empty nor one of %(a)s")),
        (r"is not an ISO 8601 time", N_("is not an ISO 8601 time")),
        (r"has no offset from UTC", N_("has no offset from UTC")),
        (r"is out of range", N_("is out of range")),
        (r"is older than what is on record", N_("is older than what is on record")),
        (r"is the same person as on line (\d+)", N_("is the same person as on line %(a)s")),
        (r"has (\d+) columns instead of (\d+)", N_("has %(a)s columns instead of %(b)s")),
        (
            r"is not readable CSV: a quote is not closed, or the line is too long",
            N_("is not readable CSV: a quote is not closed, or the line is too long"),
        ),
        (
            r"line 1: the file is empty; it must begin with a header\.",
            N_("Line 1: the file is empty; it must begin with a header."),
        ),
        (r"line 1: the header is not readable CSV\.", N_("Line 1: the header is not readable CSV.")),
        (r"line 1: the header is not UTF-8 text\.", N_("Line 1: the header is not UTF-8 text.")),
        (
            r"line 1: this is not the header; it must name the columns (.+)\.",
            N_("Line 1: this is not the header; it must name the columns %(a)s."),
        ),
        (r"line 1: the column (\w+) is missing\.", N_("Line 1: the column %(a)s is missing.")),
        (r"line 1: the column (.+) is not known\.", N_("Line 1: the column %(a)s is not known.")),
        (r"line 1: the column (\w+) stands there twice\.", N_("Line 1: the column %(a)s is there twice.")),
    )
]


def said(text: str) -> str:
    """A reader's sentence in the language of the page; one that is not known stays as it is."""
    for pattern, translated in _SAID:
        if found := pattern.fullmatch(text):
            slots = dict(zip("ab", found.groups(), strict=False))
            return _(translated, **slots) if slots else _(translated)
    return text


def case_page(case_id: int) -> str | None:
    """The page of a case, where there is one."""
    known = "console.cases.case" in current_app.view_functions
    return url_for("console.cases.case", case_id=case_id) if known else None


#: What a name is that no directory has.
UNLISTED_KINDS = {
    "facility": N_("Facility"),
    "court": N_("Court"),
    "status": N_("Status code"),
}
