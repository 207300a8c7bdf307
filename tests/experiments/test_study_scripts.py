"""The studies of Cluster-Margin run as toys."""

import ast
import importlib.util
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "experiments"


def loaded(name):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(monkeypatch):
    """Run the main function of a script in this process."""

    def run(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        loaded(name).main()

    return run


def test_factors_and_sizes(run, tmp_path, capsys):
    flags = ("--short", "--seeds", 2, "--kinds", "plain", "--batches", 0.1)
    grid = ("--sizes", 2, 10, "--factors", 1, 2)
    run("candidate_factors", *flags, *grid, "--output", tmp_path)
    out = capsys.readouterr().out
    table = out.splitlines()[:4]
    assert table[0].startswith("plain, 10% of the pool per round: margin ")
    assert table[1].split() == ["rows", "1", "2"]
    # With as many candidates as labels, the batch is that of margin sampling.
    assert table[2].split()[1:4] == ["+0.00", "±", "0.00"]
    written = (tmp_path / "candidate_factors.txt").read_text()
    assert written.split("\n\n")[0] in out
    assert (tmp_path / "candidate_factors.png").read_bytes().startswith(b"\x89PNG")
    # One clustering for each size and seed, for batches of any size.
    assert len(list((tmp_path / "clusters").iterdir())) == 4


def test_all_strategies(run, tmp_path, capsys):
    flags = ("--short", "--seeds", 2, "--studies", "redundant-5")
    run("strategy_studies", *flags, "--output", tmp_path)
    out = capsys.readouterr().out
    rows = out[out.index("study  ") :].splitlines()
    assert len(rows) == 9
    assert rows[1].startswith("redundant-5  cluster-margin ")
    assert (tmp_path / "redundant-5" / "report.html").exists()
    assert (tmp_path / "strategy_studies.txt").read_text() in out
    assert (tmp_path / "strategy_studies.png").read_bytes().startswith(b"\x89PNG")


def test_scripts_import_only_public_names():
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            else:
                continue
            private = [name for name in names if "._" in name]
            assert not private, f"{path} imports {private}"
