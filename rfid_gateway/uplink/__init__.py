"""From the spool to the core: by HTTP, by MQTT, or within one process; and the gateway as a whole.

``configuration`` says which readers and machines there are, ``runtime`` starts and stops them all.
"""
