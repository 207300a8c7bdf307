"""Batches out, labels back, and where that stands."""

import warnings
from pathlib import Path

import numpy as np
from filelock import FileLock

from modal_clustermargin.labelling._answer_files import (
    read_answer_file,
)
from modal_clustermargin.labelling._answers import (
    JOINED_BY,
    SKIP,
    Answers,
    answers_of,
)
from modal_clustermargin.labelling._arguments import (
    check_columns,
    checked_indices,
    class_names,
    distinct_names,
)
from modal_clustermargin.labelling._batch_files import (
    answer_files,
    batch_name,
    write_missing_files,
    write_pictures,
)
from modal_clustermargin.labelling._ledger import Batch, Ledger
from modal_clustermargin.labelling._spelling import Names

_N_SHOWN = 10  # faults in one message


class HandLabelling:
    """Labels by a person, kept in a folder.

    `export` writes a batch for a person to label, in a spreadsheet or in the browser;
    `read` takes the labels back. In between, the script may end: another that is given
    the same folder and ids goes on from there. The same holds after a kill.

    Parameters
    ----------
    folder : path-like
        Made if it is not there. A pool has one of its own.

    ids : sequence of str or int, of length n_samples
        A name for each sample that stays the same, such as that of its file.

    classes : sequence of str or int, default=None
        Labels that there are, in the order of their keys in the browser. Others may be
        added later. None takes whatever is written for a label, mistypings as well.

    multi_label : bool, default=False
        Whether a sample may have several labels, written ``a|b`` or ``a;b``, or none of
        them, written ``none``. Needs `classes`.

    Attributes
    ----------
    labelled : ndarray of shape (n_labelled,), dtype=intp
        Positions in `ids` of samples with a label, ascending.

    labels : ndarray of shape (n_labelled,) or (n_labelled, n_classes)
        Their labels: entries of `classes`, or str if there are none; with
        `multi_label`, 1 where a sample has the class and 0 elsewhere.

    open : ndarray of shape (n_open,), dtype=intp
        Those that were exported and have no answer yet.

    skipped : ndarray of shape (n_skipped,), dtype=intp
        Those that a person could not tell. They are not asked for again.

    pool : ndarray of shape (n_pool,), dtype=intp
        All others: what may be exported.

    Raises
    ------
    ValueError
        If ids or classes are not different from each other, or the folder belongs to
        other ones.

    Notes
    -----
    Two processes may use a folder at the same time. The attributes are those of the
    last `export` or `read` of this object.

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
    >>> _ = file.write_text("id,label\\nd,dog\\nb,\\n")  # what a person does
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
        self._ids = distinct_names(ids, "ids", "Give each sample a name of its own")
        self._position = {id_: i for i, id_ in enumerate(self._ids)}
        self._answers = Answers(class_names(classes, multi_label), multi_label)
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
        return self._positions(
            i for i, answer in self._ledger.answers.items() if answer != SKIP
        )

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
        asked = self._ledger.batch_of()
        return self._positions(i for i in asked if i not in self._ledger.answers)

    @property
    def skipped(self):
        return self._positions(
            i for i, answer in self._ledger.answers.items() if answer == SKIP
        )

    @property
    def pool(self):
        asked = self._ledger.batch_of()
        return self._positions(i for i in self._ids if i not in asked)

    def export(self, indices, *, images=None, margin=None, cluster=None, columns=None):
        """Write a batch for a person to label.

        ``batch-001.csv`` has a row for each sample, with nothing under ``label``;
        ``batch-001.html`` shows them, samples of a cluster together, and takes labels
        by keyboard; ``batch-001/`` has the pictures. Numbers go up.

        Parameters
        ----------
        indices : array-like of shape (n_picks,)
            Positions in `ids`, out of `pool`. The batch keeps their order.

        images : array-like of shape (n_picks, h, w), (n_picks, h, w, 3) or \
