"""What holds where a machine lacks layers: each way is set up for real, everything is tried, and the words are held to it.

The ways: a layer withheld; what containers and old kernels lack; an ordinary user; and Docker's refusal of namespaces,
by a seccomp filter like its own around everything.
"""

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from importlib.metadata import distribution
from pathlib import Path

import pytest

import verl_egca
from verl_egca.execution.confinement.layers import Coverage, Layer, coverage
from verl_egca.execution.limits import ConfinementError, Limits
from verl_egca.execution.sandbox import Sandbox

from ...machine import lacks, needs
from .attempts import SECRET, THREADS, Report, report

NAMESPACES = [layer for layer in Layer if layer.endswith("-namespace")]
NOBODY = 65534


def words_are_true(found: Report) -> None:
    """Whatever no gap is named for was refused; whatever one is named for was possible, or the words cry wolf."""
    gaps, tried = " | ".join(found.uncovered), found.tried

    def possible(attempt):
        return tried[attempt] == "done" or tried[attempt] == 1

    assert found.honest
    assert (tried["read"] == SECRET) == ("every file" in gaps)
    assert isinstance(tried["list_folder"], list) == ("every file" in gaps)
    assert possible("stat") == ("every file" in gaps or "learn which paths exist" in gaps)
    assert found.changed == [], "a sandbox that runs at all lets no file outside change"
    assert possible("connect_tcp") == ("use the network" in gaps)
    assert possible("connect_unix") == ("use the network" in gaps or "Unix sockets" in gaps)
    assert possible("signal_to") == ("signal and inspect" in gaps)
    assert possible("fork") == ("start processes" in gaps)
    if "start processes" not in gaps:
        assert (tried["threads"] > THREADS) == ("more threads" in gaps)
    assert (tried["own_file"] == "x") == ("mount-namespace" in found.layers)


SINGLE = {layer: [layer] for layer in Layer}
COMBINED = {
    "Docker's default": NAMESPACES,
    "Docker's default on a kernel before 5.13": [*NAMESPACES, Layer.LANDLOCK],
    "a kernel before 5.13": [Layer.LANDLOCK],
    "no libseccomp": [Layer.SECCOMP],
    "no libseccomp, a kernel before 5.13": [Layer.SECCOMP, Layer.LANDLOCK],
    "no libseccomp in Docker": [*NAMESPACES, Layer.SECCOMP],
    "nothing but rlimits": [layer for layer in Layer if layer != Layer.RLIMITS],
}
REFUSAL = r"^egca\.sandbox\.require is reduced, but this machine gives no confinement: a program could "
ALSO_LOST = {Layer.NO_NEW_PRIVS: {Layer.LANDLOCK, Layer.SECCOMP}}  # for who may not load a filter without it
ALSO_LOST[Layer.MOUNT_NAMESPACE] = {Layer.USER_NAMESPACE}  # for root, who stays root without a root of its own


@pytest.mark.parametrize("withhold", [*SINGLE.values(), *COMBINED.values()], ids=[*SINGLE, *COMBINED])
def test_a_machine_that_lacks_layers_is_described_truly_or_refused(offered, tmp_path, withhold):
    expected = set(offered) - set(withhold)
    possible = expected - set().union(*(ALSO_LOST.get(layer, set()) for layer in withhold))
    if coverage(possible) == Coverage.NONE:
        with pytest.raises(ConfinementError, match=REFUSAL) as caught:
            report(tmp_path, tuple(withhold))
        assert possible <= set(caught.value.layers) <= expected
        assert "egca.sandbox.require=reduced" not in str(caught.value)
        return
    found = report(tmp_path, tuple(withhold))
    assert possible <= {Layer(name) for name in found.layers} <= expected
    assert all(found.reasons[layer] == "withheld" for layer in withhold)
    assert found.coverage != Coverage.NONE
    words_are_true(found)


@pytest.mark.parametrize("withhold", COMBINED.values(), ids=COMBINED.keys())
def test_full_is_refused_where_it_does_not_hold_and_given_where_it_does(offered, withhold):
    with Sandbox(Limits(require="full"), withhold=withhold) as sandbox:
        if coverage(set(offered) - set(withhold)) == Coverage.FULL:
            assert coverage(sandbox.check()) == Coverage.FULL
            return
        with pytest.raises(
            ConfinementError, match=r"^egca\.sandbox\.require is full, but .*a program could .*withheld"
        ):
            sandbox.check()


