"""Validation by the GraphQL specification with bounded effort: refusing 1 kB must take a few milliseconds at most.

The defaults of graphql-core and Strawberry are too expensive for untrusted input: up to a hundred errors, each of which
prints the whole input object (230 ms for 1 kB); "Did you mean" compares a name with the names of all types (10 ms
each); fields with the same name are compared with each other up to half a million times (seconds).
"""

from contextlib import suppress
from typing import Any

from graphql import (
    SKIP,
    ASTValidationRule,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLInputType,
    GraphQLNamedType,
    GraphQLSchema,
    KnownTypeNamesRule,
    NamedTypeNode,
    ObjectValueNode,
    OverlappingFieldsCanBeMergedRule,
    ParallelVisitor,
    TypeInfo,
    TypeInfoVisitor,
    ValidationContext,
    ValueNode,
    ValuesOfCorrectTypeRule,
    Visitor,
    VisitorAction,
    specified_rules,
    validate_input_literal,
    visit,
)
from graphql.validation.validate import ValidationAbortedError, query_document_keys_to_validate
from graphql.validation.validation_context import NodeWithSelectionSet, VariableUsage, VariableUsageVisitor
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from tocsin.graphql.limits.document_limits import too_complex_error

MAX_ERRORS = 5
"""Errors reported for one document; one more says that there are others."""
_MAX_ERRORS_PER_VALUE = 2
_COMPARISONS = 4_000
"""Budget for comparing fields with the same name, in graphql-core's units: two for each pair."""
_TOO_MANY_FIELDS = (
    "Too many fields with the same name, or too many fragments, are selected in one place to check for conflicts. "
    "Select each field once in each place."
)
_MAX_LENGTH_DIFFERENCE = 6
"""Suggested type names begin with the same letter and differ in length by less than this."""


class _Overlaps(OverlappingFieldsCanBeMergedRule):
    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = _COMPARISONS


class _TypeNames(KnownTypeNamesRule):
    """Suggests only types with similar names: the comparison is quadratic in their length."""

    def enter_named_type(self, node: NamedTypeNode, *args: Any) -> None:
        name = node.name.value
        self.type_names = [
            other
            for other in self.existing_types_map
            if other[0].lower() == name[0].lower() and abs(len(other) - len(name)) < _MAX_LENGTH_DIFFERENCE
        ]
        super().enter_named_type(node, *args)


class _EnoughForValue(Exception):  # control flow, not an error
    """Stops the validation of one value."""


class _EnoughForDocument(Exception):  # control flow, not an error
    """Stops the validation of the document."""


class _Values(ValuesOfCorrectTypeRule):
    """Reports at most two errors of each value: every error prints the whole value."""

    def is_valid_value_node(self, node: ValueNode, input_type: GraphQLInputType | None) -> VisitorAction:
        """Report errors in a value, which is a whole argument or default."""
        found = 0

        def report(error: GraphQLError, _path: list[str | int]) -> None:
            nonlocal found
            self.report_error(error)
            found += 1
            if found == _MAX_ERRORS_PER_VALUE:
                raise _EnoughForValue

        if input_type:
            with suppress(_EnoughForValue):
                validate_input_literal(node, input_type, report, None, None, self.context.hide_suggestions)
        return SKIP


class _OneOfVariables(OneOfInputValidationRule):
    """Refuses nullable variables as the only member of a `@oneOf` input; graphql-core checks the rest."""

    def validate_one_of(self, node: ObjectValueNode, type: GraphQLNamedType) -> None:
        """Report a nullable variable in an object with a single member."""
        if len(node.fields) == 1 and node.fields[0].value.kind == "variable":
            super().validate_one_of(node, type)


_REPLACED: dict[type[Any], type[ASTValidationRule]] = {
    OverlappingFieldsCanBeMergedRule: _Overlaps,
    KnownTypeNamesRule: _TypeNames,
    ValuesOfCorrectTypeRule: _Values,
}
_RULES = (
    *(_REPLACED.get(rule, rule) for rule in specified_rules),
    MaybeNullValidationRule,
    _OneOfVariables,
)


class _Context(ValidationContext):
    """Clears the visitors that collect variable usages, one for each fragment: they are reference cycles."""

    def get_variable_usages(self, node: NodeWithSelectionSet) -> list[VariableUsage]:
        if (usages := self._variable_usages.get(node)) is None:
            collector = VariableUsageVisitor(
                self._type_info, node if isinstance(node, FragmentDefinitionNode) else None
            )
            visit(node, visitor := TypeInfoVisitor(self._type_info, collector))
            usages = self._variable_usages[node] = collector.usages
            clear_references(collector, visitor)
        return usages


def clear_references(*parts: Any) -> None:
    """Clear objects that reference each other, so that reference counting frees them and what they hold."""
    for part in parts:
        vars(part).clear()


def without_traceback(error: GraphQLError) -> GraphQLError:
    """Drop the tracebacks of an error and its cause, whose frames hold the document."""
    if error.original_error is not None:
        error.original_error.__traceback__ = None
    return error.with_traceback(None)


def validate_document(schema: GraphQLSchema, document: DocumentNode, *, suggest: bool) -> list[GraphQLError]:
    """Validate a document against the schema and return at most six errors, with suggestions if `suggest`.

    Works like graphql-core's `validate`, but leaves no garbage: rules, context and document form reference cycles, and
    collecting thousands of such objects later pauses the process long enough to delay runs.
    """
    errors: list[GraphQLError] = []

    def report(error: GraphQLError) -> None:
        errors.append(without_traceback(error))
        if len(errors) > MAX_ERRORS:
            raise _EnoughForDocument

    types = TypeInfo(schema)
    context = _Context(schema, document, types, report, not suggest)
    rules = [rule(context) for rule in _RULES]
    visitors: list[Visitor] = [*rules, together := ParallelVisitor(rules), TypeInfoVisitor(types, together)]
    try:
        visit(document, visitors[-1], query_document_keys_to_validate)
    except _EnoughForDocument:
        errors[-1] = GraphQLError("There are more errors; these are the first.")
    except (ValidationAbortedError, RecursionError):
        errors.append(too_complex_error(_TOO_MANY_FIELDS))
    finally:
        clear_references(*visitors, context, types)
    return errors