(n_picks, 3, h, w), or sequence of n_picks arrays or PIL images; default=None
            What a person looks at. uint8 is shown as it is; other numbers are
            stretched over the batch, from black to white.

        margin, cluster : array-like of shape (n_picks,), default=None
            As ``ClusterMargin.last_query_`` has them.

        columns : dict of str to array-like of shape (n_picks,), default=None
            What else is to be told of each sample.

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
        told = {"margin": margin, "cluster": cluster, **(columns or {})}
        told = {
            name: list(np.atleast_1d(values))
            for name, values in told.items()
            if values is not None
        }
        check_columns(told, images, len(indices))
        ids = [self._ids[i] for i in indices]
        if images is not None:
            from modal_clustermargin.labelling._pictures import (
                as_pictures,
            )

            pictures = as_pictures(images)
        with self._lock:
            ledger = self._read_ledger()
            _check_not_asked(ids, ledger)
            taken = [*ledger.batches, *(n for n, _ in answer_files(self.folder))]
            number = max(taken, default=0) + 1
            if images is not None:
                told["image"] = write_pictures(self.folder, number, pictures)
            rows = [
                [id_, "", *(_text(values[i]) for values in told.values())]
                for i, id_ in enumerate(ids)
            ]
            ledger.batches[number] = Batch(["id", "label", *told], rows)
            # From here on the batch is there; the rest can be made again.
            ledger.write(self._ledger_path)
            write_missing_files(self.folder, ledger, self._answers)
        self._ledger = ledger
        return self.folder / f"{batch_name(number)}.csv"

    def read(self):
        """Take back what has been answered in the CSV files of all batches.

        Rows may be in another order, columns added; a spreadsheet may have changed
        separators, encoding and line ends. Samples without a label stay open, and
        ``skip`` is for those that cannot be told. A label that differs from the one
        read before replaces it, with a warning; one that was deleted stays.

        Returns
        -------
        n_new : int
            How many samples have a label that had none before.

        Raises
        ------
        ValueError
            If a row cannot be meant so. Says for each which file and line, what is
            wrong, and how to mend it. Nothing has been taken then.
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
                f"Labels read before were corrected: {_first(changed, '; ')}.",
                UserWarning,
                stacklevel=2,
            )
        had_none = [i for i in found if before.get(i, SKIP) == SKIP]
        return sum(found[i] != SKIP for i in had_none)

    @property
    def _ledger_path(self):
        return self.folder / "labelling.json"

    def _read_ledger(self):
        """The ledger, with answers in the words of the classes of today."""
        ledger = Ledger.read(self._ledger_path)
        unknown = [i for i in ledger.batch_of() if i not in self._position]
        if unknown:
            raise ValueError(
                f"HandLabelling was given no id {unknown[0]!r}, but"
                f" {str(self.folder)!r} has it in a batch ({len(unknown)} such). Give"
                " the ids of that pool, or name another folder."
            )
        for id_, answer in ledger.answers.items():
            try:
                ledger.answers[id_] = self._answers.parse(answer)
            except ValueError as error:
                raise ValueError(
                    f"HandLabelling was given classes without {answer!r}, the label of"
                    f" {id_!r} in {str(self.folder)!r}. Add it to classes, or give"
                    " multi_label as it was."
                ) from error
        return ledger

    def _read_answers(self, ledger):
        rows, faults, names_of_batch = [], [], {}
        for number, path in answer_files(self.folder):
            if number not in ledger.batches:
                faults.append(
                    f"{path.name}: no batch {number} was exported here. Move the file"
                    " to the folder it belongs to."
                )
                continue
            ids = ledger.batches[number].ids
            names_of_batch[path.name] = (batch_name(number), Names(ids))
            try:
                rows += read_answer_file(path)
            except ValueError as error:
                faults.append(str(error))
        found, more_faults = answers_of(rows, self._answers, names_of_batch)
        faults += more_faults
        if faults:
            raise ValueError(
                f"Not all in {str(self.folder)!r} can be read; nothing was taken. Mend"
                f" this, and read again:\n{_first(faults, chr(10))}"
            )
        return found

    def _positions(self, ids):
        return np.sort(np.array([self._position[i] for i in ids], dtype=np.intp))


def _check_not_asked(ids, ledger):
    asked = ledger.batch_of()
    for id_ in ids:
        if id_ in asked:
            raise ValueError(
                f"export was given {id_!r}, which is in {batch_name(asked[id_])}.csv"
                " already. Choose from labelling.pool; to correct its label, change it"
                " there."
            )


def _text(value):
    is_real = np.asarray(value).dtype.kind == "f"
    return f"{value:.3g}" if is_real else str(value)


def _first(texts, between):
    shown = between.join(texts[:_N_SHOWN])
    more = len(texts) - _N_SHOWN
    return f"{shown}{between}and {more} more" if more > 0 else shown
