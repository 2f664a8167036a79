"""The pages of the steps after the password, and of one's own second factor: without scripts, as the sign-in page."""

from __future__ import annotations

import base64
from html import escape
from urllib.parse import quote

from starlette.responses import Response

from server.access import one_time_codes
from server.access.pages import Page
from server.access.steps import Enrolment

CODE, PASSWORD, ENROL, OWN = "/sign-in/code", "/sign-in/password", "/sign-in/enrol", "/sign-in/second-factor"


def _alert(page: Page, problem: str) -> str:
    return f'<p role="alert">{page.say(problem)}</p>' if problem else ""


def _form(page: Page, action: str, fields: str, button: str, *, asked: str = "", act: str = "") -> str:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value, quote=True)}">'
        for name, value in (("next", asked), ("act", act))
        if value
    )
    return f'<form method="post" action="{action}">{hidden}{fields}<button>{page.say(button)}</button></form>'


def _code_field(page: Page, *, identifier: str = "code", label: str = "Code", is_first: bool = True) -> str:
    focus = " autofocus" if is_first else ""
    return (
        f'<label for="{identifier}">{page.say(label)}</label><input id="{identifier}" name="code" required '
        f'maxlength="40" autocomplete="one-time-code" autocapitalize="none" spellcheck="false"{focus}>'
    )


def _password_field(page: Page, *, label: str, name: str, kind: str, focus: bool = False) -> str:
    return (
        f'<label for="{name}">{page.say(label)}</label><input id="{name}" name="{name}" type="password" required '
        f'maxlength="200" autocomplete="{kind}"{" autofocus" if focus else ""}>'
    )


def _other(page: Page, asked: str) -> str:
    address = f"/sign-in?next={quote(asked)}"
    return f'<p><a href="{address}">{page.say("Sign in as somebody else")}</a></p>'


def code_page(page: Page, *, asked: str, problem: str = "", status: int = 200) -> Response:
    """Give the page that asks for a code.

    Parameters
    ----------
    page : Page
        In the reader's language.
    asked : str
        Where to go afterwards.
    problem : str, optional
        English source of what was wrong before.
    status : int, optional
        HTTP status.
    """
    told = page.say("Enter the six digits that your authenticator app shows, or one of your recovery codes.")
    form = _form(page, CODE, _code_field(page), "Sign in", asked=asked)
    body = f"<p>{told}</p>{_alert(page, problem)}{form}{_other(page, asked)}"
    return page.whole(page.say("Second step"), body, status)


def password_page(page: Page, *, asked: str, problem: str = "", status: int = 200) -> Response:
    """Give the page on which somebody chooses a password of their own; parameters as for :func:`code_page`."""
    told = page.say("Somebody else knows the password that you were given. Choose one that only you know.")
    hint = page.say("At least 12 characters; four words are good.")
    fields = _password_field(page, label="New password", name="new", kind="new-password", focus=True)
    fields += _password_field(page, label="New password again", name="again", kind="new-password")
    form = _form(page, PASSWORD, fields, "Keep it and go on", asked=asked)
    body = f"<p>{told}</p><p>{hint}</p>{_alert(page, problem)}{form}{_other(page, asked)}"
    return page.whole(page.say("A password of your own"), body, status)


def _learning(page: Page, enrolment: Enrolment) -> str:
    picture = base64.b64encode(one_time_codes.picture(enrolment.address).encode()).decode()
    shown = page.say("QR code for the authenticator app")
    typed = page.say("Or type this into the app:")
    first = page.say("Scan this with an authenticator app on your phone; then enter the code that the app shows.")
    return (
        f'<p>{first}</p><p><img class="code" alt="{shown}" src="data:image/svg+xml;base64,{picture}"></p>'
        f"<p>{typed} <code>{escape(enrolment.spelled)}</code></p>"
    )


def enrol_page(page: Page, enrolment: Enrolment, *, asked: str, problem: str = "", status: int = 200) -> Response:
    """Give the page on which somebody sets up the second factor that their role needs.

    Parameters
    ----------
    page : Page
        In the reader's language.
    enrolment : Enrolment
        What the app has to learn.
    asked : str
        Where to go afterwards.
    problem : str, optional
        English source of what was wrong before.
    status : int, optional
        HTTP status.
    """
    form = _form(page, ENROL, _code_field(page), "Turn it on", asked=asked)
    told = page.say("Your role signs in with a second factor.")
    body = f"<p>{told}</p>{_learning(page, enrolment)}{_alert(page, problem)}{form}{_other(page, asked)}"
    return page.whole(page.say("Set up your second factor"), body, status)


def codes_page(page: Page, codes: list[str], *, asked: str) -> Response:
    """Show recovery codes, this once.

    Parameters
    ----------
    page : Page
        In the reader's language.
    codes : list[str]
        As made.
    asked : str
        Where to go on.
    """
    told = page.say("Each opens once, when the phone is lost. They are shown this once: write them down or print them.")
    rows = "".join(f"<li><code>{escape(code)}</code></li>" for code in codes)
    onward = f'<p><a class="onward" href="{escape(asked, quote=True)}">{page.say("I have kept them: go on")}</a></p>'
    return page.whole(page.say("Your recovery codes"), f"<p>{told}</p><ol>{rows}</ol>{onward}", 200)


def own_page(page: Page, enrolment: Enrolment | None, *, asked: str, problem: str = "", status: int = 200) -> Response:
    """Give the page of somebody's own second factor, on or off.

    Parameters
    ----------
    page : Page
        In the reader's language.
    enrolment : Enrolment or None
        What an app has to learn; None if the factor is on.
    asked : str
        Where to go back to.
    problem : str, optional
        English source of what was wrong before.
    status : int, optional
        HTTP status.
    """
    back = f'<p><a href="{escape(asked, quote=True)}">{page.say("Back to your account")}</a></p>'
    if enrolment is not None:
        # who found the computer open must not be able to lock its user out with a phone of their own
        fields = _code_field(page, is_first=False)
        fields += _password_field(page, label="Your password", name="password", kind="current-password")
        form = _form(page, OWN, fields, "Turn it on", asked=asked, act="confirm")
        body = f"{_learning(page, enrolment)}{_alert(page, problem)}{form}{back}"
        return page.whole(page.say("Set up your second factor"), body, status)
    on = page.say("You sign in with your password and a code of your authenticator app.")
    fields = _code_field(page)
    renew = _form(page, OWN, fields, "New recovery codes", asked=asked, act="renew")
    off = _form(
        page,
        OWN,
        _code_field(page, identifier="code-off", is_first=False),
        "Take the second factor off",
        asked=asked,
        act="off",
    )
    body = f"<p>{on}</p>{_alert(page, problem)}{renew}<hr>{off}{back}"
    return page.whole(page.say("Your second factor"), body, status)
