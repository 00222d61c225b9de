"""The plain text in a regular expression: what every match must contain, so that most expressions need not be tried."""

from __future__ import annotations

PLAIN = " _'\"-,:;=<>@#%&!~/"
"""Characters beside letters and digits that mean themselves in a regular expression."""


def literals(pattern: str) -> tuple[str, ...]:
    """Pieces of plain text of which every match of the pattern contains at least one; none where that is not known.

    Of all the places that say so (a run of plain characters, a group with an alternative for each) the one with the
    longest pieces is taken, because those are the rarest.
    """
    branches = [_longest(branch) for branch in _split(pattern)]
    return tuple(dict.fromkeys(piece for branch in branches for piece in branch)) if all(branches) else ()


def _longest(branch: str) -> tuple[str, ...]:
    """The same for a pattern that has no alternatives outside its groups."""
    best: tuple[str, ...] = ()
    run, i = "", 0
    while i <= len(branch):
        char, end = branch[i : i + 1], i + 1
        if char == "(":
            end = _end_of_group(branch, i)
        elif char == "\\":
            end = i + 2
        elif char == "[":
            end = _end_of_class(branch, i)
        optional = branch[end : end + 1] in ("?", "*", "{")
        plain = bool(char) and (char.isalnum() or char in PLAIN) and not optional
        run += char if plain else ""
        if not plain:
            inner = literals(branch[i + 3 : end - 1]) if branch.startswith("(?:", i) and not optional else ()
            best = max(best, (run,) if run else (), inner, key=lambda pieces: min(map(len, pieces), default=0))
            run = ""
            if char == "{":
                end = branch.index("}", i) + 1
        i = end
    return best


def _split(pattern: str) -> list[str]:
    """The alternatives of a pattern."""
    branches, start, i = [], 0, 0
    while i < len(pattern):
        if pattern[i] == "|":
            branches.append(pattern[start:i])
            start = i + 1
        if pattern[i] == "(":
            i = _end_of_group(pattern, i)
        elif pattern[i] == "[":
            i = _end_of_class(pattern, i)
        else:
            i += 2 if pattern[i] == "\\" else 1
    return [*branches, pattern[start:]]


def _end_of_group(pattern: str, start: int) -> int:
    """The position behind the group that opens at `start`."""
    depth, i = 0, start
    while i == start or depth:
        char = pattern[i]
        depth += (char == "(") - (char == ")")
        i = _end_of_class(pattern, i) if char == "[" else i + 2 if char == "\\" else i + 1
    return i


def _end_of_class(pattern: str, start: int) -> int:
    """The position behind the set of characters that opens at `start`."""
    i = start + 2 if pattern.startswith("^", start + 1) else start + 1
    i += pattern.startswith("]", i)  # one that means itself
    while pattern[i] != "]":
        i += 2 if pattern[i] == "\\" else 1
    return i + 1
