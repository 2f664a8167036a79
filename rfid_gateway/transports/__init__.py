"""Ways for bytes to travel: TCP, TLS, serial lines, memory, and recordings.

A transport knows nothing of what the bytes mean. Drivers and simulators take a :class:`connection.Connection`, so every
driver runs over a real line, a pseudo-terminal, a pipe in memory, or a recording of yesterday.
"""
