"""Gateways as the core sees them: what they send, how they are, what they shall do, and the settings they work with.

Opened by the biomedical engineer and the system administrator. Events in: whatever a gateway concludes; out: none.
"""
