"""Addresses that whoever knows them may use, and addresses that only look alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from incident_nb.redact import SAMPLE_KEY, Redactor, redact_text, using
from incident_nb.redact.rules import MASK

H = "1f0e22d4ae56ad7675dbd9956e246a39"
U = "1f0e22d4-ae56-4d76-b5db-d9956e246a39"
W = "78QdIi0B5Dz7mf7HYXCeG90y2gg0RuARtPqQH3i00_Ux"


@pytest.fixture(autouse=True)
def _fixed_key() -> Iterator[None]:
    with using(Redactor(SAMPLE_KEY)):
        yield


SECRET = (
    ("https://chat.test/hooks/{}", "5sen7i5372jrsokjw46w20l7j9"),
    ("https://chat.test/hooks/{}", f"87QJENM34jySIDyYZ/{W}"),
    ("https://ha.test/api/webhook/{}", W),
    ("https://acme.tines.test/webhook/{}", f"{H}/{H}"),
    ("https://status.test/api/push/{}?status=up", "NJnB8pb7s2"),
    ("https://http-intake.logs.test/v1/input/{}", H),
    ("https://acme.bitrix24.test/rest/1/{}/crm.lead.list.json", "spm2diay4rsaj1rf"),
    ("https://oncall.test/oncall/integrations/v1/webhook/{}/", "ZYxdiaZw7PbzCcx2t4LzA9Nhm"),
    ("https://{}.m.pipedream.net", "eo9nvzcaq6plv5j"),
    ("https://calendar.google.test/calendar/ical/a/private-{}/basic.ics", H),
    ("https://outlook.test/owa/calendar/x@acme.test/{}/calendar.ics", H + "123456"),
    ("https://res.cloudinary.test/demo/image/authenticated/s--{}--/a.jpg", "roKLfX4b"),
    ("https://cloud.test/s/{}", "SMgpRzXBjhzSy2J"),
    ("https://s.test/live.m3u8?hdnts=st=1731115488~exp=1763970850~acl=/*~hmac={}", H * 2),
    ("https://app.test/reset-password/{}", W),
    ("https://app.test/invite/{}", W),
    ("https://b.obs.test/c.bin?AccessKeyId={}&Expires=1", "RJRDSYLUSJAPGRUCDHFS"),
    ("https://b.oss.test/c?OSSAccessKeyId={}&Expires=1", "TMP.3KeQ7x9bVn2Ld8sR5t"),
    ("https://b.oss.test/c?x-oss-credential={}", "LTAI5tQ7x9bVn2Ld%2F20260901"),
    ("https://cdn.test/a.png?ex=66a1b2c3&is=66a05143&hm={}", H * 2),
    ("https://hc-ping.com/{}/slug", "lUY8OqnCZBwygoINXv6YXK"),
    ("https://connect.pabbly.com/workflow/sendwebhookdata/{}", W),
    ("https://eth-mainnet.g.alchemy.com/v2/{}", W[:32]),
    ("Set-Cookie: lang=de; sid={}; Path=/", H),
)


@pytest.mark.parametrize(("address", "secret"), SECRET)
def test_what_is_secret_in_an_address_is_masked(address: str, secret: str) -> None:
    for frame in ("{}", "POST {} -> 400", '{{"url": "{}"}}'):
        clean = redact_text(frame.format(address.format(secret)))
        assert secret not in clean and MASK.search(clean), clean
        assert redact_text(clean) == clean


@pytest.mark.parametrize(
    "address",
    [
        f"https://n8n.test/webhook/{U}",
        f"https://n8n.test/webhook-test/{U}/chat",
        f"https://x.test/api/webhook/{U}",
        "https://x.test/api/webhook/incoming-orders-of-the-shop",
        "https://x.test/hooks/useDatatable",
        "https://x.test/api/push/notifications",
        "https://x.test/rest/1/issue/OPS-123",
        "https://x.test/reset-password/confirm",
        "https://x.test/unsubscribe/newsletter-weekly-german-edition",
        "https://x.test/s/summer-sale-2026",
        "https://x.test/img?w=1200&h=630",
        "mysql -u root -p shop < dump.sql",
    ],
)
def test_addresses_that_are_no_secrets_stay(address: str) -> None:
    assert redact_text(address, personal=False) == address
