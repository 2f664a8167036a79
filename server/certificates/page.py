"""The page that tells a phone to trust the hospital's authority, with the fingerprint and each system's steps."""

from __future__ import annotations

import plistlib
import uuid
from html import escape

from starlette.responses import Response

from server.access.pages import Page
from server.certificates.authority import Authority

PATH = "/install"
PEM_PATH, DER_PATH, PROFILE_PATH = f"{PATH}/authority.crt", f"{PATH}/authority.cer", f"{PATH}/authority.mobileconfig"

_SPACE = uuid.UUID("6f0a0d0c-3f0c-5d0e-9b46-4d5f6a8f9c11")  # our own name space for the profile's ids

_ANDROID_WAY = (
    "Settings – Security – More security settings – Encryption & credentials – Install a certificate – CA certificate."
)
STEPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "iPhone, iPad",
        PROFILE_PATH,
        (
            "Tap Download and allow the profile.",
            "Settings – General – VPN & Device Management: choose the profile and install it.",
            "Settings – General – About – Certificate Trust Settings: switch full trust on.",
        ),
    ),
    (
        "Android",
        PEM_PATH,
        (
            "Tap Download and keep the file.",
            _ANDROID_WAY,
            "Choose the file and confirm; the phone needs a screen lock.",
        ),
    ),
    (
        "Windows",
        DER_PATH,
        (
            "Download the file and open it.",
            "Install Certificate – Local Machine – Trusted Root Certification Authorities.",
        ),
    ),
    (
        "macOS",
        PEM_PATH,
        (
            "Download the file and open it: Keychain Access takes it into the System keychain.",
            "Open its entry there and choose Trust – Always Trust.",
        ),
    ),
    (
        "Linux, Firefox",
        PEM_PATH,
        (
            "Copy the file to /usr/local/share/ca-certificates and run update-ca-certificates.",
            "Firefox keeps its own list: Settings – Privacy & Security – View Certificates – Authorities – Import.",
        ),
    ),
)
"""Systems with the file that each takes and its steps, English sources of the texts."""


def system_of(agent: str) -> str:
    """Give which of :data:`STEPS` a browser's name of itself belongs to; the last one if it cannot be told."""
    marks = (("iPhone", 0), ("iPad", 0), ("Android", 1), ("Windows", 2), ("Macintosh", 3))
    at = next((at for mark, at in marks if mark in agent), len(STEPS) - 1)
    return STEPS[at][0]


def install_page(page: Page, authority: Authority, *, agent: str, handheld: str) -> Response:
    """Give the page.

    Parameters
    ----------
    page : Page
        In the reader's language.
    authority : Authority
        Whose certificate is installed.
    agent : str
        The browser's name of itself; its system's steps stand open.
    handheld : str
        Address of the handheld, for afterwards.
    """
    own = system_of(agent)
    why = page.say("Once on each phone: afterwards it reads codes with its camera and works without a network.")
    parts = [
        f"<p>{why}</p>",
        f"<p>{page.say('Compare the fingerprint with the one that the server printed at its start:')}</p>",
        f'<p><code id="fingerprint">{escape(authority.fingerprint)}</code></p>',
        f"<p>{escape(authority.name)}</p>",
    ]
    for system, file, steps in STEPS:
        lines = "".join(f"<li>{page.say(step)}</li>" for step in steps)
        opened = " open" if system == own else ""
        parts.append(
            f"<details{opened}><summary>{escape(system)}</summary><ol>{lines}</ol>"
            f'<p><a href="{file}" download>{page.say("Download")}</a></p></details>'
        )
    parts.append(f'<p><a href="{escape(handheld, quote=True)}">{page.say("Open the handheld")}</a></p>')
    return page.whole(page.say("Trust this hospital"), "".join(parts), 200)


def file_of(authority: Authority, path: str) -> Response | None:
    """Give the certificate as the file that a system takes; None for another path."""
    kinds = {
        PEM_PATH: (authority.pem, "application/x-x509-ca-cert", "hospital-twin.crt"),
        DER_PATH: (authority.der, "application/x-x509-ca-cert", "hospital-twin.cer"),
        PROFILE_PATH: (profile(authority), "application/x-apple-aspen-config", "hospital-twin.mobileconfig"),
    }
    if path not in kinds:
        return None
    content, media, name = kinds[path]
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Response(content, media_type=media, headers=headers)


def profile(authority: Authority) -> bytes:
    """Give the configuration profile with which Apple's systems take an authority.

    The ids come from the fingerprint, so that installing it again replaces it instead of adding a second one.
    """
    own = uuid.uuid5(_SPACE, authority.fingerprint)
    inner = uuid.uuid5(own, "certificate")
    payload = {
        "PayloadType": "com.apple.security.root",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"org.hospital-twin.{inner}",
        "PayloadUUID": str(inner).upper(),
        "PayloadDisplayName": authority.name,
        "PayloadContent": authority.der,
    }
    return plistlib.dumps(
        {
            "PayloadType": "Configuration",
            "PayloadVersion": 1,
            "PayloadIdentifier": f"org.hospital-twin.{own}",
            "PayloadUUID": str(own).upper(),
            "PayloadDisplayName": authority.name,
            "PayloadContent": [payload],
        }
    )