def test_a_refusal_of_full_offers_reduced_where_that_would_hold(offered):
    with (
        Sandbox(Limits(require="full"), withhold=NAMESPACES) as sandbox,
        pytest.raises(ConfinementError, match=r"accept it: egca\.sandbox\.require=reduced"),
    ):
        sandbox.check()


# ------------------------------------------------------------------------------------------------ other users, Docker


@pytest.fixture(scope="session")
def everyones_python():
    """An interpreter with this package that any user can run."""
    base = next((path for path in _interpreters() if _open_to_all(Path(path).resolve())), None)
    if base is None:
        lacks("an interpreter of this version that any user can run")
    folder = Path(tempfile.mkdtemp(prefix="everyone-"))
    folder.chmod(0o755)
    try:
        made = subprocess.run([base, "-m", "venv", "--without-pip", folder / "venv"], capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
        ignored = shutil.ignore_patterns("__pycache__", "cpu", "training")
        shutil.copytree(Path(verl_egca.__path__[0]), packages / "verl_egca", ignore=ignored)
        for name in (
            "pydantic",
            "pydantic_core",
            "annotated_types",
            "typing_extensions",
            "typing_inspection",
            "pyseccomp",
            "packaging",
        ):
            _copy_distribution(name, packages)
        shutil.copy(Path(__file__).with_name("attempts.py"), folder)
        for path in [folder, *folder.rglob("*")]:
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
        yield folder / "venv" / "bin" / "python", folder / "attempts.py"
    finally:
        shutil.rmtree(folder)


def _interpreters():
    version = f"python3.{sys.version_info.minor}"
    return [sys._base_executable, *(f"{folder}/{version}" for folder in ("/usr/local/bin", "/usr/bin"))]


def _open_to_all(path: Path) -> bool:
    return path.exists() and all(part.stat().st_mode & 0o001 for part in (path, *path.parents))


def _copy_distribution(name: str, to: Path) -> None:
    for file in distribution(name).files or ():
        if ".." not in file.parts and "__pycache__" not in file.parts:
            target = to / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file.locate(), target)


as_root = needs(os.geteuid() == 0, "a user who may change to another: root")


