"""The answers in the cells of a label column."""

from modal_clustermargin.labelling._names import Names, join_first, plain

SKIP = "skip"  # the person cannot tell
NONE = "none"  # the sample has none of several labels
JOINED_BY = "|"


class Answers:
    """Parse the cells of a label column; ``classes=None`` allows any text."""

    def __init__(self, classes, multi_label):
        self.classes = classes
        self.multi_label = multi_label
        self._names = None if classes is None else Names(classes)

    def parse(self, text):
        """The answer in a cell that is not empty: str.

        A class, or several classes in their order, joined; or `SKIP` or `NONE`. Raises
        ValueError for any other text.
        """
        text = plain(text)
        if text.casefold() == SKIP:
            return SKIP
        if not self.multi_label:
            return text if self._names is None else self._class(text)
        if text.casefold() == NONE:
            return NONE
        parts = text.replace(";", JOINED_BY).split(JOINED_BY)
        found = {self._class(part) for part in parts if part.strip()}
        return JOINED_BY.join(name for name in self.classes if name in found)

    def _class(self, text):
        found = self._names.find(text)
        if found is not None:
            return found
        shown = join_first(list(map(repr, self.classes)))
        words = "'skip', 'none'" if self.multi_label else "'skip'"
        raise ValueError(
            f"the label {text.strip()!r} is not a class.{self._names.suggestion(text)}"
            f" Write {shown}; or {words}, or leave the cell empty."
        )


def collect_answers(rows, answers, batch_of_file):
    """Answers by id of the rows with a label, and a list of errors.

    `batch_of_file` maps a file name to the name of its batch, and the `Names` of its
    ids.
    """
    found, errors, first_rows = {}, [], {}
    for row in rows:
        try:
            id_ = _find_id(row, *batch_of_file[row.file])
            if not row.label:
                continue
            answer = answers.parse(row.label)
        except ValueError as error:
            errors.append(f"{row.place}: {error}")
            continue
        first = first_rows.setdefault(id_, row)
        if found.setdefault(id_, answer) != answer:
            errors.append(
                f"{row.place}: {id_!r} has the label {row.label!r}, but {first.label!r}"
                f" in {first.place}. Delete the wrong one."
            )
    return found, errors


def _find_id(row, batch, names):
    if not row.id:
        raise ValueError(
            f"the label {row.label!r} has no id. Write the id beside it, or delete the"
            " row."
        )
    found = names.find(row.id)
    if found is None:
        raise ValueError(
            f"{row.id!r} is not an id of {batch}.{names.suggestion(row.id)} Correct the"
            " id, or delete the row. If a spreadsheet changed it, format the column as"
            " text."
        )
    return found
