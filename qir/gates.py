"""The one table of gates.

A row holds everything that is known about a gate: arity, matrix, inverse, the Pauli basis it
commutes with on each operand, its definition, and its names in the dialects.  Readers,
emitters, passes, the checker and the documentation derive what they need from here.

Conventions.  Angles are radians; those of IonQ's native gates (`unit="turns"`) are turns,
1 turn = 2 pi.  Matrices are little-endian: bit k of a row or column index is operand k, so the
first operand is the least significant.  Matrices carry the global phase of OpenQASM 3.1's
stdgates.inc; `U` is that of the specification, exp(i theta/2) times the matrix of `u`.

To add a gate, add a row; `tests/test_gates.py` walks the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["ALIASES", "GATES", "NUM_GATES", "Gate", "Row", "STDGATES", "controlled", "gate", "opcode"]

Complex = npt.NDArray[np.complexfloating[Any, Any]]
Real = npt.NDArray[np.float64]
Row = tuple[str, tuple[Any, ...], tuple[int, ...]]
"""One line of a definition: gate name (`ctrl x` for a controlled gate), angles, operands."""

PI = np.pi


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate.

    name: the name in OpenQASM and in the builder.
    num_qubits, num_params: number of operands and angles.
    matrix: maps `num_params` arrays of shape (n,) to an array of shape (n, d, d), d = 2**num_qubits;
        n is 1 for a gate without angles.
    define: maps the angles (numbers, arrays or `Angle`) to the rows of the definition, which use
        gates of this table down to `U`, `gphase` and `ctrl`; None for `U` and `gphase`.
    inverse: name of the inverse gate; `invert` maps its angles.
    basis: one letter per operand: the gate commutes with that Pauli there ('-' with none).
    symmetric: operands may be exchanged.    clifford: it maps Paulis to Paulis.
    unit: of the angles, "radians" or "turns".
    std: it is in stdgates.inc (or built in).    qelib: it is in qelib1.inc as Qiskit ships it.
    ionq: its name in IonQ's QIS gateset.    native: the vendor whose hardware gate it is.
    """

    name: str
    num_qubits: int
    num_params: int
    matrix: Callable[..., Complex]
    define: Callable[..., tuple[Row, ...]] | None
    inverse: str
    invert: Callable[..., tuple[Any, ...]]
    basis: str
    symmetric: bool = False
    clifford: bool = False
    unit: str = "radians"
    std: bool = False
    qelib: bool = False
    ionq: str | None = None
    native: str | None = None

    @property
    def diagonal(self) -> bool:
        return self.num_qubits == 0 or set(self.basis) == {"Z"}

    @property
    def hermitian(self) -> bool:
        return self.num_params == 0 and self.inverse == self.name


def _fixed(rows: Any) -> Callable[..., Complex]:
    matrix = np.array(rows, dtype=np.complex128)
    matrix.flags.writeable = False
    return lambda: matrix[None]


_I = np.eye(2, dtype=np.complex128)
_X = np.array([[0, 1], [1, 0]], dtype=np.complex128)
_Y = np.array([[0, -1j], [1j, 0]], dtype=np.complex128)
_Z = np.diag([1, -1]).astype(np.complex128)
_H = (_X + _Z) / np.sqrt(2)
_S = np.diag([1, 1j])
_T = np.diag([1, np.exp(0.25j * PI)])
_SX = 0.5 * np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]])
_SWAP = np.eye(4, dtype=np.complex128)[[0, 2, 1, 3]]


def _kron(low: Complex, high: Complex) -> Complex:
    return np.kron(high, low)


def _rotation(pauli: Complex) -> Callable[..., Complex]:
    identity = np.eye(len(pauli))

    def matrix(theta: Real) -> Complex:
        half = np.asarray(theta, dtype=np.float64)[:, None, None] / 2
        return np.cos(half) * identity - 1j * np.sin(half) * pauli

    return matrix


