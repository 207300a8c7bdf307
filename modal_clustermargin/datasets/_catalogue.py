"""Every data set by its name: what there is, and the way to all of them."""

import json
from textwrap import fill

from modal_clustermargin._unknown_names import nearest
from modal_clustermargin.datasets import (
    _array_files,
    _digits,
    _embedding_files,
    _image_arrays,
    _image_folders,
    _labelled_images,
    _synthetic,
)

_WIDTH = 80

_READERS = {
    card.name: (card, read)
    for card, read in (
        (_digits.CARD, _digits.read),
        (_synthetic.CARD, _synthetic.read),
        *_image_arrays.READERS,
        (_embedding_files.CARD, _embedding_files.read),
        (_array_files.CARD, _array_files.read),
        (_image_folders.CARD, _image_folders.read),
        (_labelled_images.CARD, _labelled_images.read),
    )
}


def load_data(name, *, random_state=0, folder=None, **options):
    """A data set: a pool with its labels, and rows to test on.

    Parameters
    ----------
    name : str
        "digits", "synthetic", "cifar10", "cifar100", "svhn",
        "open-images", "arrays", "image-folder" or "labelled-images". What each
        is, and what its options are, `describe_data_sets` says.

    random_state : int, RandomState instance or None, default=0
        Draws what is drawn: rows held out for the test, or the data. Data that come
        in two parts do not depend on it.

    folder : path-like, default=None
        Where the data are; for "synthetic", where they are kept.

    **options : str, int, float, bool or None
        Of the data set, the same that a TOML file or the command line can give.

    Returns
    -------
    data : DataSet

    Raises
    ------
    ValueError
        If there is no data set or option of a name, if a value is not allowed, if a
        folder is needed and missing, or if files do not fit together.

    FileNotFoundError
        If files are missing or not whole. Says what to put where. Nothing is
        downloaded, unless the option ``download`` says so.

    Examples
    --------
    >>> from modal_clustermargin.datasets import load_data
    >>> data = load_data("digits", random_state=0)
    >>> data.X.shape, data.X_test.shape
    ((1297, 1, 8, 8), (500, 1, 8, 8))
    >>> data.thumbnails([5, 8]).shape
    (2, 8, 8)
    """
    if name not in _READERS:
        raise ValueError(
            f"load_data has no {name!r}; it has {', '.join(map(repr, _READERS))}."
            f"{nearest(name, _READERS)}"
        )
    card, read = _READERS[name]
    return read(random_state, folder, **card.settings(options))


def data_sets():
    """What is known of each data set before it is read.

    Returns
    -------
    cards : list of DataCard

    Examples
    --------
    >>> from modal_clustermargin.datasets import data_sets
    >>> cards = {card.name: card for card in data_sets()}
    >>> cards["synthetic"].options["n_pool"].default
    8000
    """
    return [card for card, _ in _READERS.values()]


def describe_data_sets():
    """All data sets with size, licence, source and options, to be read.

    Returns
    -------
    text : str
        Lines of 80 characters at most.

    Examples
    --------
    >>> from modal_clustermargin.datasets import describe_data_sets
    >>> describe_data_sets().splitlines()[:2]
    ['digits', '    Handwritten digits, as scikit-learn has them.']
    """
    return "\n\n".join(_described(card) for card in data_sets())


def _described(card):
    return "\n".join(
        [
            card.name,
            _indented(card.what, 4),
            _indented(f"Size: {card.size}.", 4),
            _indented(f"Licence and source: {card.licence}.", 4),
            _indented(f"In the folder: {card.needs}.", 4),
            *(["    Options:"] if card.options else []),
            *(
                _indented(f"{name}={_shown(option.default)}  {option.meaning}", 6)
                for name, option in card.options.items()
            ),
        ]
    )


def _indented(text, n_spaces):
    return fill(
        text,
        _WIDTH,
        initial_indent=" " * n_spaces,
        subsequent_indent=" " * (n_spaces + 4),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _shown(default):
    # As TOML has it, which has no None.
    return "..." if default is None else json.dumps(default)
