"""Values become text for people and machines: terminal, JSON, Markdown, HTML, CSV. Returns strings, prints nothing.

Text that came from a tenant is hostile until escaped, and it is escaped here.
"""