def _assemble(entries: list[list[Any]]) -> Complex:
    shape = np.broadcast_shapes(*(np.shape(e) for row in entries for e in row))
    return np.stack([np.stack([np.broadcast_to(e, shape) for e in row], -1) for row in entries], -2).astype(np.complex128)


def _u(theta: Real, phi: Real, lam: Real) -> Complex:
    c, s = np.cos(np.asarray(theta) / 2), np.sin(np.asarray(theta) / 2)
    return _assemble([[c, -np.exp(1j * lam) * s], [np.exp(1j * phi) * s, np.exp(1j * (phi + lam)) * c]])


def _p(lam: Real) -> Complex:
    one = np.ones_like(np.asarray(lam, dtype=np.float64))
    return _assemble([[one, 0], [0, np.exp(1j * np.asarray(lam))]])


def _phased(phase: Callable[..., Any], inner: Callable[..., Complex]) -> Callable[..., Complex]:
    def matrix(*angles: Real) -> Complex:
        return np.exp(1j * np.asarray(phase(*angles)))[:, None, None] * inner(*angles)

    return matrix


def controlled(matrices: Complex, controls: str = "1") -> Complex:
    """Controlled form of matrices of shape (n, d, d).

    `controls` has one character per control, the first operand first: '1' acts when the control
    is set, '0' when it is clear.  Controls come before the targets, as in OpenQASM.
    """
    for state in reversed(controls):
        n, d, _ = matrices.shape
        result = np.zeros((n, 2 * d, 2 * d), dtype=np.complex128)
        active = int(state)
        idle = np.arange(d) * 2 + (1 - active)
        result[:, idle, idle] = 1
        result[:, active::2, active::2] = matrices
        matrices = result
    return matrices


def _ctrl(inner: Callable[..., Complex], controls: str = "1") -> Callable[..., Complex]:
    return lambda *angles: controlled(inner(*angles), controls)


def _gpi(phase: Real) -> Complex:
    e = np.exp(2j * PI * np.asarray(phase))
    return _assemble([[0 * e, 1 / e], [e, 0 * e]])


def _gpi2(phase: Real) -> Complex:
    e = np.exp(2j * PI * np.asarray(phase))
    return _assemble([[1 + 0 * e, -1j / e], [-1j * e, 1 + 0 * e]]) / np.sqrt(2)


def _ms(phase0: Real, phase1: Real, angle: Real) -> Complex:
    a, b = _gpi(phase0), _gpi(phase1)
    product = np.einsum("nij,nkl->nikjl", b, a).reshape(-1, 4, 4)
    half = PI * np.asarray(angle)[:, None, None]
    return np.cos(half) * np.eye(4) - 1j * np.sin(half) * product


def _r(theta: Real, phi: Real) -> Complex:
    half = np.asarray(theta) / 2
    c, s = np.cos(half), -1j * np.sin(half)
    return _assemble([[c, s * np.exp(-1j * np.asarray(phi))], [s * np.exp(1j * np.asarray(phi)), c]])


def _xx_plus_yy(theta: Real, beta: Real) -> Complex:
    half = np.asarray(theta) / 2
    c, s = np.cos(half), -1j * np.sin(half)
    one, zero = np.ones_like(c), np.zeros_like(c)
    e = np.exp(1j * np.asarray(beta))
    return _assemble(
        [[one, zero, zero, zero], [zero, c, s / e, zero], [zero, s * e, c, zero], [zero, zero, zero, one]]
    )


def _same(*angles: Any) -> tuple[Any, ...]:
    return angles


def _negate(*angles: Any) -> tuple[Any, ...]:
    return tuple(-a for a in angles)


def _u_inverse(theta: Any, phi: Any, lam: Any) -> tuple[Any, ...]:
    return (-theta, -lam, -phi)


def _rows(*rows: Row) -> Callable[..., tuple[Row, ...]]:
    return lambda: rows


def _one(name: str, *angles: float) -> Row:
    return (name, angles, (0,))


