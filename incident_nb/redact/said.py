"""Secrets in sentences: "password 'x'", "the key x was revoked", "das Passwort für den Zugang ist x", codes and PINs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .judges import drawn, judge_flag, judge_loose
from .keys import NO_VALUES, algorithm, key_rule, not_wordy, opaque, stand_in
from .phrases import PHRASES, beside_user
from .places import VALUE
from .rules import Rule, Rules, anchored, at, same_length

_WORDS = tuple(
    re.findall(
        r"\w+",
        "pass pwd secret token jwt signature authorization bearer credential sessionid kennwort contrase senha wachtwoord clave "
        "schlüssel clé",
    )
)
_KEY_WORDS = (
    r"password|passwd|passphrase|passcode|pass|pwd|passwort|secret(?:[\s_-]?key)?|token|jwt|signature|authorization|bearer|"
    r"credential|sessionid|(?:api|access|account|subscription|private|licen[sc]e|service|admin|encryption|signing|master|"
    r"auth(?:entication)?)[\s_-]?key|(?:(?:api|zugangs|geheim)[\s-]?)?schlüssel|clé(?:\s(?:d['’]\s?)?(?:api|accès|secrète))?|kennwort|"
    r"contrase[nñ]a|senha|wachtwoord|clave(?:\s(?:de\s)?(?:api|acceso|secreta))?"
)
_LOOSE_GAP = (
    r"(?:\s{1,3}(?i:provided|supplied|used|given|sent|is|was|value|of|received|named|ist|es|est)){0,3}"
    r"\s{0,2}[:=]?\s{1,3}"
)
_BEFORE_KEY = re.compile(
    r"(?:api|access|account|subscription|private|licen[sc]e|encryption|signing|master|auth|authentication|secret|service|"
    r"admin)[\s_-]?\Z"
)
_find_words = at(*_WORDS)


def _words_of_keys(text: str, low: str) -> Iterable[int]:
    """Where words for keys start; for `key` itself where the word before it does, without which it says nothing."""
    found = set(_find_words(text, low))
    low = low if len(low) == len(text) else same_length(text)
    position = low.find("key")
    while position >= 0:
        if before := _BEFORE_KEY.search(low[max(0, position - 20) : position]):
            found.add(max(0, position - 20) + before.start())
        position = low.find("key", position + 3)
    return sorted(found)


# Words for a password in one language | what then says "is"; a colon does in all of them.
_LANGUAGES = """
password passwd passphrase passcode pwd pw | is was are now to è
passwort kennwort zugangscode wlan-schlüssel netzwerkschlüssel wlan-key pw pwd | ist war lautet sind habe_ich nutze_ich
mot_de_passe | est était
contraseña contrasena clave | es era
senha palavra-passe | é era
hasło haslo | to jest brzmi
lösenord adgangskode passord kodeord | är er
salasana parool salasõna | on
heslo lozinka geslo šifra zaporka лозинка | je је
jelszó jelszava | az
şifre sifre parola parolă | este è olan
wachtwoord | is
пароль пароля парола | это це е
κωδικός κωδικός_πρόσβασης συνθηματικό | είναι
slaptažodis | yra
contrasenya | és
סיסמה הסיסמה | היא הוא
كلمة_المرور كلمة_السر | هي
पासवर्ड | है
รหัสผ่าน | คือ
mật_khẩu | là
kata_sandi | adalah
密码 密碼 口令 | 是 为 為
パスワード 暗証番号 | は
비밀번호 암호 | 는 은
"""
_NOW = (
    "übrigens|also|ja|wieder|just|again|now|still|currently|jetzt|nun|aktuell|weiterhin|maintenant|toujours|ahora|adesso|"
    "agora|nu|teraz|nyní"
)
_SAID = (
    r"(?P<s>[^\s\"'`“”„«»‘’「」『』，、。；：]{4,100}?)(?=[.,;:!?)\]]{0,3}"
    r"(?:[\s\"'`“”»’」』，、。；ぁ-んァ-ン一-龥가-힣]|\Z))"
)
_FOR_WHOM = re.compile(
    r"(?i)\b(?:users?|accounts?|host|server|service|id|name|e-?mail|login|field|benutzer|konto|usuario|usuário|utente|"
    r"utilisateur|compte|gebruiker)['’\"]?\s{0,3}[:：]\s{0,3}\Z"
)


def _said(match: re.Match[str]) -> str | None:
    """Judge what a sentence says a password is: no word, no algorithm, and not the one whose password it is."""
    value = match["s"]
    if stand_in(value) or value.lower() in NO_VALUES or algorithm(value) or not re.search(r"[^\W_]", value):
        return None
    if re.match(r"</?\w{1,8}>", value) or re.fullmatch(r"[A-Za-z_][\w.:-]{0,40}=", value):
        return None  # an element; an attribute
    core = value.strip("()[]{}<>*_")
    letters, others = re.search(r"[^\W\d_]", core), re.search(r"[\d_]|[^\w.'’-]", core)
    if _FOR_WHOM.search(match["gap"]) and not re.search(r"[^\w.@-]", value):
        return None
    if (match["gap"].strip() == ":" or match["gap"].endswith("= ")) and re.search(r"[\[({$]", value):
        return None  # a program's own
    return "password" if letters and others and not_wordy(value) and len(value) > 4 else None


def _quoted(match: re.Match[str]) -> str | None:
    """Judge a quoted value behind a word that is a key: "invalid hmacKey 'x'"."""
    rule, value = key_rule(match["key"]), match["s"]
    if rule is None or match["key"].lower() == "pass" or stand_in(value) or not rule[1](value):
        return None
    return rule[0] if opaque(value) or (rule[0] == "password" and not_wordy(value)) else None


def _saying(row: str) -> Rule:
    """The rule for one language's words."""
    words, verbs = ([word.replace("_", " ") for word in part.split()] for part in row.split("|"))
    verb = "|".join(verbs)
    is_ = rf"\s(?i:{verb})(?:\s(?i:{_NOW}))?(?=[\s:：])\s?[:：]?" if verbs[0] < "\u2000" else rf"\s?(?:{verb})"
    edge = r"(?<![^\W\d_])" if verbs[0] < "\u2000" else ""
    return anchored(
        _said,
        rf"{edge}(?i:{'|'.join(words)})\w{{0,6}}?(?P<gap>(?:(?:[^\n:=：\[]|:(?=\w)){{0,80}}?{is_}|\s[^\n:=：\[]{{1,60}}?(?:\s?:|\s=\s)|\s?:\s|\s?：))[\s\"'“„«‘`「『]{{0,3}}{_SAID}",
        "|".join(words),
    )


