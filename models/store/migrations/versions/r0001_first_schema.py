"""The first schema: every table, its indexes, and the triggers that protect rows from changes.

Revision: 0001. Drafted from the models; tests/models/store/test_migrations.py compares the two. A revision
that copies a table with triggers on SQLite must create the triggers again.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

#: Circular references: PostgreSQL adds them once both tables exist, SQLite when it creates the table.
CIRCULAR = (
    ("staff", "busy_call_id", "calls"),
    ("subjects", "held_import_id", "imports"),
    ("subjects", "seen_import_id", "imports"),
    ("subjects", "record_id", "custody_records"),
    ("cases", "named_by", "staff"),
    ("calls", "callback_id", "callbacks"),
    ("calls", "notice_id", "notices"),
    ("calls", "staff_id", "staff"),
    ("consents", "registration_id", "registrations"),
    ("callbacks", "caller_call_id", "calls"),
    ("callbacks", "liaison_call_id", "calls"),
)

#: The columns of an audit entry that can never change. ``facts`` and ``salt`` may be purged (set to NULL).
_KEPT = ("id", "at", "actor", "action", "target", "commitment", "previous", "hash")

#: The append-only tables, and the error message for a statement that tries to change one.
_APPENDED = {
    "custody_records": "Custody records are only ever appended.",
    "office_changes": "Changes of the office are only ever appended.",
}
_AUDIT = "Audit entries stay; only their facts and salt may be purged."


_UNPAGED = "paged_level < 2 AND state IN ('waiting','ringing','left_for_staff')"


def upgrade() -> None:
    """Create the whole schema."""
    _make_tables()
    if op.get_bind().dialect.name == "sqlite":
        _make_triggers_on_sqlite()
        return
    for table, column, target in CIRCULAR:
        op.create_foreign_key(f"fk_{table}_{column}", table, target, [column], ["id"])
    _make_triggers_on_postgresql()


def _only(condition: str) -> Any:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _make_tables() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=64), nullable=False),
        sa.Column("facts", sa.JSON(none_as_null=True)),
        sa.Column("salt", sa.String(length=32)),
        sa.Column("commitment", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
        sa.UniqueConstraint("hash", name="uq_audit_entries_hash"),
    )
    op.create_index("ix_audit_entries_action", "audit_entries", ["action", "at", "id"])
    op.create_index("ix_audit_entries_actor", "audit_entries", ["actor", "at", "id"])
    op.create_index("ix_audit_entries_actor_action", "audit_entries", ["actor", "action", "at", "id"])
    op.create_index("ix_audit_entries_at", "audit_entries", ["at", "id"])
    op.create_index("ix_audit_entries_target", "audit_entries", ["target", "at", "id"])

    op.create_table(
        "audit_watches",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_audit_watches"),
    )
    op.create_table(
        "call_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_sid", sa.String(length=64), nullable=False),
        sa.Column("call_status", sa.String(length=16), nullable=False),
        sa.Column("sequence_number", sa.Integer(), nullable=False),
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
        "carrier_records",
        sa.Column("sid", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("tried_at", MOMENT),
        sa.Column("code", sa.Integer()),
        sa.PrimaryKeyConstraint("sid", name="pk_carrier_records"),
    )
    op.create_table(
        "courts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_key", sa.String(length=200), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_courts"),
        sa.UniqueConstraint("name_key", name="uq_courts_name_key"),
    )
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
        "heard_texts",
        sa.Column("message_sid", sa.String(length=64), nullable=False),
        sa.Column("heard_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("message_sid", name="pk_heard_texts"),
    )
    op.create_table(
        "key_marks",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_key_marks"),
    )
    op.create_table(
        "heartbeats",
        sa.Column("process", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("field_key", sa.String(length=20)),
        sa.PrimaryKeyConstraint("process", name="pk_heartbeats"),
    )
    op.create_table(
        "known_phones",
        sa.Column("number_key", sa.String(length=64), nullable=False),
        sa.Column("phone_key", sa.String(length=64), nullable=False),
        sa.Column("last_verified_at", MOMENT, nullable=False),
        sa.Column("unsafe_at", MOMENT),
        sa.PrimaryKeyConstraint("number_key", "phone_key", name="pk_known_phones"),
    )
    op.create_table(
        "month_figures",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("figure", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("detail", sa.String(length=40), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("month", "figure", "language", "detail", name="pk_month_figures"),
    )
    op.create_table(
        "offers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_offers"),
    )
    op.create_table(
        "office_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=80), nullable=False),
        sa.Column("value", sa.JSON(none_as_null=True)),
        sa.Column("reason", sa.String(length=280), nullable=False),
        sa.Column("actor", sa.String(length=254), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_office_changes"),
    )
    op.create_index("ix_office_changes_field_id", "office_changes", ["field", "id"])

    op.create_table(
        "paces",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("refused_at", MOMENT),
        sa.Column("refused_code", sa.Integer()),
        sa.Column("refused_call_id", sa.Integer()),
        sa.PrimaryKeyConstraint("name", name="pk_paces"),
    )
    op.create_table(
        "paged_matters",
        sa.Column("name", sa.String(length=24), nullable=False),
        sa.Column("paged_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_paged_matters"),
    )
    op.create_table(
        "pin_counters",
        sa.Column("number_key", sa.String(length=64), nullable=False),
        sa.Column("counter", sa.String(length=65), nullable=False),
        sa.Column("consecutive", sa.Integer(), nullable=False),
        sa.Column("wait_until", MOMENT),
        sa.Column("locked_at", MOMENT),
        sa.Column("lifted_at", MOMENT),
        sa.Column("spent_at", MOMENT),
        sa.Column("told", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.PrimaryKeyConstraint("number_key", "counter", name="pk_pin_counters"),
    )
    op.create_index("ix_pin_counters_told", "pin_counters", ["told"])
    op.create_index("ix_pin_counters_locked", "pin_counters", ["locked_at", "spent_at"])

    op.create_table(
        "pin_tries",
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("number_key", sa.String(length=64), nullable=False),
        sa.Column("counter", sa.String(length=65), server_default="", nullable=False),
        sa.Column("phone_key", sa.String(length=64)),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("opened", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "turn", name="pk_pin_tries"),
    )
    op.create_index("ix_pin_tries_at", "pin_tries", ["at"])
    op.create_index("ix_pin_tries_number", "pin_tries", ["number_key", "counter", "at"])
    op.create_index("ix_pin_tries_phone", "pin_tries", ["phone_key", "at"])

    op.create_table(
        "purge_runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("before", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("deleted", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_purge_runs"),
    )
    op.create_table(
        "registrants",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name_sealed", sa.Text()),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("pace", sa.String(length=8), nullable=False),
        sa.Column("mail_safe", sa.Boolean(), nullable=False),
        sa.Column("line", sa.String(length=16)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_registrants"),
    )
    op.create_table(
        "sign_in_counters",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", MOMENT, nullable=False),
        sa.Column("locked_at", MOMENT),
        sa.PrimaryKeyConstraint("key", name="pk_sign_in_counters"),
    )
    op.create_index("ix_sign_in_counters_failed_at", "sign_in_counters", ["failed_at"])

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
        sa.Column("on_call", sa.Boolean(), nullable=False),
        sa.Column("away", sa.Boolean(), nullable=False),
        sa.Column("scheduled_shift", sa.Boolean()),
        sa.Column("shift_changed_at", MOMENT),
        sa.Column("last_offered_at", MOMENT),
        sa.Column("busy_since", MOMENT),
        sa.Column("busy_call_id", sa.Integer()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("number_sealed", sa.Text()),
        sa.Column("number_key", sa.String(length=64)),
        sa.Column("pin_hash", sa.Text()),
        sa.Column("code_hash", sa.Text()),
        sa.Column("new_hash", sa.Text()),
        sa.Column("interface_language", sa.String(length=16)),
        sa.Column("totp_sealed", sa.Text()),
        sa.Column("totp_step", sa.BigInteger()),
        sa.Column("resting_since", MOMENT),
        sa.Column("resting_until", MOMENT),
        sa.Column("on_staff_line_until", MOMENT),
        sa.Column("missed_offers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("set_away_at", MOMENT),
        sa.Column("spared_until", MOMENT),
        sa.Column("wrap_up_until", MOMENT),
        sa.Column("wrap_up_extended", sa.Integer(), server_default="0", nullable=False),
        sa.Column("left_at", MOMENT),
        sa.ForeignKeyConstraint(["busy_call_id"], ["calls.id"], name="fk_staff_busy_call_id", use_alter=True),
        sa.PrimaryKeyConstraint("id", name="pk_staff"),
        sa.UniqueConstraint("email", name="uq_staff_email"),
    )
    op.create_index("uq_staff_number_key", "staff", ["number_key"], unique=True)

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
        sa.Column("ignored_until", MOMENT),
        sa.Column("doubted_at", MOMENT),
        sa.Column("held_import_id", sa.Integer()),
        sa.Column("seen_import_id", sa.Integer()),
        sa.ForeignKeyConstraint(
            ["held_import_id"], ["imports.id"], name="fk_subjects_held_import_id", use_alter=True
        ),
        sa.ForeignKeyConstraint(
            ["seen_import_id"], ["imports.id"], name="fk_subjects_seen_import_id", use_alter=True
        ),
        sa.ForeignKeyConstraint(
            ["record_id"], ["custody_records.id"], name="fk_subjects_record_id", use_alter=True
        ),
        sa.PrimaryKeyConstraint("id", name="pk_subjects"),
        sa.UniqueConstraint("feed_key", name="uq_subjects_feed_key"),
        # Each import updates most rows. In a page that has room for the new version no index is written.
        postgresql_with={"fillfactor": 50},
    )
    op.create_index("ix_subjects_held_import_id", "subjects", ["held_import_id"])

    op.create_table(
        "absences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_absences_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_absences"),
    )
    op.create_index("ix_absences_staff_id", "absences", ["staff_id"])

    op.create_table(
        "approvals",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("pair", sa.String(length=512), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["audit_entries.id"], name="fk_approvals_entry_id"),
        sa.PrimaryKeyConstraint("entry_id", name="pk_approvals"),
    )
    op.create_index("ix_approvals_at", "approvals", ["at", "pair"])

    op.create_table(
        "audit_alarms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=512), nullable=False),
        sa.Column("target", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT),
        sa.Column("settled_by", sa.String(length=254)),
        sa.Column("finding", sa.String(length=16)),
        sa.Column("told_at", MOMENT),
        sa.ForeignKeyConstraint(["entry_id"], ["audit_entries.id"], name="fk_audit_alarms_entry_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_alarms"),
    )
    op.create_index("ix_audit_alarms_settled", "audit_alarms", ["settled_at", "id"])
    op.create_index(
        "uq_audit_alarms_open",
        "audit_alarms",
        ["rule", "actor", "target"],
        unique=True,
        **_only("settled_at IS NULL"),
    )

    op.create_table(
        "audit_exports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("search", sa.JSON(), nullable=False),
        sa.Column("newest_id", sa.Integer(), nullable=False),
        sa.Column("newest_at", MOMENT, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("requested_by", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("requested_at", MOMENT, nullable=False),
        sa.Column("agreed_by", sa.Integer()),
        sa.Column("until", MOMENT),
        sa.Column("rejected_by", sa.Integer()),
        sa.Column("rejected_at", MOMENT),
        sa.ForeignKeyConstraint(["agreed_by"], ["staff.id"], name="fk_audit_exports_agreed_by"),
        sa.ForeignKeyConstraint(["rejected_by"], ["staff.id"], name="fk_audit_exports_rejected_by"),
        sa.ForeignKeyConstraint(["requested_by"], ["staff.id"], name="fk_audit_exports_requested_by"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_exports"),
    )
    op.create_index("ix_audit_exports_requested_at", "audit_exports", ["requested_at"])

    op.create_table(
        "cases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("registrant_id", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("number_key", sa.String(length=65), nullable=False),
        sa.Column("number_sealed", sa.Text(), nullable=False),
        sa.Column("pin_hash", sa.Text(), nullable=False),
        sa.Column("pin_kind", sa.String(length=16), nullable=False),
        sa.Column("pin_issued_at", MOMENT, nullable=False),
        sa.Column("pin_expires_at", MOMENT),
        sa.Column("letter_uses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("duress_of", sa.Integer()),
        sa.Column("pin_mark", sa.Text()),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT),
        sa.Column("last_verified_at", MOMENT),
        sa.Column("tries_told_at", MOMENT),
        sa.Column("changes_held_until", MOMENT),
        sa.Column("named_by", sa.Integer()),
        sa.Column("named_sealed", sa.Text()),
        sa.ForeignKeyConstraint(["duress_of"], ["cases.id"], name="fk_cases_duress_of"),
        sa.ForeignKeyConstraint(["named_by"], ["staff.id"], name="fk_cases_named_by", use_alter=True),
        sa.ForeignKeyConstraint(["registrant_id"], ["registrants.id"], name="fk_cases_registrant_id"),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name="fk_cases_subject_id"),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
        sa.UniqueConstraint("duress_of", name="uq_cases_duress_of"),
        sa.UniqueConstraint("number_key", name="uq_cases_number_key"),
    )
    op.create_index("ix_cases_registrant_id", "cases", ["registrant_id"])
    op.create_index("ix_cases_subject_id", "cases", ["subject_id"])

    op.create_table(
        "imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("full", sa.Boolean(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("status_changes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("from_denial", sa.Integer(), server_default="0", nullable=False),
        sa.Column("moved_releases", sa.Integer(), server_default="0", nullable=False),
        sa.Column("moved_hearings", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("ignored", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("hold_reasons", sa.JSON(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT),
        sa.Column("settled_by", sa.JSON(), nullable=False),
        sa.Column("uploaded_by_id", sa.Integer()),
        sa.Column("seen_at", MOMENT),
        sa.Column("landed_before", sa.Integer()),
        sa.Column("newest_as_of", MOMENT),
        sa.Column("decided_at", MOMENT),
        sa.Column("ended", sa.String(length=16)),
        sa.Column("kinds", sa.JSON(none_as_null=True)),
        sa.Column("concerned", sa.Integer()),
        sa.Column("reject_fields", sa.JSON(none_as_null=True)),
        sa.Column("pages", sa.Integer(), server_default="0", nullable=False),
        sa.Column("asked", sa.String(length=8)),
        sa.Column("asked_by_id", sa.Integer()),
        sa.Column("asked_at", MOMENT),
        sa.Column("retracted_by", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("retracted_at", MOMENT),
        sa.Column("batch", sa.Integer()),
        sa.Column("batch_sha256", sa.String(length=64)),
        sa.ForeignKeyConstraint(["asked_by_id"], ["staff.id"], name="fk_imports_asked_by_id"),
        sa.ForeignKeyConstraint(["uploaded_by_id"], ["staff.id"], name="fk_imports_uploaded_by_id"),
        sa.PrimaryKeyConstraint("id", name="pk_imports"),
    )
    op.create_index("ix_imports_batch", "imports", ["batch"])
    op.create_index("ix_imports_state", "imports", ["state", "id"])

    op.create_table(
        "legal_holds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer()),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("set_at", MOMENT, nullable=False),
        sa.Column("set_by_id", sa.Integer(), nullable=False),
        sa.Column("set_with_id", sa.Integer(), nullable=False),
        sa.Column("lifted_at", MOMENT),
        sa.Column("lifted_by_id", sa.Integer()),
        sa.Column("lifted_with_id", sa.Integer()),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_legal_holds_case_id"),
        sa.ForeignKeyConstraint(["lifted_by_id"], ["staff.id"], name="fk_legal_holds_lifted_by_id"),
        sa.ForeignKeyConstraint(["lifted_with_id"], ["staff.id"], name="fk_legal_holds_lifted_with_id"),
        sa.ForeignKeyConstraint(["set_by_id"], ["staff.id"], name="fk_legal_holds_set_by_id"),
        sa.ForeignKeyConstraint(["set_with_id"], ["staff.id"], name="fk_legal_holds_set_with_id"),
        sa.PrimaryKeyConstraint("id", name="pk_legal_holds"),
    )
    op.create_index("ix_legal_holds_in_force", "legal_holds", ["case_id"], **_only("lifted_at IS NULL"))

    op.create_table(
        "name_words",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("word_key", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.Integer()),
        sa.Column("registrant_id", sa.Integer()),
        sa.ForeignKeyConstraint(["registrant_id"], ["registrants.id"], name="fk_name_words_registrant_id"),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name="fk_name_words_subject_id"),
        sa.PrimaryKeyConstraint("id", name="pk_name_words"),
    )
    op.create_index("ix_name_words_of_registrants", "name_words", ["word_key", "registrant_id"])
    op.create_index("ix_name_words_of_subjects", "name_words", ["word_key", "subject_id"])
    op.create_index("ix_name_words_registrant_id", "name_words", ["registrant_id"])
    op.create_index("ix_name_words_subject_id", "name_words", ["subject_id"])

    op.create_table(
        "passkeys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("credential_id", sa.String(length=1400), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("challenge_hash", sa.String(length=64)),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_passkeys_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
        sa.UniqueConstraint("credential_id", name="uq_passkeys_credential_id"),
    )
    op.create_index("ix_passkeys_staff_id", "passkeys", ["staff_id"])

    op.create_table(
        "phones",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("registrant_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("number_sealed", sa.Text(), nullable=False),
        sa.Column("phone_key", sa.String(length=64), nullable=False),
        sa.Column("confirmed_at", MOMENT),
        sa.Column("unsafe_since", MOMENT),
        sa.Column("stopped_at", MOMENT),
        sa.Column("stop_told_at", MOMENT),
        sa.Column("voicemail_allowed", sa.Boolean(), nullable=False),
        sa.Column("night_allowed", sa.Boolean()),
        sa.Column("may_answer", sa.String(length=16), nullable=False),
        sa.Column("window_starts", sa.Time()),
        sa.Column("window_ends", sa.Time()),
        sa.Column("voicemail_text", sa.String(length=16)),
        sa.Column("wishes_at", MOMENT),
        sa.Column("code_key", sa.String(length=64)),
        sa.Column("code_until", MOMENT),
        sa.Column("code_tries", sa.Integer(), nullable=False),
        sa.Column("content_held_until", MOMENT),
        sa.ForeignKeyConstraint(["registrant_id"], ["registrants.id"], name="fk_phones_registrant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_phones"),
        sa.UniqueConstraint("registrant_id", "position", name="uq_phones_registrant_id_position"),
    )
    op.create_index("ix_phones_phone_key", "phones", ["phone_key"])

    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("code_key", sa.String(length=64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_recovery_codes_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_codes"),
        sa.UniqueConstraint("code_key", name="uq_recovery_codes_code_key"),
    )
    op.create_index("ix_recovery_codes_staff_id", "recovery_codes", ["staff_id"])

    op.create_table(
        "schedules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_schedules_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_schedules"),
    )
    op.create_index("ix_schedules_staff_id", "schedules", ["staff_id"])

    op.create_table(
        "staff_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=32), nullable=False),
        sa.Column("browser", sa.String(length=80), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("fresh_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("kept_sealed", sa.Text()),
        sa.Column("known_browser", sa.String(length=64)),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_staff_sessions_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_staff_sessions"),
        sa.UniqueConstraint("token_hash", name="uq_staff_sessions_token_hash"),
    )
    op.create_index("ix_staff_sessions_ends_at", "staff_sessions", ["ends_at"])
    op.create_index("ix_staff_sessions_staff_id", "staff_sessions", ["staff_id"])

    op.create_table(
        "calls",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_sid", sa.String(length=64)),
        sa.Column("leg_id", sa.String(length=32)),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.Column("role", sa.String(length=16), server_default="caller", nullable=False),
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
        sa.Column("place", sa.String(length=16)),
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
        sa.Column("tried_key", sa.String(length=64)),
        sa.Column("case_id", sa.Integer()),
        sa.Column("verified_at", MOMENT),
        sa.Column("callback_id", sa.Integer()),
        sa.Column("notice_id", sa.Integer()),
        sa.Column("staff_id", sa.Integer()),
        sa.Column("parent_call_id", sa.Integer()),
        sa.Column("accepted_at", MOMENT),
        sa.Column("silent", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("time_zone", sa.String(length=64)),
        sa.Column("wrong_tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_call_at", MOMENT),
        sa.Column("new_pin_hash", sa.Text()),
        sa.Column("caller_id_doubted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("by_machine", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("caller_id_attested", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("wishes", sa.String(length=64)),
        sa.Column("letter_at", MOMENT),
        sa.Column("asked_at", MOMENT),
        sa.Column("opened_at", MOMENT),
        sa.Column("missed_state", sa.String(length=8)),
        sa.Column("fetched_by", sa.String(length=64)),
        sa.ForeignKeyConstraint(
            ["callback_id"], ["callbacks.id"], name="fk_calls_callback_id", use_alter=True
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_calls_case_id"),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name="fk_calls_notice_id", use_alter=True),
        sa.ForeignKeyConstraint(["parent_call_id"], ["calls.id"], name="fk_calls_parent_call_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_calls_staff_id", use_alter=True),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
        sa.UniqueConstraint("call_sid", name="uq_calls_call_sid"),
    )
    op.create_index("ix_calls_callback_id", "calls", ["callback_id"], **_only("callback_id IS NOT NULL"))
    op.create_index("ix_calls_case_id", "calls", ["case_id"], **_only("case_id IS NOT NULL"))
    op.create_index(
        "ix_calls_live_children",
        "calls",
        ["started_at"],
        **_only("ended_at IS NULL AND parent_call_id IS NOT NULL"),
    )
    op.create_index(
        "ix_calls_live_legs", "calls", ["started_at"], **_only("ended_at IS NULL AND callback_id IS NOT NULL")
    )
    op.create_index(
        "ix_calls_live_notices",
        "calls",
        ["started_at"],
        **_only("ended_at IS NULL AND notice_id IS NOT NULL"),
    )
    op.create_index("ix_calls_notice_id", "calls", ["notice_id"], **_only("notice_id IS NOT NULL"))
    op.create_index(
        "ix_calls_of_staff", "calls", ["staff_id"], **_only("ended_at IS NULL AND staff_id IS NOT NULL")
    )
    op.create_index(
        "ix_calls_open_of_phone",
        "calls",
        ["phone_key"],
        **_only("ended_at IS NULL AND direction = 'inbound'"),
    )
    op.create_index(
        "ix_calls_parent_call_id", "calls", ["parent_call_id"], **_only("parent_call_id IS NOT NULL")
    )
    op.create_index("ix_calls_started_at", "calls", ["started_at"])
    op.create_index("uq_calls_leg_id", "calls", ["leg_id"], unique=True, **_only("leg_id IS NOT NULL"))

    op.create_table(
        "duress_watches",
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer()),
        sa.Column("told_at", MOMENT),
        sa.Column("lifted_at", MOMENT),
        sa.Column("lifted_by", sa.Integer()),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_duress_watches_case_id"),
        sa.ForeignKeyConstraint(["lifted_by"], ["staff.id"], name="fk_duress_watches_lifted_by"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_duress_watches_staff_id"),
        sa.PrimaryKeyConstraint("case_id", name="pk_duress_watches"),
    )

    op.create_table(
        "case_openings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer()),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("ground", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_openings_case_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_case_openings_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_case_openings"),
    )
    op.create_index("ix_case_openings_case_id", "case_openings", ["case_id"])
    op.create_index("ix_case_openings_of_staff", "case_openings", ["staff_id", "case_id", "until"])

    op.create_table(
        "consents",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("phone_id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer()),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("cap_per_day", sa.Integer(), nullable=False),
        sa.Column("granted_at", MOMENT, nullable=False),
        sa.Column("withdrawn_at", MOMENT),
        sa.ForeignKeyConstraint(["phone_id"], ["phones.id"], name="fk_consents_phone_id"),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["registrations.id"], name="fk_consents_registration_id", use_alter=True
        ),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
    )
    op.create_index("ix_consents_phone_id", "consents", ["phone_id"])
    op.create_index("ix_consents_registration_id", "consents", ["registration_id"])

    op.create_table(
        "custody_records",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("status_at", MOMENT),
        sa.Column("facility_key", sa.String(length=200)),
        sa.Column("releasable", sa.Boolean(), nullable=False),
        sa.Column("removal_stage", sa.String(length=32)),
        sa.Column("expected_release_at", MOMENT),
        sa.Column("next_hearing_at", MOMENT),
        sa.Column("court_key", sa.String(length=200)),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("was_absent", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name="fk_custody_records_import_id"),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name="fk_custody_records_subject_id"),
        sa.PrimaryKeyConstraint("id", name="pk_custody_records"),
    )
    op.create_index("ix_custody_records_import_id", "custody_records", ["import_id"])
    op.create_index("ix_custody_records_recorded_at", "custody_records", ["recorded_at"])
    op.create_index("ix_custody_records_subject_id", "custody_records", ["subject_id"])

    op.create_table(
        "import_rejects",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name="fk_import_rejects_import_id"),
        sa.PrimaryKeyConstraint("import_id", "line", name="pk_import_rejects"),
    )
    op.create_table(
        "import_rows",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("change", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("status_at", MOMENT),
        sa.Column("facility_key", sa.String(length=200)),
        sa.Column("releasable", sa.Boolean(), nullable=False),
        sa.Column("removal_stage", sa.String(length=32)),
        sa.Column("expected_release_at", MOMENT),
        sa.Column("next_hearing_at", MOMENT),
        sa.Column("court_key", sa.String(length=200)),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name="fk_import_rows_import_id"),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name="fk_import_rows_subject_id"),
        sa.PrimaryKeyConstraint("import_id", "line", name="pk_import_rows"),
    )
    op.create_index("ix_import_rows_change", "import_rows", ["import_id", "change"])
    op.create_index("ix_import_rows_subject_id", "import_rows", ["subject_id"])

    op.create_table(
        "pin_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("delivery", sa.String(length=16), nullable=False),
        sa.Column("evidence", sa.String(length=32), nullable=False),
        sa.Column("requested_by", sa.Integer(), nullable=False),
        sa.Column("requested_at", MOMENT, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("settled_by", sa.Integer()),
        sa.Column("settled_at", MOMENT),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_pin_requests_case_id"),
        sa.ForeignKeyConstraint(["requested_by"], ["staff.id"], name="fk_pin_requests_requested_by"),
        sa.ForeignKeyConstraint(["settled_by"], ["staff.id"], name="fk_pin_requests_settled_by"),
        sa.PrimaryKeyConstraint("id", name="pk_pin_requests"),
    )
    op.create_index("ix_pin_requests_case_id", "pin_requests", ["case_id", "id"])
    op.create_index("ix_pin_requests_state", "pin_requests", ["state", "requested_at"])
    op.create_index(
        "uq_pin_requests_waiting", "pin_requests", ["case_id"], unique=True, **_only("state = 'waiting'")
    )

    op.create_table(
        "unlisted_names",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name_key", sa.String(length=64), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("first_seen_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("settled_at", MOMENT),
        sa.Column("settled_as", sa.String(length=16)),
        sa.Column("told_at", MOMENT),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name="fk_unlisted_names_import_id"),
        sa.PrimaryKeyConstraint("id", name="pk_unlisted_names"),
        sa.UniqueConstraint("name_key", name="uq_unlisted_names_name_key"),
    )
    op.create_index("ix_unlisted_names_import_id", "unlisted_names", ["import_id"])

    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("level", sa.String(length=24), nullable=False),
        sa.Column("promises", sa.Integer(), nullable=False),
        sa.Column("is_repeat", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT),
        sa.Column("call_id", sa.Integer()),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_alerts_call_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_alerts_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_call_id", "alerts", ["call_id"])
    op.create_index("ix_alerts_staff_id", "alerts", ["staff_id"])
    op.create_index("ix_alerts_unsent", "alerts", ["made_at"], **_only("state IN ('made','sending')"))

    op.create_table(
        "callbacks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("urgency", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("case_id", sa.Integer()),
        sa.Column("registrant_id", sa.Integer()),
        sa.Column("requested_in_call_id", sa.Integer()),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("number_sealed", sa.Text(), nullable=False),
        sa.Column("phone_key", sa.String(length=64), nullable=False),
        sa.Column("window_starts", MOMENT),
        sa.Column("window_ends", MOMENT),
        sa.Column("voicemail_allowed", sa.Boolean(), nullable=False),
        sa.Column("voicemail_text", sa.String(length=16)),
        sa.Column("may_answer", sa.String(length=16), nullable=False),
        sa.Column("when_dropped", sa.String(length=16), server_default="wait_for_me", nullable=False),
        sa.Column("silent", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("requested_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("next_attempt_at", MOMENT, nullable=False),
        sa.Column("news_at", MOMENT, nullable=False),
        sa.Column("rank", sa.Integer()),
        sa.Column("paged_at", MOMENT),
        sa.Column("lease_until", MOMENT),
        sa.Column("liaison_tries", sa.Integer(), nullable=False),
        sa.Column("caller_tries", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer()),
        sa.Column("missed_by_id", sa.Integer()),
        sa.Column("warned", sa.Integer(), nullable=False),
        sa.Column("liaison_call_id", sa.Integer()),
        sa.Column("caller_call_id", sa.Integer()),
        sa.Column("talking_at", MOMENT),
        sa.Column("closed_at", MOMENT),
        sa.Column("outcome", sa.String(length=32)),
        sa.Column("claimed_at", MOMENT),
        sa.Column("taken_up_at", MOMENT),
        sa.Column("note_sealed", sa.Text()),
        sa.Column("recognized_by", sa.String(length=16)),
        sa.Column("asked_elsewhere", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("stopped_after", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("window_of_phone", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("rescheduled_by_id", sa.Integer()),
        sa.Column("begun_by_staff", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("follows_id", sa.Integer()),
        sa.Column("replaced_by_id", sa.Integer()),
        sa.ForeignKeyConstraint(
            ["caller_call_id"], ["calls.id"], name="fk_callbacks_caller_call_id", use_alter=True
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_callbacks_case_id"),
        sa.ForeignKeyConstraint(
            ["liaison_call_id"], ["calls.id"], name="fk_callbacks_liaison_call_id", use_alter=True
        ),
        sa.ForeignKeyConstraint(["missed_by_id"], ["staff.id"], name="fk_callbacks_missed_by_id"),
        sa.ForeignKeyConstraint(["registrant_id"], ["registrants.id"], name="fk_callbacks_registrant_id"),
        sa.ForeignKeyConstraint(
            ["requested_in_call_id"], ["calls.id"], name="fk_callbacks_requested_in_call_id"
        ),
        sa.ForeignKeyConstraint(["rescheduled_by_id"], ["staff.id"], name="fk_callbacks_rescheduled_by_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_callbacks_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_callbacks"),
    )
    op.create_index("ix_callbacks_asked_in", "callbacks", ["requested_in_call_id"])
    op.create_index(
        "ix_callbacks_caller", "callbacks", ["caller_call_id"], **_only("caller_call_id IS NOT NULL")
    )
    op.create_index(
        "ix_callbacks_liaison", "callbacks", ["liaison_call_id"], **_only("liaison_call_id IS NOT NULL")
    )
    op.create_index(
        "ix_callbacks_in_hand",
        "callbacks",
        ["state", "lease_until"],
        **_only("state IN ('claimed','ringing_liaison','ringing_caller','talking')"),
    )
    op.create_index(
        "ix_callbacks_tells", "callbacks", ["case_id"], **_only("reason IN ('notice','hard_news')")
    )
    op.create_index(
        "ix_callbacks_left", "callbacks", ["warned", "closed_at"], **_only("state = 'left_for_staff'")
    )
    op.create_index(
        "ix_callbacks_line",
        "callbacks",
        ["rank", "due_at", "requested_at", "id"],
        **_only("state = 'requested' AND rank IS NOT NULL"),
    )
    op.create_index(
        "ix_callbacks_listed",
        "callbacks",
        ["rank", "due_at", "requested_at", "id"],
        **_only("state IN ('requested','left_for_staff') AND rank IS NOT NULL"),
    )
    op.create_index("ix_callbacks_measured", "callbacks", ["urgency", "verified", "requested_at"])
    op.create_index(
        "ix_callbacks_not_yet",
        "callbacks",
        ["urgency", "next_attempt_at"],
        **_only("state = 'requested' AND rank IS NULL"),
    )
    op.create_index(
        "ix_callbacks_of_staff", "callbacks", ["staff_id", "talking_at"], **_only("staff_id IS NOT NULL")
    )
    op.create_index("ix_callbacks_past", "callbacks", ["case_id", "id"], **_only("closed_at IS NOT NULL"))
    op.create_index("ix_callbacks_phone", "callbacks", ["phone_key", "requested_at"])
    op.create_index(
        "ix_callbacks_promised",
        "callbacks",
        ["due_at", "requested_at", "id"],
        **_only(
            "state IN ('requested','claimed','ringing_liaison','ringing_caller','talking','left_for_staff')"
        ),
    )
    op.create_index(
        "ix_callbacks_warned",
        "callbacks",
        ["warned", "due_at"],
        **_only("state IN ('requested','claimed','ringing_liaison','ringing_caller','talking')"),
    )
    op.create_index(
        "uq_callbacks_owed_case",
        "callbacks",
        ["case_id"],
        unique=True,
        **_only("state IN ('requested','claimed','ringing_liaison','ringing_caller')"),
    )

    op.create_table(
        "callouts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("party", sa.String(length=64), nullable=False),
        sa.Column("requested_at", MOMENT, nullable=False),
        sa.Column("dialled_at", MOMENT),
        sa.Column("closed_at", MOMENT),
        sa.Column("outcome", sa.String(length=16)),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_callouts_call_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_callouts_case_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_callouts_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_callouts"),
        sa.UniqueConstraint("call_id", name="uq_callouts_call_id"),
    )
    op.create_index("ix_callouts_case", "callouts", ["case_id"])
    op.create_index("ix_callouts_closed", "callouts", ["staff_id", "closed_at"])
    op.create_index("ix_callouts_on", "callouts", ["staff_id"], **_only("closed_at IS NULL"))

    op.create_table(
        "talks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("callback_id", sa.Integer()),
        sa.Column("caller_call_id", sa.Integer(), nullable=False),
        sa.Column("leader_call_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer()),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("conference", sa.String(length=32), nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("held_at", MOMENT),
        sa.Column("announced_at", MOMENT),
        sa.Column("closed_at", MOMENT),
        sa.Column("outcome", sa.String(length=32)),
        sa.Column("needs_interpreter", sa.Boolean()),
        sa.Column("safety_plan", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("referred_to", sa.JSON()),
        sa.Column("note_sealed", sa.Text()),
        sa.ForeignKeyConstraint(["callback_id"], ["callbacks.id"], name="fk_talks_callback_id"),
        sa.ForeignKeyConstraint(["caller_call_id"], ["calls.id"], name="fk_talks_caller_call_id"),
        sa.ForeignKeyConstraint(["leader_call_id"], ["calls.id"], name="fk_talks_leader_call_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_talks_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_talks"),
        sa.UniqueConstraint("callback_id", name="uq_talks_callback_id"),
    )
    op.create_index("ix_talks_caller", "talks", ["caller_call_id"])
    op.create_index("ix_talks_leader", "talks", ["leader_call_id"])
    op.create_index("ix_talks_staff", "talks", ["staff_id", "closed_at"])
    op.create_index("uq_talks_on", "talks", ["caller_call_id"], unique=True, **_only("closed_at IS NULL"))

    op.create_table(
        "queued_calls",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("urgent", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("outcome", sa.String(length=16)),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_queued_calls_call_id"),
        sa.PrimaryKeyConstraint("id", name="pk_queued_calls"),
        sa.UniqueConstraint("call_id", name="uq_queued_calls_call_id"),
    )
    op.create_index("ix_queued_calls_measured", "queued_calls", ["verified", "since"])
    op.create_index("ix_queued_calls_waiting", "queued_calls", ["since"], **_only("ended_at IS NULL"))

    op.create_table(
        "lost_pin_reports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number_key", sa.String(length=64), nullable=False),
        sa.Column("phone_key", sa.String(length=64)),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.Column("reported_at", MOMENT, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("settled_at", MOMENT),
        sa.Column("told_at", MOMENT),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_lost_pin_reports_call_id"),
        sa.PrimaryKeyConstraint("id", name="pk_lost_pin_reports"),
    )
    op.create_index("ix_lost_pin_reports_call_id", "lost_pin_reports", ["call_id"])
    op.create_index("ix_lost_pin_reports_new", "lost_pin_reports", ["id"], **_only("state = 'new'"))
    op.create_index("ix_lost_pin_reports_phone", "lost_pin_reports", ["phone_key", "reported_at"])
    op.create_index("ix_lost_pin_reports_reported_at", "lost_pin_reports", ["reported_at"])
    op.create_index("ix_lost_pin_reports_waiting", "lost_pin_reports", ["id"], **_only("state = 'waiting'"))

    op.create_table(
        "custody_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("at", MOMENT),
        sa.Column("record_id", sa.Integer()),
        sa.Column("before_id", sa.Integer()),
        sa.Column("import_id", sa.Integer()),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("spread_at", MOMENT),
        sa.Column("stopped_at", MOMENT),
        sa.Column("retracted_at", MOMENT),
        sa.Column("corrects_id", sa.Integer()),
        sa.ForeignKeyConstraint(["before_id"], ["custody_records.id"], name="fk_custody_events_before_id"),
        sa.ForeignKeyConstraint(["corrects_id"], ["custody_events.id"], name="fk_custody_events_corrects_id"),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name="fk_custody_events_import_id"),
        sa.ForeignKeyConstraint(["record_id"], ["custody_records.id"], name="fk_custody_events_record_id"),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name="fk_custody_events_subject_id"),
        sa.PrimaryKeyConstraint("id", name="pk_custody_events"),
    )
    op.create_index("ix_custody_events_import", "custody_events", ["import_id"])
    op.create_index("ix_custody_events_subject", "custody_events", ["subject_id", "id"])
    op.create_index("ix_custody_events_unspread", "custody_events", ["id"], **_only("spread_at IS NULL"))
    op.create_index(
        "uq_custody_events_record", "custody_events", ["record_id"], unique=True,
        **_only("before_id IS NOT NULL AND corrects_id IS NULL"),
    )  # fmt: skip
    op.create_index(
        "uq_custody_events_reminder", "custody_events", ["subject_id", "kind", "at"], unique=True,
        **_only("before_id IS NULL"),
    )  # fmt: skip

    op.create_table(
        "registrations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("code_key", sa.String(length=64)),
        sa.Column("night_allowed", sa.Boolean()),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("made_by", sa.String(length=24), nullable=False),
        sa.Column("call_id", sa.Integer()),
        sa.Column("paused_until", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.Column("ended_by", sa.String(length=24)),
        sa.Column("end_task_at", MOMENT),
        sa.Column("end_told_at", MOMENT),
        sa.Column("lapses_at", MOMENT, nullable=False),
        sa.Column("lapse_told_at", MOMENT),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_registrations_call_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_registrations_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_registrations"),
    )
    op.create_index("ix_registrations_call_id", "registrations", ["call_id"])
    op.create_index("ix_registrations_case_id", "registrations", ["case_id"])
    op.create_index(
        "ix_registrations_ended", "registrations", ["id"],
        **_only("ended_by = 'caller' AND end_task_at IS NULL"),
    )  # fmt: skip
    op.create_index("ix_registrations_lapse", "registrations", ["lapses_at"], **_only("state <> 'stopped'"))
    op.create_index(
        "uq_registrations_case", "registrations", ["case_id"], unique=True, **_only("state <> 'stopped'")
    )

    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("is_urgent", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("next_attempt_at", MOMENT, nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("call_id", sa.Integer()),
        sa.Column("lease_until", MOMENT),
        sa.Column("heard_at", MOMENT),
        sa.Column("said_at", MOMENT),
        sa.Column("said_record_id", sa.Integer()),
        sa.Column("corrects_id", sa.Integer()),
        sa.Column("confirmed_at", MOMENT),
        sa.Column("confirmed_by", sa.String(length=8)),
        sa.Column("outcome", sa.String(length=16)),
        sa.Column("not_before", MOMENT),
        sa.Column("task", sa.String(length=16)),
        sa.Column("task_at", MOMENT),
        sa.Column("paged_level", sa.Integer(), server_default="0", nullable=False),
        sa.Column("staff_id", sa.Integer()),
        sa.Column("closed_at", MOMENT),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_notices_call_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_notices_case_id"),
        sa.ForeignKeyConstraint(["corrects_id"], ["notices.id"], name="fk_notices_corrects_id"),
        sa.ForeignKeyConstraint(["said_record_id"], ["custody_records.id"], name="fk_notices_said_record_id"),
        sa.ForeignKeyConstraint(["event_id"], ["custody_events.id"], name="fk_notices_event_id"),
        sa.ForeignKeyConstraint(["registration_id"], ["registrations.id"], name="fk_notices_registration_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_notices_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint("event_id", "registration_id", name="uq_notices_event_id_registration_id"),
        sa.UniqueConstraint("corrects_id", name="uq_notices_corrects_id"),
    )
    op.create_index("ix_notices_call_id", "notices", ["call_id"])
    op.create_index("ix_notices_case_id", "notices", ["case_id"])
    op.create_index("ix_notices_due", "notices", ["next_attempt_at"], **_only("state = 'waiting'"))
    op.create_index(
        "ix_notices_open", "notices", ["case_id"], **_only("state IN ('waiting','ringing','left_for_staff')")
    )
    op.create_index("ix_notices_task", "notices", ["case_id"], **_only("task_at IS NOT NULL"))
    op.create_index("ix_notices_gated", "notices", ["id"], **_only("state = 'stopped' AND outcome = 'gate'"))

    op.create_index("ix_notices_ringing", "notices", ["lease_until"], **_only("state = 'ringing'"))
    op.create_index("ix_notices_unpaged", "notices", ["made_at"], **_only(_UNPAGED))
    op.create_index("ix_notices_registration_id", "notices", ["registration_id"])

    op.create_table(
        "notice_phones",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("phone_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("wrong_codes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_stopped", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("has_message", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("last_try_at", MOMENT),
        sa.Column("not_before", MOMENT),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name="fk_notice_phones_notice_id"),
        sa.ForeignKeyConstraint(["phone_id"], ["phones.id"], name="fk_notice_phones_phone_id"),
        sa.PrimaryKeyConstraint("id", name="pk_notice_phones"),
        sa.UniqueConstraint(
            "notice_id", "phone_id", "channel", name="uq_notice_phones_notice_id_phone_id_channel"
        ),
    )
    op.create_index(
        "ix_notice_phones_unsent", "notice_phones", ["id"], **_only("channel = 'text' AND tries = 0")
    )
    op.create_index("ix_notice_phones_phone_id", "notice_phones", ["phone_id"])


def _make_triggers_on_sqlite() -> None:
    changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in _KEPT)
    refused = f"NEW.facts IS NOT NULL OR NEW.salt IS NOT NULL OR {changed}"
    for table, deed, condition, sentence in (
        *(
            (table, deed, "", sentence)
            for table, sentence in _APPENDED.items()
            for deed in ("UPDATE", "DELETE")
        ),
        ("audit_entries", "UPDATE", f"WHEN {refused}", _AUDIT),
        ("audit_entries", "DELETE", "", _AUDIT),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_refuse_{deed.lower()} BEFORE {deed} ON {table} FOR EACH ROW {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
        )


def _make_triggers_on_postgresql() -> None:
    kept = ", ".join(f"NEW.{name}" for name in _KEPT), ", ".join(f"OLD.{name}" for name in _KEPT)
    refused = f"NEW.facts IS NOT NULL OR NEW.salt IS NOT NULL OR ({kept[0]}) IS DISTINCT FROM ({kept[1]})"
    for table, sentence in (*_APPENDED.items(), ("audit_entries", _AUDIT)):
        op.execute(
            f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{sentence}' USING ERRCODE = 'restrict_violation'; END $$"
        )
    for table, deed, condition in (
        *((table, deed, "") for table in _APPENDED for deed in ("UPDATE", "DELETE")),
        ("audit_entries", "UPDATE", f"WHEN ({refused})"),
        ("audit_entries", "DELETE", ""),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_refuse_{deed.lower()} BEFORE {deed} ON {table} FOR EACH ROW {condition} "
            f"EXECUTE FUNCTION {table}_refuse()"
        )
