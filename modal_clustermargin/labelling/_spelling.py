"""Names as a person, or a spreadsheet, writes them."""

import unicodedata
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches


def plain(text):
    """A text with single blanks between its words, and none around them.

    Letters with accents are single characters in it, however they were typed.
    """
    return unicodedata.normalize("NFC", " ".join(str(text).split()))


class Names:
    """Names to be known again.

    A name is found by what `plain` leaves of it. Failing that, upper and lower case
    may differ, and numbers may be written otherwise (``7`` for ``007``), as long as
    that leaves no choice: spreadsheets write so of themselves.

    Parameters
    ----------
    names : iterable of str
        Different from each other when plain.
    """

    def __init__(self, names):
        self._names = {plain(name): name for name in names}
        self._by_case = _unambiguous(self._names, str.casefold)
        self._by_number = _unambiguous(self._names, _number)

    def find(self, text):
        """The name that is meant, or None."""
        text = plain(text)
        if text in self._names:
            return self._names[text]
        if (folded := text.casefold()) in self._by_case:
            return self._by_case[folded]
        return self._by_number.get(_number(text))

    def nearest(self, text):
        """The name that is most like a text, or None if none is like it.

        Its digits are those of the text: ``img-17`` is no mistyped ``img-16``.
        """
        text = plain(text).casefold()
        folded = {
            name.casefold(): name
            for name in self._names
            if _digits(name) == _digits(text)
        }
        close = get_close_matches(text, folded, n=1)
        return self._names[folded[close[0]]] if close else None


def _digits(text):
    return [sign for sign in text if sign.isdigit()]


def _unambiguous(names, key):
    """The names by a key that only one of them has; no key is None."""
    keys = [(key(text), name) for text, name in names.items()]
    of_one = {}
    for found, name in keys:
        of_one.setdefault(found, []).append(name)
    return {
        found: of[0]
        for found, of in of_one.items()
        if found is not None and len(of) == 1
    }


def _number(text):
    # Decimal: long ids that differ in the last digit are one float.
    try:
        number = Decimal(text) if "_" not in text else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None
