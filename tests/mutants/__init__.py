"""Mutation tests: does a test notice when one line of the package is wrong?

``make mutants SEED=1 N=120`` (or ``python -m tests.mutants --seed 1 --n 120 --jobs 2``) draws N
lines, stratified by folder of the package, makes one mutation of each (``mutate.py``), and runs the
tests that mirror the module (``run.py``). A mutation is **killed** if a test fails, and also if the
tests exceed their time limit; it has **survived** if they pass; it is **equivalent** if
``equivalents.yml`` argues that no caller can see it. The run exits with 1 if less than 92%
(``--minimum``) of those not equivalent were killed, with 2 if tests fail without any mutation.

Everything happens in a copy of the tree below the folder for temporary files. The seed fixes the
sample as long as the package's code is the same; ``--list`` shows it and runs nothing, ``--folder
clv`` keeps to a part of the package.

Tests of a mutation: the mirror (``tests/clv/families/test_bg_nbd.py`` for
``clv/families/bg_nbd.py``), or all tests of the mirroring folder where there is none; the doctests
of the module; the laws of its room (``test_*laws.py`` and ``test_contract.py`` below
``tests/clv``, ``tests/laws/test_exact_clv.py``) and those of all intervals
(``tests/laws/test_interval_laws.py``); and the calls of ``tests/golden/test_calls.py`` of its room
that take less than two seconds. Slow tests are left out. So a test that notices a mistake has to
stand where a reader looks for it.

A survivor gets a verdict: a new test, or an entry in ``equivalents.yml`` (file, function, the line
as it is, the mutation as the report prints it, and the reason).

Why not mutmut or cosmic-ray. Both mutate all that they are pointed at: here some 24,000 mutations,
days of two cores. They select tests by a record of the functions that each test calls (mutmut) or
by one command for every mutation (cosmic-ray), not by the mirroring file. mutmut puts the mutations
of a function behind a trampoline and forks pytest, while tests here start processes, threads and
database engines. cosmic-ray changes files of the working tree.
Neither knows an interval: the mutations that matter most here halve a confidence level, a
half-width or a pair of limits. The operators on comparisons, arithmetic, logic and constants are
theirs. So the tool is a sample of lines, copies of the tree, a map of tests, and mutations of
intervals.
"""
