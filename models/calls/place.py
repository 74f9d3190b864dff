"""Places of a call: where it is, as the models need to know it.

The engine writes the place with every turn, from the step at which the call waits or ends. A step that the
models need not tell from others has none. So models compare places and never a step's name, and a tree may
rename its steps.
"""

#: A caller at 0 waits in the call queue.
WAITING = "waiting"
#: Staff wait for the key of the person called: with it they are on their way to them.
AWAITING_PERSON = "awaiting_person"
#: The leg is in its conference.
IN_TALK = "in_talk"
#: A colleague has just left the conference, by star or because it ended under them. Until that is known they
#: count as being with the caller.
JUST_LEFT = "just_left"
#: Staff are out of the conference and hear their choices.
STEPPED_OUT = "stepped_out"
#: A caller ended their call with harmless words.
COVERED = "covered"
#: A leg ended with a message on a machine.
MESSAGE_LEFT = "message_left"
#: A leg that we placed ended by an apology for a fault of ours.
FAULTED = "faulted"

#: Every place that there is; ``Flow.check`` refuses a step with another.
PLACES = frozenset(
    {WAITING, AWAITING_PERSON, IN_TALK, JUST_LEFT, STEPPED_OUT, COVERED, MESSAGE_LEFT, FAULTED}
)
