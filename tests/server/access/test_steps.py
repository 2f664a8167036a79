"""What a sign-in owes after the right password: a code, a password of one's own, a second factor to set up."""

from __future__ import annotations

import ast
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from dash_app.actions.access import UserTold
from server.access import factors, step_pages
from server.access.desk import Desk
from server.access.one_time_codes import STEP_S, code_at
from server.access.service import Access
from server.app.factory import build_app
from server.schema.access import AuditRow, SecondFactorRow
from server.texts.catalogue import translations
from server.wiring import Hospital, open_hospital
from tests.server.conftest import PASSWORD, Served, cheap_passwords
from twin.access import Actor, Role
from twin.clock import SECOND_US, ManualClock
from twin.errors import ConfigurationError
from twin.settings import Settings, load_settings

OWN = "my very own sentence"
ROOT = Actor(id="root", name="root", roles=frozenset({Role.SYSADMIN}))
PAGE = {"accept": "text/html", "sec-fetch-site": "same-origin"}


@pytest.fixture
def strict_hospital(tmp_path: Path, clock: ManualClock) -> Iterator[Hospital]:
    settings = Settings(data_dir=tmp_path, free_disk_floor_mb=0, second_factor_roles=("nurse",))
    opened = open_hospital(settings, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
async def strict(strict_hospital: Hospital, clock: ManualClock) -> AsyncIterator[Served]:
    """A hospital whose nurses need a second factor."""
    access = Access(strict_hospital, cheap_passwords())
    app = build_app(strict_hospital, access=access)
    async with app.api.router.lifespan_context(app.api):
        served = Served(strict_hospital, app, clock)
        served.add_user("root", Role.SYSADMIN)
        yield served
        await served.stack.aclose()
    access.close()


def secret_of(served: Served, name: str) -> bytes:
    with served.hospital.read() as session:
        user = session.exec(text("SELECT id FROM access_user WHERE name = :name").bindparams(name=name)).one()[0]  # type: ignore[call-overload]
        row = session.get(SecondFactorRow, user)
    assert row is not None
    return served.access.steps._opened(user, row.sealed)


def present_code(served: Served, name: str, *, steps: int = 0) -> str:
    return code_at(secret_of(served, name), served.clock.now() // (STEP_S * SECOND_US) + steps)


async def with_factor(served: Served, name: str, *roles: Role) -> tuple[str, list[str]]:
    """Give a user's id and recovery codes, after they have turned a second factor on."""
    user = served.add_user(name, *roles)
    live = (await served.access.sign_in(name, PASSWORD, address="")).session
    await served.access.steps.begin(user)
    done = await served.access.steps.confirm(live, present_code(served, name))
    # the code that turned it on is used up: the next one opens
    served.clock.advance(STEP_S)  # type: ignore[union-attr]
    return user, done.codes


def noted(served: Served) -> list[str]:
    with served.hospital.read() as session:
        return [row.action for row in session.exec(select(AuditRow).order_by(AuditRow.sequence))]  # type: ignore[arg-type]


async def test_a_first_password_leads_to_one_of_ones_own(served: Served) -> None:
    desk = Desk(served.hospital, served.access)
    first = desk.add_user("anna", UserTold(display_name="Anna", roles=("nurse",)), actor=ROOT)
    browser = await served.stranger()

    entered = await browser.post("/sign-in", data={"name": "anna", "password": first, "next": "/ui/tasks?state=open"})
    assert entered.headers["location"] == "/sign-in/next?next=/ui/tasks%3Fstate%3Dopen"
    asked = await browser.get(entered.headers["location"])
    assert "only you know" in asked.text
    # nothing else opens before
    refused = await browser.get("/v1/auth/me")
    assert refused.status_code == 401
    led = await browser.get("/ui/tasks", headers={"accept": "text/html"})
    assert led.headers["location"].startswith("/sign-in/next?next=")

    same = await browser.post("/sign-in/password", data={"new": first, "again": first}, headers=PAGE)
    differs = await browser.post("/sign-in/password", data={"new": OWN, "again": OWN + "!"}, headers=PAGE)
    short = await browser.post("/sign-in/password", data={"new": "short", "again": "short"}, headers=PAGE)
    assert [same.status_code, differs.status_code, short.status_code] == [422, 422, 422]
    half_open = browser.cookies["ht_session"]
    chosen = await browser.post(
        "/sign-in/password", data={"new": OWN, "again": OWN, "next": "/ui/tasks?state=open"}, headers=PAGE
    )
    assert chosen.headers["location"] == "/ui/tasks?state=open"
    # whoever knew the cookie of the half-open session has nothing
    assert browser.cookies["ht_session"] != half_open
    assert (await browser.get("/v1/auth/me")).json()["roles"] == ["nurse"]
    again = await (await served.stranger()).post("/sign-in", data={"name": "anna", "password": OWN})
    assert again.headers["location"] == "/ui/"
    assert noted(served)[-4:] == ["session.pending", "user.password_chosen", "session.started", "session.started"]


async def test_a_script_sends_its_own_password_along(served: Served) -> None:
    desk = Desk(served.hospital, served.access)
    first = desk.add_user("script", UserTold(display_name="", roles=("planner",)), actor=ROOT)
    client = await served.stranger()

    owed = await client.post("/v1/auth/sign-in", json={"name": "script", "password": first})
    assert (owed.status_code, owed.json()["code"]) == (401, "sign_in.password_needed")
    assert not client.cookies
    done = await client.post("/v1/auth/sign-in", json={"name": "script", "password": first, "new_password": OWN})
    assert done.status_code == 200
    assert (await client.get("/v1/auth/me")).status_code == 200


async def test_a_new_password_by_an_administrator_is_a_first_one_and_an_own_one_is_not(served: Served) -> None:
    root = await served.signed_in(Role.SYSADMIN, "root")
    user = served.add_user("berta", Role.NURSE)
    version = (await root.get(f"/v1/users/{user}")).headers["etag"]
    changed = await root.patch(f"/v1/users/{user}", json={"password": OWN}, headers={"if-match": version})
    assert changed.status_code == 200

    owed = await (await served.stranger()).post("/v1/auth/sign-in", json={"name": "berta", "password": OWN})
    assert owed.json()["code"] == "sign_in.password_needed"
    mine = {"old": PASSWORD, "new": "another sentence of mine"}
    assert (await root.post("/v1/auth/password", json=mine)).status_code == 204
    entered = await (await served.stranger()).post(
        "/v1/auth/sign-in", json={"name": "root", "password": "another sentence of mine"}
    )
    assert entered.status_code == 200


async def test_a_key_opens_whatever_its_maker_owes(served: Served) -> None:
    program = await served.program(Role.PLANNER)

    assert (await program.get("/v1/auth/me")).status_code == 200


async def test_a_code_opens_once_and_a_wrong_one_never(served: Served) -> None:
    await with_factor(served, "carla", Role.NURSE)
    browser = await served.stranger()
    entered = await browser.post("/sign-in", data={"name": "carla", "password": PASSWORD})
    assert entered.headers["location"] == "/sign-in/next?next=/ui/"
    assert "authenticator" in (await browser.get("/sign-in/next")).text
    assert (await browser.get("/v1/auth/me")).status_code == 401

    code = present_code(served, "carla")
    wrong = await browser.post("/sign-in/code", data={"code": f"{(int(code) + 1) % 10**6:06}"}, headers=PAGE)
    opened = await browser.post("/sign-in/code", data={"code": f"{code[:3]} {code[3:]}"}, headers=PAGE)
    assert (wrong.status_code, opened.status_code) == (401, 303)
    assert (await browser.get("/v1/auth/me")).status_code == 200

    # seen over the shoulder, and typed by another within the same half minute
    thief = await served.stranger()
    await thief.post("/sign-in", data={"name": "carla", "password": PASSWORD})
    replayed = await thief.post("/sign-in/code", data={"code": code}, headers=PAGE)
    assert replayed.status_code == 401
    assert (await thief.get("/v1/auth/me")).status_code == 401
    assert "second_factor.refused" in noted(served)


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)])
async def test_a_phones_clock_may_be_one_step_off(served: Served, steps: int, status: int) -> None:
    await with_factor(served, "dora", Role.NURSE)
    served.clock.advance(10 * STEP_S)  # type: ignore[union-attr]
    sent = {"name": "dora", "password": PASSWORD, "code": present_code(served, "dora", steps=steps)}

    answer = await (await served.stranger()).post("/v1/auth/sign-in", json=sent)

    assert answer.status_code == status


