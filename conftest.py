"""Skip what needs another modAL version or an optional dependency."""

from importlib.util import find_spec

# Written by sphinx: scripts of the gallery would run when they are imported.
collect_ignore_glob = ["docs/gallery/*", "docs/reference/generated/*", "docs/_build/*"]

collect_ignore = []
if find_spec("skactiveml") is None:
    collect_ignore += [
        "modal_clustermargin/skactiveml",
        "docs/user_guide/skactiveml.rst",
    ]
if find_spec("distributed") is None or find_spec("zarr") is None:
    collect_ignore += ["tests/distributed", "docs/how_to/workers.rst"]
