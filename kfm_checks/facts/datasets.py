"""The datasets that the overlay's data manifest names, read leniently: a wrong field is a finding, never a crash."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from msgspec import field

from kfm_checks.errors import ConfigError, NotVerified
from kfm_checks.evidence import file_key
from kfm_checks.facts.datasets_manifest import PATH, SENSITIVITIES, json_schema
from kfm_checks.facts.datasets_reader import read_manifest
from kfm_checks.facts.tree import Tree, TreeFile
from kfm_checks.model import ObjectKey, Path, Source
from kfm_checks.values import Value
from kfm_checks.yamlfile import YamlFile

#: A manifest or shard of more bytes than this is not read.
LIMIT = 32 * 1024 * 1024
ABSENT = f"the overlay has no data manifest ({PATH}), so nobody can tell which data production serves"


class Dataset(Value, frozen=True):
    """One entry. Every property is safe to read: "" or None where the field is absent or of another type."""

    raw: Mapping[str, Any]
    #: The file that holds the entry, relative to the overlay, and the path to it within that file.
    file: str
    path: Path
    source: Source | None = None

    def text(self, *names: str) -> str:
        """A field's text, "" where it is none."""
        value: Any = self.raw
        for name in names:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value if isinstance(value, str) else ""

    def part(self, name: str) -> Mapping[str, Any]:
        """A field that is a mapping, {} where it is none."""
        value = self.raw.get(name)
        return value if isinstance(value, Mapping) else {}

    @property
    def id(self) -> str:
        """Its id, or its place in the file where it has none."""
        return self.text("id") or "/".join(map(str, self.path))

    @property
    def release(self) -> str:
        """The release tag."""
        return self.text("release")

    @property
    def sha256(self) -> str:
        """The checksum declared, in hexadecimal."""
        return self.text("sha256")

    @property
    def size(self) -> int | None:
        """The number of bytes declared."""
        value = self.raw.get("bytes")
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @property
    def media_type(self) -> str:
        """The media type without its parameters, in lower case."""
        return self.text("media-type").partition(";")[0].strip().lower()

    @property
    def uris(self) -> tuple[str, ...]:
        """The addresses of its bytes."""
        value = self.raw.get("uris")
        return tuple(uri for uri in value if isinstance(uri, str)) if isinstance(value, list) else ()

    @property
    def sensitivity(self) -> str:
        """Its class; "" where it has none, or none that is known."""
        value = self.text("sensitivity")
        return value if value in SENSITIVITIES else ""

    @property
    def is_sensitive(self) -> bool:
        """Whether it is known not to be public."""
        return self.sensitivity not in ("", "public")

    @property
    def subject(self) -> ObjectKey:
        """What evidence about it is about: the file that holds it."""
        return file_key(self.file)


class Problem(Value, frozen=True):
    """Something wrong with the manifest: where, and what."""

    file: str
    path: Path
    message: str
    source: Source | None = None


class DataManifest(Value, frozen=True):
    """The manifest and its shards."""

    file: TreeFile
    datasets: tuple[Dataset, ...]
    problems: tuple[Problem, ...]
    raw: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def withdrawn(self) -> frozenset[tuple[str, str]]:
        """(dataset, release) of each governed withdrawal: one with a reason, a person, a role and a date."""
        return frozenset(withdrawals(self.raw))


def withdrawals(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(dataset, release) of each complete withdrawal of a manifest."""
    listed = raw.get("withdrawals")
    for item in listed if isinstance(listed, list) else []:
        names = ("dataset", "release", "reason", "by", "role", "date")
        if isinstance(item, dict) and all(isinstance(item.get(name), str) and item[name].strip() for name in names):
            yield item["dataset"], item["release"]


def data_manifest(tree: Tree) -> DataManifest:
    """The manifest, its datasets and what is wrong with it. Raises NotVerified where the overlay has none."""
    file = tree.get(PATH)
    if file is None:
        raise NotVerified(ABSENT)
    document, problem = _document(file)
    raw = document.value if document and isinstance(document.value, dict) else {}
    if problem is not None:
        return DataManifest(file, (), (problem,), raw)
    assert document is not None
    problems = list(_against_schema(document, file))
    datasets = list(_entries(document, file))
    for index, name in _shards(raw):
        shard = tree.get(_beside(name))
        found, problem = _document(shard) if shard is not None else (None, None)
        if shard is None or found is None or problem is not None:
            why = problem.message if problem else f"the shard {name} is not there"
            problems.append(Problem(file.path, ("shards", index), why, file.at(document.line(("shards", index)))))
            continue
        problems.extend(_against_schema(found, shard))
        datasets.extend(_entries(found, shard))
    return DataManifest(file, tuple(datasets), tuple(problems), raw)


def datasets(data_manifest: DataManifest) -> tuple[Dataset, ...]:
    """The datasets, in the order written. Raises NotVerified where the manifest can't be read or names none."""
    if data_manifest.datasets:
        return data_manifest.datasets
    if data_manifest.problems:
        raise NotVerified(f"the data manifest can't be read: {data_manifest.problems[0].message}")
    raise NotVerified("the data manifest names no dataset; declare the row not applicable where there is no data")


def parse_datasets(text: str, shown: str) -> tuple[Dataset, ...]:
    """The datasets of one manifest file given as text (an earlier revision); () where it is malformed."""
    try:
        document = read_manifest(text, shown)
    except ConfigError:
        return ()
    return tuple(_entries(document, None))


def _document(file: TreeFile) -> tuple[YamlFile | None, Problem | None]:
    content = file.raw(LIMIT)
    if content is None:
        return None, Problem(file.path, (), f"it is larger than {LIMIT // 1024 // 1024} MiB; use shards", file.at())
    try:
        document = read_manifest(content.decode("utf-8-sig"), file.path)
    except UnicodeDecodeError:
        return None, Problem(file.path, (), "it is not UTF-8 text", file.at())
    except ConfigError as error:
        return None, Problem(file.path, (), error.message, file.at(error.line))
    if not isinstance(document.value, dict):
        return None, Problem(file.path, (), "it is no mapping with `schema` and `datasets`", file.at(1))
    return document, None


def _entries(document: YamlFile, file: TreeFile | None) -> Iterator[Dataset]:
    value = document.value
    listed = value.get("datasets") if isinstance(value, dict) else None
    for index, raw in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(raw, dict):
            path: Path = ("datasets", index)
            source = file.at(document.line(path)) if file else None
            yield Dataset(raw, file.path if file else PATH, path, source)


def _shards(raw: Mapping[str, Any]) -> list[tuple[int, str]]:
    listed = raw.get("shards")
    return [(n, name) for n, name in enumerate(listed) if isinstance(name, str)] if isinstance(listed, list) else []


def _beside(name: str) -> str:
    """A path relative to the manifest's folder, as one relative to the overlay."""
    return f"{PATH.rpartition('/')[0]}/{name.removeprefix('./')}"


def _against_schema(document: YamlFile, file: TreeFile) -> Iterator[Problem]:
    import jsonschema_rs

    for error in jsonschema_rs.validator_for(json_schema()).iter_errors(document.value):
        path: Path = tuple(error.instance_path)
        yield Problem(file.path, path, _plain(error, path), file.at(document.line(path)))


def _plain(error: Any, path: Path) -> str:
    """A validator's message in few words; it never quotes a long value."""
    message = str(error.message).replace("\n", " ")
    what = path[-1] if path and isinstance(path[-1], str) else "the entry"
    if len(message) > 160 or "anyOf" in message:
        return f"{what} has not the form that the schema wants"
    return f"{what}: {message}"
