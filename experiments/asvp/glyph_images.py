"""Images of letters and symbols, drawn from fonts without a download."""

from typing import NamedTuple

import numpy as np
from glyph_shapes import FONTS, RESOLUTION, shapes_of
from sklearn.utils import check_random_state

# In most fonts, the characters of an alphabet look different from each other, and so do
# the characters of "greek" and "symbols" together. "latin" has only the lower-case
# letters and digits that look different from capitals.
ALPHABETS = {
    "capitals": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "lower": "abcdefghijklmnopqrstuvwxyz",
    "digits": "0123456789",
    "latin": "ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghmnqrt23456789",
    "greek": "αβγδεζηθικλμνξπρστφχψωΓΔΛΞΠΣΩ",
    "symbols": "∂∃∀∇∋√∞∠∩∪∫∴≈≠≡≤≥⊂⊃⊕⊗⊥→←↑↓↔⇒♠♣♥♦§¶†£¥",  # noqa: RUF001
}


class GlyphStyle(NamedTuple):
    """How images are distorted. Lengths are shares of the side of the image."""

    fonts: tuple
    rotation: float  # degrees, standard deviation
    shear: float  # standard deviation
    scale: tuple  # lowest and highest
    aspect: float  # standard deviation of the logarithm of width / height
    shift: float  # standard deviation
    bend: float  # amplitude of a wave along each axis
    stroke: tuple  # shift of the outline; negative is thinner
    hollow: float  # probability of an outline without filling
    inverted: float  # probability of dark on light
    contrast: tuple  # lowest and highest difference to the background
    background: float  # amplitude of gradients and blobs
    noise: float  # standard deviation of a pixel
    class_power: float  # class k has a share of k**-class_power


_PRINT = GlyphStyle(
    fonts=("sans", "serif", "mono"),
    rotation=10,
    shear=0.15,
    scale=(0.65, 1.1),
    aspect=0.15,
    shift=0.06,
    bend=0.0,
    stroke=(-0.01, 0.03),
    hollow=0.0,
    inverted=0.5,
    contrast=(0.35, 0.85),
    background=0.15,
    noise=0.06,
    class_power=0.0,
)
VERSIONS = {
    "easy": _PRINT,
    "shifted": _PRINT._replace(
        fonts=("stix", "serif"),
        rotation=14,
        shear=0.2,
        aspect=0.2,
        shift=0.08,
        bend=0.04,
        hollow=0.2,
    ),
    "long_tail": _PRINT._replace(class_power=1.0),
}


def make_glyphs(
    n_samples,
    *,
    alphabet="latin",
    version="easy",
    fonts=None,
    size=24,
    noise=None,
    class_power=None,
    random_state=None,
):
    """Draw distorted characters in random fonts on noisy backgrounds.

    Parameters
    ----------
    n_samples : int
        Number of images. 10,000 take about a second.

    alphabet : str, or list or tuple of str, default="latin"
        Keys of `ALPHABETS`, or single characters, such as ``("digits", "A")``. Each
        character is a class.

    version : {"easy", "shifted", "long_tail"}, default="easy"
        "easy" uses DejaVu's fonts with little distortion. "shifted" uses other fonts,
        with more and other distortions. "long_tail" is "easy" with classes of very
        different sizes.

    fonts : str, or list or tuple of str, default=None
        Keys of `FONTS`. None means the fonts of `version`. Computer Modern has
        letters and digits only.

    size : int, default=24
        Height and width in pixels, at least 8.

    noise : float, default=None
        Standard deviation of the noise of a pixel. None means the noise of `version`.

    class_power : float, default=None
        The share of the k-th class, in random order, is proportional to
        ``k**-class_power``. None means the power of `version`. Every class has an image
        if there are at least as many images as classes.

    random_state : int, RandomState instance or None, default=None

    Returns
    -------
    X : ndarray of shape (n_samples, 1, size, size), dtype=float32
        In [0, 1].

    y : ndarray of shape (n_samples,), dtype="<U1"
        Characters, in random order.
    """
    characters = characters_of(alphabet)
    style = VERSIONS[_known("version", version, VERSIONS)]
    if fonts is not None:
        fonts = (fonts,) if isinstance(fonts, str) else tuple(fonts)
        style = style._replace(fonts=fonts)
    if noise is not None:
        style = style._replace(noise=noise)
    if class_power is not None:
        style = style._replace(class_power=class_power)
    files = tuple(
        file for name in style.fonts for file in FONTS[_known("fonts", name, FONTS)]
    )
    shapes, n_fonts = shapes_of(characters, files)

    random_state = check_random_state(random_state)
    # A Generator draws float32 in a third of the time of a RandomState.
    rng = np.random.Generator(np.random.PCG64(random_state.randint(2**31 - 1)))
    classes = _draw_classes(rng, n_samples, len(characters), style.class_power)
    first = np.cumsum(n_fonts) - n_fonts
    chosen = first[classes] + rng.integers(n_fonts[classes])
    X = np.empty((n_samples, 1, size, size), np.float32)
    for start in range(0, n_samples, 64):  # blocks that fit in the cache of the CPU
        part = slice(start, start + 64)
        X[part, 0] = _draw(rng, shapes, chosen[part], size, style)
    return X, np.array(characters)[classes]


def characters_of(alphabet):
    """Characters of alphabets, each once, in a fixed order."""
    names = (alphabet,) if isinstance(alphabet, str) else tuple(alphabet)
    characters = "".join(
        name if len(name) == 1 else ALPHABETS[_known("alphabet", name, ALPHABETS)]
        for name in names
    )
    return tuple(dict.fromkeys(characters))


