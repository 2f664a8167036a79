"""HL7 version 2: a reader and writer that lose no byte, and what each trigger event means for the twin."""
