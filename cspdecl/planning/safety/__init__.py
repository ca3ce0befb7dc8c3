"""The project's guardrails over a whole run: no minimum size below which they sleep, and no number they do not name.

`check_safety` is the one entry. `rules.py` makes thresholds of what a project writes, `case.py` holds what they are
held against, one module each what a guard measures, `sides.py` settles what two states of the project say.
"""

from cspdecl.planning.safety.assigned import assigned_of, find_assigned_inquiries
from cspdecl.planning.safety.case import Case, Estate
from cspdecl.planning.safety.counting import estate_of
from cspdecl.planning.safety.rules import margin_floor
from cspdecl.planning.safety.sides import check_safety

__all__ = ["Case", "Estate", "assigned_of", "check_safety", "estate_of", "find_assigned_inquiries", "margin_floor"]
