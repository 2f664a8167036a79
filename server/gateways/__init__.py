"""Gateways as the core sees them: how they do, what they shall do, and the settings they work with.

Used by the biomedical engineer and the system administrator. Events in and out: none; what gateways conclude goes
straight to the ledger.
"""
