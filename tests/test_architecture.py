"""The arrows of the package: who may import whom, and when."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import modal_clustermargin

PACKAGE = Path(modal_clustermargin.__file__).parent
ABOVE = {"strategies", "estimators", "experiments", "testing", "learners"}
LIBRARIES = {"torch", "skorch", "numba", "faiss"}
MAY_NOT_IMPORT = {
    "pools": {"selection", "clustering", "transferability", "skorch"} | ABOVE,
    "selection": {"pools", "clustering", "transferability", "skorch"} | ABOVE,
    "clustering": {"selection", "transferability", "skorch"} | ABOVE,
    "transferability": {"pools", "selection", "clustering"} | ABOVE | LIBRARIES,
    "strategies": {"estimators", "experiments", "testing", "learners"} | LIBRARIES,
    "learners": (ABOVE - {"learners"})
    | {"selection", "clustering"}
    | LIBRARIES - {"torch"},
    "estimators": {"pools", "clustering", "selection", "transferability", "numba"}
    | {"faiss", "strategies", "experiments", "testing"},
}
# By file or by folder.
ONLY_IN = {
    "modAL": {"learners", "testing/_subjects.py"},
    "skactiveml": {"skactiveml"},
    "dask": {"_workers.py", "pools/_chunked_rows.py", "pools/_zarr_rows.py"},
    "distributed": {"_workers.py"},
    "zarr": {"pools/_zarr_rows.py"},
    "faiss": {"clustering/_neighbors.py", "clustering/_most_neighbors.py"},
    "torch": {
        "_cuda.py",
        "clustering/_torch_neighbors.py",
        "learners/_any_rows.py",
        "selection/_torch_products.py",
        "estimators",
        "experiments/comparison/_compare.py",
        "experiments/comparison/_models.py",
        "experiments/_glyph_experiment.py",
        "experiments/_glyph_pretraining.py",
    },
}
FILES = sorted(PACKAGE.rglob("*.py"))


def imported(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: a relative import"
            yield node.module


def test_files_are_found():
    assert {file.relative_to(PACKAGE).parts[0] for file in FILES} >= set(MAY_NOT_IMPORT)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_point_down(file):
    where = file.relative_to(PACKAGE)
    forbidden = MAY_NOT_IMPORT.get(where.parts[0], set())
    for name in imported(file):
        parts = name.split(".")
        named = parts[1] if parts[0] == PACKAGE.name and len(parts) > 1 else parts[0]
        assert named not in forbidden, f"{where} imports {name}"
        homes = ONLY_IN.get(parts[0], {where.as_posix()})
        assert homes & {where.as_posix(), where.parts[0]}, f"{where} imports {name}"


def test_nothing_heavy_is_imported_before_it_is_asked_for():
    code = (
        "import sys, modal_clustermargin as m; m.__dir__();"
        "heavy = {'numpy', 'torch', 'numba', 'sklearn', 'faiss', 'dask'};"
        "print(heavy & set(sys.modules));"
        "from modal_clustermargin import ClusterMargin;"
        "print({'torch', 'skorch', 'faiss', 'dask'} & set(sys.modules))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert printed.split() == ["set()", "set()"]


def test_public_names_are_there():
    for name in modal_clustermargin.__all__:
        assert getattr(modal_clustermargin, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'Bogus'"):
        modal_clustermargin.Bogus  # noqa: B018 the access is the test
