"""The words for why imports and directories stay as they are; those for commands alone are not translated."""

from hotline.marked import N_
from models.custody.refusals import DirectoryRefusal, ImportBusyRefusal, SettleRefusal, UploadRefusal

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
    SettleRefusal.NO_WAY: N_("Choose whether to release or to reject it."),
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
    SettleRefusal.NOT_STAFF: "%(option)s: nobody on the staff list has this e-mail address.",
    SettleRefusal.NO_HELD_IMPORT: "IMPORT: there is no held import %(number)s.",
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
