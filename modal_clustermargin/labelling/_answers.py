"""Which label a person means, and whether all that was written can be meant."""

from modal_clustermargin.labelling._spelling import Names, plain

SKIP = "skip"  # of a sample that cannot be told
NONE = "none"  # of one that has none of several labels
JOINED_BY = "|"


class Answers:
    """What cells of the column label may say.

    Parameters
    ----------
    classes : list of str or None
        None: anything.

    multi_label : bool
    """

    def __init__(self, classes, multi_label):
        self.classes = classes
        self.multi_label = multi_label
        self._names = None if classes is None else Names(classes)

    def parse(self, text):
        """The answer that a cell gives.

        Parameters
        ----------
        text : str
            Not empty.

        Returns
        -------
        answer : str
            The class, or several in the order of the classes, joined; or `SKIP` or
            `NONE`.

        Raises
        ------
        ValueError
            If it gives none. Says what would.
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
        nearest = self._names.nearest(text)
        guess = f" Did you mean {nearest!r}?" if nearest is not None else ""
        shown = ", ".join(map(repr, self.classes[:10]))
        more = f" and {len(self.classes) - 10} more" if len(self.classes) > 10 else ""
        words = "'skip', 'none'" if self.multi_label else "'skip'"
        raise ValueError(
            f"label {text.strip()!r} is none of the classes.{guess} Write"
            f" {shown}{more}; or {words}, or nothing."
        )


def answers_of(rows, answers, names_of_batch):
    """Answers that rows give, and what is wrong with them.

    Parameters
    ----------
    rows : list of AnswerRow

    answers : Answers

    names_of_batch : dict of str to (str, Names)
        By file: the file that its batch went out in, and the samples of the batch.

    Returns
    -------
    found : dict of str to str
        Answer by id. Rows without a label are in neither.

    faults : list of str
        One for each row that is wrong: where, what, and how that is mended.
    """
    found, faults, said = {}, [], {}
    for row in rows:
        batch, names = names_of_batch[row.file]
        try:
            id_ = _id(row, batch, names)
            if not row.label:
                continue
            answer = answers.parse(row.label)
        except ValueError as error:
            faults.append(f"{row.place}: {error}")
            continue
        before = said.setdefault(id_, row)
        if found.setdefault(id_, answer) != answer:
            faults.append(
                f"{row.place}: {id_!r} is {row.label!r}, but {before.label!r} in"
                f" {before.place}. Leave only the right one."
            )
    return found, faults


def _id(row, batch, names):
    if not row.id:
        raise ValueError(
            f"the label {row.label!r} has no id. Write the id beside it, or delete the"
            " row."
        )
    found = names.find(row.id)
    if found is not None:
        return found
    nearest = names.nearest(row.id)
    guess = f" Did you mean {nearest!r}?" if nearest is not None else ""
    raise ValueError(
        f"{row.id!r} is no id of {batch}.{guess} Mend the id, or delete the row. If a"
        " spreadsheet changed it, have the column as text there."
    )
