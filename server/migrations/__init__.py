"""The history of the database's shape: one linear line of revisions, run by ``server.schema.upgrades``.

Until the first release there is one revision, 0001, written by ``python -m server.migrations.regenerate``; after it,
revisions are only added.
"""
