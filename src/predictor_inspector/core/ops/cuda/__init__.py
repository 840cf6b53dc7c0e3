"""The operations in Triton, for CUDA devices: the same numbers from few launches, without waiting for the device.

Each module here has the functions of its namesake one level up and is loaded only when a CUDA tensor comes along: Triton
exists where torch's CUDA wheels bring it. Conventions of all kernels:

- Volumes have three axes (`volume`), the last one contiguous. Offsets into volumes are 64 bits wide.
- Grids are one-dimensional, because the other two dimensions of a CUDA grid end at 65535.
- Shapes are never specialised: a kernel is compiled once for each type of its tensors, not for each size of a region.
"""
