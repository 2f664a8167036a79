"""The audit that nobody can quietly change: who did what, chained by hashes, its end sealed with a signature.

Signing in, users and keys are noted by those who do them; acts on the hospital are noted from the ledger, whichever
door they came through.
"""
