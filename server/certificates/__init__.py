"""The hospital's own certificate authority: made on the first run, so that phones trust the server without any outside.

The camera, notifications and the handheld's life without a network all need an encrypted page. A hospital's inner
network has no name that a public authority would sign, so the server signs for itself, and each phone is told once, by
a page with the fingerprint and the steps of its system, to trust that authority.
"""
