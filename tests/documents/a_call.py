"""The picture of README: a call, from the ring to the talk. Its words were heard in a played call."""

from dataclasses import dataclass, field

from tests.documents.ladder import Arrow, Ladder, Together
from tests.documents.small_line import small_line
from tests.phone import Phone

CALLER, LINE, LIAISON = "Caller", "The line", "Liaison"


@dataclass
class Story:
    """The rungs so far."""

    rungs: list[Arrow | Together] = field(default_factory=list)

    def says(self, phone: Phone, who: str, *words: str) -> None:
        """The line says these words to somebody, who must have heard them."""
        phone.hears(*words)
        self.rungs.append(Arrow(LINE, who, f"“{' … '.join(words)}”"))

    def does(self, who: str, what: str) -> None:
        """Somebody does something at their phone, or the line calls them."""
        self.rungs.append(Arrow(LINE, who, what) if what == "rings" else Arrow(who, LINE, what))


def a_call() -> Ladder:
    """A caller hears a status, asks for a callback, and talks with a liaison."""
    story = Story()
    with small_line() as line:
        phone, hotline = line.phone, line.hotline

        story.does(CALLER, "calls")
        phone.dials_in()
        story.says(phone, CALLER, "If you are in danger, hang up and call 911.", "For English, press 1.")
        for key, words in (
            ("1", ("To hear about your case, press 1.",)),
            ("1", ("Please enter your case number.",)),
            (line.case.number, ("Please enter your 6-digit PIN.",)),
            (
                line.case.pin,
                (
                    "This person is in custody.",
                    "They are at Juniper Flats Detention Center.",
                    "For calls about changes, or to be called back, press 2.",
                ),
            ),
            ("2", ("To have us call this phone as soon as we can, press 1.",)),
            ("1", ("We will call you",)),
        ):
            phone.presses(key)
            story.does(CALLER, f"presses {key}" if len(key) == 1 else f"enters {len(key)} digits")
            story.says(phone, CALLER, *words)
        phone.hangs_up()
        story.does(CALLER, "hangs up")

        hotline.jobs.works_off()
        story.does(LIAISON, "rings")
        liaison = phone.answers(hotline.carrier.ringing[-1])
        story.says(liaison, LIAISON, "There is someone to call back.", "To accept, press 1.")
        liaison.presses("1")
        story.does(LIAISON, "presses 1")

        hotline.jobs.works_off()
        story.does(CALLER, "rings")
        caller = phone.answers(hotline.carrier.ringing[-1])
        story.says(caller, CALLER, "Is this a good time to talk? If yes, press 1.")
        caller.presses("1")
        story.does(CALLER, "presses 1")
        hotline.jobs.works_off()
        if not (caller.is_talking and liaison.is_talking):
            raise ValueError("They do not talk.")
        story.rungs.append(Together((CALLER, LIAISON), "They talk. Nothing is recorded."))
    return Ladder("A call", (CALLER, LINE, LIAISON), story.rungs, apart=300)
