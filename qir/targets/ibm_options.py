"""Every field and option of an IBM sampler or estimator job, as one table, and its check.

Names and ranges are those of the service's OpenAPI description (version 0.45.3, March 2026), of
ibm-quantum-schemas (models 0.1 of sampler and estimator) and of the option classes of
qiskit-ibm-runtime 0.51, which refuse unknown keys at every level; read November 2026.

Problems are given back without a place; readers and rules know where the options stand.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = ["BODY", "EXECUTOR_OPTIONS", "OPTIONS", "PARAMS", "Field", "Problem", "check_body", "check_options", "check_params"]

BOTH = frozenset({"sampler", "estimator"})
SAMPLER = frozenset({"sampler"})
ESTIMATOR = frozenset({"estimator"})

AMPLIFIERS = ("gate_folding", "gate_folding_front", "gate_folding_back", "pea")
POLYNOMIALS = tuple(f"polynomial_degree_{k}" for k in range(1, 8))
EXTRAPOLATORS: Mapping[str, int] = {
    "linear": 2, "exponential": 2, "double_exponential": 4, "fallback": 1,
    **{name: k + 2 for k, name in enumerate(POLYNOMIALS)},
}  # fmt: skip
"""Extrapolator to the number of noise factors it needs."""


class Problem(NamedTuple):
    """What is wrong: the diagnostic's slug, the way to the value, a message, and what to do."""

    slug: str
    path: tuple[str | int, ...]
    message: str
    help: str | None = None


@dataclass(frozen=True)
class Field:
    """One leaf of a table.

    path: keys joined by dots.    kind: bool, int, number, text, choice, list, texts, pairs (of qubits),
        object, model (of noise).
    low, high: bounds; `above` excludes the low one.    choices: of a choice, or of a list's elements.
    words: texts taken beside the kind ("auto").    null: whether null is taken.
    programs: for which programs.    default: what the service takes when it is missing.
    """

    path: str
    kind: str
    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    choices: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    null: bool = False
    programs: frozenset[str] = BOTH
    default: Any = None


_INT = 2**31 - 1

OPTIONS: tuple[Field, ...] = (
    Field("default_shots", "int", 1, _INT, programs=SAMPLER, default=4096),
    Field("default_shots", "int", 0, _INT, null=True, programs=ESTIMATOR),
    Field("default_precision", "number", 0, above=True, programs=ESTIMATOR, default=0.015625),
    Field("seed_estimator", "int", 0, _INT, null=True, programs=ESTIMATOR),
    Field("dynamical_decoupling.enable", "bool", default=False),
    Field("dynamical_decoupling.sequence_type", "choice", choices=("XX", "XpXm", "XY4"), default="XX"),
    Field("dynamical_decoupling.extra_slack_distribution", "choice", choices=("middle", "edges"), default="middle"),
    Field("dynamical_decoupling.scheduling_method", "choice", choices=("alap", "asap"), default="alap"),
    Field("dynamical_decoupling.skip_reset_qubits", "bool", default=False),
    Field("execution.init_qubits", "bool", default=True),
    Field("execution.rep_delay", "number", 0, null=True),
    Field("execution.meas_type", "choice", choices=("classified", "kerneled", "avg_kerneled"), programs=SAMPLER,
          default="classified"),
    Field("twirling.enable_gates", "bool", programs=SAMPLER, default=False),
    Field("twirling.enable_measure", "bool", programs=SAMPLER, default=False),
    Field("twirling.enable_gates", "bool", null=True, programs=ESTIMATOR),
    Field("twirling.enable_measure", "bool", null=True, programs=ESTIMATOR),
    Field("twirling.num_randomizations", "int", 1, _INT, words=("auto",), default="auto"),
    Field("twirling.shots_per_randomization", "int", 1, _INT, words=("auto",), default="auto"),
    Field("twirling.strategy", "choice", choices=("active", "active-accum", "active-circuit", "all"), default="active-accum"),
    Field("resilience.measure_mitigation", "bool", null=True, programs=ESTIMATOR),
    Field("resilience.measure_noise_learning.num_randomizations", "int", 1, _INT, programs=ESTIMATOR, default=32),
    Field("resilience.measure_noise_learning.shots_per_randomization", "int", 1, _INT, words=("auto",), programs=ESTIMATOR,
          default="auto"),
    Field("resilience.zne_mitigation", "bool", null=True, programs=ESTIMATOR),
    Field("resilience.zne.amplifier", "choice", choices=AMPLIFIERS, programs=ESTIMATOR, default="gate_folding"),
    Field("resilience.zne.noise_factors", "list", 1, null=True, programs=ESTIMATOR, default=(1, 3, 5)),
    Field("resilience.zne.extrapolator", "list", choices=tuple(EXTRAPOLATORS), programs=ESTIMATOR,
          default=("exponential", "linear")),
    Field("resilience.zne.extrapolated_noise_factors", "list", 0, words=("auto",), null=True, programs=ESTIMATOR,
          default="auto"),
    Field("resilience.pec_mitigation", "bool", null=True, programs=ESTIMATOR, default=False),
    Field("resilience.pec.max_overhead", "number", 0, above=True, null=True, programs=ESTIMATOR, default=100),
    Field("resilience.pec.noise_gain", "number", 0, words=("auto",), programs=ESTIMATOR, default="auto"),
    Field("resilience.layer_noise_learning.max_layers_to_learn", "int", 0, null=True, programs=ESTIMATOR, default=4),
    Field("resilience.layer_noise_learning.shots_per_randomization", "int", 1, programs=ESTIMATOR, default=128),
    Field("resilience.layer_noise_learning.num_randomizations", "int", 1, programs=ESTIMATOR, default=32),
    Field("resilience.layer_noise_learning.layer_pair_depths", "list", 0, programs=ESTIMATOR, default=(0, 1, 2, 4, 16, 32)),
    Field("resilience.layer_noise_model", "model", null=True, programs=ESTIMATOR),
    Field("simulator.noise_model", "object", null=True),
    Field("simulator.seed_simulator", "int", 0, _INT, null=True),
    Field("simulator.coupling_map", "pairs", null=True),
    Field("simulator.basis_gates", "texts", null=True),
    Field("experimental", "object"),
)  # fmt: skip

