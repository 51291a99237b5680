"""The house keeps its own rules; what is counted here is never more than it was."""

import ast
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.servers import ROOT

OURS = ("clinic", "patients", "planner")
NAMED_BY_DJANGO = {"Command", "Meta"}
LONGEST_FILE, LONGEST_FUNCTION, LONGEST_LINE = 400, 40, 120


def _files(*patterns: str) -> Iterator[Path]:
    told = subprocess.run(
        ["git", "ls-files", "--", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    yield from (ROOT / name for name in told.split() if "/migrations/" not in name and (ROOT / name).exists())


def _ours() -> Iterator[Path]:
    return _files(*(f"{app}/*.py" for app in OURS))


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_no_class_name_is_used_twice() -> None:
    homes: defaultdict[str, list[str]] = defaultdict(list)
    for path in _ours():
        for node in _tree(path).body:
            if isinstance(node, ast.ClassDef) and node.name not in NAMED_BY_DJANGO:
                homes[node.name].append(str(path.relative_to(ROOT)))
    assert {name: found for name, found in homes.items() if len(found) > 1} == {}


def test_no_file_of_ours_is_too_long() -> None:
    files = [*_ours(), *_files("tests/*.py")]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in files}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_too_long() -> None:
    too_long = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in _ours()
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef) and _length(node) > LONGEST_FUNCTION
    ]
    assert too_long == []


def _length(node: ast.FunctionDef) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def test_no_line_of_a_template_is_too_long() -> None:
    too_long = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in _files("templates")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if len(line) > LONGEST_LINE
    ]
    assert too_long == []


def test_no_dict_goes_to_a_template() -> None:
    """A page is drawn from one value by `show_page`, which alone calls Django's `render`."""
    drawn = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in _ours()
        for call in ast.walk(_tree(path))
        if isinstance(call, ast.Call) and _draws_from_a_dict(call)
    ]
    assert [place.rpartition(":")[0] for place in drawn] == ["clinic/views/answer.py"], drawn


def _draws_from_a_dict(call: ast.Call) -> bool:
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    if name in ("render", "TemplateResponse") and isinstance(call.func, ast.Name):
        return len(call.args) > 1
    given = [*call.args, *(each.value for each in call.keywords)]
    is_page = name in ("show_page", "answer_form")
    return is_page and any(isinstance(each, ast.Dict | ast.DictComp) for each in given)
