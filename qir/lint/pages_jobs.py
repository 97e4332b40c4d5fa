"""The pages of Q180 to Q193 and Q300 to Q900: JSON, machines, jobs, estimates."""

from __future__ import annotations

from qir.lint.page import Page

__all__ = ["JOB_PAGES"]

_IONQ = (
    '{"type": "ionq.circuit.v1", "backend": "simulator", "shots": 100,\n'
    ' "input": {"gateset": "qis", "qubits": 2, "circuit": [%s]}}'
)
_NATIVE = _IONQ.replace('"qis"', '"native"').replace('"simulator"', '"qpu.forte-1"')
_IBM = (
    '{"program_id": "sampler", "backend": "ibm_fez", "params": {"version": 2, "pubs":\n'
    ' [["OPENQASM 3.0; include \\"stdgates.inc\\"; bit[1] c; %s c[0] = measure $0;"%s]]}}'
)
_ESTIMATOR = (
    '{"program_id": "estimator", "backend": "ibm_fez", "params": {"version": 2, "pubs":\n'
    ' [["OPENQASM 3.0; include \\"stdgates.inc\\"; %sx $0;", %s%s]]}}'
)
_GOOD = _IONQ % '{"gate": "h", "target": 0}'
_GOOD_IBM = _IBM % ("x $0;", "")

