"""models remember: every table of the house, one noun a file."""

from models.audit import AuditEntry
from models.base import Base
from models.call import Call
from models.call_event import CallEvent
from models.callback import Callback
from models.case import Case
from models.custody import CustodyRecord, Facility
from models.custody_import import CustodyImport, ImportRow
from models.line_wait import LineWait
from models.pin import Guard, KnownPhone, PinCounter, PinTry
from models.registrant import Consent, Phone, Registrant
from models.staff import Staff
from models.subject import Subject

__all__ = [
    "AuditEntry",
    "Base",
    "Call",
    "CallEvent",
    "Callback",
    "Case",
    "Consent",
    "CustodyImport",
    "CustodyRecord",
    "Facility",
    "Guard",
    "ImportRow",
    "KnownPhone",
    "LineWait",
    "Phone",
    "PinCounter",
    "PinTry",
    "Registrant",
    "Staff",
    "Subject",
]
