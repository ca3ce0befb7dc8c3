"""The command line: the only place that prints or exits. One module a verb, each imported when it is called."""
