"""Data sets by name."""

import json
from textwrap import fill

from modal_clustermargin._unknown_names import check_known
from modal_clustermargin.datasets import (
    _array_files,
    _embedding_files,
    _image_folders,
    _labelled_images,
    _synthetic,
    _torchvision_arrays,
)
from modal_clustermargin.datasets._data_set import DataSet, held_out
from modal_clustermargin.datasets._dataset_info import DataCard

_WIDTH = 80

_DIGITS = DataCard(
    name="digits",
    what="Handwritten digits of scikit-learn.",
    size="1,297 in the pool and 500 to test on, 1 x 8 x 8 in [0, 1], 10 classes",
    licence=(
        "CC BY 4.0; Alpaydin and Kaynak, Optical Recognition of Handwritten Digits,"
        " UCI Machine Learning Repository, 1998"
    ),
    options={},
    needs="nothing",
)


def _read_digits(random_state, folder):
    from sklearn.datasets import load_digits

    digits = load_digits()
    X, y = (digits.images[:, None] / 16).astype("float32"), digits.target
    pool, test = held_out(len(X), 500, random_state)
    return DataSet("digits", X[pool], y[pool], X[test], y[test], digits.target_names)


# Each reader is called with random_state, folder and the options.
_READERS = {
    card.name: (card, read)
    for card, read in (
        (_DIGITS, _read_digits),
        (_synthetic.CARD, _synthetic.read),
        *_torchvision_arrays.READERS,
        (_embedding_files.CARD, _embedding_files.read),
        (_array_files.CARD, _array_files.read),
        (_image_folders.CARD, _image_folders.read),
        (_labelled_images.CARD, _labelled_images.read),
    )
}


def load_data(name, *, random_state=0, folder=None, **options):
    """Load a data set: a pool with its labels, and rows to test on.

    Parameters
    ----------
    name : str
        "digits", "synthetic", "cifar10", "cifar100", "svhn", "open-images", "arrays",
        "image-folder" or "labelled-images". `describe_data_sets` describes them and
        their options.

    random_state : int, RandomState instance or None, default=0
        Draws the test rows, or the data. Data with their own test rows do not depend
        on it.

    folder : path-like, default=None
        Folder of the data. "synthetic" stores its arrays there.

    **options : str, int, float, bool or None
        Options of the data set, as in a TOML file or on the command line.

    Returns
    -------
    data : DataSet

    Raises
    ------
    ValueError
        If the name or an option is unknown, a value is not allowed, a folder is
        missing, or arrays do not fit together.

    FileNotFoundError
        If files are missing or incomplete. The message says which files are needed.
        Nothing is downloaded without the option ``download``.

    Examples
    --------
    >>> from modal_clustermargin.datasets import load_data
    >>> data = load_data("digits", random_state=0)
    >>> data.X.shape, data.X_test.shape
    ((1297, 1, 8, 8), (500, 1, 8, 8))
    >>> data.thumbnails([5, 8]).shape
    (2, 8, 8)
    """
    check_known(name, _READERS, "load_data", "data set")
    card, read = _READERS[name]
    settings = card.settings(options)
    if card.needs_folder and folder is None:
        raise ValueError(
            f"load_data({name!r}) needs folder=, a folder with {card.needs}."
        )
    return read(random_state, folder, **settings)


def data_sets():
    """Descriptions of all data sets.

    Returns
    -------
    cards : list of DataCard

    Examples
    --------
    >>> from modal_clustermargin.datasets import data_sets
    >>> cards = {card.name: card for card in data_sets()}
    >>> cards["synthetic"].options["n_pool"].default
    100000
    """
    return [card for card, _ in _READERS.values()]


def describe_data_sets():
    """Describe all data sets with size, licence, source and options.

    Returns
    -------
    text : str
        Lines of at most 80 characters.

    Examples
    --------
    >>> from modal_clustermargin.datasets import describe_data_sets
    >>> describe_data_sets().splitlines()[:2]
    ['digits', '    Handwritten digits of scikit-learn.']
    """
    return "\n\n".join(_described(card) for card in data_sets())


def _described(card):
    lines = [
        (0, card.name),
        (4, card.what),
        (4, f"Size: {card.size}."),
        (4, f"Licence and source: {card.licence}."),
        (4, f"In the folder: {card.needs}."),
        *([(4, "Options:")] if card.options else []),
    ]
    for name, option in card.options.items():
        # Defaults read as in TOML, which has no None.
        default = "..." if option.default is None else json.dumps(option.default)
        lines.append((6, f"{name}={default}  {option.meaning}"))
    return "\n".join(
        fill(
            text,
            _WIDTH,
            initial_indent=" " * n_spaces,
            subsequent_indent=" " * (n_spaces + 4),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for n_spaces, text in lines
    )
