"""All cases: every layout with the paper's objective, each kind with others and another model, and controls."""

from __future__ import annotations

from dataclasses import replace

from layouts.layout import Case, Fault, Layout, Objective

PAPER = Objective("seq-mean-token-sum", kl=0.05)
TOKEN_MEAN = Objective("token-mean", kl=0.0)

_SP = {"sequence_parallel": True}
_LAYOUTS = {
    "tp2": Layout(tp=2),
    "tp2-sp": Layout(tp=2, **_SP),
    "tp2-sp-padded": Layout(tp=2, **_SP, packed=False),
    "tp2-sp-dynamic": Layout(tp=2, **_SP, dynamic_batch=True),
    "tp2-sp-recompute-offload": Layout(tp=2, **_SP, recompute=True, offload=True),
    "pp2": Layout(pp=2),
    "pp2-padded": Layout(pp=2, packed=False),
    "pp2-recompute-offload": Layout(pp=2, recompute=True, offload=True),
    "pp2-vpp2": Layout(pp=2, vpp=2),
    "cp2": Layout(cp=2),
    "cp2-dynamic": Layout(cp=2, dynamic_batch=True),
    "cp2-recompute-offload": Layout(cp=2, recompute=True, offload=True),
    "dp2": Layout(dp=2),
    "dp2-padded": Layout(dp=2, packed=False),
    "dp2-dynamic": Layout(dp=2, dynamic_batch=True),
    "dp2-recompute-offload": Layout(dp=2, recompute=True, offload=True),
    "one": Layout(),
    "one-padded": Layout(packed=False),
    "one-dynamic": Layout(dynamic_batch=True),
    "one-recompute": Layout(recompute=True),
    "one-offload": Layout(offload=True),
    "tp2-sp-pp2": Layout(tp=2, pp=2, **_SP),
    "tp2-sp-pp2-vpp2": Layout(tp=2, pp=2, vpp=2, **_SP),
    "tp2-sp-cp2": Layout(tp=2, cp=2, **_SP),
    "tp2-sp-dp2": Layout(tp=2, dp=2, **_SP),
    "pp2-cp2": Layout(pp=2, cp=2),
    "pp2-dp2": Layout(pp=2, dp=2),
    "cp2-dp2": Layout(cp=2, dp=2),
    "tp4-sp": Layout(tp=4, **_SP),
    "pp4": Layout(pp=4),
    "cp4": Layout(cp=4),
    "dp4": Layout(dp=4),
}
# case -> the case whose checkpoint it loads: always another layout, and together all changes of layout
_RESUMES = {
    "tp2": "pp2",
    "tp2-sp": "cp2",
    "tp2-sp-padded": "dp2",
    "tp2-sp-dynamic": "pp2-vpp2",
    "tp2-sp-recompute-offload": "dp2-recompute-offload",
    "pp2": "tp2-sp",
    "pp2-padded": "cp2",
    "pp2-recompute-offload": "tp2-sp",
    "pp2-vpp2": "tp2-sp",
    "cp2": "pp2-vpp2",
    "cp2-dynamic": "tp2-sp",
    "cp2-recompute-offload": "pp2-vpp2",
    "dp2": "tp2-sp",
    "dp2-padded": "pp2-vpp2",
    "dp2-dynamic": "cp2",
    "dp2-recompute-offload": "tp2-sp-recompute-offload",
    "one": "tp2-sp",
    "one-padded": "pp2",
    "one-dynamic": "pp2-vpp2",
    "one-recompute": "cp2",
    "one-offload": "dp2",
    "tp2-sp-pp2": "cp2",
    "tp2-sp-pp2-vpp2": "one",
    "tp2-sp-cp2": "pp2-vpp2",
    "tp2-sp-dp2": "pp2",
    "pp2-cp2": "tp2-sp",
    "pp2-dp2": "tp2-sp",
    "cp2-dp2": "one",
    "tp4-sp": "tp2-sp",
    "pp4": "pp2-vpp2",
    "cp4": "tp2-sp",
    "dp4": "dp2",
}


_KINDS = ("one", "tp2-sp", "pp2", "pp2-vpp2", "cp2", "dp2", "tp2-sp-pp2")


def _all() -> dict[str, Case]:
    cases = {name: Case(layout, PAPER, resumes=_RESUMES[name]) for name, layout in _LAYOUTS.items()}
    for name in (*_KINDS, "tp2-sp-dynamic", "dp2-dynamic", "cp2-dp2"):
        cases[f"{name}/token-mean"] = replace(cases[name], objective=TOKEN_MEAN)
    cases["tp2-sp/no-kl"] = replace(cases["tp2-sp"], objective=replace(PAPER, kl=0.0))
    cases["dp2/token-mean-kl"] = replace(cases["dp2"], objective=replace(TOKEN_MEAN, kl=0.05))
    # grouped key heads, biases, tied embeddings; and mbridge, which can express this model's RoPE
    for name in _KINDS:
        if (
            name == "pp2-vpp2"
        ):  # Megatron-Bridge 0.3.1 loads no tied embeddings into virtual stages (model_bridge.py:1164)
            continue
        saver = "pp2" if name == "tp2-sp" else "tp2-sp"
        cases[f"{name}/qwen"] = replace(cases[name], model="qwen", resumes=f"{saver}/qwen")
        mbridge = replace(_LAYOUTS[name], mbridge=True)
        cases[f"{name}/mbridge"] = Case(mbridge, PAPER, "qwen", resumes=f"{saver}/mbridge")
    return cases


def _controls() -> dict[str, Case]:
    controls = {}
    for name in ("one", "tp2-sp", "pp2-vpp2", "cp2", "dp2"):
        controls[f"{name}/shifted"] = Case(_LAYOUTS[name], PAPER, fault=Fault.SHIFTED)
        controls[f"{name}/swapped"] = Case(_LAYOUTS[name], PAPER, fault=Fault.SWAPPED)
    for name in ("one", "tp2-sp"):
        controls[f"{name}/no-rope-scaling"] = Case(_LAYOUTS[name], PAPER, fault=Fault.NO_SCALING)
        controls[f"{name}/no-rope-base"] = Case(_LAYOUTS[name], PAPER, fault=Fault.NO_BASE)
    controls["one/no-rope"] = Case(_LAYOUTS["one"], PAPER, fault=Fault.NO_ROPE)
    mbridge = replace(_LAYOUTS["one"], mbridge=True)
    controls["one/mbridge-rope-scaling"] = Case(mbridge, PAPER, fault=Fault.MBRIDGE_SCALING)
    controls["pp2/no-moments"] = Case(_LAYOUTS["pp2"], PAPER, resumes="tp2-sp", fault=Fault.NO_MOMENTS)
    return controls


CASES: dict[str, Case] = {**_all(), **_controls()}
