"""States and decisions: plain functions. A decision returns the new state and the facts that
lead there, or raises `Rejected`; it does no I/O and is told what day it is.
"""
