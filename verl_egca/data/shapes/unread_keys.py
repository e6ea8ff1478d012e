"""Keys that change the meaning of tests: a shape reads them, or the row is refused."""

from __future__ import annotations

from verl_egca.data.plain_values import says_nothing, shown, word_of
from verl_egca.data.references import is_python
from verl_egca.data.shapes.read_row import ReadRow
from verl_egca.data.shapes.shape import Shape

_CHANGING = (
    "checker checker_code custom_checker generated_checker output_checker special_judge is_special_judge spj judge_code grader "
    "interactor interactive is_interactive interaction_format test_harness test_harness_code harness harness_code assert_case "
    "import_prefix solution_file test_setup_code setup_code teardown_code input_file output_file input_mode "
    "fn_name func_name entry_point method_name class_name"
).split()
_LANGUAGES = ("language", "lang", "programming_language")
_AS_USUAL = {"default", "standard", "diff", "exact", "none", "stdio", "stdin", "stdout", "false", "no"}
_SPOKEN = {"en", "english", "zh", "chinese", "cn", "fr", "de", "es", "ru", "russian", "ja", "japanese", "ko", "pt"}

# in an object of tests, these keys describe the problem
_ABOUT_THE_PROBLEM = set(
    "task_id problem_id question_id contest_id id uid uids name index title source dataset data_source platform url split style "
    "difficulty rating tags ability question problem prompt description starter_code metadata solution solutions reference "
    "time_limit memory_limit timeout max_test_cases type testtype".split()
)
# keys of tests: a row with those of two shapes is refused
_TESTS = set(
    "test_list test test_code functional pytest public_test_cases private_test_cases public_tests verification_info "
    "official_tests tests test_cases unit_tests input_output inputs outputs".split()
)


def refuse_unread(shape: Shape, read: ReadRow) -> None:
    """Raises BadInput for a key that changes the tests, and that the shape doesn't read."""
    for place, value in read.said(*(key for key in _CHANGING if key not in shape.reads)):
        if word_of(value) not in _AS_USUAL:
            raise read.place.bad(
                place,
                f"changes what the tests mean, and is not read in a row of shape {shape.name} (it is {shown(value, 60)}); "
                "remove the key if it has no effect, or leave the row out",
            )
    for place, value in read.said(*_LANGUAGES):
        if not is_python(value) and word_of(value) not in _SPOKEN:
            raise read.place.bad(place, f"is {shown(value, 60)}; Python alone can be judged: leave the row out")
    is_a_table = read.key in ("", "extra_info")
    for key, value in read.tests.items():
        if says_nothing(value) or key in shape.holds or key in shape.reads:
            continue
        if is_a_table and key in _TESTS:
            raise read.bad(key, f"stands beside tests of shape {shape.name}; remove the one that does not count")
        if not is_a_table and key not in _ABOUT_THE_PROBLEM and key not in _LANGUAGES:
            raise read.bad(
                key,
                f"stands beside tests of shape {shape.name}, and its meaning for them isn't known; remove it, or put it "
                "in extra_info if it has none",
            )
