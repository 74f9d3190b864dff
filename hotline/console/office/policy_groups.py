"""What each policy governs. Every policy is in exactly one group; the order is that of the policies page."""

from dataclasses import dataclass

from hotline.console.shell.words import N_


@dataclass(frozen=True, slots=True)
class PolicyGroup:
    """A group: its key in the page's addresses, its English title, and its policies in their order."""

    key: str
    title: str
    policies: tuple[str, ...]


POLICY_GROUPS = (
    PolicyGroup(
        "pins",
        N_("PINs and locks"),
        (
            "tries_per_call",
            "wait_after_failures",
            "wait_first_seconds",
            "wait_most_seconds",
            "lock_after_failures",
            "total_failures_limit",
            "spray_numbers",
            "global_failures_floor",
            "global_failures_factor",
            "case_number_digits",
            "one_time_pin_days",
            "one_time_pin_uses",
            "pin_request_hours",
            "lost_pin_reports_a_day",
            "lost_pin_calls_an_hour",
            "lost_pin_minutes",
            "lost_pin_hold_hours",
            "unsafe_phone_hold_hours",
        ),
    ),
    PolicyGroup(
        "calls",
        N_("Calls to the line"),
        (
            "unverified_minutes",
            "verification_minutes",
            "calls_at_once",
            "service_ring_seconds",
        ),
    ),
    PolicyGroup(
        "callbacks",
        N_("Callbacks"),
        (
            "urgent_minutes",
            "callback_minutes",
            "hard_news_hours",
            "due_soon_minutes",
            "caller_tries",
            "retry_minutes",
            "call_later_minutes",
            "unverified_callbacks_a_day",
            "window_opens_hour",
            "window_closes_hour",
            "claim_minutes",
            "missed_claim_minutes",
            "handed_minutes",
            "lease_seconds",
            "carrier_calls_per_second",
        ),
    ),
    PolicyGroup(
        "notices",
        N_("Notices"),
        (
            "notice_code_tries",
            "notice_tries",
            "notice_retry_minutes",
            "notice_first_tries",
            "notice_first_minutes",
            "notice_later_minutes",
            "notice_urgent_hours",
            "notice_task_minutes",
            "notice_on_call_minutes",
            "notice_supervisor_minutes",
            "correction_minutes",
            "notice_calls_percent",
            "notice_calls_a_day",
            "consent_max_days",
            "consent_renew_days",
        ),
    ),
    PolicyGroup(
        "ringing",
        N_("Ringing and presence"),
        (
            "liaison_ring_seconds",
            "caller_ring_seconds",
            "liaison_tries",
            "liaison_retry_seconds",
            "untaken_retry_minutes",
            "away_after_misses",
            "wrap_up_seconds",
            "hard_call_minutes",
        ),
    ),
    PolicyGroup(
        "talks",
        N_("During and after a call"),
        (
            "hold_most_seconds",
            "dropped_seconds",
            "cut_short_seconds",
            "outcome_minutes",
            "talk_check_seconds",
        ),
    ),
    PolicyGroup(
        "alerts",
        N_("Alerts"),
        (
            "warn_staff_before_minutes",
            "warn_supervisor_before_minutes",
            "warn_staff_after_minutes",
            "warn_supervisor_after_minutes",
            "stop_task_minutes",
            "lock_alert_minutes",
            "page_minutes",
            "trouble_page_minutes",
            "held_page_minutes",
            "held_pages",
            "held_list_minutes",
        ),
    ),
    PolicyGroup(
        "feed",
        N_("Feed and imports"),
        (
            "fresh_minutes",
            "spoken_stale_hours",
            "future_skew_minutes",
            "feed_silent_hours",
            "feed_silent_message",
            "feed_done_days",
            "feed_refused_days",
            "hearing_reminder_days",
            "expected_release_reminder_days",
            "brake_floor",
            "brake_percent",
            "brake_peak_factor",
            "brake_day_floor",
            "brake_day_peak_factor",
            "brake_releasable_floor",
            "brake_releasable_percent",
            "brake_drop_percent",
            "preview_minutes",
            "upload_megabytes",
        ),
    ),
    PolicyGroup(
        "console",
        N_("Console and sessions"),
        (
            "case_open_minutes",
            "sign_in_wait_after_failures",
            "sign_in_wait_first_seconds",
            "sign_in_wait_most_seconds",
            "sign_in_lock_after_failures",
            "sign_in_client_failures",
            "console_idle_minutes",
            "console_session_hours",
            "console_fresh_minutes",
        ),
    ),
    PolicyGroup(
        "audit",
        N_("Audit and two-person rules"),
        (
            "audit_look_hours",
            "audit_looks_without_call",
            "audit_looks_at_subject",
            "audit_searches",
            "audit_pair_days",
            "audit_pair_least",
            "audit_pair_percent",
            "two_people_days",
            "purge_days",
        ),
    ),
)
