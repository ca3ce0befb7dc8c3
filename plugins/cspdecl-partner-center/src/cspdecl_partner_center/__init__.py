"""Microsoft Partner Center as a cspdecl provider: the wire, its retries and its odd corners stay inside this package."""
