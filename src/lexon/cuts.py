"""Cuts on objects: `pt > 20 and abs(eta) < 2.5`, parsed into known operations, never run as Python.

A cut is made of numbers, names, + - * /, abs(...), comparisons, `and`, `or`, `not` and, for flags
that are bits of a whole number, `Jet_jetId & 2`. A name is a quantity of the object (pt, eta, ...)
or a branch, which may have dots.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Collection, Mapping
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lexon.errors import ConfigurationError

LONGEST = 500  # characters
GRAMMAR = (
    "a cut is made of numbers, names, + - * /, abs(...), < <= > >= == !=, and, or, not, and"
    " FLAGS & NUMBER"
)
EXAMPLE = "pt > 20 and abs(eta) < 2.5"

_ARITHMETIC: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_SIGNS: Mapping[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_JOINED: Mapping[type[ast.boolop], Callable[[Any, Any], Any]] = {
    ast.And: operator.and_,
    ast.Or: operator.or_,
}

Values = Mapping[str, NDArray[Any]]
Compiled = Callable[[Values], Any]


class Cut:
    """A condition that objects have to meet.

    Args:
        text: as a user writes it.
        quantities: names that are numbers of every object, and so no condition by themselves.

    Attributes:
        names: what it asks for, in the order in which it does.

    Raises:
        ConfigurationError: it is no such condition; says what is not understood.
    """

    def __init__(self, text: str, quantities: Collection[str] = ()) -> None:
        self.text, self._quantities = text, quantities
        self.names: tuple[str, ...] = ()
        if len(text) > LONGEST:
            raise self._refused(f"it has more than {LONGEST} characters")
        try:
            tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise self._refused("it cannot be parsed") from error
        self._passes = self._condition(tree)

    def passes(self, values: Values) -> NDArray[np.bool_]:
        """Which objects meet it, bool [object]; a comparison with NaN holds for none.

        Args:
            values: [object], by name.
        """
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            passed: NDArray[np.bool_] = self._passes(values)
        return passed

    def _condition(self, node: ast.expr) -> Compiled:
        match node:
            case ast.BoolOp(op=op, values=parts):
                join, conditions = _JOINED[type(op)], [self._condition(part) for part in parts]
                return lambda values: reduce(join, (one(values) for one in conditions))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                refused = self._condition(operand)
                return lambda values: ~refused(values)
            case ast.Compare():
                return self._comparison(node)
            case ast.BinOp(op=ast.BitAnd()):
                flags = self._flags(node)
                return lambda values: flags(values) != 0
            case ast.Name() | ast.Attribute():
                return self._flag(node)
        raise self._refused(f"{ast.unparse(node)} is no condition; compare it with a number")

    def _comparison(self, node: ast.Compare) -> Compiled:
        unknown = [op for op in node.ops if type(op) not in _COMPARISONS]
        if unknown:
            raise self._refused(f"{ast.unparse(node)} is no comparison of numbers")
        numbers = [self._number(part) for part in (node.left, *node.comparators)]
        compare = [_COMPARISONS[type(op)] for op in node.ops]

        def holds(values: Values) -> Any:
            sides = pairwise([number(values) for number in numbers])
            return reduce(
                operator.and_, (one(*both) for one, both in zip(compare, sides, strict=True))
            )

        return holds

    def _number(self, node: ast.expr) -> Compiled:
        match node:
            case ast.Constant(value=int() | float() as constant) if not isinstance(constant, bool):
                return lambda _: constant
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _SIGNS:
                sign, number = _SIGNS[type(op)], self._number(operand)
                return lambda values: sign(number(values))
            case ast.BinOp(op=ast.BitAnd()):
                return self._flags(node)
            case ast.BinOp(op=op, left=left, right=right) if type(op) in _ARITHMETIC:
                calculate, one, other = (
                    _ARITHMETIC[type(op)],
                    self._number(left),
                    self._number(right),
                )
                return lambda values: calculate(one(values), other(values))
            case ast.Call(func=ast.Name(id="abs"), args=[argument], keywords=[]):
                size = self._number(argument)
                return lambda values: abs(size(values))
            case ast.Name() | ast.Attribute():
                name = self._name(node)
                return lambda values: values[name]
        raise self._refused(f"{ast.unparse(node)} is no number")

    def _flags(self, node: ast.BinOp) -> Compiled:
        """Bits of a whole number, of a branch: & binds more tightly than comparisons do, so
        between two conditions it is a mistake.
        """
        match node.left, node.right:
            case (ast.Name() | ast.Attribute()) as left, ast.Constant(value=int() as bits):
                name = self._name(left)
                if name not in self._quantities:
                    return lambda values: values[name].astype(np.int64) & bits
        raise self._refused(
            f"{ast.unparse(node)} takes no bits of a branch of flags; join conditions with and"
        )

    def _flag(self, node: ast.expr) -> Compiled:
        name = self._name(node)
        if name in self._quantities:
            raise self._refused(f"{name} is no condition; compare it with a number")
        return lambda values: values[name] != 0

    def _name(self, node: ast.expr) -> str:
        found = self._dotted(node)
        self.names = tuple(dict.fromkeys((*self.names, found)))
        return found

    def _dotted(self, node: ast.expr) -> str:
        match node:
            case ast.Name(id=name):
                return name
            case ast.Attribute(value=value, attr=attribute):
                return f"{self._dotted(value)}.{attribute}"
        raise self._refused(f"{ast.unparse(node)} is no name")

    def _refused(self, why: str) -> ConfigurationError:
        return ConfigurationError(f"{self.text!r}: {why}; {GRAMMAR}, such as {EXAMPLE}")
