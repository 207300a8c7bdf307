"""Labels by a person, in a folder that outlives the script.

A batch goes out as a CSV file, pictures and a page to look at, and its labels come
back from the CSV file. `HandLabelling` is all of it; what was asked and answered
stands in ``_ledger.py``, what a person may have done to a file in
``_answer_files.py`` and ``_spelling.py``.
"""

from modal_clustermargin.labelling._hand_labelling import (
    HandLabelling,
)

__all__ = ["HandLabelling"]
