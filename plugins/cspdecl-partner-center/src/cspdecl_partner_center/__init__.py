"""Microsoft Partner Center as a cspdecl provider: the wire, its retries and its odd corners stay in this package."""
