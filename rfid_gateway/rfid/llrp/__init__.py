"""Low Level Reader Protocol 1.0.1 and 1.1: messages and parameters to values and back, byte for byte.

``layouts`` holds the standard's messages and parameters as data, ``codec`` reads and writes them, ``reports`` is the
fast path for tag reports, ``building`` makes the messages that a client or a simulated reader sends.
"""