JOB_PAGES: dict[str, Page] = {
    "json.syntax": Page(
        "the service's parser stops at the first slip: a trailing comma, a single quote, a comment.",
        '{"backend": "simulator",}',
        _GOOD,
        "write plain JSON (RFC 8259).",
    ),
    "json.nan": Page(
        "NaN, Infinity and numbers beyond a double are not JSON; some libraries write them all the same, and the service "
        "refuses the whole job, or takes a rotation for zero.",
        _IONQ % '{"gate": "rx", "target": 0, "rotation": NaN}',
        _IONQ % '{"gate": "rx", "target": 0, "rotation": 0.5}',
        "find where the number was computed; often a division by zero.",
    ),
    "json.duplicate-key": Page(
        "readers keep the first or the last value, and nobody says which.",
        _GOOD.replace('"shots": 100', '"shots": 100, "shots": 200'),
        _GOOD,
        "remove one.",
    ),
    "json.type": Page(
        "a value has another JSON type than the field.",
        _GOOD.replace('"qubits": 2', '"qubits": "2"'),
        _GOOD,
        "numbers stand without quotes, lists in `[]`, objects in `{}`.",
    ),
    "json.missing": Page(
        "without the field the job or circuit has no meaning.",
        _GOOD.replace('"qubits": 2, ', '"qbits": 2, ').replace('"circuit"', '"gates"'),
        _GOOD,
        "add it; check its spelling.",
    ),
    "json.extra": Page("a field that nobody reads is often a misspelt one.", "", "", "remove it, or correct its name."),
    "json.nesting": Page(
        "real jobs are a few levels deep; thousands of brackets only exhaust the reader.",
        "[" * 2000 + "]" * 2000,
        _GOOD,
        "remove the nesting.",
    ),
    "ionq.gate": Page(
        'a job has one gateset, and each gateset its gates: `h`, `cnot`, `rx` … in "qis", `gpi`, `gpi2`, `ms`, `zz` in '
        '"native". Measurements and resets are no gates of a circuit job: all qubits are measured at its end.',
        _IONQ % '{"gate": "hadamard", "target": 0}',
        _GOOD,
        "use a gate of the gateset, or let `qcompile` write the job.",
    ),
    "ionq.qubits": Page(
        "each gate names its qubits in `target`/`targets` and `control`/`controls`, all different and below `qubits`.",
        _IONQ % '{"gate": "cnot", "control": 1, "target": 1}',
        _IONQ % '{"gate": "cnot", "control": 0, "target": 1}',
        "check the indices; they count from 0.",
    ),
    "ionq.angle": Page(
        "rotations are numbers in radians (`rotation`); phases and angles of native gates are numbers in turns.",
        _IONQ % '{"gate": "rx", "target": 0, "rotation": "pi"}',
        _IONQ % '{"gate": "rx", "target": 0, "rotation": 3.14159}',
        "write the number.",
    ),
    "ionq.dialect": Page(
        "the job is in an older format, or spelt as some client does; the service may stop taking it.",
        '{"target": "simulator", "shots": 100, "input": {"format": "ionq.circuit.v0", "qubits": 1, "gateset": "qis",\n'
        ' "circuit": [{"gate": "h", "target": 0}]}}',
        _GOOD,
        "compile it again: `qcompile old.json -t TARGET` writes today's format.",
    ),
    "ionq.pauliexp": Page(
        "a `pauliexp` has as many `coefficients` as `terms`, each term one letter of IXYZ per target, and a `time`.",
        _IONQ % '{"gate": "pauliexp", "targets": [0, 1], "terms": ["ZQ"], "coefficients": [1], "time": 0.5}',
        _IONQ % '{"gate": "pauliexp", "targets": [0, 1], "terms": ["ZZ"], "coefficients": [1], "time": 0.5}',
        "give one Pauli letter per target; the text is in wire order.",
    ),
    "ibm.qpy": Page(
        "QPY is Qiskit's binary format; its versions follow Qiskit's releases, and only Qiskit reads it.",
        "",
        "",
        "export the circuit as OpenQASM 3: `qiskit.qasm3.dumps(circuit)`.",
    ),
    "ibm.pub": Page(
        "a PUB is a list: for the sampler circuit, values, shots; for the estimator circuit, observables, values, precision.",
        _IBM % ("x $0;", ", null, 100, 1, 2"),
        _GOOD_IBM,
        "give the parts in this order, and null for those left out.",
    ),
    "target.unknown": Page(
        "the service refuses a job for a machine it does not have.",
        _GOOD.replace('"simulator"', '"qpu.forte-9"'),
        _GOOD,
        "`qcompile targets` lists the names as the vendors write them.",
    ),
    "target.gate": Page(
        "machines run a handful of gates. IBM has refused other gates since March 2024; IonQ takes those of the gateset.",
        _IBM % ("h $0;", ""),
        _GOOD_IBM,
        "compile the circuit for the machine: `qcompile SOURCE -t TARGET`.",
    ),
    "target.connectivity": Page(
        "on superconducting chips a two-qubit gate exists only between neighbours.",
        _IBM % ("cz $0, $50;", ""),
        _IBM % ("cz $0, $1;", ""),
        "compile the circuit: it is then placed and routed.",
    ),
    "target.parameters": Page(
        "IonQ's jobs carry numbers only; a circuit with free parameters cannot be sent.",
        "",
        "",
        "give the values: `parameter_values=` in Python, `--values FILE` on the command line.",
    ),
    "target.angle": Page(
        "machines calibrate part of the circle: `zz` takes 0 to 0.25 turns, IBM's fractional `rzz` 0 to pi/2.",
        _NATIVE % '{"gate": "zz", "targets": [0, 1], "angle": 0.4}',
        _NATIVE % '{"gate": "zz", "targets": [0, 1], "angle": 0.2}',
        "compile the circuit: larger angles are folded into the range.",
    ),
    "target.expression": Page(
        "the service's reader takes only simple conditions and angles.",
        "",
        "",
        "compute the value before the program, or simplify the condition.",
    ),
    "target.dialect": Page(
        "the service has its own OpenQASM reader, which takes less than the language: no subroutines, no `const`, and "
        "hardware qubits only.",
        '{"program_id": "sampler", "backend": "ibm_fez", "params": {"version": 2, "pubs":\n'
        ' [["OPENQASM 3.0; include \\"stdgates.inc\\"; qubit[1] q; bit[1] c; x q[0]; c[0] = measure q[0];"]]}}',
        _GOOD_IBM,
        "compile the program; what is written then is in the service's dialect.",
    ),
    "target.observable": Page(
        "for IBM an observable is as wide as the circuit's highest qubit, and its leftmost letter is that qubit.",
        _ESTIMATOR % ("", '"' + "I" * 160 + 'Z"', ""),
        _ESTIMATOR % ("", '"Z"', ""),
        "pad with I on the left; `qcompile` does it when it places the circuit.",
    ),
    "target.delay": Page(
        "a machine counts time in ticks, and rounds a delay to a multiple of them.",
        "",
        "",
        "use a multiple of the machine's granularity, or `dt`.",
    ),
    "target.layout": Page(
        "a layout gives every qubit of the program a different qubit of the machine.",
        "",
        "",
        "name as many different qubits as the program has, below the machine's number.",
    ),
    "job.required": Page(
        "the service refuses a job without it.",
        _GOOD.replace('"type": "ionq.circuit.v1", ', ""),
        _GOOD,
        "add the field.",
    ),
    "job.extra": Page(
        "the service refuses fields it does not know, or ignores them silently: a misspelt option then has no effect.",
        _GOOD.replace('"shots"', '"priority": 1, "shots"'),
        _GOOD,
        "remove it, or correct its name.",
    ),
    "job.type": Page(
        "a field has another type than the API describes.",
        _GOOD.replace('"shots": 100', '"shots": 100, "name": 7'),
        _GOOD,
        "write the type that the message names.",
    ),
    "job.shots": Page(
        "services take a range of shots, and mitigation needs a least number.",
        _GOOD.replace('"shots": 100', '"shots": 2000000'),
        _GOOD,
        "choose a number in the range, or split the job.",
    ),
    "job.observable": Page(
        "an observable names qubits that the circuit does not have, or is malformed.",
        _ESTIMATOR % ("", '{"Q": 1}', ""),
        _ESTIMATOR % ("", '{"Z": 1}', ""),
        "write Pauli letters, one per qubit.",
    ),
    "job.values": Page(
        "every parameter needs one value per run; lists are taken in the order of the declarations by some services, and in "
        "alphabetical order by others.",
        _ESTIMATOR % ("input float a; rz(a) $0; ", '"Z"', ""),
        _ESTIMATOR % ("input float a; rz(a) $0; ", '"Z"', ', {"a": 0.5}'),
        "give the values by name.",
    ),
    "job.options": Page(
        "options that do not exist, or exclude each other, are refused after the job was queued.",
        _GOOD_IBM.replace(
            '"version": 2,', '"version": 2,\n "options": {"dynamical_decoupling": {"enabled": true, "sequence_type": "YY"}},'
        ),
        _GOOD_IBM,
        "see the message for what is allowed.",
    ),
    "job.program": Page(
        "the kind of job does not fit: an estimator does not run measurements or branches, a sampler has no observables.",
        '{"program_id": "estimator", "backend": "ibm_fez", "params": {"version": 2, "pubs":\n'
        ' [["OPENQASM 3.0; include \\"stdgates.inc\\"; bit[1] c; c[0] = measure $0; if (c[0]) { x $0; }", "Z"]]}}',
        _ESTIMATOR % ("", '"Z"', ""),
        "choose the other kind, or remove what does not fit.",
    ),
    "job.size": Page(
        "services limit the bytes of a job, its executions and its circuits.",
        "",
        "",
        "split the job.",
    ),
    "job.empty": Page("there is nothing to run, and some services fail such jobs.", _IONQ % "", _GOOD, "add gates."),
    "job.metadata": Page(
        "IonQ documents up to 10 keys of up to 40 characters, and all values are text.",
        _GOOD.replace('"shots"', '"metadata": {"run": 7}, "shots"'),
        _GOOD.replace('"shots"', '"metadata": {"run": "7"}, "shots"'),
        "write text, and less of it.",
    ),
    "job.noise": Page(
        "noise models belong to the simulator and have the names of machines.",
        _GOOD.replace('"shots"', '"noise": {"model": "forte-9"}, "shots"'),
        _GOOD.replace('"shots"', '"noise": {"model": "forte-1"}, "shots"'),
        "choose a model that exists, or remove it.",
    ),
    "job.mitigation": Page(
        "debiasing runs many variants of a circuit, so it needs at least 500 shots.",
        _GOOD.replace('"simulator"', '"qpu.forte-1"').replace(
            '"input"', '"settings": {"error_mitigation": {"debiasing": true}},\n "input"'
        ),
        _GOOD,
        "take more shots, or turn it off.",
    ),
    "estimate.cost": Page(
        "machine time is paid for, and the price depends on gates, shots and mitigation. The estimate is the provider's "
        "published formula, shown with the date of the price list, applied to the compiled circuit.",
        "",
        "",
        "fewer shots and fewer two-qubit gates cost less; `qcompile -O 3` removes gates. `submit --max-cost` sets a limit.",
    ),
    "estimate.success": Page(
        "each operation fails with some probability. The estimate multiplies 1 - error over all gates and readouts, as if "
        "they failed independently, with the machine's published medians. Below about 0.1 most results are noise.",
        "",
        "",
        "shorten the circuit, choose a better machine, or use error mitigation.",
    ),
    "estimate.duration": Page(
        "qubits lose their state within a coherence time. The estimate adds the durations of gates along the longest path "
        "(in a chain of ions, of all gates), readout included, without the pause between two shots.",
        "",
        "",
        "shorten the circuit.",
    ),
    "internal.refuted": Page(
        "every compiled circuit is compared with its source; this one differs, so nothing was written. That is a bug in qir.",
        "",
        "",
        "please report it with the program; `-O 0` is a way around it.",
    ),
}
