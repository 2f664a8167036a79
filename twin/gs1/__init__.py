"""What GS1 prints, sends and puts on tags: the one reader of its labels for the whole hospital.

A pack of catheters, a pump and a pallet bear the same kinds of text: element strings as a scanner sends them, the same
typed from under the symbol, bare article numbers, and Digital Links. Devices (``assets``), goods (``inventory``) and
tags (``rfid_gateway``) all read them here, so that one label cannot mean two things; each of them turns the elements
into its own words. Keys and check digits stand in ``keys``, identifiers and their formats in ``identifiers``, dates in
``dates``, which identifiers belong together in ``associations``, labels in ``labels``.

Events in: none. Events out: none; the package is pure.

References
----------
GS1 General Specifications, release 25; GS1 Digital Link Standard: URI Syntax, release 1.6.
"""
