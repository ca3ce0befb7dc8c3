"""Journal, bindings and ledger on one machine: SQLite behind the protocol of `cspdecl.spi.store`.

All SQL stands here. What has been recorded is never changed, only added to.
"""
