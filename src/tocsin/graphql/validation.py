"""The standard's validation, bounded: a document of one kilobyte must not cost more than a few milliseconds to refuse.

What graphql-core and Strawberry do by default is too generous to strangers: a hundred errors, each of which prints the
whole input object (230 ms for 1 kB); "Did you mean" compares a name with the names of all types (10 ms for each);
fields of one name in one place are compared with each other, half a million times at most (seconds).
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

from tocsin.graphql.limits import too_complex

MOST_ERRORS = 5
"""Whoever has more faults in a document sees the others next time."""
_MOST_ERRORS_OF_A_VALUE = 2
_COMPARISONS = 4_000
"""Units of graphql-core's budget for comparing fields of one name: two for each pair."""
_CROWDED = (
    "Too many fields of one name, or fragments, meet in one place: to see whether they agree would take too long. "
    "Select each field once in each place."
)
_ALIKE = 6
"""Type names are suggested that begin with the same letter and whose length differs by less."""


class _Overlaps(OverlappingFieldsCanBeMergedRule):
    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = _COMPARISONS


class _TypeNames(KnownTypeNamesRule):
    """Suggests only types whose names look alike at first sight: comparing is quadratic in their length."""

    def enter_named_type(self, node: NamedTypeNode, *args: Any) -> None:
        name = node.name.value
        self.type_names = [
            other
            for other in self.existing_types_map
            if other[0].lower() == name[0].lower() and abs(len(other) - len(name)) < _ALIKE
        ]
        super().enter_named_type(node, *args)


class _Enough(Exception):  # no error, but the way out
    """Enough was found wrong with one value."""


class _Full(Exception):  # no error, but the way out
    """Enough was found wrong with the document."""


class _Values(ValuesOfCorrectTypeRule):
    """Reports little of each value: every report prints the value, so that a long one is printed again and again."""

    def is_valid_value_node(self, node: ValueNode, input_type: GraphQLInputType | None) -> VisitorAction:
        """Report what is wrong with a value, which is one whole argument or default."""
        found = 0

        def report(error: GraphQLError, _path: list[str | int]) -> None:
            nonlocal found
            self.report_error(error)
            found += 1
            if found == _MOST_ERRORS_OF_A_VALUE:
                raise _Enough

        if input_type:
            with suppress(_Enough):
                validate_input_literal(node, input_type, report, None, None, self.context.hide_suggestions)
        return SKIP


class _OneOfVariables(OneOfInputValidationRule):
    """Refuses variables that may be null where exactly one member is wanted; graphql-core sees to the rest."""

    def validate_one_of(self, node: ObjectValueNode, type: GraphQLNamedType) -> None:
        """Report what is wrong with an object of one member."""
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
    """Lets go of the visitors that look for variables, one for each fragment: they hold themselves."""

    def get_variable_usages(self, node: NodeWithSelectionSet) -> list[VariableUsage]:
        if (usages := self._variable_usages.get(node)) is None:
            looks = VariableUsageVisitor(self._type_info, node if isinstance(node, FragmentDefinitionNode) else None)
            visit(node, walks := TypeInfoVisitor(self._type_info, looks))
            usages = self._variable_usages[node] = looks.usages
            let_go(looks, walks)
        return usages


def let_go(*parts: Any) -> None:
    """Empty objects that hold each other, so that they, and what they hold, end with their last use."""
    for part in parts:
        vars(part).clear()


def without_traceback(error: GraphQLError) -> GraphQLError:
    """The error, and what caused it, without the frames they were raised in, which hold the document."""
    if error.original_error is not None:
        error.original_error.__traceback__ = None
    return error.with_traceback(None)


def faults(schema: GraphQLSchema, document: DocumentNode, *, suggest: bool) -> list[GraphQLError]:
    """What is wrong with a document by the schema, at most six errors; `suggest` what may have been meant.

    As graphql-core's `validate`, but leaves nothing behind: rules and context hold each other and the whole document,
    which the garbage collector would find thousands of objects later, in a pause that makes runs late.
    """
    errors: list[GraphQLError] = []

    def report(error: GraphQLError) -> None:
        errors.append(without_traceback(error))
        if len(errors) > MOST_ERRORS:
            raise _Full

    types = TypeInfo(schema)
    context = _Context(schema, document, types, report, not suggest)
    rules = [rule(context) for rule in _RULES]
    visitors: list[Visitor] = [*rules, together := ParallelVisitor(rules), TypeInfoVisitor(types, together)]
    try:
        visit(document, visitors[-1], query_document_keys_to_validate)
    except _Full:
        errors[-1] = GraphQLError("There are more faults; these are the first.")
    except (ValidationAbortedError, RecursionError):
        errors.append(too_complex(_CROWDED))
    finally:
        let_go(*visitors, context, types)
    return errors