EXECUTOR_OPTIONS: tuple[Field, ...] = (
    Field("init_qubits", "bool", default=True),
    Field("rep_delay", "number", 0, null=True),
    Field("scheduler_timing", "bool", default=False),
    Field("stretch_values", "bool", default=False),
    Field("experimental", "object"),
)
"""Options of the executor form, model 2.0."""

PARAMS: tuple[Field, ...] = (
    Field("pubs", "list"),
    Field("options", "object", null=True),
    Field("shots", "int", 1, _INT, null=True, programs=SAMPLER),
    Field("precision", "number", 0, above=True, null=True, programs=ESTIMATOR),
    Field("resilience_level", "int", 0, 2, programs=ESTIMATOR),
    Field("support_qiskit", "bool", default=False),
    Field("version", "int", 2, 2, default=2),
)

BODY: tuple[Field, ...] = (
    Field("program_id", "text"),
    Field("backend", "text"),
    Field("params", "object"),
    Field("runtime", "text", null=True),
    Field("tags", "list", null=True),
    Field("log_level", "choice", choices=("critical", "error", "warning", "info", "debug"), null=True),
    Field("cost", "int", 0, 10_800, null=True),
    Field("session_id", "text", 1, 36, null=True),
    Field("calibration_id", "text", 1, 100, null=True),
    Field("private", "bool", null=True),
    Field("remote_storage", "object", null=True),
)

_HINTS: Mapping[str, str] = {
    "supports_qiskit": "the field is called support_qiskit",
    "transpilation": "the service no longer transpiles; send circuits of the machine's own gates",
    "resilience_level": "resilience_level stands in params, beside options, and only for the estimator",
    "environment": "its entries are fields of the job: log_level, tags, private",
    "max_execution_time": "in a job it is the field cost, in seconds",
    "noise_factors": "it belongs in options.resilience.zne",
    "extrapolator": "it belongs in options.resilience.zne",
    "hub": "hub, group and project are gone: the instance is the header Service-CRN",
    "group": "hub, group and project are gone: the instance is the header Service-CRN",
    "project": "hub, group and project are gone: the instance is the header Service-CRN",
    "start_session": "open a session with POST /v1/sessions and give its session_id",
    "session_time": "open a session with POST /v1/sessions and its max_ttl",
    "shots": "the estimator takes precision; shots follow from it",
    "precision": "the sampler takes shots",
    "job_tags": "in a job the field is called tags",
}


