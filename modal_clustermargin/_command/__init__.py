"""The command line: ``modal-clustermargin``."""

from modal_clustermargin._command._main import main

__all__ = ["main"]
