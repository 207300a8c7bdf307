"""What experiments are made of: data drawn here, and networks trained on them.

`make_glyphs` draws letters and symbols, as many as asked for and without a
download; `pretrained_glyph_network` trains, once, the network that studies of
pre-trained features begin from.
"""

from modal_clustermargin.experiments._glyph_pretraining import (
    pretrained_glyph_network,
)
from modal_clustermargin.experiments._glyph_shapes import FONTS
from modal_clustermargin.experiments._glyphs import ALPHABETS, make_glyphs

__all__ = [
    "ALPHABETS",
    "FONTS",
    "make_glyphs",
    "pretrained_glyph_network",
]
