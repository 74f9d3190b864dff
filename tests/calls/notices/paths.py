"""Every path of a notice, as a call that a registrant, a stranger or a machine makes of it.

A path plays itself in one language. ``docs/office/notice-calls.md`` has what each of them says.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from config.office import Office
from models import Case, Consent, Subject
from models import Phone as PhoneRow
from models.custody.imports.custody_import import ImportRules
from models.notices.taking_back.retraction import retract
from models.store.database import keyring_of
from tests import factories
from tests.calls.conftest import Hotline
from tests.calls.notices.conftest import CODE, FIRST, Registered, picks_up, sweeps
from tests.factories import MadeCase
from tests.models.custody.feed import feed_row, load
from tests.phone import CALLER, Phone

PARTNER = "domestic_violence"
#: The keys that lead a caller with the PIN to the calls about changes.
ASK = ("2", "4")
_ANNOUNCED = {"hearing": "next_hearing_at", "expected_release": "expected_release_at"}
_WRONG = ("1111", "2222", "3333")


@dataclass
class Play:
    """One path in one language: its world, and what was heard so far (a phone, or a text with its cause)."""

    language: str
    phone: Phone
    hotline: Hotline
    register: Callable[..., Registered]
    make_case: Callable[..., MadeCase]
    texts: Callable[..., str]
    heard: list[Phone | tuple[str, str]] = field(default_factory=list)
    case: MadeCase | None = None
    case_phone: str = FIRST

    def registered(self, status: str, **facts: Any) -> Registered:
        """Somebody who asked to be called."""
        made = self.register(status, **{"language": self.language, "number": "41000723", **facts})
        self.case = made.case
        return made

    def rings(self, status: str, kind: str | None = None, **facts: Any) -> Registered:
        """News is due, and the registrant's phone rings."""
        made = self.registered(status, **facts)
        made.is_due(kind or status)
        assert FIRST in sweeps(self.hotline)
        return made

    def reminds(self, kind: str, **facts: Any) -> None:
        """What a record announces for the day after tomorrow makes the registrant's phone ring."""
        at = self.hotline.clock.now + timedelta(days=2)
        self.registered("in_custody", facility="Stewart", record={_ANNOUNCED[kind]: at, **facts})
        rung = [sweeps(self.hotline, minutes=minutes) for minutes in (1, 1, 1)]
        assert [FIRST] in rung

    def closes_the_gate(self, made: Registered) -> None:
        """A newer record says that nothing may be told of this person."""
        with self.hotline.database.transaction() as session:
            subject = session.get_one(Subject, made.case.subject_id)
            factories.make_custody_record(session, subject, "released", releasable=False)

    def answers(self, *keys: str, **extra: str) -> Phone:
        """The phone is answered, and these keys follow; an empty one is silence."""
        called = picks_up(self.phone.another(), self.hotline, **extra)
        self.heard.append(called)
        return self.goes_on(called, *keys)

    def goes_on(self, called: Phone, *keys: str) -> Phone:
        for key in keys:
            called.presses(key) if key else called.says_nothing()
        return called

    def dials(self, *keys: str, is_kept: bool = True) -> Phone:
        """The registrant calls the line and opens the case."""
        assert self.case is not None
        caller = self.phone.another()
        caller.dials_in(from_=self.case_phone)
        if is_kept:
            self.heard.append(caller)
        language = ("1",) if self.language == "en" else ("2",)
        return self.goes_on(caller, *language, "1", self.case.number, self.case.pin, *keys)

    def caller(self) -> None:
        """A caller with a case who is not registered."""
        self.case = self.make_case(custody_status="in_custody", facility="Stewart", phone=CALLER)
        self.case_phone = CALLER

    def caller_registered(self) -> None:
        """A caller who registered in an earlier call."""
        self.caller()
        self.dials(*ASK, "1", CODE, CODE, is_kept=False).hangs_up()
        self.hotline.clock.passes(hours=1)

    def reports(self, status: str, made: Registered, *, hours_ago: int = 1, **more: Any) -> int:
        """A file says now that this happened an hour ago; returns the import's id."""
        now = self.hotline.clock.now
        with self.hotline.database.reading() as session:
            sealed = session.get_one(Subject, made.case.subject_id).feed_id_sealed
            name = keyring_of(session).unseal("subject.feed_id", sealed)
        row = feed_row(name, status=status, status_at=now - timedelta(hours=hours_ago), as_of=now, **more)
        rules = ImportRules(self.hotline.office.gates, self.hotline.policies)
        done = load(self.hotline.database, row, now=now, rules=rules)
        assert done.import_id is not None
        return done.import_id

    def heard_wrong_news(self, true: str, false: str, *keys: str) -> Registered:
        """The registrant heard false news and confirmed it; then the file is taken back."""
        made = self.registered(true)
        wrong = self.reports(false, made)
        sweeps(self.hotline)
        self.hears_and_takes_back(wrong, *keys)
        return made

    def heard_wrong_date(self) -> None:
        """The same of a court date: the true one is a month ahead."""
        court = {"next_hearing_place": "Lumpkin Court"}
        true = {"next_hearing_at": self.hotline.clock.now + timedelta(days=30), **court}
        made = self.registered("in_custody", record=true)
        false = {"next_hearing_at": self.hotline.clock.now + timedelta(days=2), **court}
        wrong = self.reports("in_custody", made, hours_ago=48, **false)
        for _ in range(3):
            sweeps(self.hotline, minutes=1)
        self.hears_and_takes_back(wrong, "1")

    def hears_and_takes_back(self, wrong: int, *keys: str) -> None:
        """The registrant hears the news of a file and confirms it, and two people take the file back."""
        with self.hotline.database.transaction() as session:
            for email in ("ana@office.example.org", "ben@office.example.org"):
                factories.make_staff(session, email=email, role="supervisor", on_shift=False)
        self.goes_on(picks_up(self.phone.another(), self.hotline), "1", CODE, *keys)
        self.hotline.clock.passes(minutes=30)
        retract(
            self.hotline.database, wrong, by="ana@office.example.org", and_by="ben@office.example.org",
            now=self.hotline.clock.now, tied_days=30, office=self.hotline.office.zone,
        )  # fmt: skip

    def replies(self, *bodies: str) -> None:
        """Texts from the phone, and what the line replies."""
        for body in bodies:
            self.heard.append((f"A reply: {body}", self.texts(body, from_=self.case_phone)))


