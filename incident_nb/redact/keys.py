"""What a key says of its value: the kind of secret, and what the value must look like to be one."""

from __future__ import annotations

import re
import unicodedata
from base64 import b64decode
from binascii import Error as NoBase64
from collections.abc import Callable
from functools import lru_cache

from .names import ROWS
from .rules import MASK

Test = Callable[[str], bool]

UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SMTP = re.compile(r"[245]\d\d[- ][245]\.\d{1,3}\.\d{1,3}")
_WORDS = re.compile(r"[^\W\d]+(?:[ .'/_-]+[^\W\d]+)*")
_CAMEL = re.compile(r"[^\W\d_]?[^\W\d_A-Z]*\d{0,4}(?:[A-Z]{1,5}[^\W\d_A-Z]{2,}\d{0,4})*[A-Z]?|[A-Z]+\d{0,4}[a-z]?|\d+")
_PLACE = re.compile(
    r"(?:\.{0,2}|~)/(?![^\n]*[+=])[^\n]*|(?:[A-Za-z]:\\|arn:|urn:|[a-z][a-z0-9+.-]{1,20}://)[^\n]*|[\w.-]+/[\w./-]*\.[a-z]{2,5}"
)

# Words that stand where a value would, in forms and schemas, and further ones in sentences.
FORM_WORDS = frozenset(
    re.findall(
        r"\w+",
        "required optional invalid missing incorrect wrong expired revoked empty blank unset unknown string text number boolean "
        "object array any bytes str int bool float dict list password hidden masked requerido requerida erforderlich "
        "requis obligatoire",
    )
)
NO_VALUES = FORM_WORDS | frozenset(
    re.findall(
        r"\w+",
        "none null undefined true false yes no on off enabled disabled passwd secret token key apikey redacted filtered value "
        "option flag argument parameter field header and or is was to with for in instead must should cannot not has have are "
        "the a an failed failure denied error mismatch protected encrypted hashed prompt ask inherit default type bytes str "
        "from by of at provided supplied given change reset forgotten forgot input env environment function expected "
        "unexpected issue policy manager generator rotation refresh access id uuid jwt oauth oauth2 bearer basic digest "
        "authentication authorization auth falsch incorrecta ungültig invalide",
    )
)
_COOKIE_ATTRIBUTES = frozenset(("path", "domain", "expires", "max-age", "secure", "httponly", "samesite", "priority"))
_CHOICE = re.compile(r"[a-z]{0,8}(?:[-_][A-Za-z]{2,4})?|\d{1,2}")
_FILE = re.compile(r"#[0-9a-fA-F]{3,8}|[\w-]+\.(?:pdf|zip|docx?|xlsx?|csv|txt|json|xml|log|ya?ml|html?|png|jpe?g)")
_ALGORITHM = re.compile(
    r"(?i)(?:base|sha|md|utf|aes|rsa|x|oauth|pbkdf|argon|bcrypt|scrypt|hmac|rc|des|ed|win|ntlm?v?)[-_]?\d+[\w-]*"
)
_MECHANISM = re.compile(
    r"(?i)(?:scram|ssl|m?tls|sasl|gssapi|kerberos|krb|ldaps?|ntlm|negotiate|pki|x\.?509|x?oauth|openid|oidc|saml|jwt|password|pass|"
    r"certificate|cert|key|token|plain|md5|cram|digest|ssh|https?|radius|pam|peer|trust|ident|iam|proxy)(?:[-_.]?v?\d[\w.-]*|-[\w.-]+)?"
)
_SENTENCE = re.compile(
    r"(?i)\b(?:is|are|was|were|be|been|must|should|can|cannot|can't|could|not|no|the|an?|at|least|too|short|long|required|"
    r"invalid|missing|please|field|characters?|does|do|did|has|have|for|with|your|you|of|to|in|and|or|match|wrong|"
    r"incorrect|expired|enter|ist|nicht|muss|es|debe|no|est|doit)\b"
)


def anything(value: str) -> bool:
    """True for whatever may be a value: a plain word too, but no sentence and none of the words of forms and schemas."""
    return bool(value) and value.lower() not in FORM_WORDS and not prose(value) and not _saying(value)


def no_path(value: str) -> bool:
    """True for whatever may be a value but a path: a shell's PWD is no password."""
    return anything(value) and not re.match(r"[/~]|[A-Za-z]:\\\\", value)


def prose(value: str) -> bool:
    """True for several words of which one makes a sentence: "is too short"."""
    words = value.split()
    return (
        len(words) > 1
        and _WORDS.fullmatch(value.rstrip(".!?: ").replace(",", "")) is not None
        and bool(_SENTENCE.search(value))
    )


