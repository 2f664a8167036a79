from __future__ import annotations

from pathlib import Path

import pytest

from simulation.compiled.freshness import STAMP, drop_stale_code


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    made = (tmp_path / "one", tmp_path / "two")
    for folder in made:
        (folder / "__pycache__").mkdir(parents=True)
        (folder / "code.py").write_text("x = 1\n", encoding="utf-8")
        (folder / "__pycache__" / "code.f-1.nbi").write_bytes(b"index")
        (folder / "__pycache__" / "code.f-1.1.nbc").write_bytes(b"code")
    return made


def test_machine_code_of_unknown_sources_is_dropped_and_kept_afterwards(folders: tuple[Path, Path]) -> None:
    assert drop_stale_code(folders)
    assert not list(folders[1].glob("__pycache__/*.nb?"))
    kept = folders[1] / "__pycache__" / "code.f-1.nbi"
    kept.write_bytes(b"new")

    assert not drop_stale_code(folders)
    assert kept.exists()


def test_change_of_a_called_source_drops_the_code_of_all(folders: tuple[Path, Path]) -> None:
    drop_stale_code(folders)
    first = folders[0] / "__pycache__" / "code.f-1.nbi"
    first.write_bytes(b"new")
    (folders[1] / "code.py").write_text("x = 2\n", encoding="utf-8")

    assert drop_stale_code(folders)
    assert not first.exists()
    assert (folders[0] / "__pycache__" / STAMP).exists()


def test_missing_folder_of_caches_is_no_problem(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("x = 1\n", encoding="utf-8")

    assert drop_stale_code((tmp_path,))
    assert not drop_stale_code((tmp_path,))
