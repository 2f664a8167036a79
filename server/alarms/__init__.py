"""Alarms: abnormal conditions that need a response, raised, delayed, grouped and cleared by the data of their class.

Operational alarms of a hospital's logistics, not a medical alarm system (IEC 60601-1-8 is not claimed). The engine
follows the ledger and the deadlines; alarms themselves are facts of the ledger and state in ``twin``.
"""
