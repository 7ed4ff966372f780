"""A run in a stack is the run alone, to the last bit, whatever the stack."""

import cases
import numpy as np
import pytest

import gdlab
from gdlab.optimizers import GradientDescent
from gdlab.seeds import stream

ROWS = 64
EXAMPLES = 1100  # a batch of 1000 leaves a rest, as do chunks of examples
RATES = np.geomspace(0.01, 3000, ROWS)  # the largest of them diverge, and leave early
DATA = cases.small_data(EXAMPLES, features=784)


def trajectories(network, rows, own):
    """What has been recorded of these runs, descending together; some share a starting point."""
    return gdlab.run(
        network,
        GradientDescent(learning_rate=[RATES[row] for row in rows]),
        theta=np.stack([network.initial(stream(row // 8, 0)) for row in rows]),
        stopping=cases.budget(24 if network.batch_size and network.batch_size < 1000 else 6),
        seed=[row if own else 7 for row in rows],
        points=6,
    )


def contents(trajectory):
    """All that is kept of a run, as bytes."""
    columns = {name: np.array(values).tobytes() for name, values in trajectory.columns.items()}
    return trajectory.end.tobytes(), columns, trajectory.ends, trajectory.outcome, trajectory.diverged_at


@pytest.mark.parametrize("own", [False, True], ids=["shared order", "own orders"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("batch_size", "hidden"),
    [*[(size, (16, 16)) for size in (1, 10, 32, 33, 128, 1000, None)], (10, (300,)), (128, (30,)), (128, (128, 64))],
)
def test_a_run_in_a_stack_is_the_run_alone(batch_size, hidden, dtype, own):
    network = cases.network(
        data=DATA, hidden=hidden, output="identity", batch_size=batch_size, dtype=dtype, examples=100
    )
    larger = hidden != (16, 16)
    rows = range(0, ROWS, 1 if (batch_size, dtype) == (32, "float32") else 8 if larger else 4)
    alone = {row: contents(trajectories(network, [row], own)[0]) for row in rows}
    left_at = {run[4] for run in alone.values()}
    assert len(left_at) > (1 if larger else 3)  # some stay to the end, others leave at different steps
    for stack in (rows[:: len(rows) - 1], rows[1 :: len(rows) // 7], rows):
        together = trajectories(network, stack, own)
        for row, trajectory in zip(stack, together, strict=True):
            assert contents(trajectory) == alone[row], (len(stack), row)
