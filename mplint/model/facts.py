"""What one file says, as plain values.

A file is lowered once from its syntax tree to the values in this module. They hold no syntax
nodes, no file name and nothing of other files, so they can be sent to another process and kept.
Everything that the rest of the model knows of a file, it knows from here.

Two facts are equal only if they are the same object: they are keys of tables all over the model.
Every expression and step carries `at`, its number in the order of the walk. The number identifies
it inside its file, and `Tree.node(at)` finds the syntax node again when its position is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import EllipsisType
from typing import Any, Literal, TypeAlias

from msgspec import Struct

# Expressions ------------------------------------------------------------------------------------


class Name(Struct, frozen=True, eq=False):
    """A name that is read. Variables of comprehensions are renamed `x@<at>`, which makes them
    ordinary variables of the function around."""

    at: int
    id: str


class Attribute(Struct, frozen=True, eq=False):
    at: int
    value: Expr
    name: str


class Argument(Struct, frozen=True, eq=False):
    value: Expr
    keyword: str | None = None
    star: Literal["", "*", "**"] = ""


class Call(Struct, frozen=True, eq=False):
    at: int
    function: Expr
    arguments: tuple[Argument, ...]


class Constant(Struct, frozen=True, eq=False):
    at: int
    value: bool | int | float | complex | str | bytes | EllipsisType | None


class Display(Struct, frozen=True, eq=False):
    """`(a, b)`, `[a, b]` or `{a, b}`."""

    at: int
    shape: Literal["tuple", "list", "set"]
    items: tuple[Expr, ...]


class DictDisplay(Struct, frozen=True, eq=False):
    """`{k: v, **rest}`; the key of `**rest` is None."""

    at: int
    items: tuple[tuple[Expr | None, Expr], ...]


class Clause(Struct, frozen=True, eq=False):
    """`for target in source if tests` of a comprehension."""

    target: Expr
    source: Expr
    tests: tuple[Expr, ...]


class Comprehension(Struct, frozen=True, eq=False):
    at: int
    shape: Literal["list", "set", "dict", "generator"]
    clauses: tuple[Clause, ...]
    key: Expr | None
    element: Expr


class Lambda(Struct, frozen=True, eq=False):
    at: int
    scope: int


class Subscript(Struct, frozen=True, eq=False):
    at: int
    value: Expr
    index: Expr


class Slice(Struct, frozen=True, eq=False):
    at: int
    parts: tuple[Expr, ...]


class Unary(Struct, frozen=True, eq=False):
    at: int
    operator: str
    operand: Expr


class Binary(Struct, frozen=True, eq=False):
    """`a + b - c`, flattened: a chain of a thousand operators is one level deep."""

    at: int
    operators: tuple[str, ...]
    operands: tuple[Expr, ...]


class Boolean(Struct, frozen=True, eq=False):
    """`a and b and c`, flattened."""

    at: int
    operator: Literal["and", "or"]
    operands: tuple[Expr, ...]


class Comparison(Struct, frozen=True, eq=False):
    at: int
    left: Expr
    rest: tuple[tuple[str, Expr], ...]


class Conditional(Struct, frozen=True, eq=False):
    at: int
    test: Expr
    then: Expr
    otherwise: Expr


class Await(Struct, frozen=True, eq=False):
    at: int
    value: Expr


class Yield(Struct, frozen=True, eq=False):
    at: int
    value: Expr | None
    delegates: bool


class Walrus(Struct, frozen=True, eq=False):
    at: int
    target: Expr
    value: Expr


class Star(Struct, frozen=True, eq=False):
    """`*xs` in a display or on the left of an assignment."""

    at: int
    value: Expr


class Imported(Struct, frozen=True, eq=False):
    """The value that `import module` or `from module import name` binds."""

    at: int
    module: str
    name: str | None
    level: int


class Text(Struct, frozen=True, eq=False):
    """An f-string or another expression whose value is plain data made of its parts."""

    at: int
    parts: tuple[Expr, ...]


Expr: TypeAlias = (
    Name
    | Attribute
    | Call
    | Constant
    | Display
    | DictDisplay
    | Comprehension
    | Lambda
    | Subscript
    | Slice
    | Unary
    | Binary
    | Boolean
    | Comparison
    | Conditional
    | Await
    | Yield
    | Walrus
    | Star
    | Imported
    | Text
)


# Steps ------------------------------------------------------------------------------------------


class Evaluate(Struct, frozen=True, eq=False):
    """An expression as a statement."""

    at: int
    value: Expr


class Assert(Struct, frozen=True, eq=False):
    at: int
    test: Expr
    message: Expr | None


class Bind(Struct, frozen=True, eq=False):
    """An assignment, an import, or `x += 1` (then `operator` is `+`)."""

    at: int
    targets: tuple[Expr, ...]
    value: Expr | None
    operator: str | None = None
    annotation: Expr | None = None


class Forget(Struct, frozen=True, eq=False):
    """`del targets`."""

    at: int
    targets: tuple[Expr, ...]


class Leave(Struct, frozen=True, eq=False):
    at: int
    kind: Literal["return", "raise", "break", "continue"]
    value: Expr | None = None


class Branch(Struct, frozen=True, eq=False):
    """`if`, its `elif`s and its `else`; a chain of a thousand `elif`s is one level deep."""

    at: int
    arms: tuple[tuple[Expr, Block], ...]
    otherwise: Block


class Case(Struct, frozen=True, eq=False):
    captures: tuple[Expr, ...]
    guard: Expr | None
    body: Block
    catches_all: bool


class Match(Struct, frozen=True, eq=False):
    at: int
    subject: Expr
    cases: tuple[Case, ...]


class For(Struct, frozen=True, eq=False):
    at: int
    target: Expr
    source: Expr
    body: Block
    otherwise: Block


class While(Struct, frozen=True, eq=False):
    at: int
    test: Expr
    body: Block
    otherwise: Block


class With(Struct, frozen=True, eq=False):
    at: int
    items: tuple[tuple[Expr, Expr | None], ...]
    body: Block


class Handler(Struct, frozen=True, eq=False):
    """`except type as name`; the type of a bare `except:` is None."""

    at: int
    type: Expr | None
    name: str | None
    body: Block


class Try(Struct, frozen=True, eq=False):
    at: int
    body: Block
    handlers: tuple[Handler, ...]
    otherwise: Block
    final: Block


class Define(Struct, frozen=True, eq=False):
    """`def` or `class`: binds the name to the scope after the decorators."""

    at: int
    name: str
    scope: int
    decorators: tuple[Expr, ...]


Step: TypeAlias = (
    Evaluate | Assert | Bind | Forget | Leave | Branch | Match | For | While | With | Try | Define
)
Block: TypeAlias = tuple[Step, ...]


# Scopes -----------------------------------------------------------------------------------------


class Parameter(Struct, frozen=True, eq=False):
    at: int
    name: str
    kind: Literal["positional", "star", "keyword", "double-star"]
    default: Expr | None = None
    annotation: Expr | None = None


class Scope(Struct, frozen=True, eq=False):
    """A module, class, function or lambda; number `index` of its file, inside scope `parent`.

    `bound` are the names that it assigns and that are therefore its own, `outside` those that it
    declares `global` or `nonlocal`. A lambda's body is one `return`.
    """

    index: int
    kind: Literal["module", "class", "function", "lambda"]
    name: str
    qualified_name: str
    parent: int
    at: int
    body: Block
    bound: frozenset[str] = frozenset()
    global_names: frozenset[str] = frozenset()
    nonlocal_names: frozenset[str] = frozenset()
    parameters: tuple[Parameter, ...] = ()
    arguments: tuple[Argument, ...] = ()  # bases and keywords of a class
    is_async: bool = False
    is_generator: bool = False


class FileFacts(Struct, frozen=True, eq=False):
    """All of a file; scope 0 is the module, and a scope's parent comes before it."""

    scopes: tuple[Scope, ...]

    @property
    def module(self) -> Scope:
        return self.scopes[0]


