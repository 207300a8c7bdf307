"""A gallery of the images picked, cluster by cluster."""

import numpy as np

from modal_clustermargin.comparison._plot_style import open_figure, plot_label

_N_CLUSTERS = 12
_N_PICKS = 8
_CAPTION_WIDTH = 2.3  # in images


def gallery_picks(cluster):
    """Positions of the picks that a gallery shows, cluster by cluster.

    The first eight picks of each of the twelve clusters with the most picks.
    """
    clusters, n_picks = np.unique(cluster, return_counts=True)
    order = np.argsort(-n_picks, kind="stable")[:_N_CLUSTERS]
    members = [np.flatnonzero(cluster == clusters[i])[:_N_PICKS] for i in order]
    return np.concatenate(members)


def draw_gallery(thumbnails, cluster, captions, path, *, title):
    """Draw the images of the `gallery_picks`, with captions by cluster.

    `thumbnails` is uint8 of shape (n_shown, height, width[, 3]); `cluster` has the
    cluster of each image.
    """
    order = list(dict.fromkeys(cluster))
    width, height = _CAPTION_WIDTH + _N_PICKS, len(order)  # in images
    with open_figure(path, (0.62 * width, 0.62 * height + 0.5)) as figure:
        # One axes for all images: the layout of many axes takes seconds.
        axes = figure.subplots()
        for top, each in enumerate(order):
            text = {"ha": "right", "va": "center", "fontsize": 8}
            axes.text(_CAPTION_WIDTH - 0.15, top + 0.5, captions[each], **text)
            for i, image in enumerate(thumbnails[cluster == each]):
                left = _CAPTION_WIDTH + i
                extent = (left, left + 0.92, top + 0.96, top + 0.04)
                axes.imshow(image, cmap="gray", vmin=0, vmax=255, extent=extent)
        axes.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
        axes.axis("off")
        figure.suptitle(plot_label(title, 60), fontsize=10)
