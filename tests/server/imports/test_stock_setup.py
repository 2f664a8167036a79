"""Sheets of stock places and par levels: looked at first, stored as a whole, and the next round asks for what lacks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from inventory.model.items import Item, StorageClass
from inventory.model.places import StockPlaceKind
from inventory.service.restocking import list_pars
from inventory.tables.catalogue import list_places, save_item
from server.imports.masters import MasterKind
from server.imports.runs import MasterReport, import_master
from server.rounds import review_shelves
from server.wiring import Hospital, open_hospital
from twin.errors import ImportRefused
from twin.events.places import PlaceDefined, PlaceKind
from twin.ids import ItemId
from twin.settings import load_settings

PLACES = "id,kind,storage,source\nSTORE,central,ambient,\nFRIDGE,pharmacy,2-8,STORE\n"
PARS = "place,item,par_level,reorder_point,pack_multiple,source\nward,gloves,40,15,10,STORE\nFRIDGE,gloves,5,1,,\n"


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Hospital]:
    opened = open_hospital(load_settings(data_dir=tmp_path / "data"))
    told = [
        PlaceDefined(
            thing=key, occurred_at=1, source="import:t", source_key=key, kind=PlaceKind.ROOM, name=key, purpose="store"
        )
        for key in ("STORE", "FRIDGE", "ward")
    ]
    opened.record_now(told)
    opened.write_now(lambda session: save_item(session, Item(id=ItemId("gloves"), code="G", name="Gloves")))
    yield opened
    opened.close()


def stored(hospital: Hospital, kind: MasterKind, text: str, *, is_dry_run: bool = False) -> MasterReport:
    path = hospital.settings.data_dir / "sheet.csv"
    path.write_text(text, encoding="utf-8")
    return import_master(hospital, kind, path, is_dry_run=is_dry_run, actor="user-1")


def test_places_are_told_what_they_are_for_once(hospital: Hospital) -> None:
    looked = stored(hospital, MasterKind.STOCK_PLACES, PLACES, is_dry_run=True)
    with hospital.read() as session:
        assert list_places(session) == []
    first = stored(hospital, MasterKind.STOCK_PLACES, PLACES)
    again = stored(hospital, MasterKind.STOCK_PLACES, PLACES.replace("2-8", "-20"))

    assert (looked.n_new, first.n_new, again.n_new) == (2, 2, 1)
    with hospital.read() as session:
        found = {place.id: place for place in list_places(session)}
    assert found["STORE"].kind is StockPlaceKind.CENTRAL
    assert (found["FRIDGE"].storage_class, found["FRIDGE"].source) == (StorageClass.FROZEN, "STORE")


def test_par_levels_are_kept_and_the_next_round_asks_for_what_lacks(hospital: Hospital) -> None:
    first = stored(hospital, MasterKind.PAR_LEVELS, PARS)
    again = stored(hospital, MasterKind.PAR_LEVELS, PARS.replace("40", "50"))

    assert (first.n_new, again.n_new) == (2, 1)
    with hospital.read() as session:
        pars = {(par.place, par.item): (par.par_level, par.reorder_point) for par in list_pars(session)}
    assert pars == {("ward", "gloves"): (50, 15), ("FRIDGE", "gloves"): (5, 1)}
    assert hospital.live.tasks == {}  # a sheet of ten thousand lines asks nobody in its own order
    told = hospital.live.stock["ward", "gloves"].par
    assert told is not None
    assert told.par_level == 50
    assert review_shelves(hospital).lines == 2


@pytest.mark.parametrize(
    ("kind", "text", "fields"),
    [
        (MasterKind.STOCK_PLACES, "id,kind,source\nSTORE,central,STORE\n", ["source"]),  # from itself
        (MasterKind.STOCK_PLACES, "id,kind\nnowhere,central\n", ["id"]),
        (MasterKind.STOCK_PLACES, "id,kind\nSTORE,depot\n", ["kind"]),
        (MasterKind.STOCK_PLACES, "id,kind\nSTORE,central\nSTORE,ward\n", ["id"]),  # twice
        (MasterKind.PAR_LEVELS, "place,item,par_level,reorder_point\nward,gloves,5,5\n", ["reorder_point"]),
        (MasterKind.PAR_LEVELS, "place,item,par_level,reorder_point\nward,lint,5,1\nward,tape,5,9\n", 3 * ["x"]),
        (MasterKind.PAR_LEVELS, "place,item,par_level,reorder_point\nnowhere,gloves,5,1\n", ["place"]),
        (MasterKind.PAR_LEVELS, "place,item,par_level,reorder_point\nward,gloves,0,0\n", ["par_level"]),
        (MasterKind.PAR_LEVELS, "place,item,par_level\nward,gloves,5\n", ["reorder_point"]),
    ],
)
def test_every_row_that_cannot_be_used_is_told_and_nothing_is_stored(
    hospital: Hospital, kind: MasterKind, text: str, fields: list[str]
) -> None:
    with pytest.raises(ImportRefused) as refused:
        stored(hospital, kind, text)

    found = [problem.field for problem in refused.value.problems]
    assert found == fields or (len(found) == len(fields) > 1)
    with hospital.read() as session:
        assert (list_places(session), list_pars(session)) == ([], [])
