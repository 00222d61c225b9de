"""Secrets in sentences that say them first, or beside the user whose they are."""

from __future__ import annotations

import re

from .judges import telling
from .keys import NO_VALUES, algorithm, not_wordy, stand_in
from .rules import Rule, anchored

_WORD = (
    r"(?:passwor[dt]|passwd|passphrase|passcode|kennwort|mot\sde\spasse|contraseña|senha|wachtwoord|hasło\w?|heslo|lösenord\w{0,3}|"
    r"adgangskode\w{0,2}|passord\w{0,2}|pass|pwd|pw)"
)
_LOGIN = (
    r"(?:log-?in|credentials?|creds|user(?:name)?|account|zugang|zugangsdaten|anmeldedaten|acceso|credenciales|identifiants?|accès|"
    r"credenziali|inloggegevens|dados\sde\sacesso|dane\slogowania|přihlašovací\súdaje)"
)
_LOGIN_HINTS = (
    "login|log-in|credential|creds|user|account|zugang|anmeldedaten|acceso|credenciales|identifiant|accès|credenziali|"
    "inloggegevens|dados de acesso|dane logowania|přihlašovací údaje"
)
_VALUE = r"[\"'`„“«]?(?P<s>[^\s\"'`„“”«»]{5,100}?)[\"'`“”»]?"


# What a code opens. Some may be the end of a longer word, others would end words of other things: connector, aggregate.
_ENDS = r"(?:tür|garage|tresor|schloss|schlüsselkasten|gebäude|alarm(?:anlagen?)?)"
_WORDS = (
    r"(?:(?:(?:garagen|roll|garten|hof|einfahrts?|werks?|haupt|hinter|seiten)-?)?tor|safe|(?:haupt|hinter|neben|seiten|personal)?eingang|"
    r"(?:front|back|side|garage\s)?door|gate|entrance|(?:door|pad)?lock|lockbox|key\s?pad|building|elevator|deur|poort|kluis)"
)
_ABROAD = (
    r"(?:porte|portail|immeuble|digicode|coffre|puerta|portal|porta|portone|cancello|cassaforte|cofre|drzwi|bramy|dveř\w{1,2}|"
    r"kapı\w{0,3})"
)
_DOORS = rf"(?:[^\W\d]{{0,12}}?{_ENDS}|{_WORDS}|{_ABROAD})"
_DIGITS = r"(?P<s>\d{4,8}[#*]?|\d{3}[#*])(?![\w.-]?\d)"
_IS = r"(?i:is|was|ist|lautet|est|es|è|é|to|je|:)"


def _mixed(match: re.Match[str]) -> str | None:
    """Judge a value that only its place in the sentence tells: letters, and digits or signs that no word has."""
    value = match["s"].strip("()[]{}<>*_,.;:")
    if stand_in(value) or value.lower() in NO_VALUES or algorithm(value) or len(value) < 5 or not not_wordy(value):
        return None
    letters, others = re.search(r"[^\W\d_]", value), re.search(r"\d{3}|[A-Z].*\d|\d.*[A-Z]|[^\w.'’/:-]", value)
    program = re.fullmatch(r"v?\d[\w.-]*|.*[()\[\]{}].*", value)
    return "password" if letters and others and not program else None


def _strong(match: re.Match[str]) -> str | None:
    """Judge the second part of `login: user/password`, where a path may stand, too."""
    value = match["s"]
    strong = re.search(r"[A-Z]|[^\w./-]", value) and re.search(r"\d", value) and re.search(r"[^\W\d]", value)
    return "password" if strong and not_wordy(value) and not stand_in(value) else None


def beside_user(match: re.Match[str]) -> str | None:
    """Judge the second of a user and a password with a slash between them, where a version may stand, too."""
    return None if re.fullmatch(r"v?\d[\w.-]*", match["s"]) else _marked(match)


_marked = telling("password", r"[\d_]|[^\w./-]")


