"""The words for why an alarm or an audit file stays unchanged, or why the kept heads prove nothing."""

from hotline.marked import N_
from models.audit.refusals import HeadRefusal
from models.staff.refusals import AlarmRefusal, ExportRefusal

ALARM_WORDS = {
    AlarmRefusal.NO_FINDING: N_("Say what you found."),
    AlarmRefusal.UNKNOWN: N_("There is no such alarm."),
    AlarmRefusal.SETTLED: N_("%(who)s already settled this alarm."),
    AlarmRefusal.ABOUT_YOU: N_("Someone else must settle an alarm about what you did."),
}

EXPORT_WORDS = {
    ExportRefusal.NOTHING_FOUND: N_("No entry matches, so there is nothing to export."),
    ExportRefusal.AGREED: N_("Someone already agreed to it."),
    ExportRefusal.SAME_PERSON: N_("Someone else must agree to what you asked for."),
    ExportRefusal.SAME_ROLE: N_("Someone with another role must agree."),
    ExportRefusal.EXPIRED: N_("The request is more than a day old. Ask again."),
    ExportRefusal.NOT_YOURS: N_("Only the person who asked for this file can have it."),
    ExportRefusal.NOT_AGREED: N_("Nobody has agreed to it yet."),
    ExportRefusal.OVER: N_("The file was there for one day, which is over."),
    ExportRefusal.UNKNOWN: N_("There is no such file."),
}

#: Only commands say these.
HEAD_WORDS = {
    HeadRefusal.UNREADABLE: "The kept heads cannot be read (%(reason)s).",
    HeadRefusal.NOT_OURS: "Line %(line)s of the kept heads was not signed by this office.",
}
