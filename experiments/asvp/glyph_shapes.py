"""Shapes of characters as signed distances to their outlines.

A shape can be drawn at any size, rotated and sheared, thicker or thinner, filled or
as an outline, without rendering the character again. The fonts come with matplotlib.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
from matplotlib import get_data_path
from matplotlib.ft2font import FT2Font
from scipy import ndimage

# Pixels along a side of the square of a shape.
RESOLUTION = 64
# Distances are clipped here; half a side of the square is 1.
_FAR = 0.5
# Font size in pixels when a character is rendered.
_RENDERED = 72
# Extent of a capital H within the square, whose side is 2.
_EXTENT = 1.25

FONTS = {
    "sans": ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique"),
    "serif": ("DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic"),
    "mono": ("DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique"),
    "stix": ("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic"),
    "computer modern": ("cmr10", "cmb10", "cmss10", "cmti10", "cmtt10"),
}


def shapes_of(characters, fonts):
    """Every character in every font that has it.

    Parameters
    ----------
    characters : tuple of str

    fonts : tuple of str
        Names of files, without their suffix.

    Returns
    -------
    shapes : ndarray of shape (n_shapes, RESOLUTION, RESOLUTION), dtype=float32
        Distance of each point to the outline, positive inside, in half sides of the
        square. In the order of `characters`.

    n_fonts : ndarray of shape (n_characters,)
        Number of shapes of each character.
    """
    shapes, n_fonts = [], []
    for character in characters:
        found = [shape_of(character, font) for font in fonts]
        found = [shape for shape in found if shape is not None]
        if not found:
            raise ValueError(
                f"None of the fonts {', '.join(fonts)} has the character {character!r}."
                " Remove it, or add fonts."
            )
        shapes += found
        n_fonts.append(len(found))
    return np.array(shapes), np.array(n_fonts)


@lru_cache(maxsize=4096)
def shape_of(character, font):
    """Distances for one character, or None if the font does not have it."""
    face = _face(font)
    # In Computer Modern, most codes of symbols belong to other characters.
    is_true = not font.startswith("cm") or (character.isascii() and character.isalnum())
    if ord(character) not in face.get_charmap() or not is_true:
        return None
    height = _drawn(face, "H").shape[0]
    inside = np.pad(_drawn(face, character), 1) >= 128
    distance = ndimage.distance_transform_edt(inside)
    distance -= ndimage.distance_transform_edt(~inside)
    # Outlines run between pixels.
    distance -= np.sign(distance) * 0.5
    extent = max(inside.shape) - 2
    # The square root makes small characters larger, but smaller than capitals.
    per_pixel = _EXTENT * np.sqrt(extent / height) / extent
    steps = (np.arange(RESOLUTION) + 0.5) / RESOLUTION * 2 - 1
    rows, columns = (
        steps / per_pixel + (n_pixels - 1) / 2 for n_pixels in inside.shape
    )
    at = np.meshgrid(rows, columns, indexing="ij")
    sampled = ndimage.map_coordinates(distance, at, order=1, mode="nearest")
    outside = np.hypot(
        *(
            np.maximum(np.abs(place - (n - 1) / 2) - (n - 1) / 2, 0)
            for place, n in zip(at, inside.shape, strict=True)
        )
    )
    shape = ((sampled - outside) * per_pixel).clip(-_FAR, _FAR).astype(np.float32)
    shape.flags.writeable = False
    return shape


def _drawn(face, character):
    face.clear()
    face.set_text(character)
    face.draw_glyphs_to_bitmap(antialiased=True)
    drawn = np.array(face.get_image())
    rows, columns = (np.flatnonzero(drawn.any(axis=axis)) for axis in (1, 0))
    return drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


@lru_cache(maxsize=32)
def _face(font):
    face = FT2Font(str(Path(get_data_path()) / "fonts" / "ttf" / f"{font}.ttf"))
    face.set_size(_RENDERED, 72)
    return face
