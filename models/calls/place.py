"""Places of a call: where it is, as far as the models need to know.

The engine writes the place with every turn, from the step at which the call waits or ends. A step that the
models do not need to tell apart has none. So models compare places and never a step's name, and a tree may
rename its steps.
"""

#: A caller at 0 waits in the call queue.
WAITING = "waiting"
#: Staff wait for the called person's key: pressing it connects them.
AWAITING_PERSON = "awaiting_person"
#: The leg is in its conference.
IN_TALK = "in_talk"
#: A colleague has just left the conference, by star or because it ended. Until it is known which, they count
#: as being with the caller.
JUST_LEFT = "just_left"
#: Staff are out of the conference and hear their options.
STEPPED_OUT = "stepped_out"
#: The same, and a click in the console ended the hold: they go back when they are told the state of the talk.
CALLED_IN = "called_in"
#: Staff are asked how their talk ended. An outcome that is saved elsewhere frees the leg.
ASKED_OUTCOME = "asked_outcome"
#: A caller ended their call with harmless words.
COVERED = "covered"
#: A leg ended with a message on a machine.
MESSAGE_LEFT = "message_left"
#: A leg that we placed ended with an apology for an error of ours.
FAULTED = "faulted"
#: The carrier refused this leg to a person, and their phone alone. No step is this place: nobody was called.
REFUSED_ALONE = "refused_alone"

#: Every place of a step; ``Flow.check`` refuses a step with any other.
PLACES = frozenset(
    {
        WAITING,
        AWAITING_PERSON,
        IN_TALK,
        JUST_LEFT,
        STEPPED_OUT,
        CALLED_IN,
        ASKED_OUTCOME,
        COVERED,
        MESSAGE_LEFT,
        FAULTED,
    }
)
