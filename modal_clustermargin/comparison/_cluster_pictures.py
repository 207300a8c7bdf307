"""Pictures of clusters: how large they are, and what was picked of them."""

import numpy as np

from modal_clustermargin.comparison._plot_style import (
    legend_below,
    open_figure,
)
from modal_clustermargin.comparison._plot_style import (
    plot_label as shown,
)
from modal_clustermargin.comparison._plot_style import (
    set_log_scale as logarithmic,
)
from modal_clustermargin.comparison._plot_style import (
    strategy_styles as looks,
)
from modal_clustermargin.comparison._plot_style import (
    tidy_axes as tidy,
)

_MOST_CLUSTERS = 12
_MOST_PICKS = 8
_WORDS = 2.3  # width of what is said beside the images, in images


def draw_cluster_sizes(results, all_picks, path):
    """How many clusters have at least so many rows, of the pool and of the picks.

    Parameters
    ----------
    results : ComparisonResults
        For the colours.

    all_picks : list of Picks
        A query of each strategy, with clusters.

    path : Path
        PNG to write, in a folder that is there.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    with open_figure(path, (7.2, 4.2)) as figure:
        panel = figure.subplots()
        for picks in all_picks:
            color = looks(results)[picks.strategy]["color"]
            sizes = picks.pool_cluster_sizes
            picked = [picks.size_of(each) for each in np.unique(picks.cluster)]
            parts = {
                "all": (sizes[sizes > 0], "-", "."),
                "picked from": ([each for each in picked if each], "--", "x"),
            }
            for part, (of_part, dashes, marker) in parts.items():
                if len(of_part):
                    panel.plot(
                        *_at_least(np.asarray(of_part)),
                        color=color,
                        linestyle=dashes,
                        marker=marker,
                        markersize=5,
                        label=f"{shown(picks.strategy)}: {part}",
                    )
        for axis in (panel.xaxis, panel.yaxis):
            logarithmic(axis)
        panel.set(xlabel="rows of a cluster", ylabel="clusters of at least that size")
        tidy(panel)
        legend_below(figure, panel)


def gallery_picks(cluster):
    """Positions of the picks that a gallery has room for.

    Those of the twelve clusters with most picks, the most first, and the first eight
    of each.

    Parameters
    ----------
    cluster : ndarray of shape (n_picks,), dtype=intp

    Returns
    -------
    positions : ndarray of shape (n_shown,), dtype=intp
        Cluster by cluster.
    """
    clusters, n_picks = np.unique(cluster, return_counts=True)
    order = np.argsort(-n_picks, kind="stable")[:_MOST_CLUSTERS]
    members = [np.flatnonzero(cluster == clusters[i])[:_MOST_PICKS] for i in order]
    return np.concatenate(members)


def draw_gallery(thumbnails, cluster, says, path, *, title=""):
    """The picks of a batch as images, cluster by cluster.

    Parameters
    ----------
    thumbnails : ndarray of shape (n_shown, height, width[, 3]), dtype=uint8

    cluster : ndarray of shape (n_shown,), dtype=intp
        Of each image. More than `gallery_picks` takes are left out.

    says : dict of int to str
        What stands beside the images of a cluster.

    path : Path
        PNG to write, in a folder that is there.

    title : str, default=""

    Raises
    ------
    ValueError
        If the images are of another kind, or not one for each pick.

    ImportError
        If matplotlib is not installed.
    """
    thumbnails, cluster = np.asarray(thumbnails), np.asarray(cluster)
    shape = thumbnails.shape
    is_image = len(shape) == 3 or (len(shape) == 4 and shape[-1] == 3)
    if thumbnails.dtype != np.uint8 or not is_image:
        raise ValueError(
            "draw_gallery needs thumbnails of shape (n_shown, height, width[, 3]) and"
            f" dtype uint8; got shape {shape} and dtype {thumbnails.dtype}."
        )
    if len(thumbnails) != len(cluster) or not len(cluster):
        raise ValueError(
            "draw_gallery needs one thumbnail for each pick, and a pick at least; got"
            f" {len(thumbnails)} for {len(cluster)}."
        )
    chosen = gallery_picks(cluster)
    thumbnails, cluster = thumbnails[chosen], cluster[chosen]
    order = list(dict.fromkeys(cluster))
    # In units of an image: words, then images; clusters of few stand side by side.
    most = int(np.unique(cluster, return_counts=True)[1].max())
    n_blocks = min(len(order), max(1, _MOST_PICKS // (most + 1)))
    n_rows = -(-len(order) // n_blocks)
    block = _WORDS + most
    size = 0.62 * max(n_blocks * block, 5), 0.62 * n_rows + 0.4 * bool(title) + 0.1
    with open_figure(path, size) as figure:
        # One panel: one for each image takes seconds to lay out.
        panel = figure.subplots()
        for place, each in enumerate(order):
            left, top = (place // n_rows) * block + _WORDS, place % n_rows
            look = {"ha": "right", "va": "center", "fontsize": 8}
            panel.text(left - 0.15, top + 0.5, says[each], **look)
            for i, image in enumerate(thumbnails[cluster == each]):
                ends = (left + i, left + i + 0.92, top + 0.96, top + 0.04)
                panel.imshow(image, cmap="gray", vmin=0, vmax=255, extent=ends)
        panel.set(xlim=(0, n_blocks * block), ylim=(n_rows, 0), aspect="equal")
        panel.axis("off")
        if title:
            figure.suptitle(shown(title, 60), fontsize=10)


def _at_least(sizes):
    """Distinct sizes, and how many are at least that large."""
    distinct, counts = np.unique(sizes, return_counts=True)
    return distinct, counts[::-1].cumsum()[::-1]
