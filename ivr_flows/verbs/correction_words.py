"""Says first that earlier news was wrong, when a file that the line relied on was taken back (R16)."""

from ivr_flows.engine.desk import Desk
from models.notices import answering
from models.notices.taking_back.corrections import WrongNews, wrong_news

WRONG, WRONG_DATE = "notice.correction", "notice.correction_date"


def say_what_was_wrong(desk: Desk, wrong: WrongNews | None) -> None:
    """Say that what this case was told was wrong, or a date alone; None says nothing. The status follows."""
    if wrong is not None:
        desk.say(WRONG_DATE if wrong.is_date else WRONG, on=desk.when(wrong.told_at, on=True))


def correct_on_line(desk: Desk) -> None:
    """The same for a caller with the PIN whose case has open notices, and a record of what they hear now."""
    call = desk.call
    if not desk.is_verified or call.case_id is None or not call.open_notices:
        return
    is_status = desk.heard().status is not None
    wrong = wrong_news(desk.session, call.case_id, desk.rules.release.zone)
    say_what_was_wrong(desk, wrong)
    if is_status or wrong is not None:
        answering.note_said_on_line(desk.session, call.case_id, desk.now, is_status=is_status)


def note_dates_said(desk: Desk) -> None:
    """A caller with the PIN hears the dates of the newest record; any key after them confirms a reminder."""
    call = desk.call
    if (
        desk.is_verified
        and call.case_id is not None
        and call.open_notices
        and desk.heard().status is not None
    ):
        answering.note_said_on_line(desk.session, call.case_id, desk.now, is_status=True, reminders=True)
