"""Shapes of characters, as signed distances to their outlines.

From a distance, a shape can be drawn at any size, turned and sheared, thicker or
thinner, filled or hollow, without rendering the character again. The fonts are
those that come with matplotlib, which is imported here, at first use.
"""

from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy import ndimage

# Pixels along a side of the square that a shape is kept in.
RESOLUTION = 64
# Distances are kept up to here; the square's half side is 1.
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
        Names of files, without their ending.

    Returns
    -------
    shapes : ndarray of shape (n_shapes, RESOLUTION, RESOLUTION), dtype=float32
        Distance of each point from the outline, positive inside, in half sides of
        the square. Not to be written to.

    n_fonts : ndarray of shape (n_characters,)
        How many shapes a character has. They are in the order of `characters`.

    Raises
    ------
    ImportError
        If matplotlib is not installed.

    ValueError
        If no font has a character.
    """
    shapes, n_fonts = [], []
    for character in characters:
        found = [shape_of(character, font) for font in fonts]
        found = [shape for shape in found if shape is not None]
        if not found:
            raise ValueError(
                f"None of the fonts {', '.join(fonts)} has the character {character!r}."
                " Leave it out, or take more fonts."
            )
        shapes += found
        n_fonts.append(len(found))
    return np.array(shapes), np.array(n_fonts)


@lru_cache(maxsize=4096)
def shape_of(character, font):
    """Distances for one character, or None where the font does not have it."""
    face = _face(font)
    # Computer Modern files keep other things under the codes of most symbols.
    is_honest = not font.startswith("cm") or (
        character.isascii() and character.isalnum()
    )
    if ord(character) not in face.get_charmap() or not is_honest:
        return None
    height = _drawn(face, "H").shape[0]
    inside = np.pad(_drawn(face, character), 1) >= 128
    distance = ndimage.distance_transform_edt(inside)
    distance -= ndimage.distance_transform_edt(~inside)
    # Outlines run between pixels. Beyond the bitmap, it goes on falling.
    distance -= np.sign(distance) * 0.5
    extent = max(inside.shape) - 2
    # The square root keeps commas small beside capitals, but legible.
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
    try:
        from matplotlib import get_data_path
        from matplotlib.ft2font import FT2Font
    except ImportError as error:
        raise ImportError(
            "make_glyphs draws with the fonts of matplotlib, which is not installed:"
            ' pip install "modal-clustermargin[compare]".'
        ) from error
    face = FT2Font(str(Path(get_data_path()) / "fonts" / "ttf" / f"{font}.ttf"))
    face.set_size(_RENDERED, 72)
    return face
