"""Models, speech, search and agents."""

ROWS = """
Anthropic            | api_key | sk-ant-                                        | w16+
OpenAI               | api_key | sk-proj- sk-svcacct- sk-admin- sk-None-        | w20+
OpenRouter           | api_key | sk-or-v1- sk-or-                               | w24+
OpenAI and alike     | api_key | sk-                                            | w18+ ?
OpenAI sessions      | token   | sess-                                          | a40+
Google AI, Maps      | api_key | AIza                                           | w30+
Google AI Studio     | api_key | AQ.Ab8                                         | w30+
Groq                 | api_key | gsk_                                           | a20+
Replicate            | api_key | r8_                                            | a20+
Hugging Face         | token   | hf_ api_org_                                   | a20+
Perplexity           | api_key | pplx-                                          | a20+
xAI                  | api_key | xai-                                           | a20+
Together             | api_key | tgp_v1_                                        | w20+
Fireworks            | api_key | fw_                                            | a20-60 ?
Cerebras             | api_key | csk-                                           | l24+ ?
SambaNova, NVIDIA    | api_key | nvapi- snova-                                  | w20+
ElevenLabs           | api_key | sk_                                            | h40+
Pinecone             | api_key | pcsk_ pckey_                                   | w20+
Voyage               | api_key | pa-                                            | w40+ ?
Jina                 | api_key | jina_                                          | w30+ ?
Nomic                | api_key | nk-                                            | w40+ ?
Tavily               | api_key | tvly-                                          | w20+
Firecrawl            | api_key | fc-                                            | h28+
LangSmith            | api_key | lsv2_pt_ lsv2_sk_                              | h32 _ h10
LangSmith, older     | api_key | lsv2_pt_ lsv2_sk_ ls__                         | h20+
Langfuse             | api_key | sk-lf- pk-lf-                                  | w30+
Helicone             | api_key | sk-helicone- pk-helicone-                      | w20+
Modal                | token   | ak- as- wk- ws-                                | a12-40 ?
E2B                  | api_key | e2b_                                           | h30+
Browserbase          | api_key | bb_live_ bb_test_                              | w20+
Apify                | api_key | apify_api_ apify_proxy_                        | a20+
Scrapfly             | api_key | scp-live- scp-test-                            | h28+
Vercel AI gateway    | api_key | vck_                                           | a24+
Weights and Biases   | api_key | local- wandb_v1_                               | w40+ ?
Mem0                 | api_key | m0-                                            | a30+
Composio             | api_key | ak_                                            | w16-40 ?
Luma                 | api_key | luma-                                          | h8 - h4 - h4 - h4 - h12
Runway, Retell       | api_key | key_                                           | h24+
HeyGen               | api_key | sk_V2_hgu_                                     | w20+
Cursor               | api_key | key_                                           | h60+
ElevenLabs, Novita   | api_key | sk_                                            | w32+ ?
Cartesia             | api_key | sk_car_                                        | a20+
Cursor               | api_key | crsr_                                          | h32+
Kaggle               | token   | KGAT_                                          | h32+
RunPod               | api_key | rpa_                                           | a30+
Devin                | api_key | apk_user_ apk_                                 | b60+ *
Devin service        | token   | cog_                                           | l40+ ?
Brave Search         | api_key | BSA                                            | w24-40 *
Context7             | api_key | ctx7sk-                                        | w30+
LlamaCloud           | api_key | llx-                                           | a30+
Braintrust           | api_key | bt-st-                                         | a30+
Logfire              | token   | pylf_v1_ pylf_v2_                              | w24+
Literal AI           | api_key | lsk_                                           | w40+ ?
PromptLayer, Traceloop | api_key | pl_ tl_                                      | h32
Humanloop, OpenPipe  | api_key | hl_sk_ opk_                                    | h40+
Anyscale             | api_key | esecret_ aph0_                                 | w24+ ?
Fluidstack           | api_key | api_                                           | h40
Prime Intellect, Daytona | api_key | pit_ dtn_                                  | h40+
Hyperbrowser         | api_key | hb_                                            | h24-40 ?
Steel                | api_key | ste-                                           | a40+
Browser Use          | api_key | bu_                                            | w36+ *
Scrapybara           | api_key | scrapy-                                        | h8 - h4 - h4 - h4 - h12
Factory              | api_key | fk-                                            | w40+ *
Warp                 | api_key | wk-1.                                          | h40+
v0                   | api_key | v1:                                            | a20-28 : a20-28 *
Sourcegraph Amp      | token   | sgamp_user_                                    | w40+
Arcade               | api_key | arc_                                           | a20+ *
Dify                 | api_key | app- dataset-                                  | a24 *
FastGPT              | api_key | fastgpt-                                       | a40+
Coze                 | token   | pat_ sat_                                      | a40+ *
Botpress             | token   | bp_pat_ bp_bak_ bp_wak_                        | w30+
Voiceflow            | api_key | VF.DM. VF.WS.                                  | h20+ . a10+
Featherless          | api_key | rc_                                            | h64
Chutes               | api_key | cpk_                                           | h32 . h32 . a32
Venice               | api_key | VENICE_INFERENCE_KEY_ VENICE_ADMIN_KEY_ VENICE-INFERENCE-KEY- VENICE-ADMIN-KEY- | w20+
Glhf, Synthetic      | api_key | glhf_ syn_                                     | h32
Parasail             | api_key | psk-                                           | a40+ *
Inference.net        | api_key | inference-                                     | h32
Friendli             | api_key | flp_                                           | a30+
Upstage              | api_key | up_                                            | a29-32 *
Clova Studio         | api_key | nv-                                            | a36-48 *
Black Forest Labs    | api_key | bfl_                                           | a30+ ?
Murf                 | api_key | ap2_                                           | h8 - h4 - h4 - h4 - h12
Granola              | api_key | grn_                                           | a30+
Chroma               | api_key | ck-                                            | a40+ *
Turbopuffer          | api_key | tpuf_                                          | a28+
Vectara              | api_key | zut_ zwt_ zqt_                                 | w28+
Mixedbread           | api_key | mxb_ emb_                                      | a30+ ?
Zep                  | api_key | z_1d                                           | s60+
MiniMax              | api_key | sk-api-                                        | w40+
AgentMail            | api_key | am_us_ am_eu_ am_                              | h40+
Databento            | api_key | db-                                            | a29 *
Salad                | api_key | salad_cloud_user_                              | a30+
Sindri               | api_key | sindri_                                        | a30+
Deepnote, Hex        | token   | hxtp_ hxtw_                                    | a30+
Gamma                | api_key | sk-gamma-                                      | w20+
Pollinations         | api_key | plln_sk_                                       | a20+
ScrapeGraph          | api_key | sgai-                                          | w30+
Supermemory          | api_key | sm_                                            | w60+ *
Relace               | api_key | rlc-                                           | w24+
"""
