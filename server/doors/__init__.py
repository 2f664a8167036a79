"""How a route is written: its permission, its problems, its pages, its versions and its repeats.

Every HTTP route of the hospital is declared on a :class:`server.doors.router.Router` and names exactly one permission;
what names none cannot be served. Bodies are read and written with msgspec, problems follow RFC 9457.
"""
