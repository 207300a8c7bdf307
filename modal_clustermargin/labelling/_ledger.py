"""What was asked and what was answered, in one file.

Everything else in a folder of labels can be made again from it, but for pictures and
for what a person has written since.
"""

import json
from dataclasses import asdict, dataclass, field

from modal_clustermargin._whole_files import written_whole

_FORMAT = 1


@dataclass
class Batch:
    """Samples that were asked for together.

    Attributes
    ----------
    columns : list of str
        Of its CSV file: "id", "label", and what is told of the samples.

    rows : list of list of str
        One for each sample; nothing under "label".
    """

    columns: list
    rows: list

    @property
    def ids(self):
        """Its samples, in the order of the rows: list of str."""
        return [row[0] for row in self.rows]


@dataclass
class Ledger:
    """Batches and answers.

    Attributes
    ----------
    batches : dict of int to Batch
        By their numbers, from 1.

    answers : dict of str to str
        By id: a class, several joined by "|", or one of the words that are none.
    """

    batches: dict = field(default_factory=dict)
    answers: dict = field(default_factory=dict)

    @classmethod
    def read(cls, path):
        """The ledger in a file; an empty one if there is no file."""
        if not path.exists():
            return cls()
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if found["format"] != _FORMAT:
                raise ValueError(f"format {found['format']!r}")
            batches = {int(n): Batch(**batch) for n, batch in found["batches"].items()}
            return cls(batches, dict(found["answers"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{path} is not what HandLabelling wrote ({error}). Put its last copy"
                " back, or name another folder; the labels in the batch-*.csv files"
                " are not lost."
            ) from error

    def write(self, path):
        """Put it into a file, whole or not at all."""
        content = {"format": _FORMAT, **asdict(self)}
        with written_whole(path) as file:
            file.write(json.dumps(content, indent=1, ensure_ascii=False).encode())

    def batch_of(self):
        """The number of the batch that each sample is in: dict of str to int."""
        return {i: number for number, batch in self.batches.items() for i in batch.ids}

    def open_ids(self, number):
        """Samples of a batch that have no answer yet: list of str."""
        return [i for i in self.batches[number].ids if i not in self.answers]
