from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from chaoskit.cli import main
from chaoskit.contract import FAULTS
from tests.samples import ROOT, SHIPPED

if TYPE_CHECKING:
    from pathlib import Path

SIGMA = ROOT / "chaoskit" / "sandbox" / "detections" / "sigma"


@pytest.mark.long
def test_the_catalog_tells_which_sigma_rules_see_which_fault(capsys: pytest.CaptureFixture[str]) -> None:
    experiments = SHIPPED / "application" / "leaked-key-invocation.yaml"
    with pytest.raises(SystemExit) as ended:
        main(["catalog", "--sigma", str(SIGMA), "--experiments", str(experiments), "--json"])
    assert ended.value.code == 0
    seen = {each["fault"]: each for each in json.loads(capsys.readouterr().out)}
    assert list(seen) == FAULTS.names()
    assert seen["sagemaker.leaked-key-invocation"]["events"] == ["CreateAccessKey", "InvokeEndpoint"]
    assert seen["sagemaker.leaked-key-invocation"]["rules"] == [
        "Access key created for a user",
        "SageMaker endpoint invoked with a user's access key from outside",
        "SageMaker endpoint invoked with an access key that was just created",
    ]
    assert seen["s3.public-bucket-acl"] == {"fault": "s3.public-bucket-acl", "events": [], "rules": []}


def test_a_rule_that_cant_be_evaluated_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rule = tmp_path / "broken.yml"
    rule.write_text("title: Broken\n")
    with pytest.raises(SystemExit) as ended:
        main(["catalog", "--sigma", str(rule), "--experiments", str(SHIPPED)])
    assert ended.value.code != 0
    assert f"{rule}:1:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("iam.extend-sesion-duration", "There is no fault 'iam.extend-sesion-duration'; did you mean"),
        ("s3.share-bucket", "uses s3.share-bucket, so it has no records"),
    ],
)
def test_a_fault_without_records_is_told_before_a_sandbox_is_started(
    capsys: pytest.CaptureFixture[str], fault: str, words: str
) -> None:
    experiments = SHIPPED / "identity" / "session-duration-of-research-role.yaml"
    with pytest.raises(SystemExit) as ended:
        main(["events", fault, "--experiments", str(experiments)])
    assert ended.value.code != 0
    assert words in capsys.readouterr().err
