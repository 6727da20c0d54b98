from __future__ import annotations

from tests.reliability.ledger import KEPT, Ledger


def test_what_is_kept_of_the_proofs_tells_of_nothing_left_behind() -> None:
    ledgers = [Ledger(file.stem, str(KEPT)) for file in KEPT.glob("*.jsonl")]
    assert all(map(len, ledgers))
    assert [ledger.wrong() for ledger in ledgers if ledger.wrong()] == []