_ALONE = (
    r"пароль|пароля|pw|pwd|şifre\w{0,5}|parol[aăeiy]\w{0,3}|hasł\w{1,3}|hesl\w{1,2}|lösenord\w{0,3}|adgangskode\w{0,2}|"
    r"kodeord\w{0,2}|passord\w{0,3}|salasana\w{0,2}|jelsz\w{1,4}|lozink\w|geslo|mot de passe|mdp|κωδικός?|slaptažod\w{1,4}|"
    r"contrasenya"
)
_CODE_WORDS = (
    r"(?:(?:verification|security|one-?time|login|sign-?in|access|confirmation|authentication|authorization|2fa|mfa|sms|"
    r"reset|recovery|bestätigungs?|einmal|sicherheits)[\s-]?(?:code|pin|passcode)|code de (?:vérification|confirmation|sécurité)|"
    r"código de (?:verificación|confirmación|seguridad|verificação)|codice di (?:verifica|conferma|sicurezza)|"
    r"одноразовий код|одноразовый код|код подтверждения|(?:zugangs|freischalt|aktivierungs|prüf)[\s-]?code|"
    r"(?:2fa|mfa)[\s-]?backup|"
    r"(?:mobile|sms|photo)?tan|otp|pin)"
)
_CODE_HINTS = (
    *(f"{what}{glue}{word}" for what in ("verification", "security", "login", "sign-in", "access", "confirmation")
      for glue in (" ", "-") for word in ("code", "pin")),
    *("authentication code", "authorization code", "sms code", "sms-code", "reset code", "recovery code", "one-time", "onetime"),
    *("2fa", "mfa", "bestätigung", "einmal", "sicherheits", "vérification", "verificación", "otp ", "otp:", " tan ", "tan:"),
    *("pin is ", "pin: ", " pin ", "pin ist ", "passcode", "confirmation", "confirmación", "codice di ", "одноразов", "tan "),
    *("подтверждения", "code de sécurité", "código de", "freischalt", "aktivierungs", "zugangscode", "prüfcode", "digicode"),
)  # fmt: skip
_CODE = r"(?:(?:[A-Z]-)?\d{4}[ -]\d{4}|(?:[A-Z]-)?\d{3}[ -]?\d{1,5})"

