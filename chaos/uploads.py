"""Sales files of 60 rows, no two alike, and the batch of them that is under way when a fault strikes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from random import Random

from chaos.site import Site
from ventas.ledger import Run
from ventas.states import FINAL_STATES

ROWS = 60
FIRST_DAY = date(2024, 1, 1)
# Of every batch so many versions go to one key: of these only the newest need be trained.
SAME_KEY_SHARE = 0.3


@dataclass(frozen=True)
class Upload:
    """One object version that MinIO has acknowledged."""

    key: str
    version_id: str


@dataclass
class Batch:
    """The uploads that belong to one fault; `total` of them will be made."""

    site: Site
    name: str
    total: int
    uploads: list[Upload] = field(default_factory=list)

    def put(self, number: int) -> None:
        """Make the next `number` uploads, or as many as are left."""
        for key in self._keys()[len(self.uploads) :][:number]:
            self.uploads.append(Upload(key, self.site.put(key, sales_file(next(_seeds)))))

    def put_rest(self) -> None:
        """Make all uploads that are left."""
        self.put(self.total - len(self.uploads))

    def _keys(self) -> list[str]:
        same = int(self.total * SAME_KEY_SHARE)
        distinct = [f"{self.name}/{number}/ventas.csv" for number in range(self.total - same)]
        return distinct + [f"{self.name}/again/ventas.csv"] * same

    def __contains__(self, run: Run) -> bool:
        return Upload(run.key, run.version_id) in self.uploads

    def all_final(self) -> bool:
        """Whether each upload has a run that has come to its end."""
        # The newest upload ends last, mostly: one look tells that it is too early.
        return all(
            any(run.status in FINAL_STATES for run in self.site.runs_of(upload.key, upload.version_id))
            for upload in reversed(self.uploads)
        )


_seeds: Iterator[int] = count()


def sales_file(seed: int) -> bytes:
    """A CSV of sixty days whose sales depend on weekday and promotion, with noise of its own."""
    chance = Random(seed)  # noqa: S311 - no secret
    lines = ["Fecha,DíaDeLaSemana,Promociones,Festivo,Ventas"]
    for number in range(ROWS):
        day = FIRST_DAY + timedelta(days=number)
        weekday, promotion = day.isoweekday(), chance.randint(0, 1)
        sales = 1000 + 100 * weekday + 300 * promotion + chance.gauss(0, 40)
        lines.append(f"{day},{weekday},{promotion},{int(weekday == 7)},{sales:.2f}")
    return ("\n".join(lines) + "\n").encode()
