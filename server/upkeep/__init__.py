"""Upkeep of an installation: what is not in order, and backups taken every night without anybody's doing.

Opened by the system administrator. Events in: none. Out: an alarm when the newest backup is too old.
"""
