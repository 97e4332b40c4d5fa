"""The one table of diagnostic codes: number, slug, and what it says in one line.

Codes are stable: a number is never given to another meaning.  `Q1xx` syntax and semantics,
`Q2xx` circuit smells, `Q3xx` target rules, `Q4xx` payload and job rules, `Q5xx` cost and
quality estimates.  `qcompile explain CODE` prints the line and, where a lint rule stands
behind the code, the manual page in the rule's docstring.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CODES", "Code", "find"]


class Code(NamedTuple):
    """One row: the stable code, its readable slug, and its meaning."""

    code: str
    slug: str
    meaning: str


_ROWS: tuple[tuple[int, str, str], ...] = (
    # 100-109: files and encodings
    (100, "file.unreadable", "The file cannot be read."),
    (101, "file.encoding", "The text is not UTF-8."),
    (102, "file.format", "The format of the text is not known."),
    (103, "limit.exceeded", "The program asks for more than a limit allows."),
    (104, "feature.unsupported", "A legal construct that is not compiled."),
    # 105-119: lexical and syntactic
    (105, "lex.char", "A character that begins nothing."),
    (106, "lex.number", "A malformed number."),
    (107, "lex.string", "A string that does not end."),
    (108, "lex.comment", "A block comment that does not end."),
    (109, "syn.missing-semicolon", "A statement does not end in a semicolon."),
    (110, "syn.unbalanced", "A bracket is not closed, or closes nothing."),
    (111, "syn.reserved-word", "A reserved word is used as a name."),
    (112, "syn.statement", "This is not a statement of the language."),
    (113, "syn.version", "A malformed version line."),
    (114, "version.unsupported", "A version of the language that is not known."),
    (115, "version.position", "The version line is not the first statement."),
    (116, "include.missing", "An included file is not there or may not be opened."),
    (117, "include.scope", "An include below the top level."),
    (118, "annotation.dangling", "An annotation with no statement after it."),
    # 120-129: names and scopes
    (120, "name.undeclared", "A name that was never declared."),
    (121, "name.undeclared-gate", "A gate that was never declared."),
    (122, "name.forward", "A name is used before its declaration."),
    (123, "name.redeclared", "A name is declared twice in one scope."),
    (124, "name.scope", "A name is used outside its scope."),
    (125, "name.not-visible", "A name that gates and subroutines cannot see."),
    (126, "decl.scope", "A declaration in a place where it may not stand."),
    (127, "io.both", "A variable is both input and output."),
    # 130-149: gates and qubits
    (130, "qubit.duplicate", "One gate uses the same qubit twice."),
    (131, "gate.qubit-count", "A gate is given the wrong number of qubits."),
    (132, "gate.param-count", "A gate is given the wrong number of parameters."),
    (133, "gate.not-a-gate", "A name is applied that is not a gate."),
    (134, "gate.recursive", "A gate uses itself."),
    (135, "gate.body-statement", "A statement that may not stand in a gate body."),
    (136, "gate.body-index", "A gate argument is indexed."),
    (137, "gate.physical-qubit", "A gate body names a physical qubit."),
    (138, "gate.opaque", "A gate without a definition."),
    (139, "modifier.argument", "A modifier has a bad argument."),
    (140, "broadcast.size", "Registers of different sizes in one gate call."),
    (141, "measure.size", "A measurement and its target differ in size."),
    (142, "index.range", "An index is out of range."),
    (143, "index.type", "An index is not an integer."),
    (144, "index.not-indexable", "Something is indexed that has no elements."),
    (145, "index.step-zero", "A range has step zero."),
    (146, "alias.overlap", "An alias holds one qubit or bit twice."),
    (147, "alias.type", "An alias of something that cannot be aliased."),
    (148, "qubit.physical-mixed", "Physical and virtual qubits in one program."),
    # 150-179: types, constants, calls, flow
    (150, "type.mismatch", "A value of the wrong type."),
    (151, "type.width", "Widths that do not agree."),
    (152, "type.cast", "A cast that is not allowed."),
    (153, "type.operand", "An operator that is not defined for its operands."),
    (154, "type.condition", "A condition that is not a truth value."),
    (155, "type.size", "A bad size."),
    (156, "duration.type", "A duration was expected, or was not."),
    (157, "duration.negative", "A negative duration."),
    (158, "const.required", "A constant was expected."),
    (159, "const.assign", "A constant is assigned to."),
    (160, "const.uninitialised", "A constant without a value."),
    (161, "const.value", "A constant expression has no value."),
    (162, "call.arity", "A call has the wrong number of arguments."),
    (163, "call.type", "An argument of a call has the wrong type."),
    (164, "call.undeclared", "A subroutine that was never declared."),
    (165, "call.not-callable", "Something is called that is not a subroutine."),
    (166, "call.recursive", "A subroutine calls itself without end."),
    (167, "return.type", "A return of the wrong type."),
    (168, "flow.break", "A break outside a loop."),
    (169, "flow.continue", "A continue outside a loop."),
    (170, "flow.return", "A return outside a subroutine."),
    (171, "switch.default", "A misplaced or second default."),
    (172, "switch.empty", "A switch without cases."),
    (173, "switch.duplicate", "A case label stands twice."),
    (174, "switch.type", "A switch on something that is not an integer."),
    (175, "array.shape", "Array shapes that do not agree."),
    (176, "array.base", "A type that arrays cannot hold."),
    (177, "array.dims", "A bad number of array dimensions."),
    (178, "array.readonly", "A readonly array is written."),
    # 180-199: JSON
    (180, "json.syntax", "The text is not JSON."),
    (181, "json.nan", "A number that JSON does not have (NaN, Infinity, overflow)."),
    (182, "json.duplicate-key", "A key stands twice in one object."),
    (183, "json.type", "A value of the wrong JSON type."),
    (184, "json.missing", "A required field is missing."),
    (185, "json.extra", "A field that is not known."),
    (186, "json.nesting", "Nesting too deep."),
    (187, "ionq.gate", "A gate that the gateset does not have."),
    (188, "ionq.qubits", "Missing, repeated or out of range qubits of a gate."),
    (189, "ionq.angle", "A missing or malformed angle, phase or time."),
    (190, "ionq.dialect", "An older or unofficial spelling of the IonQ format."),
    (191, "ionq.pauliexp", "A malformed pauliexp gate."),
    (192, "ibm.qpy", "A circuit in QPY, which only Qiskit reads."),
    (193, "ibm.pub", "A malformed PUB."),
    # 195-199: legal but doubtful text
    (195, "style.version", "No version line."),
    (196, "style.dialect", "Not legal by the letter, but common: accepted."),
    (197, "style.integer-division", "An integer division that loses its fraction."),
    (198, "style.bidi", "Bidirectional control characters in the text."),
)

_ROWS_CIRCUIT: tuple[tuple[int, str, str], ...] = (
    (200, "circuit.unused-qubit", "A qubit that no operation uses."),
    (201, "circuit.unused-bit", "A classical bit that nothing writes or reads."),
    (202, "circuit.gate-after-measure", "A gate on a measured qubit that nothing can see."),
    (203, "circuit.measured-twice", "A qubit is measured twice with nothing in between."),
    (204, "circuit.reset-fresh", "A reset of a qubit that is still in |0>."),
    (205, "circuit.identity-gate", "A gate that does nothing."),
    (206, "circuit.cancelling-gates", "Two neighbouring gates that undo each other."),
    (207, "circuit.unreachable", "Operations that never run."),
    (208, "circuit.unused-parameter", "An input parameter that no gate uses."),
    (209, "circuit.shadowed-gate", "A gate definition that hides a well-known gate."),
    (210, "circuit.deprecated", "Syntax that newer versions of the language replace."),
    (211, "circuit.angle-degrees", "An angle that looks like degrees."),
    (212, "circuit.angle-turns", "An angle of a native gate that looks like radians."),
    (213, "circuit.include", "An include that other tools may not have."),
    (214, "circuit.unused-gate", "A gate definition that nothing calls."),
    (215, "circuit.no-measurement", "A program whose results nobody reads."),
    (216, "circuit.bit-overwritten", "A measurement result that is overwritten before it is read."),
)

_ROWS_ESTIMATE: tuple[tuple[int, str, str], ...] = (
    (500, "estimate.cost", "What the job is likely to cost."),
    (501, "estimate.success", "How likely one run is free of errors."),
    (502, "estimate.duration", "How long one run takes."),
)

_ROWS_INTERNAL: tuple[tuple[int, str, str], ...] = ((900, "internal.refuted", "The compiler's own check refuted its output."),)

_ROWS_TARGET: tuple[tuple[int, str, str], ...] = (
    (300, "target.unknown", "No machine has this name."),
    (301, "target.qubits", "The program needs more qubits than the machine has."),
    (302, "target.gate", "A gate that the machine does not have."),
    (303, "target.connectivity", "Two qubits that the machine does not connect."),
    (304, "target.retired", "The machine is retired."),
    (305, "target.control-flow", "Control flow that the machine cannot run."),
    (306, "target.mid-circuit", "A measurement or reset inside the circuit that the machine cannot run."),
    (307, "target.parameters", "Parameters without values that the service cannot take."),
    (308, "target.angle", "An angle outside the machine's range."),
    (309, "target.expression", "A classical expression that the service cannot take."),
    (310, "target.dialect", "OpenQASM that the service's own reader does not take."),
    (311, "target.observable", "An observable that the service does not take as it stands."),
    (312, "target.delay", "A delay that the machine rounds."),
    (315, "target.layout", "A layout that does not fit the program or the machine."),
    (400, "job.required", "A required field of the job is missing."),
    (401, "job.extra", "A field that the service does not know."),
    (402, "job.type", "A field of the job has the wrong type."),
    (403, "job.shots", "A number of shots that the service refuses."),
    (404, "job.observable", "An observable that does not fit."),
    (405, "job.values", "Parameter values that do not fit."),
    (406, "job.options", "An option that the service refuses."),
    (407, "job.program", "A kind of job that does not fit the program or machine."),
    (408, "job.size", "The job is larger than the service takes."),
    (409, "job.empty", "The job has nothing to run."),
    (420, "job.metadata", "Metadata beyond what the service keeps."),
    (421, "job.noise", "A noise model that does not exist or has no effect."),
    (422, "job.mitigation", "Error mitigation that the service refuses or does not know."),
)

_ALL = (*_ROWS, *_ROWS_CIRCUIT, *_ROWS_TARGET, *_ROWS_ESTIMATE, *_ROWS_INTERNAL)

CODES: dict[str, Code] = {slug: Code(f"Q{number}", slug, meaning) for number, slug, meaning in _ALL}
"""Slug to row."""


def find(name: str) -> Code | None:
    """The row of a code (`Q130`, any case) or slug (`qubit.duplicate`)."""
    if name in CODES:
        return CODES[name]
    upper = name.upper()
    return next((row for row in CODES.values() if row.code == upper), None)
