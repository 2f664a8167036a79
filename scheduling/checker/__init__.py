"""The independent check of every plan; shares no code with any solver."""
