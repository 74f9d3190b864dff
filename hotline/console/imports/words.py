"""The words of the import pages for states, changes, statuses and rejects."""

from flask import current_app, url_for

from hotline.console.shell.words import N_

#: For each state: its word, and the color of its tag.
STATES = {
    "staging": (N_("Being read"), "quiet"),
    "uploading": (N_("Being read"), "quiet"),
    "previewed": (N_("Waits for your decision"), "warn"),
    "held": (N_("Held"), "bad"),
    "applying": (N_("Applying"), "quiet"),
    "landed": (N_("Applied"), "good"),
    "retracting": (N_("Being taken back"), "quiet"),
    "retracted": (N_("Taken back"), "bad"),
    "rejected": (N_("Rejected"), ""),
    "abandoned": (N_("Not applied"), ""),
}
#: Why an import was abandoned.
ENDINGS = {
    "unreadable": N_("The file could not be read as a custody file. Nothing was applied."),
    "broken_off": N_("The file did not arrive completely. Nothing was applied."),
    "too_large": N_("The file was larger than this office takes. Nothing was applied."),
    "died": N_("The program stopped while reading it. Nothing was applied."),
    "discarded": N_("Someone discarded it after the preview. Nothing was applied."),
    "expired": N_("Nobody decided on it in time. Nothing was applied."),
    "overtaken": N_("Another import was applied first. Nothing of this one was applied."),
    "gap_closed": N_(
        "The file before it arrived, so this one was read again. Nothing of this import was applied."
    ),
    "refused": N_("It had rejected rows, and was to be applied whole or not at all. Nothing was applied."),
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
    # The news of a correction after which nothing can be confirmed.
    "unknown": N_("cannot be confirmed"),
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
    "skips_a_batch": N_("Files before this one have not arrived: %(count)s."),
    "one_person": N_("The file has no manifest that vouches for it, so a second person must approve it."),
    "missing_rows": N_("Rows of the last snapshot that are missing: %(count)s; at most %(limit)s may be."),
    "times_in_the_future": N_("Rows with a time in the future: %(count)s."),
    "impossible_changes": N_("Impossible changes, such as someone in custody after a death: %(count)s."),
    "moved_releases": N_(
        "Expected releases ahead that have another date now, or none: %(count)s cases; at most %(limit)s may."
    ),
    "moved_hearings": N_(
        "Hearings ahead that have another date now, or none: %(count)s cases; at most %(limit)s may."
    ),
    "moved_releases_day": N_(
        "With the files of the last 24 hours the expected release of %(count)s cases moves; at most"
        " %(limit)s may."
    ),
    "moved_hearings_day": N_(
        "With the files of the last 24 hours the hearing of %(count)s cases moves; at most %(limit)s may."
    ),
    "empty_snapshot": N_("It is a full snapshot without a usable row; %(count)s people would be lost."),
}
#: How a call to a person of the call list ended; every other end is "not reached".
CALL_ENDS = {
    "reached": N_("reached"),
    "message_left": N_("message left"),
    "wrong_person": N_("wrong person"),
    "call_later": N_("reached, to be called again"),
    "to_supervisor": N_("reached, for the supervisor"),
}
FIELDS = {"row": N_("the whole row")}


def case_page(case_id: int) -> str | None:
    """The page of a case, if there is one."""
    known = "console.cases.case" in current_app.view_functions
    return url_for("console.cases.case", case_id=case_id) if known else None


#: The kind of what the feed sent and callers do not hear.
UNLISTED_KINDS = {
    "facility": N_("Facility"),
    "court": N_("Court"),
    "status": N_("Status code"),
    "row": N_("Row that cannot be used"),
}
#: What it means for callers.
UNLISTED_EFFECTS = {
    "facility": N_("no directory has it, so callers do not hear it"),
    "court": N_("no directory has it, so callers do not hear it"),
    "status": N_("it is unknown, so callers hear that we cannot confirm"),
    "row": N_("it was rejected: callers hear that we cannot confirm, or of a release or escape as before"),
}
