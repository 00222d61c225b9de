"""Keys that their vendors call public: they stand in every page and app that uses them, and say which project it was.

These are let be, where a shorter prefix or a shape would take them for secrets. What is called public but opens something
by itself, as a publish key of PubNub, and what is half of a pair, as Langfuse's, is not here.
"""

ROWS = """
Stripe, Clerk, Paystack | - | pk_live_ pk_test_                             | b10+
Stripe checkout      | -       | cs_test_ cs_live_                           | a20+
Checkout.com         | -       | pk_sbox_                                    | w20+
Checkout.com, older  | -       | pk_                                         | h8 - h4 - h4 - h4 - h12
PostHog project      | -       | phc_                                        | a20+
Mapbox public        | -       | pk.eyJ                                      | w20+ . w16+
Supabase publishable | -       | sb_publishable_                             | w16+
LaunchDarkly mobile  | -       | mob-                                        | h8 - h4 - h4 - h4 - h12
New Relic browser    | -       | NRJS- NRBR-                                 | h16+
Flutterwave          | -       | FLWPUBK_TEST- FLWPUBK-                      | a12+
Omise                | -       | pkey_test_ pkey_live_                       | l16+
SumUp                | -       | sup_pk_                                     | a20+
Midtrans             | -       | Mid-client- SB-Mid-client-                  | w16+
Xendit               | -       | xnd_public_                                 | w20+
Lob                  | -       | live_pub_ test_pub_                         | h28+
Mailgun validation   | -       | pubkey-                                     | h32
Braintree client     | -       | production_ sandbox_                        | l8 _ l16
DevCycle client      | -       | dvc_client_                                 | w20+
Radar                | -       | prj_live_pk_ prj_test_pk_                   | h30+
Wompi                | -       | pub_prod_ pub_test_                         | a20+
Stytch               | -       | public-token-live- public-token-test-       | w30+
"""
