"""Pictures of a comparison: one look for a strategy, odd names, the gallery."""

import sys

import numpy as np
import pytest
from modal_clustermargin.comparison._canvas import looks, shown

from modal_clustermargin.comparison import ComparisonResults, _figures
from modal_clustermargin.comparison._cluster_pictures import (
    draw_cluster_sizes,
    draw_gallery,
    gallery_picks,
)
from modal_clustermargin.comparison._picks import Picks
from modal_clustermargin.comparison._pictures import draw_curves
from tests.comparison.make_comparison import rows


def flat(names):
    return ComparisonResults(rows({name: [[0.5, 0.6, 0.7]] for name in names}))


@pytest.fixture
def figures(monkeypatch):
    """The figures that are drawn, to look into."""
    seen = []

    def classes(who):
        figure, canvas = figure_classes(who)

        def kept(**arguments):
            seen.append(figure(**arguments))
            return seen[-1]

        return kept, canvas

    figure_classes = _figures.figure_classes
    monkeypatch.setattr(_figures, "figure_classes", classes)
    return seen


def test_every_strategy_has_a_look_of_its_own_and_random_is_grey():
    names = [f"strategy {i}" for i in range(20)]
    look = looks(flat([*names, "random"]))
    assert list(look) == [*names, "random"]
    seen = {(each["color"], each["linestyle"]) for each in look.values()}
    assert len(seen) == 21
    assert look["random"]["color"] not in {look[name]["color"] for name in names}
    # Whether random is there, and where, changes no colour.
    assert looks(flat(["random", *names])) == look


def test_odd_names_are_in_the_legend_as_they_are(figures, tmp_path):
    names = ["_hidden", "$x_{$", "a & <b>", "much " * 12]
    draw_curves(flat(names), tmp_path / "curves.png")
    (legend,) = figures[0].legends
    found = [each.get_text().replace("\n", " ") for each in legend.get_texts()]
    assert found == [" _hidden", r"\$x_{\$", "a & <b>", ("much " * 12).strip()]
    assert max(map(len, shown(names[3]).splitlines())) <= 28


def test_pictures_are_whole_or_not_there(monkeypatch, tmp_path):
    def broken(figure, file, **arguments):
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", broken)
    with pytest.raises(KeyboardInterrupt):
        draw_curves(flat(["margin"]), tmp_path / "curves.png")
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="draw_curves needs matplotlib, which is not"):
        draw_curves(flat(["margin"]), tmp_path / "curves.png")


def test_a_gallery_has_room_for_most_picked_clusters():
    assert gallery_picks(np.array([7, 3, 3, 9, 3, 9])).tolist() == [1, 2, 4, 3, 5, 0]
    many = gallery_picks(np.repeat(np.arange(20), np.arange(20)))
    assert len(many) == 12 * 8
    picked = np.repeat(np.arange(20), np.arange(20))[many]
    assert picked.tolist() == np.repeat(np.arange(19, 7, -1), 8).tolist()


@pytest.mark.parametrize("shape", [(8, 8), (8, 12, 3)])
def test_images_stand_beside_what_is_said_of_their_cluster(figures, tmp_path, shape):
    images = np.arange(5, dtype=np.uint8).reshape(5, *[1] * len(shape))
    images = np.broadcast_to(images, (5, *shape))
    says = {3: "three", 4: "four", 9: "nine"}
    draw_gallery(images, np.array([4, 3, 3, 9, 3]), says, tmp_path / "gallery.png")
    (panel,) = figures[0].axes
    rows_of = {}
    for image in panel.images:
        left, _, low, high = image.get_extent()
        value = np.asarray(image.get_array()).flat[0]
        rows_of.setdefault(round((low + high) / 2, 2), []).append((left, value))
    beside = {}
    for text in panel.texts:
        x, y = text.get_position()
        in_row = sorted(rows_of[y])
        beside[text.get_text()] = [value for left, value in in_row if left > x][:3]
    assert beside["three"][:3] == [1, 2, 4]
    assert beside["four"][0] == 0
    assert beside["nine"][0] == 3


def test_messages_of_the_gallery(tmp_path):
    images, cluster = np.zeros((2, 4, 4)), np.zeros(2, int)
    with pytest.raises(ValueError, match=r"got shape \(2, 4, 4\) and dtype float64"):
        draw_gallery(images, cluster, {0: ""}, tmp_path / "gallery.png")
    bytes_ = images.astype(np.uint8)
    with pytest.raises(ValueError, match=r"got shape \(2, 16\) and dtype uint8"):
        draw_gallery(bytes_.reshape(2, 16), cluster, {0: ""}, tmp_path / "gallery.png")
    with pytest.raises(ValueError, match="and a pick at least; got 2 for 1"):
        draw_gallery(bytes_, cluster[:1], {0: ""}, tmp_path / "gallery.png")
    with pytest.raises(ValueError, match="and a pick at least; got 0 for 0"):
        draw_gallery(bytes_[:0], cluster[:0], {}, tmp_path / "gallery.png")


def test_cluster_sizes_are_counted_from_the_largest(figures, tmp_path):
    cluster, sizes = np.array([2, 2, 3, 0]), np.array([1, 5, 5, 1, 20, 0])
    picks = Picks("margin", 0, 1, np.arange(4), cluster, sizes)
    draw_cluster_sizes(flat(["margin"]), [picks], tmp_path / "sizes.png")
    (panel,) = figures[0].axes
    pool, picked = (line.get_xydata().tolist() for line in panel.lines)
    assert pool == [[1, 5], [5, 3], [20, 1]]
    assert picked == [[1, 3], [5, 1]]
    scales = panel.get_xscale(), panel.get_yscale()
    assert scales == ("log", "log")
