"""The one place where the parts are put together and meet people and programs.

``wiring`` opens a hospital (database, ledger, live state, organs); ``app`` serves it over HTTP; ``doors`` says how a
route is written; ``access`` knows who may do what; ``jobs`` runs long computations; ``alarms`` watches for conditions
that need a response; ``runs`` keeps what-if runs; ``commands`` is the command line; ``migrations`` the database's
history of shapes.
"""
