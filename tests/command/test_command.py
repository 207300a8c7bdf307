"""The command line."""

import subprocess
import sys

import pytest

from modal_clustermargin._command._main import main
from modal_clustermargin.comparison import _compare, _run

SHORT = (
    *("compare", "--model", "naive-bayes", "--rounds", "1", "--seeds", "2"),
    *("--data", "synthetic", "--data-option", "n_pool=150", "n_test=50"),
)


def test_a_comparison_ends_with_a_report(tmp_path, capsys):
    flags = ("--strategies", "badge", "--output", str(tmp_path / "out"))
    assert main([*SHORT, *flags]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0].startswith("badge, seed 0: 2 labels, 0.")
    assert f"The report with pictures: {tmp_path}/out/report.html" in out
    assert err == ""
    page = (tmp_path / "out" / "report.html").read_text()
    assert "badge" in page
    assert (tmp_path / "out" / "pictures" / "curves.png").exists()
    # Again: nothing but the report.
    assert main([*SHORT, *flags]) == 0
    assert "seed 0: " not in capsys.readouterr().out


def test_a_report_of_an_unfinished_comparison(tmp_path, capsys, monkeypatch):
    flags = ("--strategies", "badge", "--no-report", "--output", str(tmp_path))
    rounds = _run.Run.rounds

    def stopped(run, known):
        for i, row in enumerate(rounds(run, known)):
            yield row
            if (run.label, run.seed, i) == ("random", 1, 0):
                raise KeyboardInterrupt

    monkeypatch.setattr(_run.Run, "rounds", stopped)
    assert main([*SHORT, *flags]) == 130
    assert "Run the same command again" in capsys.readouterr().err
    assert main(["report", str(tmp_path), "--without-data"]) == 0
    assert "is not finished" in capsys.readouterr().out


def test_datasets_are_listed(capsys):
    assert main(["datasets"]) == 0
    assert "Open Images" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["compare", "--data", "digit"], "Did you mean 'digits'"),
        (["compare", "--strategies", "bagde"], "Did you mean 'badge'"),
        (["compare", "--data", "cifar10"], "folder"),
        (
            ["compare", "--data", "cifar10", "--folder", "nowhere"],
            "Put into this",
        ),
        (["compare", "--batch", "3000"], "the pool of digits has 1297"),
        (["compare", "--jobs", "0"], "n_jobs of at least 1; got 0"),
        (["compare", "--price-label", "-1"], "Prices needs label"),
        (["compare", "--output", __file__], "File exists: "),
        (["compare", "none.toml"], "no settings file 'none.toml'"),
        (["compare", "--data-option", "n_pool"], "needs option=value"),
        (["report", "nowhere"], "nowhere"),
        (["report", "."], "comparison"),
    ],
)
def test_an_error_is_one_line(arguments, words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_compare, "run_seed", None)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert words in err
    assert list(tmp_path.iterdir()) == []


def test_a_missing_extra_is_named_before_the_first_training(tmp_path):
    code = (
        "import sys; sys.modules['matplotlib'] = None;"
        "from modal_clustermargin._command import main;"
        "sys.exit(main(['compare', '--output', 'out']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "error: modal_clustermargin.comparison needs matplotlib, which is not"
        ' installed: pip install "modal-clustermargin[compare]".\n'
    )
    assert not (tmp_path / "out").exists()


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