def _saying(value: str) -> bool:
    """True for text that is mostly words, of which one makes a sentence, whatever else is in it."""
    words = value.split()
    plain = sum(re.fullmatch(r"[(\"']?[^\W\d]+(?:['’-][^\W\d]+)*[)\"']?[.,:;!?]?", word) is not None for word in words)
    return len(words) > 2 and plain * 3 > len(words) * 2 and _SENTENCE.search(value) is not None


def not_wordy(value: str) -> bool:
    """True for what is not one or several plain words, nor a place: it has a digit, a symbol or jumbled letters."""
    if len(value) < 4 or value.lower() in NO_VALUES or _is_place(value) or _FILE.fullmatch(value):
        return False
    plain = value.replace("_", "-").strip(".-/ ,:;!?")
    if not _WORDS.fullmatch(plain):
        return not _saying(value)
    return " " not in value and ((len(value) >= 12 and jumbled(value)) or odd(value, 8))


def opaque(value: str) -> bool:
    """True for 8 characters or more without blanks that look drawn by lot: three digits, or letters in jumbled case."""
    if len(value) < 8 or re.search(r"\s", value) or _is_place(value):
        return False
    return len(re.findall(r"\d", value)) >= 3 or jumbled(value) or odd(value, 12)


def _is_place(value: str) -> bool:
    """True for a path, an address or a name of cloud resources; a random value may begin with a slash, too."""
    return _PLACE.fullmatch(value) is not None and not (value[0] == "/" and odd(value, 12))


def odd(value: str, least: int) -> bool:
    """True when a piece of this length or more is no name: neither camel case, capitals nor small letters alone."""
    return any(len(piece) >= least and not _CAMEL.fullmatch(piece) for piece in re.split(r"[\W_]+", value))


def random_run(value: str) -> bool:
    """True for 18 characters or more of a token's alphabet in mixed classes; UUIDs, dates and paths are none."""
    return (
        len(value) >= 18
        and re.fullmatch(r"[\w+/=.~:|-]+", value) is not None
        and not UUID.fullmatch(value)
        and opaque(value)
        and re.search(r"[A-Za-z0-9]{12}", value) is not None
        and len(re.findall(r"[A-Za-z]", value)) >= 3
    )


def many_digits(value: str) -> bool:
    """True for a value that holds at least seven digits and hardly anything else."""
    return len(re.findall(r"\d", value)) >= 7 and not re.search(r"[A-Za-z]{4}", value)


def short_code(value: str) -> bool:
    """True for a code that is typed once: 4 to 12 characters with a digit."""
    return 4 <= len(value) <= 12 and re.search(r"\d", value) is not None and not _SMTP.fullmatch(value)


def code_or_token(value: str) -> bool:
    """True for such a code, and for a longer value drawn by lot."""
    return short_code(value) or opaque(value)


def cookies(value: str) -> bool:
    """True for cookies, unless all that they hold is a choice, as `lang=de` or `theme=dark`."""
    if "=" not in value:
        return not_wordy(value)
    parts = [part.strip().partition("=") for part in value.split(";")]
    held = [(name, text) for name, _, text in parts if name.lower() not in _COOKIE_ATTRIBUTES]
    return any(text and (key_rule(name) or not _CHOICE.fullmatch(text)) for name, text in held)


def session(value: str) -> bool:
    """True for a value drawn by lot, but for Twilio's ids: two capitals and 32 hex digits."""
    return opaque(value) and not slug(value) and re.fullmatch(r"[A-Z]{2}[0-9a-f]{32}", value) is None


def hex_key(value: str) -> bool:
    """True for 32 hex digits and more."""
    return re.fullmatch(r"[0-9a-fA-F]{32,}", value) is not None


def credentials(value: str) -> bool:
    """True for a value drawn by lot, for `user:password`, and for the same in base64."""
    return opaque(value) or user_and_password(value) or user_and_password(from_base64(value) or "")


def user_and_password(value: str) -> bool:
    """True for `user:password`, the user being a name or an address."""
    user, colon, password = value.partition(":")
    if not colon or not re.fullmatch(r"[\w.@+-]{1,80}", user):
        return False
    return not_wordy(password) and not re.fullmatch(r"[\d.:]+|//.*", password) and " " not in password


def from_base64(value: str) -> str | None:
    """The printable text that a value is in base64, of either alphabet, or None."""
    plain = value.rstrip("=").replace("-", "+").replace("_", "/")
    if len(plain) < 8 or len(plain) % 4 == 1:
        return None
    try:
        text = b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode()
    except (ValueError, NoBase64):
        return None
    return text if text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable() else None


