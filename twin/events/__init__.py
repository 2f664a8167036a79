"""What can happen in a hospital, as values: one frozen class per kind of fact, in the past tense.

An event that crosses packages lives here and nowhere else. Each names the thing it is about, when it happened, who
says so (``source``) under which key of theirs (``source_key``, the same fact sent twice is one fact), and its payload.
``registry`` encodes and decodes them, also those written by earlier releases.
"""
