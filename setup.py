"""What pyproject.toml cannot say: the wheel holds the released models, which keep their places in the repository."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

RELEASES = "models/*/release"  # in the wheel: glyphlens/released/<track>


class BuildWithModels(build_py):
    """Copies every released model beside the code; an editable installation finds them where they are."""

    def run(self) -> None:
        """Build the package, then its models."""
        super().run()
        if self.editable_mode:
            return
        released = Path(self.build_lib, "glyphlens", "released")
        shutil.rmtree(released, ignore_errors=True)
        for release in sorted(Path().glob(RELEASES)):
            shutil.copytree(release, released / release.parent.name)

    def get_source_files(self) -> list[str]:
        """Also what a source distribution has to hold for this."""
        models = (file for file in sorted(Path().glob(f"{RELEASES}/**/*")) if file.is_file())
        return [*super().get_source_files(), *map(str, models)]


setup(cmdclass={"build_py": BuildWithModels})
