"""The shell around the pure core: loads, reads, plans, applies, recovers and records.

Owns threads, clock, ids, secrets, store and providers; decides nothing about commerce.
"""
