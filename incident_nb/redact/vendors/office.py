"""CRM, support, documents, tasks, forms, marketing and analytics."""

ROWS = """
HubSpot              | token   | pat-na1- pat-na2- pat-eu1- pat-ap1- pat-au1-   | w8 - w4 - w4 - w4 - w8-12
HubSpot, short       | token   | pat- hapi-                                     | w4-12 - w8 - w4 - w4 - w4 - w8-12 ?
HubSpot developer    | token   | CiR                                            | b50+ ?
Salesforce           | token   | 00D                                            | a12-15 ! s60+
Salesforce more      | token   | 5Aep 3MVG9                                     | s50+
Pipedrive            | token   | v1u: v1c:                                      | b30+
Zoho                 | token   | 1000.                                          | h32 . h32
Zoho client          | api_key | 1000.                                          | u30-34 ?
Close                | api_key | api_                                           | a20-24 . a20-24
Airtable             | token   | pat                                            | a14 . h20+
Airtable OAuth       | token   | oaa                                            | a14 . v1. b40+
Airtable, older      | api_key | key                                            | a14 ?
Notion               | token   | secret_ ntn_                                   | a30+ ?
Asana                | token   | 1/ 0/                                          | d10-20 : h32
Asana, newer         | token   | 2/                                             | d10-20 / d10-20 : h32
ClickUp              | api_key | pk_                                            | d5-12 _ u20+
Trello               | token   | ATTA                                           | h60+
Linear               | api_key | lin_api_ lin_oauth_ lin_wh_                    | a24+
Miro, Mural          | token   | eyJtaXJvL                                      | b20+ ?
Canva                | secret  | cnvca                                          | w30+
Contentful           | token   | CFPAT- CTTT- CFPAT_                            | w20+
Sanity, Storyblok    | token   | sk                                             | a80-200 ?
Prismic, Hygraph     | token   | MC5                                            | s40+ ?
Typeform             | token   | tfp_                                           | s30+
Dropbox              | token   | sl.                                            | s60+
Mapbox secret        | token   | sk.eyJ tk.eyJ                                  | w20+ . w16+
Adobe                | secret  | p8e- p8-                                       | w30+
Frame.io             | token   | fio-u-                                         | w40+
HubSpot access       | token   | CNb CKb CJP CPr COr CLr                        | w40+ ?
Shortcut             | token   | sct_rw_ sct_ro_                                | w30+
Figma                | token   | figd_ figdr_ figou_ figoh_ figor_ figoa_       | w20+
Webflow              | token   | ws-                                            | h60+
Tally                | api_key | tly-                                           | a20+
Freepik              | api_key | FPSX                                           | h32
Mapillary            | token   | MLY|                                           | d15-18 | h32
ArcGIS               | api_key | AAPK AAPT AAST AATK                            | b60+ *
LocationIQ           | token   | pk.                                            | h32
OpenRouteService     | api_key | 5b3ce3597851110001cf6248                       | h20+
Bannerbear           | api_key | bb_pr_ bb_ma_                                  | h24+
Placid               | token   | placid-                                        | a8+ - a8+
Dub                  | api_key | dub_                                           | a20+ *
ConvertAPI           | token   | token_                                         | a16-32 *
Plane                | api_key | plane_api_                                     | h32+
Teamwork             | token   | tkn.v1_                                        | b40+
Plain                | api_key | plainApiKey_                                   | w30+
LiveChat             | token   | dal: fra-a:                                    | w25+ *
Formbricks           | api_key | fbk_                                           | w30+ *
SavvyCal             | token   | pt_secret_                                     | h20+
Builder.io           | api_key | bpk-                                           | h32
Contentstack         | token   | cs                                             | h40
Missive              | token   | missive_pat-                                   | w30+
Canadian Notify      | api_key | gcntfy-                                        | w70+
Ubidots              | token   | BBFF- BBUS-                                    | a28+
Riot                 | api_key | RGAPI-                                         | h8 - h4 - h4 - h4 - h12
Modrinth             | token   | mrp_ mra_                                      | a50+
Thunderstore         | token   | tss_                                           | a30+ ?
Cronofy              | token   | CRN_                                           | w30+ *
"""
