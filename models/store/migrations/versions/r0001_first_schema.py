"""The first schema: every table of the line.

Revision: 0001, after none.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
OPEN = sa.text("state IN ('requested','claimed','ringing_liaison','ringing_caller','talking')")
LEG = sa.text("parent_call_id IS NOT NULL")

#: References in a circle. SQLite takes them inside CREATE TABLE; PostgreSQL once all tables are there.
CIRCULAR = (
    ("calls", "callback_id", "callbacks"),
    ("calls", "staff_id", "staff"),
    ("callbacks", "caller_call_id", "calls"),
    ("callbacks", "liaison_call_id", "calls"),
    ("staff", "busy_call_id", "calls"),
    ("subjects", "held_import_id", "imports"),
    ("subjects", "record_id", "custody_records"),
)


def _only(condition: sa.TextClause) -> dict[str, Any]:
    return {"sqlite_where": condition, "postgresql_where": condition}


def upgrade() -> None:
    """Make the tables, their indexes and their references."""
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=64), nullable=False),
        sa.Column("facts", sa.JSON()),
        sa.Column("salt", sa.String(length=32)),
        sa.Column("commitment", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
        sa.UniqueConstraint("hash", name="uq_audit_entries_hash"),
    )
    op.create_index("ix_audit_entries_action", "audit_entries", ["action"])

    op.create_table(
        "call_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_sid", sa.String(length=64), nullable=False),
        sa.Column("call_status", sa.String(length=16), nullable=False),
        sa.Column("sequence_number", sa.Integer(), nullable=False),
        sa.Column("sip_response_code", sa.Integer()),
        sa.Column("duration_seconds", sa.Integer()),
        sa.Column("answered_by", sa.String(length=32)),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_call_events"),
        sa.UniqueConstraint(
            "call_sid",
            "call_status",
            "sequence_number",
            name="uq_call_events_call_sid_call_status_sequence_number",
        ),
    )
    op.create_index("ix_call_events_received_at", "call_events", ["received_at"])

    op.create_table(
        "facilities",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", sa.String(length=200), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_facilities"),
        sa.UniqueConstraint("name_key", name="uq_facilities_name_key"),
    )
    op.create_table(
        "guards",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("raised_until", MOMENT),
        sa.Column("measured_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_guards"),
    )
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("full", sa.Boolean(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("ignored", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("hold_reasons", sa.JSON(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT),
        sa.Column("settled_by", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_imports"),
    )
    op.create_index("ix_imports_state", "imports", ["state"])

    op.create_table(
        "known_phones",
        sa.Column("number_key", sa.String(length=64), nullable=False),
        sa.Column("phone_key", sa.String(length=64), nullable=False),
        sa.Column("last_verified_at", MOMENT, nullable=False),
        sa.Column("unsafe_at", MOMENT),
        sa.PrimaryKeyConstraint("number_key", "phone_key", name="pk_known_phones"),
    )
    op.create_table(
        "pin_counters",
        sa.Column("number_key", sa.String(length=64), nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("consecutive", sa.Integer(), nullable=False),
        sa.Column("wait_until", MOMENT),
        sa.Column("locked_at", MOMENT),
        sa.PrimaryKeyConstraint("number_key", "own", name="pk_pin_counters"),
    )
    op.create_table(
        "pin_tries",
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("number_key", sa.String(length=64), nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("phone_key", sa.String(length=64)),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("opened", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "turn", name="pk_pin_tries"),
    )
    op.create_index("ix_pin_tries_at", "pin_tries", ["at"])
    op.create_index("ix_pin_tries_number", "pin_tries", ["number_key", "own", "at"])
    op.create_index("ix_pin_tries_phone", "pin_tries", ["phone_key", "at"])

    op.create_table(
        "registrants",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name_sealed", sa.Text()),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("pace", sa.String(length=8), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_registrants"),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name_sealed", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("phone_sealed", sa.Text(), nullable=False),
        sa.Column("phone_key", sa.String(length=64), nullable=False),
        sa.Column("office_phone", sa.Boolean(), nullable=False),
        sa.Column("languages", sa.String(length=100), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("password_is_one_time", sa.Boolean(), nullable=False),
        sa.Column("on_shift", sa.Boolean(), nullable=False),
        sa.Column("shift_changed_at", MOMENT),
        sa.Column("last_offered_at", MOMENT),
        sa.Column("busy_since", MOMENT),
        sa.Column("busy_call_id", sa.Integer()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["busy_call_id"], ["calls.id"], name="fk_staff_busy_call_id", use_alter=True),
        sa.PrimaryKeyConstraint("id", name="pk_staff"),
        sa.UniqueConstraint("email", name="uq_staff_email"),
    )
    op.create_table(
        "subjects",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("feed_key", sa.String(length=64), nullable=False),
        sa.Column("feed_id_sealed", sa.Text(), nullable=False),
        sa.Column("name_sealed", sa.Text()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("record_id", sa.Integer()),
        sa.Column("as_of", MOMENT),
        sa.Column("absent_since", MOMENT),
        sa.Column("held_import_id", sa.Integer()),
        sa.ForeignKeyConstraint(
            ["held_import_id"], ["imports.id"], name="fk_subjects_held_import_id", use_alter=True
        ),
        sa.ForeignKeyConstraint(
            ["record_id"], ["custody_records.id"], name="fk_subjects_record_id", use_alter=True
        ),
        sa.PrimaryKeyConstraint("id", name="pk_subjects"),
        sa.UniqueConstraint("feed_key", name="uq_subjects_feed_key"),
    )
    op.create_index("ix_subjects_held_import_id", "subjects", ["held_import_id"])

    op.create_table(
        "cases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("registrant_id", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("number_key", sa.String(length=64), nullable=False),
        sa.Column("number_sealed", sa.Text(), nullable=False),
        sa.Column("pin_hash", sa.Text(), nullable=False),
        sa.Column("pin_kind", sa.String(length=16), nullable=False),
        sa.Column("pin_issued_at", MOMENT, nullable=False),
        sa.Column("pin_expires_at", MOMENT),
        sa.Column("duress_pin_hash", sa.Text()),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT),
        sa.Column("last_verified_at", MOMENT),
        sa.ForeignKeyConstraint(["registrant_id"], ["registrants.id"], name="fk_cases_registrant_id"),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name="fk_cases_subject_id"),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sa.UniqueConstraint("number_key", name="uq_cases_number_key"),
    )
    op.create_index("ix_cases_registrant_id", "cases", ["registrant_id"])
    op.create_index("ix_cases_subject_id", "cases", ["subject_id"])

    op.create_table(
        "custody_records",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("status_at", MOMENT, nullable=False),
        sa.Column("facility_key", sa.String(length=200)),
        sa.Column("releasable", sa.Boolean(), nullable=False),
        sa.Column("removal_stage", sa.String(length=32)),
        sa.Column("expected_release_at", MOMENT),
        sa.Column("next_hearing_at", MOMENT),
        sa.Column("next_hearing_place", sa.String(length=200)),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name="fk_custody_records_import_id"),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name="fk_custody_records_subject_id"),
        sa.PrimaryKeyConstraint("id", name="pk_custody_records"),
    )
    op.create_index("ix_custody_records_import_id", "custody_records", ["import_id"])
    op.create_index("ix_custody_records_recorded_at", "custody_records", ["recorded_at"])
    op.create_index("ix_custody_records_subject_id", "custody_records", ["subject_id"])

    op.create_table(
        "import_rows",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("change", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("status_at", MOMENT, nullable=False),
        sa.Column("facility_key", sa.String(length=200)),
        sa.Column("releasable", sa.Boolean(), nullable=False),
        sa.Column("removal_stage", sa.String(length=32)),
        sa.Column("expected_release_at", MOMENT),
        sa.Column("next_hearing_at", MOMENT),
        sa.Column("next_hearing_place", sa.String(length=200)),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name="fk_import_rows_import_id"),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name="fk_import_rows_subject_id"),
        sa.PrimaryKeyConstraint("import_id", "line", name="pk_import_rows"),
    )
    op.create_index("ix_import_rows_subject_id", "import_rows", ["subject_id"])

    op.create_table(
        "phones",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("registrant_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number_sealed", sa.Text(), nullable=False),
        sa.Column("number_key", sa.String(length=64), nullable=False),
        sa.Column("confirmed_at", MOMENT),
        sa.Column("unsafe_since", MOMENT),
        sa.Column("stopped_at", MOMENT),
        sa.Column("voicemail_allowed", sa.Boolean(), nullable=False),
        sa.Column("text_allowed", sa.Boolean(), nullable=False),
        sa.Column("night_allowed", sa.Boolean()),
        sa.Column("may_answer", sa.String(length=16), nullable=False),
        sa.Column("window_starts", sa.Time()),
        sa.Column("window_ends", sa.Time()),
        sa.ForeignKeyConstraint(["registrant_id"], ["registrants.id"], name="fk_phones_registrant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_phones"),
        sa.UniqueConstraint("registrant_id", "position", name="uq_phones_registrant_id_position"),
    )
    op.create_index("ix_phones_number_key", "phones", ["number_key"])

    op.create_table(
        "calls",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_sid", sa.String(length=64)),
        sa.Column("leg_id", sa.String(length=32)),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.Column("flow", sa.String(length=32), nullable=False),
        sa.Column("line", sa.String(length=64), nullable=False),
        sa.Column("phone_sealed", sa.Text()),
        sa.Column("phone_key", sa.String(length=64)),
        sa.Column("call_status", sa.String(length=16)),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("pace", sa.String(length=8), nullable=False),
        sa.Column("step", sa.String(length=40), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("heard_from", sa.String(length=40), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("silences", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("pending_since", MOMENT),
        sa.Column("last_key_at", MOMENT),
        sa.Column("progress_at", MOMENT),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("topic", sa.String(length=32)),
        sa.Column("trail", sa.Text(), nullable=False),
        sa.Column("number_key", sa.String(length=64)),
        sa.Column("case_id", sa.Integer()),
        sa.Column("verified_at", MOMENT),
        sa.Column("callback_id", sa.Integer()),
        sa.Column("staff_id", sa.Integer()),
        sa.Column("parent_call_id", sa.Integer()),
        sa.Column("accepted_at", MOMENT),
        sa.ForeignKeyConstraint(
            ["callback_id"], ["callbacks.id"], name="fk_calls_callback_id", use_alter=True
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_calls_case_id"),
        sa.ForeignKeyConstraint(["parent_call_id"], ["calls.id"], name="fk_calls_parent_call_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_calls_staff_id", use_alter=True),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
        sa.UniqueConstraint("call_sid", name="uq_calls_call_sid"),
        sa.UniqueConstraint("leg_id", name="uq_calls_leg_id"),
    )
    op.create_index("ix_calls_callback_id", "calls", ["callback_id"])
    op.create_index("ix_calls_case_id", "calls", ["case_id"])
    op.create_index("ix_calls_parent_call_id", "calls", ["parent_call_id"], **_only(LEG))
    op.create_index("ix_calls_phone_key", "calls", ["phone_key"])
    op.create_index("ix_calls_started_at", "calls", ["started_at"])
    op.create_index("ix_calls_topic", "calls", ["topic"])

    op.create_table(
        "consents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("phone_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("cap_per_day", sa.Integer(), nullable=False),
        sa.Column("granted_at", MOMENT, nullable=False),
        sa.Column("withdrawn_at", MOMENT),
        sa.ForeignKeyConstraint(["phone_id"], ["phones.id"], name="fk_consents_phone_id"),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
    )
    op.create_index("ix_consents_phone_id", "consents", ["phone_id"])

    op.create_table(
        "callbacks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("urgency", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("case_id", sa.Integer()),
        sa.Column("requested_in_call_id", sa.Integer()),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("number_sealed", sa.Text(), nullable=False),
        sa.Column("number_key", sa.String(length=64), nullable=False),
        sa.Column("window_starts", MOMENT),
        sa.Column("window_ends", MOMENT),
        sa.Column("voicemail_allowed", sa.Boolean(), nullable=False),
        sa.Column("may_answer", sa.String(length=16), nullable=False),
        sa.Column("requested_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("next_attempt_at", MOMENT, nullable=False),
        sa.Column("lease_until", MOMENT),
        sa.Column("liaison_tries", sa.Integer(), nullable=False),
        sa.Column("caller_tries", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer()),
        sa.Column("liaison_call_id", sa.Integer()),
        sa.Column("caller_call_id", sa.Integer()),
        sa.Column("conference", sa.String(length=32)),
        sa.Column("talking_at", MOMENT),
        sa.Column("closed_at", MOMENT),
        sa.Column("outcome", sa.String(length=32)),
        sa.ForeignKeyConstraint(
            ["caller_call_id"], ["calls.id"], name="fk_callbacks_caller_call_id", use_alter=True
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_callbacks_case_id"),
        sa.ForeignKeyConstraint(
            ["liaison_call_id"], ["calls.id"], name="fk_callbacks_liaison_call_id", use_alter=True
        ),
        sa.ForeignKeyConstraint(
            ["requested_in_call_id"], ["calls.id"], name="fk_callbacks_requested_in_call_id"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_callbacks_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_callbacks"),
    )
    op.create_index("ix_callbacks_due", "callbacks", ["state", "next_attempt_at"])
    op.create_index("ix_callbacks_number", "callbacks", ["number_key", "requested_at"])
    op.create_index("uq_callbacks_open_case", "callbacks", ["case_id"], unique=True, **_only(OPEN))
    if op.get_bind().dialect.name != "sqlite":
        for table, column, target in CIRCULAR:
            op.create_foreign_key(f"fk_{table}_{column}", table, target, [column], ["id"])
