"""Syntax tree to facts, in one walk.

Only what the model asks for survives: white space, comments, annotations of locals and the text of
docstrings do not. Nothing is resolved here; a name is a name until the program is linked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, cast

import libcst as cst
from msgspec import Struct, field

from mplint.model import facts as f
from mplint.model.loading.certain import certain


@dataclass
class Lowered:
    """A file's facts, and the syntax node behind each of their numbers."""

    facts: f.FileFacts
    nodes: list[cst.CSTNode]
    scope_of: list[int]  # the scope that each numbered node stands in

    @cached_property
    def numbers(self) -> dict[int, int]:
        """The number of each node, by the node's `id`."""
        return {id(node): at for at, node in enumerate(self.nodes)}

    def forget_numbers(self) -> None:
        """Frees the numbers, which take much memory."""
        self.__dict__.pop("numbers", None)


def lower(module: cst.Module) -> Lowered:
    """The facts of a parsed file.

    Raises RecursionError on a tree that is nested deeper than the interpreter can follow.
    """
    lowering = _Lowering()
    lowering.scope("module", module, "<module>", module.body)
    scopes = tuple(cast("list[f.Scope]", lowering.scopes))
    return Lowered(f.FileFacts(scopes), lowering.nodes, lowering.scope_of)


class _Building(Struct):
    """The scope that is being walked."""

    index: int
    kind: str
    qualified_name: str
    bound: set[str] = field(default_factory=set)
    global_names: set[str] = field(default_factory=set)
    nonlocal_names: set[str] = field(default_factory=set)
    is_generator: bool = False
    # what the variables of the comprehensions around are called, innermost last
    renamed: list[dict[str, str]] = field(default_factory=list)