async def test_guesses_at_codes_are_slowed_down_although_the_password_is_right_each_time(served: Served) -> None:
    await with_factor(served, "emma", Role.NURSE)
    sent = {"name": "emma", "password": PASSWORD}
    wrong = f"{(int(present_code(served, 'emma')) + 7) % 10**6:06}"
    client = await served.stranger()

    answers = [(await client.post("/v1/auth/sign-in", json=sent | {"code": wrong})).status_code for _ in range(6)]
    right = await client.post("/v1/auth/sign-in", json=sent | {"code": present_code(served, "emma")})

    assert answers == [401] * 5 + [429]
    assert right.status_code == 429
    assert int(right.headers["retry-after"]) > 0


async def test_each_recovery_code_opens_once_and_none_is_kept(served: Served) -> None:
    _user, codes = await with_factor(served, "frida", Role.NURSE)
    assert len(set(codes)) == factors.RECOVERY_CODES
    sent = {"name": "frida", "password": PASSWORD}
    client = await served.stranger()

    # written down in capitals and without hyphens
    first = await client.post("/v1/auth/sign-in", json=sent | {"code": codes[0].upper().replace("-", " ")})
    second = await (await served.stranger()).post("/v1/auth/sign-in", json=sent | {"code": codes[0]})

    assert (first.status_code, second.status_code) == (200, 401)
    secret = secret_of(served, "frida")
    files = [file for file in Path(served.hospital.settings.data_dir).rglob("*") if file.is_file()]
    for kept in (secret, *(code.encode() for code in codes)):
        assert not any(kept in file.read_bytes() for file in files)


