from pathlib import Path

import pytest

from inventory.tables.catalogue import find_package
from server.imports.mapping import shipped_mappings
from server.imports.masters import COLUMNS_BY_KIND, MasterKind, check_rows, template
from server.imports.reading import Row
from server.imports.runs import import_log, import_master
from server.wiring import open_hospital
from twin.errors import ImportRefused
from twin.settings import load_settings


@pytest.fixture
def hospital(tmp_path):
    opened = open_hospital(load_settings(data_dir=tmp_path / "data"))
    yield opened
    opened.close()


def file(tmp_path: Path, text: str, name: str = "file.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


PLACES = "id,name,kind,parent\nH,Hospital,site,\n2A,Ward 2A,ward,H\n2A-1,Bed 1,bed,2A\n"


@pytest.mark.parametrize("kind", COLUMNS_BY_KIND)
def test_a_template_passes_its_own_check(kind):
    header, example = (line.split(",") for line in template(COLUMNS_BY_KIND[kind]).splitlines())

    records, problems = check_rows(COLUMNS_BY_KIND[kind], [Row(2, dict(zip(header, example, strict=True)))])

    assert problems == []
    assert len(records) == 1


def test_places_become_part_of_the_present_hospital(hospital, tmp_path):
    report = import_master(hospital, MasterKind.PLACES, file(tmp_path, PLACES), is_dry_run=False)

    assert (report.n_rows, report.n_new) == (3, 3)
    assert set(hospital.live.places) == {"H", "2A", "2A-1"}


def test_the_same_file_twice_is_stored_once(hospital, tmp_path):
    path = file(tmp_path, PLACES)
    import_master(hospital, MasterKind.PLACES, path, is_dry_run=False)

    assert import_master(hospital, MasterKind.PLACES, path, is_dry_run=False).n_new == 0


def test_a_dry_run_stores_nothing(hospital, tmp_path):
    import_master(hospital, MasterKind.PLACES, file(tmp_path, PLACES), is_dry_run=True)

    assert hospital.live.sequence == 0


@pytest.mark.parametrize(
    ("text", "place", "field"),
    [
        ("id,name,kind\n,Ward,ward\n", "row 2", "id"),  # no id
        ("id,name,kind\nA,Ward,castle\n", "row 2", "kind"),  # no such form
        ("id,name,kind,floor\nA,Ward,ward,upstairs\n", "row 2", "floor"),  # no number
        ("id,name,kind,capacity\nA,Ward,ward,-1\n", "row 2", "capacity"),  # out of range
        ("id,name,kind,parent\nA,Ward,ward,B\n", "row 2", "parent"),  # hangs in the air
        ("id,name,kind\nA,Ward,ward\nA,Ward,ward\n", "row 3", "id"),  # twice
        ("id,name,kind,colour\nA,Ward,ward,red\n", "header", "colour"),  # unknown column
        ("id,name\nA,Ward\n", "header", "kind"),  # missing column
        ("id,name,kind\nA B,Ward,ward\n", "row 2", "id"),  # blank in an id
    ],
)
def test_one_bad_row_refuses_the_whole_file_and_is_named(hospital, tmp_path, text, place, field):
    with pytest.raises(ImportRefused) as refused:
        import_master(hospital, MasterKind.PLACES, file(tmp_path, text), is_dry_run=False)

    problem = refused.value.problems[0]
    assert (problem.place, problem.field) == (place, field)
    assert problem.cure
    assert hospital.live.sequence == 0


def test_an_asset_with_a_tag_is_found_by_its_tag(hospital, tmp_path):
    # as a person types it, while readers name it in capitals
    text = "id,category,name,tag\nIP-1,infusion_pump,Pump 1,3414257bf40c0e4000000065\n"

    import_master(hospital, MasterKind.ASSETS, file(tmp_path, text), is_dry_run=False)

    assert "IP-1" in hospital.live.assets
    assert "3414257BF40C0E4000000065" in hospital.live.tags


def test_a_guessed_log_is_shown_but_never_stored_unseen(hospital, tmp_path):
    path = file(tmp_path, "visit,admit,discharge\n1,2026-01-01 10:00,2026-01-02 10:00\n")

    report = import_log(hospital, path, mapping=None, is_dry_run=True)
    with pytest.raises(ImportRefused):
        import_log(hospital, path, mapping=None, is_dry_run=False)

    assert report.guessed
    assert (report.mapping.columns.case, report.mapping.columns.start) == ("visit", "admit")
    assert hospital.live.sequence == 0


@pytest.mark.parametrize(("name", "rows"), [("hillmaker_ssu_2024", 59_877), ("patients", 5_442), ("sepsis", 15_214)])
def test_the_shipped_mappings_read_the_real_logs_without_a_problem(hospital, data_dir, name, rows):
    path = data_dir / "event_logs" / f"{name}.csv"

    report = import_log(hospital, path, mapping=shipped_mappings()[name], is_dry_run=True)

    assert report.n_rows == rows
    assert report.n_events > report.n_encounters


def test_a_real_log_is_stored_once_and_leaves_its_open_cases_in_the_hospital(hospital, data_dir):
    path = data_dir / "event_logs" / "sepsis.csv"
    mapping = shipped_mappings()["sepsis"]

    report = import_log(hospital, path, mapping=mapping, is_dry_run=False)
    again = import_log(hospital, path, mapping=mapping, is_dry_run=False)

    assert report.n_new == report.n_events
    assert report.n_encounters == 1050
    assert again.n_new == 0


def test_a_guess_reads_semicolons_and_says_so(hospital, tmp_path):
    path = file(tmp_path, "visit;admit;discharge\n1;2026-01-01 10:00;2026-01-02 10:00\n")

    report = import_log(hospital, path, mapping=None, is_dry_run=True)

    assert (report.n_encounters, report.mapping.delimiter) == (1, ";")


def test_a_guess_looks_at_the_attributes_of_all_events_of_an_xes_log(hospital, tmp_path):
    event = '<event><string key="concept:name" value="{}"/><date key="time:timestamp" value="2026-01-01T10:00:00Z"/>{}</event>'
    events = event.format("a", '<string key="note" value="x"/>') + event.format("b", "")
    path = tmp_path / "log.xes"
    path.write_text(f'<log><trace><string key="concept:name" value="1"/>{events}</trace></log>', encoding="utf-8")

    report = import_log(hospital, path, mapping=None, is_dry_run=True)

    assert (report.n_rows, report.mapping.format, report.problems) == (2, "xes", ())


def test_a_dry_run_lists_the_problems_beside_the_guess(hospital, tmp_path):
    path = file(tmp_path, "visit,admit,discharge\n1,2026-01-01 10:00,2026-01-02 10:00\n,2026-01-01 10:00,\n")

    report = import_log(hospital, path, mapping=None, is_dry_run=True)

    assert [(problem.place, problem.field) for problem in report.problems] == [("row 3", "visit")]
    assert report.guessed


def test_a_guess_at_the_real_logs_finds_the_same_columns(hospital, data_dir):
    for name, mapping in shipped_mappings().items():
        report = import_log(hospital, data_dir / "event_logs" / f"{name}.csv", mapping=None, is_dry_run=True)

        assert report.mapping.shape == mapping.shape
        assert report.mapping.columns.case == mapping.columns.case


ITEMS = "id,name,kind,criticality,gtin,level,quantity\nG-1,Gloves M,consumable,vital,09521234000013,box,100\n"


def test_items_and_their_packages_are_stored_once_and_known_by_gtin(hospital, tmp_path):
    path = file(tmp_path, ITEMS)

    first = import_master(hospital, MasterKind.ITEMS, path, is_dry_run=False)
    again = import_master(hospital, MasterKind.ITEMS, path, is_dry_run=False)

    with hospital.read() as session:
        package = find_package(session, "09521234000013")
    assert (first.n_new, again.n_new) == (1, 0)
    assert package is not None
    assert (package.item, package.level, package.quantity) == ("G-1", "box", 100)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("G-2,Gloves,consumable,vital,09521234000014,box,100", "gtin"),  # check digit is wrong
        ("G-2,Gloves,consumable,vital,09521234000013,box,0", "quantity"),  # an empty box
        ("G-2,Gloves,weapon,vital,,box,1", "kind"),  # no such kind
        ("G-2,Gloves,consumable,vital,09521234000013,box,50", "gtin"),  # the box of another item
    ],
)
def test_a_bad_item_refuses_the_whole_master(hospital, tmp_path, row, field):
    with pytest.raises(ImportRefused) as refused:
        import_master(hospital, MasterKind.ITEMS, file(tmp_path, ITEMS + row + "\n"), is_dry_run=False)

    assert [problem.field for problem in refused.value.problems] == [field]
    with hospital.read() as session:
        assert find_package(session, "09521234000013") is None