# Walking ----------------------------------------------------------------------------------------


# Each by a table: to look for the class of a fact one by one costs more than all else here.


def parts(expression: Expr) -> Sequence[Expr]:
    """The direct parts of an expression, in the order in which Python evaluates them."""
    return _PARTS[type(expression)](expression)


def _of_pairs(display: DictDisplay) -> list[Expr]:
    return [part for pair in display.items for part in pair if part is not None]


def _of_comprehension(node: Comprehension) -> list[Expr]:
    found: list[Expr] = []
    for clause in node.clauses:
        found += (clause.source, *clause.tests)
    if node.key is not None:
        found.append(node.key)
    found.append(node.element)
    return found


_PARTS: dict[type, Callable[[Any], Sequence[Expr]]] = {
    Name: lambda node: (),
    Constant: lambda node: (),
    Lambda: lambda node: (),
    Imported: lambda node: (),
    Attribute: lambda node: (node.value,),
    Await: lambda node: (node.value,),
    Star: lambda node: (node.value,),
    Walrus: lambda node: (node.value,),
    Call: lambda node: (node.function, *[argument.value for argument in node.arguments]),
    Display: lambda node: node.items,
    DictDisplay: _of_pairs,
    Comprehension: _of_comprehension,
    Subscript: lambda node: (node.value, node.index),
    Unary: lambda node: (node.operand,),
    Binary: lambda node: node.operands,
    Boolean: lambda node: node.operands,
    Comparison: lambda node: (node.left, *[right for _, right in node.rest]),
    Conditional: lambda node: (node.test, node.then, node.otherwise),
    Yield: lambda node: () if node.value is None else (node.value,),
    Slice: lambda node: node.parts,
    Text: lambda node: node.parts,
}