_X_ROWS = _rows(_one("U", PI, 0.0, PI), ("gphase", (-PI / 2,), ()))
_ECR = (_kron(_X, _I) - _kron(_Y, _X)) / np.sqrt(2)
_ISWAP = np.array([[1, 0, 0, 0], [0, 0, 1j, 0], [0, 1j, 0, 0], [0, 0, 0, 1]])
_RCCX = np.eye(8, dtype=np.complex128)
_RCCX[[[3], [7]], [[3, 7]]] = [[0, -1j], [1j, 0]]
_RCCX[5, 5] = -1

_TABLE: tuple[Gate, ...] = (
    # built in
    Gate("gphase", 0, 1, lambda a: np.exp(1j * np.asarray(a))[:, None, None], None, "gphase", _negate, "", std=True),
    Gate("U", 1, 3, _phased(lambda t, f, l: np.asarray(t) / 2, _u), None, "U", _u_inverse, "-", std=True),
    # one qubit, fixed
    Gate("id", 1, 0, _fixed(_I), _rows(_one("U", 0.0, 0.0, 0.0)), "id", _same, "Z", clifford=True, std=True, qelib=True),
    Gate("x", 1, 0, _fixed(_X), _X_ROWS, "x", _same, "X", clifford=True, std=True, qelib=True, ionq="x"),
    Gate("y", 1, 0, _fixed(_Y), _rows(_one("U", PI, PI / 2, PI / 2), ("gphase", (-PI / 2,), ())), "y", _same, "Y",
         clifford=True, std=True, qelib=True, ionq="y"),
    Gate("z", 1, 0, _fixed(_Z), _rows(_one("p", PI)), "z", _same, "Z", clifford=True, std=True, qelib=True, ionq="z"),
    Gate("h", 1, 0, _fixed(_H), _rows(_one("U", PI / 2, 0.0, PI), ("gphase", (-PI / 4,), ())), "h", _same, "-",
         clifford=True, std=True, qelib=True, ionq="h"),
    Gate("s", 1, 0, _fixed(_S), _rows(_one("p", PI / 2)), "sdg", _same, "Z", clifford=True, std=True, qelib=True, ionq="s"),
    Gate("sdg", 1, 0, _fixed(_S.conj()), _rows(_one("p", -PI / 2)), "s", _same, "Z", clifford=True, std=True, qelib=True,
         ionq="si"),
    Gate("t", 1, 0, _fixed(_T), _rows(_one("p", PI / 4)), "tdg", _same, "Z", std=True, qelib=True, ionq="t"),
    Gate("tdg", 1, 0, _fixed(_T.conj()), _rows(_one("p", -PI / 4)), "t", _same, "Z", std=True, qelib=True, ionq="ti"),
    Gate("sx", 1, 0, _fixed(_SX), _rows(_one("rx", PI / 2), ("gphase", (PI / 4,), ())), "sxdg", _same, "X", clifford=True,
         std=True, qelib=True, ionq="v"),
    Gate("sxdg", 1, 0, _fixed(_SX.conj()), _rows(_one("rx", -PI / 2), ("gphase", (-PI / 4,), ())), "sx", _same, "X",
         clifford=True, qelib=True, ionq="vi"),
    # one qubit, rotations
    Gate("p", 1, 1, _p, lambda a: (("U", (0.0, 0.0, a), (0,)),), "p", _negate, "Z", std=True, qelib=True),
    Gate("rx", 1, 1, _rotation(_X), lambda t: (("U", (t, -PI / 2, PI / 2), (0,)), ("gphase", (-t / 2,), ())), "rx", _negate,
         "X", std=True, qelib=True, ionq="rx"),
    Gate("ry", 1, 1, _rotation(_Y), lambda t: (("U", (t, 0.0, 0.0), (0,)), ("gphase", (-t / 2,), ())), "ry", _negate, "Y",
         std=True, qelib=True, ionq="ry"),
    Gate("rz", 1, 1, _rotation(_Z), lambda t: (("U", (0.0, 0.0, t), (0,)), ("gphase", (-t / 2,), ())), "rz", _negate, "Z",
         std=True, qelib=True, ionq="rz"),
    Gate("r", 1, 2, _r, lambda t, f: (("rz", (-f,), (0,)), ("rx", (t,), (0,)), ("rz", (f,), (0,))), "r",
         lambda t, f: (-t, f), "-"),
    Gate("u", 1, 3, _u, lambda t, f, l: (("U", (t, f, l), (0,)), ("gphase", (-t / 2,), ())), "u", _u_inverse, "-",
         qelib=True),
    Gate("u1", 1, 1, _p, lambda a: (("U", (0.0, 0.0, a), (0,)),), "u1", _negate, "Z", std=True, qelib=True),
    Gate("u2", 1, 2, lambda f, l: _phased(lambda t, f, l: -(np.asarray(f) + l) / 2, _u)(np.full_like(f, PI / 2), f, l),
         lambda f, l: (("U", (PI / 2, f, l), (0,)), ("gphase", ((f + l + PI / 2) * -0.5,), ())), "u3",
         lambda f, l: (-PI / 2, -l, -f), "-", std=True, qelib=True),
    Gate("u3", 1, 3, _phased(lambda t, f, l: -(np.asarray(f) + l) / 2, _u),
         lambda t, f, l: (("U", (t, f, l), (0,)), ("gphase", ((f + l + t) * -0.5,), ())), "u3", _u_inverse, "-", std=True,
         qelib=True),
    # two qubits, fixed
    Gate("cx", 2, 0, _ctrl(_fixed(_X)), _rows(("ctrl x", (), (0, 1))), "cx", _same, "ZX", clifford=True, std=True, qelib=True,
         ionq="cnot"),
    Gate("cy", 2, 0, _ctrl(_fixed(_Y)), _rows(("ctrl y", (), (0, 1))), "cy", _same, "ZY", clifford=True, std=True, qelib=True),
    Gate("cz", 2, 0, _ctrl(_fixed(_Z)), _rows(("ctrl z", (), (0, 1))), "cz", _same, "ZZ", True, True, std=True, qelib=True),
    Gate("ch", 2, 0, _ctrl(_fixed(_H)), _rows(("ctrl h", (), (0, 1))), "ch", _same, "Z-", std=True, qelib=True),
    Gate("cs", 2, 0, _ctrl(_fixed(_S)), _rows(("cp", (PI / 2,), (0, 1))), "csdg", _same, "ZZ", True),
    Gate("csdg", 2, 0, _ctrl(_fixed(_S.conj())), _rows(("cp", (-PI / 2,), (0, 1))), "cs", _same, "ZZ", True),
    Gate("csx", 2, 0, _ctrl(_fixed(_SX)), _rows(("h", (), (1,)), ("cp", (PI / 2,), (0, 1)), ("h", (), (1,))), "csxdg", _same,
         "ZX",
         qelib=True),
    Gate("csxdg", 2, 0, _ctrl(_fixed(_SX.conj())), _rows(("h", (), (1,)), ("cp", (-PI / 2,), (0, 1)), ("h", (), (1,))), "csx",
         _same,
         "ZX"),
    Gate("swap", 2, 0, _fixed(_SWAP), _rows(("cx", (), (0, 1)), ("cx", (), (1, 0)), ("cx", (), (0, 1))), "swap", _same, "--",
         True, True, std=True, qelib=True, ionq="swap"),
    Gate("iswap", 2, 0, _fixed(_ISWAP), _rows(("rxx", (-PI / 2,), (0, 1)), ("ryy", (-PI / 2,), (0, 1))), "iswapdg", _same,
         "--", True, True),
    Gate("iswapdg", 2, 0, _fixed(_ISWAP.conj()), _rows(("rxx", (PI / 2,), (0, 1)), ("ryy", (PI / 2,), (0, 1))), "iswap",
         _same, "--", True, True),
    Gate("dcx", 2, 0, _fixed(np.eye(4)[[0, 2, 3, 1]].T), _rows(("cx", (), (0, 1)), ("cx", (), (1, 0))), "dcxdg", _same, "--",
         clifford=True),
    Gate("dcxdg", 2, 0, _fixed(np.eye(4)[[0, 2, 3, 1]]), _rows(("cx", (), (1, 0)), ("cx", (), (0, 1))), "dcx", _same, "--",
         clifford=True),
    Gate("ecr", 2, 0, _fixed(_ECR), _rows(("rzx", (PI / 4,), (0, 1)), ("x", (), (0,)), ("rzx", (-PI / 4,), (0, 1))), "ecr",
         _same, "-X", clifford=True),
    # two qubits, rotations
    Gate("cp", 2, 1, _ctrl(_p), lambda a: (("ctrl p", (a,), (0, 1)),), "cp", _negate, "ZZ", True, std=True, qelib=True),
    Gate("crx", 2, 1, _ctrl(_rotation(_X)), lambda t: (("ctrl rx", (t,), (0, 1)),), "crx", _negate, "ZX", std=True,
         qelib=True),
    Gate("cry", 2, 1, _ctrl(_rotation(_Y)), lambda t: (("ctrl ry", (t,), (0, 1)),), "cry", _negate, "ZY", std=True,
         qelib=True),
    Gate("crz", 2, 1, _ctrl(_rotation(_Z)), lambda t: (("ctrl rz", (t,), (0, 1)),), "crz", _negate, "ZZ", std=True,
         qelib=True),
    Gate("cu3", 2, 3, _ctrl(_u), lambda t, f, l: (("ctrl u", (t, f, l), (0, 1)),), "cu3", _u_inverse, "Z-", qelib=True),
    Gate("cu", 2, 4, lambda t, f, l, g: controlled(_phased(lambda t, f, l, g: g, lambda t, f, l, g: _u(t, f, l))(t, f, l, g)),
         lambda t, f, l, g: (("p", (g - t / 2,), (0,)), ("ctrl U", (t, f, l), (0, 1))), "cu",
         lambda t, f, l, g: (-t, -l, -f, -g), "Z-", std=True, qelib=True),
    Gate("rxx", 2, 1, _rotation(np.kron(_X, _X)),
         lambda t: (_one("h"), ("h", (), (1,)), ("rzz", (t,), (0, 1)), ("h", (), (1,)), _one("h")), "rxx", _negate, "XX", True,
         qelib=True, ionq="xx"),
    Gate("ryy", 2, 1, _rotation(np.kron(_Y, _Y)),
         lambda t: (_one("rx", PI / 2), ("rx", (PI / 2,), (1,)), ("rzz", (t,), (0, 1)), ("rx", (-PI / 2,), (1,)),
                    _one("rx", -PI / 2)), "ryy", _negate, "YY", True, ionq="yy"),
    Gate("rzz", 2, 1, _rotation(np.kron(_Z, _Z)),
         lambda t: (("cx", (), (0, 1)), ("rz", (t,), (1,)), ("cx", (), (0, 1))), "rzz", _negate, "ZZ", True, qelib=True,
         ionq="zz"),
    Gate("rzx", 2, 1, _rotation(np.kron(_X, _Z)),
         lambda t: (("h", (), (1,)), ("rzz", (t,), (0, 1)), ("h", (), (1,))), "rzx", _negate, "ZX"),
    Gate("xx_plus_yy", 2, 2, _xx_plus_yy,
         lambda t, b: (("rz", (b,), (0,)), ("rxx", (t / 2,), (0, 1)), ("ryy", (t / 2,), (0, 1)), ("rz", (-b,), (0,))),
         "xx_plus_yy", lambda t, b: (-t, b), "--"),
    # three qubits
    Gate("ccx", 3, 0, _ctrl(_fixed(_X), "11"), _rows(("ctrl cx", (), (0, 1, 2))), "ccx", _same, "ZZX", std=True, qelib=True),
    Gate("ccz", 3, 0, _ctrl(_fixed(_Z), "11"), _rows(("ctrl cz", (), (0, 1, 2))), "ccz", _same, "ZZZ", True),
    Gate("cswap", 3, 0, _ctrl(_fixed(_SWAP)), _rows(("ctrl swap", (), (0, 1, 2))), "cswap", _same, "Z--", std=True,
         qelib=True),
    Gate("rccx", 3, 0, _fixed(_RCCX),
         _rows(("h", (), (2,)), ("t", (), (2,)), ("cx", (), (1, 2)), ("tdg", (), (2,)), ("cx", (), (0, 2)), ("t", (), (2,)),
               ("cx", (), (1, 2)), ("tdg", (), (2,)), ("h", (), (2,))), "rccx", _same, "ZZ-", qelib=True),
    # IonQ native, angles in turns
    Gate("gpi", 1, 1, _gpi,
         lambda p: (("U", (PI, p * (2 * PI), PI - p * (2 * PI)), (0,)), ("gphase", (-PI / 2,), ())), "gpi", _same, "-",
         unit="turns", native="ionq"),
    Gate("gpi2", 1, 1, _gpi2, lambda p: (("rz", (p * (-2 * PI),), (0,)), _one("rx", PI / 2), ("rz", (p * (2 * PI),), (0,))),
         "gpi2", lambda p: (p + 0.5,), "-", unit="turns", native="ionq"),
    Gate("ms", 2, 3, _ms,
         lambda p, q, a: (("rz", (p * (-2 * PI),), (0,)), ("rz", (q * (-2 * PI),), (1,)), ("rxx", (a * (2 * PI),), (0, 1)),
                          ("rz", (p * (2 * PI),), (0,)), ("rz", (q * (2 * PI),), (1,))), "ms",
         lambda p, q, a: (p + 0.5, q, a), "--", unit="turns", native="ionq"),
    Gate("zz", 2, 1, lambda a: _rotation(np.kron(_Z, _Z))(2 * PI * np.asarray(a)),
         lambda a: (("rzz", (a * (2 * PI),), (0, 1)),),
         "zz", _negate, "ZZ", True, unit="turns", native="ionq"),
    Gate("nop", 1, 0, _fixed(_I), _rows(_one("id")), "nop", _same, "Z", clifford=True, native="ionq"),
)  # fmt: skip

