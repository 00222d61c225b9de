"""Payment, shops, banking, accounting and shipping."""

ROWS = """
Stripe, Paystack     | api_key | sk_live_ sk_test_ rk_live_ rk_test_ sk_prod_ rk_prod_ | w10+
Stripe organisation  | api_key | sk_org_live_ sk_org_test_ sk_org_              | a16+
Stripe and others    | secret  | whsec_                                         | b16+
Stripe client secret | secret  | pi_ seti_                                      | a14-40 _secret_ a14+
Stripe checkout      | secret  | cs_test_ cs_live_                              | a14-90 _secret_ w14+
Razorpay             | api_key | rzp_live_ rzp_test_                            | a10+
PayMongo and alike   | api_key | sk_sandbox_ pk_sandbox_                        | a10+
Mollie               | api_key | live_ test_                                    | a28+ ?
GoCardless           | token   | live_                                          | w40 ?
Mollie access        | token   | access_                                        | a30+ ?
GoCardless sandbox   | token   | sandbox_                                       | w36+ ?
Flutterwave          | api_key | FLWSECK_TEST- FLWSECK-                         | a12+
Square               | token   | sq0atp- sq0csp- sq0idp- sq0idb- sandbox-sq0    | w20+
Square, Meta         | token   | EAA                                            | w40+ ?
Braintree            | token   | access_token$production$ access_token$sandbox$ | l8-64 $ h16+
PayPal               | token   | A21AA                                          | w40+
Adyen                | api_key | AQE                                            | b30+
Mercado Pago         | token   | APP_USR- TEST-                                 | d10+ - d6 - h32
Xendit               | api_key | xnd_production_ xnd_development_               | w20+
Midtrans             | api_key | Mid-server- SB-Mid-server-                     | w16+
Omise                | api_key | skey_test_ skey_live_ skey_                    | l16+
Cashfree             | secret  | cfsk_ma_prod_ cfsk_ma_test_                    | w20+
Klarna               | api_key | klarna_live_api_ klarna_test_api_              | b20+
Paddle               | api_key | pdl_live_apikey_ pdl_sdbx_apikey_ pdl_ntfset_  | w20+
Polar, Lemon         | token   | polar_oat_ polar_pat_ polar_whs_ polar_        | w20+
SumUp                | api_key | sup_sk_                                        | a20+
Checkout.com         | api_key | sk_sbox_ ack_                                  | w20+
Checkout.com, older  | api_key | sk_test_ sk_                                   | h8 - h4 - h4 - h4 - h12
Plaid                | token   | access-sandbox- access-development- access-production- | h8 - h4 - h4 - h4 - h12
Plaid                | token   | public-sandbox- public-production-             | h8 - h4 - h4 - h4 - h12
Coinbase, Circle     | api_key | TEST_API_KEY: LIVE_API_KEY: SAND_API_KEY:      | h32 : h32
EasyPost             | api_key | EZAK EZTK                                      | a30+
Shippo               | token   | shippo_live_ shippo_test_                      | h30+
Duffel               | token   | duffel_live_ duffel_test_                      | w30+
Shopify              | token   | shpat_ shpca_ shppa_ shpss_ shpua_ shprt_ shpat- atkn_ | a16+
WooCommerce          | api_key | ck_ cs_                                        | h40
Brex, Ramp, Mercury  | token   | bxt_ ramp_id_ ramp_sec_ secret-token:mercury_  | w20+
Alchemy, Etherscan   | api_key | alch_ alcht_                                   | a24+
Stripe ephemeral     | secret  | ek_live_ ek_test_                              | w20+
eBay                 | secret  | PRD- SBX-                                      | h12 - h4 - h4 - h4 - h4
Asaas                | api_key | $aact_prod_ $aact_hmlg_ $aact_                 | b40+
Revolut              | token   | oa_prod_ oa_sand_                              | w36+
Onfido               | token   | api_live. api_sandbox.                         | w11 . w20+
Onfido, elsewhere    | token   | api_live_us. api_sandbox_us. api_live_ca. api_sandbox_ca. | w11 . w20+
Persona              | api_key | persona_production_ persona_sandbox_           | w30+
Sumsub               | token   | prd: sbx:                                      | a24 . a32
Conekta              | api_key | key_                                           | a22-24 *
MessageBird          | api_key | live_                                          | a25-27 *
ShipEngine           | api_key | TEST_                                          | w43 *
Snipcart             | api_key | ST_ S_                                         | b60+ *
Ship24               | api_key | apik_                                          | a20-40 *
AfterShip            | api_key | asat_                                          | h32
Easyship             | api_key | prod_ sand_                                    | b44-48 *
Lightspeed           | token   | lsxs_pt_                                       | a20+
Shopify SCIM         | token   | shpscim_                                       | a20+
Wompi                | api_key | prv_prod_ prv_test_ prv_stagtest_              | a20+
IEX Cloud            | api_key | Tsk_                                           | h32
BitGo                | token   | v2x                                            | h64
Tatum                | api_key | t-                                             | h24 - h24
CoinGecko            | api_key | CG-                                            | a24 *
Blockfrost           | api_key | mainnet preprod preview                        | a32 *
QuickNode            | api_key | QN_                                            | h32
Modern Treasury      | api_key | live- test-                                    | w40-50 *
Creem, Autumn        | api_key | creem_ am_sk_live_ am_sk_test_                 | a20+
Samsara              | token   | samsara_api_                                   | a20+
Personio             | api_key | papi-                                          | h8 - h4 - h4 - h4 - h12
Stripe Connect OAuth | token   | ac_                                            | a30+ *
"""
