"""What a pipeline does with cspdecl: plan on a pull request, apply what was approved, look for drift.

The logic stands here and is tested; the YAML of a code host only starts it. Verbs are run as processes of their own, as
a person would run them, so that nothing here can do what the command line cannot.
"""
