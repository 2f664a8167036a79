"""Who may come in: set-up, sign-in, sessions and API keys.

People sign in with a name and a password and hold an opaque session; programs hold an API key for one event source.
Both become an :class:`twin.access.Actor`. The sign-in layer (``gate``) stands outside of API and pages alike.
"""
