"""A localizer of another package, by an entry point or a dotted path; and what holds for each of this package's."""

import pytest

from verl_egca.assessment import Assessor
from verl_egca.config.settings import SettingsError, parse_settings
from verl_egca.debugger.client import Debugger
from verl_egca.debugger.settings import DebuggerSettings
from verl_egca.localization.base import FailingSample, Localizer
from verl_egca.localization.options import Options
from verl_egca.localization.registry import localizers, make_localizer, register

from ..debugger.replay_server import ReplayServer
from ..problems import SUM_ABOVE_ONE, assertion_problem

LONG, SHORT = "assert f([1, 2, 3, 4, 5]) == 14", "assert f([3]) == 3"
PROBLEM = assertion_problem(LONG, SHORT, reference=SUM_ABOVE_ONE)
PROGRAM = SUM_ABOVE_ONE.replace("total += x", "total -= x")
LAST_LINE = """
from verl_egca.localization.base import Localization, Localizer
from verl_egca.source import SourceRange


class LastLine(Localizer):
    name = "last-line"
    needs_reference = True

    def localize(self, sample):
        line = len(sample.program.splitlines())
        return Localization((SourceRange(line, 0, line, 3),), self.name)


class Lines:
    pass
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    (tmp_path / "other_package.py").write_text(LAST_LINE)
    (tmp_path / "other_package-1.dist-info").mkdir()
    (tmp_path / "other_package-1.dist-info" / "METADATA").write_text("Name: other-package\nVersion: 1\n")
    points = "[verl_egca.localizers]\nlast = other_package:LastLine\n"
    (tmp_path / "other_package-1.dist-info" / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.parametrize("name", ["last", "other_package.LastLine"])
def test_a_localizer_of_another_package_is_chosen_like_ones_own(installed, sandbox, name):
    settings = parse_settings({"localizer": name})
    assessor = Assessor(sandbox, make_localizer(settings.localizer, settings.options))
    found = assessor.assess(PROBLEM, PROGRAM, seed=0).localization
    assert (found.localizer, found.ranges[0].line) == ("last-line", 6)
    blind = assessor.assess(PROBLEM.model_copy(update={"reference": None}), PROGRAM, seed=0)
    assert (blind.localization, blind.not_localized) == (None, "no_reference")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("oracle", r"choose one of .*'uniform', 'last', or the dotted path of a class \(got 'oracle'\)"),
        ("other_package.First", r"can be imported from there: .*First.* \(got 'other_package.First'\)"),
        ("no_package.Last", r"can be imported from there: No module named 'no_package'"),
        ("other_package.Lines", r"a subclass of .*Localizer is wanted"),
    ],
)
def test_what_is_no_localizer_is_refused_with_the_reason(installed, name, words):
    with pytest.raises(SettingsError, match=rf"egca\.localizer: .*{words}"):
        parse_settings({"localizer": name})


def test_two_localizers_of_one_name_are_refused():
    class Trace(Localizer):
        name = "trace"

        def localize(self, sample):
            raise NotImplementedError

    with pytest.raises(ValueError, match="two localizers are called 'trace'"):
        register(Trace)


LOOK_AT_A_CASE = sorted(localizers().keys() - {"uniform", "random"})


@pytest.mark.parametrize("name", LOOK_AT_A_CASE)
@pytest.mark.parametrize(("failing_case", "looked_at"), [("first", LONG), ("shortest", SHORT)])
def test_each_localizer_that_looks_at_a_case_looks_at_the_wanted_one(sandbox, name, failing_case, looked_at):
    sample = FailingSample(PROBLEM, PROGRAM, sandbox.run(PROBLEM, PROGRAM), sandbox, 0)
    answer = {"statement": 1, "correction": None, "reason": "It is there."}
    with ReplayServer(lambda _: answer) as server, Debugger(DebuggerSettings(urls=(server.url,))) as debugger:
        found = make_localizer(name, Options(failing_case=failing_case), debugger).localize(sample)
    assert found.evidence["case"] == looked_at
