"""For authors of plugins and for our own tests: conformance suites, builders, a provider in memory.

May use everything; nothing in the product may use it.
"""
