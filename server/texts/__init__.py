"""Words of the command line and of the sign-in pages: English source strings and their Chinese (gettext)."""
