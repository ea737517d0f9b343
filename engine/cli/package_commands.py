"""bulkfhir packages: which FHIR packages are here, what is in them, and one more or less for the
standard cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import orjson

from bulkfhir.validators.definitions.package import Package, open_package
from bulkfhir.validators.definitions.standard_cache import (
    find,
    install,
    installed,
    locate,
    remove,
    standard_cache,
)

from . import options
from .option_types import Location

__all__ = ["command"]

_CORE = "hl7.fhir.r4.core"


@click.group()
def command() -> None:
    """FHIR packages (implementation guides): list, add and show them."""


@command.command("list", short_help="List the packages of the standard cache.")
@options.as_json
def list_packages(*, as_json: bool) -> None:
    """List the packages of the standard cache (~/.fhir/packages): what --package NAME#VERSION
    finds.
    """
    names = [path.name for path in installed()]
    if as_json:
        click.echo(
            orjson.dumps(
                {"cache": str(standard_cache()), "packages": names}, option=orjson.OPT_INDENT_2
            )
        )
        return
    if not names:
        click.echo(
            f"no packages in {standard_cache()}; add one: bulkfhir packages add PACKAGE.tgz",
            err=True,
        )
    for name in names:
        click.echo(name)


@command.command(short_help="Put a package into the standard cache.")
@click.argument("package", type=Location())
@click.option(
    "--registry",
    metavar="URL",
    help="Registry that NAME#VERSION comes from.  [default: none]",
)
def add(package: str, *, registry: str | None) -> None:
    """Put PACKAGE into the standard cache, where --package and other packages' dependencies find
    it: a .tgz, an unpacked folder, or a NAME#VERSION of the registry.
    """
    path = Path(package).expanduser()
    if path.exists() or "/" in package or path.suffix == ".tgz":
        click.echo(install(path).name)
        return
    name, _, version = package.replace("@", "#").partition("#")
    if registry is None:
        raise click.UsageError(
            f"{package}: no such file or folder; for a package of a registry name that by "
            "--registry URL, BULKFHIR_REGISTRY or the configuration file: none is built in"
        )
    from bulkfhir.validators.definitions.registry import install_from

    click.echo(install_from(registry, name, version or "latest").name)


@command.command("rm", short_help="Remove a package from the standard cache.")
@click.argument("package")
def remove_package(package: str) -> None:
    """Remove PACKAGE, a NAME#VERSION, from the standard cache."""
    click.echo(f"removed {remove(package)}")


@command.command(short_help="Show what is in a package.")
@click.argument("package", type=Location())
@options.as_json
def show(package: str, *, as_json: bool) -> None:
    """Show PACKAGE, a NAME#VERSION of the standard cache, a .tgz or a folder: its dependencies,
    profiles, extensions and terminology.
    """
    found = open_package(locate(package))
    if as_json:
        click.echo(orjson.dumps(_described(found), option=orjson.OPT_INDENT_2))
        return
    for line in _lines(found):
        click.echo(line)


def _described(package: Package) -> dict[str, object]:
    return {
        "name": package.name,
        "version": package.version,
        "title": package.title,
        "path": str(package.path),
        "fhirVersions": list(package.fhir_versions),
        "dependencies": dict(package.dependencies),
        "missing": _missing(package),
        "definitions": {
            kind: _urls(package, kind) for kind in ("StructureDefinition", "ValueSet", "CodeSystem")
        },
    }


def _missing(package: Package) -> list[str]:
    return [
        f"{name}#{version}"
        for name, version in package.dependencies.items()
        if name != _CORE and find(name, version) is None
    ]


def _urls(package: Package, kind: str) -> list[dict[str, str]]:
    entries = []
    for resource in package.definitions.all(kind):
        entry = {"url": resource["url"], "version": resource.get("version", "")}
        if "type" in resource:
            entry["type"] = resource["type"]
        entries.append(entry)
    return entries


def _lines(package: Package) -> Iterator[str]:
    yield f"{package.label}  {package.title}".rstrip()
    yield f"path          {package.path}"
    yield f"FHIR          {', '.join(package.fhir_versions) or 'not stated'}"
    missing = set(_missing(package))
    for name, version in package.dependencies.items():
        label = f"{name}#{version}"
        yield f"depends on    {label}{'  (not in the standard cache)' if label in missing else ''}"
    structures = _urls(package, "StructureDefinition")
    for title, entries in (
        ("profiles", [entry for entry in structures if entry.get("type") != "Extension"]),
        ("extensions", [entry for entry in structures if entry.get("type") == "Extension"]),
        ("value sets", _urls(package, "ValueSet")),
        ("code systems", _urls(package, "CodeSystem")),
    ):
        yield f"{title:<13} {len(entries)}"
        for entry in entries:
            shown = f"  {entry['url']}|{entry['version']}  {entry.get('type', '')}"
            yield shown.rstrip().removesuffix("|")
