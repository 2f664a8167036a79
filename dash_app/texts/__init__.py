"""Words for people: English source strings, their Chinese, and texts for the codes that the organs give.

Nothing below ``dash_app`` is translated. A page marks a string with ``gettext``; a code such as an alarm class or a
task kind gets its text from ``codes``; instants and numbers are written for the reader's language and time zone.
"""
