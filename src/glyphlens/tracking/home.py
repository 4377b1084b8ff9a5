"""Where everything lies that outlives a workspace: checkpoints, MLflow's database, records that wait."""

from pathlib import Path

EXPERIMENTS = "/.dvc/tmp/exps/"


def project_home() -> Path:
    """The repository's root: the nearest folder upwards that holds ``.dvc``, else the working directory.

    `dvc exp run --temp` and queue workers run in ``<root>/.dvc/tmp/exps/…``, which DVC removes: there it is ``<root>``.
    """
    here = Path(Path.cwd().as_posix().partition(EXPERIMENTS)[0])
    return next((folder for folder in (here, *here.parents) if (folder / ".dvc").is_dir()), here)
