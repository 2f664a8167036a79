"""``hospital-twin``, also as ``python -m server``."""

from __future__ import annotations

import sys

from server.console import run
from server.tree import build_tree


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(build_tree(next(iter(sys.argv[1:]), ""))))


if __name__ == "__main__":
    main()