@dataclass(frozen=True)
class Path:
    """``shows_all``: from the first word on, and not from the code or the PIN on."""

    title: str
    group: str
    script: Callable[[Play], None]
    shows_all: bool = False


PATHS: dict[str, Path] = {}
_ANYBODY, _AFTER_CODE = "Whoever answers", "After the code"
_CORRECTIONS, _ON_THE_LINE = "Corrections", "On the line, after the PIN"
_TEXTS, _REGISTERING = "Texts", "Registering, after the PIN"


def path(
    title: str, group: str = _AFTER_CODE, *, shows_all: bool = False
) -> Callable[[Callable[[Play], None]], Callable[[Play], None]]:
    """Add a script to the paths under its title."""

    def add(script: Callable[[Play], None]) -> Callable[[Play], None]:
        PATHS[title] = Path(title, group, script, shows_all or group in (_ANYBODY, _TEXTS))
        return script

    return add


# Whoever answers.


@path("A person answers, enters the code, hears of a release and confirms it", _ANYBODY)
def _(play: Play) -> None:
    play.rings("released")
    play.answers("1", CODE, "1", "1", "")


@path("Nobody presses a key", _ANYBODY)
def _(play: Play) -> None:
    play.rings("released")
    play.answers("", "")


@path("A machine answers, and no message is allowed", _ANYBODY)
def _(play: Play) -> None:
    play.rings("released")
    play.answers("", AnsweredBy="machine_end_beep")


for _text in ("please_call", "we_call_again", "hello"):

    @path(f"A machine answers, and a message is allowed: {_text.replace('_', ' ')}", _ANYBODY)
    def _(play: Play, text: str = _text) -> None:
        play.rings("released", phone={"voicemail_allowed": True, "voicemail_text": text})
        play.answers("", AnsweredBy="machine_end_beep")


@path("A stranger says that it is not a good time", _ANYBODY)
def _(play: Play) -> None:
    play.rings("released")
    play.answers("2")


@path("A stranger, or a child, presses other keys", _ANYBODY)
def _(play: Play) -> None:
    play.rings("released")
    play.answers("4", "*", "9", "3")


@path("Somebody presses 7: harmless words", _ANYBODY)
def _(play: Play) -> None:
    play.rings("released")
    play.answers("7")


@path("A stranger presses 1 and tries codes", _ANYBODY)
def _(play: Play) -> None:
    play.rings("escaped")
    play.answers("1", *_WRONG)


@path("A stranger presses 1 and asks what it is: star, 5, three digits, and silence", _ANYBODY)
def _(play: Play) -> None:
    play.rings("escaped")
    play.answers("1", "*", "5", "259", "", "", "")


@path("A registrant does not have the code", _ANYBODY)
def _(play: Play) -> None:
    play.rings("released")
    play.answers("1", "#")


@path("A registrant uses a relay operator: the slow pace", _ANYBODY)
def _(play: Play) -> None:
    play.rings("released", pace="slow")
    play.answers("", "1", CODE, "1", "*", "1")


# After the code.


