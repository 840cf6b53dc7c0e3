"""Kernels for the CPU, compiled by numba; the same functions as in the modules of the same names beside this package."""
