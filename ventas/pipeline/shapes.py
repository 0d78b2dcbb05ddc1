"""Whether a new file lacks what the champion learnt from."""

from ventas.ledger import Promotion
from ventas.pipeline.context import Context
from ventas.quality import Report
from ventas.remarks import Remark
from ventas.shape import lost


def lost_to(context: Context, head: Promotion | None, report: Report | None) -> list[Remark]:
    """What the champion that `head` made knows and a file with this quality report does not tell."""
    trained = context.ledger.queries.run_of_version(head.model_version) if head else None
    if head is None or trained is None or not trained.quality or not report:
        return []
    return lost(head.model_version, trained.quality, report)