class _Lowering:
    def __init__(self) -> None:
        self.nodes: list[cst.CSTNode] = []
        self.scope_of: list[int] = []
        self.scopes: list[f.Scope | None] = []
        self.stack: list[_Building] = []
        self.modules: dict[str, str] = {}
        """The names that imports have given so far, and nothing else since."""

    @property
    def here(self) -> _Building:
        return self.stack[-1]

    def number(self, node: cst.CSTNode) -> int:
        self.nodes.append(node)
        self.scope_of.append(self.here.index if self.stack else 0)
        return len(self.nodes) - 1

    # Scopes -------------------------------------------------------------------------------------

    def scope(
        self,
        kind: Literal["module", "class", "function", "lambda"],
        node: cst.CSTNode,
        name: str,
        body: Sequence[cst.CSTNode] | cst.BaseSuite | cst.BaseExpression,
        parameters: cst.Parameters | None = None,
        arguments: Sequence[cst.Arg] = (),
        is_async: bool = False,
    ) -> int:
        index, at = len(self.scopes), self.number(node)
        self.scopes.append(None)  # its place: a parent comes before its children
        parent = self.here.index if self.stack else -1
        building = _Building(index, kind, self.qualified_name(kind, name))
        lowered_arguments = tuple(self.argument(argument) for argument in arguments)
        lowered_parameters = self.parameters(parameters, building) if parameters else ()
        if kind == "lambda" and self.stack:
            # a lambda sees the comprehension variables around it, unless it hides them
            building.renamed = [
                {k: v for k, v in names.items() if k not in building.bound}
                for names in self.here.renamed
            ]
        self.stack.append(building)
        block: f.Block
        if isinstance(body, cst.BaseExpression):
            value = self.expression(body)
            block = (f.Leave(value.at, "return", value),)
        else:
            block = self.block(body)
        self.stack.pop()
        self.scopes[index] = f.Scope(
            index=index,
            kind=kind,
            name=name,
            qualified_name=building.qualified_name,
            parent=parent,
            at=at,
            body=block,
            bound=frozenset(building.bound - building.global_names - building.nonlocal_names),
            global_names=frozenset(building.global_names),
            nonlocal_names=frozenset(building.nonlocal_names),
            parameters=lowered_parameters,
            arguments=lowered_arguments,
            is_async=is_async,
            is_generator=building.is_generator,
        )
        return index

    def qualified_name(self, kind: str, name: str) -> str:
        if not self.stack or self.here.kind == "module":
            return name
        inner = "<locals>." if self.here.kind in ("function", "lambda") else ""
        return f"{self.here.qualified_name}.{inner}{name}"

    def parameters(
        self, parameters: cst.Parameters, building: _Building
    ) -> tuple[f.Parameter, ...]:
        lowered = []

        def add(
            param: cst.Param, kind: Literal["positional", "star", "keyword", "double-star"]
        ) -> None:
            building.bound.add(param.name.value)
            lowered.append(
                f.Parameter(
                    at=self.number(param),
                    name=param.name.value,
                    kind=kind,
                    default=self.expression(param.default) if param.default else None,
                    annotation=self.annotation(param.annotation),
                )
            )

        for param in (*parameters.posonly_params, *parameters.params):
            add(param, "positional")
        if isinstance(parameters.star_arg, cst.Param):
            add(parameters.star_arg, "star")
        for param in parameters.kwonly_params:
            add(param, "keyword")
        if parameters.star_kwarg:
            add(parameters.star_kwarg, "double-star")
        return tuple(lowered)

    def annotation(self, annotation: cst.Annotation | None) -> f.Expr | None:
        return self.expression(annotation.annotation) if annotation else None

    # Steps --------------------------------------------------------------------------------------

    def block(self, body: Iterable[cst.CSTNode] | cst.BaseSuite) -> f.Block:
        statements = body.body if isinstance(body, cst.BaseSuite) else body
        lowered: list[f.Step] = []
        for statement in statements:
            if isinstance(statement, cst.SimpleStatementLine):
                for small in statement.body:
                    self.step(small, lowered)
            else:
                self.step(statement, lowered)
        return tuple(lowered)

    def step(self, node: cst.CSTNode, into: list[f.Step]) -> None:
        handler = _STEPS.get(type(node))
        if handler is not None:
            handler(self, node, into)

    def expr_statement(self, node: cst.Expr, into: list[f.Step]) -> None:
        if not isinstance(node.value, (cst.SimpleString, cst.ConcatenatedString, cst.Ellipsis)):
            into.append(f.Evaluate(self.number(node), self.expression(node.value)))

    def assert_statement(self, node: cst.Assert, into: list[f.Step]) -> None:
        message = self.expression(node.msg) if node.msg else None
        into.append(f.Assert(self.number(node), self.expression(node.test), message))

    def assign(self, node: cst.Assign, into: list[f.Step]) -> None:
        value = self.expression(node.value)
        targets = tuple(self.target(target.target) for target in node.targets)
        into.append(f.Bind(self.number(node), targets, value))

    def ann_assign(self, node: cst.AnnAssign, into: list[f.Step]) -> None:
        value = self.expression(node.value) if node.value else None
        target = self.target(node.target)
        annotation = self.annotation(node.annotation)
        into.append(f.Bind(self.number(node), (target,), value, annotation=annotation))

    def aug_assign(self, node: cst.AugAssign, into: list[f.Step]) -> None:
        value = self.expression(node.value)
        operator = _operator(node.operator).removesuffix("=")
        into.append(f.Bind(self.number(node), (self.target(node.target),), value, operator))

    def delete(self, node: cst.Del, into: list[f.Step]) -> None:
        targets = node.target.elements if isinstance(node.target, cst.Tuple) else [node.target]
        lowered = tuple(
            self.target(target.value if isinstance(target, cst.Element) else target)
            for target in cast("Sequence[cst.Element | cst.BaseExpression]", targets)
        )
        into.append(f.Forget(self.number(node), lowered))

    def return_statement(self, node: cst.Return, into: list[f.Step]) -> None:
        value = self.expression(node.value) if node.value else None
        into.append(f.Leave(self.number(node), "return", value))

    def raise_statement(self, node: cst.Raise, into: list[f.Step]) -> None:
        value = self.expression(node.exc) if node.exc else None
        into.append(f.Leave(self.number(node), "raise", value))

    def break_statement(self, node: cst.Break, into: list[f.Step]) -> None:
        into.append(f.Leave(self.number(node), "break"))

    def continue_statement(self, node: cst.Continue, into: list[f.Step]) -> None:
        into.append(f.Leave(self.number(node), "continue"))

    def global_statement(self, node: cst.Global, into: list[f.Step]) -> None:
        self.here.global_names.update(item.name.value for item in node.names)

    def nonlocal_statement(self, node: cst.Nonlocal, into: list[f.Step]) -> None:
        self.here.nonlocal_names.update(item.name.value for item in node.names)

    def import_statement(self, node: cst.Import, into: list[f.Step]) -> None:
        for alias in node.names:
            at, module = self.number(alias), _dotted(alias.name)
            name = _alias_name(alias)
            if name is None:
                # `import a.b` binds `a`, and makes `b` an attribute of it
                name = module.partition(".")[0]
                if name != module:
                    loaded = f.Imported(at, module, None, 0)
                    into.append(f.Evaluate(at, loaded))
                module = name
            target = self.bind_name(at, name)
            self.modules[name] = module
            into.append(f.Bind(at, (target,), f.Imported(at, module, None, 0)))

    def import_from(self, node: cst.ImportFrom, into: list[f.Step]) -> None:
        module = _dotted(node.module) if node.module else ""
        level = len(node.relative)
        if isinstance(node.names, cst.ImportStar):
            at = self.number(node)
            star = f.Imported(at, module, "*", level)
            into.append(f.Evaluate(at, star))
            return
        for alias in node.names:
            at, name = self.number(alias), _dotted(alias.name)
            target = self.bind_name(at, _alias_name(alias) or name)
            if not level:
                self.modules[target.id] = f"{module}.{name}"
            into.append(f.Bind(at, (target,), f.Imported(at, module, name, level)))

    def if_statement(self, node: cst.If, into: list[f.Step]) -> None:
        at = self.number(node)
        arms = []
        link: cst.If | cst.Else | None = node
        while isinstance(link, cst.If):
            test = self.expression(link.test)
            answer = certain(test, self.modules)
            if answer is True:
                break  # it is the last arm
            if answer is None:
                arms.append((test, self.block(link.body)))
            link = link.orelse
        otherwise = self.block(link.body) if link is not None else ()
        if arms:
            into.append(f.Branch(at, tuple(arms), otherwise))
        else:
            into.extend(otherwise)

    def while_statement(self, node: cst.While, into: list[f.Step]) -> None:
        at = self.number(node)
        test, body = self.expression(node.test), self.block(node.body)
        into.append(f.While(at, test, body, self.otherwise(node.orelse)))

    def for_statement(self, node: cst.For, into: list[f.Step]) -> None:
        at = self.number(node)
        source, target = self.expression(node.iter), self.target(node.target)
        body = self.block(node.body)
        into.append(f.For(at, target, source, body, self.otherwise(node.orelse)))

    def otherwise(self, node: cst.Else | None) -> f.Block:
        return self.block(node.body) if node is not None else ()

    def with_statement(self, node: cst.With, into: list[f.Step]) -> None:
        at = self.number(node)
        items = tuple(
            (
                self.expression(item.item),
                self.target(item.asname.name) if item.asname is not None else None,
            )
            for item in node.items
        )
        into.append(f.With(at, items, self.block(node.body)))

    def try_statement(self, node: cst.Try | cst.TryStar, into: list[f.Step]) -> None:
        at = self.number(node)
        body = self.block(node.body)
        handlers = tuple(self.handler(handler) for handler in node.handlers)
        otherwise = self.otherwise(node.orelse)
        final = self.block(node.finalbody.body) if node.finalbody is not None else ()
        into.append(f.Try(at, body, handlers, otherwise, final))

    def handler(self, node: cst.ExceptHandler | cst.ExceptStarHandler) -> f.Handler:
        at = self.number(node)
        type_ = self.expression(node.type) if node.type is not None else None
        name = None
        if node.name is not None and isinstance(node.name.name, cst.Name):
            name = node.name.name.value
            self.here.bound.add(name)
        return f.Handler(at, type_, name, self.block(node.body))

    def match_statement(self, node: cst.Match, into: list[f.Step]) -> None:
        at = self.number(node)
        subject = self.expression(node.subject)
        cases = []
        for case in node.cases:
            captures: list[f.Expr] = []
            self.pattern(case.pattern, captures)
            guard = self.expression(case.guard) if case.guard is not None else None
            wild = isinstance(case.pattern, cst.MatchAs) and case.pattern.pattern is None
            body = self.block(case.body)
            cases.append(f.Case(tuple(captures), guard, body, wild and guard is None))
        into.append(f.Match(at, subject, tuple(cases)))

    def pattern(self, node: cst.CSTNode, captures: list[f.Expr]) -> None:
        """Collects the names that a pattern binds; values in patterns are constants or classes."""
        if isinstance(node, (cst.MatchAs, cst.MatchStar)) and node.name is not None:
            captures.append(self.bind_name(self.number(node.name), node.name.value))
        elif isinstance(node, cst.MatchMapping) and node.rest is not None:
            captures.append(self.bind_name(self.number(node.rest), node.rest.value))
        for child in node.children:
            if not isinstance(child, (cst.BaseExpression, cst.BaseParenthesizableWhitespace)):
                self.pattern(child, captures)

    def function_def(self, node: cst.FunctionDef, into: list[f.Step]) -> None:
        name = node.name.value
        decorators = tuple(self.expression(item.decorator) for item in node.decorators)
        self.here.bound.add(name)
        index = self.scope(
            "function",
            node,
            name,
            node.body,
            parameters=node.params,
            is_async=node.asynchronous is not None,
        )
        into.append(f.Define(self.number(node.name), name, index, decorators))

    def class_def(self, node: cst.ClassDef, into: list[f.Step]) -> None:
        name = node.name.value
        decorators = tuple(self.expression(item.decorator) for item in node.decorators)
        self.here.bound.add(name)
        arguments = (*node.bases, *node.keywords)
        index = self.scope("class", node, name, node.body, arguments=arguments)
        into.append(f.Define(self.number(node.name), name, index, decorators))

    # Targets ------------------------------------------------------------------------------------

    def target(self, node: cst.CSTNode) -> f.Expr:
        """The left side of an assignment; its names become the scope's own."""
        if isinstance(node, cst.Name):
            return self.bind_name(self.number(node), node.value)
        if isinstance(node, (cst.Tuple, cst.List)):
            items = tuple(self.target(element) for element in node.elements)
            return f.Display(self.number(node), "tuple", items)
        if isinstance(node, cst.StarredElement):
            return f.Star(self.number(node), self.target(node.value))
        if isinstance(node, cst.Element):
            return self.target(node.value)
        return self.expression(cast("cst.BaseExpression", node))

    def bind_name(self, at: int, name: str) -> f.Name:
        for names in reversed(self.here.renamed):
            if name in names:  # a walrus or a comprehension's own target
                return f.Name(at, names[name])
        self.here.bound.add(name)
        self.modules.pop(name, None)
        return f.Name(at, name)

    # Expressions --------------------------------------------------------------------------------

    def expression(self, node: cst.BaseExpression) -> f.Expr:
        handler = _EXPRESSIONS.get(type(node))
        if handler is not None:
            return handler(self, node)
        pieces = [
            self.expression(child)
            for child in node.children
            if isinstance(child, cst.BaseExpression)
        ]
        return f.Text(self.number(node), tuple(pieces))

    def name(self, node: cst.Name) -> f.Expr:
        at, name = self.number(node), node.value
        if name in _NAMED_CONSTANTS:
            return f.Constant(at, _NAMED_CONSTANTS[name])
        for names in reversed(self.here.renamed):
            if name in names:
                return f.Name(at, names[name])
        return f.Name(at, name)

    def attribute(self, node: cst.Attribute) -> f.Expr:
        return f.Attribute(self.number(node), self.expression(node.value), node.attr.value)

    def call(self, node: cst.Call) -> f.Expr:
        at = self.number(node)
        function = self.expression(node.func)
        return f.Call(at, function, tuple(self.argument(argument) for argument in node.args))

    def argument(self, node: cst.Arg) -> f.Argument:
        value = self.expression(node.value)
        keyword = node.keyword.value if node.keyword is not None else None
        return f.Argument(value, keyword, cast("Any", node.star))

    def constant(self, node: cst.Integer | cst.Float | cst.Imaginary) -> f.Expr:
        return f.Constant(self.number(node), _number(node))

    def ellipsis(self, node: cst.Ellipsis) -> f.Expr:
        return f.Constant(self.number(node), ...)

    def string(self, node: cst.SimpleString) -> f.Expr:
        return f.Constant(self.number(node), _string(node))

    def concatenated(self, node: cst.ConcatenatedString) -> f.Expr:
        at = self.number(node)
        pieces: list[f.Expr] = []
        links: list[cst.BaseExpression] = [node]
        while links:  # right-leaning, one level per piece
            piece = links.pop()
            if isinstance(piece, cst.ConcatenatedString):
                links += [piece.right, piece.left]
            else:
                pieces.append(self.expression(piece))
        values = [piece.value if isinstance(piece, f.Constant) else None for piece in pieces]
        if all(isinstance(value, str) for value in values):
            return f.Constant(at, "".join(cast("list[str]", values)))
        return f.Text(at, tuple(pieces))

    def formatted(self, node: cst.FormattedString | cst.TemplatedString) -> f.Expr:
        at = self.number(node)
        return f.Text(at, tuple(self.pieces(node.parts)))

    def pieces(self, parts: Iterable[cst.CSTNode]) -> Iterator[f.Expr]:
        """The expressions in an f-string, those in its format specifications included."""
        for part in parts:
            if isinstance(part, (cst.FormattedStringExpression, cst.TemplatedStringExpression)):
                yield self.expression(part.expression)
                yield from self.pieces(part.format_spec or ())

    def display(self, node: cst.Tuple | cst.List | cst.Set) -> f.Expr:
        at = self.number(node)
        items = tuple(self.element(element) for element in node.elements)
        return f.Display(at, _SHAPES[type(node)], items)

    def element(self, node: cst.BaseElement) -> f.Expr:
        value = self.expression(node.value)
        return f.Star(self.number(node), value) if isinstance(node, cst.StarredElement) else value

    def dict_display(self, node: cst.Dict) -> f.Expr:
        at = self.number(node)
        items: list[tuple[f.Expr | None, f.Expr]] = []
        for element in node.elements:
            key = self.expression(element.key) if isinstance(element, cst.DictElement) else None
            items.append((key, self.expression(element.value)))
        return f.DictDisplay(at, tuple(items))

    def comprehension(
        self, node: cst.ListComp | cst.SetComp | cst.DictComp | cst.GeneratorExp
    ) -> f.Expr:
        at = self.number(node)
        names: dict[str, str] = {}
        clauses: list[f.Clause] = []
        link: cst.CompFor | None = node.for_in
        first = True
        while link is not None:
            # the first source is evaluated outside, before the variables exist
            source = self.expression(link.iter) if first else None
            if first:
                self.here.renamed.append(names)
                first = False
            for name in _bound_names(link.target):
                names[name] = f"{name}@{at}"
            source = source if source is not None else self.expression(link.iter)
            target = self.target(link.target)
            tests = tuple(self.expression(test.test) for test in link.ifs)
            clauses.append(f.Clause(target, source, tests))
            link = link.inner_for_in
        if isinstance(node, cst.DictComp):
            key, element = self.expression(node.key), self.expression(node.value)
        else:
            key, element = None, self.expression(node.elt)
        self.here.renamed.pop()
        self.here.bound.update(names.values())
        return f.Comprehension(at, _SHAPES[type(node)], tuple(clauses), key, element)

    def lambda_(self, node: cst.Lambda) -> f.Expr:
        index = len(self.scopes)
        at = len(self.nodes)
        self.scope("lambda", node, "<lambda>", node.body, parameters=node.params)
        return f.Lambda(at, index)

    def subscript(self, node: cst.Subscript) -> f.Expr:
        at = self.number(node)
        value = self.expression(node.value)
        indices = [self.index(element.slice) for element in node.slice]
        if len(indices) == 1:
            return f.Subscript(at, value, indices[0])
        several = f.Display(self.number(node.slice[0]), "tuple", tuple(indices))
        return f.Subscript(at, value, several)

    def index(self, node: cst.BaseSlice) -> f.Expr:
        if isinstance(node, cst.Index):
            return self.expression(node.value)
        assert isinstance(node, cst.Slice)
        bounds = (node.lower, node.upper, node.step)
        at = self.number(node)
        return f.Slice(at, tuple(self.expression(bound) for bound in bounds if bound is not None))

    def unary(self, node: cst.UnaryOperation) -> f.Expr:
        at, operator = self.number(node), _operator(node.operator)
        operand = self.expression(node.expression)
        if operator == "-" and isinstance(operand, f.Constant):
            if isinstance(operand.value, (int, float)):
                return f.Constant(at, -operand.value)
        return f.Unary(at, operator, operand)

    def binary(self, node: cst.BinaryOperation) -> f.Expr:
        at = self.number(node)
        right: list[tuple[str, cst.BaseExpression]] = []
        link: cst.BaseExpression = node
        while isinstance(link, cst.BinaryOperation):
            right.append((_operator(link.operator), link.right))
            link = link.left
        operands, operators = [self.expression(link)], []
        for operator, operand in reversed(right):
            operators.append(operator)
            operands.append(self.expression(operand))
        return f.Binary(at, tuple(operators), tuple(operands))

    def boolean(self, node: cst.BooleanOperation) -> f.Expr:
        at, kind = self.number(node), type(node.operator)
        right: list[cst.BaseExpression] = []
        link: cst.BaseExpression = node
        while isinstance(link, cst.BooleanOperation) and type(link.operator) is kind:
            right.append(link.right)
            link = link.left
        operands = tuple(self.expression(operand) for operand in (link, *reversed(right)))
        return f.Boolean(at, "and" if kind is cst.And else "or", operands)

    def comparison(self, node: cst.Comparison) -> f.Expr:
        at = self.number(node)
        left = self.expression(node.left)
        rest = tuple(
            (_operator(target.operator), self.expression(target.comparator))
            for target in node.comparisons
        )
        return f.Comparison(at, left, rest)

    def conditional(self, node: cst.IfExp) -> f.Expr:
        at, test = self.number(node), self.expression(node.test)
        answer = certain(test, self.modules)
        if answer is not None:
            return self.expression(node.body if answer else node.orelse)
        then = self.expression(node.body)
        return f.Conditional(at, test, then, self.expression(node.orelse))

    def await_(self, node: cst.Await) -> f.Expr:
        return f.Await(self.number(node), self.expression(node.expression))

    def yield_(self, node: cst.Yield) -> f.Expr:
        at = self.number(node)
        self.here.is_generator = True
        if node.value is None:
            return f.Yield(at, None, delegates=False)
        if isinstance(node.value, cst.From):
            return f.Yield(at, self.expression(node.value.item), delegates=True)
        return f.Yield(at, self.expression(node.value), delegates=False)

    def walrus(self, node: cst.NamedExpr) -> f.Expr:
        at = self.number(node)
        value = self.expression(node.value)
        return f.Walrus(at, self.target(node.target), value)


