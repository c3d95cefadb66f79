# ruff: noqa: E501  # tables read best in rows
"""Generators of documents that are expensive to refuse, from all earlier cases and variations of them."""

from hypothesis import strategies as st

from tocsin.graphql.schema import schema

KILOBYTE = 1000
_TYPES = ["Task", "Taskx", "T", "CreateTaskPayload", "CreateTaskPayloadXYZ", "UpdateTaskInpux", "Query", "Node", "Ru"]
_FIELDS = [
    "a",
    "id",
    "viewer{id}",
    "task(id:1){id}",
    "tasks{nodes{id}}",
    "node(id:1){id}",
    "__typename",
    "consecutiveFailurx",
]
_VALUES = [
    "1",
    "A",
    "[]",
    "[A A]",
    "{}",
    '""',
    '"x"',
    "$a",
    "null",
    "{a:1}",
    "{a:{a:1}}",
    "{now:true at:null}",
    "9" * 30,
]
_DIRECTIVES = ["@a", "@include", "@skip(if:$a)", "@include(if:A)", "@defer", "@oneOf", '@deprecated(reason:"")']
_ARGUMENTS = ["a", "first", "filter", "input", "id", "if", "orderBy"]
_INPUT_FIELDS = ["a", "name", "status", "nextRunAt", "from", "now", "http", "field"]
_OUTSIDE = ["", "task(id:1)", "viewer", "tasks", "node(id:1)", "createTask(input:{})", "__schema", "taskEvents"]


def _unit() -> st.SearchStrategy[str]:
    """Draw a unit that can be repeated in a selection; `%d` is replaced by its number."""
    names, fields, values = st.sampled_from(_TYPES), st.sampled_from(_FIELDS), st.sampled_from(_VALUES)
    arguments = st.builds("({}:{})".format, st.sampled_from(_ARGUMENTS), values)
    directives = st.lists(st.sampled_from(_DIRECTIVES), max_size=3).map("".join)
    return st.one_of(
        fields,
        st.builds("{}{}{}".format, st.sampled_from(["a", "id", "tasks"]), arguments, directives),
        st.builds("a%d:{}".format, fields),
        st.builds("a:{}".format, fields),
        st.builds("...on {}{{{}}}".format, names, fields),
        st.builds("...{}{{{}}}".format, directives, fields),
        st.sampled_from(["...f0", "...f1", "...f%d", "...a"]),
    )


def _filled(head: str, units: list[str], between: str, tail: str) -> str:
    """Repeat the units in turn between head and tail, up to one kilobyte."""
    text, number = head, 0
    while len(head) + len(tail) < KILOBYTE:
        unit = units[number % len(units)].replace("%d", str(number))
        if len(text) + len(unit) + len(between) + len(tail) > KILOBYTE:
            break
        text += (between if number else "") + unit
        number += 1
    return text + tail


def _repeated(units: st.SearchStrategy[str], heads: list[tuple[str, str]], between: str) -> st.SearchStrategy[str]:
    def build(ends: tuple[str, str], some: list[str]) -> str:
        return _filled(ends[0], some, between, ends[1])

    return st.builds(build, st.sampled_from(heads), st.lists(units, min_size=1, max_size=3))


def _nested() -> st.SearchStrategy[str]:
    """Nest a unit in itself as deep as one kilobyte and the parser allow."""
    pairs = [("a{", "}"), ("...{", "}"), ("task{", "}"), ("...on Task{", "}"), ("x:task(id:1){", "}"), ("ofType{", "}")]
    inputs = [("[", "]"), ("{a:", "}"), ("{filter:", "}"), ("[{a:", "}]")]

    def selection(pair: tuple[str, str], depth: int) -> str:
        depth = min(depth, (KILOBYTE - 3) // len("".join(pair)))
        return "{" + pair[0] * depth + "a" + pair[1] * depth + "}"

    def value(pair: tuple[str, str], depth: int, ends: tuple[str, str]) -> str:
        depth = min(depth, (KILOBYTE - len("".join(ends)) - 1) // len("".join(pair)))
        return ends[0] + pair[0] * depth + "1" + pair[1] * depth + ends[1]

    depths = st.integers(1, 500)
    ends = [("{tasks(filter:", "){nodes{id}}}"), ("{tasks(first:", "){a}}"), ("query($a:Int=", "){viewer{id}}")]
    return st.builds(selection, st.sampled_from(pairs), depths) | st.builds(
        value, st.sampled_from(inputs), depths, st.sampled_from(ends)
    )


_INSIDE = [
    (f"{kind}{{{field}{{", "}}") if field else (f"{kind}{{", "}")
    for kind in ("", "mutation", "subscription")
    for field in _OUTSIDE
]
_FRAGMENTS = [("{...f0}", ""), ("{...f0...f1...f2...f3...f4...f5}", ""), ("{a}", ""), ("query($a:Int){...f0}", "")]
_OBJECTS = [
    ("{tasks(filter:{", "}){nodes{id}}}"), ("{tasks(filter:{status:[", "]}){nodes{id}}}"), ("{tasks(orderBy:{", "}){a}}"),
    ("mutation{createTask(input:{", "}){a}}"), ("mutation{createTask(input:{schedule:{", "}}){a}}"),
    ("mutation{createTask(input:{job:{http:{headers:{", "}}}}){a}}"),
]  # fmt: skip


def expensive_documents() -> st.SearchStrategy[str]:
    """Draw a document of at most one kilobyte, usually with many errors."""
    pairs = st.builds("{}:{}".format, st.sampled_from(_INPUT_FIELDS), st.sampled_from(_VALUES))
    fragments = st.builds(
        "fragment f%d on {}{{{}}}".format,
        st.sampled_from(_TYPES),
        st.lists(_unit(), min_size=1, max_size=6).map(" ".join),
    )
    operations = st.builds("query a%d($a:{}){{{}}}".format, st.sampled_from(_TYPES), _unit())
    variables = st.builds(
        "${}:{}{}".format,
        st.sampled_from(["a", "a%d"]),
        st.sampled_from([*_TYPES, "Int", "[[[Int!]!]!]"]),
        st.sampled_from(["", "=1", "={a:1}"]),
    )
    chains = st.sampled_from([
        "fragment f%d on Query{...f0 ...f1 ...f2 ...f3 ...f4}", "fragment f%d on Query{a ...f0 ...f%d}",
        "fragment f%d on Task{id task{...f0}}", "fragment f%d on Query{viewer{id} viewer{id} viewer{a}}",
    ])  # fmt: skip
    return st.one_of(
        _repeated(_unit(), _INSIDE, " "),
        _repeated(pairs | st.sampled_from(_VALUES), _OBJECTS, ","),
        _repeated(st.one_of(fragments, chains), _FRAGMENTS, ""),
        _repeated(st.one_of(operations, fragments), [("", ""), ("{a}", "")], " "),
        _repeated(variables, [("query(", "){viewer{id}}"), ("query(", "){tasks(first:$a filter:$a){a}}")], ","),
        _repeated(
            st.sampled_from(_DIRECTIVES), [("query", "{viewer{id}}"), ("{viewer", "{id}}"), ("{viewer{id", "}}")], ""
        ),
        _repeated(
            st.builds("{}:{}".format, st.sampled_from(_ARGUMENTS), st.sampled_from(_VALUES)),
            [("{tasks(", "){a}}"), ("{viewer{id @a(", ")}}")],
            ",",
        ),
        _nested(),
    )


TYPE_NAMES = sorted(name for name in schema._schema.type_map if not name.startswith("__"))
