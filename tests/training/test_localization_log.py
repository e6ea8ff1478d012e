"""``localizations.jsonl`` as it is written: every failing sample, of bounded size, and a word about what was left out."""

import json
import logging

import pytest
import torch

from verl_egca.config.settings import Settings
from verl_egca.gates.mode import Mode
from verl_egca.localization.evidence import EVIDENCE_BYTES
from verl_egca.program_tokens import TokenRun
from verl_egca.report.inspect import read_records
from verl_egca.sample import SampleEvidence, SampleRecord
from verl_egca.training.batch import Rows
from verl_egca.training.localization_log import LocalizationLog
from verl_egca.training.records import PROGRAM_BYTES, PROGRAM_TOKENS

T = 10


EVIDENCE: dict[int, SampleEvidence] = {}  # of all samples that these tests make, by number


def record(mode=Mode.LOGIC, **fields):
    seen = SampleEvidence(**{name: fields.pop(name) for name in set(fields) & set(SampleEvidence.model_fields)})
    EVIDENCE[len(EVIDENCE)] = seen
    fields |= {"program_digest": seen.program, "evidence_number": len(EVIDENCE) - 1}
    fields = {"task_id": "t", "reward": 0.0, "response_tokens": T, "rollout_ended": 1.0, "reward_ended": 2.0} | fields
    return SampleRecord(mode=mode, **fields)


def collect(wanted, done):
    return {row: EVIDENCE[sample.evidence_number] for row, sample in wanted.items()}


def rows(*records):
    return Rows(records, list(range(len(records))), Settings(), torch.zeros(len(records)), torch.zeros(len(records), T))


@pytest.fixture
def log(tmp_path):
    """Makes logs over one file, and reads what it holds."""

    class Made:
        path = tmp_path / "localizations.jsonl"

        def __call__(self, **settings):
            return LocalizationLog(self.path, Settings(**settings))

        def rows(self):
            return [json.loads(line) for line in self.path.read_text().splitlines()]

    return Made()


def test_a_row_is_written_for_each_failing_sample_in_the_batchs_order(log):
    batch = rows(
        record(Mode.CORRECT, reward=1.0),
        record(spans=((2, 4),), localizer="trace", program="p", places=((1, 0, 1, 2),), confirmed="none"),
        record(Mode.SYNTAX, not_localized="no_line_reported"),
        None,
        record(None, failure="ValidationError"),
    )
    batch.adv_B[1], batch.adv_BT[1, 2:4] = -1.0, -0.5
    metrics = log().append(7, batch, list("abcde"), collect)
    written = log.rows()
    assert [(row["mode"], row["uid"]) for row in written] == [("LOGIC", "b"), ("SYNTAX", "c"), (None, "e")]
    assert [(row["advantage"], row["credited_tokens"]) for row in written] == [(-1.0, 2), (0.0, 0), (0.0, 0)]
    assert written[0]["place"] == [{"line": 1, "col": 0, "end_line": 1, "end_col": 2}]
    assert written[2]["not_localized"] == "ValidationError"
    assert all(row["step"] == 7 for row in written)
    assert metrics == {"egca/short_rows_total": 0}


def test_a_step_writes_so_many_rows_in_full_and_the_others_short(log, caplog):
    made = log(evidence_rows=2)
    batch = rows(*(record(program=f"p{n}", case="assert f()", evidence={"trials": n}) for n in range(5)))
    with caplog.at_level(logging.WARNING):
        metrics = [made.append(step, batch, list("abcde"), collect) for step in (1, 2)]
    assert metrics == [{"egca/short_rows_total": 3}] * 2
    written = log.rows()
    for step in (1, 2):
        of_step = [row for row in written if row["step"] == step]
        assert [row["uid"] for row in of_step] == list("abcde")
        assert sum("program" in row for row in of_step) == 2
        assert all(row.get("short", False) != ("program" in row) for row in of_step)
        assert all(len(json.dumps(row)) < 500 for row in of_step if row.get("short"))
    (said,) = [line.getMessage() for line in caplog.records]
    assert "5 failing samples" in said
    assert "egca.evidence_rows" in said
    assert len(list(read_records(log.path.parent))) == 10


def test_several_batches_of_a_step_share_its_number(log):
    made = log(evidence_rows=3)
    for name in "ab":
        made.append(1, rows(*(record(program=f"{name}{n}") for n in range(2))), list("xy"), collect)
    assert [row.get("short", False) for row in log.rows()].count(False) == 3


