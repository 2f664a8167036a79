"""Conditions as text: ``"age >= 65 and class == 'major' and free(beds) > 0"``."""

from __future__ import annotations

import ast
import re

from simulation.model.distributions import read_quantity
from simulation.model.operations import Comparison, Subject, Term
from simulation.model.problems import PathwayError

_COMPARISONS: dict[type[ast.cmpop], Comparison] = {
    ast.Lt: Comparison.LESS,
    ast.LtE: Comparison.AT_MOST,
    ast.Eq: Comparison.EQUAL,
    ast.NotEq: Comparison.DIFFERENT,
    ast.GtE: Comparison.AT_LEAST,
    ast.Gt: Comparison.MORE,
}
_CLASS = re.compile(r"\bclass\b(?=\s*(?:==|!=))")
_CALLS = {"free": Subject.FREE, "queue": Subject.QUEUE}


def read_condition(text: str, *, classes: tuple[str, ...], unit_us: float, place: str) -> tuple[Term, ...]:
    """Read comparisons joined by ``and``.

    Parameters
    ----------
    text : str
        Left sides: an attribute, ``class``, ``elapsed``, ``hour``, ``free(pool)``, ``queue(pool)``.
    classes : tuple[str, ...]
        Names of the classes.
    unit_us : float
        Microseconds in a unit, for ``elapsed`` compared with a bare number; text such as ``'4h'`` is possible too.
    place : str
        Where it stands, for the error.

    Raises
    ------
    PathwayError
        If it is not such a condition.

    Examples
    --------
    >>> [term] = read_condition("queue('ct') <= 3", classes=("all",), unit_us=1, place="example")
    >>> term.name, term.value
    ('ct', 3)
    """
    try:
        # "class" is a word of Python's own, so it is renamed before the text is parsed; not within a pool's name.
        tree = ast.parse(_CLASS.sub("class_", text).strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # NUL, and brackets nested by the thousand
        raise PathwayError(place, f"Cannot read the condition {text!r}.", _CURE) from error
    parts = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
    return tuple(_term(part, classes, unit_us, place, text) for part in parts)


_CURE = "Write comparisons joined by 'and', such as: queue('ct') <= 3 and class == 'major'."


def _term(part: ast.expr, classes: tuple[str, ...], unit_us: float, place: str, text: str) -> Term:
    if not (isinstance(part, ast.Compare) and len(part.ops) == 1 and type(part.ops[0]) in _COMPARISONS):
        raise PathwayError(place, f"Cannot read the condition {text!r}.", _CURE)
    subject, name = _subject(part.left, place, text)
    value = _value(part.comparators[0])
    if subject is Subject.CLASS:
        if value not in classes:
            raise PathwayError(place, f"Unknown class {value!r}.", f"Use one of {', '.join(classes)}.")
        number = classes.index(str(value))
    elif subject is Subject.ELAPSED:
        number = round(read_quantity(value, unit_us=unit_us, place=place))
    elif isinstance(value, (int, float)) and abs(value) < 1 << 62:
        number = round(value)
    else:
        raise PathwayError(place, f"Expected a number in {text!r}, got {value!r}.", _CURE)
    return Term(subject, name, _COMPARISONS[type(part.ops[0])], number)


def _subject(left: ast.expr, place: str, text: str) -> tuple[Subject, str]:
    if isinstance(left, ast.Name):
        named = {"class_": Subject.CLASS, "elapsed": Subject.ELAPSED, "hour": Subject.HOUR}
        return (named[left.id], "") if left.id in named else (Subject.ATTRIBUTE, left.id)
    if (
        isinstance(left, ast.Call)
        and isinstance(left.func, ast.Name)
        and left.func.id in _CALLS
        and len(left.args) == 1
    ):
        argument = left.args[0]
        if isinstance(argument, ast.Name):
            return _CALLS[left.func.id], argument.id
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            return _CALLS[left.func.id], argument.value
    raise PathwayError(place, f"Cannot read the left side in {text!r}.", _CURE)


def _value(node: ast.expr) -> object:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        operand = node.operand.value
        return -operand if isinstance(operand, (int, float)) else None
    return node.value if isinstance(node, ast.Constant) else None
