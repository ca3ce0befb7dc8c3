"""What people type: one module a verb. The only place that prints, prompts or exits.

Nothing here is imported before it is needed, so that `cspdecl --help` answers at once.
"""
