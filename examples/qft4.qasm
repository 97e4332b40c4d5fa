// Quantum Fourier transform on four qubits, as a gate with loops and modifiers.
OPENQASM 3.0;
include "stdgates.inc";

gate qft4 a, b, c, d {
  h d;
  ctrl @ p(pi/2) c, d;
  ctrl @ p(pi/4) b, d;
  ctrl @ p(pi/8) a, d;
  h c;
  ctrl @ p(pi/2) b, c;
  ctrl @ p(pi/4) a, c;
  h b;
  ctrl @ p(pi/2) a, b;
  h a;
  swap a, d;
  swap b, c;
}

qubit[4] q;
bit[4] c;

qft4 q[0], q[1], q[2], q[3];
c = measure q;
