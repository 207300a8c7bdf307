"""Labels from people: batches go out as files, and their labels come back."""

from modal_clustermargin._extras import import_with_extra

__all__ = ["HandLabelling"]


def __getattr__(name):
    if name in __all__:
        module = import_with_extra(f"{__name__}._hand_labelling", "compare")
        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return [*globals(), *__all__]
