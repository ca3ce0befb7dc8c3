"""Outcomes and observations become billing change records: what changed, what it costs, and on whose word.

Pure, to the cent; an unknown price stays unknown.
"""
