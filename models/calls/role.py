"""Roles of a call: who is on the phone. The code that makes a call sets its role; a tree names its role.

Models compare roles and never a tree's name, so that trees may be renamed, split and joined.
"""

#: People who call us: a caller, and a staff member on the staff line.
CALLER, STAFF_LINE = "caller", "staff_line"
#: People whom we call for a callback: the liaison, and then the person who is called back.
LIAISON, CALLED_BACK = "liaison", "called_back"
#: A liaison called for a caller at 0.
AT_0 = "liaison_at_0"
#: People who are called into a current talk.
COLLEAGUE, INTERPRETER = "colleague", "interpreter"
JOINERS = (COLLEAGUE, INTERPRETER)
#: A staff member who is warned about promises at risk.
ALERTED = "alerted"
#: A staff member who is called so that they can call an agency or an interpreter.
CALLING_OUT = "calling_out"
#: A registrant who is called because custody changed (R28).
NOTIFIED = "notified"

#: Every role; ``Flow.check`` refuses a tree with any other.
ROLES = frozenset({CALLER, STAFF_LINE, LIAISON, CALLED_BACK, AT_0, *JOINERS, ALERTED, CALLING_OUT, NOTIFIED})
#: The roles of people who called us; every other call is one that we placed.
INBOUND_ROLES = frozenset({CALLER, STAFF_LINE})