def test_which_rows_are_full_follows_from_the_seed_and_the_samples_and_not_from_their_order(log):
    def full(records, seed):
        log.path.unlink(missing_ok=True)
        log(evidence_rows=4, seed=seed).append(1, rows(*records), ["u"] * len(records), collect)
        return {row["program"] for row in log.rows() if not row.get("short")}

    records = [record(program=f"p{n}") for n in range(20)]
    drawn = {seed: full(records, seed) for seed in range(4)}
    assert drawn == {seed: full(records[::-1], seed) for seed in range(4)}
    assert len(set(map(frozenset, drawn.values()))) > 1


def test_each_program_comes_before_copies_of_another(log):
    records = [record(program="copied")] * 20 + [record(program="alone"), record(program="alone", task_id="other")]
    log(evidence_rows=3).append(1, rows(*records), ["u"] * 22, collect)
    assert [(row["task_id"], row["program"]) for row in log.rows() if not row.get("short")] == [
        ("t", "copied"), ("t", "alone"), ("other", "alone"),
    ]  # fmt: skip


def test_all_rows_are_full_if_no_number_is_given(log):
    log(evidence_rows=None).append(1, rows(*[record(program="p")] * 300), ["u"] * 300, collect)
    assert not any(row.get("short") for row in log.rows())


def test_a_full_row_has_a_bounded_size_whatever_was_in_it(log):
    huge = "\x00é" * 50_000
    evidence = {f"key {n}": [huge] * 60 for n in range(60)}
    error = {"type": huge, "message": huge, "line": 1}
    log().append(
        1, rows(record(program=huge, case=huge, got=huge, expected=huge, error=error, evidence=evidence)), "u", collect
    )
    (line,) = log.path.read_text().splitlines()
    assert len(line) < PROGRAM_BYTES + 2 * EVIDENCE_BYTES + 8_000
    assert "[cut: 100000 characters]" in json.loads(line)["program"]


def test_a_full_row_says_which_tokens_wrote_its_program_and_a_short_one_does_not(log):
    tokens = (TokenRun(token=2, start=3, lengths=(4, 1)),)
    batch = rows(record(program="def f():", tokens=tokens), record(program="def f():", tokens=tokens))
    log(evidence_rows=1).append(1, batch, "ab", collect)
    full, short = log.rows()
    assert full["program_tokens"] == [{"token": 2, "start": 3, "lengths": [4, 1]}]
    assert "program_tokens" not in short
    assert [one.program_tokens for one in read_records(log.path.parent)] == [tokens, ()]


def test_the_tokens_of_a_program_that_is_cut_end_where_it_does(log):
    tokens = (TokenRun(token=0, start=0, lengths=(4,) * 7_000),)
    log().append(1, rows(record(program="abcd" * 7_000, tokens=tokens)), "a", collect)
    (row,) = log.rows()
    (run,) = row["program_tokens"]
    assert sum(run["lengths"]) == len(row["program"]) - len(" [cut: 28000 characters]")


def test_more_tokens_than_a_program_can_need_are_not_kept(log):
    tokens = (TokenRun(token=0, start=0, lengths=(0,) * (PROGRAM_TOKENS + 1)),)
    log().append(1, rows(record(program="p", tokens=tokens)), "a", collect)
    assert log.rows()[0]["program_tokens"] == []


def test_a_sample_whose_evidence_is_gone_has_a_short_row_and_it_is_said_once(log, caplog):
    made = log()
    batch = rows(*(record(program=f"p{n}") for n in range(3)))
    with caplog.at_level(logging.WARNING):
        metrics = [made.append(step, batch, list("abc"), lambda wanted, done: {0: EVIDENCE[0]}) for step in (1, 2)]
    assert metrics == [{"egca/short_rows_total": 2}] * 2
    assert [row.get("short", False) for row in log.rows()] == [False, True, True] * 2
    (said,) = [line.getMessage() for line in caplog.records]
    assert "the evidence of 2 of step 1's 3 samples" in said


def test_only_the_evidence_that_is_written_is_asked_for_and_the_rest_is_given_up(log):
    asked = []

    def note(wanted, done):
        asked.append((len(wanted), len(list(done))))
        return collect(wanted, done)

    batch = rows(record(Mode.CORRECT, reward=1.0), *(record(program=f"p{n}") for n in range(5)))
    log(evidence_rows=2).append(1, batch, list("abcdef"), note)
    assert asked == [(2, 3)]


def test_a_row_names_the_constraint_that_its_sample_breaks(log):
    broken = "recursion: Do not use recursion. Found: recursion."
    log().append(1, rows(record(Mode.CONSTRAINT, constraint=broken), record()), ["a", "a"], collect)
    assert [row["constraint"] for row in log.rows()] == [broken, None]
    (first, _) = read_records(log.path.parent)
    assert first.constraint == broken