async def test_recovery_codes_open_even_when_the_key_file_is_lost(served: Served) -> None:
    _user, codes = await with_factor(served, "greta", Role.NURSE)
    served.hospital.services.pop("identity.vault")
    (served.hospital.settings.data_dir / "identity.key").unlink()
    sent = {"name": "greta", "password": PASSWORD}
    client = await served.stranger()

    by_app = await client.post("/v1/auth/sign-in", json=sent | {"code": "123456"})
    by_paper = await client.post("/v1/auth/sign-in", json=sent | {"code": codes[3]})

    # a new key in place of the lost one would only hide that every app is worthless now
    assert by_app.status_code == 500
    assert not (served.hospital.settings.data_dir / "identity.key").exists()
    assert by_paper.status_code == 200


async def test_a_role_that_needs_it_leads_to_setting_it_up(strict: Served) -> None:
    strict.add_user("hanna", Role.NURSE)
    browser = await strict.stranger()
    await browser.post("/sign-in", data={"name": "hanna", "password": PASSWORD})
    shown = await browser.get("/sign-in/next?next=/ui/tasks", headers={"accept-language": "zh-CN"})
    assert "data:image/svg+xml;base64," in shown.text
    assert "启用" in shown.text
    assert (await browser.get("/v1/auth/me")).status_code == 401
    owed = await (await strict.stranger()).post("/v1/auth/sign-in", json={"name": "hanna", "password": PASSWORD})
    assert owed.json()["code"] == "sign_in.enrol_needed"

    wrong = await browser.post("/sign-in/enrol", data={"code": "000000"}, headers=PAGE)
    done = await browser.post(
        "/sign-in/enrol", data={"code": present_code(strict, "hanna"), "next": "/ui/tasks"}, headers=PAGE
    )

    assert wrong.status_code == 401
    assert len(re.findall(r"<li><code>", done.text)) == factors.RECOVERY_CODES
    assert 'href="/ui/tasks"' in done.text
    assert (await browser.get("/v1/auth/me")).json()["roles"] == ["nurse"]
    # other roles come in as before, and hers cannot be taken off by herself
    assert (await strict.signed_in(Role.PLANNER)).cookies
    strict.clock.advance(STEP_S)  # type: ignore[union-attr]
    off = {"act": "off", "code": present_code(strict, "hanna")}
    assert (await browser.post("/sign-in/second-factor", data=off, headers=PAGE)).status_code == 409


