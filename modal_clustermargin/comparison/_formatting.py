"""Numbers and lists as text, for the page and the text report."""

import numpy as np


def format_percent(share):
    """A share as percent: "93.1 %"."""
    return f"{format_percent_number(share)} %"


def format_percent_number(share):
    """A share as percent, without the unit: "93.1"."""
    return _format(100 * share, ".1f")


def format_points(difference):
    """A difference of shares in percentage points, with its sign: "+1.84"."""
    return _format(100 * difference, "+.2f")


def format_count(value):
    """A count: "1,234"."""
    return _format(value, ",.0f")


def format_amount(value):
    """Seconds, MiB or money, with about three digits: "0.123", "12.3", "1,234"."""
    if value == 0:
        return "0"
    return _format(value, f",.{sum(abs(value) < limit for limit in (1, 10, 100))}f")


def format_interval(estimate, form, name=""):
    """ " (+1.20 to +2.48)" after a name, or nothing if there is no interval."""
    if np.isnan(estimate.low):
        return ""
    return f" ({name}{form(estimate.low)} to {form(estimate.high)})"


def with_interval(estimate, form):
    """ "+1.84 (+1.20 to +2.48)", or the value alone if there is no interval."""
    return form(estimate.value) + format_interval(estimate, form)


def join_names(names):
    """ "a", "a and b", "a, b and c"."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def count_of(n, noun):
    """ "1 seed", "3 seeds"."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _format(value, form):
    if np.isnan(value):
        return "–"  # noqa: RUF001 an en dash
    text = format(value, form)
    if not text.strip("+-0.,"):  # rounded to zero: no sign
        text = text.lstrip("+-")
    return text.replace("-", "−")  # noqa: RUF001 a minus sign
