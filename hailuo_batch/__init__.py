"""hailuo_batch: shot lists are source code, renders are paid build artefacts."""

__version__ = "0.1.0"
