"""The words for why a notice stays as it is."""

from hotline.marked import N_
from models.notices.refusals import NoticeRefusal

NOTICE_WORDS = {
    NoticeRefusal.UNKNOWN: N_("There is no such notice."),
    NoticeRefusal.OVER: N_("This notice was confirmed or stopped already."),
    NoticeRefusal.UNKNOWN_REASON: N_("Choose a reason from the list."),
}
