"""Pictures of clusters: how large they are, and what was picked of them."""

import numpy as np

from modal_clustermargin.experiments.comparison._canvas import (
    drawn,
    legend_below,
    looks,
    shown,
    tidy,
)
from modal_clustermargin.experiments.comparison._words import counted

_MOST_CLUSTERS = 12
_MOST_PICKS = 8


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
    with drawn(path, "draw_cluster_sizes", (7.2, 4.6)) as figure:
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
        panel.set(xscale="log", yscale="log")
        panel.set(xlabel="rows of a cluster", ylabel="clusters of at least that size")
        tidy(panel)
        legend_below(figure, panel)


def draw_gallery(thumbnails, cluster, sizes, path, *, title=""):
    """The picks of a batch as images, a row of them for each cluster.

    The clusters with most picks come first, twelve of them at most, and eight of the
    picks of each.

    Parameters
    ----------
    thumbnails : ndarray of shape (n_picks, height, width[, 3]), dtype=uint8

    cluster : ndarray of shape (n_picks,), dtype=intp

    sizes : dict of int to int or None
        Rows that each cluster has in the pool, where that is known.

    path : Path
        PNG to write, in a folder that is there.

    title : str, default=""

    Raises
    ------
    ValueError
        If the images are of another kind, or not one a pick.

    ImportError
        If matplotlib is not installed.
    """
    thumbnails = np.asarray(thumbnails)
    is_image = thumbnails.ndim == 3 or (
        thumbnails.ndim == 4 and thumbnails.shape[-1] == 3
    )
    if thumbnails.dtype != np.uint8 or not is_image:
        raise ValueError(
            "draw_gallery needs thumbnails of shape (n_picks, height, width[, 3]) and"
            f" dtype uint8; got shape {thumbnails.shape} and dtype {thumbnails.dtype}."
        )
    if len(thumbnails) != len(cluster) or not len(cluster):
        raise ValueError(
            "draw_gallery needs a thumbnail for each pick, one at least; got"
            f" {len(thumbnails)} for {len(cluster)}."
        )
    clusters, n_picks = np.unique(cluster, return_counts=True)
    order = np.argsort(-n_picks, kind="stable")[:_MOST_CLUSTERS]
    n_columns = min(_MOST_PICKS, int(n_picks.max()))
    shape = (len(order), n_columns)
    size = (2.1 + 0.62 * shape[1], 0.5 + 0.66 * shape[0])
    with drawn(path, "draw_gallery", (max(size[0], 5.2), size[1])) as figure:
        panels = figure.subplots(*shape, squeeze=False)
        for row, place in zip(panels, order, strict=True):
            members = np.flatnonzero(cluster == clusters[place])
            for panel in row:
                panel.axis("off")
            for panel, member in zip(row, members, strict=False):
                # Glyphs of one channel are drawn in grey, larger ones are not smoothed.
                panel.imshow(
                    thumbnails[member],
                    cmap="gray",
                    vmin=0,
                    vmax=255,
                    interpolation="nearest",
                )
            row[0].text(
                -0.25,
                0.5,
                _about(clusters[place], sizes, n_picks[place]),
                transform=row[0].transAxes,
                ha="right",
                va="center",
                fontsize=8,
            )
        if title:
            figure.suptitle(shown(title, 70), fontsize=10)


def _about(cluster, sizes, n_picks):
    """What the row of a cluster says: its size, and how many were picked."""
    size = sizes.get(int(cluster))
    of_size = "" if size is None else f", {counted(size, 'row')}"
    return f"cluster {cluster}{of_size}\n{counted(int(n_picks), 'pick')}"


def _at_least(sizes):
    """Distinct sizes, and how many are at least that large."""
    distinct, counts = np.unique(sizes, return_counts=True)
    return distinct, counts[::-1].cumsum()[::-1]
