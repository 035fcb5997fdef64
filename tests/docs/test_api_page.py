"""The page on the API says what the API does: its addresses and scopes, its bodies, its bounds."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ninja import Schema

from tocsin.api.body import MAX_SENT, MAX_UNPACKED
from tocsin.api.intake import MAX_ITEMS
from tocsin.api.schemas import ChangeIn, NoticeIn, ProbeResultIn, ReceiptOut, ReportIn
from tocsin.api.urls import api
from tocsin.observations.queries import NOTICES_BACK, REPORTS_BACK
from tocsin.observations.rules.screening import EARLIEST, LATEST
from tocsin.observations.services import KEYS_KEPT

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/api.md").read_text()
BODIES = re.search(r"^## Bodies$(.*?)^## ", PAGE, flags=re.MULTILINE | re.DOTALL)


def _scope(operation: Any, router: Any) -> str:
    guard = operation.auth_callbacks[0] if operation.auth_callbacks else router.auth
    return str(guard._scope)


def offered() -> set[tuple[str, str, str]]:
    return {
        (method, f"/api/v1/{path.lstrip('/')}", _scope(operation, router))
        for _, router in api._routers
        for path, view in router.path_operations.items()
        for operation in view.operations
        for method in operation.methods
    }


def test_every_address_is_listed_with_its_scope() -> None:
    listed = re.findall(r"^\| `(GET|POST) (\S+)` \| `([a-z]+)` \|", PAGE, flags=re.MULTILINE)
    assert set(listed) == offered()


@pytest.mark.parametrize(("place", "schema"), list(enumerate([ReportIn, ProbeResultIn, NoticeIn, ChangeIn])))
def test_every_example_of_a_body_is_taken(place: int, schema: type[Schema]) -> None:
    assert BODIES is not None
    examples = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", BODIES.group(1), flags=re.DOTALL)]
    assert len(examples) == 4
    for item in examples[place]:
        taken: Any = schema.model_validate(item)
        assert taken.meant().at is not None
    if schema is not ChangeIn:
        assert {name for item in examples[place] for name in item} == set(schema.model_fields)


def test_the_example_of_a_receipt_is_one() -> None:
    block = re.search(r"## Receipt\n```json\n(.*?)```", PAGE, flags=re.DOTALL)
    assert block is not None
    assert set(json.loads(block.group(1))) == set(ReceiptOut.model_fields)


def test_the_bounds_are_those_of_the_code() -> None:
    assert f"{MAX_SENT // 2**20} MiB, {MAX_UNPACKED // 2**20} MiB" in PAGE
    assert f"| {MAX_ITEMS:,} |" in PAGE
    assert (timedelta(minutes=30), timedelta(minutes=2), timedelta(days=2)) == (LATEST, EARLIEST, KEYS_KEPT)
    assert (timedelta(hours=2), timedelta(hours=12)) == (REPORTS_BACK, NOTICES_BACK)
