"""The words for why an alarm or an audit file stays unchanged, or why the kept heads prove nothing."""

from hotline.marked import N_
from models.audit.refusals import HeadRefusal
from models.staff.refusals import AlarmRefusal, ExportRefusal

ALARM_WORDS = {
    AlarmRefusal.NO_FINDING: N_("Say what you found."),
    AlarmRefusal.UNKNOWN: N_("There is no such alarm."),
    AlarmRefusal.SETTLED: N_("%(who)s already closed this alarm."),
    AlarmRefusal.ABOUT_YOU: N_("Someone else must close an alarm about what you did."),
}

EXPORT_WORDS = {
    ExportRefusal.NOTHING_FOUND: N_("No entry matches, so there is nothing to export."),
    ExportRefusal.AGREED: N_("Someone already approved this file."),
    ExportRefusal.SAME_PERSON: N_("Someone else must approve what you requested."),
    ExportRefusal.SAME_ROLE: N_("Someone with another role must approve it."),
    ExportRefusal.EXPIRED: N_("The request is more than a day old. Ask again."),
    ExportRefusal.REJECTED: N_("This request was rejected or withdrawn. Request the file again."),
    ExportRefusal.NOT_YOURS: N_("Only the person who requested this file can download it."),
    ExportRefusal.NOT_AGREED: N_("Nobody has approved this file yet."),
    ExportRefusal.OVER: N_("The file was available for one day, which is over."),
    ExportRefusal.UNKNOWN: N_("There is no such file."),
}

#: Only commands say these.
HEAD_WORDS = {
    HeadRefusal.UNREADABLE: "The kept heads cannot be read (%(reason)s).",
    HeadRefusal.NOT_OURS: "Line %(line)s of the kept heads was not signed by this office.",
}
