"""requirements.txt names what the product imports, and nothing else."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions

from tests.servers import ROOT

ROOMS = ("clinic", "patients", "planner")
# Needed, though nothing of ours imports them.
BY_NAME_ONLY = {
    "argon2-cffi": "Django's hasher of passwords imports it",
    "gunicorn": "is started as a command",
    "jinja2": "Django's renderer of forms imports it",
    "redis": "Celery's broker and Django's cache import it where REDIS_URL is set",
    "tzdata": "Python's zoneinfo reads it where the system has no time zones",
}
# Imported, and brought by an extra of a package that is named.
BY_AN_EXTRA = {"drf-spectacular-sidecar": "drf-spectacular[sidecar]"}


def _named() -> set[str]:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return {_plain(re.split(r"[\[=]", line)[0]) for line in lines if line and not line.startswith("#")}


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


def _imported() -> dict[str, str]:
    """Packages not of ours nor of Python, each with a file that imports it or, in the settings, names it."""
    files = [file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]
    found: dict[str, str] = {}
    for file in files:
        names = set(_imports(ast.parse(file.read_text())))
        if file.name == "settings.py":
            names |= set(_dotted(ast.parse(file.read_text())))
        found |= {name.split(".")[0]: str(file.relative_to(ROOT)) for name in names}
    return {name: file for name, file in found.items() if name not in (*ROOMS, *sys.stdlib_module_names)}


def _imports(tree: ast.AST) -> Iterator[str]:
    """At run time: what stands under TYPE_CHECKING is for mypy alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""
        elif not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)):
            yield from _imports(node)


def _dotted(tree: ast.AST) -> Iterator[str]:
    """Apps and middleware, which Django imports by their names."""
    known = packages_distributions()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            name = node.value
            if re.fullmatch(r"[a-z_]\w+(\.\w+)*", name) and name.split(".")[0] in known:
                yield name


def _packages_of(name: str) -> set[str]:
    return {_plain(each) for each in packages_distributions().get(name, [name])}


def test_every_package_that_is_imported_is_named() -> None:
    named = _named() | set(BY_AN_EXTRA)
    assert {name: file for name, file in _imported().items() if not _packages_of(name) & named} == {}
    assert all(extra in (ROOT / "requirements.txt").read_text() for extra in BY_AN_EXTRA.values())


def test_every_package_that_is_named_is_imported_or_has_a_reason() -> None:
    imported = {package for name in _imported() for package in _packages_of(name)}
    assert _named() - imported - set(BY_NAME_ONLY) == set()


def test_no_reason_is_given_for_what_is_imported_or_not_named() -> None:
    assert set(BY_NAME_ONLY) <= _named()
