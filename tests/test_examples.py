"""The examples that are not part of the documentation run, in a short form."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run(example, *arguments):
    file = ROOT / f"examples/{example}.py"
    command = [sys.executable, file, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_labels_by_hand_go_round_and_go_on(tmp_path):
    folder, picture = tmp_path / "labels", tmp_path / "batch.png"
    arguments = (folder, "--simulate", 1, "--picture", picture)
    finished = run("label_by_hand", *arguments)
    assert finished.returncode == 0, finished.stderr
    _, trained, asked = finished.stdout.splitlines()
    assert trained.startswith("  40 labels: ")
    assert float(trained.split()[-1]) > 0.4
    assert "batch-002.html in a browser" in asked
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert (folder / "batch-002.html").exists()
    finished = run("label_by_hand", folder)
    assert finished.stdout.startswith("0 new labels, but some are missing: <Hand")
    assert "40 labelled, 0 skipped, 1220 in the pool" in finished.stdout
