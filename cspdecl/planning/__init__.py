"""Desired and live values become a Plan: match, compare, decide, sequence, check safety; each step one function.

Asks nobody for "one more thing": what a plan could not know, it says.
"""
