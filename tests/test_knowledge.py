from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chaoskit.knowledge import KINDS, catalog

if TYPE_CHECKING:
    from chaoskit.knowledge import Kind

every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
def test_a_catalog_says_of_which_version_it_is_and_where_it_comes_from(kind: Kind) -> None:
    known = catalog(kind)
    assert known.name
    assert known.version
    assert known.source
    assert all(entry.name for entry in known.entries.values())


@every_kind
def test_an_alias_leads_to_an_entry_and_hides_none(kind: Kind) -> None:
    known = catalog(kind)
    assert all(target in known.entries for target in known.aliases.values())
    assert not set(known.aliases) & set(known.entries)


def test_attack_has_as_many_techniques_as_the_release_notes_of_v19_count() -> None:
    ids = catalog("attack").entries
    assert (sum("." not in each for each in ids), sum("." in each for each in ids)) == (222, 475)


def test_a_technique_of_v18_is_found_under_its_id_of_v19() -> None:
    found = catalog("attack").find("T1562.008")
    assert found is not None
    assert (found.id, found.url) == ("T1685.002", "https://attack.mitre.org/techniques/T1685/002")


def test_what_nobody_publishes_is_not_found() -> None:
    assert [catalog(kind).find("T9999") for kind in KINDS] == [None] * len(KINDS)


def test_every_control_belongs_to_a_standard_with_a_source() -> None:
    known = catalog("compliance")
    assert all(any(each.startswith(f"{standard}-") for standard in known.sources) for each in known.entries)


def test_a_control_of_2013_names_its_successors_of_2022() -> None:
    known = catalog("compliance")
    old = [entry for entry in known.entries.values() if entry.id.startswith("ISO27001-A.")]
    assert all(known.find(each) for entry in old for each in entry.successors)
    found = known.find("ISO27001-A.9.4")
    assert found is not None
    assert found.successors == ("ISO27001-2022-8.3",)


def test_every_technique_of_attack_and_atlas_has_a_tactic_of_its_matrix() -> None:
    for known in (catalog("attack"), catalog("atlas")):
        assert [entry.id for entry in known.entries.values() if not entry.tactics] == []
        assert {tactic for entry in known.entries.values() for tactic in entry.tactics} <= set(known.tactics)


def test_a_sub_technique_serves_the_tactics_of_its_technique_as_v19_has_them() -> None:
    known = catalog("attack")
    found = {each: known.entries[each].tactics for each in ("T1685.002", "T1078.004", "T1098.003")}
    assert found == {
        "T1685.002": ("Defense Impairment",),
        "T1078.004": ("Initial Access", "Persistence", "Privilege Escalation", "Stealth"),
        "T1098.003": ("Persistence", "Privilege Escalation"),
    }
    assert catalog("atlas").entries["AML.T0051.000"].tactics == ("Execution",)
