"""A pool with its labels, and rows to test on."""

from dataclasses import dataclass, field

import numpy as np
from sklearn.utils import check_random_state

_THUMBNAIL = 64  # pixels along a side, for images in files


@dataclass(frozen=True, eq=False)
class DataSet:
    """A pool with its labels, and other rows to test on.

    `load_data` returns it.

    Attributes
    ----------
    name : str

    X, X_test : ndarray of shape (n_samples, ...)
        Rows of the pool, and test rows; read-only memory maps for data in files. If
        there are `images`, the row numbers of images, of shape (n_samples, 1) and
        dtype int64, which are unique over pool and test.

    y, y_test : ndarray of shape (n_samples,) or (n_samples, n_classes)
        A label for each row, or a column of 0 and 1 for each class.

    classes : ndarray of shape (n_classes,)
        All classes, sorted, including classes without a row in the pool. For
        multi-label data, the numbers of the columns.

    images : torch Dataset or None
        For each row number, a pair of a PIL image and the row number.
    """

    name: str
    X: np.ndarray = field(repr=False)
    y: np.ndarray = field(repr=False)
    X_test: np.ndarray = field(repr=False)
    y_test: np.ndarray = field(repr=False)
    classes: np.ndarray = field(repr=False)
    images: object = field(default=None, repr=False)

    def thumbnails(self, rows):
        """Small images of rows of the pool.

        Parameters
        ----------
        rows : array-like of shape (n_rows,)
            Positions in `X`.

        Returns
        -------
        pictures : ndarray, dtype=uint8, or None
            Of shape (n_rows, height, width), or (n_rows, height, width, 3) for color
            images. Images in files become 64 x 64 pixels, padded with black. An image
            that is neither uint8 nor within [0, 1] is scaled, its minimum to black and
            its maximum to white. None if rows are not images.
        """
        rows = np.asarray(rows, dtype=np.intp).reshape(-1)
        if self.images is not None:
            return _file_thumbnails(self.images, self.X[rows, 0])
        axes = _channels_last(self.X.shape[1:])
        if axes is None:
            return None
        return _as_bytes(np.transpose(self.X[rows], axes))


def held_out(n_rows, test_size, random_state):
    """Split rows into pool and test at random: two ascending ndarrays of positions.

    `test_size` is the number of test rows, or their share if it is a float.
    """
    n_test = round(test_size * n_rows) if isinstance(test_size, float) else test_size
    if not 0 < n_test < n_rows:
        raise ValueError(
            "load_data needs rows for the pool and for the test;"
            f" test_size={test_size!r} of {n_rows} rows leaves {n_rows - n_test} for"
            f" the pool and {n_test} for the test."
        )
    order = check_random_state(random_state).permutation(n_rows)
    return np.sort(order[n_test:]), np.sort(order[:n_test])


def _file_thumbnails(images, numbers):
    pictures = np.zeros((len(numbers), _THUMBNAIL, _THUMBNAIL, 3), np.uint8)
    for picture, number in zip(pictures, numbers, strict=True):
        image = images[int(number)][0].convert("RGB")
        image.thumbnail((_THUMBNAIL, _THUMBNAIL))
        width, height = image.size
        top, left = (_THUMBNAIL - height) // 2, (_THUMBNAIL - width) // 2
        picture[top : top + height, left : left + width] = image
    return pictures


def _channels_last(shape):
    """Order of axes for images of a shape, with rows first; None if not images."""
    if len(shape) == 2:
        return 0, 1, 2
    if len(shape) == 3 and shape[0] in (1, 3):
        return 0, 2, 3, 1
    if len(shape) == 3 and shape[2] in (1, 3):
        return 0, 1, 2, 3
    return None


def _as_bytes(pictures):
    if pictures.ndim == 4 and pictures.shape[-1] == 1:
        pictures = pictures[..., 0]
    if pictures.dtype == np.uint8:
        return np.ascontiguousarray(pictures)
    pictures = pictures.astype(np.float64)
    axes = tuple(range(1, pictures.ndim))
    low, high = (f(pictures, axis=axes, keepdims=True) for f in (np.min, np.max))
    is_within = (low >= 0) & (high <= 1)
    low = np.where(is_within, 0, low)
    width = np.where(is_within, 1, high - low)
    pictures = (pictures - low) / np.where(width > 0, width, 1)
    return np.rint(255 * pictures).astype(np.uint8)
