"""How pages keep themselves up to date: at one pace while all is well, slower while the API fails."""

import hashlib
import json
from typing import Any

LIVE_MILLISECONDS = 2_000
SLOW_MILLISECONDS = 10_000


def mark(data: Any) -> str:
    """A short mark of JSON-like data, equal for equal data: a page redraws only when it changed."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2s(text.encode(), digest_size=8).hexdigest()