_NAMED_CONSTANTS: dict[str, bool | None] = {"None": None, "True": True, "False": False}

_SHAPES: dict[type[cst.CSTNode], Any] = {
    cst.Tuple: "tuple",
    cst.List: "list",
    cst.Set: "set",
    cst.ListComp: "list",
    cst.SetComp: "set",
    cst.DictComp: "dict",
    cst.GeneratorExp: "generator",
}

_STEPS: dict[type[cst.CSTNode], Callable[[_Lowering, Any, list[f.Step]], None]] = {
    cst.Expr: _Lowering.expr_statement,
    cst.Assert: _Lowering.assert_statement,
    cst.Assign: _Lowering.assign,
    cst.AnnAssign: _Lowering.ann_assign,
    cst.AugAssign: _Lowering.aug_assign,
    cst.Del: _Lowering.delete,
    cst.Return: _Lowering.return_statement,
    cst.Raise: _Lowering.raise_statement,
    cst.Break: _Lowering.break_statement,
    cst.Continue: _Lowering.continue_statement,
    cst.Global: _Lowering.global_statement,
    cst.Nonlocal: _Lowering.nonlocal_statement,
    cst.Import: _Lowering.import_statement,
    cst.ImportFrom: _Lowering.import_from,
    cst.If: _Lowering.if_statement,
    cst.While: _Lowering.while_statement,
    cst.For: _Lowering.for_statement,
    cst.With: _Lowering.with_statement,
    cst.Try: _Lowering.try_statement,
    cst.TryStar: _Lowering.try_statement,
    cst.Match: _Lowering.match_statement,
    cst.FunctionDef: _Lowering.function_def,
    cst.ClassDef: _Lowering.class_def,
}

