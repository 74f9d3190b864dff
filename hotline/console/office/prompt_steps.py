"""The steps of a call in the order of the victim line's tree, then legs and notices, with their prompts."""

from dataclasses import dataclass

from hotline.console.shell.words import N_


@dataclass(frozen=True, slots=True)
class PromptStep:
    """A step: its key in the page's addresses, its English title, and the first parts of its prompts' ids."""

    key: str
    title: str
    groups: tuple[str, ...]


#: Every group of prompts is in exactly one step.
PROMPT_STEPS = (
    PromptStep("start", N_("Start of the call"), ("danger_line", "language", "welcome", "announcement")),
    PromptStep("menu", N_("Main menu and repeated questions"), ("main", "keys", "repair", "no_one_there")),
    PromptStep(
        "case", N_("Case number and PIN"), ("ask_number", "ask_pin", "no_match", "tries_spent", "pin_again")
    ),
    PromptStep("status", N_("Where the person is"), ("status", "stage", "since", "hard_news", "case")),
    PromptStep(
        "callback",
        N_("Asking for a callback"),
        (
            "choose",
            "callback",
            "phone",
            "about",
            "wishes",
            "wish",
            "how",
            "who",
            "message",
            "dropped",
            "zone",
        ),
    ),
    PromptStep("person", N_("Waiting for a person"), ("person", "silent", "queue")),
    PromptStep("services", N_("Help and services"), ("services",)),
    PromptStep("report", N_("Reports, tips and comments"), ("report",)),
    PromptStep("pin", N_("A new or lost PIN"), ("new_pin", "lost_pin")),
    PromptStep("end", N_("End of the call"), ("end", "cover", "goodbye", "apology")),
    PromptStep("called", N_("When we call back"), ("called", "voicemail", "talk", "hold")),
    PromptStep("notice", N_("When custody changed"), ("notice", "notices")),
    PromptStep(
        "staff_legs",
        N_("Calls to liaisons and interpreters"),
        ("liaison", "waited", "colleague", "interpreter", "callout", "joiner", "outcome"),
    ),
    PromptStep("staff", N_("Staff line"), ("staff",)),
    PromptStep("notices", N_("Warnings and text messages"), ("alert", "sms", "stop")),
    PromptStep("discreet", N_("Discreet line"), ("discreet",)),
    PromptStep("times", N_("Times and lengths of a wait"), ("moment", "clock", "hour", "part", "wait")),
)
#: The step of each group.
STEP_OF = {group: step for step in PROMPT_STEPS for group in step.groups}