GATES: dict[str, Gate] = {row.name: row for row in _TABLE}
"""Name to row, in the order of the opcodes."""

NUM_GATES = len(_TABLE)
STDGATES: frozenset[str] = frozenset(row.name for row in _TABLE if row.std) | {"phase", "cphase", "CX"}

ALIASES: dict[str, str] = {
    "phase": "p", "cphase": "cp", "CX": "cx", "cnot": "cx", "not": "x", "ccnot": "ccx", "toffoli": "ccx", "fredkin": "cswap",
    "phaseshift": "p", "cphaseshift": "cp", "u0": "id", "i": "id", "si": "sdg", "ti": "tdg", "v": "sx", "vi": "sxdg",
    "cu1": "cp", "xx": "rxx", "yy": "ryy", "prx": "r", "cv": "csx",
}  # fmt: skip
"""Other names in the wild, and the gate each one means."""

_OPCODES: dict[str, int] = {name: i for i, name in enumerate(GATES)}


def gate(name: str) -> Gate | None:
    """The row of a gate by name or alias."""
    return GATES.get(name) or GATES.get(ALIASES.get(name, ""))


def opcode(name: str) -> int:
    """The opcode of a gate by name or alias.  KeyError when there is none."""
    found = _OPCODES.get(name)
    return _OPCODES[ALIASES[name]] if found is None else found
