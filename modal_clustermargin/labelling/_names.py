"""Names as people and spreadsheets write them."""

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches


def plain(text):
    """A text with single blanks between words, in the NFC form of Unicode."""
    return unicodedata.normalize("NFC", " ".join(str(text).split()))


def join_first(texts, between=", ", n_shown=10):
    """The first texts, joined, and the number of the others."""
    shown = between.join(texts[:n_shown])
    n_more = len(texts) - n_shown
    return f"{shown}{between}and {n_more} more" if n_more > 0 else shown


class Names:
    """Find the name that a person means.

    Additional blanks are ignored. Differences in case and in the form of numbers (``7``
    for ``007``) are ignored if only one name fits, because spreadsheets change both.
    """

    def __init__(self, names):
        self._names = {plain(name): name for name in names}
        self._by_case = _unambiguous(self._names, str.casefold)
        self._by_number = _unambiguous(self._names, _number)

    def find(self, text):
        """The name, or None."""
        text = plain(text)
        by_number = self._by_number.get(_number(text))
        by_case = self._by_case.get(text.casefold(), by_number)
        return self._names.get(text, by_case)

    def suggestion(self, text):
        """A sentence with the most similar name that has the same digits, or ""."""
        text = plain(text).casefold()
        digits = re.findall(r"\d", text)
        folded = {name.casefold(): name for name in self._names}
        alike = [name for name in folded if re.findall(r"\d", name) == digits]
        close = get_close_matches(text, alike, n=1)
        return f" Did you mean {self._names[folded[close[0]]]!r}?" if close else ""


def _unambiguous(names, key):
    """Names by key, without keys that several names share."""
    by_key = {}
    for text, name in names.items():
        by_key.setdefault(key(text), []).append(name)
    by_key.pop(None, None)
    return {key: found[0] for key, found in by_key.items() if len(found) == 1}


def _number(text):
    # As floats, long ids that differ in the last digit would be equal.
    try:
        number = Decimal(text) if "_" not in text else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None
