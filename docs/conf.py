"""Sphinx configuration. Nothing here reaches for the network."""

from contextlib import suppress
from importlib.metadata import PackageNotFoundError, metadata

import modal_clustermargin

project = "modal-clustermargin"
author = "The modal-clustermargin developers"
with suppress(PackageNotFoundError):  # a source tree that was never installed
    author = metadata(project)["Author"] or author
copyright = author
release = version = modal_clustermargin.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates"]

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    # Needs modAL 0.4.2, which pip does not install; the user guide shows it.
    "ignore_pattern": r"deep_active_learner\.py",
    "download_all_examples": False,
    "min_reported_time": 10_000,  # seconds
    "write_computation_times": False,
    "show_signature": False,
    "abort_on_example_error": True,
}

html_theme = "furo"
html_title = project
html_copy_source = False

extlinks = {"arxiv": ("https://arxiv.org/abs/%s", "arXiv:%s")}
extlinks_detect_hardcoded_links = False

autosummary_generate = True
autosummary_context = {
    # Public for skorch, which calls them, and for nobody else.
    "hooks": {"check_data", "check_is_fitted", "forward_iter", "infer"},
}
autodoc_typehints = "none"  # numpydoc's type lines say more
autodoc_preserve_defaults = True
add_module_names = False
numpydoc_show_class_members = False  # the class template lists them
