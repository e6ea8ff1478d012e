"""Which tests run when: `fast` while somebody works, `ci` for each change, `all` with nothing left out.

`ci` leaves the rare tests out, but for a sixth of them that is another one each day, so that none of them rots.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping

TIERS = ("fast", "ci", "all")

# Folders and files below tests/: what most changes touch.
FAST = (
    *("credit", "gates", "localization", "training"),
    *(
        "execution/test_cases.py",
        "execution/test_compare.py",
        "tracing/test_fingerprint.py",
        "tracing/test_instrument.py",
    ),
    *("test_assessment.py", "test_problem.py", "test_program_tokens.py", "test_response.py", "test_spans.py"),
    *("test_data_files.py", "test_machine.py", "test_tiers.py"),
)

# The rare tests, below tests/, by how their ids begin, with their seconds on an idle core. What shares a fixture that
# takes long is one entry. tests/README.md says what takes their place in `ci`.
RARE: Mapping[str, int] = {
    "engine/test_layouts.py": 130,
    "evaluation/test_generate.py::test_a_run_that_was_killed_goes_on_to_the_same_samples": 30,
    "evaluation/test_human_eval.py::test_the_harness_agrees_sample_by_sample_on_a_models_programs": 34,
    "execution/test_hostile.py::test_with_fewer_layers_what_they_cover_still_holds": 60,
    "experiment/test_domain.py::test_references_pass_whoever_wrote_them": 30,
    "experiment/test_experiment.py": 59,
    "loop/test_coded_advantages.py": 76,
    "loop/test_entropy_share.py": 86,
    "loop/test_guarded_training.py": 111,
    "loop/test_plain_training.py": 98,
    "loop/test_plain_twins.py": 117,
    "loop/test_training_on_twins.py": 256,
    "loop/test_training_on_twins.py::test_where_no_group_fails_altogether_every_bit_is_as_without_twins": 187,
    "loop/test_uniform_credit.py": 420,
    "loop/test_unprepared_rows.py": 104,
    "loop/test_validation.py": 80,
    "loop/test_with_a_debugger.py": 150,
    "plan/test_against_megatron.py": 33,
    "scripts/test_check_verdicts.py::test_a_meant_difference_is_no_fault": 50,
    "scripts/test_gpu_pins.py": 30,
    "slurm/test_stopping.py": 100,
    "test_cli.py::test_localize_writes_a_row_for_every_humanevalfix_sample": 116,
}

SIXTHS = 6


def is_of(nodeid: str, entry: str) -> bool:
    """Whether a test, by its id below tests/, belongs to an entry: a folder, a file, a test or one of its parameters."""
    return nodeid == entry or (nodeid.startswith(entry) and nodeid[len(entry)] in "/:[")


def entry_of(nodeid: str) -> str | None:
    """The rare tests' entry that a test belongs to: the longest, where one is within another."""
    return max((entry for entry in RARE if is_of(nodeid, entry)), key=len, default=None)


def is_fast(nodeid: str) -> bool:
    return any(is_of(nodeid, entry) for entry in FAST)


def may_be_fast(path: str) -> bool:
    """Whether a file or folder below tests/ is of the fast tier, or holds some that is."""
    return path == "." or is_fast(path) or any(is_of(entry, path) for entry in FAST)


def sixths(rare: Mapping[str, int] = RARE) -> dict[str, int]:
    """Each entry's sixth, 0 to 5, of about the same seconds each: the longest go first, each where least is."""
    seconds, found = [0] * SIXTHS, {}
    for entry in sorted(rare, key=lambda entry: (-rare[entry], entry)):
        found[entry] = min(range(SIXTHS), key=seconds.__getitem__)
        seconds[found[entry]] += rare[entry]
    return found


def sixth_of_today() -> int:
    return datetime.date.today().toordinal() % SIXTHS


def runs_in(nodeid: str, tier: str, sixth: int) -> bool:
    entry = entry_of(nodeid)
    if tier == "fast":
        return entry is None and is_fast(nodeid)
    return tier == "all" or entry is None or sixths()[entry] == sixth
