"""All trees of a forest or of boosting side by side: some rows go down in all of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor

from ventas.compiled.rows import Row

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
LARGEST = np.finfo(np.float64).max


@dataclass(frozen=True)
class _Nodes:
    """The nodes of all trees one after the other; `left` and `right` are places among them, -1 in leaves."""

    roots: Places
    feature: Places
    threshold: Floats
    missing_left: npt.NDArray[np.bool_]
    left: Places
    right: Places
    value: Floats


class TreesStep:
    """The sum of what all trees say, times `scale`, and `start`. They read `features` numbers from `first` on.

    A node's right child stands beside its left one, and a leaf is its own left child, so a step down is an addition.
    The deepest trees come first, so that each step moves those alone that are not at their leaves.
    What is missing is minus or plus infinity, as the node sends it left or right: the row stands there twice.
    """

    def __init__(self, nodes: _Nodes, first: int, scale: float, start: float, precision: Any):
        self._first, self._scale, self._start, self._precision = first, scale, start, precision
        order, left, depths = _beside_each_other(nodes)
        leaf = nodes.left[order] < 0
        self._left = np.where(leaf, np.arange(len(order)), left[order])
        threshold = np.minimum(nodes.threshold[order], LARGEST)  # infinite: all but the missing go left
        self._threshold = np.where(leaf, np.inf, threshold)
        features = int(nodes.feature.max(initial=0)) + 1
        sent_left = nodes.missing_left[order]
        self._feature = np.where(leaf, 0, nodes.feature[order] + np.where(sent_left, 0, features))
        self.features = features
        self._value = nodes.value[order]
        self._roots = np.argsort(-depths, kind="stable")
        self._moving = [int((depths > step).sum()) for step in range(depths.max(initial=0))]

    def __call__(self, rows: Sequence[Row]) -> list[float]:
        """The regressor's answer to each of some rows of the matrix, the same in any company."""
        count, both = len(rows), self._both(rows)
        starts = np.arange(count) * 2 * self.features
        node = np.repeat(self._roots, count).reshape(-1, count)
        for trees in self._moving:
            here = node[:trees]
            feature = self._feature.take(here)
            if count > 1:
                feature += starts
            node[:trees] = self._left.take(here) + (both.take(feature) > self._threshold.take(here))
        # A row's values side by side, lest the order of their addition depend on how many rows there are.
        said = self._value.take(node.T).sum(axis=1) * self._scale + self._start
        found: list[float] = said.tolist()
        return found

    def _both(self, rows: Sequence[Row]) -> Floats:
        parts = [row[self._first : self._first + self.features] for row in rows]
        given = np.array(parts, dtype=self._precision).astype(np.float64)
        missing = np.isnan(given)
        sides = [np.where(missing, side, given) for side in (-np.inf, np.inf)]
        return np.concatenate(sides, axis=1).ravel()


def trees_step(regressor: Any, first: int) -> TreesStep | None:
    """The trees of a fitted regressor; None for any other."""
    if isinstance(regressor, RandomForestRegressor):
        trees = [one.tree_ for one in regressor.estimators_]
        return TreesStep(_forest(trees), first, 1 / len(trees), 0.0, np.float32)
    if isinstance(regressor, HistGradientBoostingRegressor) and regressor.loss == "squared_error":
        nodes = [one.nodes for (one,) in regressor._predictors]
        start = float(np.ravel(regressor._baseline_prediction)[0])
        return TreesStep(_boosting(nodes), first, 1.0, start, np.float64)
    return None


def _forest(trees: list[Any]) -> _Nodes:
    return _joined(
        [
            (
                one.feature,
                one.threshold,
                one.missing_go_to_left,
                one.children_left,
                one.children_right,
                one.value[:, 0, 0],
            )
            for one in trees
        ]
    )


def _boosting(trees: list[Any]) -> _Nodes:
    parts = []
    for one in trees:
        leaf = one["is_leaf"].astype(bool)
        left, right = (np.where(leaf, -1, one[side].astype(np.int64)) for side in ("left", "right"))
        feature, threshold = one["feature_idx"], one["num_threshold"]
        parts.append((feature, threshold, one["missing_go_to_left"], left, right, one["value"]))
    return _joined(parts)


def _joined(parts: list[tuple[Any, ...]]) -> _Nodes:
    sizes = [len(part[0]) for part in parts]
    roots = np.cumsum([0, *sizes[:-1]])
    feature, threshold, missing, left, right, value = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    offset = np.repeat(roots, sizes)
    leaf = left < 0
    left, right = (np.where(leaf, -1, side + offset) for side in (left, right))
    return _Nodes(
        roots, np.maximum(feature, 0).astype(np.intp), threshold, missing.astype(bool), left, right, value
    )


def _beside_each_other(nodes: _Nodes) -> tuple[Places, Places, Places]:
    """The nodes level by level, children side by side; their left children in that order; each tree's depth."""
    left = np.zeros(len(nodes.feature), dtype=np.intp)
    levels, level, count = [nodes.roots], nodes.roots, len(nodes.roots)
    tree = np.arange(count)
    depths = np.zeros(count, dtype=np.intp)
    while (inner := nodes.left[level] >= 0).any():
        parents = level[inner]
        left[parents] = count + 2 * np.arange(len(parents))
        depths[tree[inner]] += 1
        level = np.column_stack([nodes.left[parents], nodes.right[parents]]).ravel()
        tree = np.repeat(tree[inner], 2)
        levels.append(level)
        count += len(level)
    return np.concatenate(levels), left, depths
