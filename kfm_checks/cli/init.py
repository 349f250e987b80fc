"""``kfm-checks init``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kfm_checks.errors import UsageError


@click.command()
@click.argument("path")
@click.option("--write", is_flag=True, help="Write it; without this it is only printed.")
@click.option("--detect", is_flag=True, help="Propose kfm-checks.yaml for an overlay that exists.")
@click.option("--force", is_flag=True, help="With --detect --write: replace a kfm-checks.yaml that is there.")
@click.option("--contents", is_flag=True, help="Print what the new files hold, too.")
@click.option("--controller", type=click.Choice(["argocd", "flux"]), default="argocd", show_default=True)
@click.option("--namespace", metavar="NAME", help="The first namespace (the name of the folder above, else app).")
@click.option("--environment", metavar="NAME", help="The environment (the folder's name, else prod).")
@click.option("--repository", metavar="URL", help="The repository (git's remote origin).")
@click.option("--data", is_flag=True, help="With a data manifest.")
@click.option("--rendered", type=click.Path(path_type=Path), help="With --detect: read this render, made elsewhere.")
@click.option("--kustomize", metavar="PROGRAM", help="With --detect: a kustomize or kubectl to render with.")
@click.option("--enable-helm", is_flag=True, help="With --detect: let kustomize inflate Helm charts.")
@click.option("--load-restrictor/--no-load-restrictor", default=True, help="Refuse files outside the overlay.")
@click.option("--allow-network", is_flag=True, help="With --detect: let kustomize fetch remote bases.")
def init(path: str, detect: bool, **given: Any) -> int:
    """Scaffold an overlay with the expected layout, or propose the configuration of one that exists.

    Nothing is written without --write, and no file is overwritten.
    """
    return _detect(path, given) if detect else _scaffold(path, given)


def _detect(path: str, given: dict[str, Any]) -> int:
    from kfm_checks.cli.options import write_file
    from kfm_checks.config import NAME
    from kfm_checks.render import Loosened
    from kfm_checks.run import Options
    from kfm_checks.scaffold import propose
    from kfm_checks.target import locate

    loosened = Loosened(given["enable_helm"], given["load_restrictor"], given["allow_network"])
    file = locate(path).folder / NAME
    if given["write"] and not given["force"] and (file.exists() or file.is_symlink()):
        shown = str(Path(path) / NAME)
        raise UsageError("it is there already", file=shown, remedy="compare with the proposal, or give --force")
    text = propose(path, Options(rendered=given["rendered"], kustomize=given["kustomize"], loosened=loosened))
    if not given["write"]:
        click.echo(text, nl=False)
        return 0
    write_file(file, text)
    click.echo(f"wrote {Path(path) / NAME}: look at each line, and uncomment what you decide")
    return 0


def _scaffold(path: str, given: dict[str, Any]) -> int:
    from kfm_checks.scaffold import plan, write_new

    if given["force"]:
        raise UsageError("--force goes with --detect", remedy="a new overlay never overwrites a file")
    folder = Path(path)
    planned = plan(folder, _choices(folder, given))
    if given["write"]:
        write_new(planned)
    for file in planned:
        verb = "keeps" if file.exists else "wrote" if given["write"] else "would write"
        click.echo(f"{verb} {file.path}")
        if given["contents"] and not file.exists:
            click.echo("".join(f"    {line}\n" for line in file.text.splitlines()), nl=False)
    if not given["write"]:
        click.echo("Nothing was written: give --write.")
    return 0


def _choices(folder: Path, given: dict[str, Any]) -> Any:
    """The choices given, and for those not given what the place says."""
    import re

    from kfm_checks.scaffold import Choices
    from kfm_checks.scaffold.environments import environment_words
    from kfm_checks.scaffold.proposal import without_user
    from kfm_checks.sources import remote
    from kfm_checks.target import Target, relative

    absolute = folder.resolve()
    root = next((p for p in (absolute, *absolute.parents) if (p / ".git").exists()), None)
    place = relative(absolute, root or absolute.parent)
    named = environment_words(absolute.name)
    above = re.sub(r"[^a-z0-9]+", "-", absolute.parent.name.lower()).strip("-")
    known = remote(Target(absolute, root, place, True, True)) if root else ""
    return Choices(
        path=place,
        namespace=given["namespace"] or (above if above and above not in _PLACES else "app"),
        environment=given["environment"] or (named[0] if named else "prod"),
        controller=given["controller"],
        repository=given["repository"] or without_user(known),
        data=given["data"],
    )


#: Folders that say where overlays live, and not whose they are.
_PLACES = frozenset({"clusters", "overlays", "environments", "envs", "deploy", "infra", "k8s", "kubernetes", "apps"})
