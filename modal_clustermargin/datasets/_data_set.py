"""What an experiment is given: a pool, its labels, and rows to be tested on."""

from dataclasses import dataclass, field

import numpy as np

_THUMBNAIL = 64  # pixels along a side, for images of files


@dataclass(frozen=True, eq=False)
class DataSet:
    """A pool with its labels, and other rows to test on.

    Made by `load_data`.

    Attributes
    ----------
    name : str

    X, X_test : ndarray of shape (n_samples, ...)
        Rows of the pool and of the test, often memory maps, which are read only.
        Where there are `images`, the numbers of images, of shape (n_samples, 1) and
        dtype int64, in one numbering for both.

    y, y_test : ndarray of shape (n_samples,) or (n_samples, n_classes)
        A label for each row, or a column of 0 and 1 for each class.

    classes : ndarray of shape (n_classes,)
        All of them, sorted, whether the pool has them or not. With columns, their
        numbers.

    images : torch Dataset or None
        What row numbers count: pairs of a PIL image and a number.
    """

    name: str
    X: np.ndarray = field(repr=False)
    y: np.ndarray = field(repr=False)
    X_test: np.ndarray = field(repr=False)
    y_test: np.ndarray = field(repr=False)
    classes: np.ndarray = field(repr=False)
    images: object = field(default=None, repr=False)

    def thumbnails(self, rows):
        """Small images of some rows of the pool, to look at.

        Parameters
        ----------
        rows : array-like of shape (n_rows,)
            Positions in `X`.

        Returns
        -------
        pictures : ndarray, dtype=uint8, or None
            Of shape (n_rows, height, width), or (n_rows, height, width, 3) in
            colours. Images of files are of 64 x 64 pixels, on black if they are
            smaller or not square. Numbers that are neither uint8 nor within [0, 1]
            are stretched, each image by itself. None if rows are no images.
        """
        rows = np.asarray(rows, dtype=np.intp).reshape(-1)
        if self.images is not None:
            return _from_files(self.images, self.X[rows, 0])
        sides = _colours_last(self.X.shape[1:])
        if sides is None:
            return None
        return _as_bytes(np.transpose(self.X[rows], sides))


def _from_files(images, numbers):
    pictures = np.zeros((len(numbers), _THUMBNAIL, _THUMBNAIL, 3), np.uint8)
    for picture, number in zip(pictures, numbers, strict=True):
        image = images[int(number)][0].convert("RGB")
        image.thumbnail((_THUMBNAIL, _THUMBNAIL))
        width, height = image.size
        top, left = (_THUMBNAIL - height) // 2, (_THUMBNAIL - width) // 2
        picture[top : top + height, left : left + width] = image
    return pictures


def _colours_last(shape):
    """An order of axes, the first of them that of rows; None if these are no images."""
    if len(shape) == 2:
        return 0, 1, 2
    if len(shape) == 3 and shape[0] in (1, 3):
        return 0, 2, 3, 1
    if len(shape) == 3 and shape[2] in (1, 3):
        return 0, 1, 2, 3
    return None


def _as_bytes(pictures):
    if pictures.shape[-1] == 1 and pictures.ndim == 4:
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
