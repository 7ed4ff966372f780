"""Faults in plain descent, for the workers of a sweep to meet: Python runs this at its start, where it is on the path.

Only a test that puts this folder on the path asks for them.
"""

import os
import signal
from collections import Counter
from functools import wraps

from gdlab.optimizers import GradientDescent

FAILING_RATE = 0.123  # a run with this learning rate raises half-way
DEADLY_RATE = 0.321  # a run with this one kills its process
HALF_WAY = 20  # steps

steps = Counter()
update = GradientDescent.update


@wraps(update)
def sabotaged(self, theta, gradient, state, learning_rate):
    for rate in set(learning_rate[:, 0].round(3).tolist()) & {FAILING_RATE, DEADLY_RATE}:
        steps[rate] += 1
        if steps[rate] > HALF_WAY and rate == DEADLY_RATE:
            os.kill(os.getpid(), signal.SIGKILL)
        if steps[rate] > HALF_WAY:
            raise ArithmeticError("the run went wrong half-way")
    update(self, theta, gradient, state, learning_rate)


GradientDescent.update = sabotaged
