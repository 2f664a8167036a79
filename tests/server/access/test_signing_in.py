"""Set-up, sign-in, sessions and what other websites cannot do."""

from __future__ import annotations

import asyncio
import stat

import pytest

from server.access.gate import cookie_name
from server.access.pages import STYLE_PATH
from server.access.setup import LINK_FILE, base_url
from server.access.users import check_name
from tests.server.conftest import PASSWORD, Served
from twin.access import Role
from twin.errors import DiskFull, FieldError
from twin.settings import load_settings

SECURE_PASSWORD = "a long enough sentence"


async def test_fresh_hospital_answers_setup_required_until_it_is_set_up(fresh: Served) -> None:
    client = await fresh.stranger()

    refused = await client.get("/v1/state")
    alive = await client.get("/healthz")

    assert refused.status_code == 503
    assert refused.json()["code"] == "setup_required"
    assert alive.status_code == 200


async def test_setup_link_works_once_and_stands_in_a_private_file(fresh: Served) -> None:
    link = fresh.access.setup_link
    assert link is not None
    mode = stat.S_IMODE(link.file.stat().st_mode)
    token = link.url.partition("token=")[2]
    client = await fresh.stranger()
    form = {"token": token, "name": "chief", "password": SECURE_PASSWORD}

    first = await client.post("/set-up", data=form)
    second = await (await fresh.stranger()).post("/set-up", data=form)

    assert mode == 0o600
    assert first.status_code == 303
    assert first.headers["location"] == "/ui/"
    assert (await client.get("/v1/auth/me")).json()["roles"] == ["administrator", "sysadmin"]
    assert second.status_code == 403
    assert not (fresh.hospital.settings.data_dir / LINK_FILE).exists()


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"token": "wrong", "name": "chief", "password": SECURE_PASSWORD}, 403),  # another token
        ({"token": None, "name": "chief", "password": "short"}, 422),  # password too short
        ({"token": None, "name": "a b", "password": SECURE_PASSWORD}, 422),  # blank in the name
        ({"token": None, "name": "chief", "password": "111111111111"}, 422),  # one character over and over
    ],
)
async def test_setup_refuses(fresh: Served, form: dict[str, str | None], status: int) -> None:
    link = fresh.access.setup_link
    assert link is not None
    sent = {key: value or link.url.partition("token=")[2] for key, value in form.items()}

    answer = await (await fresh.stranger()).post("/set-up", data=sent)

    assert answer.status_code == status
    assert fresh.access.needs_set_up


async def test_setup_link_ends_after_its_time(fresh: Served) -> None:
    link = fresh.access.setup_link
    assert link is not None
    fresh.clock.advance(31 * 60)
    form = {"token": link.url.partition("token=")[2], "name": "chief", "password": SECURE_PASSWORD}

    answer = await (await fresh.stranger()).post("/set-up", data=form)

    assert answer.status_code == 403


async def test_setup_page_has_its_style(fresh: Served) -> None:
    client = await fresh.stranger()

    answer = await client.get(STYLE_PATH, headers={"accept": "text/css,*/*;q=0.1"})

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/css")


async def test_sign_in_page_speaks_the_readers_language(served: Served) -> None:
    client = await served.stranger()

    english = await client.get("/sign-in")
    chinese = await client.get("/sign-in", headers={"accept-language": "zh-CN,zh;q=0.9"})

    assert '<html lang="en">' in english.text
    assert "Sign in" in english.text
    assert '<html lang="zh-CN">' in chinese.text
    assert "登录" in chinese.text


async def test_form_signs_in_and_goes_to_the_page_asked_for(served: Served) -> None:
    served.add_user("porter", Role.LOGISTICS)
    client = await served.stranger()

    answer = await client.post(
        "/sign-in", data={"name": "Porter", "password": PASSWORD, "next": "/ui/tasks?state=open"}
    )

    assert answer.status_code == 303
    assert answer.headers["location"] == "/ui/tasks?state=open"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


@pytest.mark.parametrize("target", ["//evil.example/", "https://evil.example", "/\\evil.example", "javascript:1"])
async def test_form_never_leads_to_another_website(served: Served, target: str) -> None:
    served.add_user("porter", Role.LOGISTICS)
    client = await served.stranger()

    answer = await client.post("/sign-in", data={"name": "porter", "password": PASSWORD, "next": target})

    assert answer.headers["location"] == "/ui/"


async def test_a_full_disk_is_not_told_as_a_wrong_password(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_told: object, **_more: object) -> None:
        raise DiskFull("0 MB are free.")

    monkeypatch.setattr(served.access, "sign_in", full)
    client = await served.stranger()

    answer = await client.post("/sign-in", data={"name": "porter", "password": PASSWORD})

    assert answer.status_code == 507
    assert "password is wrong" not in answer.text
    assert "cannot store anything" in answer.text


@pytest.mark.parametrize("name", ["chief\n", "a", "-chief", "chief nurse", "c" * 65])
def test_a_name_that_nobody_could_type_again_is_refused(name: str) -> None:
    with pytest.raises(FieldError):
        check_name(name)


async def test_wrong_password_and_unknown_name_answer_alike(served: Served) -> None:
    served.add_user("porter", Role.LOGISTICS)
    client = await served.stranger()

    wrong = await client.post("/v1/auth/sign-in", json={"name": "porter", "password": "not this one at all"})
    unknown = await client.post("/v1/auth/sign-in", json={"name": "nobody", "password": "not this one at all"})

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json()["detail"] == unknown.json()["detail"]


