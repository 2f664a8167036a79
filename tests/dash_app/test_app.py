"""The application as a whole: what it serves, to whom, and that nothing is left without a permission."""

import json
import re

import httpx2
import pytest
from dash._utils import clean_property_name, split_callback_id

from dash_app.app import STATIC, build_dash, build_handheld, build_ui
from dash_app.pages import (
    bed_work,
    calibration,
    cases,
    cheapest,
    choosing,
    counts,
    device_entry,
    frame,
    gateway_settings,
    gateway_walk,
    gateway_work,
    gateways,
    item_master,
    plan_moving,
    roster_editing,
    shift_decisions,
    shift_requests,
    whatif,
    whatif_situations,
)
from dash_app.pages.guard import PERMISSION_ATTRIBUTE
from dash_app.pages.limits_asked import limits_id
from dash_app.pages.registry import PAGES, page_for
from dash_app.pages.told_list import away_type
from tests.dash_app.small_hospital import EVERYTHING, small_port, stranger_port
from twin.access import PERMISSIONS_BY_ROLE, Permission, Role
from twin.state.live import LiveState

CLIENTSIDE_ONLY = {
    "map-model.modified_timestamp",
    *(
        f"{run}-{part}"
        for run in ("whatif", "cheapest", "choosing", "guess", "calibration")
        for part in ("asked.data", "timer.disabled")
    ),
    *(f"{key}-grid.eventData" for key in ("devices", "stock", "audit")),
}


@pytest.fixture(scope="module")
def dash_app():
    return build_dash(small_port())


def client_of(app):
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://hospital.test")


def test_every_callback_names_its_permission(dash_app):
    undeclared = []
    for key, entry in dash_app.callback_map.items():
        function = entry.get("callback")
        if function is None:
            assert key in CLIENTSIDE_ONLY
            continue
        while function is not None and not hasattr(function, PERMISSION_ATTRIBUTE):
            function = getattr(function, "__wrapped__", None)
        if function is None:
            undeclared.append(key)

    assert undeclared == []
    assert len(dash_app.callback_map) > 30


def _ids(component):
    found = set()
    for part in [component, *component._traverse()]:
        identifier = getattr(part, "id", None)
        if isinstance(identifier, dict):
            found.add(identifier["type"])
        elif identifier:
            found.add(identifier)
    return found