_EXPRESSIONS: dict[type[cst.CSTNode], Callable[[_Lowering, Any], f.Expr]] = {
    cst.Name: _Lowering.name,
    cst.Attribute: _Lowering.attribute,
    cst.Call: _Lowering.call,
    cst.Integer: _Lowering.constant,
    cst.Float: _Lowering.constant,
    cst.Imaginary: _Lowering.constant,
    cst.Ellipsis: _Lowering.ellipsis,
    cst.SimpleString: _Lowering.string,
    cst.ConcatenatedString: _Lowering.concatenated,
    cst.FormattedString: _Lowering.formatted,
    cst.TemplatedString: _Lowering.formatted,
    cst.Tuple: _Lowering.display,
    cst.List: _Lowering.display,
    cst.Set: _Lowering.display,
    cst.Dict: _Lowering.dict_display,
    cst.ListComp: _Lowering.comprehension,
    cst.SetComp: _Lowering.comprehension,
    cst.DictComp: _Lowering.comprehension,
    cst.GeneratorExp: _Lowering.comprehension,
    cst.Lambda: _Lowering.lambda_,
    cst.Subscript: _Lowering.subscript,
    cst.UnaryOperation: _Lowering.unary,
    cst.BinaryOperation: _Lowering.binary,
    cst.BooleanOperation: _Lowering.boolean,
    cst.Comparison: _Lowering.comparison,
    cst.IfExp: _Lowering.conditional,
    cst.Await: _Lowering.await_,
    cst.Yield: _Lowering.yield_,
    cst.NamedExpr: _Lowering.walrus,
}

