"""Places, encodings and exact values: what the gate masks in them, what it leaves."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from incident_nb.redact import SAMPLE_KEY, Redactor, redact_text, redact_tree, using
from incident_nb.redact.keys import key_rule
from incident_nb.redact.known import forms, known_values, of_environment
from incident_nb.redact.rules import MASK
from incident_nb.redact.stream import Unread, redact_lines

V = "q7Zk2mX9pLw4Tn8B"  # opaque, and of no vendor's shape
P = "Tr0ub4dor&3"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJGQUtFIn0.FAKEfakeFAKEfakeFAKEfake"


@pytest.fixture(autouse=True)
def _fixed_key() -> Iterator[None]:
    with using(Redactor(SAMPLE_KEY)):
        yield


PLACES = [
    f"-H 'X-Api-Key: {V}'",
    f"tool --api-key {V} --verbose",
    f"tool --password={P}",
    f"PGPASSWORD={P} psql -h db.test",
    f"export STRIPE_SECRET='{V}'",
    f"  api_key: {V}",
    f"password = {P}",
    f'token = "{V}"',
    f"<wsse:Password Type='x'>{V}</wsse:Password>",
    f"<token><![CDATA[{V}]]></token>",
    f'<add key="ApiKey" value="{V}"/>',
    f"<entry key='password'>{V}</entry>",
    f"&lt;password&gt;{V}&lt;/password&gt;",
    f"{{'id': 7, 'password': '{P}', 'x': None}}",
    f"{{ apiKey: '{V}', x: 1 }}",
    f"headers['X-Api-Key'] = '{V}'",
    f"['Host', 'h.test', 'X-Api-Key', '{V}']",
    f"sent {json.dumps([{'name': 'X-Api-Key', 'value': V}])} twice",
    f"sent {json.dumps({'value': V, 'key': 'api_key'})} twice",
    f'--b\r\nContent-Disposition: form-data; name="api_key"\r\n\r\n{V}\r\n--b--',
    f"password: |\n  {P}\nuser: app",
    f'mutation {{ login(password: "{V}") }}',
    f"Server=db;User Id=sa;Password={V};Encrypt=true",
    f"jdbc:postgresql://db.test/x?user=app&password={V}",
    f"amqp://guest:{V}@mq.test/",
    f"redis://:{V}@cache.test:6379/0",
    f"curl -u admin:{V} https://h.test",
    f"curl -b 'sid={V}; a=b' https://h.test",
    f"mysql -u root -p{V} db",
    f"docker login -u app -p {V} registry.test",
    f"machine h.test login app password {V}",
    f'Authorization: Digest username="app", realm="x", nonce="n1", uri="/", response="{V}"',
    f'Authorization: OAuth oauth_consumer_key="{V}", oauth_signature="abc%3D"',
    f"Authorization: AWS4-HMAC-SHA256 Credential=x/20261102/us-east-1/s3/aws4_request, SignedHeaders=host, Signature={V}",
    f"https://b.s3.amazonaws.com/k?X-Amz-Expires=60&X-Amz-Security-Token={V}&X-Amz-Signature={'ab12' * 16}",
    f"https://storage.googleapis.com/b/k?X-Goog-Signature={V}",
    f"https://d1.cloudfront.net/k?Expires=1&Signature={V}__&Key-Pair-Id=K1",
    f"https://a.blob.core.windows.net/c/b?sv=2024-01-01&sig={quote(V + '/+=', safe='')}",
    f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={V * 5}==;EndpointSuffix=core.windows.net",
    f"Invalid API key provided: {V}.",
    f"password '{V}' is incorrect",
    f"Mot de passe : {V}",
    f"contraseña={P}",
    f"{{&quot;token&quot;:&quot;{V}&quot;}}",
    f"{{\\u0022token\\u0022:\\u0022{V}\\u0022}}",
    "next=" + quote(quote(f"https://h.test/?token={V}", safe=""), safe=""),
    "payload " + base64.b64encode(json.dumps({"password": V}).encode()).decode(),
    "sent " + base64.b64encode(f"app:{V}".encode()).decode(),
    json.dumps(json.dumps(json.dumps({"m": {"client_secret": V}}))),
]


@pytest.mark.parametrize("text", PLACES)
def test_a_place_gives_its_secret_away(text: str) -> None:
    clean = redact_text(text)
    assert V not in clean and P not in clean and MASK.search(clean)
    assert base64.b64encode(f"app:{V}".encode()).decode() not in clean
    assert redact_text(clean) == clean
    assert V not in json.dumps(redact_tree({"message": text}))


KEPT = [
    '{"errors": {"password": ["is too short (minimum is 8 characters)"]}}',
    "Unexpected token 'export' and Unexpected token < in JSON",
    'Secret "n8n-db-credentials" not found in namespace "prod"',
    "password = getpass.getpass()",
    "token = tokens[idx]",
    'api_key = os.environ["OPENAI_API_KEY"]',
    "password=${DB_PASSWORD} token=$TOKEN",
    '{"key": "status", "value": "active"}',
    '"required": ["password", "email", "token"]',
    "Idempotency-Key: 550e8400-e29b-41d4-a716-446655440000",
    "PWD=/home/node OLDPWD=/data",
    "https://h.test/login?next=/dashboard&error=expired_token&code=ECONNREFUSED",
    "git@github.com:n8n-io/n8n.git icon@2x.png",
    "Invalid API Key provided: sk_test_****************0000 and sk-…abcd",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "cursor: " + base64.b64encode(b'{"lastId": 7, "limit": 250}').decode(),
    "sizes 1024 2048 4096 8192, ISBN 978-3-161484-10-0, 12 345 678 rows, 010-020-030",
    "postgres://app:***@db.test/x",
]


@pytest.mark.parametrize("text", KEPT)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact_text(text) == text
    assert redact_text(f"Error 7: {text}") == f"Error 7: {text}"


CALL = {"service": "object", "method": "execute_kw", "args": ["db", 2, "Pa55w.rd!", "res.partner", "search", [[]]]}


@pytest.mark.parametrize(
    "call",
    [
        CALL,
        {"jsonrpc": "2.0", "method": "call", "params": CALL, "id": 7},
        {"service": "common", "method": "login", "args": ["db", "bob", "Pa55w.rd!"]},
        {"method": "authenticate", "args": ["db", "bob@h.test", "Pa55w.rd!", {}]},
        {"service": "db", "method": "drop", "args": ["Pa55w.rd!", "db"]},
    ],
)
def test_the_password_among_the_arguments_of_odoos_calls_is_masked(call: dict[str, object]) -> None:
    clean = redact_tree(call)
    assert "Pa55w.rd!" not in json.dumps(clean) and '"db"' in json.dumps(clean)
    for text in (json.dumps(call), json.dumps(call, indent=2), json.dumps({"body": json.dumps(call)})):
        assert "Pa55w.rd!" not in redact_text(text) and redact_text(redact_text(text)) == redact_text(text)
        assert json.loads(redact_text(text)).keys() == json.loads(text).keys()


@pytest.mark.parametrize(
    "call",
    [
        {"service": "object", "method": "execute_kw", "args": ["db", 2, "", "res.partner"]},
        {"service": "object", "args": ["db", 2, "={{ $credentials.password }}", "res.partner"]},
        {"service": "db", "method": "list", "args": []},
        {"service": "mail", "method": {"name": "send"}, "args": ["a", "b", "c-1"]},
        {"method": "log", "args": ["order", 7, "state-done"]},
        {"command": "node", "args": ["db", 2, "seed-7"]},
    ],
)
def test_arguments_of_other_calls_stay(call: dict[str, object]) -> None:
    assert redact_tree(call) == call and redact_text(json.dumps(call)) == json.dumps(call)


@pytest.mark.parametrize(
    "text",
    [
        '{"password":"Sup3rS3cret!x","password":""}',
        '{"id": 7, "login": {"password": "Sup3rS3cret!x", "password": null}}',
        f'[{{"apiKey": "{V}", "apiKey": ""}}]',
        '{"credentials": {"pass2": "Sup3rS3cret!x", "pass2": ""}}',
        'sent {"credentials": {"pass2": "Sup3rS3cret!x", "pass2": ""}} twice',
    ],
)
def test_a_name_that_stands_twice_hides_no_secret(text: str) -> None:
    clean = redact_text(text)
    assert "Sup3rS3cret!x" not in clean and V not in clean
    assert redact_text(clean) == clean
    unread = Unread()
    written = next(redact_lines([text], "jsonl", unread))
    assert "Sup3rS3cret!x" not in written and V not in written and unread.count == 1


def test_a_name_that_stands_twice_without_a_secret_stays() -> None:
    text = '{"a": 1, "a": 2, "b": {"c": "x", "c": "y"}}'
    assert redact_text(text) == text and next(redact_lines([text], "jsonl")) == text


@pytest.mark.parametrize(
    "tree",
    [
        {"mode": "cors", "credentials": "same-origin", "cache": "no-store"},
        {"mode": "cors", "credentials": "include"},
        {"credentials": {"slackApi": "My Slack account"}},
        {"nodes": [{"name": "Ask", "credentials": {"openAiApi": "OpenAI 2 (Delta)", "smtp": "Mail"}}]},
    ],
)
def test_the_names_of_credentials_stay(tree: dict[str, object]) -> None:
    assert redact_tree(tree) == tree and redact_text(json.dumps(tree)) == json.dumps(tree)


@pytest.mark.parametrize(
    "tree",
    [
        {"credentials": {"slackApi": V}},
        {"credentials": {"slackApi": "hunter2"}},
        {"credentials": {"password": "two words"}},
        {"credentials": {"httpBasicAuth": {"user": "app", "customAuth": "two words"}}},
        {"credentials": {"accessToken": "two words"}},
        {"credentials": "hunter2"},
        {"credentials": f"app:{V}"},
        {"decryptedData": "two words"},
    ],
)
def test_what_is_no_name_of_a_credential_is_masked(tree: dict[str, object]) -> None:
    clean = json.dumps(redact_tree(tree))
    assert MASK.search(clean) and not any(secret in clean for secret in (V, "hunter2", "two words"))


def test_signed_addresses_keep_host_and_path() -> None:
    clean = redact_text(f"GET https://a.blob.core.windows.net/c/b.pdf?sv=2024&sig={V}%2Fa failed")
    assert clean.startswith("GET https://a.blob.core.windows.net/c/b.pdf?sv=2024&sig=[signature:") and clean.endswith(
        " failed"
    )


@pytest.mark.parametrize(
    "key", ["db-password", "DB_PASSWORD", "dbPassword", "Passwort", "contraseña", "mot_de_passe", "senha", "密码"]
)
def test_keys_count_in_every_spelling(key: str) -> None:
    rule = key_rule(key)
    assert rule and rule[0] == "password"


PERSONAL = [
    "müller@bücher.example", "+49 (0)30 1234 567", "0049 30 1234567", "0412 345 678", "020 7946 0958", "+1-415-555-0132",
    "4242-4242-4242-4242", "3782 822463 10005", "DE89 3704 0044 0532 0130 00", "gb82west12345698765432",
]  # fmt: skip


@pytest.mark.parametrize("value", PERSONAL)
def test_personal_data_is_masked_in_its_usual_spellings(value: str) -> None:
    clean = redact_text(f"reach {value} today")
    assert value not in clean and clean.startswith("reach ") and clean.endswith(" today")
    assert redact_text(f"reach {value} today", personal=False) == f"reach {value} today"


@pytest.mark.parametrize("password", ["Pa55(word1", "Pa55[word1", "Pa(55)word1", "x((y7Kq"])
@pytest.mark.parametrize(
    "frame",
    ["password={}", "login with password={} failed", "(password={}; user=bob)", "user=bob, db_password={}, x=1"],
)
def test_a_password_may_hold_a_bracket(password: str, frame: str) -> None:
    before, after = frame.split("{}")
    clean = redact_text(frame.format(password))
    assert MASK.sub("", clean) == before + after and len(MASK.findall(clean)) == 1
    assert redact_text(clean) == clean


@pytest.mark.parametrize(
    "code",
    [
        'password = getpass.getpass("Password: ")',
        "password = os.getenv(",
        "password = crypt(salt + pw, key)",
        "password=md5(salt + pw)",
        "password = cfg['db']['pass']",
        "db_password = Some(x1)",
        "password: z.string().min(8)",
        "password: docs(section 2) says",
    ],
)
def test_an_expression_that_gives_a_password_stays(code: str) -> None:
    assert redact_text(code) == code and redact_text(f"Error 7: {code}") == f"Error 7: {code}"


def test_personal_data_stays_in_an_address_too_where_it_may() -> None:
    text = "GET https://x.test/?phone=4915112345678&token=q7Zk2mX9pLw4Tn8B failed"
    assert "4915112345678" not in redact_text(text)
    inside = redact_text(text, personal=False)
    assert inside.startswith("GET https://x.test/?phone=4915112345678&token=[token:") and inside.endswith("] failed")


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("Login credentials admin:hunter2 rejected", "Login credentials admin:[password:", "] rejected"),
        (
            "http --auth deploy:MarbleSobota88 POST https://h.test",
            "http --auth deploy:[password:",
            "] POST https://h.test",
        ),
        ("-password pass:Lampe-meadow-49 -x", "-password pass:[password:", "] -x"),
        ("X-Vault-Token: +MoXBFF/ow1G210tp3X+lnV2", "X-Vault-Token: +[token:", "]"),
        (f"Cookie: lang=de; sid={JWT}; theme=dark", "Cookie: lang=de; sid=[jwt:", "]; theme=dark"),
        (f"Cookie: sid={JWT}; XSRF=abc77def9; theme=dark", "Cookie: [cookie:", "]"),
        (f"x -----BEGIN PRIVATE KEY-----{JWT} {V * 3}-----END PRIVATE KEY----- y", "x [private_key:", "] y"),
    ],
)
def test_a_mask_is_not_masked_again_nor_cut_in_two(text: str, before: str, after: str) -> None:
    clean = redact_text(text)
    assert clean.startswith(before) and clean.endswith(after)
    assert len(MASK.findall(clean)) == 1 and MASK.sub("", clean).count("]") == text.count("]")
    assert redact_text(clean) == clean


def test_a_workspace_may_keep_personal_data_in_the_house_but_not_in_what_leaves_it() -> None:
    text = "maria@example.com"
    with using(Redactor(SAMPLE_KEY, personal=False)):
        assert redact_text(text) == text and redact_tree([text]) == [text]
        assert redact_text(text, personal=True) != text
        assert list(redact_lines([text])) != [text]


class TestKnownValues:
    def test_every_form_of_a_known_value_is_masked(self) -> None:
        secret = 'pa ss"w/rd+ü1'
        known = Redactor(b"k", known=[secret])
        assert {secret, quote(secret, safe=""), json.dumps(secret, ensure_ascii=False)[1:-1]} <= forms(secret)
        for form in forms(secret):
            clean = known.text(f"x {form} y")
            assert form not in clean and known.mask("secret", secret) in clean
        for before in ("", "a", "ab", "abc"):
            inside = base64.b64encode(f"{before}{secret}zz".encode()).decode()
            assert inside not in known.text(f"got {inside} back")
        assert known.tree({"note": [f"it is {secret}"]}) == {"note": [f"it is {known.mask('secret', secret)}"]}

    def test_the_environment_says_what_is_known(self, tmp_path: Path) -> None:
        (tmp_path / "token").write_text("in-a-file-77\n")
        (tmp_path / "list").write_text("listed-one-1\nlisted-two-2\n")
        found = of_environment(
            {
                "INCIDENT_NB_N8N_API_KEY__MAIN": "main-key-0001",
                "INCIDENT_NB_ALERT_TOKEN_FILE": str(tmp_path / "token"),
                "INCIDENT_NB_KNOWN_SECRETS_FILE": str(tmp_path / "list"),
                "DATABASE_URL": "postgres://app:db-pass-77@h/x",
                "SMTP_PASSWORD": "postgres",
                "API_TOKEN": "abc1",
                "HOME": "/home/x77",
                "PWD": "/srv/x77",
                "SSH_KEY_PATH": "/home/x77/.ssh/id_77",
            }
        )
        assert set(found) == {"main-key-0001", "in-a-file-77", "listed-one-1", "listed-two-2", "db-pass-77"}

    def test_words_hosts_and_short_values_are_not_looked_for(self) -> None:
        assert known_values(["password", "secret", "12345", "db.internal.test", "/etc/key", "my-team", "a1b2c3d"]) == (
            "a1b2c3d",
        )
