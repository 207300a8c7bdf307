"""The demo runs, in a short form, and so does the loop of labels by hand."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run(*arguments, example="digits"):
    file = ROOT / f"examples/{example}.py"
    command = [sys.executable, file, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_demo_prints_a_table_and_draws_a_picture(tmp_path):
    finished = run("--short", "--seeds", 9, "--output", tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert "Warning" not in finished.stderr
    lines = finished.stdout.splitlines()
    assert lines[1] == "Test accuracy, mean and standard deviation of 2 seeds"
    assert [line.split()[0] for line in lines[3:7]] == ["20", "60", "100", "mean"]
    assert (tmp_path / "digits.png").read_bytes().startswith(b"\x89PNG")
    table = (tmp_path / "digits.csv").read_text().splitlines()
    assert len(table) == 1 + 3 * 2 * 3


def test_the_demo_refuses_what_it_cannot_do(tmp_path):
    finished = run("--seeds", 0, "--output", tmp_path)
    assert finished.returncode == 2
    assert "at least 1 seed" in finished.stderr


def test_labels_by_hand_go_round_and_go_on(tmp_path):
    folder, picture = tmp_path / "labels", tmp_path / "batch.png"
    arguments = (folder, "--simulate", 1, "--picture", picture)
    finished = run(*arguments, example="label_by_hand")
    assert finished.returncode == 0, finished.stderr
    _, trained, asked = finished.stdout.splitlines()
    assert trained.startswith("  40 labels: ")
    assert float(trained.split()[-1]) > 0.4
    assert "batch-002.html in a browser" in asked
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert (folder / "batch-002.html").exists()
    finished = run(folder, example="label_by_hand")
    assert finished.stdout.startswith("0 new labels, but some are missing: <Hand")
    assert "40 labelled, 0 skipped, 1220 in the pool" in finished.stdout