def algorithm(value: str) -> bool:
    """True for the name of a cipher, a digest or an encoding, as in "the password is base64-encoded"."""
    return _ALGORITHM.fullmatch(value) is not None


def mechanism(value: str) -> bool:
    """True for a way of signing in, as in "connect user bob using SCRAM-SHA-256", and for an algorithm."""
    return algorithm(value) or _MECHANISM.fullmatch(value.strip("'\".,;:()")) is not None


def slug(value: str) -> bool:
    """True for words and numbers with marks between them, such as `order-2024-000118`."""
    return re.fullmatch(r"(?:[^\W\d_]{2,}|\d{1,10})(?:[-_./:](?:[^\W\d_]{2,}|\d{1,10}))+", value) is not None


def jumbled(value: str) -> bool:
    """True when the runs of one case are too short for words, as in random letters, or one too long for any word."""
    runs = [len(run) for run in re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", value)]
    return bool(runs) and (max(runs) > 24 or (len(runs) > 2 and sum(runs) / len(runs) < 3))


_TESTS: dict[str, Test] = {
    test.__name__: test
    for test in (
        *(anything, no_path, not_wordy, opaque, random_run, many_digits, short_code, code_or_token, session, cookies),
        *(hex_key, credentials),
    )
}
_KEYS = tuple(
    (kind, re.compile(pattern), _TESTS.get(test, anything))
    for kind, test, pattern in (row.split(maxsplit=2) for row in ROWS.strip().splitlines())
)


@lru_cache(maxsize=8192)
def key_rule(key: str) -> tuple[str, Test] | None:
    """The kind of secret that a value under this key is and the test it must pass, or None for an ordinary key."""
    spread = unicodedata.normalize("NFKD", key[-80:].lower().replace("ł", "l").replace("ı", "i").replace("ß", "ss"))
    # Accents go; the marks of other scripts belong to their letters.
    plain = re.sub(r"[^\w]|_", "", unicodedata.normalize("NFC", re.sub(r"[\u0300-\u036f]", "", spread)))
    for kind, pattern, test in _KEYS:
        if pattern.search(plain):
            return None if kind == "-" else (kind, test)
    return None


# What stands in for a value: n8n's **hidden**, stars of a vendor, templates, expressions, variables, nothing at all.
_STAND_IN = re.compile(
    r"(?:=?\{\{.*\}\}|\{[A-Za-z_][\w.]*\}|<[^<>]*>|\$\([^()]*\)|[)\]};,]{1,4}|"
    r"=?\$(?:env|input|json|node|vars|secrets|items?|binary|workflow|execution|parameter|prevNode|fromAI)\b[.\[(]?\S*|"
    r"\$\{[^{}]*\}|\$\{\{.*\}\}|\$\(?[A-Za-z_]\w{2,}\)?|\$env:\w+|%[A-Z_]{3,}%|.{0,12}\*{2,}.*|[xX.•…#_-]{3,}|.{0,24}(?:…|\.{3}|•{2}).{0,8}|"
    r"(?:process\.env|os\.environ|env|secrets|vars|config|settings|self|this|params|args|options|data|body|req|request|input)[.\[][\w.\[\]\"'()]*|"
    r"\[[A-Za-z _-]*\]|[$%=#@&|{}]{1,2}|"
    r"ENC\[AES\S*|:[a-z_]+|@[A-Za-z_]{4,}|%\([a-z_]+\)s|"
    r"(?i:true|false|null|change_?me!?|none|nil|undefined|nan|\[object Object\]|\(?redacted\)?|\(?hidden\)?|\(?filtered\)?|"
    r"\(?masked\)?|your[_-]?[\w-]*|<?redacted>?))",
    re.DOTALL,
)
_SCHEME = re.compile(
    r"=?(?i:Bearer|Basic|Token|Digest|Negotiate|NTLM|OAuth|Api-?Key|Key|Bot|Zoho-oauthtoken|SSWS|Klaviyo-API-Key|GenieKey|JWT|Hawk|"
    r"AWS4-HMAC-SHA256|SharedKey(?:Lite)?|Apikey|Discogs|sso-key|PVEAPIToken|Splunk|Signature)[\s=]\s*"
)


def stand_in(value: str) -> bool:
    """True when nothing secret is left: a mask of ours begins it, or something stands in its place."""
    return MASK.match(value) is not None or _STAND_IN.fullmatch(value) is not None


def without_scheme(value: str) -> tuple[str, str]:
    """An authorization value as its scheme ("Bearer ", or "") and what follows."""
    match = _SCHEME.match(value)
    return (value[: match.end()], value[match.end() :]) if match else ("", value)