async def test_somebody_turns_it_on_and_off_by_themselves(served: Served) -> None:
    browser = await served.signed_in(Role.BIOMED, "ida")
    other = await served.signed_in(Role.BIOMED, "ida")
    del browser.headers["x-csrf-token"]  # forms of a browser without scripts send none
    page = "/sign-in/second-factor"
    assert "authenticator" in (await browser.get(page)).text

    stolen = await browser.post(
        page, data={"act": "confirm", "code": present_code(served, "ida"), "password": "not hers"}, headers=PAGE
    )
    assert stolen.status_code == 401
    on = await browser.post(
        page, data={"act": "confirm", "code": present_code(served, "ida"), "password": PASSWORD}, headers=PAGE
    )
    assert on.status_code == 200
    assert (await browser.get("/v1/auth/me")).status_code == 200
    assert (await other.get("/v1/auth/me")).status_code == 401

    served.clock.advance(STEP_S)  # type: ignore[union-attr]
    renewed = await browser.post(page, data={"act": "renew", "code": present_code(served, "ida")}, headers=PAGE)
    assert renewed.status_code == 200
    assert set(re.findall(r"<li><code>([^<]+)", renewed.text)).isdisjoint(re.findall(r"<li><code>([^<]+)", on.text))
    served.clock.advance(STEP_S)  # type: ignore[union-attr]
    off = await browser.post(page, data={"act": "off", "code": present_code(served, "ida")}, headers=PAGE)
    assert off.headers["location"] == "/ui/account"
    entered = await (await served.stranger()).post("/v1/auth/sign-in", json={"name": "ida", "password": PASSWORD})
    assert entered.status_code == 200


async def test_an_administrator_takes_it_off_and_the_audit_tells_who_did(served: Served) -> None:
    user, _codes = await with_factor(served, "jana", Role.NURSE)
    root = await served.signed_in(Role.SYSADMIN, "root")
    nurse = await served.signed_in(Role.NURSE)

    assert (await nurse.delete(f"/v1/users/{user}/second-factor")).status_code == 403
    assert (await root.delete(f"/v1/users/{user}/second-factor")).status_code == 204
    assert (await root.delete(f"/v1/users/{user}/second-factor")).status_code == 409

    entered = await (await served.stranger()).post("/v1/auth/sign-in", json={"name": "jana", "password": PASSWORD})
    assert entered.status_code == 200
    rows = (await root.get("/v1/audit", params={"action": "second_factor."})).json()["rows"]
    assert [row["action"] for row in rows] == ["second_factor.on", "second_factor.reset"]
    assert rows[1]["subject"] == user
    assert rows[1]["actor"] != user


async def test_other_websites_cannot_take_a_step(served: Served) -> None:
    await with_factor(served, "kira", Role.NURSE)
    browser = await served.stranger()
    await browser.post("/sign-in", data={"name": "kira", "password": PASSWORD})

    answer = await browser.post(
        "/sign-in/code", data={"code": present_code(served, "kira")}, headers={"sec-fetch-site": "cross-site"}
    )

    assert answer.status_code == 403


async def test_steps_without_a_sign_in_lead_back_to_it(served: Served) -> None:
    stranger = await served.stranger()

    for path in ("/sign-in/code", "/sign-in/password", "/sign-in/enrol"):
        answer = await stranger.post(path, data={"code": "123456", "new": OWN, "again": OWN})
        assert answer.headers["location"] == "/sign-in"
    assert (await stranger.get("/sign-in/next")).headers["location"] == "/sign-in"
    assert (await stranger.get("/sign-in/second-factor")).status_code == 401


async def test_a_half_open_session_ends_after_a_quarter_of_an_hour(served: Served) -> None:
    await with_factor(served, "lena", Role.NURSE)
    browser = await served.stranger()
    await browser.post("/sign-in", data={"name": "lena", "password": PASSWORD})
    served.clock.advance(15 * 60 + 1)  # type: ignore[union-attr]

    answer = await browser.post("/sign-in/code", data={"code": present_code(served, "lena")}, headers=PAGE)

    assert answer.headers["location"] == "/sign-in"


def test_the_setting_names_roles_of_people(tmp_path: Path) -> None:
    assert load_settings(data_dir=tmp_path, second_factor_roles=["sysadmin"]).second_factor_roles == ("sysadmin",)
    with pytest.raises(ConfigurationError, match="second_factor_roles"):
        load_settings(data_dir=tmp_path, second_factor_roles=["service:gateway"])


def _sentences(file: Path) -> set[str]:
    """Give what a module says to people: its texts that begin with a capital letter, without docstrings and HTML."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
    }
    return {text for text in texts if re.fullmatch(r"[A-Z][^<>{}=/_]+", text)}


def test_every_text_of_the_sign_in_pages_has_its_chinese() -> None:
    folder = Path(step_pages.__file__).parent
    files = ("pages.py", "step_pages.py", "step_forms.py", "forms.py", "display_routes.py")
    texts = set().union(*(_sentences(folder / name) for name in files))
    # answered to programs, not to people
    texts -= {"An API key has no second factor.", "Expected a form: "}

    assert len(texts) > 30
    assert texts - set(translations("zh_CN")) == set()