async def test_too_many_attempts_wait_but_are_never_locked_out_for_good(served: Served) -> None:
    served.add_user("porter", Role.LOGISTICS)
    client = await served.stranger()
    for _ in range(5):
        await client.post("/v1/auth/sign-in", json={"name": "porter", "password": "not this one at all"})

    refused = await client.post("/v1/auth/sign-in", json={"name": "porter", "password": PASSWORD})
    served.clock.advance(16 * 60)
    accepted = await client.post("/v1/auth/sign-in", json={"name": "porter", "password": PASSWORD})

    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert accepted.status_code == 200


async def test_session_ends_by_idleness(served: Served) -> None:
    client = await served.signed_in(Role.NURSE)
    served.clock.advance(29 * 60)
    still = await client.get("/v1/auth/me")
    served.clock.advance(31 * 60)

    ended = await client.get("/v1/auth/me")

    assert still.status_code == 200
    assert ended.status_code == 401


async def test_session_ends_by_age_however_busy(served: Served) -> None:
    client = await served.signed_in(Role.NURSE)
    for _ in range(12 * 3):
        served.clock.advance(20 * 60)
        last = await client.get("/v1/auth/me")

    assert last.status_code == 401


async def test_sign_out_ends_the_session_on_the_server(served: Served) -> None:
    client = await served.signed_in(Role.NURSE)
    cookie = client.cookies["ht_session"]

    answer = await client.post("/v1/auth/sign-out")
    replayed = await (await served.stranger()).get("/v1/auth/me", headers={"cookie": f"ht_session={cookie}"})

    assert answer.status_code == 204
    assert replayed.status_code == 401


async def test_every_sign_in_makes_a_new_session(served: Served) -> None:
    first = await served.signed_in(Role.NURSE)
    second = await served.signed_in(Role.NURSE)

    assert first.cookies["ht_session"] != second.cookies["ht_session"]


async def test_sessions_survive_a_restart_of_the_process(served: Served) -> None:
    client = await served.signed_in(Role.NURSE)
    served.access.sessions._live.clear()  # what a new process starts with

    answer = await client.get("/v1/auth/me")

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.example"}, 403),  # another website's form
        ({"origin": "null"}, 403),  # a sandboxed frame
        ({"sec-fetch-site": "cross-site"}, 403),  # a browser says so
        ({"x-csrf-token": "guess"}, 403),  # a wrong token
        ({"x-csrf-token": ""}, 403),  # no proof at all
        ({"origin": "http://twin.test", "x-csrf-token": ""}, 204),  # our own page
        ({"sec-fetch-site": "same-origin", "x-csrf-token": ""}, 204),  # our own page
        ({}, 204),  # the right token, set by the fixture
    ],
)
async def test_changes_by_cookie_need_proof_of_our_own_page(
    served: Served, headers: dict[str, str], status: int
) -> None:
    client = await served.signed_in(Role.NURSE)

    answer = await client.post("/v1/auth/sign-out", headers=headers)

    assert answer.status_code == status


async def test_password_change_ends_all_sessions(served: Served) -> None:
    client = await served.signed_in(Role.NURSE)

    wrong = await client.post("/v1/auth/password", json={"old": "no", "new": SECURE_PASSWORD})
    weak = await client.post("/v1/auth/password", json={"old": PASSWORD, "new": "too short"})
    done = await client.post("/v1/auth/password", json={"old": PASSWORD, "new": SECURE_PASSWORD})
    after = await client.get("/v1/auth/me")

    assert (wrong.status_code, weak.status_code, done.status_code, after.status_code) == (401, 422, 204, 401)


async def test_disabled_user_is_out_at_once(served: Served) -> None:
    root = await served.signed_in(Role.SYSADMIN, "root")
    nurse = await served.signed_in(Role.NURSE)
    user = (await nurse.get("/v1/auth/me")).json()["id"]

    answer = await root.patch(f"/v1/users/{user}", json={"is_active": False}, headers={"if-match": '"v1"'})

    assert answer.status_code == 200, answer.text
    assert (await nurse.get("/v1/auth/me")).status_code == 401
    again = await (await served.stranger()).post("/v1/auth/sign-in", json={"name": "a-nurse", "password": PASSWORD})
    assert again.status_code == 401


async def test_last_system_administrator_cannot_go(served: Served) -> None:
    root = await served.signed_in(Role.SYSADMIN, "root")
    me = (await root.get("/v1/auth/me")).json()["id"]

    answer = await root.patch(f"/v1/users/{me}", json={"roles": ["nurse"]}, headers={"if-match": '"v1"'})

    assert answer.status_code == 409
    assert answer.json()["code"] == "refused.last_sysadmin"


def test_cookie_is_bound_to_the_host_with_tls() -> None:
    assert cookie_name(is_secure=True).startswith("__Host-")


async def test_parallel_guesses_at_the_old_password_are_counted(served: Served) -> None:
    client = await served.signed_in(Role.NURSE)
    guess = {"old": "no", "new": SECURE_PASSWORD}

    answers = await asyncio.gather(*(client.post("/v1/auth/password", json=guess) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 3


async def test_password_that_is_set_for_somebody_does_not_hold_their_name(served: Served) -> None:
    client = await served.signed_in(Role.SYSADMIN)
    user_id = served.add_user("gardener", Role.NURSE)
    etag = (await client.get(f"/v1/users/{user_id}")).headers["etag"]

    answer = await client.patch(
        f"/v1/users/{user_id}", json={"password": "the gardener of 1998"}, headers={"if-match": etag}
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "input.password")


def test_address_of_a_server_with_ipv6_is_written_in_brackets() -> None:
    assert base_url(load_settings(host="::1", port=8300)) == "http://[::1]:8300"