def test_every_callback_speaks_of_components_that_a_page_has(dash_app):
    port = small_port()
    known = _ids(frame.layout(port, "/ui/"))
    for page in PAGES:
        path = page.path.replace("*", "IP-1")
        known |= _ids(frame.content(port, path, ""))

    unknown = set()
    for entry in dash_app._callback_list:
        names = [part["id"] for part in (*entry["inputs"], *entry["state"])]
        names += [clean_property_name(split_callback_id(entry["output"])["id"])] if "..." not in entry["output"] else []
        for name in names:
            plain = json.loads(name)["type"] if name.startswith("{") else name
            if plain not in known:
                unknown.add(plain)
    # These stand only beside an alarm that was put aside, under a plan that was made or kept, under a file that was read.
    under_a_plan = {"plan-publish", "plan-keep", "plan-title", "plan-reason"}
    under_a_kept_plan = {"plan-talk-patient", "plan-talk-answer", "plan-talk-move"}
    under_a_kept_plan |= {"plan-futures-count", "plan-futures-other", "plan-futures-run", "plan-futures-answer"}
    # Under the places that were found for an emergency, and under what a re-plan would change.
    under_a_kept_plan |= {"surgery-take", "surgery-make"}
    under_a_plan |= {"plan-enough", "plan-cancel", "roster-enough", "roster-cancel", "roster-keep", "roster-title"}
    under_a_kept_plan |= {getattr(plan_moving, name) for name in ("HELD", "STEP", "KEEP", "OTHER", "COMPARED")}
    under_a_kept_plan |= {
        getattr(roster_editing, name)
        for name in ("WHO", "DAY", "CHOICES", "CHOOSE", "LET_GO", "ILL", "ILL_FROM", "ILL_TO", "MEND", "AGAIN")
    }
    # Under a roster that is in force and has the reader in it, and beside a request that somebody has made.
    in_a_roster = {
        getattr(shift_requests, name)
        for name in (
            "SHIFT",
            "REASON",
            "FIRST",
            "FROM_NOON",
            "LAST",
            "TO_NOON",
            "LEAVE",
            "OFFER",
            "SWAPS",
            "SWAP",
            "ACT",
        )
    } | {
        getattr(shift_decisions, name)
        for name in (
            "LOOK",
            "OVERRIDE",
            "ANSWER",
            "DECIDE",
            "OPEN",
            "OPEN_PLACE",
            "OPEN_DAY",
            "OPEN_SHIFT",
            "OPEN_SKILL",
        )
    }
    # The small hospital has no desk for gateways, so that the page says only how to start one.
    beside_a_gateway_that_reports = {
        gateways.CONTENT,
        gateways.TIMER,
        gateways.WORK,
        gateways.KNOWN,
        *gateway_work._FIELDS.values(),
        *(f"{identifier}-box" for identifier in gateway_work._FIELDS.values()),
        gateway_work.GATEWAY,
        gateway_work.TRY,
        gateway_work.ADD,
        gateway_work.TRIED,
        gateway_work.DEVICE,
        gateway_work.DEVICES_TIMER,
        gateway_work.FRAMES,
        gateway_work.SHOW,
        gateway_work.SAVE,
        gateway_work.SAVED,
        *gateway_settings.IDS,
        gateway_walk.GATEWAY,
        gateway_walk.TAG,
        gateway_walk.PLACE,
        gateway_walk.BEGIN,
        gateway_walk.HERE,
        gateway_walk.END,
        gateway_walk.SHOWN,
        gateway_walk.FOLLOW,
    }
    # The register entry stands on the page of a device that the register holds; the small hospital's are only seen.
    of_an_entry = {f"entry-{field}" for field in device_entry.FIELDS}
    of_an_entry |= {device_entry.MAY_LEAVE, device_entry.SEEN, device_entry.KEEP}
    # A bed's own state is changed once the bed is chosen.
    of_a_bed = {getattr(bed_work, name) for name in ("READINESS", "SERVICE", "REASON", "SAY", "PUT", "SAID")}
    # A count is worked on once one was begun.
    of_a_count = {getattr(counts, name) for name in ("CHOSEN", "LINE", "QUANTITY", "REASON", "NOTE", "DECIDE")}
    of_a_count |= {counts.CLOSE, counts.CANCEL}
    # A merge is taken back once there was one.
    of_a_merge = {item_master.PAST_ONE, item_master.UNDO}
    # A case cart is asked for once there is a kit, and closed once it was asked for.
    of_a_case = {getattr(cases, name) for name in ("KIT", "PLACE", "HOURS", "ENCOUNTER", "ASK")}
    of_a_case |= {cases.CART, cases.BACK, cases.CLOSE, cases.CANCEL}
    # A surgery plan's cart is asked for or given up once a plan has proposed one.
    of_a_case |= {cases.PROPOSED, cases.ASK_NOW, cases.DROP}
    # A situation's own numbers and choices are asked once it is picked.
    of_a_situation = {whatif_situations.NUMBER, whatif_situations.CHOICE}
    # What a question holds can be taken away once something was told.
    stores = (whatif.CHANGES, choosing.PARTS, choosing.SCENARIOS, cheapest.LEVERS)
    beside_what_was_told = {away_type(store) for store in stores}
    beside_what_was_told |= {away_type(limits_id(page.PREFIX)) for page in (cheapest, choosing)}
    # A pathway is kept once it was made of a log.
    under_a_fitted_log = {getattr(calibration, name) for name in ("NAME", "NOTE", "KEEP", "KEPT")}
    # What came is told once an order waits for it, and a recall is confirmed once it was asked for.
    of_a_delivery = {f"buying-{part}" for part in ("came", "close", "receive")}
    came = ("add", "away", "expiry", "item", "last", "list", "lot", "quantity", "reason", "serials", "witness")
    of_a_delivery |= {f"buying-came-{part}" for part in came} | {"lots-recall-sure"}
    # A published or planned board is moved, pinned and repaired once there is one.
    on_a_board = {"plan-again", "plan-chart", "plan-pin", "plan-pin-free", "plan-pin-parts"}
    on_a_board |= {f"plan-out-{part}" for part in ("from", "held", "keep", "shift", "to", "try", "who")}
    sometimes = (
        of_a_delivery
        | on_a_board
        | {"alarms-unshelve", "alarms-settle", "imports-store"}
        | {"find-reserve", "find-return"}  # beside a device that was found or is kept
        | of_a_situation
        | beside_what_was_told
        | under_a_fitted_log
        | of_a_case
        | of_a_merge
        | of_an_entry
        | of_a_bed
        | of_a_count
        | under_a_plan
        | under_a_kept_plan
        | in_a_roster
        | beside_a_gateway_that_reports
    )
    assert unknown <= sometimes


