"""The shell: loads, refreshes, plans, applies, recovers and records, around the pure functions below it.

The one place that owns threads, the clock, fresh ids, the store and the providers.
"""
