import shutil

import pytest

from starter.cli import prepare

from .recipe import RecipeRun


@pytest.fixture(scope="session")
def recipe(tmp_path_factory):
    """Makes runs of the CPU recipe under names of their own; their directories go when the tests are over."""
    made = []
    tag = tmp_path_factory.mktemp("runs").name

    def make(name, *overrides, env=None):
        run = RecipeRun(f"test-{tag}-{name}", *overrides, env=env)
        made.append(run)
        return run

    yield make
    for run in made:
        shutil.rmtree(run.path, ignore_errors=True)


@pytest.fixture(scope="session")
def hard(tmp_path_factory):
    """Rows of task families that the starter policy does not know: nearly every group of responses fails altogether."""
    folder = tmp_path_factory.mktemp("hard")
    prepare(folder, quiet=True)
    return folder / "test.parquet"
