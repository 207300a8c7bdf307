"""Progress bars."""

from contextlib import contextmanager


@contextmanager
def progress_bar(title, unit, total, verbose, *, n_done=0, delay=0):
    """Show a progress bar on stderr, after `delay` seconds, if `verbose`.

    Yields ``show``: ``show(n_done)`` moves the bar, and ``show(n_done, note)`` also
    puts a note behind it. `total` may be None; `n_done` units were done earlier.
    """
    if not verbose:
        yield lambda n_done, note=None: None
        return
    from tqdm.auto import tqdm

    with tqdm(desc=title, unit=unit, total=total, initial=n_done, delay=delay) as bar:

        def show(n_done, note=None):
            if note is not None:
                bar.set_postfix_str(note, refresh=False)
            bar.update(n_done - bar.n)

        yield show
