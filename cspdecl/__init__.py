"""cspdecl: infrastructure as code for Microsoft cloud resellers.

Text becomes values, values become a plan, a plan becomes outcomes, outcomes become records.
"""

__version__ = "0.1.0"
