"""What is not collected where an extra is missing."""

from importlib.util import find_spec

collect_ignore = []
if find_spec("skactiveml") is None:
    collect_ignore += ["modal_clustermargin/skactiveml", "docs/skactiveml.rst"]
