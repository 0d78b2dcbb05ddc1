"""What is deleted by itself because it is too old: nothing, unless a setting says so.

The sweep does it, a part at each turn; `ventas retention` does all of it at once. Files go first and the ledger notes
it after: whoever is killed in between does it once more, and finds nothing left to delete.
"""

from ventas.retention.history import delete_old, history_limit
from ventas.retention.old import deleted_sentence
from ventas.retention.parts import delete_part, kinds

__all__ = ["delete_old", "delete_part", "deleted_sentence", "history_limit", "kinds"]
