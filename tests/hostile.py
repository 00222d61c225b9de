r"""Texts that would act if a report took them for more than text, by technique; and exports that are full of them.

`JS` stands for a script that sets `window.pwned` to the vector's number, `URL` for an address of the test's own web
server that ends in it, `NUM` for the number. `acts` says what a vector needs to run or to ask for its address; a test
proves that more than a hundred do, raw in a page or through a renderer of Markdown.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tests.builders import HOUR, START, Json, run

Acts = Literal["page", "click", "markdown", "elsewhere"]


@dataclass(frozen=True)
class Vector:
    """One hostile text. `acts`: in a page, in a page when clicked, once rendered as Markdown, or in another program."""

    number: int
    technique: str
    text: str
    acts: Acts


SCRIPTS = [
    "<script>JS</script>",
    "<ScRiPt>JS</sCrIpT>",
    "<script\n>JS</script\t>",
    "<script/x>JS</script>",
    "<script src=URL></script>",
    "<script src='data:text/javascript,JS'></script>",
    "<script type=module>JS</script>",
    "<<script>JS//<</script>",
    "<script>/*</script><script>JS</script>*/",
    "<script>JS<!--</script>",
    "</p></div></pre></td></tr></table></main></body></html><script>JS</script>",
    "<b><p><script>JS</script></b></p>",
    "<script\x0cdefer>JS</script>",
    "<script type='text/javascript' async>JS</script>",
]
HANDLERS = [
    "<img src=x onerror=JS>",
    "<img src=x onerror='JS' alt=words>",
    "<img/src=x/onerror=JS>",
    "<img src=x onerror=&#119;indow.pwned=NUM>",
    "<img src=x:x onerror\n=\nJS>",
    "<IMG SRC=x OnErRoR=JS>",
    "<img src=x onerror=window['pw'+'ned']=NUM>",
    "<img src=x onerror=eval(atob('B64'))>",
    "<svg onload=JS>",
    "<svg/onload=JS>",
    "<body onload=JS>",
    "<body onpageshow=JS>",
    "<input autofocus onfocus=JS>",
    "<textarea autofocus onfocus=JS>x</textarea>",
    "<select autofocus onfocus=JS></select>",
    "<video src=x onerror=JS></video>",
    "<video><source src=x onerror=JS></video>",
    "<audio src=x onerror=JS></audio>",
    "<details open ontoggle=JS><summary>words</summary></details>",
    "<style>@keyframes k{}</style><p style='animation:k 1ms' onanimationstart=JS>words</p>",
    "<p id=focus NUM tabindex=1 onfocus=JS autofocus>words</p>",
    "<object data=x: onerror=JS></object>",
    "<link rel=stylesheet href=x: onerror=JS>",
    "<script src=x: onerror=JS></script>",
    "<p onclick=JS>words</p>",
    "<marquee onstart=JS>words</marquee>",
    "<iframe onload=JS></iframe>",
]
ADDRESSES = [
    "<a href=javascript:JS>words</a>",
    "<a href='JaVaScRiPt:JS'>words</a>",
    "<a href='jav&#x09;ascript:JS'>words</a>",
    "<a href='jav&#10;ascript:JS'>words</a>",
    "<a href='jav\tascript:JS'>words</a>",
    "<a href='&#106;&#97;&#118;&#97;script&colon;JS'>words</a>",
    "<a href='&#x6A&#x61&#x76&#x61script:JS'>words</a>",
    "<a href=' \x01javascript:JS'>words</a>",
    "<a href='javascript://x%0aJS'>words</a>",
    "<a href='javascript:JS;//https://docs.example'>words</a>",
    "<area href=javascript:JS>",
    "<form action=javascript:JS><button>words</button></form>",
    "<button form=x formaction=javascript:JS>words</button><form id=x></form>",
    "<svg><a href=javascript:JS><text y=20>words</text></a></svg>",
    "<svg><a xlink:href=javascript:JS><text y=20>words</text></a></svg>",
    "<a href='data:text/html,<script>JS</script>'>words</a>",
    "<a href='vbscript:msgbox(NUM)'>words</a>",
    "<iframe src=javascript:parent.JS></iframe>",
    "<iframe srcdoc='<script>parent.JS</script>'></iframe>",
    "<embed src=javascript:JS>",
    "<a href=http:URLREST>words</a>",
    "<a href=//evil.example/NUM>words</a>",
    "<a href='file:///etc/passwd'>words NUM</a>",
    "<math href=javascript:JS>words</math>",
]
LOADED = [
    "<img src=URL>",
    "<img srcset='URL 1x'>",
    "<picture><source srcset=URL><img alt=words></picture>",
    "<iframe src=URL></iframe>",
    "<frameset><frame src=URL></frameset>",
    "<object data=URL></object>",
    "<embed src=URL>",
    "<link rel=stylesheet href=URL>",
    "<link rel=icon href=URL><link rel=preload as=image href=URL>",
    "<style>@import 'URL';</style>",
    "<style>body{background:url(URL)}</style>",
    "<p style=background:url(URL)>words</p>",
    "<p style='background:u\\72l(URL)'>words</p>",
    "<ul style='list-style:url(URL)'><li>words</li></ul>",
    "<svg><image href=URL /></svg>",
    "<svg><image xlink:href=URL /></svg>",
    "<svg><style>*{fill:url(URL)}@import 'URL';</style></svg>",
    "<video poster=URL></video>",
    "<video src=URL></video>",
    "<audio src=URL autoplay></audio>",
    "<video><source src=URL></video>",
    "<body background=URL>",
    "<table background=URL><tr><td>words</td></tr></table>",
    "<input type=image src=URL>",
    "<meta http-equiv=refresh content='0;url=URL'>",
    "<base href='URL/'><img src=words>",
    "<style>@font-face{font-family:f;src:url(URL)}p{font-family:f}</style><p>words</p>",
    "<a href=#x ping=URL>words</a>",
]
MUTATIONS = [
    '<svg></p><style><a id="</style><img src=1 onerror=JS>">',
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=JS&gt;">',
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=JS>",
    "<math><annotation-xml encoding='text/html'><style><img src=x onerror=JS></style></annotation-xml></math>"
    "<img src=x onerror=JS>",
    "<svg><foreignObject><img src=x onerror=JS></foreignObject></svg>",
    "<svg><desc><img src=x onerror=JS></desc></svg>",
    "<svg><title><style><img src=x onerror=JS></style></title></svg>",
    "<svg><script>JS</script></svg>",
    "<svg><script>&#119;indow.pwned=NUM</script></svg>",
    "<svg><animate onbegin=JS attributeName=x dur=1s></svg>",
    "<svg><set attributeName=x onbegin=JS></svg>",
    "<svg><a><animate attributeName=href values=javascript:JS /><text y=20>words</text></a></svg>",
    "<svg><use href='data:image/svg+xml,<svg id=x xmlns=http://www.w3.org/2000/svg></svg>#x'></use></svg>"
    "<svg onload=JS>",
    '<noscript><p title="</noscript><img src=x onerror=JS>">',
    "<template><script>JS</script></template><img src=x onerror=JS>",
    "<xmp><p title='</xmp><img src=x onerror=JS>'>",
    "<noembed><p title='</noembed><img src=x onerror=JS>'>",
    "<select><template><style><!--</style><a rel='--></style></template></select><img id=x src onerror=JS>'>",
    "<table><td><a><table><img src=x onerror=JS></table>",
    "<p>words<plaintext><img src=x onerror=JS>",
    "<img src=x onerror=JS><plaintext>",
    "<math><mi//xlink:href='data:x,<script>JS</script>'></math><img src=x onerror=JS//",
    "<listing>&lt;img src=1 onerror=JS&gt;</listing><img src onerror=JS>",
    "<p title='<b'><img src=x onerror=JS>'>",
]
BREAKOUTS = [
    '"><script>JS</script>',
    "'><script>JS</script>",
    '" autofocus onfocus=JS x="><img src onerror=JS>',
    "--><script>JS</script><!--",
    "--!><script>JS</script>",
    "<!--><script>JS</script>-->",
    "<!-- --!><img src=x onerror=JS> -->",
    "]]><script>JS</script>",
    "<![CDATA[><script>JS</script>]]>",
    "<?xml ><script>JS</script>?>",
    "<!DOCTYPE x [<!ENTITY y 'z'>]><script>JS</script>",
    "</title><script>JS</script>",
    "</textarea><script>JS</script>",
    "</style><script>JS</script>",
    "</script><script>JS</script>",
    "</pre></code><img src=x onerror=JS>",
    "<![if IE]><script>JS</script><![endif]>",
    "<%=1%><img src=x onerror=JS>",
]
MARKDOWN = [
    "[words](javascript:JS)",
    "[words](<javascript:JS>)",
    '[words]( javascript:JS "title")',
    "[words](java\\script:JS)",
    "[words](&#106;avascript:JS)",
    "[words](data:text/html;base64,B64 'title')",
    "[words][refNUM]\n\n[refNUM]: javascript:JS",
    "[refNUM]: <javascript:JS> 'title'\n\n[refNUM]",
    "![words](URL)",
    '![words](URL "title")',
    "![words][picNUM]\n\n[picNUM]: URL",
    "[![words](URL)](javascript:JS)",
    "<javascript:JS>",
    "<URL>",
    "URL",
    "www.evil.example/NUM",
    "words[^fNUM]\n\n[^fNUM]: <img src=x onerror=JS>",
    "\n\n<div>\n<img src=x onerror=JS>\n</div>\n\n",
    "\n\n<script>\nJS\n</script>\n\n",
    "\n\n<!--\n-->\n<img src=x onerror=JS>\n\n",
    "```\nwords\n```\n<img src=x onerror=JS>",
    "`words` <img src=x onerror=JS> `words`",
    "``` <img src=x onerror=JS>",
    "    <img src=x onerror=JS>\n\n<img src=x onerror=JS>",
    "a | b\n--|--\n<img src=x onerror=JS> | NUM",
    "words\\\n<img src=x onerror=JS>",
    "\\<img src=x onerror=JS>",
    "\\\\<img src=x onerror=JS>",
    "&lt;img src=x onerror=JS&gt; <img src=x onerror=JS>",
    "*[words]: x\n\nwords <img src=x onerror=JS>",
    "# heading <img src=x onerror=JS>\n===",
    "> quoted\n> <img src=x onerror=JS>",
    "- [ ] task <img src=x onerror=JS>",
    "~~words~~ ==words== ^^words^^ >!words!< <img src=x onerror=JS>",
    "[漢字NUM(ruby)] <img src=x onerror=JS>",
    "term NUM\n: <img src=x onerror=JS>",
    '[words](https://docs.example/NUM "><img src=x onerror=JS>")',
    "[a](<https://docs.example> <img src=x onerror=JS>)",
    '<a href="https://docs.example" onclick="JS">words</a>',
]
ELSEWHERE = {
    "mermaid": ["```mermaid\ngraph TD; A-->B; click A href \"javascript:JS\"\n```", "%%{init: {'NUM': '<img>'}}%%"],
    "vega": ["{\"$schema\": \"https://vega.github.io/schema/vega/v5.json\", \"usermeta\": NUM}"],
    "math": [
        "$\\href{javascript:JS}{words}$",
        "$$\\unicode{<img src=x onerror=JS>}$$ \\(x\\) \\[y\\]",
        "\\begin{equation}\\href{javascript:JS}{words}\\end{equation}",
        "\\(\\require{html}\\href{javascript:JS}{words}\\)",
        "$\\frac{NUM",
    ],
    "templates": [
        "{{ 7*NUM }}",
        "{% include '/etc/passwd' %} NUM",
        "{# NUM #}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }} NUM",
        "${7*NUM}",
        "<%= 7*NUM %>",
        "#{7*NUM}",
    ],
    "format": ["{0.__class__} NUM", "{x!r:>99999999} NUM", "%s%n%99999999d NUM", "{NUM}"],
    "terminal": [
        "\x1b[31mred NUM\x1b[0m",
        "\x1b]8;;javascript:JS\x1b\\words\x1b]8;;\x1b\\",
        "\x1b]0;title NUM\x07",
        "\x1b[2J\x1b[1;1Hgone NUM",
        "\x9b31mred NUM",
        "one NUM\rtwo",
        "words NUM\x08\x08\x08\x08",
        "\x1b]52;c;B64\x07",
        "\x1bP+q544e\x1b\\ NUM",
    ],
    "direction": [
        "\u202egnp.NUM.exe",
        "\u2066words NUM\u2069",
        "\u200fwords\u200e NUM",
        "invoice\u202e NUM fdp.js",
    ],
    "unicode": [
        "nul\x00NUM",
        "<scr\x00ipt>JS</scr\x00ipt>",
        "half \ud800 NUM",
        "half \udfff\udc00 NUM",
        "zero\u200bwidth\u200d\u200d\u200cNUM",
        "line\u2028JS\u2029NUM",
        "next\x85line NUM",
        "＜script＞JS＜/script＞",
        "\ufeffmark NUM",
        "z" + "\u0336\u0301\u0489" * 60 + "algo NUM",
        "tags\U000e0041\U000e0042 NUM",
        "W" * 3_000 + "NUM",
        "filler\u3164NUM",
    ],
    "spreadsheet": [
        "=HYPERLINK(\"URL\",\"words\")",
        "=cmd|' /C calc'!A0 NUM",
        "+1+NUM",
        "-2+NUM",
        "@SUM(NUM)",
        "\t=1+NUM",
        "\r=1+NUM",
        " =1+NUM",
        "＝1+NUM",
        "words;=1+NUM",
        "words\",\"=1+NUM",
        "=IMPORTXML(\"URL\",\"//a\")",
    ],
    "front matter": [
        "---\ntitle: words\nheader-includes: <script>JS</script>\n---\nNUM",
        "+++\ntitle = \"NUM\"\n+++",
        "```{raw} html\n<script>JS</script>\n```",
        "{raw:html}`<script>JS</script>` NUM",
        "words{onclick=\"JS\"}",
        "{: onclick=\"JS\"}",
        "::: {onclick=\"JS\"}\nwords\n:::",
    ],
}  # fmt: skip

_NOTHING_TO_CLICK = ("vbscript:", "evil.example", "file:", "http:URLREST", "<math", "action", "data:text/html")


def vectors(address: str) -> list[Vector]:
    """All of them, their requests going to the web server at `address`."""
    table: list[tuple[str, str, Acts]] = []
    for technique, texts in (
        ("script elements", SCRIPTS), ("event handlers", HANDLERS), ("things loaded", LOADED),
        ("mutations", MUTATIONS), ("breakouts", BREAKOUTS),
    ):  # fmt: skip
        table += [(technique, text, "page") for text in texts]
    table += [
        ("addresses", text, "elsewhere" if any(part in text for part in _NOTHING_TO_CLICK) else "click")
        for text in ADDRESSES
    ]
    table += [("markdown", text, "markdown") for text in MARKDOWN]
    table += [(technique, text, "elsewhere") for technique, texts in ELSEWHERE.items() for text in texts]
    return [
        Vector(number, technique, _filled(text, number, address), acts)
        for number, (technique, text, acts) in enumerate(table, 1001)
    ]


def _filled(text: str, number: int, address: str) -> str:
    script = f"window.pwned={number}"
    url = f"{address}/{number}"
    encoded = base64.b64encode(script.encode()).decode()
    for name, value in (
        ("URLREST", url.removeprefix("http:")), ("URL", url), ("JS", script), ("B64", encoded), ("NUM", str(number)),
    ):  # fmt: skip
        text = text.replace(name, value)
    return text


def everywhere(number: int, texts: Iterable[str]) -> Json:
    """One failed execution with a hostile text in every field that n8n fills from outside, each text in turn."""
    given = list(texts)
    place = iter(range(10_000))

    def text() -> str:
        return given[next(place) % len(given)]

    node: Json = {
        "id": text(),
        "name": text(),
        "type": text(),
        "typeVersion": 1,
        "notes": text(),
        "webhookId": text(),
        "parameters": {"url": f"https://{text()}/{text()}", "jsCode": text(), text(): text(), "nested": [text()]},
        "credentials": {text(): {"id": text(), "name": text()}},
    }
    other = {**node, "name": f"{text()} before", "id": text()}
    wrong: Json = {
        "name": text(),
        "message": text(),
        "description": text(),
        "httpCode": text(),
        "messages": [text(), text()],
        "stack": text(),
        "context": {"data": {text(): text()}, "request": {"uri": text(), "method": text()}},
        "cause": {"name": text(), "message": text(), "code": text(), "stack": text()},
        "errorResponse": {"message": text(), "body": text()},
        "functionality": text(),
        "lineNumber": text(),
        "level": text(),
        "timestamp": text(),
        "tags": {text(): text()},
    }
    flow: Json = {
        "id": text(),
        "name": text(),
        "nodes": [other, node],
        "connections": {text(): {"main": [[{"node": text(), "type": text(), "index": 0}]]}},
        "settings": {"errorWorkflow": text(), "timezone": text()},
        "tags": [{"id": text(), "name": text()}, {"id": text(), "name": f"client:{text()}"}],
        "staticData": {text(): text()},
        "pinData": {text(): [{"json": {text(): text()}}]},
    }
    made = run(number, START + number % 100 * HOUR / 10, wrong, flow)
    made["data"]["resultData"]["runData"][node["name"]][0] |= {"hints": [{"message": text(), "location": text()}]}
    made["data"]["executionData"] = {"nodeExecutionStack": [{"node": node}], "metadata": {text(): text()}}
    made |= {"mode": text(), "customData": {text(): text()}, "retryOf": text(), "source": text(), "client": text()}
    made["workflowData"]["project"] = {"id": text(), "name": text()}
    return made
