"""What the shipped office file says of each policy; an office that wrote its own words is shown those."""

from hotline.console.shell.words import N_, gettext

#: Every basis of config/office.toml, so that each language has it.
SHIPPED_BASES = (
    N_("Hours after a phone was marked unsafe in which the phone that replaces it gets no case content."),
    N_("A record up to this many minutes old is said without a remark about its age."),
    N_("Up to this many hours old it is said with a spoken remark; older, the line cannot confirm."),
    N_("A caller who failed this often in a call is passed to a person or a callback."),
    N_("From this failure in a row a number waits before a PIN can open it."),
    N_("The first wait after wrong PINs; it doubles with each further failure."),
    N_("The longest wait after wrong PINs."),
    N_("This failure in a row locks the number until staff rebind it; NIST SP 800-63B allows at most 100."),
    N_("Failures in 30 days, in a row or not, after which a supervisor must look; NIST SP 800-63B."),
    N_("Days that a PIN sent by letter lives; the first call that keys it has it replaced."),
    N_("Hours after staff replaced a lost PIN in which phones and windows cannot be changed by phone."),
    N_(
        "Hours in which a second person may approve a PIN that staff asked for; then it must be "
        "asked for anew."
    ),
    N_("Minutes for which a case stands open in the console after a logged verification or a search."),
    N_("Case numbers tried from one phone in 24 hours, none opened, that count as spraying."),
    N_("Below this many failures an hour on the whole line nothing is tightened."),
    N_("Times the 7-day median of failures an hour above which tries are tightened."),
    N_("A call without a right PIN and without progress ends after this many minutes."),
    N_("Without a key for this many minutes the PIN is asked again; the call goes on."),
    N_(
        "Calls of one phone open at once that are led to a case; further ones are offered a "
        "callback or a person. Shared phones have no limit."
    ),
    N_("Eight digits up to 9,000 open cases, ten above: at most one in a thousand numbers is live."),
    N_("How long a service of the help menu rings before the caller is back with us."),
    N_("How long a liaison's phone rings before the next one is tried."),
    N_("How long the phone of the person called back rings."),
    N_("Offers of urgent work that liaisons may miss before those on call and supervisors are rung too."),
    N_("Rounds of a callback before it is left for staff."),
    N_("How long a callback stays with the member of staff who claimed it without calling."),
    N_(
        "How long a callback that was handed to a colleague waits for them to begin before it goes back"
        " to the list."
    ),
    N_("How long a claim stays with a member of staff who missed the call that they asked for."),
    N_(
        "A talk at 0 that breaks off sooner has helped nobody: the caller goes on in line, or is called back."
    ),
    N_("Calls an hour that reports of lost PINs lead to; above it reports wait for a supervisor."),
    N_(
        "A reported lost PIN rings a liaison at a random moment within these minutes: a liaison busy at once"
        " would tell that there is a case."
    ),
    N_("Locks after wrong PINs are told to supervisors in one message within so many minutes."),
    N_("Minutes in which staff look into a phone that said stop, since anybody may have held it."),
    N_("Reports of a lost PIN a day from one phone; the rest are dropped."),
    N_("A PIN sent by letter opens the choice of an own PIN at most so often, then staff must send another."),
    N_("From one round to the next."),
    N_(
        "Messages to staff about one matter are at least so many minutes apart; what comes meanwhile is in "
        "the count of the next one."
    ),
    N_(
        "How long one callback takes a liaison, from the first ring to the end of writing, those that nobody "
        "answers included; with those who wait before, it tells whether the hour can be promised."
    ),
    N_("From one liaison to the next when nobody accepted."),
    N_("How often those on call are rung for urgent work that liaisons missed, while nobody is on shift."),
    N_("Offers in a row that a liaison misses before the line sets them away and tells them."),
    N_("A promise due within so long counts as urgent in the order of the list."),
    N_(
        "How long after a talk its liaison is not rung while they write; saving the outcome ends it, and"
        " it may be extended twice."
    ),
    N_(
        "How long after its last ring nothing may be heard of a callback before the carrier is "
        "asked; with the ring times it bounds what may be stuck."
    ),
    N_("How often the carrier is asked whether a talk goes on, in case its end was never told."),
    N_("Calls a second that the account may place; Twilio's own default is 1."),
    N_("So long before the moment promised those on shift are told."),
    N_("So long before the moment promised the supervisor is told."),
    N_("So long after the moment promised those on shift are told once more."),
    N_("So long after the moment promised the supervisor is told once more."),
    N_("Callbacks a day without a PIN, not urgent; attested, unattested and failed caller IDs count apart."),
    N_("An urgent callback is promised within this many minutes."),
    N_("For so long after a release, an escape, a removal or a death a callback of that case is urgent."),
    N_("We ring people from this hour in their own time zone; 47 CFR 64.1200 has the same hours."),
    N_("We ring people until this hour in their own time zone."),
    N_("A caller on hold for so long is let go, with the promise of another call at once."),
    N_("A talk shorter than this counts as dropped; one more call follows where the person asked for that."),
    N_("How long after a talk its outcome may be refined by a code."),
    N_("When we call again after a liaison keyed that they should be called later."),
    N_("After a hard call nobody rings the liaison for so long."),
    N_(
        "While the carrier refuses our account, or a part of the system has stopped, supervisors are paged "
        "at once and again after so many minutes."
    ),
    N_(
        "While an import is held supervisors are paged at once and again each time so many minutes "
        "have passed."
    ),
    N_("Times that supervisors are paged about a held import."),
    N_("Held for so long, supervisors are told that the list of people to call is ready."),
    N_("A file that was uploaded and that nobody decided on is thrown away after so many minutes."),
    N_("The largest custody file that the console takes; a row needs about 150 bytes."),
    N_("Looks at cases are counted over so many hours, and a call counts as recent for so long."),
    N_("Cases without a recent call or callback that one person may look at before it is asked about."),
    N_("Looks at one person's cases by everybody together before it is asked about."),
    N_("Approvals by two people are counted over so many days."),
    N_("With fewer approvals than this nothing is asked."),
    N_("Percent of all approvals that one pair may make before it is asked about."),
    N_(
        "Days in which nobody approves with an account that the other one, or the same third person, made,"
        " reset, let in or gave its role."
    ),
    N_("Searches by name of one person within audit_look_hours that are not asked about."),
    N_("Changed statuses of open cases that are always let through in an hour."),
    N_("Percent of the open cases that may change in an hour."),
    N_("Times the busiest hour of the last 30 days that may change in an hour."),
    N_("Changed statuses of open cases that are always let through in 24 hours."),
    N_("Times the busiest day of the last 30 days that may change in 24 hours."),
    N_("Records that may turn from denied to releasable in an hour."),
    N_("Percent of the records that may turn from denied to releasable in an hour."),
    N_("Percent of the rows that a full snapshot may lack against the one before."),
    N_("How far ahead of our clock a time in the feed may be."),
    N_("Failed sign-ins to the console in a row before the next has to wait."),
    N_("The first wait after failed sign-ins; each further failure doubles it."),
    N_("The longest wait between two tries to sign in."),
    N_(
        "Failures in a row that lock signing in from unknown browsers until an administrator lifts "
        "it; NIST SP 800-63B allows at most 100."
    ),
    N_("Failures of one network address within 15 minutes; a whole office may sit behind one."),
    N_("A console that nobody has used for so long asks to sign in again; what was typed is kept."),
    N_("The longest time from signing in to signing in again, however busy: one long shift."),
    N_("For PINs, exports and people, who someone is must have been proved within this time."),
)


def basis_said(basis: str) -> str:
    """A basis in the language of the page where it is a shipped one, else in the words of the office."""
    return gettext(basis) if basis in SHIPPED_BASES else basis
