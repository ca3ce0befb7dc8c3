"""Manifests: text becomes a DesiredState, and every complaint knows its file, line and column.

Sees core only. Files and the parse cache are the two modules that touch the disk; the rest are functions of text.
"""
