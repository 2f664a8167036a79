"""Printing HTML to PDF with the browser that the machine has."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from twin.errors import Unavailable

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
LIMIT_S = 20.0
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--no-first-run",
    "--no-pdf-header-footer",
    "--proxy-server=127.0.0.1:9",
)
"""Nothing is fetched: the proxy leads nowhere, and the sheet's own policy lets no script run. The sandbox needs rights
that a container may lack, and what is printed is our own document without a script."""


def find_browser() -> str:
    """Give the path of a browser that prints; empty if the machine has none."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), "")


def print_pdf(html: str) -> bytes:
    """Print a document.

    Parameters
    ----------
    html : str
        Whole document, as :func:`dash_app.evidence.sheet.sheet` gives it; nothing in it is fetched.

    Raises
    ------
    Unavailable
        If the machine has no browser that prints, or it does not end in time.
    """
    browser = find_browser()
    if not browser:
        raise Unavailable("No browser that prints is installed here: ask for format=html and print it yourself.")
    with tempfile.TemporaryDirectory(prefix="hospital-twin-print-") as folder:
        page, target = Path(folder) / "page.html", Path(folder) / "page.pdf"
        page.write_text(html, encoding="utf-8")
        command = [browser, *_FLAGS, f"--user-data-dir={folder}/profile", f"--print-to-pdf={target}", page.as_uri()]
        try:
            subprocess.run(command, check=False, timeout=LIMIT_S, capture_output=True)  # noqa: S603  # our own command
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable(f"The browser did not print: {error}. Ask for format=html.") from error
        if not target.is_file():
            raise Unavailable("The browser printed nothing: ask for format=html and print it yourself.")
        return target.read_bytes()
