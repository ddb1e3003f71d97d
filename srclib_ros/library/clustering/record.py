"""How a library's clusters were made, as its manifest holds it."""

from __future__ import annotations

from typing import Any, get_type_hints

from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.library.clustering import ALGORITHMS
from srclib_ros.library.clustering.clustering import Clustering


def clustering_record(clustering: Clustering) -> dict[str, Any]:
    """What goes into the manifest; `clustering_parameters` and `clustering_given` read it."""
    record = {"algorithm": clustering.algorithm, **clustering.parameters}
    if clustering.chosen:
        record["chosen"] = dict(clustering.chosen)
    if clustering.approximated:
        record["approximated"] = clustering.approximated
    return record


def clustering_parameters(record: Any, where: str) -> tuple[str, dict[str, Any]]:
    """Algorithm and all its parameters. Raises ArtifactDamagedError, naming `where`, for what is no such record."""
    try:
        parameters = {name: record[name] for name in record if name not in ("algorithm", "chosen", "approximated")}
        takes = get_type_hints(ALGORITHMS[record["algorithm"]])
        whole = all(isinstance(value, takes[name]) for name, value in parameters.items())
        whole &= isinstance(record.get("chosen", {}), dict)
    except (KeyError, TypeError):
        whole = False
    if not whole:
        raise ArtifactDamagedError(
            f"{where}: its manifest does not say how its clusters were made; run `srclib library LIB recluster`"
        )
    return record["algorithm"], parameters


def clustering_given(record: Any, where: str) -> tuple[str, dict[str, Any]]:
    """Algorithm and the parameters that were given, not found from the data, to cluster again as before.

    Raises ArtifactDamagedError as `clustering_parameters` does.
    """
    algorithm, parameters = clustering_parameters(record, where)
    found = record.get("chosen", {})
    return algorithm, {name: value for name, value in parameters.items() if name not in found}
