"""The shared language of the hospital: what is where, in what state, and how we know.

Every other package speaks to the others only through this one. A reader, a machine, a nurse or another system says
that something happened: that is an *event* (``twin.events``), kept for ever in the *ledger* (``twin.ledger``). Events
are folded into the *live state* (``twin.state``): the present hospital in memory. ``twin.history`` answers what was
true, and what we believed, at any past instant; ``twin.places`` knows how far it is to walk from here to there;
``twin.telemetry`` keeps the raw samples of machines.

Events in: all. Events out: none; this package decides nothing, it only knows.
"""
