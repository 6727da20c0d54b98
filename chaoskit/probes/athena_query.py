"""Looks whether an Athena query finds what the fault did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from chaoskit.aws import Query
from chaoskit.contract import Observation, Probe, Template, probe
from chaoskit.probes._findings import moment, tied
from chaoskit.probes._polling import polled
from chaoskit.probes._templates import Filler, unknown

if TYPE_CHECKING:
    from chaoskit.aws import Reader
    from chaoskit.contract import Trace

_READS_AND_WRITES: Final = (
    *(f"glue:{name}" for name in ("GetDatabase", "GetDatabases", "GetTable", "GetTables")),
    *(f"glue:{name}" for name in ("GetPartition", "GetPartitions", "BatchGetPartition")),
    *(f"s3:{name}" for name in ("GetBucketLocation", "ListObjectsV2", "GetObject")),
    # UploadPart needs s3:PutObject.
    *(f"s3:{name}" for name in ("UploadPart", "ListParts", "ListMultipartUploads", "AbortMultipartUpload")),
)
_RUNNING: Final = ("QUEUED", "RUNNING")
_MOST_POLLS: Final = 120
_CANARY: Final = "SELECT 'chaoskit' AS canary"


@probe("athena.query")
class AthenaQuery(Probe):
    """The query answers a row that stems from this run.

    The query must select what ties a row to the run: of CloudTrail's table `useragent`, `requestid` or
    `useridentity.arn`; `${run.trace_id}`, `${run.session}` and `${run.since}` help it to search. Only a
    place that really evaluates SQL is asked: a canary must come back, which it does not from an
    emulator that knows no SQL. Athena reads tables from Glue and S3 and writes results as its caller.

    Attributes:
        query: The SQL.
        workgroup: The workgroup, with its output location.
        database: The database of unqualified tables.
        output: `s3://...`, when the workgroup names none.
        timestamp: The column with a row's time; without it the time is the look's.
        calls: What the query needs beyond that, as `service:Operation`, such as `kms:Decrypt`.
    """

    query: Template
    workgroup: str = "primary"
    database: str | None = None
    output: str | None = None
    timestamp: str | None = None
    calls: tuple[str, ...] = ()

    example: ClassVar = {
        "query": Template("SELECT * FROM trail WHERE useragent LIKE '%${run.trace_id}%'"),
    }
    reads = ("athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults")

    def lends(self) -> tuple[str, ...]:
        """What Athena calls with the run's permissions, for the query and for its results.

        Source: Athena User Guide, "Control access to Amazon S3 from Athena" and "Configure access to
        databases and tables in the AWS Glue Data Catalog"; the managed policy AmazonAthenaFullAccess.
        """
        return (*_READS_AND_WRITES, *self.calls)

    def __post_init__(self) -> None:
        """Refuse what can't be filled; secrets have no place in SQL, which Athena keeps."""
        if names := unknown(self.query):
            raise ValueError(f"there is no ${{run.{names[0]}}}")
        if "${env." in self.query:
            raise ValueError("a query takes nothing from the environment: Athena keeps its text")

    def ready(self, aws: Reader) -> Observation:
        """SQL is evaluated: a canary comes back."""
        rows = self._ask(aws, _CANARY)
        sings = isinstance(rows, list) and [row.get("canary") for row in rows] == ["chaoskit"]
        return Observation(
            holds=sings,
            summary="Athena evaluates queries"
            if sings
            else f"Athena does not evaluate SQL here: {_CANARY!r} answered {rows!r}",
        )

    def look(self, aws: Reader, trace: Trace) -> Observation:
        """Run the query, and compare its rows with the run's calls."""
        rows = self._ask(aws, Filler(trace).fill(self.query))
        if isinstance(rows, str):
            return Observation(holds=None, summary=f"the query is {rows}")
        for row in rows:
            at = moment(row.get(self.timestamp)) if self.timestamp else None
            if tie := tied(row, trace, at):
                return Observation(
                    holds=True,
                    summary=f"the query found {tie.attempt.call.operation}",
                    evidence={"rows": len(rows), "row": row, "tied_by": tie.by},
                    at=at,
                    cause=tie.attempt.at,
                    final=True,
                )
        return Observation(holds=False, summary=f"none of the query's {len(rows)} rows is of this run")

    def _ask(self, aws: Reader, sql: str) -> list[dict[str, str | None]] | str:
        """The rows by column, or how the query ended otherwise."""
        where: dict[str, Any] = {"QueryString": sql, "WorkGroup": self.workgroup}
        if self.database:
            where["QueryExecutionContext"] = {"Database": self.database}
        if self.output:
            where["ResultConfiguration"] = {"OutputLocation": self.output}
        execution = aws.read(Query("athena", "StartQueryExecution", where, "QueryExecutionId"))
        status = _finished(aws, execution) if execution else None
        if not status or status["State"] != "SUCCEEDED":
            why = (status or {}).get("StateChangeReason", "")
            state = status["State"] if status else "not begun"
            return f"{state}: {why}" if why else str(state)
        found = aws.read(
            Query("athena", "GetQueryResults", {"QueryExecutionId": execution}, "ResultSet.Rows[].Data")
        )
        # Results of a SELECT begin with a row of the columns' names (Athena API Reference, GetQueryResults).
        head, *rows = [[cell.get("VarCharValue") for cell in row] for row in found or [[]]]
        return [dict(zip(map(str, head), row, strict=False)) for row in rows]


def _finished(aws: Reader, execution: str) -> Any:
    """The execution's status once it has ended, or where it is after half a minute."""
    asked = Query("athena", "GetQueryExecution", {"QueryExecutionId": execution}, "QueryExecution.Status")
    return polled(aws, asked, lambda status: bool(status) and status["State"] in _RUNNING, _MOST_POLLS)
