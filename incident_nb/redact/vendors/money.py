"""Payment, shops, banking, accounting and shipping."""

ROWS = """
Stripe, Paystack     | api_key | sk_live_ sk_test_ rk_live_ rk_test_ sk_prod_ rk_prod_ | a10+
Stripe organisation  | api_key | sk_org_live_ sk_org_test_ sk_org_              | a16+
Stripe and others    | secret  | whsec_                                         | b16+
Stripe client secret | secret  | pi_ seti_                                      | a14-40 _secret_ a14+
Razorpay             | api_key | rzp_live_ rzp_test_                            | a10+
PayMongo and alike   | api_key | sk_sandbox_ pk_sandbox_                        | a10+
Mollie               | api_key | live_ test_                                    | a28+ ?
GoCardless           | token   | live_                                          | w40 ?
Mollie access        | token   | access_                                        | a30+ ?
GoCardless sandbox   | token   | sandbox_                                       | w36+ ?
Flutterwave          | api_key | FLWSECK_TEST- FLWSECK- FLWPUBK_TEST- FLWPUBK-  | a12+
Square               | token   | sq0atp- sq0csp- sq0idp- sq0idb- sandbox-sq0    | w20+
Square, Meta         | token   | EAA                                            | w40+ ?
Braintree            | token   | access_token$production$ access_token$sandbox$ | l8-64 $ h16+
Braintree client     | token   | production_ sandbox_                           | l8 _ l16
PayPal               | token   | A21AA                                          | w40+
Adyen                | api_key | AQE                                            | b30+
Mercado Pago         | token   | APP_USR- TEST-                                 | d10+ - d6 - h32
Xendit               | api_key | xnd_production_ xnd_development_ xnd_public_   | w20+
Midtrans             | api_key | Mid-server- SB-Mid-server- Mid-client- SB-Mid-client- | w16+
Omise                | api_key | skey_test_ skey_live_ skey_ pkey_test_ pkey_live_ | l16+
Cashfree             | secret  | cfsk_ma_prod_ cfsk_ma_test_                    | w20+
Klarna               | api_key | klarna_live_api_ klarna_test_api_              | b20+
Paddle               | api_key | pdl_live_apikey_ pdl_sdbx_apikey_ pdl_ntfset_  | w20+
Polar, Lemon         | token   | polar_oat_ polar_pat_ polar_whs_ polar_        | w20+
SumUp                | api_key | sup_sk_ sup_pk_                                | a20+
Checkout.com         | api_key | sk_sbox_ pk_sbox_ ack_                         | w20+
Checkout.com, older  | api_key | sk_test_ sk_ pk_test_ pk_                      | h8 - h4 - h4 - h4 - h12
Plaid                | token   | access-sandbox- access-development- access-production- | h8 - h4 - h4 - h4 - h12
Plaid                | token   | public-sandbox- public-production-             | h8 - h4 - h4 - h4 - h12
Coinbase, Circle     | api_key | TEST_API_KEY: LIVE_API_KEY: SAND_API_KEY:      | h32 : h32
Lob                  | api_key | live_pub_ test_pub_                            | h28+
EasyPost             | api_key | EZAK EZTK                                      | a30+
Shippo               | token   | shippo_live_ shippo_test_                      | h30+
Duffel               | token   | duffel_live_ duffel_test_                      | w30+
Shopify              | token   | shpat_ shpca_ shppa_ shpss_ shpua_ shprt_ shpat- atkn_ | a16+
WooCommerce          | api_key | ck_ cs_                                        | h40
Brex, Ramp, Mercury  | token   | bxt_ ramp_id_ ramp_sec_ secret-token:mercury_  | w20+
Alchemy, Etherscan   | api_key | alch_ alcht_                                   | a24+
Stripe ephemeral     | secret  | ek_live_ ek_test_                              | w20+
"""
