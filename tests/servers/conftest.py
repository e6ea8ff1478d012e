"""The pinned servers' code, in an environment of its own that scripts/setup_servers.sh makes."""

import functools
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from omegaconf import OmegaConf

DEEPSEEK_CODER_6_7B = {  # the public model's config.json
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 32,
    "vocab_size": 32256,
    "max_position_embeddings": 16384,
    "rope_theta": 100000,
    "rope_scaling": {"type": "linear", "factor": 4.0},
    "torch_dtype": "bfloat16",
}
ROOT = Path(__file__).parents[2]
ENVIRONMENT = ROOT / ".venv-servers"


@pytest.fixture(scope="session")
def servers():
    """The folder of the environment, made if it is not there."""
    made = subprocess.run(["bash", "scripts/setup_servers.sh"], cwd=ROOT, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return ENVIRONMENT


@pytest.fixture(scope="session")
def answers(servers):
    """Hands jobs to an engine's own code, all in one process since it takes long to import; see server_jobs.py."""

    def ask(engine, jobs):
        run = subprocess.run(
            [servers / engine / "bin" / "python", Path(__file__).with_name("server_jobs.py"), engine],
            input="\n".join(map(json.dumps, jobs)),
            capture_output=True,
            text=True,
            env=without_cpu_plugin(),
        )
        assert run.returncode == 0, run.stderr[-3000:]
        return [json.loads(line) for line in run.stdout.splitlines()]

    return ask


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """The model's folder without its weights; no parser looks at those. The tokenizer is the starter policy's."""
    folder = tmp_path_factory.mktemp("deepseek")
    for file in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(ROOT / "scripts" / "starter" / "weights" / file, folder)
    (folder / "config.json").write_text(json.dumps(DEEPSEEK_CODER_6_7B))
    return folder


@pytest.fixture(scope="session")
def recipe(model):
    """The resolved config of the DeepSeek-Coder-6.7B recipe for an engine, from its own dry run."""

    @functools.cache
    def resolved(engine):
        settings = (f"ROLLOUT={engine}", f"MODEL={model}", "ROLLOUT_TP=4", "ROLLOUT_MEMORY=0.6")
        dry_run = subprocess.run(
            ["bash", "recipes/run_egca_deepseek6.7b.sh", "--dry-run", *settings],
            cwd=ROOT,
            capture_output=True,
            text=True,
            env=without_cpu_plugin(),
        )
        assert dry_run.returncode == 0, dry_run.stderr
        return OmegaConf.create(dry_run.stdout.partition("# the resolved config\n")[2])

    return resolved


def without_cpu_plugin():
    return {name: value for name, value in os.environ.items() if name != "EGCA_CPU"}
