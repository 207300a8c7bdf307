"""Arrays to pictures that a person can look at."""

import io

import numpy as np
from PIL import Image

_LONGEST = 256  # pixels; a larger picture is made smaller


def as_pictures(images):
    """Pictures of arrays.

    Parameters
    ----------
    images : array-like of shape (n, h, w), (n, h, w, 3), (n, 3, h, w) or with 1 for \
3; or sequence of such arrays of any sizes, or of PIL images
        Channels are taken to be last where they could be either. uint8 is shown as it
        is. Other numbers are stretched, so that the lowest of all is black and the
        highest white.

    Returns
    -------
    pictures : list of bytes
        PNG files, with sides of at most 256 pixels.

    Raises
    ------
    ValueError
        If one has another shape, no pixels, or values that are not finite.
    """
    arrays = [np.asarray(image) for image in images]
    for i, array in enumerate(arrays):
        if not _is_image(array):
            raise ValueError(
                "export needs images of shape (h, w), (h, w, 3) or (3, h, w), of"
                f" numbers; image {i} has shape {array.shape} and dtype {array.dtype}."
                " Reshape them, and drop channels that are not to be seen."
            )
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(
                f"export needs finite images; image {i} has nan or infinity. Replace"
                " them, for instance by numpy.nan_to_num."
            )
    lowest = min((array.min() for array in arrays), default=0)
    highest = max((array.max() for array in arrays), default=0)
    return [_png(_as_bytes(array, lowest, highest)) for array in arrays]


def _is_image(array):
    if array.dtype.kind not in "biuf" or not array.size:
        return False
    return array.ndim == 2 or (
        array.ndim == 3 and bool({1, 3} & {array.shape[0], array.shape[-1]})
    )


def _as_bytes(array, lowest, highest):
    """Of shape (h, w) or (h, w, 3), uint8."""
    if array.ndim == 3 and array.shape[-1] not in (1, 3):
        array = np.moveaxis(array, 0, -1)
    if array.ndim == 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.dtype == np.uint8:
        return array
    lowest, highest = float(lowest), float(highest)
    scale = 255 / (highest - lowest) if highest > lowest else 0
    return np.round((array.astype(np.float64) - lowest) * scale).astype(np.uint8)


def _png(array):
    picture = Image.fromarray(np.ascontiguousarray(array))
    picture.thumbnail((_LONGEST, _LONGEST))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
