"""The scripts of ASVP experiments: killed and begun again, they come to the same."""

import csv
import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.experiments.make_runs import Counted, blobs

FOLDER = Path(__file__).parents[2] / "experiments"
GLYPHS = FOLDER / "asvp_glyphs.py"
RESULT = ("method", "n_labels", "lp_ft_accuracy", "ft_accuracy", "is_switched")


def loaded(name):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def results(path):
    """Rows without their seconds."""
    with path.open(newline="") as file:
        return [tuple(each[name] for name in RESULT) for each in csv.DictReader(file)]


@pytest.fixture(autouse=True)
def _threads_are_left_alone():
    n_threads = torch.get_num_threads()
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture
def call(monkeypatch):
    """Run a script's main in this process."""

    def call(script, *arguments):
        monkeypatch.setattr(sys, "argv", [script.__name__, *map(str, arguments)])
        script.main()

    return call


def test_the_glyph_study_is_killed_and_goes_on(call, capsys, tmp_path):
    path = tmp_path / "short" / "easy-0.csv"
    command = [sys.executable, GLYPHS, "--short", "--jobs", "2", "--output", tmp_path]
    study = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        until = time.monotonic() + 120
        while not path.exists() or len(path.read_text().splitlines()) < 5:
            assert study.poll() is None, study.stderr.read()
            assert time.monotonic() < until
            time.sleep(0.02)
        study.kill()
        # Its processes end with it: else they have the other end of the pipe.
        study.communicate(timeout=5)
    finally:
        if study.returncode is None:
            os.killpg(study.pid, signal.SIGKILL)
            study.communicate()
    before = path.read_text()
    assert len(before.splitlines()) < 1 + 4 * 3

    path.write_text(before + "glyphs, ea")
    glyphs = loaded("asvp_glyphs")
    call(glyphs, "--short", "--output", tmp_path)
    assert "glyphs, easy, 1 seed" in capsys.readouterr().out
    assert path.read_text().startswith(before[: before.rindex("\n") + 1])
    for name in ("asvp.png", "curves.csv", "savings.csv"):
        assert (path.parent / name).stat().st_size
    # What stands beside it is the study's: a toy leaves it alone.
    assert [each.name for each in tmp_path.iterdir()] == ["short"]

    through = tmp_path / "through"
    through.mkdir()
    (through / "pretrained.pt").write_bytes(
        (path.parent / "pretrained.pt").read_bytes()
    )
    glyphs.run("easy", 0, through, True)
    assert results(path) == results(through / "easy-0.csv")
    assert len(results(path)) == 4 * 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", 0], "at least 1 seed and 1 job are needed"),
        (["--price-label", 0], "they need a price above 0"),
        (["--price-hour", -1], "Prices needs hour as a finite number of at least 0"),
        (["--report-only"], "has no results of shifted with these seeds yet"),
    ],
)
def test_the_glyph_study_refuses(arguments, message, call, tmp_path, capsys):
    with pytest.raises(SystemExit):
        call(loaded("asvp_glyphs"), "--output", tmp_path, *arguments)
    assert message in " ".join(capsys.readouterr().err.split())


class TestPapers:
    @pytest.fixture
    def main(self, call, monkeypatch, tmp_path):
        """The script, to be called with arguments; its experiment is `blobs`."""
        script = loaded("asvp_papers")
        self.asked = []

        def made_up(*arguments, **others):
            self.asked.append((arguments, others))
            return blobs()

        monkeypatch.setattr(script, "asvp_experiment", made_up)

        def main(*arguments):
            call(
                script, "cifar10", "--data", "images", "--output", tmp_path, *arguments
            )

        return main

    def test_a_stopped_run_goes_on(self, main, tmp_path, capsys):
        main("--seeds", 2, "--switch-at", 30)
        assert "blobs, 2 seeds" in capsys.readouterr().out
        path = tmp_path / "cifar10-1.csv"
        whole, expected = path.read_text(), results(path)
        lines = whole.splitlines(keepends=True)
        path.write_text("".join(lines[:-1]) + lines[-1][:9])
        main("--seeds", 2, "--switch-at", 30)
        assert results(path) == expected
        assert path.read_text().startswith("".join(lines[:-1]))
        # Of 24 networks, those of the last row of ASVP.
        assert sorted(Counted.fits) == [(40, False), (40, True)]
        assert (tmp_path / "cifar10.png").read_bytes().startswith(b"\x89PNG")

    def test_the_experiment_is_asked_for_as_said(self, main):
        main("--seeds", 1, "--classes-file", "classes.txt", "--device", "cpu")
        for arguments, others in self.asked:
            assert arguments[:2] == ("cifar10", Path("images"))
            assert others["classes_file"] == Path("classes.txt")
        assert self.asked[-1][1]["device"] == "cpu"
        assert self.asked[-1][1]["random_state"] == 0

    def test_by_default_it_switches_at_half_of_the_labels(self, main, tmp_path):
        main("--seeds", 1)
        standard = [
            each
            for each in results(tmp_path / "cifar10-0.csv")
            if each[0] == "standard"
        ]
        assert [each[1] for each in standard if each[-1] == "True"] == [
            "20",
            "30",
            "40",
        ]

    @pytest.mark.parametrize("arguments", [("--seeds", 0), ("--price-label", 0)])
    def test_refused(self, main, arguments, capsys):
        with pytest.raises(SystemExit):
            main(*arguments)
        assert re.search("is needed|need a price", capsys.readouterr().err)


def test_data_that_are_not_there(call, tmp_path, capsys):
    with pytest.raises(SystemExit):
        call(loaded("asvp_papers"), "cifar10", "--data", tmp_path / "none")
    assert "cifar-10-batches-py" in capsys.readouterr().err
