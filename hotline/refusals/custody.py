"""The words for why imports and directories stay unchanged. Those only for commands are not translated."""

from hotline.marked import N_
from models.custody.refusals import (
    BatchRefusal,
    DirectoryRefusal,
    FeedRefusal,
    ImportBusyRefusal,
    RowRefusal,
    SettleRefusal,
    UploadRefusal,
)

UPLOAD_WORDS = {
    UploadRefusal.BUSY: N_("Other files are being read right now. Try again in a minute."),
    UploadRefusal.TOO_OLD: N_("This preview is too old. Upload the file again."),
    UploadRefusal.OVERTAKEN: N_(
        "Another import landed since this file was read, so the preview is no longer right. "
        "Upload the file again."
    ),
    UploadRefusal.NOT_WAITING: N_("This file is no longer waiting for a decision."),
}

SETTLE_WORDS = {
    SettleRefusal.NO_WAY: N_("Choose whether to apply or to discard it."),
    SettleRefusal.ASKED: N_("%(who)s already asked for this. A second person can settle it."),
    SettleRefusal.NOT_ASKED: N_("No request is waiting here."),
    SettleRefusal.CHANGED: N_("The request has changed since you read it. Read it again."),
    SettleRefusal.SAME_PERSON: N_(
        "You asked for this. Someone else must settle it, in a session of their own."
    ),
    SettleRefusal.ASKER_MAY_NOT: N_(
        "%(who)s asked for this and may no longer settle imports. Take the request back and ask again."
    ),
    SettleRefusal.YOU_MAY_NOT: N_("You may no longer settle imports."),
    SettleRefusal.NOT_HELD: N_("This import is not held."),
    SettleRefusal.SETTLED: N_("This import is no longer held. It was settled by %(who)s."),
    SettleRefusal.TWO_PEOPLE: "--and: two different people must release an import.",
    SettleRefusal.TWO_PEOPLE_VOUCH: "--and: two different people must vouch for a file.",
    SettleRefusal.TWO_PEOPLE_RETRACT: "--and: two different people must take back an import.",
    SettleRefusal.NOT_STAFF: "%(option)s: nobody on the staff list has this e-mail address.",
    SettleRefusal.NO_HELD_IMPORT: "IMPORT: there is no held import %(number)s.",
    SettleRefusal.NOT_LANDED: N_("Only an import that was applied can be taken back."),
    SettleRefusal.NO_LANDED_IMPORT: "IMPORT: there is no import %(number)s that landed and still counts.",
}

BUSY_WORDS = {
    ImportBusyRefusal.BUSY: "Another custody import is running. Try again when it has ended.",
    ImportBusyRefusal.TAKEN_OVER: (
        "This import was taken over while it ran. Nothing more of it was written."
    ),
}

DIRECTORY_WORDS = {
    DirectoryRefusal.TELLING_NAME: "The name has a word that would tell why somebody is shielded.",
}

FEED_WORDS = {
    FeedRefusal.UNREADABLE: "The file cannot be read: %(reason)s.",
    FeedRefusal.EMPTY: N_("Line 1: the file is empty; it must begin with a header."),
    FeedRefusal.NOT_CSV: N_("Line 1: the header is not readable CSV."),
    FeedRefusal.NOT_UTF8: N_("Line 1: the header is not UTF-8 text."),
    FeedRefusal.NO_HEADER: N_("Line 1: this is not the header; it must name the columns %(known)s."),
    FeedRefusal.COLUMN_MISSING: N_("Line 1: the column %(name)s is missing."),
    FeedRefusal.COLUMN_UNKNOWN: N_("Line 1: the column %(name)s is not known."),
    FeedRefusal.COLUMN_TWICE: N_("Line 1: the column %(name)s is there twice."),
}

#: For the file beside a refused batch and for the log; the console does not show them.
BATCH_WORDS = {
    BatchRefusal.SIGNATURE: "The signature is not right for this manifest under the key that we have.",
    BatchRefusal.NOT_JSON: "The manifest is not a JSON object of at most 64 KB.",
    BatchRefusal.FIELD: "The manifest's field %(name)s is missing, unknown or wrong.",
    BatchRefusal.WRONG_NAME: "The manifest must name the file %(name)s, which has the manifest's own name.",
    BatchRefusal.UNREADABLE: "The line may not read the file %(name)s. Give it the mode 644.",
    BatchRefusal.NO_DATA: "The file %(name)s is not there. Write it before its manifest and signature.",
    BatchRefusal.WRONG_HASH: "The file %(name)s does not have the SHA-256 that its manifest names.",
    BatchRefusal.WRONG_ROWS: "The file %(name)s has %(found)s rows, and its manifest says %(needed)s.",
    BatchRefusal.OTHER_CONTENT: "Batch %(batch)s was here before with other content. Use the next number.",
    BatchRefusal.LATE_SNAPSHOT: (
        "Batch %(batch)s is a full snapshot that is older than a batch that was taken. Send a new one."
    ),
}

#: Each continues a sentence that starts with the name of a field.
ROW_WORDS = {
    RowRefusal.MISSING: N_("is missing"),
    RowRefusal.NOT_UTF8: N_("is not UTF-8 text"),
    RowRefusal.CONTROL_CHARACTER: N_("has a control character"),
    RowRefusal.TOO_LONG: N_("is longer than %(most)s characters"),
    RowRefusal.UNKNOWN_STAGE: N_("is neither empty nor one of %(known)s"),
    RowRefusal.NOT_A_TIME: N_("is not an ISO 8601 time"),
    RowRefusal.NO_OFFSET: N_("has no offset from UTC"),
    RowRefusal.OUT_OF_RANGE: N_("is out of range"),
    RowRefusal.OLDER: N_("is older than what is on record"),
    RowRefusal.SAME_PERSON: N_("is the same person as on line %(line)s"),
    RowRefusal.COLUMN_COUNT: N_("has %(found)s columns instead of %(needed)s"),
    RowRefusal.NOT_CSV: N_("is not readable CSV: a quote is not closed, or the line is too long"),
}