SENTENCES = Rules(
    (
        anchored(judge_flag, r"\s--?(?P<key>[A-Za-z][\w-]{1,60})\s{1,3}[\"']?(?P<s>(?!-)[^\s\"']{3,500})", " -"),
        Rule(
            judge_loose,
            re.compile(rf"(?P<key>(?i:{_KEY_WORDS})[A-Za-z0-9_-]{{0,30}})(?P<gap>{_LOOSE_GAP}){VALUE}"),
            (*_WORDS, "key"),
            None,
            _words_of_keys,
        ),
        *(_saying(row) for row in _LANGUAGES.strip().splitlines()),
        anchored(
            _said,
            rf"(?<![^\W\d_])(?i:{_ALONE})(?P<gap>(?:\s[а-я]{{1,12}}){{0,3}}\s)(?P<s>[^\s\"'`]{{5,100}}?)(?=[.,;:!?)]{{0,3}}(?:\s|\Z))",
            "пароль|пароля|pw |pwd |şifre|parola|parolă|hasł|hesl|lösenord|adgangskode|kodeord|passord|salasana|jelsz|lozink|"
            "geslo |mot de passe |mdp |κωδικό|slaptažod|contrasenya",
        ),
        Rule(
            _quoted,
            re.compile(r"(?P<key>[^\W\d_][\w-]{2,60})\s(?P<q>[\"'`])(?P<s>[^\s\"'`]{6,400})(?P=q)"),
            (" '", ' "', " `"),
            re.compile(r"\w\s[\"'`][^\s\"'`]{6}"),
        ),
        # app password: abcd efgh ijkl mnop; seed phrase: twelve words
        anchored(
            "password",
            r"(?i:app(?:lication)?[ -]password|setup key|new password)[^\n:]{0,50}:\s"
            r"(?P<s>[A-Za-z0-9]{4}(?:[ -][A-Za-z0-9]{4}){3,7})(?!\w)",
            "app password|app-password|application password|setup key|new password",
        ),
        anchored(
            "private_key",
            r"(?i:seed|recovery|mnemonic|secret)\s?(?i:phrase|words)?[^\n:]{0,40}[:：]\s(?P<s>[a-z]{3,8}(?:\s[a-z]{3,8}){11,23})",
            "seed|recovery|mnemonic|secret",
        ),
        # backup codes: 3f9a1-2b7cd, 8e1f0-77aa2
        anchored(
            "otp",
            r"(?i:backup|recovery|scratch|emergency)[\s_-]?(?i:codes?)[\s:=]{1,3}(?P<s>[A-Za-z0-9]{4,8}(?:[-\s][A-Za-z0-9]{3,8})?"
            r"(?:,\s?[A-Za-z0-9]{4,8}(?:[-\s][A-Za-z0-9]{3,8})?){1,20})",
            "backup|recovery|scratch|emergency",
            r"\d",
        ),
        anchored(
            drawn("api_key", slugs=False),
            r"(?i:\bkey|\bschlüssel|\bclé|\bclave|\bchave|\bchiave)\s[\"'`]?(?P<s>[\w.~+/=-]{16,400})[\"'`]?(?=[^\n]{0,60}(?i:revoked|"
            r"expired|invalid|disabled|rejected|refused|unauthori[sz]ed|not valid|not recogni[sz]ed|deactivated|suspended|"
            r"leaked|ungültig|abgelaufen|gesperrt|invalide|révoqu|expiré|no es válid|inválid|caducad|revocad|scadut))",
            "key |schlüssel |clé |clave |chave |chiave ",
        ),
        *PHRASES,
        anchored(
            beside_user,
            r"(?i:\bu(?:ser(?:name)?)?)\s?[:=]\s?\S{1,60}[\s,;]{1,3}(?i:p(?:w|ass|wd|asswd)?)\s?[:=]\s?[\"']?(?P<s>[^\s\"',;]{4,100})",
            "u:|user:|username:|u :|user :|u=|user=|username=",
        ),
        Rule(
            "otp",
            re.compile(
                rf"(?i:\b{_CODE_WORDS})\b(?:[^\n.:=\d]{{0,50}}?\s(?i:is|was|ist|lautet|est|es|è|é)|\s(?i:code))?\s?[:=]?\s{{1,3}}[\"'*]{{0,2}}"
                rf"(?P<s>{_CODE})(?!\w|\.\d|-\d)"
            ),
            _CODE_HINTS,
        ),
        Rule(
            "otp",
            re.compile(
                rf"(?P<s>\b(?<![.-]){_CODE})(?= (?:is|ist|es|est|è) "
                r"(?i:(?:your|the|ihr|dein|tu|votre|il tuo)\b[^\n]{0,30}(?:code|código|codice|otp|pin)))"
            ),
            (" is your", " is the", " ist ihr", " ist dein", " es tu", " est votre", " è il tuo"),
        ),
        anchored(
            drawn("token", least=20),
            r"(?i:response(?: body)?|body|returned|result)[\s:=]{1,4}\"(?P<s>[\w.-]{20,400})\""
            r"(?=[^\n]{0,200}(?i:token|auth|login|session))",
            "response|body|returned|result",
            "(?i)token|auth|login|session",
        ),
    )
)
"""Rules for one line, whatever it holds."""