def check_body(body: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the fields of the job, except for `params`."""
    found = list(_table(BODY, body, "sampler", "job.extra", "a field of a job", {}))
    for name in ("program_id", "backend"):
        if name not in body:
            found.append(Problem("job.required", (), f"the field {name!r} is missing"))
    program = body.get("program_id")
    if isinstance(program, str) and program not in ("sampler", "estimator", "executor"):
        found.append(Problem("job.program", ("program_id",), f"{program!r} is not a program that runs circuits",
                             "take sampler, estimator or executor"))  # fmt: skip
    tags = body.get("tags")
    if isinstance(tags, list):
        if len(tags) > 8:
            found.append(Problem("job.size", ("tags",), f"{len(tags)} tags; a job has at most 8"))
        for i, tag in enumerate(tags):
            if not isinstance(tag, str):
                found.append(Problem("job.type", ("tags", i), "a tag is a text"))
            elif len(tag) > 86:
                found.append(Problem("job.size", ("tags", i), f"a tag of {len(tag)} characters; it has at most 86"))
    runtime = body.get("runtime")
    if isinstance(runtime, str) and (runtime.count(":") != 1 or runtime.startswith(":") or runtime.endswith(":")):
        found.append(Problem("job.type", ("runtime",), "a runtime image is given as image_name:tag"))
    return found


def check_params(params: Mapping[str, Any], program: str) -> list[Problem]:
    """What is wrong with the fields of `params`, beside PUBs and options."""
    found = list(_table(PARAMS, params, program, "job.extra", f"a field of {program} params", {}))
    if "pubs" not in params:
        found.append(Problem("job.required", (), "the field 'pubs' is missing"))
    slugs = {"shots": "job.shots"}
    return [p._replace(slug=slugs.get(str(p.path[0]), p.slug)) if p.path else p for p in found]


def check_options(options: Mapping[str, Any], program: str) -> list[Problem]:
    """What is wrong with an options tree: unknown keys, types, ranges, and options that exclude each other."""
    if program == "executor":
        return list(_table(EXECUTOR_OPTIONS, options, "sampler", "job.options", "an option of the executor", {}))
    found = list(_table(OPTIONS, options, program, "job.options", f"an option of the {program}", {"": "job.options"}))
    resilience = _child(options, "resilience")
    zne, pec = resilience.get("zne_mitigation"), resilience.get("pec_mitigation")
    if zne is True and pec is True:
        found.append(
            Problem("job.options", ("resilience", "pec_mitigation"), "pec_mitigation and zne_mitigation exclude each other",
                    "switch one of them off")
        )  # fmt: skip
    if isinstance(resilience.get("measure_noise_learning"), Mapping) and resilience.get("measure_mitigation") is not True:
        # The client asks for an explicit true, whatever the resilience level turns on.
        found.append(
            Problem("job.options", ("resilience", "measure_noise_learning"),
                    "measure_noise_learning is set, but measure_mitigation is not true", "set measure_mitigation to true")
        )  # fmt: skip
    found += _zne(_child(resilience, "zne"))
    twirling, execution = _child(options, "twirling"), _child(options, "execution")
    if twirling.get("enable_measure") is True and execution.get("meas_type") in ("kerneled", "avg_kerneled"):
        found.append(
            Problem("job.options", ("execution", "meas_type"), "kerneled results do not go with measurement twirling",
                    "switch twirling.enable_measure off")
        )  # fmt: skip
    return found


def _child(options: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = options.get(name)
    return value if isinstance(value, Mapping) else {}


def _zne(zne: Mapping[str, Any]) -> Iterator[Problem]:
    factors = zne.get("noise_factors")
    count = len(factors) if isinstance(factors, list) else 3
    extrapolators = zne.get("extrapolator")
    names = [extrapolators] if isinstance(extrapolators, str) else extrapolators
    for name in names if isinstance(names, list) else []:
        needed = EXTRAPOLATORS.get(name, 0) if isinstance(name, str) else 0
        if needed > count:
            yield Problem("job.options", ("resilience", "zne", "noise_factors"),
                          f"{name} needs at least {needed} noise factors; there are {count}")  # fmt: skip


def _table(
    table: tuple[Field, ...], data: Mapping[str, Any], program: str, extra: str, what: str, slugs: Mapping[str, str]
) -> Iterator[Problem]:
    """Walk an object along a table: unknown keys, and leaves of the wrong type or range."""
    rows = {tuple(f.path.split(".")): f for f in table if program in f.programs}
    inner = {path[:k] for path in rows for k in range(1, len(path))}
    stack: list[tuple[tuple[str, ...], Mapping[str, Any]]] = [((), data)]
    while stack:
        path, level = stack.pop()
        for key, value in level.items():
            here = (*path, key)
            row = rows.get(here)
            if row is not None:
                yield from _leaf(row, here, value, slugs.get("", "job.type"))
            elif here in inner:
                if isinstance(value, Mapping):
                    stack.append((here, value))
                else:
                    yield Problem(slugs.get("", "job.type"), here, f"{key} is an object of options, not {value!r}")
            else:
                known = sorted({p[len(path)] for p in rows if p[: len(path)] == path and len(p) > len(path)})
                help = _HINTS.get(key) or f"known here: {', '.join(known)}"
                yield Problem(extra, here, f"{key!r} is not {what}", help)


def _leaf(row: Field, path: tuple[str, ...], value: Any, slug: str) -> Iterator[Problem]:
    name = path[-1]
    if value is None:
        if not row.null:
            yield Problem(slug, path, f"{name} may not be null")
        return
    if isinstance(value, str) and value in row.words:
        return
    wrong = _wrong(row, value)
    if wrong is not None:
        words = "".join(f" or {word!r}" for word in row.words)
        yield Problem(slug, path, f"{name} is {wrong}{words}, not {_shown(value)}")


def _wrong(row: Field, value: Any) -> str | None:
    """What the value should have been, or None when it is right."""
    kind = row.kind
    if kind == "bool":
        return None if isinstance(value, bool) else "true or false"
    if kind in ("int", "number"):
        good = isinstance(value, int if kind == "int" else (int, float)) and not isinstance(value, bool)
        if good and (math.isnan(value) or not row.low <= value <= row.high or (row.above and value <= row.low)):
            good = False
        return None if good else f"{'a whole number' if kind == 'int' else 'a number'}{_range(row)}"
    if kind == "choice":
        return None if isinstance(value, str) and value in row.choices else f"one of {', '.join(row.choices)}"
    if kind == "text":
        if not isinstance(value, str) or not value:
            return "a text"
        return None if len(value) <= min(row.high, 10_000) else f"a text of at most {min(row.high, 10_000):g} characters"
    if kind == "model":
        return None if isinstance(value, (Mapping, list)) else "a learned noise model, or a list of layer errors"
    if kind == "object":
        return None if isinstance(value, Mapping) else "an object"
    if kind == "list":
        return _wrong_list(row, value)
    if kind == "texts":
        return None if isinstance(value, list) and all(isinstance(v, str) for v in value) else "a list of names"
    if kind == "pairs":
        pairs = isinstance(value, list) and all(isinstance(v, list) and len(v) == 2 and all(map(_whole, v)) for v in value)
        return None if pairs else "a list of pairs of qubits"
    return None


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _wrong_list(row: Field, value: Any) -> str | None:
    if row.choices:
        names = [value] if isinstance(value, str) else value
        good = isinstance(names, list) and names and all(isinstance(n, str) and n in row.choices for n in names)
        return None if good else f"one or a list of {', '.join(row.choices)}"
    if not isinstance(value, list):
        return "a list"
    if row.low == -math.inf:
        return None
    good = bool(value) and all(isinstance(v, (int, float)) and not isinstance(v, bool) and v >= row.low for v in value)
    return None if good else f"a list of numbers{_range(row)}"


def _range(row: Field) -> str:
    if row.high < math.inf and row.high != _INT:
        return f" from {row.low:g} to {row.high:g}" if row.low != row.high else f" {row.low:g}"
    if row.low > -math.inf:
        return f" above {row.low:g}" if row.above else f" of at least {row.low:g}"
    return ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
