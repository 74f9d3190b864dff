"""What each policy changes, in one sentence; the keys are the names in the office file."""

from hotline.console.shell.words import N_

POLICY_EFFECTS = {
    "fresh_minutes": N_("Callers hear a record up to this old without a remark about its age."),
    "spoken_stale_hours": N_(
        "Callers hear a record up to this old with a remark about its age; an older one is not read."
    ),
    "tries_per_call": N_(
        "After this many wrong PINs in one call, the caller is offered a person or a callback."
    ),
    "wait_after_failures": N_(
        "From this many wrong PINs in a row, a case number must wait before its next try."
    ),
    "wait_first_seconds": N_("The first wait is this long, and each further wrong PIN doubles it."),
    "wait_most_seconds": N_("A wait after wrong PINs never gets longer than this."),
    "lock_after_failures": N_(
        "After this many wrong PINs in a row, the case number is locked until staff issue a new PIN."
    ),
    "total_failures_limit": N_(
        "After this many wrong PINs in 30 days, in a row or not, a supervisor must review the case."
    ),
    "spray_numbers": N_(
        "One phone that tries this many case numbers in 24 hours and opens none counts as guessing."
    ),
    "global_failures_floor": N_(
        "With fewer wrong PINs an hour than this on the whole line, no limit gets tighter."
    ),
    "global_failures_factor": N_(
        "When wrong PINs reach this many times their usual hourly number, the limits on tries get tighter."
    ),
    "unverified_minutes": N_("A call without a right PIN and without progress ends after this long."),
    "verification_minutes": N_(
        "A caller who presses no key for this long must enter the PIN again; the call continues."
    ),
    "case_number_digits": N_("New case numbers get this many digits; above 9,000 open cases they need ten."),
    "service_ring_seconds": N_("A partner line rings this long before the caller returns to our menu."),
    "liaison_ring_seconds": N_("A liaison's phone rings this long before the next liaison is called."),
    "caller_ring_seconds": N_("The phone of a person whom we call back rings this long."),
    "liaison_tries": N_(
        "After this many missed offers of urgent work, people on call and supervisors are called too."
    ),
    "caller_tries": N_("After this many tries, a callback needs attention from staff."),
    "retry_minutes": N_("After a failed try, the line waits this long before it calls the person again."),
    "liaison_retry_seconds": N_("When nobody accepts, the next liaison is called after this time."),
    "untaken_retry_minutes": N_(
        "While nobody is on shift, people on call are called about missed urgent work this often."
    ),
    "away_after_misses": N_("A liaison who misses this many offers in a row is set away and told so."),
    "due_soon_minutes": N_("A callback due within this time is listed among the urgent ones."),
    "wrap_up_seconds": N_(
        "A liaison is not called for this long after a call. Saving the outcome ends it; it"
        " can be extended twice."
    ),
    "lease_seconds": N_(
        "If no event arrives for this long after the last ring of a callback, the carrier is asked about it."
    ),
    "talk_check_seconds": N_("The carrier is asked this often whether a call is still in progress."),
    "carrier_calls_per_second": N_("The line starts at most this many calls a second."),
    "warn_staff_before_minutes": N_(
        "People on shift are warned this long before a promised callback is due."
    ),
    "warn_supervisor_before_minutes": N_(
        "The supervisor is warned this long before a promised callback is due."
    ),
    "warn_staff_after_minutes": N_(
        "People on shift are warned again this long after a promised callback was due."
    ),
    "warn_supervisor_after_minutes": N_(
        "The supervisor is warned again this long after a promised callback was due."
    ),
    "unverified_callbacks_a_day": N_(
        "One phone can request this many callbacks a day without a PIN; urgent ones do not count."
    ),
    "calls_at_once": N_(
        "Further calls from the same phone are offered a callback or a person, not a case."
        " Shared phones have no limit."
    ),
    "lost_pin_reports_a_day": N_("More reports of a lost PIN than this from one phone in a day are dropped."),
    "lost_pin_calls_an_hour": N_(
        "Reports of lost PINs lead to this many calls an hour; the rest wait for a supervisor."
    ),
    "lost_pin_minutes": N_("A report of a lost PIN calls a liaison at a random moment within this time."),
    "lock_alert_minutes": N_(
        "Supervisors get one message about all locks after wrong PINs within this time."
    ),
    "urgent_minutes": N_("An urgent callback is promised within this time."),
    "callback_minutes": N_(
        "This time and the number of waiting callbacks decide whether the next hour can be promised."
    ),
    "claim_minutes": N_(
        "A claimed callback returns to the list if its liaison does not call within this time."
    ),
    "missed_claim_minutes": N_(
        "A liaison who misses the call that they asked for keeps the claim this long."
    ),
    "handed_minutes": N_(
        "A callback handed to a colleague returns to the list if they do not start within this time."
    ),
    "hard_news_hours": N_(
        "For this long after a release, an escape, a removal or a death, callbacks of that case are urgent."
    ),
    "one_time_pin_days": N_(
        "A PIN sent by letter works for this long; the first call that uses it replaces it."
    ),
    "one_time_pin_uses": N_(
        "A PIN sent by letter lets the caller choose a new PIN this many times; then staff must send another."
    ),
    "lost_pin_hold_hours": N_(
        "For this long after staff replaced a lost PIN, phones and calling hours cannot be changed by phone."
    ),
    "unsafe_phone_hold_hours": N_(
        "For this long after a phone is marked unsafe, the phone that replaces it gets no case content."
    ),
    "stop_task_minutes": N_("Staff have this long to look into a phone that texted STOP."),
    "pin_request_hours": N_(
        "A second person can approve a requested PIN for this long; after that it must be requested again."
    ),
    "case_open_minutes": N_(
        "A case closes again this long after a verified caller or a logged search opened it."
    ),
    "window_opens_hour": N_("Nobody is called before this hour in their own time zone."),
    "window_closes_hour": N_("Nobody is called from this hour on in their own time zone."),
    "hold_most_seconds": N_("A caller on hold for this long is released and promised another call at once."),
    "dropped_seconds": N_(
        "A call shorter than this counts as dropped; people who asked for it are called once more."
    ),
    "cut_short_seconds": N_(
        "A call at 0 that breaks off sooner does not count; the caller waits on or is called back."
    ),
    "outcome_minutes": N_("A liaison can refine the outcome of a call for this long after it."),
    "call_later_minutes": N_(
        "A liaison who keys “call later” on the phone sets the next call this much later."
    ),
    "hard_call_minutes": N_("A liaison on a break after a hard call is not called for this long."),
    "notice_code_tries": N_(
        "After this many wrong codes, this phone is not called about the same notice, and staff get a task."
    ),
    "notice_tries": N_("After this many tries, a notice that is not urgent needs a person."),
    "notice_retry_minutes": N_(
        "After a missed call about a notice that is not urgent, the line waits this long."
    ),
    "notice_first_tries": N_("An urgent notice has this many tries before they become less frequent."),
    "notice_first_minutes": N_("The first tries for an urgent notice are this far apart."),
    "notice_later_minutes": N_("Later tries for an urgent notice are this far apart."),
    "notice_urgent_hours": N_("An urgent notice that nobody has confirmed after this long needs a person."),
    "notice_task_minutes": N_("Staff have this long to reach a person whom the line could not tell."),
    "notice_on_call_minutes": N_(
        "People on call are paged when an urgent notice is unconfirmed for this long."
    ),
    "notice_supervisor_minutes": N_(
        "Supervisors are paged when an urgent notice is unconfirmed for this long."
    ),
    "correction_minutes": N_(
        "Supervisors are paged when an urgent correction of wrong news is unconfirmed for this long."
    ),
    "notice_calls_percent": N_("Notices use at most this share of the calls that the line may start."),
    "notice_calls_a_day": N_(
        "Unless the person chose another number, they get at most this many calls about changes a day, on "
        "all phones. Then staff get a task."
    ),
    "consent_max_days": N_(
        "After this long, the line does not call a registered person by itself until they agree again."
    ),
    "consent_renew_days": N_("This long before a consent ends, staff get the task to ask the person."),
    "page_minutes": N_(
        "Messages to staff about one matter are at least this far apart; the next one counts"
        " what happened meanwhile."
    ),
    "trouble_page_minutes": N_(
        "While the carrier refuses our account or a part of the system has stopped,"
        " supervisors are alerted this often."
    ),
    "held_page_minutes": N_("While an import is held, supervisors are alerted this often."),
    "held_pages": N_("Supervisors get at most this many alerts about one held import."),
    "held_list_minutes": N_(
        "After an import is held this long, supervisors are told that the list of people to call is ready."
    ),
    "preview_minutes": N_("An uploaded file that nobody applied or discarded is deleted after this time."),
    "upload_megabytes": N_("The console accepts a custody file up to this size."),
    "audit_look_hours": N_("Case views are counted over this time, and a call within it counts as recent."),
    "audit_looks_without_call": N_(
        "A person who views more cases than this without a recent call or callback raises an alarm."
    ),
    "audit_looks_at_subject": N_(
        "More views than this of one person's cases, by everyone together, raise an alarm."
    ),
    "audit_pair_days": N_("Two-person approvals are counted over this time."),
    "audit_pair_least": N_("With fewer approvals than this, no pair raises an alarm."),
    "audit_pair_percent": N_("A pair that makes a larger share of all approvals raises an alarm."),
    "two_people_days": N_(
        "For this long, two people cannot approve together if one created, reset or changed"
        " the other's account."
    ),
    "purge_days": N_(
        "After this long, calls, caller numbers, wrong tries, callbacks and their notes are deleted, here"
        " and at the carrier; only monthly figures stay."
    ),
    "audit_searches": N_(
        "A person who searches by name more often than this in the counting period raises an alarm."
    ),
    "brake_floor": N_("Imports can always change this many statuses of open cases in an hour."),
    "brake_percent": N_(
        "An import that changes a larger share of the open cases in an hour is held for two people."
    ),
    "brake_peak_factor": N_(
        "An import that changes more than this many times the busiest hour of 30 days is held for two people."
    ),
    "brake_day_floor": N_("Imports can always change this many statuses of open cases in 24 hours."),
    "brake_day_peak_factor": N_(
        "An import that changes more than this many times the busiest day of 30 days is held for two people."
    ),
    "brake_releasable_floor": N_(
        "Imports can always change this many records from denied to releasable in an hour."
    ),
    "brake_releasable_percent": N_(
        "An import that makes a larger share of the records releasable in an hour is held for two people."
    ),
    "brake_drop_percent": N_(
        "A full file that lacks a larger share of the rows of the last one is held for two people."
    ),
    "future_skew_minutes": N_("A time in the feed can be this far ahead of our clock."),
    "feed_silent_hours": N_(
        "Supervisors are told when the feed has confirmed nobody for this long, and again until it does."
    ),
    "feed_silent_message": N_(
        "With 1 the line calls registered people once for each silence, by day, and says that no news comes."
    ),
    "feed_done_days": N_(
        "The files of an applied batch are kept this long. With 0 they are deleted at once."
    ),
    "feed_refused_days": N_("The files of a refused batch are kept this long and are then deleted."),
    "hearing_reminder_days": N_(
        "Registered people are reminded of a hearing this long before it. With 0 nobody is."
    ),
    "expected_release_reminder_days": N_(
        "Registered people are reminded of an expected release this long before it. With 0 nobody is."
    ),
    "sign_in_wait_after_failures": N_("After this many failed sign-ins in a row, the next one has to wait."),
    "sign_in_wait_first_seconds": N_(
        "The first wait is this long, and each further failed sign-in doubles it."
    ),
    "sign_in_wait_most_seconds": N_("A wait between two sign-ins never gets longer than this."),
    "sign_in_lock_after_failures": N_(
        "After this many failures in a row, unknown browsers cannot sign in until an"
        " administrator lifts the lock."
    ),
    "sign_in_client_failures": N_(
        "After this many failures in 15 minutes, sign-ins from one network address have to wait."
    ),
    "console_idle_minutes": N_(
        "A console that nobody uses for this long, outside a call, asks for a new sign-in and keeps what was"
        " typed."
    ),
    "console_session_hours": N_(
        "Everyone has to sign in again after this long, even while they work, but not in the middle of a"
        " call."
    ),
    "console_fresh_minutes": N_(
        "PINs, exports and changes to staff need a proof of identity that is no older than this."
    ),
}
