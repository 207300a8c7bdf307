"""The scripts of the ASVP study: a run that was killed resumes to the same results."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import glyphs
import papers
import pytest

from tests.experiments.make_runs import CountedNetwork, make_experiment

RESULT = ("method", "n_labels", "lp_ft_accuracy", "ft_accuracy", "is_switched")


def results(path):
    """Rows without their seconds."""
    with path.open(newline="") as file:
        return [tuple(each[name] for name in RESULT) for each in csv.DictReader(file)]


@pytest.fixture
def call(monkeypatch):
    """Run the main function of a script in this process."""

    def call(script, *arguments):
        monkeypatch.setattr(sys, "argv", [script.__name__, *map(str, arguments)])
        script.main()

    return call


def test_killed_glyph_study_resumes(call, capsys, tmp_path):
    path = tmp_path / "short" / "easy-0.csv"
    command = [sys.executable, glyphs.__file__, "--short", "--jobs", "2"]
    study = subprocess.Popen(
        [*command, "--output", tmp_path],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        until = time.monotonic() + 120
        while not path.exists() or len(path.read_text().splitlines()) < 5:
            assert study.poll() is None, study.stderr.read()
            assert time.monotonic() < until
            time.sleep(0.02)
        study.kill()
        # The pipe closes only when the worker processes have ended, too.
        study.communicate(timeout=60)
    finally:
        if study.returncode is None:
            os.killpg(study.pid, signal.SIGKILL)
            study.communicate()
    before = path.read_text()
    assert len(before.splitlines()) < 1 + 4 * 3

    path.write_text(before + "glyphs, ea")  # an unfinished line
    call(glyphs, "--short", "--output", tmp_path)
    assert "glyphs, easy, 1 seed" in capsys.readouterr().out
    assert path.read_text().startswith(before[: before.rindex("\n") + 1])
    for name in ("asvp.png", "curves.csv", "savings.csv"):
        assert (path.parent / name).stat().st_size
    assert [each.name for each in tmp_path.iterdir()] == ["short"]

    # A run that is not interrupted has the same results.
    whole = tmp_path / "whole"
    whole.mkdir()
    (path.parent / "pretrained.pt").rename(whole / "pretrained.pt")
    glyphs.run("easy", 0, whole, True)
    assert results(path) == results(whole / "easy-0.csv")
    assert len(results(path)) == 4 * 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", 0], "--seeds and --jobs must be at least 1"),
        (["--price-label", 0], "--price-label must be above 0"),
        (["--price-hour", -1], "Prices needs hour as a finite number of at least 0"),
        (["--report-only"], "has no results of shifted with these seeds"),
    ],
)
def test_messages_of_the_glyph_study(arguments, message, call, tmp_path, capsys):
    with pytest.raises(SystemExit):
        call(glyphs, "--output", tmp_path, *arguments)
    assert message in " ".join(capsys.readouterr().err.split())


class TestPapers:
    @pytest.fixture
    def main(self, call, monkeypatch, tmp_path):
        """The script with the experiment of `make_experiment`."""
        self.asked = []

        def small(*arguments, **others):
            self.asked.append((arguments, others))
            return make_experiment()

        monkeypatch.setattr(papers, "asvp_experiment", small)
        common = ("cifar10", "--data", "images", "--output", tmp_path)
        return lambda *arguments: call(papers, *common, *arguments)

    def test_run_resumes_and_passes_its_options_on(self, main, tmp_path, capsys):
        main("--seeds", 1, "--classes-file", "classes.txt", "--device", "cpu")
        assert "blobs, 1 seed" in capsys.readouterr().out
        for arguments, others in self.asked:
            assert arguments[:2] == ("cifar10", Path("images"))
            assert others["classes_file"] == Path("classes.txt")
            assert (others["device"], others["random_state"]) == ("cpu", 0)
        path = tmp_path / "cifar10-0.csv"
        whole, expected = path.read_text(), results(path)
        # By default the training switches at half of the labels.
        standard = [each for each in expected if each[0] == "standard"]
        assert [each[1] for each in standard if each[-1] == "True"] == [
            "20",
            "30",
            "40",
        ]
        lines = whole.splitlines(keepends=True)
        path.write_text("".join(lines[:-1]) + lines[-1][:9])
        main("--seeds", 1)
        assert results(path) == expected
        assert path.read_text().startswith("".join(lines[:-1]))
        # Only the networks of the last row of ASVP were trained.
        assert sorted(CountedNetwork.fits) == [(40, False), (40, True)]
        assert (tmp_path / "cifar10.png").read_bytes().startswith(b"\x89PNG")

    @pytest.mark.parametrize("option", ["--seeds", "--price-label"])
    def test_messages(self, main, option, capsys):
        with pytest.raises(SystemExit):
            main(option, 0)
        assert f"{option} must be" in capsys.readouterr().err


def test_missing_data(call, tmp_path, capsys):
    with pytest.raises(SystemExit):
        call(papers, "cifar10", "--data", tmp_path / "none")
    assert "cifar-10-batches-py" in capsys.readouterr().err
