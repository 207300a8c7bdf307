"""What is not collected where another version or an extra is needed."""

from importlib.util import find_spec

# Of modAL 0.4.2 alone.
collect_ignore = ["modal_clustermargin/learners/_deep_active_learner.py"]
if find_spec("skactiveml") is None:
    collect_ignore += ["modal_clustermargin/skactiveml", "docs/skactiveml.rst"]
if find_spec("distributed") is None or find_spec("zarr") is None:
    collect_ignore += ["tests/distributed", "docs/workers.rst"]