@path("A registrant chose a key alone: a transfer", shows_all=True)
def _(play: Play) -> None:
    play.rings("transferred", code=None, facility="Stewart")
    play.answers("1", "1")


for _kind in ("escaped", "released_on_bond", "released_on_supervision", "removed", "returned_to_custody"):

    @path(_kind.replace("_", " ").capitalize())
    def _(play: Play, kind: str = _kind) -> None:
        play.rings(kind, facility="Stewart")
        play.answers("1", CODE, *(() if kind == "returned_to_custody" else ("1",)), "1")


@path("Died")
def _(play: Play) -> None:
    play.rings("deceased")
    play.answers("1", CODE, "2", "1")


@path("A court date comes near")
def _(play: Play) -> None:
    play.reminds("hearing", next_hearing_place="Lumpkin Court")
    play.answers("1", CODE, "1")


@path("An expected release comes near")
def _(play: Play) -> None:
    play.reminds("expected_release")
    play.answers("1", CODE, "1")


@path("The feed is silent")
def _(play: Play) -> None:
    play.hotline.office = factories.make_office(policies={"feed_silent_message": 1})
    play.registered("in_custody")
    with play.hotline.database.transaction() as session:
        factories.make_import(session, newest_as_of=play.hotline.clock.now)
    assert FIRST in [*sweeps(play.hotline, hours=7), *sweeps(play.hotline, seconds=10)]
    play.answers("1", CODE, "1")


@path("The gate closes before the first key", shows_all=True)
def _(play: Play) -> None:
    made = play.rings("released")
    called = play.answers()
    play.closes_the_gate(made)
    play.goes_on(called, "1")


@path("The gate closes before the code")
def _(play: Play) -> None:
    made = play.rings("released")
    called = play.answers("1")
    play.closes_the_gate(made)
    play.goes_on(called, CODE)


@path("A person is asked for before the news")
def _(play: Play) -> None:
    play.rings("released")
    play.answers("1", CODE, "2")


@path("A person is asked for after the news")
def _(play: Play) -> None:
    play.rings("transferred")
    play.answers("1", CODE, "2")


@path("A person is asked for, and nobody can talk: the partner line, which does not answer")
def _(play: Play) -> None:
    play.rings("released")
    called = play.answers("1", CODE, "2", "1")
    called.lets_ring()


@path("A person is asked for, and nobody can talk: the partner line, which talks")
def _(play: Play) -> None:
    play.rings("deceased")
    called = play.answers("1", CODE, "1", "1")
    called.answers().hangs_up()


@path("Silence after the warning")
def _(play: Play) -> None:
    play.rings("released")
    play.answers("1", CODE, "", "")


@path("Silence after the news")
def _(play: Play) -> None:
    play.rings("transferred")
    play.answers("1", CODE, "", "", "", "")


@path("The safety-planning line, which does not answer")
def _(play: Play) -> None:
    play.rings("released")
    called = play.answers("1", CODE, "1", "1", "1")
    called.lets_ring()


# Corrections.


@path("A correction that raises danger", _CORRECTIONS)
def _(play: Play) -> None:
    play.heard_wrong_news("released", "deceased", "2", "1")
    sweeps(play.hotline)
    play.answers("1", CODE, "1", "1")


@path("A correction that lowers danger", _CORRECTIONS)
def _(play: Play) -> None:
    play.heard_wrong_news("in_custody", "released", "1", "1")
    sweeps(play.hotline)
    play.answers("1", CODE, "1")


@path("A correction, and nothing can be confirmed", _CORRECTIONS)
def _(play: Play) -> None:
    play.heard_wrong_news("in_custody", "released", "1", "1")
    play.hotline.clock.passes(hours=26)
    sweeps(play.hotline)
    play.answers("1", CODE, "1")


@path("A correction of a court date", _CORRECTIONS)
def _(play: Play) -> None:
    play.heard_wrong_date()
    sweeps(play.hotline)
    play.answers("1", CODE, "1")


# On the line.


@path("A caller with the PIN is told first: a transfer", _ON_THE_LINE)
def _(play: Play) -> None:
    play.registered("transferred", facility="Stewart").is_due("transferred")
    caller = play.dials()
    play.hotline.clock.passes(seconds=40)
    play.goes_on(caller, "2")


@path("A caller with the PIN is told first: a release", _ON_THE_LINE)
def _(play: Play) -> None:
    play.registered("released").is_due()
    play.dials("1")


@path("A caller with the PIN is told first: a correction", _ON_THE_LINE)
def _(play: Play) -> None:
    play.heard_wrong_news("in_custody", "released", "1", "1")
    play.dials()


# Texts.


