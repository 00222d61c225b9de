"""Secrets whose name stands elsewhere than right before them, and what looks like a secret and is none."""

from __future__ import annotations

import json

import pytest

from incident_nb.redact.gate import Redactor

GATE = Redactor(b"0" * 32)
S = "Kq7-Zw9Xv4nR8sTd"

FOUND = [
    f"env:\n  - name: API_TOKEN\n    value: {S}",
    f"<member><name>password</name><value><string>{S}</string></value></member>",
    f"insert into users (id, name, password, age) values (1, 'a, b', '{S}', 4)",
    f"db.example.test:5432:orders:etl:{S}",
    f"requests.get(url, auth=('orders', '{S}'))",
    f"={{{{ $json.token || '{S}' }}}}",
    f"new account, pw: {S}",
    f"Authentication key {S.replace('-', '')} is not valid",
    *(
        json.dumps({key: S})
        for key in ("one_time_token", "password_confirmation", "verificationToken", "service_role_key")
    ),
    json.dumps({"apiKeys": [S]}),
    json.dumps({"type": "httpHeaderAuth", "data": {"name": "X-Odd", "value": S}}),
    json.dumps({"type": "httpQueryAuth", "data": {"name": "key", "value": S}}),
    json.dumps({"name": "field", "type": "password", "value": S}),
    json.dumps({"query": {"key": S, "page": 1}}),
]

KEPT = [
    json.dumps({"name": "Authorization", "value": "=Bearer {{ $json.access_token }}"}),
    'export API_KEY="$(cat /run/secrets/key)"',
    "const token = $env.ORDERS_TOKEN;",
    "const token = $input.first().json.token;",
    'password = getpass.getpass("Password: ")',
    'curl -H "Authorization: Bearer <YOUR_TOKEN>" https://api.example.test/v1/me',
    json.dumps({"next_cursor": "dXNlcjpVMEc5V0ZYTlo="}),
    "s3://files/part-00000-22b5a971-91cb-489d-9032-672263bd8f2f.parquet",
    "postgres://app_user@db1.example.test:5432/orders",
    "pk_live_UmJ8I31SokHSMRIhgm8KAld5",
    json.dumps({"sid": "SM96dce0c2ecff8878429c8c79d689185a"}),
    "src/app.py:1200:orders:etl:E501x9",
    "app.py:1200:orders:etl:Kq7-Zw9Xv4",
    "insert into users (id, name) values (1, 'Kq7-Zw9Xv4nR8sTd')",
]


@pytest.mark.parametrize("text", FOUND)
def test_a_neighbour_gives_its_secret_away(text: str) -> None:
    masked = GATE.text(text)
    assert S.replace("-", "") not in masked.replace("-", "")
    assert GATE.text(masked) == masked


@pytest.mark.parametrize("text", KEPT)
def test_templates_cursors_and_public_ids_stay(text: str) -> None:
    assert GATE.text(text) == text
    assert GATE.text(f"Error 7: {text}") == f"Error 7: {text}"
