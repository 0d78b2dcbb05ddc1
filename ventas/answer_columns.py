"""The columns that an answer adds to the rows of a forecast file, and what the file's own of the same name become."""

from collections.abc import Collection, Sequence

from ventas.contract import normalised

ANSWER_COLUMNS = ("Pronóstico", "Mínimo", "Máximo", "VersiónDelModelo")
_KNOWN = {normalised(name) for name in ANSWER_COLUMNS}


def kept_columns(own: Sequence[str]) -> list[int]:
    """Places of the file's `own` columns that stay: all, but of an answer that is sent again those of the old one."""
    names = [normalised(name) for name in own]
    return [at for at, name in enumerate(names) if name not in _KNOWN or not _KNOWN.issubset(names)]


def answer_columns(own: Sequence[str]) -> dict[str, str]:
    """Each of ANSWER_COLUMNS with the name that it gets beside the file's own: itself, or «Pronóstico (2)»."""
    taken = {normalised(own[at]) for at in kept_columns(own)}
    return {name: _free(name, taken) for name in ANSWER_COLUMNS}


def _free(name: str, taken: Collection[str]) -> str:
    free, number = name, 2
    while normalised(free) in taken:
        free, number = f"{name} ({number})", number + 1
    return free
