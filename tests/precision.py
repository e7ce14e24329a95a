"""What two computations of one thing may differ by.

Single precision has no bound worth asserting here: hundreds of gradient steps, matches and exploiters pass rounding
on, and how it begins depends on the processor (sums come in other orders under SSE, AVX2, AVX-512 and AMX: 2.4e-7 to
2.6e-5 were measured for one test). So tests of agreement train in double precision (the fixture ``double_precision``),
where the same passes on to 1e-12, and what is left is one rounding to single precision, in which outcomes are kept.
"""

#: the distance of neighbours in single precision below 1: numbers in [0, 1] that agree to 1e-12 round to the same one,
#: or to neighbours
ROUNDED = 2.0**-24
