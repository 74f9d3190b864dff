"""The numbers that the office decides, as the models read them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Every policy of the office as a plain number; ``config/office.toml`` says what each one means.

    A name ends in its unit if it has one: ``_seconds``, ``_minutes``, ``_hours``, ``_days``,
    ``_megabytes``, ``_percent`` (0 to 100), ``_factor`` (times). ``window_opens_hour`` and
    ``window_closes_hour`` are hours of a day, ``_a_day``, ``_an_hour`` and ``_per_second`` are rates, and
    every other one is a count. ``models`` may not import ``config``, so the edge fills it from the office.
    ``always_open`` is no policy: the office counts its hours and calling windows as open.
    """

    fresh_minutes: int
    spoken_stale_hours: int
    tries_per_call: int
    wait_after_failures: int
    wait_first_seconds: int
    wait_most_seconds: int
    lock_after_failures: int
    total_failures_limit: int
    spray_numbers: int
    global_failures_floor: int
    global_failures_factor: float
    unverified_minutes: int
    verification_minutes: int
    case_number_digits: int
    service_ring_seconds: int
    liaison_ring_seconds: int
    caller_ring_seconds: int
    liaison_tries: int
    caller_tries: int
    retry_minutes: int
    liaison_retry_seconds: int
    untaken_retry_minutes: int
    away_after_misses: int
    due_soon_minutes: int
    wrap_up_seconds: int
    lease_seconds: int
    talk_check_seconds: int
    carrier_calls_per_second: int
    warn_staff_before_minutes: int
    warn_supervisor_before_minutes: int
    warn_staff_after_minutes: int
    warn_supervisor_after_minutes: int
    unverified_callbacks_a_day: int
    calls_at_once: int
    lost_pin_reports_a_day: int
    lost_pin_calls_an_hour: int
    lost_pin_minutes: int
    lock_alert_minutes: int
    urgent_minutes: int
    callback_minutes: int
    claim_minutes: int
    missed_claim_minutes: int
    handed_minutes: int
    hard_news_hours: int
    one_time_pin_days: int
    one_time_pin_uses: int
    lost_pin_hold_hours: int
    unsafe_phone_hold_hours: int
    stop_task_minutes: int
    pin_request_hours: int
    case_open_minutes: int
    window_opens_hour: int
    window_closes_hour: int
    hold_most_seconds: int
    dropped_seconds: int
    cut_short_seconds: int
    outcome_minutes: int
    call_later_minutes: int
    hard_call_minutes: int
    notice_code_tries: int
    notice_tries: int
    notice_retry_minutes: int
    notice_first_tries: int
    notice_first_minutes: int
    notice_later_minutes: int
    notice_urgent_hours: int
    notice_task_minutes: int
    notice_on_call_minutes: int
    notice_supervisor_minutes: int
    correction_minutes: int
    notice_calls_percent: int
    notice_calls_a_day: int
    consent_max_days: int
    consent_renew_days: int
    page_minutes: int
    trouble_page_minutes: int
    held_page_minutes: int
    held_pages: int
    held_list_minutes: int
    preview_minutes: int
    upload_megabytes: int
    audit_look_hours: int
    audit_looks_without_call: int
    audit_looks_at_subject: int
    audit_pair_days: int
    audit_pair_least: int
    audit_pair_percent: int
    two_people_days: int
    purge_days: int
    audit_searches: int
    brake_floor: int
    brake_percent: float
    brake_peak_factor: float
    brake_day_floor: int
    brake_day_peak_factor: float
    brake_releasable_floor: int
    brake_releasable_percent: float
    brake_drop_percent: float
    future_skew_minutes: int
    feed_silent_hours: int
    feed_silent_message: int
    feed_done_days: int
    feed_refused_days: int
    hearing_reminder_days: int
    expected_release_reminder_days: int
    sign_in_wait_after_failures: int
    sign_in_wait_first_seconds: int
    sign_in_wait_most_seconds: int
    sign_in_lock_after_failures: int
    sign_in_client_failures: int
    console_idle_minutes: int
    console_session_hours: int
    console_fresh_minutes: int
    always_open: bool
