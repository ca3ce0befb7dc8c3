"""Manifests: text becomes a DesiredState, and every complaint knows its file, line and column.

Entries: `load.load_manifests` for a folder, `text.parse_text` for one text, `compile.compile_documents` beneath both.
Sees core only. `files`, `cache`, `load` and `schema` touch the disk; everything else is a function of text.
"""
