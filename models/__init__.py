"""What is remembered: every table of the app, one noun a file."""

from models.audit.audit import AuditEntry
from models.audit.office_change import OfficeChange
from models.callbacks.callback import Callback
from models.callouts.callout import Callout
from models.calls.call import Call
from models.calls.heard_text import HeardText
from models.calls.offer import Offer
from models.calls.pacing import Pace
from models.cases.case import Case
from models.cases.duress import DuressWatch
from models.cases.name_index import NameWord
from models.cases.pin import KnownPhone, PinCounter, PinTry
from models.cases.registrant import Consent, Phone, Registrant
from models.cases.subject import Subject
from models.custody.custody import CustodyRecord
from models.custody.custody_event import CustodyEvent
from models.custody.directory import Court, Facility
from models.custody.imports.custody_import import CustodyImport, ImportRow
from models.custody.imports.record import ImportReject
from models.custody.unlisted import UnlistedName
from models.notices.notice import Notice, NoticePhone
from models.notices.registration import Registration
from models.overview.audit_watch import Approval, AuditWatch
from models.overview.case_opening import CaseOpening
from models.overview.pin_request import PinRequest
from models.retention.carrier_record import CarrierRecord
from models.retention.legal_hold import LegalHold
from models.retention.month_figures import MonthFigure
from models.retention.purge_run import PurgeRun
from models.staff.alert import Alert
from models.staff.audit_alarm import AuditAlarm
from models.staff.audit_export import AuditExport
from models.staff.lost_pin_report import LostPinReport
from models.staff.paging import PagedMatter
from models.staff.passkey import Passkey
from models.staff.recovery_code import RecoveryCode
from models.staff.schedule import Absence, Schedule
from models.staff.sign_in_counter import SignInCounter
from models.staff.staff import Staff
from models.staff.staff_session import StaffSession
from models.store.base import Base
from models.store.guard import Guard
from models.store.heartbeat import Heartbeat
from models.store.key_mark import KeyMark
from models.talks.call_event import CallEvent
from models.talks.call_queue import QueuedCall
from models.talks.talk import Talk

__all__ = [
    "Absence",
    "Alert",
    "Approval",
    "AuditAlarm",
    "AuditEntry",
    "AuditExport",
    "AuditWatch",
    "Base",
    "Call",
    "CallEvent",
    "Callback",
    "Callout",
    "CarrierRecord",
    "Case",
    "CaseOpening",
    "Consent",
    "Court",
    "CustodyEvent",
    "CustodyImport",
    "CustodyRecord",
    "DuressWatch",
    "Facility",
    "Guard",
    "HeardText",
    "Heartbeat",
    "ImportReject",
    "ImportRow",
    "KeyMark",
    "KnownPhone",
    "LegalHold",
    "LostPinReport",
    "MonthFigure",
    "NameWord",
    "Notice",
    "NoticePhone",
    "Offer",
    "OfficeChange",
    "Pace",
    "PagedMatter",
    "Passkey",
    "Phone",
    "PinCounter",
    "PinRequest",
    "PinTry",
    "PurgeRun",
    "QueuedCall",
    "RecoveryCode",
    "Registrant",
    "Registration",
    "Schedule",
    "SignInCounter",
    "Staff",
    "StaffSession",
    "Subject",
    "Talk",
    "UnlistedName",
]
