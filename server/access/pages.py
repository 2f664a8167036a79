"""The few pages that stand before the pages: sign-in and set-up, without scripts and without outside assets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from http.cookies import CookieError, SimpleCookie

from starlette.responses import HTMLResponse, Response

from server.texts.catalogue import language_of, text
from twin.settings import Settings

STYLE_PATH = "/sign-in/style.css"

STYLE = """
:root { color-scheme: light dark; --back: #eceef1; --card: #ffffff; --ink: #1d232b; --soft: #4a525d; --line: #6b7280;
  --warn: #a50e22; --act: #1f4e79; --on-act: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --back: #14181d; --card: #1e242b; --ink: #e6e9ee; --soft: #a9b2bf;
  --line: #7d8794; --warn: #ff6b6b; --act: #9cc4ee; --on-act: #14181d; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--back); color: var(--ink);
  font: 1rem/1.5 system-ui, "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
main { width: min(24rem, 100vw - 2rem); padding: 2rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 0.5rem; }
h1 { margin: 0 0 0.25rem; font-size: 1.35rem; } p { margin: 0 0 1rem; color: var(--soft); }
label { display: block; margin: 1rem 0 0.25rem; }
input { width: 100%; padding: 0.6rem; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--line); border-radius: 0.25rem; }
button { width: 100%; min-height: 3rem; margin-top: 1.5rem; font: inherit; font-weight: 600; color: var(--on-act);
  background: var(--act); border: 0; border-radius: 0.25rem; cursor: pointer; }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
a { color: var(--act); } summary { min-height: 3rem; padding: 0.75rem 0; cursor: pointer; font-weight: 600; }
ol { margin: 0 0 0.5rem; padding-left: 1.25rem; }
code { overflow-wrap: anywhere; font-size: 1.05rem; color: var(--ink); }
img.code { display: block; width: 12rem; max-width: 100%; background: #ffffff; padding: 0.5rem;
  image-rendering: pixelated; }
a.onward { display: block; min-height: 3rem; line-height: 3rem; text-align: center; font-weight: 600;
  text-decoration: none; color: var(--on-act); background: var(--act); border-radius: 0.25rem; }
form + p, .onward { margin-top: 1rem; }
hr { margin: 1.5rem 0 0; border: 0; border-top: 1px solid var(--line); }
@media print { a, button, form { display: none !important; } }
[role=alert] { color: var(--warn); font-weight: 600; }
"""

_FRAME = """<!DOCTYPE html>
<html lang="{lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · {site}</title><link rel="stylesheet" href="{style}"></head>
<body><main><h1>{title}</h1>{body}</main></body></html>"""


@dataclass(frozen=True, slots=True)
class Page:
    """Makes the pages in one reader's language.

    Parameters
    ----------
    language : str
        ``en`` or ``zh_CN``.
    site : str
        Name of the hospital.
    """

    language: str
    site: str

    @classmethod
    def of_headers(cls, headers: Mapping[str, str], settings: Settings) -> Page:
        """Choose the language of a request.

        Parameters
        ----------
        headers : Mapping[str, str]
            Names in lower case.
        settings : Settings
            Site name and language.
        """
        jar: SimpleCookie = SimpleCookie()
        try:
            jar.load(headers.get("cookie", ""))
        except CookieError:
            jar = SimpleCookie()
        chosen = jar["ht_language"].value if "ht_language" in jar else ""
        accepted = headers.get("accept-language", "")
        language = language_of(cookie_language=chosen, accept_language=accepted, default=settings.language)
        return cls(language, settings.site_name)

    def say(self, message: str) -> str:
        """Give a text in the reader's language, safe within HTML."""
        return escape(text(self.language, message))

    def sign_in(self, *, asked: str, problem: str = "", name: str = "", status: int = 200) -> Response:
        """Give the sign-in page.

        Parameters
        ----------
        asked : str
            Path to go to afterwards.
        problem : str, optional
            English source of what was wrong before.
        name : str, optional
            Sign-in name entered before.
        status : int, optional
            HTTP status.
        """
        focus = ("", " autofocus") if name else (" autofocus", "")
        form = (
            f'<p>{escape(self.site)}</p>{self._alert(problem)}<form method="post" action="/sign-in">'
            f'<input type="hidden" name="next" value="{escape(asked, quote=True)}">'
            f'<label for="name">{self.say("Sign-in name")}</label><input id="name" name="name" required maxlength="64" '
            f'autocomplete="username" autocapitalize="none" value="{escape(name, quote=True)}"{focus[0]}>'
            f'<label for="password">{self.say("Password")}</label><input id="password" name="password" type="password" '
            f'required maxlength="200" autocomplete="current-password"{focus[1]}>'
            f"<button>{self.say('Sign in')}</button></form>"
        )
        return self.whole(self.say("Sign in"), form, status)

    def set_up(self, *, token: str, problem: str = "", status: int = 200) -> Response:
        """Give the set-up page.

        Parameters
        ----------
        token : str
            From the one-time link.
        problem : str, optional
            English source of what was wrong before.
        status : int, optional
            HTTP status.
        """
        hint = self.say("You become the system administrator. Take at least 12 characters; four words are good.")
        form = (
            f'<p id="hint">{hint}</p>{self._alert(problem)}<form method="post" action="/set-up">'
            f'<input type="hidden" name="token" value="{escape(token, quote=True)}">'
            f'<label for="name">{self.say("Sign-in name")}</label><input id="name" name="name" required maxlength="64" '
            f'autocomplete="username" autocapitalize="none" autofocus>'
            f'<label for="password">{self.say("New password")}</label><input id="password" name="password" '
            f'type="password" required minlength="12" maxlength="200" autocomplete="new-password" '
            f'aria-describedby="hint"><button>{self.say("Set up the hospital")}</button></form>'
        )
        return self.whole(self.say("Set up the hospital"), form, status)

    def set_up_needed(self) -> Response:
        """Give the page that says where the set-up link is."""
        told = self.say("Open the set-up link that the server printed at its start; it also stands in the data folder.")
        return self.whole(self.say("This hospital is not set up yet"), f"<p>{told}</p>", 503)

    def _alert(self, problem: str) -> str:
        return f'<p role="alert">{self.say(problem)}</p>' if problem else ""

    def whole(self, title: str, body: str, status: int) -> Response:
        """Give a page around a body that is safe HTML.

        Parameters
        ----------
        title, body : str
            Escaped already.
        status : int
            HTTP status.
        """
        lang = "zh-CN" if self.language == "zh_CN" else "en"
        html = _FRAME.format(lang=lang, title=title, site=escape(self.site), style=STYLE_PATH, body=body)
        return HTMLResponse(html, status, headers={"cache-control": "no-store"})
