"""The one place where the parts are put together and meet people and programs.

HTTP routes, sign-in and permissions, the command line, jobs, alarms, migrations and the demo hospital stand here. All
is built in ``wiring`` and passed in; nothing happens at import.
"""
