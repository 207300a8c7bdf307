"""The command line, as a person meets it."""

import subprocess
import sys

import pytest

from modal_clustermargin._command._main import main
from modal_clustermargin.comparison import _compare

SHORT = ("compare", "--model", "naive-bayes", "--rounds", "1", "--seeds", "2")


def test_a_comparison_ends_with_a_report(tmp_path, capsys):
    flags = ("--strategies", "badge", "--output", str(tmp_path / "out"))
    assert main([*SHORT, *flags]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0].startswith("badge, seed 0: 20 labels, 0.")
    assert f"The report, with pictures: {tmp_path}/out/report.html" in out
    assert err == ""
    page = (tmp_path / "out" / "report.html").read_text()
    assert "badge" in page
    assert (tmp_path / "out" / "pictures" / "curves.png").exists()
    # Again: nothing but the report.
    assert main([*SHORT, *flags]) == 0
    assert "seed 0: " not in capsys.readouterr().out


def test_a_report_of_what_there_is(tmp_path, capsys, monkeypatch):
    flags = ("--strategies", "badge", "--no-report", "--output", str(tmp_path))
    run_seed = _compare.run_seed

    def stopped(*arguments):
        for i, row in enumerate(run_seed(*arguments)):
            yield row
            if i == 4:
                raise KeyboardInterrupt

    monkeypatch.setattr(_compare, "run_seed", stopped)
    assert main([*SHORT, *flags]) == 130
    assert "the same command goes on from there" in capsys.readouterr().err
    assert main(["report", str(tmp_path), "--without-data"]) == 0
    assert "missing" in capsys.readouterr().out


def test_the_list_of_data(capsys):
    assert main(["datasets"]) == 0
    assert "Open Images" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["compare", "--data", "digit"], "Did you mean 'digits'"),
        (["compare", "--strategies", "bagde"], "Did you mean 'badge'"),
        (["compare", "--data", "cifar10"], "folder"),
        (["compare", "--data", "cifar10", "--folder", "nowhere"], "Put there"),
        (["compare", "--batch", "3000"], "the pool of digits has 1297"),
        (["compare", "--jobs", "0"], "n_jobs of 1 or more; got 0"),
        (["compare", "--price-label", "-1"], "Prices needs label"),
        (["compare", "none.toml"], "finds no file 'none.toml'"),
        (["compare", "--data-option", "n_pool"], "wants option=value"),
        (["report", "nowhere"], "nowhere"),
        (["report", "."], "comparison"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(
    arguments, words, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_compare, "_run_all", None)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert words in err
    assert list(tmp_path.iterdir()) == []


def test_what_draws_is_missed_before_anything_is_trained(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setattr(_compare, "_run_all", None)
    assert main([*SHORT, "--output", str(tmp_path / "out")]) == 2
    assert "compare without --no-report needs matplotlib" in capsys.readouterr().err


def test_the_package_is_a_command():
    done = subprocess.run(
        [sys.executable, "-m", "modal_clustermargin", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("usage: modal-clustermargin")
    for command in ("compare", "report", "datasets"):
        assert command in done.stdout
