"""Filters and pages of Autotask's query calls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandboxes.autotask.entities import KINDS, NUMBERS, Entity, Row, invalid

Test = Callable[[Row], bool]

MAX_RECORDS = 500
MAX_OR = 500
_SAME_IN_A_LINE = {"contractID"} | {name for kind in KINDS for name in (kind.line_id, kind.thing_id)}
_TEXT_ONLY = {"beginswith", "endswith", "contains"}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
}
_WORDS: dict[str, Callable[[str, str], bool]] = {
    "beginswith": str.startswith,
    "endswith": str.endswith,
    "contains": lambda a, b: b in a,
}


def compiled(entity: Entity, body: Any) -> Test:
    """One test for a row out of the `Filter` of a query. Raises the 500 with its text."""
    filters = body.get("Filter", body.get("filter")) if isinstance(body, dict) else None
    if not isinstance(filters, list) or not filters:
        raise invalid("A query needs at least one filter.")
    if _ors(filters) > MAX_OR:
        raise invalid("Queries are limited to 500 or fewer 'OR' conditions.")
    if _udfs(filters) > 1:
        raise invalid("Only one user defined field can be queried at a time.")
    return _all([_test(entity, f) for f in filters])


def of_line(entity: Entity, body: Any) -> Test:
    """The part of a query for units that holds for all rows of a line or for none: it spares looking at most rows."""
    same = [
        f
        for f in body.get("Filter", body.get("filter"))
        if str(f.get("op")).lower() in {"eq", "in"} and f.get("field") in _SAME_IN_A_LINE and not f.get("udf")
    ]
    return _all([_test(entity, f) for f in same])


def max_records(body: Any) -> int:
    value = body.get("MaxRecords", body.get("maxRecords", MAX_RECORDS))
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_RECORDS:
        raise invalid(f"MaxRecords must be between 1 and {MAX_RECORDS}.")
    return value


def included(entity: Entity, body: Any) -> list[str] | None:
    """The fields asked for, None for all."""
    names = body.get("IncludeFields", body.get("includeFields"))
    if names is None:
        return None
    if not isinstance(names, list):
        raise invalid("IncludeFields must be a list.")
    for name in names:
        if name not in entity.fields:
            raise invalid(f"Unable to find {name} in the {entity.singular} Entity.")
    return names


def _ors(filters: list[Any]) -> int:
    """How many alternatives a query has: members of `or` groups, and of the lists of `in`."""
    count = 0
    for f in filters:
        if not isinstance(f, dict):
            continue
        items = f.get("items") or []
        op = str(f.get("op", "")).lower()
        count += _ors(items) + (len(items) if op == "or" else 0)
        if op in {"in", "notin"} and isinstance(f.get("value"), list):
            count += len(f["value"])
    return count


def _udfs(filters: list[Any]) -> int:
    return sum(bool(f.get("udf")) + _udfs(f.get("items") or []) for f in filters if isinstance(f, dict))


def _all(tests: list[Test]) -> Test:
    return lambda row: all(test(row) for test in tests)


def _any(tests: list[Test]) -> Test:
    return lambda row: any(test(row) for test in tests)


def _test(entity: Entity, f: Any) -> Test:
    if not isinstance(f, dict):
        raise invalid("A filter must be an object.")
    op = str(f.get("op", "")).lower()
    if op in {"and", "or"}:
        items = f.get("items")
        if not isinstance(items, list) or not items:
            raise invalid(f"The filter group '{op}' needs items.")
        return (_any if op == "or" else _all)([_test(entity, item) for item in items])
    name, value = f.get("field"), f.get("value")
    if f.get("udf"):
        return _compare(entity, op, "string", lambda row: _udf(row, name), value)
    field = entity.fields.get(str(name))
    if field is None:
        raise invalid(f"Unable to find {name} in the {entity.singular} Entity.")
    return _compare(entity, op, field.type, lambda row: row.get(field.name), value)


def _udf(row: Row, name: Any) -> Any:
    return next((u.get("value") for u in row.get("userDefinedFields") or [] if u.get("name") == name), None)


def _compare(entity: Entity, op: str, kind: str, read: Callable[[Row], Any], value: Any) -> Test:
    if op == "exist":
        return lambda row: read(row) is not None
    if op == "notexist":
        return lambda row: read(row) is None
    if op in _TEXT_ONLY and kind != "string":
        raise invalid(f"The operator {op} cannot be used on a field of type {kind}.")
    if op in {"in", "notin"}:
        if not isinstance(value, list):
            raise invalid(f"The operator {op} needs a list.")
        wanted = {_comparable(kind, v) for v in value} - {None}
        inside = op == "in"
        return lambda row: (_comparable(kind, read(row)) in wanted) is inside
    given = _comparable(kind, value)
    if op == "eq":
        return lambda row: given is not None and _comparable(kind, read(row)) == given
    if op == "noteq":
        return lambda row: given is not None and _comparable(kind, read(row)) != given
    if op in _WORDS:
        word = _WORDS[op]
        return lambda row: given is not None and read(row) is not None and word(str(read(row)).casefold(), given)
    if op not in _ORDER:
        raise invalid(f"The operator {op} is not known.")
    order = _ORDER[op]

    def ordered(row: Row) -> bool:
        held = _comparable(kind, read(row))
        return given is not None and held is not None and order(held, given)

    return ordered


def _comparable(kind: str, value: Any) -> Any:
    """A value as it is compared, None for one of another type: then Autotask silently finds nothing."""
    if kind in NUMBERS:
        return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if not isinstance(value, str):
        return None
    if kind == "datetime":
        try:
            return datetime.fromisoformat(value).replace(tzinfo=None)
        except ValueError:
            raise invalid(f"{value} is not a date.") from None
    return value.casefold()
