"""The pages of Q150 to Q179 and Q195 to Q198: types, constants, calls, flow, and doubtful text."""

from __future__ import annotations

from qir.lint.page import Page

__all__ = ["TYPE_PAGES"]

TYPE_PAGES: dict[str, Page] = {
    "type.mismatch": Page(
        "a value of one type stands where another is wanted; qubits, gates and registers are not numbers.",
        "qubit q;\nfloat a = q;",
        "qubit q;\nbit c = measure q;",
        "use a value of the right type; a qubit is measured first.",
    ),
    "type.width": Page(
        "registers of bits do not grow or shrink by themselves: it would be unclear which bits are lost.",
        'bit[4] b = "01011";',
        'bit[5] b = "01011";',
        "give both the same width.",
    ),
    "type.cast": Page(
        "only casts that keep a meaning exist: between numbers, and between bits and integers or angles of their width.",
        "duration d = 10ns;\nint a = int(d);",
        "duration d = 10ns;\nfloat a = d / 1ns;",
        "convert step by step.",
    ),
    "type.operand": Page(
        "the operator means nothing for these types: durations are not multiplied by each other, angles not by floats of "
        "unknown size, qubits not at all.",
        "duration d = 10ns;\nduration e = d * d;",
        "duration d = 10ns;\nduration e = 2 * d;",
        "convert an operand first.",
    ),
    "type.condition": Page(
        "conditions are truth values; a qubit has none before it is measured.",
        "qubit q;\nif (q) { x q; }",
        "qubit q;\nbit c = measure q;\nif (c) { x q; }",
        "measure, or compare: `if (n == 1)`.",
    ),
    "type.size": Page(
        "sizes of registers and types are positive and known at compile time.",
        "qubit[-1] q;",
        "qubit[1] q;",
        "write a positive integer constant.",
    ),
    "duration.type": Page(
        "a delay needs a unit: 100 of what? Machines differ in their clock.",
        "qubit q;\ndelay[100] q;",
        "qubit q;\ndelay[100ns] q;",
        "add the unit: `ns`, `us`, `ms`, `s` or `dt`.",
    ),
    "duration.negative": Page(
        "time runs forward only.",
        "qubit q;\ndelay[-10ns] q;",
        "qubit q;\ndelay[10ns] q;",
        "check the difference that was computed.",
    ),
    "const.required": Page(
        "sizes, `const` values and modifier counts are fixed before the program runs, so no variable can stand there.",
        "int n = 3;\nqubit[n] q;",
        "const int n = 3;\nqubit[n] q;",
        "declare the name `const`.",
    ),
    "const.assign": Page(
        "a constant keeps its value.",
        "const int n = 3;\nn = 4;",
        "int n = 3;\nn = 4;",
        "declare a variable, or another constant.",
    ),
    "const.uninitialised": Page(
        "a constant without a value could never get one.",
        "const int n;",
        "const int n = 3;",
        "give it a value.",
    ),
    "const.value": Page(
        "the expression has no value: a division by zero, a root of a negative number, or an overflow.",
        "const float a = 1.0 / 0.0;",
        "const float a = 1.0 / 2.0;",
        "check the numbers.",
    ),
    "call.arity": Page(
        "a call gives one argument for each parameter.",
        "def flip(qubit a) { x a; }\nqubit[2] q;\nflip(q[0], q[1]);",
        "def flip(qubit a) { x a; }\nqubit[2] q;\nflip(q[0]);",
        "give as many arguments as the definition takes.",
    ),
    "call.type": Page(
        "an argument does not fit its parameter: a number where a qubit is wanted, or a register of another size.",
        "def flip(qubit a) { x a; }\nflip(3);",
        "def flip(qubit a) { x a; }\nqubit q;\nflip(q);",
        "pass what the definition names.",
    ),
    "call.undeclared": Page(
        "no subroutine or built-in function has this name.",
        "float a = sinus(0.5);",
        "float a = sin(0.5);",
        "correct the name, or define it with `def`.",
    ),
    "call.not-callable": Page(
        "only subroutines, functions and types are called with parentheses; gates are applied without: `x q;`.",
        "qubit q;\nint a = 2;\nint b = a(1);",
        "int a = 2;\nint b = a * 1;",
        "write the operator, or apply the gate.",
    ),
    "call.recursive": Page(
        "nothing stops this recursion at compile time, and machines have no call stack.",
        "def f(int n) -> int { return f(n); }\nint a = f(1);",
        "def f(int n) -> int { return n; }\nint a = f(1);",
        "use a loop.",
    ),
    "return.type": Page(
        "what is returned is not what the definition promises.",
        "def f() -> int { return 10ns; }",
        "def f() -> int { return 10; }",
        "return that type, or change the signature.",
    ),
    "flow.break": Page(
        "there is no loop to leave.", "break;", "while (true) { break; }", "remove it; `end;` ends the program."
    ),
    "flow.continue": Page(
        "there is no loop whose next round could begin.",
        "continue;",
        "for int i in [0:1] { continue; }",
        "remove it.",
    ),
    "flow.return": Page("there is no caller to return to.", "return;", "def f() { return; }", "use `end;` to end the program."),
    "switch.default": Page(
        "`default` catches what no case takes: it stands once, and last.",
        "int a = 1;\nqubit q;\nswitch (a) { default { x q; } case 1 { y q; } }",
        "int a = 1;\nqubit q;\nswitch (a) { case 1 { y q; } default { x q; } }",
        "move it to the end.",
    ),
    "switch.empty": Page(
        "a switch without cases chooses nothing.",
        "int a = 1;\nswitch (a) { }",
        "int a = 1;\nqubit q;\nswitch (a) { case 1 { x q; } }",
        "add a case, or remove it.",
    ),
    "switch.duplicate": Page(
        "the second case could never run.",
        "int a = 1;\nqubit q;\nswitch (a) { case 1 { x q; } case 1 { y q; } }",
        "int a = 1;\nqubit q;\nswitch (a) { case 1 { x q; } case 2 { y q; } }",
        "correct or remove one.",
    ),
    "switch.type": Page(
        "cases are integers, so what is switched on is one too.",
        "float a = 1.5;\nqubit q;\nswitch (a) { case 1 { x q; } }",
        "int a = 1;\nqubit q;\nswitch (a) { case 1 { x q; } }",
        "cast it: `switch (int(c))`.",
    ),
    "array.shape": Page(
        "an array literal has as many elements in every dimension as the type says.",
        "array[int[8], 2] a = {1, 2, 3};",
        "array[int[8], 3] a = {1, 2, 3};",
        "correct the size or the literal.",
    ),
    "array.base": Page(
        "arrays hold numbers, truth values and durations, not qubits or bits.",
        "array[bit, 2] a;",
        "bit[2] a;",
        "declare a register.",
    ),
    "array.dims": Page(
        "an array has one to seven dimensions.",
        "array[int[8], 1, 1, 1, 1, 1, 1, 1, 1] a;",
        "array[int[8], 2, 2] a;",
        "use fewer dimensions.",
    ),
    "array.readonly": Page(
        "a `readonly` array belongs to the caller.",
        "def f(readonly array[int[8], 2] a) { a[0] = 1; }",
        "def f(mutable array[int[8], 2] a) { a[0] = 1; }",
        "declare it `mutable`, or write to a copy.",
    ),
    "style.version": Page(
        "without a version line, tools guess; a program for OpenQASM 2 reads differently in OpenQASM 3.",
        "// no version\nqubit q;\nU(0, 0, 0) q;",
        "OPENQASM 3.1;\nqubit q;\nU(0, 0, 0) q;",
        "begin with `OPENQASM 3.1;` (`--fix` does).",
    ),
    "style.dialect": Page(
        "other tools write this, and it is accepted here, but the specification does not allow it: stricter readers do not.",
        "",
        "",
        "write it as the message shows.",
    ),
    "style.integer-division": Page(
        "both operands are integers, so the fraction is dropped: `1/2` is 0, and the rotation does nothing.",
        "qubit q;\nrx(1/2) q;",
        "qubit q;\nrx(1.0/2) q;",
        "write one operand with a point: `1.0/2`.",
    ),
}
