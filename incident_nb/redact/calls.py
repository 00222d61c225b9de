"""Secrets in code: arguments of calls that sign in, literals that are set or wrapped, constants with a type."""

from __future__ import annotations

import re

from .judges import drawn, judge_flag, judge_named
from .keys import key_rule, not_wordy, opaque, stand_in
from .rules import Rule, Rules, anchored

_ARGUMENT = (
    r"(?:[\w.]{1,30}\s?[=:]\s?)?(?:[NbfruL]?\"[^\"\n]{0,300}\"|[NbfruL]?'[^'\n]{0,300}'|[\w$.>()\[\]:\\-]{1,80})"
)
_LITERAL = r"(?:[\w.]{1,30}\s?[=:]\s?)?[NbfruL@]?(?P<q>\\{0,3}[\"'`])(?P<s>[^\"'`\n\\]{3,300})(?P=q)"
# Calls whose third and whose second argument is a password.
_THREE = (
    "getconnection mysqli_connect mysqli_real_connect mysqli pdo pdo->__construct oci_connect oci_pconnect odbc_connect "
    "odbc_pconnect dbi->connect createconnection db2_connect ibase_connect mysql_connect mssql_connect sybase_connect ftp_login "
    "imap_open ldap_bind ssh2_auth_password drivermanagerdatasource sequelize real_connect clientsecretcredential"
)
_TWO = (
    "networkcredential httpbasicauth httpdigestauth httpproxyauth basicauthentication basic_auth basicauth basicauthhandler "
    "usernamepasswordcredentials usernamepasswordauthenticationtoken usernamepasswordcredential passwordauthentication "
    "passwordauth credentials.basic setcredentials addcredentials simple_bind_s simple_bind signinwithemailandpassword "
    "createuserwithemailandpassword usernametoken userpasswordcredential plaincredentials username_pw_set "
    "setbasicauth requestbasicauth"
)
_TWO_OR_WORDS = ".login .auth .authenticate .signin .sign_in .logon .open"
_WRAPPERS = (
    r"Some|Optional|Just|Option|Maybe|Secret\w{0,12}|Sensitive\w{0,8}|Password|Token|ApiKey|String|string|str|bytes|Buffer\.from|btoa|"
    r"encode\w{0,10}|b64encode|base64_encode|md5|sha\d{1,3}|hash\w{0,10}|bcrypt\w{0,8}|quote\w{0,8}|URLEncoder\.encode|Zeroizing::new|"
    r"[\w:]{1,30}::(?:from|new)|new\s\w{1,20}"
)


def _argument(match: re.Match[str]) -> str | None:
    """Judge a password by its place among the arguments."""
    return None if stand_in(match["s"]) or " " in match["s"] else "password"


def _argument_no_word(match: re.Match[str]) -> str | None:
    """Judge one in a call that other things have, too."""
    value = match["s"]
    return "password" if " " not in value and not_wordy(value) and not stand_in(value) else None


def _set(match: re.Match[str]) -> str | None:
    """Judge a literal by the name of what it is given to; words are names and labels there."""
    rule, value = key_rule(match["key"]), match["s"]
    if rule is None or stand_in(value) or not not_wordy(value) or " " in value:
        return None
    return rule[0] if rule[1](value) and (opaque(value) or rule[0] == "password") else None


def _dotted(match: re.Match[str]) -> str | None:
    """Judge a value that dots lead to."""
    return judge_named(match) if match["q"] or not_wordy(match["s"]) else None


def _calls(names: str) -> str:
    return "|".join(re.escape(name) for name in names.split())


