"""What the layers' names and words promise, for every set of layers that a machine could give."""

from itertools import chain, combinations

import pytest

from verl_egca.execution.confinement.layers import COVERS, Coverage, Layer, coverage, in_words, missing, uncovered
from verl_egca.execution.confinement.remedies import hints, remedies_for

EVERY = [set(chosen) for chosen in chain.from_iterable(combinations(Layer, n) for n in range(len(Layer) + 1))]


def test_every_layer_says_what_it_covers():
    assert set(COVERS) == set(Layer)


def test_all_layers_leave_nothing_uncovered_and_none_leaves_everything():
    assert uncovered(Layer) == []
    assert coverage(Layer) == Coverage.FULL
    assert coverage([]) == Coverage.NONE


def test_a_further_layer_never_covers_less():
    for layers in EVERY:
        for layer in Layer:
            assert not coverage(layers | {layer}) < coverage(layers), (layers, layer)


def test_full_is_said_only_where_no_gap_is_named():
    assert all((coverage(layers) == Coverage.FULL) == (not uncovered(layers)) for layers in EVERY)


def test_reduced_is_never_said_where_files_can_be_changed_processes_signalled_or_memory_used_up():
    for layers in EVERY:
        if coverage(layers) != Coverage.NONE:
            gaps = " ".join(uncovered(layers))
            assert "write" not in gaps
            assert "permissions" not in gaps
            assert "signal" not in gaps
            assert "all of the machine's memory" not in gaps


def test_coverages_are_ordered():
    assert sorted([Coverage.FULL, Coverage.NONE, Coverage.REDUCED]) == [
        Coverage.NONE,
        Coverage.REDUCED,
        Coverage.FULL,
    ]


def test_the_line_for_the_log_names_what_is_missing_and_what_follows():
    line = in_words([layer for layer in Layer if layer != Layer.MOUNT_NAMESPACE])
    assert line.startswith("reduced confinement, 9 of 10 layers in force (not mount-namespace); a program could learn")
    assert in_words(Layer) == "full confinement, 10 of 10 layers in force"
    assert missing([*Layer][1:]) == [Layer.USER_NAMESPACE]


REFUSED = {layer: "the kernel refuses it: Operation not permitted" for layer in Layer if layer.endswith("-namespace")}


@pytest.mark.parametrize(
    ("files", "container", "words"),
    [
        ({"/proc/sys/kernel/unprivileged_userns_clone": "0"}, False, "sysctl -w kernel.unprivileged_userns_clone=1"),
        (
            {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1"},
            False,
            "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        ({"/proc/sys/user/max_user_namespaces": "0"}, False, "sysctl -w user.max_user_namespaces=15000"),
        ({"/proc/self/status": "Seccomp:\t2\n"}, False, "--security-opt seccomp=unconfined"),
        ({}, True, "--security-opt seccomp=unconfined"),
    ],
)
def test_a_machine_that_refuses_namespaces_gets_the_remedy_that_fits(files, container, words):
    (hint,) = hints(REFUSED, read=files.get, container=container)
    assert words in hint.remedy


def test_a_machine_without_a_known_obstacle_gets_no_remedy():
    harmless = {"/proc/sys/user/max_user_namespaces": "96364", "/proc/self/status": "Seccomp:\t0\n"}
    assert hints(REFUSED, read=harmless.get, container=False) == []


@pytest.mark.parametrize(
    ("layer", "reason", "words"),
    [
        (Layer.LANDLOCK, "this kernel has no Landlock (Linux 5.13 is the first)", "Linux 5.13"),
        (Layer.LANDLOCK, "this kernel has Landlock, but it was not switched on at boot", "lsm="),
        (Layer.SECCOMP, "No module named 'pyseccomp'", "install libseccomp"),
        (Layer.SECCOMP, "Unable to find libseccomp", "install libseccomp"),
        (Layer.SECCOMP, "[Errno 22] seccomp: Invalid argument", "CONFIG_SECCOMP_FILTER"),
    ],
)
def test_a_missing_layer_of_files_or_calls_gets_its_remedy(layer, reason, words):
    (remedy,) = remedies_for({layer: reason})
    assert words in remedy


def test_what_is_withheld_on_purpose_gets_no_remedy():
    assert remedies_for(dict.fromkeys(Layer, "withheld")) == []
