"""Text from outside, written so that it shows as the text it is: in a terminal, a page, Markdown, a spreadsheet."""

from __future__ import annotations

import re
from unicodedata import category

# Colours and other looks of a terminal; they say nothing, so they go without a trace.
_LOOKS = re.compile("(?:\x1b\\[|\x9b)[0-9;:]*m")
# Control characters but tab and line breaks, and the marks that turn the direction of text: in a terminal or a page
# they do things, where a text should only say things.
_DOES_THINGS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]")
# What nobody sees: zero width, soft hyphens, weak marks of direction, fillers, tags, a second choice of a glyph.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2060-\u2065\u206a-\u206f\u3164\ufeff"
    "\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]|(?<=[\ufe00-\ufe0f])[\ufe00-\ufe0f]"
)
# Joiners have work to do between letters of some scripts and in emoji; elsewhere they only make equal words differ.
_IDLE_JOINER = re.compile("(?<![^\x00-\x7f\u200c\u200d])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f\u200c\u200d])")
_LINE_ENDS = re.compile("\r\n|[\u2028\u2029]")
_MARKS_ON_ONE_LETTER = 8
_MAY_BE_MARKED = re.compile(f"[^\x00-\x7f]{{{_MARKS_ON_ONE_LETTER + 1},}}")


def printable(text: str) -> str:
    """Text that can be stored and shown: half characters become question marks, what would control a terminal goes.

    Colours of a terminal and characters that nobody sees are left out; what does things is shown as a replacement
    character, as is the rest of a pile of marks on one letter.
    """
    text = _LINE_ENDS.sub("\n", text)
    if not text.isascii() or "\x1b" in text:
        text = _IDLE_JOINER.sub("", _UNSEEN.sub("", _LOOKS.sub("", text)))
        text = _MAY_BE_MARKED.sub(_few_marks, text)
    return _DOES_THINGS.sub("\N{REPLACEMENT CHARACTER}", text).encode("utf-8", "replace").decode()


def _few_marks(found: re.Match[str]) -> str:
    kept: list[str] = []
    pile = 0
    for letter in found[0]:
        pile = pile + 1 if category(letter) in ("Mn", "Me") else 0
        if pile <= _MARKS_ON_ONE_LETTER:
            kept.append(letter)
        elif pile == _MARKS_ON_ONE_LETTER + 1:
            kept.append("\N{REPLACEMENT CHARACTER}")
    return "".join(kept)


# A backslash as a reference, since two of them would begin a formula in some readers; what makes Markdown, formulas or
# templates; an address that readers link by themselves.
_MAKES_MARKDOWN = re.compile(
    r"[\\`*_\[\]{}<>#|~&!$^]|(?<==)=|(?<=http):(?=//)|(?<=https):(?=//)|(?<=ftp):(?=//)|(?<=www)\.|(?<![:/])/(?=/)",
    re.IGNORECASE,
)
# What makes a list, a heading, a definition or a rule at the start of a line.
_BEGINS_BLOCK = re.compile(r"\d{1,9}(?=[.)](?:\s|$))|(?=[-+=:%@])")


def markdown_text(text: str) -> str:
    """Plain text on one line of Markdown, shown as it is."""
    line = " ".join(printable(text).split())
    shown = _MAKES_MARKDOWN.sub(lambda found: "&#92;" if found[0] == "\\" else f"\\{found[0]}", line)
    begins = _BEGINS_BLOCK.match(shown)
    return f"{begins[0]}\\{shown[begins.end() :]}" if begins else shown


# A cell that begins like this is a formula; so is what begins like this after a character that some programs and
# countries take for the end of a cell, with blanks and quotes between them.
_FORMULA = re.compile("(^[;,|\\s\"']*+|[;,|\\s\"']++)([=+\\-@＝＋－＠]?)")
_CELL_ENDS = re.compile("[;,\t\n\r|]")


def slack_text(text: str) -> str:
    """The text as Slack's markup shows it: no link, no mention, no channel called."""
    return printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def spreadsheet_text(text: str) -> str:
    """Plain text as one cell of a CSV file that no spreadsheet takes for a formula."""
    return " ".join(_FORMULA.sub(_no_formula, printable(text)).split())


def _no_formula(found: re.Match[str]) -> str:
    begins = found[2] and (found.start() == 0 or _CELL_ENDS.search(found[1]))
    return f"{found[1]}'{found[2]}" if begins else found[0]