CALLS = Rules(
    (
        anchored(
            _argument,
            rf"(?i:{_calls(_THREE)})\(\s?{_ARGUMENT},\s{{0,20}}{_ARGUMENT},\s{{0,20}}{_LITERAL}",
            _calls(_THREE).replace("\\", ""),
        ),
        anchored(
            _argument, rf"(?i:{_calls(_TWO)})\(\s?{_ARGUMENT},\s{{0,20}}{_LITERAL}", _calls(_TWO).replace("\\", "")
        ),
        anchored(
            _argument_no_word,
            rf"(?i:{_calls(_TWO_OR_WORDS)})\(\s?{_ARGUMENT},\s{{0,20}}{_LITERAL}",
            _calls(_TWO_OR_WORDS).replace("\\", ""),
        ),
        # OPENROWSET('…', 'host';'user';'…'), mysql('host', 'db', 'table', 'user', '…'), s3('address', 'id', '…')
        anchored(_argument, r"(?i:openrowset)\([^()]{1,200};\s?'[^']{0,80}';\s?'(?P<s>[^'\n]{3,200})'", "openrowset("),
        anchored(
            _argument,
            r"\b(?i:mysql|postgresql|mongodb)\((?:\s?'[^'\n]{0,200}',){4}\s?'(?P<s>[^'\n]{3,200})'",
            "mysql(|postgresql(|mongodb(",
        ),
        anchored(
            _argument,
            r"\b(?i:s3|gcs|s3cluster)\((?:\s?'[^'\n]{0,300}',){2}\s?'(?P<s>[^'\n]{16,200})'",
            "s3(|gcs(|s3cluster(",
        ),
        # btoa('user:…'), base64_encode("user:…")
        anchored(
            _argument_no_word,
            r"(?i:btoa|b64encode|base64_encode|base64encode|base64\.encode\w{0,12}|buffer\.from)\(\s?[bu]?\\?[\"'`]"
            r"[\w.@+-]{1,80}:(?P<s>[^\"'`\n\\]{3,200})",
            "btoa|b64encode|base64_encode|base64encode|base64.encode|buffer.from",
        ),
        # jwt.sign(payload, "…"), createHmac("sha256", "…"), new Fernet("…"), password_hash("…")
        anchored(
            _argument_no_word,
            rf"(?i:jwt\.(?:sign|verify|encode|decode)|jsonwebtoken\.(?:sign|verify))\(\s?(?:\{{[^{{}}\n]{{0,200}}\}}|{_ARGUMENT}),\s{{0,20}}{_LITERAL}",
            "jwt.sign|jwt.verify|jwt.encode|jwt.decode|jsonwebtoken.sign|jsonwebtoken.verify",
        ),
        anchored(
            _argument_no_word,
            rf"(?i:createhmac|hash_hmac|aes\.encrypt|aes\.decrypt|hmacsha\d{{1,3}})\(\s?{_ARGUMENT},\s{{0,20}}(?:\$?\w{{1,40}},\s{{0,20}})?{_LITERAL}",
            "createhmac|hash_hmac|aes.encrypt|aes.decrypt|hmacsha",
        ),
        anchored(
            _argument_no_word,
            rf"(?i:fernet|hmac\.new|aes\.new|password_hash|password_verify|generate_password_hash|check_password_hash|hash::make|"
            rf"bcrypt\.\w{{4,20}}|azurekeycredential|set_password|check_password)\(\s?{_LITERAL}",
            "fernet(|hmac.new(|aes.new(|password_hash(|password_verify(|hash::make(|bcrypt.|azurekeycredential(|set_password(|check_password(",
        ),
        anchored(
            drawn("token", least=20),
            rf"\.(?i:login|authenticate|set_token|settoken|run|start)\(\s?{_LITERAL}\s?\)",
            ".login(|.authenticate(|.set_token(|.settoken(|.run(|.start(",
        ),
        # props.put("mail.smtp.password", "…"), SetDefault("db.password", "…")
        Rule(
            _set,
            re.compile(rf"\w\(\s?\\{{0,3}}[\"'](?P<key>[A-Za-z][\w.-]{{2,80}})\\{{0,3}}[\"'],\s{{0,3}}{_LITERAL}"),
            ('", "', "', '", '","', "','"),
        ),
        # "--password", "…"
        Rule(
            judge_flag,
            re.compile(
                r"[\"']--?(?P<key>[A-Za-z][\w.-]{1,60})\\?[\"'],\s{0,3}\\?[\"'](?P<s>(?!-)[^\"'\n\\]{3,300})\\?[\"']"
            ),
            ('"-', "'-"),
        ),
        # 'Token ' + '…'
        anchored(
            _argument_no_word,
            r"(?i:bearer|token|basic|apikey|api-key|bot)\s?(?P<q>[\"'`])\s?[+.]\s?(?P=q)(?P<s>[^\"'`\s\\]{8,400})(?P=q)",
            "bearer|token|basic|apikey|api-key|bot",
            r"[\"'`]\s?[+.]\s?[\"'`]",
        ),
        # password........."…"
        Rule(
            _dotted,
            re.compile(r"(?P<key>[A-Za-z][\w-]{2,40})\.{4,80}\s?(?P<q>[\"']?)(?P<s>[^\s\"'.][^\s\"']{2,200})"),
            ("....",),
        ),
        # .setPassword("…"), withApiKey('…')
        Rule(
            _set,
            re.compile(rf"(?P<key>[A-Za-z_]\w{{2,50}})\(\s?{_LITERAL}\s?\)"),
            ('("', "('", "(`", '(\\"', '(b"', "(b'"),
        ),
        # password: Some("…"), token = SecretStr('…')
        Rule(
            _set,
            re.compile(rf"(?P<key>[\w.-]{{3,60}})[\"']?\s?(?:=>|:=|[:=])\s?(?i:{_WRAPPERS})\(\s?{_LITERAL}"),
            ('("', "('", "(`", '(\\"', '(b"', "(b'"),
        ),
        # let token: &str = "…"; apiToken string = "…"; password <- "…"
        Rule(
            _set,
            re.compile(
                r"(?P<key>[A-Za-z_]\w{2,60})(?:\??:\s?[&\w.<>\[\]| ']{1,40}?\s?:?=|\s[\w.\[\]*]{1,24}\s:?=|\s?<-)"
                rf"\s?{_LITERAL}"
            ),
            ('= "', "= '", '="', "='", '<- "', "<- '", '<-"', "<-'", "= b", "= `", "= \\"),
        ),
        # {password, "…"}, {:password, "…"}, {password,<<"…">>}
        Rule(_set, re.compile(rf"\{{:?(?P<key>[a-z]\w{{2,40}}),\s?(?:<<)?{_LITERAL}"), (',"', ', "', ",<<", ", <<")),
    )
)
"""Rules for one line, whatever it holds."""