def as_user(python, folder, *withhold, user=NOBODY, require="reduced", wrapper=(), **options):
    os.chown(folder, user, user)
    executable, script = python
    return subprocess.run(
        [*wrapper, executable, script, folder, require, *withhold],
        **{"user": user, "group": user, "extra_groups": [], **options},
        env={"PATH": os.defpath, "HOME": str(folder), "TMPDIR": str(folder)},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def users_folder():
    with tempfile.TemporaryDirectory(prefix="of-a-user-") as folder:  # where every user can get to
        yield Path(folder)


def _reported(done) -> Report:
    assert done.returncode == 0, done.stderr
    return Report(**json.loads(done.stdout))


@as_root
def test_an_ordinary_user_is_confined_in_full(offered, everyones_python, users_folder):
    found = _reported(as_user(everyones_python, users_folder, require="full"))
    assert found.coverage == Coverage.FULL
    assert set(found.layers) == set(offered)
    words_are_true(found)


@as_root
@pytest.mark.parametrize(
    "withhold", [NAMESPACES, [*NAMESPACES, Layer.LANDLOCK], [Layer.SECCOMP], [Layer.MOUNT_NAMESPACE]], ids=" ".join
)
def test_an_ordinary_user_without_some_layers_is_described_truly(offered, everyones_python, users_folder, withhold):
    found = _reported(as_user(everyones_python, users_folder, *withhold))
    assert found.coverage == Coverage.REDUCED
    words_are_true(found)


def refuse_namespaces_as_docker_does():
    """For a child about to be executed: what Docker's default profile refuses to a container without extra powers."""
    import pyseccomp as library

    rules = library.SyscallFilter(library.ALLOW)
    refused = library.ERRNO(errno.EPERM)
    for name in "unshare setns mount umount2 pivot_root move_mount open_tree fsopen fsmount keyctl add_key bpf".split():
        rules.add_rule(refused, name)
    rules.add_rule(refused, "clone", library.Arg(0, library.MASKED_EQ, 0x10000000, 0x10000000))
    rules.add_rule(library.ERRNO(errno.ENOSYS), "clone3")
    rules.load()


@as_root
@pytest.mark.parametrize("user", [0, NOBODY], ids=["root", "an ordinary user"])
def test_inside_dockers_default_profile_programs_are_confined_and_described_truly(
    offered, everyones_python, users_folder, user
):
    refused = refuse_namespaces_as_docker_does
    found = _reported(as_user(everyones_python, users_folder, user=user, preexec_fn=refused))
    assert set(found.layers) == set(offered) - set(NAMESPACES)
    assert {found.reasons[layer] for layer in NAMESPACES} == {"the kernel refuses it: Operation not permitted"}
    assert found.coverage == Coverage.REDUCED
    words_are_true(found)


@as_root
def test_inside_dockers_default_profile_full_is_refused_with_the_remedy(offered, everyones_python, users_folder):
    done = as_user(everyones_python, users_folder, require="full", preexec_fn=refuse_namespaces_as_docker_does)
    assert done.returncode == 1
    message = done.stderr.splitlines()[-1]
    assert "ConfinementError: egca.sandbox.require is full, but this machine gives reduced confinement" in message
    assert "seccomp=unconfined" in message


def refuse_the_new_root():
    _refuse_call("pivot_root")


def refuse_read_only_mounts():
    import pyseccomp as library

    _refuse_call("mount", library.Arg(3, library.MASKED_EQ, 32, 32))


def _refuse_call(name, *arguments):
    import pyseccomp as library

    rules = library.SyscallFilter(library.ALLOW)
    rules.add_rule(library.ERRNO(errno.EPERM), name, *arguments)
    rules.load()


@as_root
@pytest.mark.parametrize("user", [0, NOBODY], ids=["root", "an ordinary user"])
@pytest.mark.parametrize("refuse", [refuse_the_new_root, refuse_read_only_mounts])
def test_a_root_that_can_not_be_finished_is_given_up_with_all_that_was_in_it(
    offered, everyones_python, users_folder, user, refuse
):
    found = _reported(as_user(everyones_python, users_folder, user=user, preexec_fn=refuse))
    assert "Operation not permitted" in found.reasons["mount-namespace"]
    assert {Layer.PID_NAMESPACE, Layer.LANDLOCK, Layer.SECCOMP} <= set(found.layers)
    words_are_true(found)


@as_root
def test_root_of_a_rootless_container_has_no_nobody_and_is_told_so(offered, everyones_python, users_folder):
    rootless = ["unshare", "--user", "--map-root-user"]
    found = _reported(as_user(everyones_python, users_folder, wrapper=rootless))
    assert Layer.USER_NAMESPACE not in found.layers
    assert {Layer.MOUNT_NAMESPACE, Layer.PID_NAMESPACE, Layer.SECCOMP, Layer.LANDLOCK} <= set(found.layers)
    assert found.honest
    assert found.changed == []


DOCTOR = "import json; from verl_egca.doctor.examination import examine; print(json.dumps(examine().as_data()))"


@as_root
@pytest.mark.parametrize(
    ("in_docker", "exit_code"), [(False, 0), (True, 1)], ids=["an ordinary user", "in Docker's default profile"]
)
def test_the_doctor_works_without_root_and_without_torch(offered, everyones_python, users_folder, in_docker, exit_code):
    python = everyones_python[0], users_folder / "doctor.py"
    python[1].write_text(DOCTOR)
    done = as_user(python, users_folder, preexec_fn=refuse_namespaces_as_docker_does if in_docker else None)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["exit_code"] == exit_code
    assert found["sandbox"]["works"]
    assert found["machine"]["is_root"] is False
    assert found["machine"]["filtered"] is in_docker
    assert any("seccomp=unconfined" in hint["remedy"] for hint in found["sandbox"]["hints"]) is in_docker
    assert {one["state"] for one in found["versions"][1:]} == {"not installed"}


def test_a_report_survives_its_json(offered, tmp_path):
    found = report(tmp_path)
    assert Report(**json.loads(json.dumps(asdict(found)))) == found