def expressions(step: Step) -> Sequence[Expr]:
    """The expressions that a step itself evaluates, without those of the blocks inside it."""
    return _EXPRESSIONS[type(step)](step)


def _given(*maybe: Expr | None) -> list[Expr]:
    return [expression for expression in maybe if expression is not None]


_EXPRESSIONS: dict[type, Callable[[Any], Sequence[Expr]]] = {
    Evaluate: lambda step: (step.value,),
    Assert: lambda step: _given(step.test, step.message),
    Bind: lambda step: step.targets if step.value is None else (step.value, *step.targets),
    Forget: lambda step: step.targets,
    Leave: lambda step: () if step.value is None else (step.value,),
    While: lambda step: (step.test,),
    Branch: lambda step: [test for test, _ in step.arms],
    Match: lambda step: _given(step.subject, *[case.guard for case in step.cases]),
    For: lambda step: (step.source, step.target),
    With: lambda step: _given(*[part for item in step.items for part in item]),
    Try: lambda step: _given(*[handler.type for handler in step.handlers]),
    Define: lambda step: step.decorators,
}


def blocks(step: Step) -> Sequence[Block]:
    """The blocks inside a step, in source order."""
    find = _BLOCKS.get(type(step))
    return find(step) if find is not None else ()


_BLOCKS: dict[type, Callable[[Any], Sequence[Block]]] = {
    Branch: lambda step: (*[then for _, then in step.arms], step.otherwise),
    Match: lambda step: [case.body for case in step.cases],
    For: lambda step: (step.body, step.otherwise),
    While: lambda step: (step.body, step.otherwise),
    With: lambda step: (step.body,),
    Try: lambda step: (
        *(step.body, *[handler.body for handler in step.handlers]),
        *(step.otherwise, step.final),
    ),
}


def leaves(target: Expr) -> Iterator[Expr]:
    """What an assignment to a target assigns: the names, attributes and elements in it."""
    match target:
        case Display(items=items):
            for item in items:
                yield from leaves(item)
        case Star(value=value):
            yield from leaves(value)
        case _:
            yield target


def within(*expressions: Expr) -> Iterator[Expr]:
    """Expressions and all that is evaluated for them, each before its parts, in source order. The
    body of a `lambda` is not."""
    todo = list(reversed(expressions))
    while todo:
        expression = todo.pop()
        yield expression
        inner = parts(expression)
        if inner:
            todo += reversed(inner)


def is_name(expression: Expr, name: str) -> bool:
    """Whether an expression is just that variable."""
    return isinstance(expression, Name) and expression.id == name


def walruses(*expressions: Expr) -> Iterator[Walrus]:
    """The assignments inside expressions."""
    return (part for part in within(*expressions) if type(part) is Walrus)


def is_still(step: Step) -> bool:
    """Whether a step at most gives names to values: it calls nothing, waits for nothing and leaves
    nothing."""
    if not isinstance(step, (Evaluate, Bind, Branch, Define)):
        return False
    if any(isinstance(e, (Call, Await, Yield)) for e in within(*expressions(step))):
        return False
    return all(is_still(inner) for block in blocks(step) for inner in block)


def steps(block: Block) -> Iterator[Step]:
    """All steps of a block, those inside its steps included, in source order."""
    todo = list(reversed(block))
    while todo:
        step = todo.pop()
        yield step
        for inner in reversed(blocks(step)):
            todo += reversed(inner)


def evaluated(block: Block) -> Iterator[Expr]:
    """All that a block evaluates, inside its steps and expressions as well, in source order."""
    for step in steps(block):
        yield from within(*expressions(step))


def describe(expression: Expr) -> str:
    """An expression as the reader wrote it, as far as that is short."""
    match expression:
        case Name(id=name):
            return name.partition("@")[0]
        case Attribute(value=value, name=name):
            return f"{describe(value)}.{name}"
        case Constant(value=value):
            return repr(value)
        case Call(function=function, arguments=arguments):
            inner = ", ".join(describe(a.value) for a in arguments if not a.keyword)
            return f"{describe(function)}({inner})"
        case Subscript(value=value, index=index):
            return f"{describe(value)}[{describe(index)}]"
        case Binary(operators=operators, operands=operands):
            text = describe(operands[0])
            for operator, operand in zip(operators, operands[1:], strict=True):
                text += f" {operator} {describe(operand)}"
            return text
        case Lambda():
            return "lambda"
        case Display(shape="tuple", items=items) if len(items) > 1:
            return f"({', '.join(describe(item) for item in items)})"
    return "…"
