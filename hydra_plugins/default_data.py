"""`problem/data=default`: the data set named by $GDLAB_PROBLEM_DATA, or mnist_5k.

The choice lives in Hydra's config store, and not in conf/, because a defaults list cannot read the environment in Hydra
1.4.
"""

import os

from hydra.core.config_store import ConfigStore

ConfigStore.instance().store(
    group="problem/data",
    name="default",
    node={"defaults": [os.environ.get("GDLAB_PROBLEM_DATA", "mnist_5k")]},
    provider="gdlab",
)
