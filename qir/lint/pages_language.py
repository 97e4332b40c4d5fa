"""The pages of Q100 to Q149: files, text, names, gates and qubits."""

from __future__ import annotations

from qir.lint.page import Page

__all__ = ["LANGUAGE_PAGES"]

LANGUAGE_PAGES: dict[str, Page] = {
    "file.unreadable": Page(
        "nothing can be said about a file that is not there, is a folder, or may not be opened.",
        "",
        "",
        "check the path and the permissions; `-` reads standard input.",
    ),
    "file.encoding": Page(
        "programs and jobs are UTF-8. In another encoding the same bytes are other characters, and names stop matching.",
        "",
        "",
        "save the file as UTF-8; for example `iconv -f latin1 -t utf-8 old.qasm > new.qasm`.",
    ),
    "file.format": Page(
        "the reader is chosen by content: OpenQASM text, or JSON that looks like an IonQ or an IBM job. This is neither.",
        "",
        "",
        "name the format (`format=` in Python), or check that the right file was given.",
    ),
    "limit.exceeded": Page(
        "a few characters can ask for billions of gates. Limits stop such programs before memory runs out.",
        "qubit q;\nfor int i in [0:9999999999] { x q; }",
        "qubit q;\nfor int i in [0:99] { x q; }",
        "make the program smaller, or raise the limit that the message names (`qir.Limits`) when it is meant.",
    ),
    "feature.unsupported": Page(
        "the construct is legal OpenQASM, but there is nothing it could be compiled to: pulse-level calibrations, for "
        "example, belong to one machine and one day.",
        "",
        "",
        "write that part with gates, or use the vendor's own tool for it.",
    ),
    "lex.char": Page(
        "the character belongs to no word or operator of the language; often it was pasted from a formatted page.",
        "qubit q;\nx q ?;",
        "qubit q;\nx q;",
        "remove it, or type the plain character.",
    ),
    "lex.number": Page(
        "a name cannot begin with a digit, digits are those of the base, and underscores stand only between digits.",
        "int a = 0b12;",
        "int a = 0b10;",
        "write the number whole: `12`, `0x1F`, `0b101`, `1_000`, `2.5e-3`.",
    ),
    "lex.string": Page(
        "the rest of the line was swallowed into the string.",
        'OPENQASM 3.1;\ninclude "stdgates.inc;\n',
        'OPENQASM 3.1;\ninclude "stdgates.inc";\n',
        "close the quotes on the same line. A bit string holds only 0, 1 and single underscores.",
    ),
    "lex.comment": Page(
        "everything after `/*` is comment, so the rest of the program is missing.",
        "qubit q;\n/* flip\nx q;",
        "qubit q;\n/* flip */\nx q;",
        "end the comment with `*/`, or begin it with `//`.",
    ),
    "syn.missing-semicolon": Page(
        "every statement ends in a semicolon; a line's end means nothing. Without one, two statements run into each other.",
        "qubit q;\nx q\ny q;",
        "qubit q;\nx q;\ny q;",
        "put `;` at the place that is shown.",
    ),
    "syn.unbalanced": Page(
        "brackets come in pairs; where one is missing, what follows is read as part of it.",
        "qubit[2] q;\nx q[0;",
        "qubit[2] q;\nx q[0];",
        "close the bracket, or remove the one too many.",
    ),
    "syn.reserved-word": Page(
        "words of the language such as `gate`, `input` or `measure` cannot be names.",
        "bit measure;",
        "bit measured;",
        "choose another name.",
    ),
    "syn.statement": Page(
        "the text fits no statement of the language at this place; the message says what could stand there.",
        "qubit q;\nif q { x q; }",
        "qubit q;\nbit c;\nc = measure q;\nif (c) { x q; }",
        "compare with the nearest statement of the language: `gate name(angles) qubits;`, `bit c = measure q;`, `if (c) { }`.",
    ),
    "syn.version": Page(
        "the version line tells every tool which language follows; it is `OPENQASM`, a number, and a semicolon.",
        "OPENQASM three;\nqubit q;",
        "OPENQASM 3.1;\nqubit q;",
        "write `OPENQASM 3.1;` or `OPENQASM 2.0;`.",
    ),
    "version.unsupported": Page(
        "a version that does not exist yet may give the same words another meaning.",
        "OPENQASM 9.0;\nqubit q;",
        "OPENQASM 3.1;\nqubit q;",
        "use 2.0, 3.0 or 3.1.",
    ),
    "version.position": Page(
        "what stands before the version line was read without knowing the language.",
        'include "stdgates.inc";\nOPENQASM 3.1;\n',
        'OPENQASM 3.1;\ninclude "stdgates.inc";\n',
        "move the version line to the top; only comments may stand before it.",
    ),
    "include.missing": Page(
        "only `stdgates.inc` (and `qelib1.inc` for OpenQASM 2) are known; other files are opened only below folders that "
        "the caller names, so that a program from elsewhere cannot read your files.",
        'OPENQASM 3.1;\ninclude "mygates.inc";\n',
        'OPENQASM 3.1;\ninclude "stdgates.inc";\n',
        "copy the definitions into the program, or give the folder as an include root.",
    ),
    "include.scope": Page(
        "an include brings declarations, and those belong to the top level.",
        'OPENQASM 3.1;\nqubit q;\nif (true) { include "stdgates.inc"; }',
        'OPENQASM 3.1;\ninclude "stdgates.inc";\nqubit q;',
        "move it to the top of the program.",
    ),
    "annotation.dangling": Page(
        "an annotation speaks about the statement after it; at the end of a block or program there is none.",
        "qubit q;\nx q;\n@keep\n",
        "qubit q;\n@keep\nx q;\n",
        "move it before the statement it is about.",
    ),
    "name.undeclared": Page(
        "a name must be declared before it is used. Often it is misspelt, or the register has another name.",
        "qubit q;\nx r;",
        "qubit q;\nx q;",
        "declare it, or use the name that the help suggests.",
    ),
    "name.undeclared-gate": Page(
        "OpenQASM 3 itself knows only `U` and `gphase`; the other well-known gates come from `stdgates.inc`, and "
        "gates such as `rzz` or `rxx` are not in it.",
        "OPENQASM 3.1;\nqubit q;\nh q;",
        'OPENQASM 3.1;\ninclude "stdgates.inc";\nqubit q;\nh q;',
        "include the standard gates (`--fix` does), correct the name, or define the gate.",
    ),
    "name.forward": Page(
        "names are known from their declaration on, not before it.",
        "qubit q;\nflip q;\ngate flip a { x a; }",
        "qubit q;\ngate flip a { x a; }\nflip q;",
        "move the declaration up.",
    ),
    "name.redeclared": Page(
        "a scope has one thing of each name, and the names of the included gates count. Later uses would be ambiguous.",
        "qubit[2] q;\nbit[2] q;",
        "qubit[2] q;\nbit[2] c;",
        "choose another name for one of them.",
    ),
    "name.scope": Page(
        "a name lives until the closing brace of the block it was declared in.",
        "qubit q;\nif (true) { float a = 0.5; }\nrx(a) q;",
        "qubit q;\nfloat a = 0.5;\nrx(a) q;",
        "declare it in the outer scope.",
    ),
    "name.not-visible": Page(
        "the body of a gate or subroutine sees its own arguments, constants and gates, not the variables and qubits of "
        "the program: so it means the same wherever it is called.",
        "qubit q;\ngate both a { x a; x q; }",
        "qubit[2] q;\ngate both a, b { x a; x b; }\nboth q[0], q[1];",
        "pass it as an argument.",
    ),
    "decl.scope": Page(
        "qubits, gates and subroutines exist for the whole program, so they are declared at its top level.",
        "if (true) { qubit q; }",
        "qubit q;\nif (true) { x q; }",
        "move the declaration out of the block.",
    ),
    "io.both": Page(
        "a value either comes from outside or goes there.",
        "input float a;\noutput float a;",
        "input float a;\noutput float b;",
        "use two names.",
    ),
    "qubit.duplicate": Page(
        "no gate can act on one qubit in two roles: `cx q, q` would have to flip a qubit depending on itself. Some readers "
        "accept it, and every machine refuses it.",
        "qubit[2] q;\ncx q[0], q[0];",
        "qubit[2] q;\ncx q[0], q[1];",
        "use two different qubits; check the index arithmetic.",
    ),
    "gate.qubit-count": Page(
        "a gate acts on a fixed number of qubits, control modifiers added.",
        "qubit[2] q;\ncx q[0];",
        "qubit[2] q;\ncx q[0], q[1];",
        "give as many qubits as the help shows.",
    ),
    "gate.param-count": Page(
        "a gate has a fixed number of angles, in parentheses before the qubits.",
        "qubit q;\nrx q;",
        "qubit q;\nrx(pi / 2) q;",
        "give as many angles as the help shows.",
    ),
    "gate.not-a-gate": Page(
        "only gates are applied to qubits this way; subroutines are called with parentheses, and registers are not called.",
        "qubit q;\nbit c;\nc q;",
        "qubit q;\nbit c;\nc = measure q;",
        "use a gate's name, or call the subroutine: `name(q);`.",
    ),
    "gate.recursive": Page(
        "a gate is a finite list of other gates; one that uses itself would never end.",
        "gate again a { again a; }",
        "gate twice a { x a; x a; }",
        "write the repetition out, or use `pow`.",
    ),
    "gate.body-statement": Page(
        "a gate is a unitary: it cannot measure, reset, declare, assign or branch on results.",
        "gate look a { reset a; }",
        "def look(qubit a) { reset a; }",
        "make it a subroutine (`def`).",
    ),
    "gate.body-index": Page(
        "inside a gate every argument is one qubit; registers are spread over calls from outside.",
        "gate flip a { x a[0]; }",
        "gate flip a { x a; }",
        "drop the index, or take more arguments.",
    ),
    "gate.physical-qubit": Page(
        "a gate that names `$0` could be called on other qubits and still act on that one.",
        "gate flip a { x $0; }",
        "gate flip a { x a; }",
        "use an argument.",
    ),
    "modifier.argument": Page(
        "`ctrl` and `negctrl` take a positive number known at compile time, `pow` a number, `inv` nothing.",
        "qubit[2] q;\nctrl(0) @ x q[0], q[1];",
        "qubit[2] q;\nctrl(1) @ x q[0], q[1];",
        "write the number of controls, or leave it out for one.",
    ),
    "broadcast.size": Page(
        "a gate on registers is applied element by element, so they must be equally long (single qubits are repeated).",
        "qubit[2] a;\nqubit[3] b;\ncx a, b;",
        "qubit[2] a;\nqubit[3] b;\ncx a, b[0:1];",
        "slice the longer register.",
    ),
    "measure.size": Page(
        "each qubit gives one bit; with different sizes some result would go nowhere or come from nowhere.",
        "qubit[2] q;\nbit[3] c;\nc = measure q;",
        "qubit[2] q;\nbit[2] c;\nc = measure q;",
        "make the registers equally long, or slice one.",
    ),
    "index.range": Page(
        "a register of n elements has the indices 0 to n-1 (and -1 to -n from its end). An index that is off by one would "
        "silently act on nothing in some tools.",
        "qubit[3] q;\nx q[3];",
        "qubit[3] q;\nx q[2];",
        "count from 0.",
    ),
    "index.type": Page(
        "elements are counted by integers.",
        "qubit[3] q;\nx q[1.5];",
        "qubit[3] q;\nx q[1];",
        "use an integer, or cast: `int(a)`.",
    ),
    "index.not-indexable": Page(
        "a single qubit, bit or number has no elements.",
        "qubit q;\nx q[0];",
        "qubit[1] q;\nx q[0];",
        "drop the index, or declare a register.",
    ),
    "index.step-zero": Page(
        "a range `start:step:stop` with step 0 never reaches its end.",
        "qubit[3] q;\nx q[0:0:2];",
        "qubit[3] q;\nx q[0:1:2];",
        "give a step other than 0; a range includes its last element.",
    ),
    "alias.overlap": Page(
        "an alias that holds an element twice could hand the same qubit to a gate twice.",
        "qubit[3] q;\nlet a = q[0:1] ++ q[1:2];",
        "qubit[3] q;\nlet a = q[0:1] ++ q[2:2];",
        "use each element once.",
    ),
    "alias.type": Page(
        "`let` names parts of registers; a number or expression is named by a constant or variable.",
        "let a = 3;",
        "const int a = 3;",
        "declare a constant.",
    ),
}