_OPERATORS: dict[str, str] = {
    "Equal": "==",
    "NotEqual": "!=",
    "Is": "is",
    "IsNot": "is not",
    "In": "in",
    "NotIn": "not in",
    "LessThan": "<",
    "GreaterThan": ">",
    "LessThanEqual": "<=",
    "GreaterThanEqual": ">=",
    "Add": "+",
    "Subtract": "-",
    "Multiply": "*",
    "Divide": "/",
    "FloorDivide": "//",
    "Modulo": "%",
    "Power": "**",
    "MatrixMultiply": "@",
    "LeftShift": "<<",
    "RightShift": ">>",
    "BitAnd": "&",
    "BitOr": "|",
    "BitXor": "^",
    "Not": "not",
    "Minus": "-",
    "Plus": "+",
    "BitInvert": "~",
}


def _operator(node: cst.CSTNode) -> str:
    name = type(node).__name__
    if name in _OPERATORS:
        return _OPERATORS[name]
    return _OPERATORS[name.removesuffix("Assign")] + "="


def _number(node: cst.Integer | cst.Float | cst.Imaginary) -> complex:
    try:
        value: complex = node.evaluated_value
    except (SyntaxError, ValueError):  # more digits than Python reads
        return sys.maxsize
    # nor does it write them, and who tells of a number writes it
    return sys.maxsize if isinstance(value, int) and value > sys.maxsize else value


def _string(node: cst.SimpleString) -> str | bytes:
    try:
        return node.evaluated_value
    except (SyntaxError, ValueError):  # an escape that this Python refuses
        return node.raw_value


def _dotted(node: cst.BaseExpression) -> str:
    pieces = []
    while isinstance(node, cst.Attribute):
        pieces.append(node.attr.value)
        node = node.value
    pieces.append(cast("cst.Name", node).value)
    return ".".join(reversed(pieces))


def _alias_name(alias: cst.ImportAlias) -> str | None:
    if alias.asname is None:
        return None
    return cast("cst.Name", alias.asname.name).value


def _bound_names(target: cst.CSTNode) -> list[str]:
    """The names that a comprehension's target binds."""
    if isinstance(target, cst.Name):
        return [target.value]
    if isinstance(target, (cst.Tuple, cst.List)):
        return [name for element in target.elements for name in _bound_names(element.value)]
    return []