PHRASES = (
    # user / password
    anchored(
        beside_user,
        rf"(?i:{_LOGIN})(?:[^\n:/]{{0,40}}:)?\s?[:=]?\s{{1,3}}"
        r"[\"']?[\w.@+-]{2,60}[\"']?\s{0,2}/\s{1,2}[\"']?(?P<s>[^\s\"'/]{5,100})",
        _LOGIN_HINTS,
        r"\S\s{0,2}/\s",
    ),
    anchored(
        beside_user,
        r"(?<![\w/])/\s{1,2}[\"']?(?P<s>[^\s\"'/]{5,100})[\"']?\s(?=(?:are|is|as|sind|son|sont)\s(?:the\s|my\s|your\s|our\s|die\s)?"
        r"(?i:credentials?|log-?ins?|zugangsdaten))",
        "/ ",
    ),
    anchored(
        _strong,
        rf"(?i:\b{_LOGIN})\s?[:=]\s?[\"']?[\w.@+-]{{2,60}}/(?P<s>[^\s\"'/]{{6,100}}?)(?=[.,;]?(?:\s|\Z))",
        _LOGIN_HINTS,
        r"[:=]\s?[\"']?[\w.@+-]{2,60}/\S",
    ),
    # the code for the door is 4711; another code of it is an error's
    anchored(
        "otp",
        r"(?i:(?<!\berror\s)(?<!\bstatus\s)(?<!\bexit\s)(?<!\breturn\s)(?<!\bresponse\s)(?<!\bhttp\s)\b(?:code|pin|código|codice|kod|kód))"
        rf"\s(?:[^\W\d]{{1,12}}\s){{0,3}}?(?i:{_DOORS}(?:s|es|en?|n|er)?)\s?{_IS}\s?:?\s{{0,2}}{_DIGITS}",
        "code |pin |código |codice |kod |kód ",
        rf"(?i){_DOORS}",
    ),
    # Garagencode: 4711
    anchored(
        "otp",
        rf"(?i:(?:{_ENDS}|(?<![^\W\d_]){_WORDS})(?:s|n|en)?[\s-]?(?:code|pin)|\bdigicode)\s?{_IS}?\s?:?\s{{0,2}}{_DIGITS}",
        "tür|garage|tresor|schloss|schlüsselkasten|gebäude|alarm|tor|rolltor|roll-tor|gartentor|garten-tor|hoftor|hof-tor|"
        "einfahrt|werktor|werk-tor|werkstor|werks-tor|haupt|hinter|seiten|safe|eingang|neben|personal|door|front|back|side|gate|"
        "entrance|lock|pad|key pad|keypad|building|elevator|deur|poort|kluis|digicode",
        r"(?i)(?:code|pin)\b",
    ),
    # log in with user:password
    anchored(
        _mixed,
        r"(?i:log(?:ged)?[ -]?in|sign(?:ed)?[ -]?in|auth\w{0,12}|anmeld\w{0,4}|connect\w{0,3}|melde\sdich)\s"
        r"(?i:with|using|as|via|mit|avec|con)\s"
        r"[\"'`]?[\w.@+-]{2,60}:(?P<s>[^\s\"'`/]{5,100}?)(?=[.,;)]?(?:\s|\Z|[\"'`]))",
        "log|sign|auth|anmeld|connect|melde",
        r"(?i)\s(?:with|using|as|via|mit|avec|con)\s[\"'`]?[\w.@+-]{2,60}:\S",
    ),
    # … as the password; … is the new password
    anchored(
        _mixed,
        rf"(?i:\b(?:use|using|take|try|enter|type|set|nimm|nutze|verwende|utilise[rz]?|usa|use|gebruik))\s(?:[\w']{{1,12}}\s){{0,2}}?{_VALUE}\s"
        rf"(?i:as|for|als|comme|como|come|für)\s(?:[^\W\d]{{1,12}}\s){{0,3}}(?i:{_WORD})\b(?!\s(?:pol|prot|mod|len|auth|hash|man|field|reset|rule|strength|list)\w*)",
        "use |using |take |try |enter |type |set |nimm |nutze |verwende |utilise|usa |gebruik ",
        rf"(?i)\s(?:as|for|als|comme|como|come|für)\s(?:[^\W\d]{{1,12}}\s){{0,3}}{_WORD}",
    ),
    Rule(
        _mixed,
        re.compile(
            rf"(?<![^\s\"'`„“«]){_VALUE}\s(?i:is|ist|est|es|é|è|jest|was|war)\s(?:[^\W\d]{{1,12}}\s){{0,3}}?(?i:{_WORD})\b(?!\s(?:pol|prot|mod|len|auth|hash|man|field|reset|rule|strength|list)\w*)"
        ),
        (
            *(
                "passwor",
                "passwd",
                "passphrase",
                "passcode",
                "kennwort",
                "mot de passe",
                "contraseña",
                "senha",
                "wachtwoord",
            ),
            *("hasło", "heslo", "lösenord", "adgangskode", "passord", " pass", " pw"),
        ),
        re.compile(rf"(?i)\s(?:is|ist|est|es|é|è|jest|was|war)\s(?:[^\W\d]{{1,12}}\s){{0,3}}?{_WORD}\b"),
    ),
    anchored(
        _mixed,
        rf"(?i:password|passwort|pw|pwd|kennwort)\s(?:[^\n.]{{0,30}}\s)?(?i:from|von|de)\s{_VALUE}\s(?i:to|auf|zu|in|à|a)\s",
        "password |passwort |pw |pwd |kennwort ",
        r"(?i)\s(?:from|von|de)\s\S{5,100}\s(?:to|auf|zu|in|à|a)\s",
    ),
)
"""Rules for one line, whatever it holds."""
