"""Skip what needs another modAL version or an optional dependency."""

from importlib.util import find_spec

# modAL has `DeepActiveLearner` from version 0.4.2 on.
collect_ignore = ["modal_clustermargin/learners/_deep_active_learner.py"]
if find_spec("skactiveml") is None:
    collect_ignore += ["modal_clustermargin/skactiveml", "docs/skactiveml.rst"]
if find_spec("distributed") is None or find_spec("zarr") is None:
    collect_ignore += ["tests/distributed", "docs/workers.rst"]
