"""The shapes of requests and answers about uploads: an address to send a file to, and what its head tells."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import LARGEST_ID, left_out
from api.schemas_models import LossAnswer
from ventas.contract import Kind
from ventas.preview import HEAD_BYTES, Verdict

KindName = Literal["sales", "forecast"]
_NAME = "Sales: *ventas*.csv or *ventas*.csv.gz; days to forecast: *.csv or *.csv.gz. Without folders."


class UploadRequest(BaseModel):
    """The file that is to be sent."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"example": {"name": "ventas.csv"}}
    )

    name: str = Field(min_length=1, max_length=255, description=_NAME)
    kind: KindName = Field("sales", description="Whether it holds sales, or days to forecast.")
    size: int | None = Field(None, ge=0, le=LARGEST_ID, description="Its size in bytes, to be checked.")


class UploadAnswer(BaseModel):
    """Where to send the file. Whoever knows `url` may send one until it expires, and needs nothing else."""

    bucket: str
    key: str
    kind: Kind
    url: str = Field(description="A presigned URL of the S3 server, as browsers reach it.")
    method: Literal["PUT"] = "PUT"
    expires_at: datetime = Field(description="Until when the sending must have begun.")
    max_bytes: int = Field(description="A larger file is stored, and then rejected.")
    issued_at: datetime = Field(description="Now; no run of this file can be older.")


class PreviewQuery(BaseModel):
    """Of which file the body is the head."""

    kind: Kind = Field(Kind.SALES, description="Whether it holds sales, or days to forecast.")
    size: int | None = left_out(
        "Size of the whole file in bytes; that of the body unless given.", ge=0, le=LARGEST_ID
    )


class PreviewColumn(BaseModel):
    """A column of the file."""

    name: str
    role: str | None = Field(description="As the quality report says; null where the head does not tell.")


class PreviewAnswer(BaseModel):
    """What the head of a file tells about the whole of it."""

    model_config = ConfigDict(from_attributes=True)

    verdict: Verdict = Field(
        description="good: it will be taken; doubtful: many of its first rows are bad; bad: it will be rejected; "
        "unknown: the head tells too little."
    )
    complete: bool = Field(description="Whether the body was the whole file.")
    columns: list[PreviewColumn]
    rows: list[list[str]] = Field(description="The first rows as text, in the order of `columns`.")
    report: dict[str, Any] = Field(description="Quality report of the head, with `rejection` if it is bad.")
    losses: list[LossAnswer] = Field(
        default_factory=list,
        description="What the champion knows and the file lacks; of the head of a larger file, columns alone.",
    )


HEAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {
                "schema": {"type": "string", "format": "binary", "maxLength": HEAD_BYTES}
            }
        },
    }
}
