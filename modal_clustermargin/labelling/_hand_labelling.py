"""Export batches to label, and read their labels back."""

import warnings
from pathlib import Path

import numpy as np
from filelock import FileLock

from modal_clustermargin.labelling._answer_files import read_answer_file
from modal_clustermargin.labelling._answers import (
    JOINED_BY,
    SKIP,
    Answers,
    collect_answers,
)
from modal_clustermargin.labelling._arguments import (
    checked_classes,
    checked_columns,
    checked_indices,
    checked_names,
)
from modal_clustermargin.labelling._batch_files import (
    Batch,
    Ledger,
    answer_files,
    batch_name,
    write_missing_files,
    write_pictures,
)
from modal_clustermargin.labelling._names import Names, join_first
from modal_clustermargin.labelling._pictures import to_pictures


class HandLabelling:
    """Labels from people, stored in a folder.

    `export` writes a batch that a person labels in a spreadsheet or a browser; `read`
    reads the labels back. The script may end or be killed in between: a new
    `HandLabelling` with the same folder and ids continues.

    Parameters
    ----------
    folder : path-like
        Created if it does not exist. Each pool needs its own.

    ids : sequence of str or int, of length n_samples
        A name for each sample that does not change, such as its file name.

    classes : sequence of str or int, default=None
        All labels, in the order of their keys in the browser. A later script may add
        classes. None allows any text as a label, even misspelled text.

    multi_label : bool, default=False
        Whether a sample may have several labels, written ``a|b`` or ``a;b``, or no
        label, written ``none``. Needs `classes`.

    Attributes
    ----------
    labelled : ndarray of shape (n_labelled,), dtype=intp
        Positions in `ids` of samples with a label, ascending.

    labels : ndarray of shape (n_labelled,) or (n_labelled, n_classes)
        Their labels: entries of `classes`, or str without `classes`. With
        `multi_label`, 1 where a sample has the class and 0 elsewhere.

    open : ndarray of shape (n_open,), dtype=intp
        Positions of exported samples without an answer.

    skipped : ndarray of shape (n_skipped,), dtype=intp
        Positions of samples that a person skipped. They are not exported again.

    pool : ndarray of shape (n_pool,), dtype=intp
        Positions of all other samples, which may be exported.

    Raises
    ------
    ValueError
        If ids or classes are not unique, or if the folder has samples or labels that
        are not among `ids` and `classes`.

    Notes
    -----
    Several processes may use a folder at the same time. The attributes show the state
    at the last `export` or `read` of this object.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from modal_clustermargin.labelling import HandLabelling
    >>> folder = tempfile.mkdtemp()
    >>> labelling = HandLabelling(folder, ["a", "b", "c", "d"], classes=["cat", "dog"])
    >>> file = labelling.export([3, 1])
    >>> print(file.name, file.read_text(encoding="utf-8-sig"), sep="\\n")
    batch-001.csv
    id,label
    d,
    b,
    <BLANKLINE>
    >>> _ = file.write_text("id,label\\nd,dog\\nb,\\n")  # what a person writes
    >>> labelling.read()
    1
    >>> labelling.labelled, labelling.labels, labelling.open, labelling.pool
    (array([3]), array(['dog'], dtype='<U3'), array([1]), array([0, 2]))
    """

    def __init__(self, folder, ids, *, classes=None, multi_label=False):
        self.folder = Path(folder)
        self.ids = ids
        self.classes = classes
        self.multi_label = multi_label
        self._ids = checked_names(ids, "ids")
        self._position = {id_: i for i, id_ in enumerate(self._ids)}
        self._answers = Answers(checked_classes(classes, multi_label), multi_label)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(self.folder / ".lock")
        with self._lock:
            ledger = self._read_ledger()
            write_missing_files(self.folder, ledger, self._answers)
        self._ledger = ledger

    def __repr__(self):
        waiting = [
            f"{batch_name(number)} ({n} open)"
            for number in self._ledger.batches
            if (n := len(self._ledger.open_ids(number)))
        ]
        return (
            f"<HandLabelling in {str(self.folder)!r}: {len(self.labelled)} labelled,"
            f" {len(self.skipped)} skipped, {len(self.pool)} in the pool; waiting for"
            f" {', '.join(waiting) or 'nothing'}>"
        )

    @property
    def labelled(self):
        answers = self._ledger.answers
        return self._positions(i for i in answers if answers[i] != SKIP)

    @property
    def labels(self):
        answers = [self._ledger.answers[self._ids[i]] for i in self.labelled]
        names = self._answers.classes
        if names is None:
            return np.array(answers, dtype=str)
        if not self.multi_label:
            return np.asarray(self.classes)[[names.index(each) for each in answers]]
        sets = [set(each.split(JOINED_BY)) for each in answers]
        table = [[name in each for name in names] for each in sets]
        return np.array(table, dtype=int).reshape(len(answers), len(names))

    @property
    def open(self):
        exported = self._ledger.batch_of()
        return self._positions(i for i in exported if i not in self._ledger.answers)

    @property
    def skipped(self):
        answers = self._ledger.answers
        return self._positions(i for i in answers if answers[i] == SKIP)

    @property
    def pool(self):
        exported = self._ledger.batch_of()
        return self._positions(i for i in self._ids if i not in exported)

    def export(self, indices, *, images=None, margin=None, cluster=None, columns=None):
        """Write a batch for a person to label.

        ``batch-001.csv`` has a row for each sample with an empty ``label``;
        ``batch-001.html`` shows the samples by cluster and takes labels by keyboard;
        ``batch-001/`` has the pictures. Later batches have higher numbers.

        Parameters
        ----------
        indices : array-like of shape (n_picks,)
            Positions in `ids`, from `pool`. The batch keeps their order.

        images : array-like of shape (n_picks, h, w), (n_picks, h, w, 3) or \
(n_picks, 3, h, w), or sequence of n_picks arrays or PIL images; default=None
            Pictures of the samples. uint8 is shown as it is; other numbers are scaled
            over the batch, from black to white. A PIL image is shown as a viewer shows
            it: upright, with the colors of its palette, transparent parts in white.

        margin, cluster : array-like of shape (n_picks,), default=None
            As in ``ClusterMargin.last_query_``.

        columns : dict of str to array-like of shape (n_picks,), default=None
            Other values to show for each sample.

        Returns
        -------
        file : Path
            The CSV file. The page is ``file.with_suffix(".html")``.

        Raises
        ------
        ValueError
            If an argument is not as described, or a sample is not in the pool.
        """
        indices = checked_indices(indices, len(self._ids))
        columns = {"margin": margin, "cluster": cluster, **(columns or {})}
        columns = checked_columns(columns, images, len(indices))
        ids = [self._ids[i] for i in indices]
        pictures = None if images is None else to_pictures(images)
        with self._lock:
            ledger = self._read_ledger()
            _check_in_pool(ids, ledger)
            numbers = [*ledger.batches, *(n for n, _ in answer_files(self.folder))]
            number = max(numbers, default=0) + 1
            if pictures is not None:
                columns["image"] = write_pictures(self.folder, number, pictures)
            rows = [
                [id_, "", *(_text(values[i]) for values in columns.values())]
                for i, id_ in enumerate(ids)
            ]
            ledger.batches[number] = Batch(["id", "label", *columns], rows)
            # Write the ledger first: all files except the pictures are made from it.
            ledger.write(self._ledger_path)
            write_missing_files(self.folder, ledger, self._answers)
        self._ledger = ledger
        return self.folder / f"{batch_name(number)}.csv"

    def read(self):
        """Read the labels in the CSV files of all batches.

        Rows may be in another order, and columns added; a spreadsheet may have changed
        separators, encoding and line ends. Samples without a label stay open;
        ``skip`` is for samples that a person cannot tell. A label that has changed
        since the last `read` replaces the old one, with a warning. A label that was
        read and then deleted from the file is kept.

        Returns
        -------
        n_new : int
            Number of samples that have a label now and had none before.

        Raises
        ------
        ValueError
            If a row is invalid. The message names the file, the line, the error and the
            repair for each invalid row; nothing is read.
        """
        with self._lock:
            ledger = self._read_ledger()
            found = self._read_answers(ledger)
            before = dict(ledger.answers)
            ledger.answers.update(found)
            if ledger.answers != before:
                ledger.write(self._ledger_path)
            write_missing_files(self.folder, ledger, self._answers)
        self._ledger = ledger
        changed = [
            f"{id_!r} from {before[id_]!r} to {answer!r}"
            for id_, answer in found.items()
            if before.get(id_, answer) not in (answer, SKIP)
        ]
        if changed:
            warnings.warn(
                f"Labels have changed: {join_first(changed, '; ')}.",
                UserWarning,
                stacklevel=2,
            )
        had_none = [i for i in found if before.get(i, SKIP) == SKIP]
        return sum(found[i] != SKIP for i in had_none)

    @property
    def _ledger_path(self):
        return self.folder / "labelling.json"

    def _read_ledger(self):
        """The ledger, with answers in the spelling of `classes`."""
        ledger = Ledger.read(self._ledger_path)
        unknown = [i for i in ledger.batch_of() if i not in self._position]
        if unknown:
            raise ValueError(
                f"HandLabelling needs ids with {unknown[0]!r}, which is in a batch of"
                f" {str(self.folder)!r} ({len(unknown)} ids are missing). Give the ids"
                " of that pool, or choose another folder."
            )
        for id_, answer in ledger.answers.items():
            try:
                ledger.answers[id_] = self._answers.parse(answer)
            except ValueError as error:
                raise ValueError(
                    f"HandLabelling needs classes with {answer!r}, the label of"
                    f" {id_!r} in {str(self.folder)!r}. Add it to classes, or give"
                    " multi_label as before."
                ) from error
        return ledger

    def _read_answers(self, ledger):
        rows, errors, batch_of_file = [], [], {}
        for number, path in answer_files(self.folder):
            if number not in ledger.batches:
                errors.append(
                    f"{path.name}: this folder has no batch {number}. Move the file to"
                    " its own folder."
                )
                continue
            ids = ledger.batches[number].ids
            batch_of_file[path.name] = (batch_name(number), Names(ids))
            try:
                rows += read_answer_file(path)
            except ValueError as error:
                errors.append(str(error))
        found, more_errors = collect_answers(rows, self._answers, batch_of_file)
        errors += more_errors
        if errors:
            raise ValueError(
                f"Labels in {str(self.folder)!r} have errors; nothing was read. Correct"
                f" them and read again:\n{join_first(errors, chr(10))}"
            )
        return found

    def _positions(self, ids):
        return np.sort(np.array([self._position[i] for i in ids], dtype=np.intp))


def _check_in_pool(ids, ledger):
    exported = ledger.batch_of()
    for id_ in ids:
        if id_ in exported:
            raise ValueError(
                f"export got {id_!r}, which is in {batch_name(exported[id_])}.csv"
                " already. Choose from labelling.pool. To correct a label, change it in"
                " that file."
            )


def _text(value):
    is_real = np.asarray(value).dtype.kind == "f"
    return f"{value:.3g}" if is_real else str(value)
