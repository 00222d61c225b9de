"""Takes the wrapping off an error record: what is left is what the signatures look at.

n8n and the libraries below it wrap one error in many ways: a fixed sentence for each status, a class name in front,
an item number behind, a body as JSON in a string, HTML. All of that goes, but nothing is lost: a fixed sentence
becomes the code that it stands for, a class name becomes an error name, a status inside the text becomes a code.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from incident_nb.models import ErrorRecord

MAX_CHARS = 6000
"""Longer texts keep their beginning and their end: an error says what it is in one of the two."""

SENTENCES = {
    "your request is invalid or could not be processed by the service": "4xx",
    "bad request - please check your parameters": "400",
    "authorization failed - please check your credentials": "401",
    "payment required - perhaps check your payment details": "402",
    "forbidden - perhaps check your credentials": "403",
    "the resource you are requesting could not be found": "404",
    "method not allowed - please check you are using the right http method": "405",
    "the service is receiving too many requests from you": "429",
    "try spacing your requests out using the batching settings under 'options'": "429",
    "the service failed to process your request": "5xx",
    "the service was not able to process your request": "500",
    "bad gateway - the service failed to handle your request": "502",
    "service unavailable - try again later or consider setting this node to retry automatically"
    " (in the node settings)": "503",
    "service unavailable - perhaps try again later": "503",
    "gateway timed out - perhaps try again later": "504",
    "the service refused the connection - perhaps it is offline": "ECONNREFUSED",
    "the connection to the server was closed unexpectedly, perhaps it is offline": "ECONNRESET",
    "you can retry the request immediately or wait and retry later": "ECONNRESET",
    "the server closed the connection unexpectedly": "ECONNRESET",
    "the connection cannot be established, this usually occurs due to an incorrect host (domain) value": "ENOTFOUND",
    "the connection timed out, consider setting the 'retry on fail' option in the node settings": "ETIMEDOUT",
    "the connection was aborted, perhaps the server is offline": "ECONNABORTED",
    "the host is unreachable, perhaps the server is offline": "EHOSTUNREACH",
    "the dns server returned an error, perhaps the server is offline": "EAI_AGAIN",
    "the address is not available, ensure that you have the right ip address": "EADDRNOTAVAIL",
    "the file or directory does not exist": "ENOENT",
    "the file path was expected but the given path is a directory": "EISDIR",
    "the directory path was expected but the given path is a file": "ENOTDIR",
    "forbidden by access permissions, make sure you have the right permissions": "EACCES",
    "operation not permitted, make sure you have the right permissions": "EPERM",
    "the file or directory already exists": "EEXIST",
}
"""n8n's fixed sentences and the code each stands for (NodeApiError and NodeError of n8n-workflow 1.x and 2.x)."""

GATEWAY_TIMEOUTS = {"504", "522", "524", "598", "599"}

