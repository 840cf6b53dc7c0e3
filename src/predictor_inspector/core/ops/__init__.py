"""Operations on tensors that predictors are made of, without coordinates or configuration.

All take spatial axes last, slowest first, and work on the device of their input. Where one takes `keep`, a slice per
spatial axis, it answers for that part of the volume only and uses the rest as context.
"""
