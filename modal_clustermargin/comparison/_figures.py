"""Figures without a window, written whole."""

from contextlib import contextmanager
from pathlib import Path

from modal_clustermargin._whole_files import written_whole


@contextmanager
def drawn(path, who, size):
    """A figure that is written whole once it is drawn.

    Parameters
    ----------
    path : path-like
        In a folder that is there; of a kind that matplotlib knows.

    who : str
        Who draws, for the message.

    size : tuple of two floats
        Width and height in inches.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    figure_class, canvas_class = figure_classes(who)
    figure = figure_class(figsize=size, layout="constrained")
    canvas_class(figure)
    yield figure
    path = Path(path)
    with written_whole(path) as file:
        figure.savefig(file, dpi=150, format=path.suffix[1:] or "png")


def figure_classes(who):
    """matplotlib's Figure and its canvas without a window, or ImportError."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            f"{who} needs matplotlib, which is not installed:"
            ' pip install "modal-clustermargin[demo]".'
        ) from error
    return Figure, FigureCanvasAgg
