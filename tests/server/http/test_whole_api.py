"""The whole API at once: every route, every role, whatever comes in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import get_type_hints

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import checks
from starlette.routing import compile_path

from server.app.description import description, openapi_text
from server.app.factory import all_routers
from server.doors.router import PUBLIC, Door
from tests.server.conftest import Live, Served
from twin.access import PERMISSIONS_BY_ROLE, Permission, Role

# Pictures of the handheld's camera: the tool knows no way to write them, any octets will do.
schemathesis.serializer.alias("image/x-portable-graymap", "application/octet-stream")

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = int(os.environ.get("HOSPITAL_TWIN_API_EXAMPLES", "6"))
IS_THOROUGH = EXAMPLES >= 10  # then every role calls every operation, else each operation is called by one that may
DOORS = [door for router in all_routers() for door in router.doors]
EXCLUDED = [
    # A key is valid everywhere, and what one may not do is 403 by permission, which the matrix above proves.
    checks.ignored_auth,
    checks.positive_data_acceptance,
]
METHODS = {"get", "post", "put", "patch", "delete"}


def test_committed_description_is_the_present_one() -> None:
    committed = (ROOT / "openapi.json").read_text(encoding="utf-8")

    assert committed == openapi_text(), "run `python -m server openapi --to openapi.json`"


def test_every_operation_has_a_name_of_its_own_and_a_permission() -> None:
    described = description()
    operations = [
        operation for path in described["paths"].values() for method, operation in path.items() if method in METHODS
    ]

    names = [operation["operationId"] for operation in operations]

    assert len(names) == len(set(names)) == len(DOORS)
    assert all(operation["x-permission"] in {*Permission, "public"} for operation in operations)


def test_what_gives_nothing_says_so_in_its_description() -> None:
    silent = [door for door in DOORS if get_type_hints(door.function).get("return") is type(None)]

    # An empty answer is sent as 204 whatever the door says: a client made from the description would not expect it.
    assert [door.path for door in silent if door.status == 200] == []
    assert silent


def _path_of(door: Door) -> str:
    _, template, _ = compile_path(door.path)
    return template.replace("{", "x-").replace("}", "")


async def test_strangers_get_nothing_that_is_not_public(served: Served) -> None:
    client = await served.stranger()
    for door in DOORS:
        answer = await client.request(door.method, _path_of(door))

        if door.permission is PUBLIC:
            assert "not_signed_in" not in answer.text
        else:
            assert answer.status_code == 401, door.path
            # FHIR's clients are told of errors as an OperationOutcome
            told_as = "application/fhir+json" if door.path.startswith("/fhir") else "application/problem+json"
            assert answer.headers["content-type"] == told_as


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_may_exactly_what_its_permissions_say(served: Served, role: Role) -> None:
    client = await served.holder(role)
    held = PERMISSIONS_BY_ROLE[role]
    refused: list[str] = []
    let_in: list[str] = []
    for door in DOORS:
        if door.path == "/v1/stream" or door.path.endswith("sign-out") or door.permission is PUBLIC:
            continue
        answer = await client.request(door.method, _path_of(door), content=b"")
        is_refused = answer.status_code == 403
        if isinstance(door.permission, Permission) and door.permission not in held and not is_refused:
            let_in.append(f"{door.method} {door.path}: {answer.status_code}")
        if isinstance(door.permission, Permission) and door.permission in held and is_refused:
            refused.append(f"{door.method} {door.path}")
        assert answer.status_code < 500 or answer.status_code == 503, (door.path, answer.text)

    assert not let_in
    assert not refused


def _check_operation(operation: APIOperation, base_url: str, headers: dict[str, str]) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate(base_url=base_url, headers=headers, timeout=20, excluded_checks=EXCLUDED)

    check()


def _roles_of(door: Door) -> list[Role]:
    """Give the roles that try an operation: all of them in a thorough run, else the first that may."""
    if IS_THOROUGH:
        return list(Role)
    needed = door.permission
    if not isinstance(needed, Permission):
        return [Role.NURSE]
    return next([role] for role in Role if needed in PERMISSIONS_BY_ROLE[role])


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("role", list(Role))
def test_no_request_makes_the_server_fail_or_answer_what_it_does_not_declare(live: Live, role: Role) -> None:
    headers = {"authorization": f"Bearer {live.make_key(role)}"}
    tried = {(door.path, door.method.lower()) for door in DOORS if role in _roles_of(door)}
    described = description()
    for path, operations in list(described["paths"].items()):
        kept = {method: one for method, one in operations.items() if (path, method) in tried}
        described["paths"][path] = kept
        if not kept or path in {"/v1/stream", "/v1/auth/sign-out"}:
            del described["paths"][path]

    failures: list[str] = []
    for found in schemathesis.openapi.from_dict(described).get_all_operations():
        operation = found.ok()
        try:
            _check_operation(operation, live.base_url, headers)
        except (FailureGroup, Failure) as failure:
            failures.append(f"{operation.label}: {failure}")

    assert not failures, "\n\n".join(failures)
