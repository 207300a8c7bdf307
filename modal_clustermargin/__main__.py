"""``python -m modal_clustermargin``: the command ``modal-clustermargin``."""

import sys

from modal_clustermargin._command import main

if __name__ == "__main__":
    sys.exit(main())
