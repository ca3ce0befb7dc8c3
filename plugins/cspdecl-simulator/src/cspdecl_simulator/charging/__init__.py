"""What everything costs: charge cycles, prorated amounts, and the reconciliation lines they become.

Written from contract §9.2, §13, §16, §17 and commerce §2 alone; nothing here has seen the engine's own money code.
Amounts are computed with fractions and rounded once, by the rule of their charge type.
"""
