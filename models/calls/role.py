"""Roles of a call: who is on the phone. Whoever makes a call sets its role; a call tree says whom it is for.

Models compare roles and never a tree's name, so that trees may be renamed, split and joined.
"""

#: Who called us: a caller, and a member of staff who is on the staff line.
CALLER, STAFF_LINE = "caller", "staff_line"
#: Whom we call for a callback: the liaison, and then the person who is called back.
LIAISON, CALLED_BACK = "liaison", "called_back"
#: A liaison called for a caller at 0.
AT_0 = "liaison_at_0"
#: Who is called into a talk that goes on.
COLLEAGUE, INTERPRETER = "colleague", "interpreter"
JOINERS = (COLLEAGUE, INTERPRETER)
#: A member of staff who is warned of promises at risk.
ALERTED = "alerted"

#: Every role that there is; ``Flow.check`` refuses a tree with another.
ROLES = frozenset({CALLER, STAFF_LINE, LIAISON, CALLED_BACK, AT_0, *JOINERS, ALERTED})
#: The roles of people who called us; every other call is one that we placed.
INBOUND_ROLES = frozenset({CALLER, STAFF_LINE})