def _known(what, name, known):
    if name not in known:
        raise ValueError(
            f"make_glyphs needs {what} as one of {', '.join(map(repr, known))}; got"
            f" {name!r}."
        )
    return name


def _draw_classes(rng, n_samples, n_classes, power):
    """Class of each image, in random order, with counts by a power law."""
    order = rng.permutation(n_classes)
    shares = np.arange(1, n_classes + 1) ** -float(power)
    n_sure = n_classes if n_samples >= n_classes else 0
    bounds = np.cumsum(shares / shares.sum()) * (n_samples - n_sure)
    counts = np.diff(np.rint(bounds).astype(int), prepend=0) + (n_sure > 0)
    return rng.permutation(np.repeat(order, counts))


def _draw(rng, shapes, chosen, size, style):
    """Images of shape (n_chosen, size, size) of the chosen shapes."""
    n = len(chosen)
    scale = rng.uniform(*style.scale, n)
    rows, columns = _places(rng, n, scale, size, style)
    distance = _sampled(shapes, chosen, rows, columns)
    # From half sides of the square of a shape to pixels of the image.
    distance *= (scale * size / 2).astype(np.float32)[:, None, None]
    distance += _uniform(rng, n, style.stroke) * size
    hollow = rng.random(n) < style.hollow
    distance[hollow] = 0.045 * size / 2 - np.abs(distance[hollow])
    ink = np.clip(distance + np.float32(0.5), 0, 1, out=distance)

    contrast = _uniform(rng, n, style.contrast)
    ink *= contrast
    # The brightness of the background plus the contrast stays below 1.
    ink += _uniform(rng, n, (0.1, 0.9)) * (1 - contrast)
    ink += _backgrounds(rng, n, size, style.background)
    inverted = rng.random(n) < style.inverted
    ink[inverted] = 1 - ink[inverted]
    ink += style.noise * rng.standard_normal(ink.shape, np.float32)
    return np.clip(ink, 0, 1, out=ink)


def _places(rng, n, scale, size, style):
    """Coordinates in the square of the shape, [-1, 1] x [-1, 1], of each pixel."""
    angle = np.deg2rad(style.rotation) * rng.standard_normal(n)
    shear = style.shear * rng.standard_normal(n)
    stretch = np.exp(style.aspect / 2 * rng.standard_normal(n))
    cos, sin = np.cos(angle), np.sin(angle)
    shift = 2 * style.shift * rng.standard_normal((2, n, 1))
    steps = (np.arange(size) + 0.5) / size * 2 - 1
    down, across = (steps - shift).astype(np.float32)
    # Inverse of the transform that stretches, then shears, then rotates.
    to_rows = np.array([cos, -sin]) * stretch / scale
    to_columns = (np.array([sin, cos]) - shear * np.array([cos, -sin])) / (
        stretch * scale
    )
    rows, columns = (
        (weights[0].astype(np.float32)[:, None] * down)[:, :, None]
        + (weights[1].astype(np.float32)[:, None] * across)[:, None, :]
        for weights in (to_rows, to_columns)
    )
    if style.bend:
        phase = rng.uniform(0, 2 * np.pi, (2, n, 1)).astype(np.float32)
        pace = rng.uniform(1, 3, (2, n, 1)).astype(np.float32)
        wave = np.float32(2 * style.bend)
        rows += (wave * np.sin(pace[0] * across + phase[0]))[:, None, :]
        columns += (wave * np.sin(pace[1] * down + phase[1]))[:, :, None]
    return rows, columns


def _sampled(shapes, chosen, rows, columns):
    """Bilinear interpolation of shapes at coordinates."""
    top, down = _cell(rows)
    left, across = _cell(columns)
    corner = chosen.astype(np.int32)[:, None, None] * np.int32(RESOLUTION**2)
    corner = corner + top * np.int32(RESOLUTION) + left
    flat = shapes.reshape(-1)
    above = flat.take(corner)
    above += across * (flat.take(corner + 1) - above)
    corner += RESOLUTION
    below = flat.take(corner)
    below += across * (flat.take(corner + 1) - below)
    below -= above
    below *= down
    above += below
    return above


def _cell(places):
    """Pixel before each coordinate, and the fraction of the way to the next pixel."""
    places = (places + 1) * np.float32(RESOLUTION / 2) - np.float32(0.5)
    np.clip(places, 0, RESOLUTION - 1.001, out=places)
    before = places.astype(np.int32)
    places -= before
    return before, places


def _backgrounds(rng, n, size, height):
    """Images of a gradient and two blobs of random signs: shape (n, size, size)."""
    steps = np.linspace(-1, 1, size, dtype=np.float32)
    slopes = height / 2 * rng.uniform(-1, 1, (2, n, 1)).astype(np.float32)
    drawn = (slopes[0] * steps)[:, :, None] + (slopes[1] * steps)[:, None, :]
    for _ in range(2):
        centre = rng.uniform(-1, 1, (2, n, 1)).astype(np.float32)
        width = rng.uniform(0.15, 0.6, (n, 1)).astype(np.float32)
        down, across = np.exp(-(((steps - centre) / width) ** 2))
        down *= height * rng.uniform(-1, 1, (n, 1)).astype(np.float32)
        drawn += down[:, :, None] * across[:, None, :]
    return drawn


def _uniform(rng, n, bounds):
    return rng.uniform(*bounds, (n, 1, 1)).astype(np.float32)
