"""Electronic Product Codes: what the bits on a tag mean, in all schemes of the GS1 Tag Data Standard.

``identity`` is the door: hex to identity and back. ``schemes`` holds the binary schemes of release 1.x, ``plus`` the
ones with a plus that release 2.0 added. A tag that follows no scheme stays a first-class raw id.
"""
