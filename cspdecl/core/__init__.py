"""The vocabulary: plain immutable values that every other package speaks.

Standard library only; no I/O, no clock, no randomness, and nothing of cspdecl above this package.
"""
