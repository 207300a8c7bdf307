"""Pictures: the gallery of picked images."""

from contextlib import contextmanager

import numpy as np
import pytest
from matplotlib.figure import Figure

from modal_clustermargin.comparison import _pictures
from modal_clustermargin.comparison._pictures import draw_gallery, gallery_picks


def test_a_gallery_shows_the_clusters_with_the_most_picks():
    assert gallery_picks(np.array([7, 3, 3, 9, 3, 9])).tolist() == [1, 2, 4, 3, 5, 0]
    cluster = np.repeat(np.arange(20), np.arange(20))
    many = gallery_picks(cluster)
    assert cluster[many].tolist() == np.repeat(np.arange(19, 7, -1), 8).tolist()


@pytest.mark.parametrize("shape", [(8, 8), (8, 12, 3)])
def test_images_are_beside_the_caption_of_their_cluster(monkeypatch, shape):
    figure = Figure()

    @contextmanager
    def opened(path, size):
        yield figure

    monkeypatch.setattr(_pictures, "open_figure", opened)
    images = np.arange(5, dtype=np.uint8).reshape(5, *[1] * len(shape))
    images = np.broadcast_to(images, (5, *shape))
    cluster, captions = np.array([4, 3, 3, 9, 3]), {3: "three", 4: "four", 9: "nine"}
    draw_gallery(images, cluster, captions, "gallery.png", title="picks")
    (axes,) = figure.axes
    beside = {}
    for text in axes.texts:
        x, y = text.get_position()
        in_row = []
        for image in axes.images:
            left, _, low, high = image.get_extent()
            if left > x and round((low + high) / 2, 2) == y:
                in_row.append((left, np.asarray(image.get_array()).flat[0]))
        beside[text.get_text()] = [value for _, value in sorted(in_row)]
    assert beside["three"][:3] == [1, 2, 4]
    assert beside["four"][0] == 0
    assert beside["nine"][0] == 3
