"""Labels from people: batches go out as files, and their labels come back."""

from modal_clustermargin._extras import lazy_names

__all__, __getattr__, __dir__ = lazy_names(
    __name__, {"_hand_labelling": ("HandLabelling",)}, extra="compare"
)
