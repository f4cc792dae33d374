"""States and decisions: plain functions. A decision returns the new state and the facts that
lead there, or raises `Rejected`; it does no I/O and is told what day it is.

- `stays`, `applications`, `appointments`, `programmes`: the life cycles
- `reconciling`: what a list or another system newly says of a stay
- `statements`, `targets`, `following`: what HR and the registrar said, in any order; what it comes
  to; and how a record follows it
- `names`: when two names mean the same institution
"""
