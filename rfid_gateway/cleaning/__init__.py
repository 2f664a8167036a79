"""From readings to facts: which zone a tag is in, which way it went through a door, whether it is gone.

Readers miss tags and see tags of the next room. A joint filter over all read points of a neighbourhood weighs what was
seen and what was not; a door tells its direction; a tag counts as lost only while the readers of its zone work. What
comes out are events without source, which the spool numbers.
"""