_SENTENCE = re.compile("(?:" + "|".join(re.escape(s) for s in sorted(SENTENCES, key=len, reverse=True)) + ")[!?.]?")
_TRACE = re.compile(
    r"^[ \t]{0,40}at\s.*$|^[ \t]{0,40}File \".*\", line \d+.*$"
    r"|\sat\s(?:[\w.$<>\[\] ]{1,80} )?\(?[^()\s]{1,200}:\d+(?::\d+)?\)?",
    re.MULTILINE,
)
_TAG = re.compile(r"<(?:script|style)\b[^>]{0,200}>[^<]{0,2000}|</?[a-zA-Z!][^<>]{0,500}>")
_ESCAPED_QUOTE = re.compile(r"\\{1,8}([\"'/])")
_ESCAPED_SPACE = re.compile(r"\\{1,8}[nrt]")
_ESCAPED_CHAR = re.compile(r"\\{1,8}u([0-9a-fA-F]{4})")
_ID = re.compile(r"[0-9a-fA-F](?<![\w.-].)[0-9a-fA-F-]{8,}+(?![\w-]|\.\d)")  # not `fk_0123...`, a table's own name
_LONG_ID = 16
_MASK = re.compile(r"\[([a-z_]{2,24}):[0-9a-f]{4,16}\]")
_SPACES = re.compile(r"\s+")
_QUOTES = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "`": "'", "\xa0": " ", "–": "-", "—": "-"})
_PREFIX = re.compile(
    r"^(?:uncaught\s+|unhandled\s+|\[error\]:?\s+|error:\s+|there was an error:\s*\"?"
    r"|error in sub-node\s+['\"]?[^'\":\n]{1,60}['\"]?:?\s*"
    r"|problem (?:in|running) (?:node|workflow)\s+(?:['\"][^'\"]{1,80}['\"]:?\s*)?|problem executing workflow:?\s*"
    r"|(?:(?:auth|connection|credential) )?(?:settings|details) (?:are )?not valid[:;]\s+"
    r"|there was a problem (?:activating|executing) the workflow:\s*|workflow could not be activated:\s*"
    r"|([a-z][\w.]*?(?:error|exception)\d?):\s+)"
)
_SUFFIX = re.compile(r"\s*(?:\(item \d+\)|[\[(](?:line|item|condition|for item)[^\])]{0,60}[\])])[.\s]*$")
_NAME = re.compile(r"\b([a-z][a-z0-9_.]*(?:error|exception|warning))\b")
_STATUS = re.compile(
    r"(?:status(?:\s?code|_code)?\"?(?:\s+of|\s+is|\s+was)?|http(?:/\d(?:\.\d)?|[ _]?(?:status|code|error))?\"?"
    r"|error[ _]?code\"?|\bcode\"?|responded with|returned|response)\s*(?:code)?[:=\s(\[\"]{1,4}"
    r"([1-5]\d\d)\b(?!\s*(?:ms|characters|items|tokens|rows|bytes))"
    r"|^\"?([1-5]\d\d)(?:\s*-\s|\s+[a-z{\"<(]|$|:)"
    r"|\b([45]\d\d)[ :-]{1,3}(?:unauthorized|forbidden|not found|too many|bad request|internal server|bad gateway"
    r"|service (?:temporarily )?unavailable|gateway time|method not|conflict|unprocessable|payment required|gone\b"
    r"|client error|server error)"
    r"|(?:failed|error|server|rejected)\b[^\n\d]{0,30}[: (]([45]\d\d)\)?\.?$"
    r"|\b([45]\d\d) status code|\((?:http )?([45]\d\d)\)|\[([45]\d\d)\]"
)
_NODE_CODE = re.compile(
    r"\b(E(?:CONN|TIME|NOT|AI_|HOST|NET|PIPE|AUTH|PROTO|SOCKET|ACC|PERM|NOENT|ISDIR|EXIST|NOSPC|ADDR|ENVELOPE|DNS"
    r"|STREAM|TLS|MFILE)[A-Z_]*|UND_ERR_[A-Z_]+|ERR_[A-Z0-9_]{4,40}|(?:CERT|DEPTH|SELF|UNABLE)_[A-Z_]{6,60}|HPE_[A-Z_]+)\b"
)
_CODE_WORD = re.compile(
    r"\b(?!(?:Node|Type|Syntax|Reference|Range|Unexpected|Operational|User|Application)[A-Z])(?:[A-Z][a-z]+){2,8}\b|\b[A-Za-z]{2,30}(?:_[A-Za-z]{2,30}){1,6}\b"
)
_HUMP = re.compile(r"_|(?<=[a-z])(?=[A-Z])")
_ERROR_WORD = re.compile(
    r"invalid|missing|not|denied|expired|exceed|fail|limit|unauthori|forbidden|exist|require|insufficient|error"
    r"|unavailable|timeout|exhausted|refused|duplicate|blocked|disabled|revoked|mismatch|unsupported|unknown|depleted|range|busy|overload|too_|TooMany|TooLarge",
    re.IGNORECASE,
)
_CODE_LINE = re.compile(r"\[line \d+(?:, for item \d+)?\][.\s]*$|<\w{3,12}_items?_task_execution>")
_CODE_FRAME = re.compile(
    r"nodes/code/|jstaskrunner|js-task-runner|pythontaskrunner|vmcodewrapper|evalmachine\.<anonymous>"
    r"|file \"<(?:string|\w{3,12}_items?_task_execution)>\", line \d+"
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is left of a record without its wrapping; all text is lower case, with plain quotes and single spaces.

    `message`: the first line. `service`: description, inner errors and bodies: mostly the service's own words.
    `trace`: the lines of the stack trace. `codes`: HTTP statuses, their classes and Node codes as text (`429`, `4xx`,
    `econnreset`), or `none`.
    `names`: error class names. `node`: the node type without its package. `text`: message, service's words and names,
    one a line (without the name `Error`, which says nothing), and last the error codes in them as words
    (`QUOTA_EXCEEDED`, `AccessDenied`), so that a code that no rule knows is read like the sentence it stands for.
    """

    message: str
    service: str
    trace: str
    codes: frozenset[str]
    names: frozenset[str]
    node: str
    host: str | None
    text: str


def unwrap(record: ErrorRecord) -> Evidence:
    """What the signatures look at, taken from one record."""
    codes: set[str] = set()
    names: set[str] = {record.error_name.lower()} if record.error_name else set()
    parts = [_cut(without_ids(part or "")) for part in (record.message, record.description, record.stack)]
    trace = "\n".join(frame for part in parts for frame in _TRACE.findall(part)).lower()
    first, description, stack = (_TRACE.sub("", part) for part in parts)
    spelled = _spelled(f"{first}\n{description}\n{stack}\n{record.error_name or ''}")
    message = _strip(_plain(first, codes), names)
    lines = dict.fromkeys(part for part in (description, *stack.split("\n")) if part and not part.isspace())
    inner = [_strip(_plain(part, codes), names) for part in lines]
    inner = [part for part in dict.fromkeys(inner) if part and part != message]
    node = _node(record, trace)
    if node.startswith(("ftp", "email")):  # their replies have numbers of their own
        codes = {code for code in codes if not code.isdigit()}
    if record.http_code:
        codes.add(record.http_code.strip().lower())
    return Evidence(
        message=message,
        service="\n".join(inner),
        trace=trace,
        codes=_with_classes(codes),
        names=frozenset(names),
        node=node,
        text="\n".join([message, *inner, *sorted(names - {"error"}), spelled]),
        host=host_of(record.host, record.url),
    )


def without_ids(text: str) -> str:
    """The text with one and the same id in place of each mask, UUID, hexadecimal id of 16 and number of nine digits or more.

    No signature looks for any of those (the longest number in one has eight digits), so records that differ in them alone get
    the same verdict, which `label` finds once for all of them.
    """
    return _ID.sub(_same_id, _MASK.sub(r"[\1:0000]", text) if "[" in text else text)


def _same_id(found: re.Match[str]) -> str:
    text = found[0]
    if text.isdigit():
        return "111111111"
    return "0a1b2c3d4e5f6071" if len(text) >= _LONG_ID and any(map(str.isdigit, text)) else text


def _spelled(text: str) -> str:
    """The error codes of a text (camel or snake case) as plain words, separated by semicolons."""
    found = dict.fromkeys(word for word in _CODE_WORD.findall(text) if _ERROR_WORD.search(word))
    return "; ".join(_HUMP.sub(" ", word).lower() for word in found)


def _node(record: ErrorRecord, trace: str) -> str:
    """The node type without its package; `code` where only a line number or a frame of the sandbox tells it."""
    if record.node_type:
        return record.node_type.rsplit(".", 1)[-1].lower()
    return "code" if _CODE_LINE.search(record.message) or _CODE_FRAME.search(trace) else ""


def _with_classes(codes: set[str]) -> frozenset[str]:
    """The codes with the class of each status (`4xx`); a gateway's time-out says nothing of the server's class.

    Nothing was aborted where a 4xx came back, whatever sentence n8n put in front of it.
    """
    classes = {f"{code[0]}xx" for code in codes if re.fullmatch(r"[1-5]\d\d", code)}
    found = (codes | classes) - ({"5xx"} if codes & GATEWAY_TIMEOUTS else set())
    found -= {"econnaborted"} if "4xx" in found else set()
    return frozenset(found or {"none"})


def host_of(host: str | None, url: str | None) -> str | None:
    """The host that a record is about, in lower case: its own, else its URL's; None where there is none to see."""
    try:
        return (host or urlsplit(url or "").hostname or "").lower() or None
    except ValueError:
        return None


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CHARS else f"{text[: MAX_CHARS - 1000]}\n{text[-1000:]}"


def _plain(text: str, codes: set[str]) -> str:
    """One text without escapes, tags, redaction masks and n8n's own sentences; adds the codes found in it."""
    codes.update(found.lower() for found in _NODE_CODE.findall(text))
    if "\\" in text:
        text = _ESCAPED_CHAR.sub(lambda m: chr(int(m[1], 16)), text)
        text = _ESCAPED_SPACE.sub(" ", _ESCAPED_QUOTE.sub(r"\1", text))
    if "[" in text:
        text = _MASK.sub("...", text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "&" in text:
        text = html.unescape(text)
    text = _SPACES.sub(" ", text.translate(_QUOTES)).strip().lower()
    for sentence in _SENTENCE.findall(text):
        codes.add(SENTENCES[sentence.rstrip("!?.") if sentence not in SENTENCES else sentence].lower())
    text = _SENTENCE.sub("", text).strip()
    for groups in _STATUS.findall(text):
        codes.update(group for group in groups if group)
    return text


def _strip(text: str, names: set[str]) -> str:
    """One text without what n8n puts in front of and behind it; adds the error class names found in it."""
    names.update(_NAME.findall(text[:200]))
    while found := _PREFIX.match(text):
        text = text[found.end() :]
    while found := _SUFFIX.search(text):
        text = text[: found.start()]
    return text.strip()
