from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import chaoskit.policy

PACKAGE = Path(chaoskit.policy.__file__).parent
README = PACKAGE / "README.md"


def test_every_example_of_the_readme_runs() -> None:
    examples = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(examples) >= 2
    for example in examples:
        exec(compile(example, str(README), "exec"), {})  # noqa: S102 - our own documentation


def test_the_library_imports_itself_and_the_standard_library_only() -> None:
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Import():
                    names = [alias.name for alias in node.names]
                case ast.ImportFrom():
                    assert node.level == 0
                    names = [node.module or ""]
                case _:
                    continue
            for name in names:
                known = name.partition(".")[0] in sys.stdlib_module_names
                assert known or f"{name}.".startswith("chaoskit.policy."), f"{path.name} imports {name}"


def test_every_public_name_is_described_in_the_readme() -> None:
    text = README.read_text()
    assert [name for name in chaoskit.policy.__all__ if name not in text] == []
