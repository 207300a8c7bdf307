"""Arrays as pictures."""

import numpy as np
from PIL import Image

from modal_clustermargin._viewed_images import as_viewed

_MAX_SIDE = 256  # pixels


def to_pictures(images):
    """Pictures of at most 256 pixels, from images as `HandLabelling.export` takes them.

    PIL images look as in a viewer. If the channels of an array could be first or last,
    they are last. Numbers that are not uint8
    are scaled, so that the lowest value of all images is black and the highest white.
    """
    arrays = [
        np.asarray(as_viewed(image) if isinstance(image, Image.Image) else image)
        for image in images
    ]
    for i, array in enumerate(arrays):
        has_channels = array.ndim == 3 and {1, 3} & {array.shape[0], array.shape[-1]}
        is_image = array.size and (array.ndim == 2 or has_channels)
        if not is_image or array.dtype.kind not in "biuf":
            raise ValueError(
                "export needs images of shape (h, w), (h, w, 3) or (3, h, w), of"
                f" numbers; image {i} has shape {array.shape} and dtype {array.dtype}."
                " Reshape them, and select at most three channels."
            )
        if not np.isfinite(array).all():
            raise ValueError(
                f"export needs finite images; image {i} has nan or infinity. Replace"
                " them, for instance by numpy.nan_to_num."
            )
    lowest = min(array.min() for array in arrays)
    highest = max(array.max() for array in arrays)
    pictures = []
    for array in arrays:
        array = np.ascontiguousarray(_as_bytes(array, lowest, highest))
        pictures.append(Image.fromarray(array))
        pictures[-1].thumbnail((_MAX_SIDE, _MAX_SIDE))
    return pictures


def _as_bytes(array, lowest, highest):
    """The image of shape (h, w) or (h, w, 3), uint8."""
    if array.ndim == 3 and array.shape[-1] not in (1, 3):
        array = np.moveaxis(array, 0, -1)
    if array.ndim == 3 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.dtype == np.uint8:
        return array
    lowest, highest = float(lowest), float(highest)
    scale = 255 / (highest - lowest) if highest > lowest else 0
    return np.round((array.astype(np.float64) - lowest) * scale).astype(np.uint8)
