"""The names of states and tags that runs have in MLflow."""

RUNNING, FINISHED, FAILED, KILLED = "RUNNING", "FINISHED", "FAILED", "KILLED"
RUN, SWEEP, CELL = "run", "sweep", "cell"  # kinds
KIND, KEY, OUTCOME, PROCESS = "gdlab.kind", "gdlab.key", "gdlab.outcome", "gdlab.process"
RECORD = "gdlab.record"  # the id of the run's record, which a server does not keep as the run's
FILES = "gdlab.files"  # the names and sizes of a run's artifacts
SWEEP_NAME, JOBS = "gdlab.sweep", "gdlab.jobs"  # a sweep's, and how many jobs it was launched with
COMMAND = "gdlab.command"  # that launched a sweep
PARENT, NOTE, RUN_NAME, USER = "mlflow.parentRunId", "mlflow.note.content", "mlflow.runName", "mlflow.user"