@path("A text, where it is allowed, and the replies", _TEXTS)
def _(play: Play) -> None:
    made = play.registered("escaped")
    with play.hotline.database.transaction() as session:
        agreed: dict[str, Any] = {"channel": "text", "words": "Yes.", "cap_per_day": 3}
        agreed |= {"registration_id": made.registration_id, "granted_at": play.hotline.clock.now}
        phone = session.scalars(select(PhoneRow)).one()
        phone.consents.append(Consent(**agreed))
    made.is_due("escaped")
    sweeps(play.hotline)
    sweeps(play.hotline, minutes=2)
    for _to, body in play.hotline.carrier.texts:
        play.heard.append(("The line sends a text", body))
    english = play.language == "en"
    play.replies("who is this", *(("HELP", "STOP", "START") if english else ("AYUDA", "ALTO", "INICIAR")))


# Registering.


@path("Registering by phone: express", _REGISTERING)
def _(play: Play) -> None:
    play.caller()
    play.dials(*ASK, "1", "1234", CODE, "2222", CODE, CODE)


@path("Registering by phone: declined", _REGISTERING)
def _(play: Play) -> None:
    play.caller()
    play.dials(*ASK, "3")


@path("Registering by phone: more choices about phone and hours", _REGISTERING)
def _(play: Play) -> None:
    play.caller()
    play.dials(*ASK, "2", CODE, CODE, "2", "1", "1", "2", "2", "1", "2", "3", "2", "2", "4", "3", "1")


@path("Registering by phone: messages and texts", _REGISTERING)
def _(play: Play) -> None:
    play.caller()
    play.dials(*ASK, "2", CODE, CODE, "3", "1", "2", "3", "1", "4", "3", "2", "2", "1")


@path("Registering by phone: code, number and hour", _REGISTERING)
def _(play: Play) -> None:
    play.caller()
    play.dials(*ASK, "2", CODE, CODE, "4", "2", "2", "4", "3", "1", "4", "1", "2", "1")


@path("The registration is read back and left", _REGISTERING)
def _(play: Play) -> None:
    play.caller_registered()
    play.dials(*ASK, "1")


@path("The calls are paused, and the next call says so", _REGISTERING)
def _(play: Play) -> None:
    play.caller_registered()
    play.dials(*ASK, "3", "1").hangs_up()
    play.hotline.clock.passes(hours=2)
    play.dials("1")


@path("The calls are stopped, and the next call says so", _REGISTERING)
def _(play: Play) -> None:
    play.caller_registered()
    play.dials(*ASK, "3", "3").hangs_up()
    play.hotline.clock.passes(days=2)
    play.dials("2")


@path("A pause is read back, also when the consent ends in it", _REGISTERING)
def _(play: Play) -> None:
    play.caller_registered()
    play.dials(*ASK, "3", "1", is_kept=False).hangs_up()
    play.hotline.clock.passes(hours=2)
    play.dials("2", *ASK).hangs_up()
    play.hotline.clock.passes(days=345)
    play.dials(*ASK, "3", "2", is_kept=False).hangs_up()
    play.hotline.clock.passes(hours=2)
    play.dials("2", *ASK, "1")


@path("A pause is over", _REGISTERING)
def _(play: Play) -> None:
    play.caller_registered()
    play.dials(*ASK, "3", "1", is_kept=False).hangs_up()
    play.hotline.clock.passes(days=9)
    play.dials(*ASK)


@path("The only phone is unsafe, and a new PIN holds changes", _REGISTERING)
def _(play: Play) -> None:
    play.caller_registered()
    now = play.hotline.clock.now
    with play.hotline.database.transaction() as session:
        session.scalars(select(PhoneRow)).one().unsafe_since = now
    play.dials("2", "3").hangs_up()
    with play.hotline.database.transaction() as session:
        assert play.case is not None
        session.get_one(Case, play.case.id).changes_held_until = now + timedelta(hours=72)
    play.dials("2", "3")


@path("The consent ends soon", _REGISTERING)
def _(play: Play) -> None:
    play.caller_registered()
    play.hotline.clock.passes(days=350)
    play.dials(*ASK, "1")


@path("The consent has ended", _REGISTERING)
def _(play: Play) -> None:
    play.caller_registered()
    play.hotline.clock.passes(days=366)
    play.dials(*ASK, "1")


@path("The phone was stopped by a text, and the next call says so", _REGISTERING)
def _(play: Play) -> None:
    play.caller_registered()
    play.texts("STOP", from_=CALLER)
    play.dials("2", "2", "1")


@path("The case has no phone", _REGISTERING)
def _(play: Play) -> None:
    play.case, play.case_phone = play.make_case(custody_status="in_custody"), CALLER
    play.dials(*ASK)


def with_partner() -> Office:
    """The shipped office in its hours, with a partner line."""
    return factories.make_office(partner=PARTNER, always_open=False)
