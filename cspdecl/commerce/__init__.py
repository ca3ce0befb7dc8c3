"""The rules of Microsoft's new commerce, decided once and by pure functions:
what can change now, what at renewal, what not at all.

Each rule carries its source and date. Sees core only: no clock, no network, no provider.
"""