def test_every_page_has_a_path_a_title_and_a_place():
    paths = [page.path for page in PAGES]
    positions = [page.position for page in PAGES if page.position]

    assert len(set(paths)) == len(paths)
    assert len(set(positions)) == len(positions)
    assert all(page.title and isinstance(page.permission, Permission) for page in PAGES)


def test_the_stock_opens_under_both_of_its_names() -> None:
    assert page_for("/inventory") is page_for("/stock") is not None
    assert page_for("/inventory/x") is None


@pytest.mark.parametrize("role", [role for role in Role if not role.value.startswith("service:")])
def test_the_rail_and_the_content_agree_on_what_a_role_may_open(role):
    port = small_port(role)
    offered = {link.href for link in frame._rail(port.actor(), None, "/ui/") if hasattr(link, "href")}

    for page in PAGES:
        if page.path.endswith("/*") or page.path == "/":
            continue
        may = page.permission in PERMISSIONS_BY_ROLE[role]
        shown = frame.content(port, page.path, "")
        assert (getattr(shown, "className", "") != "state-forbidden") == may, page.path
        if page.position:
            assert ("/ui" + page.path in offered) == may


def test_who_may_not_see_the_overview_begins_with_a_page_of_their_own():
    shown = frame.content(small_port(Role.AUDITOR), "/", "")

    assert "Audit" in str(shown)
    assert getattr(shown, "className", "") != "state-forbidden"


def test_every_page_stands_in_an_empty_hospital():
    port = small_port(*EVERYTHING, state=LiveState())

    for page in PAGES:
        assert frame.content(port, page.path.replace("*", "nothing"), "") is not None


@pytest.mark.parametrize(
    "search", ["?floor=99", "?floor=x", "?kind=%00", "?priority=P9", "?q=%F0%9F", "?sel=nobody&use=1"]
)
@pytest.mark.parametrize("path", ["/", "/map", "/alarms", "/devices", "/stock", "/tasks", "/beds", "/search"])
def test_no_address_breaks_a_page(path, search):
    assert frame.content(small_port(), path, search) is not None


def test_a_page_that_cannot_be_shown_says_why():
    shown = frame.content(small_port(), "/what-if", "?run=unknown")

    assert shown.className == "state-error"


def test_addresses_find_their_page():
    assert page_for("/devices/IP%2F1").path == "/devices/*"
    assert page_for("/devices/a/b") is None
    assert page_for("/nothing") is None


async def test_pages_come_with_a_policy_and_are_not_kept():
    async with client_of(build_ui(small_port())) as client:
        answer = await client.get("/ui/map", headers={"cookie": "ht_language=zh_CN; ht_theme=dark"})

    assert answer.status_code == 200
    assert 'lang="zh-CN"' in answer.text
    assert 'data-theme="dark"' in answer.text
    assert answer.headers["cache-control"] == "no-store"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-eval" not in policy
    assert re.search(r"script-src 'self'( 'sha256-[^']+')*;", policy)


async def test_no_address_of_the_index_leads_outside():
    async with client_of(build_ui(small_port())) as client:
        text = (await client.get("/ui/")).text

    assert re.findall(r"(?:src|href)=\"(?!/ui/)[^\"]*\"", text) == []


@pytest.mark.parametrize(
    "path",
    [
        "/ui/_mcp",
        "/ui/docs",
        "/ui/openapi.json",
        "/ui/assets/../app.py",
        "/ui/assets/%2e%2e/app.py",
        "/ui/assets/egress.py",
        "/ui/nowhere",
    ],
)
async def test_nothing_but_pages_and_their_files_is_served(path):
    async with client_of(build_ui(small_port())) as client:
        answer = await client.get(path)

    assert answer.status_code == 404
    assert "import " not in answer.text


def test_the_static_folder_is_our_own_and_holds_no_source():
    assert STATIC.parent.name == "dash_app"
    assert not [path for path in STATIC.rglob("*") if path.suffix in {".py", ".toml", ".db"}]


async def test_a_stranger_gets_no_layout():
    async with client_of(build_ui(stranger_port())) as client:
        answer = await client.get("/ui/_dash-layout")

    assert answer.status_code >= 400
    assert "rail" not in answer.text


async def test_developer_tools_are_off(dash_app):
    assert dash_app._dev_tools.ui is False
    async with client_of(build_ui(small_port())) as client:
        answer = await client.get("/ui/")

    assert '"hot_reload"' not in answer.text


async def test_the_handheld_is_small_and_comes_with_its_own_policy():
    async with client_of(build_handheld()) as client:
        page = await client.get("/m/")
        missing = await client.get("/m/../app.py")

    assert page.status_code == 200
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    assert missing.status_code == 404
    assert sum(path.stat().st_size for path in (STATIC / "m").iterdir()) < 150_000
