"""The codes that the app writes into its audit facts: a closed list, so that a name cannot pass as a code."""

import re
from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any

from config.office_changes import EDITABLE
from hotline.console.cases.labels import DELIVERIES, EVIDENCE, GROUNDS, SEARCH_REASONS
from hotline.console.imports.words import ENDINGS, HOLD_REASONS
from models.callbacks.appointment import CANCEL_REASONS
from models.callbacks.callback import REASONS
from models.callbacks.recognition import RECOGNITIONS
from models.callbacks.wishes import SAFEST
from models.notices import notice
from models.overview import outcome
from models.overview.case_change import Details
from models.overview.staff_record import Record
from models.staff import alert, schedule
from models.staff.audit_alarm import FINDINGS, RULES
from models.staff.staff import ROLES

CODES = frozenset(
    (
        *("first", "lost", "one_time", "urgent", "other", "verified_callback", "verified_call"),
        *("code", "recovery code", "passkey", "authenticator", "oidc", "set up"),
        *("silent", *SAFEST.columns, *(one.name for one in (*fields(Details), *fields(Record)))),
        *(*notice.OUTCOMES, *notice.CONFIRMED_BY, alert.UNTAKEN),
        *(alert.LEFT, alert.IMPORT_HELD, alert.CALL_LIST, alert.AUDIT_ALARM),
        *("known_phone", "known_phone_unattested", "strangers", "lock", "total"),
        *(level for level, *_ in alert.LEVELS),
        *(
            *REASONS,
            *CANCEL_REASONS,
            *outcome.OUTCOME_CODES,
            *schedule.KINDS,
            *RECOGNITIONS,
            *ROLES,
            *RULES,
            *FINDINGS,
        ),
        *(*DELIVERIES, *EVIDENCE, *GROUNDS, *SEARCH_REASONS, *ENDINGS, *HOLD_REASONS, *EDITABLE),
    )
)
#: The id of a row of ours, a day, a time of day.
_PLAIN = re.compile(r"(?:staff|pin_request):\d{1,9}|(?:19|20)\d\d-[01]\d-[0-3]\d|[0-2]\d:[0-5]\d")
LEFT_OUT = "(text)"


def codes_of(facts: Mapping[str, Any], languages: Collection[str]) -> dict[str, Any]:
    """Return facts without any value that is not a code, a day, a number or a language of the office."""
    return {name: _code(value, languages) for name, value in facts.items()}


def _code(value: Any, languages: Collection[str]) -> Any:
    if isinstance(value, list):
        return [_code(one, languages) for one in value]
    if isinstance(value, Mapping):
        return codes_of(value, languages)
    if not isinstance(value, str):
        return value
    return value if value in CODES or value in languages or _PLAIN.fullmatch(value) else LEFT_OUT
