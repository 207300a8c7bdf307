"""PIL images as a viewer shows them: upright, in grey or RGB, with 8 bits."""

import numpy as np
from PIL import Image, ImageOps


def as_viewed(image):
    """The image in mode L or RGB; images of 32-bit numbers, I and F, stay as they are.

    It is turned as its EXIF data say, and transparent parts are white.
    """
    # Pillow opens a PNG file of 16 bits as I;16 or, before version 11, as I.
    has_16_bits = image.mode.startswith("I;16") or (
        image.mode == "I" and image.format == "PNG"
    )
    image = ImageOps.exif_transpose(image)
    if has_16_bits:  # `convert` would show all values above 255 as white
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("L", "RGB", "I", "F") and "transparency" not in image.info:
        return image
    if "transparency" in image.info or image.mode in ("RGBA", "RGBa", "LA", "La", "PA"):
        if image.mode in ("RGBa", "La"):
            image = image.convert(image.mode.upper())
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def read_rgb(path):
    """The image in a file, in mode RGB."""
    with Image.open(path) as image:
        viewed = as_viewed(image)
        if viewed.mode in ("I", "F"):
            raise ValueError(
                f"{str(path)!r} has 32-bit numbers, for which no brightness is agreed."
                " Convert it to an image of 8 or 16 bits."
            )
        return viewed.convert("RGB")
