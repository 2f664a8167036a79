"""What kinds of jobs there are: a function each, which another process imports when it is first needed."""

from __future__ import annotations

JOB_KINDS: dict[str, str] = {}
"""``module:function`` by kind; the function takes plain JSON arguments and a ``Progress`` and gives plain JSON."""
