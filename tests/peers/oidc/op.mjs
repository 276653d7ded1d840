// A real authorization server (oidc-provider), with a control plane for tests at /__ctl/.
// Environment: PORT (0: any), APP, AT_TTL, RT_TTL, PAR_REQUIRED, DPOP_NONCE, MTLS. Prints READY, its
// issuer and, as a JWK, the private key of the client svc-pkjwt.
// With MTLS, a JSON {cert, key, ca, selfSigned} of PEM texts, it listens with TLS too and asks clients
// for certificates there: of `ca` for svc-tls, `selfSigned` for svc-self.
import crypto from "node:crypto";
import http from "node:http";
import https from "node:https";
import { exportJWK, generateKeyPair } from "jose";
import * as oidc from "oidc-provider";
import { clients } from "./clients.mjs";
import { control, intercept } from "./control.mjs";
import { addExchange, claimsOf } from "./exchange.mjs";
import { Store } from "./store.mjs";
import { record } from "./wire.mjs";

const env = (name, other) => process.env[name] ?? other;
const APP = env("APP", "http://127.0.0.1:4999");
const MTLS = JSON.parse(env("MTLS", "null"));
const [AT_TTL, RT_TTL] = [Number(env("AT_TTL", 60)), Number(env("RT_TTL", 86400))];

async function key(alg, kid) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg, use: "sig" };
}

let keys = await Promise.all([
  key("RS256", "rs-1"),
  key("ES256", "es-1"),
  key("EdDSA", "ed-1"),
  key("PS256", "ps-1"),
]);
const service = await key("ES256", "svc-1");
const { d: _private, ...servicePublic } = service;

const cookieKeys = [crypto.randomBytes(16).toString("hex")];
const nonceSecret = crypto.randomBytes(32);
let secure;

function mutualTls() {
  const paths = { token: "/token", introspection: "/token/introspection", userinfo: "/me" };
  const aliases = Object.entries(paths).map(([name, path]) => [`${name}_endpoint`, secure + path]);
  const certificate = (context) => context.socket.getPeerX509Certificate?.();
  return {
    discovery: { mtls_endpoint_aliases: Object.fromEntries(aliases) },
    methods: ["tls_client_auth", "self_signed_tls_client_auth"],
    feature: {
      enabled: true,
      certificateBoundAccessTokens: true,
      selfSignedTlsClientAuth: true,
      tlsClientAuth: true,
      getCertificate: (context) => certificate(context)?.toString(),
      certificateAuthorized: (context) => context.socket.authorized,
      certificateSubjectMatches: (context, property, expected) =>
        property === "tls_client_auth_subject_dn" && certificate(context).subject === expected,
    },
  };
}

function configuration() {
  const mutual = MTLS && mutualTls();
  return {
    adapter: Store,
    clients: clients(APP, servicePublic, MTLS?.selfSigned),
    discovery: mutual?.discovery ?? {},
    jwks: { keys },
    cookies: { keys: cookieKeys },
    findAccount: async (_context, sub) => ({
      accountId: sub,
      claims: async () => ({
        sub,
        email: `${sub}@example.test`,
        email_verified: true,
        name: `User ${sub}`,
        preferred_username: sub,
      }),
    }),
    claims: { email: ["email", "email_verified"], profile: ["name", "preferred_username"] },
    extraTokenClaims: async (_context, token) => claimsOf(token),
    scopes: ["openid", "offline_access", "api:read", "api:write"],
    clientAuthMethods: [
      "none",
      "client_secret_basic",
      "client_secret_post",
      "client_secret_jwt",
      "private_key_jwt",
      ...(mutual?.methods ?? []),
    ],
    enabledJWA: {
      idTokenSigningAlgValues: ["RS256", "PS256", "ES256", "EdDSA"],
      userinfoSigningAlgValues: ["RS256"],
    },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: async (_context, client, code) =>
      client.grantTypeAllowed("refresh_token") &&
      (code.scopes.has("offline_access") || client.applicationType === "native"),
    responseTypes: ["code"],
    // Its own dispatcher calls nobody on the loopback, where the application is.
    fetch: (url, { dispatcher: _refusing, ...options }) => globalThis.fetch(url, options),
    features: {
      devInteractions: { enabled: true },
      ...(mutual && { mTLS: mutual.feature }),
      deviceFlow: { enabled: true },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: async () => true },
      revocation: { enabled: true },
      registration: { enabled: true, initialAccessToken: false },
      registrationManagement: { enabled: true, rotateRegistrationAccessToken: true },
      rpInitiatedLogout: { enabled: true },
      backchannelLogout: { enabled: true },
      jwtUserinfo: { enabled: true },
      pushedAuthorizationRequests: {
        enabled: true,
        requirePushedAuthorizationRequests: env("PAR_REQUIRED", "0") === "1",
      },
      dPoP: { enabled: true, nonceSecret, requireNonce: () => env("DPOP_NONCE", "0") === "1" },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, resource) => ({
          scope: "api:read api:write",
          audience: resource,
          accessTokenTTL: AT_TTL,
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
    ttl: {
      AccessToken: AT_TTL,
      AuthorizationCode: 60,
      ClientCredentials: AT_TTL,
      RefreshToken: RT_TTL,
      DeviceCode: 600,
      IdToken: 3600,
      Grant: 86400,
      Interaction: 3600,
      Session: 86400,
    },
  };
}

let issuer;
let serve;
let generation = 1;
const build = () => {
  const provider = new oidc.Provider(issuer, configuration());
  addExchange(provider);
  serve = provider.callback();
};

const ring = {
  all: () => keys,
  async rotate(drops) {
    generation += 1;
    const next = await key("RS256", `rs-${generation}`);
    keys = [next, ...keys.filter((one) => !(drops && one.alg === "RS256"))];
    build();
    return { kid: next.kid, kids: keys.map((one) => one.kid) };
  },
};

async function answer(request, response) {
  record(request, response);
  const url = new URL(request.url, issuer);
  if (!url.pathname.startsWith("/__ctl/")) {
    const path = (request.socket.encrypted ? "mtls:" : "") + url.pathname;
    const isDone = await intercept(path, request, response, (...both) => serve(...both));
    if (!isDone) serve(request, response);
    return;
  }
  let text = "";
  for await (const piece of request) text += piece;
  let said;
  try {
    said = await control(url.pathname.slice("/__ctl/".length), url.searchParams, text, ring);
    response.statusCode = said ? 200 : 404;
  } catch (error) {
    response.statusCode = 500;
    said = { error: String(error) };
  }
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(said ?? {}));
}

const listen = (server, port) =>
  new Promise((done) => server.listen(port, "127.0.0.1", () => done(server.address().port)));

if (MTLS) {
  const { cert, key: pem, ca } = MTLS;
  const asking = { cert, key: pem, ca, requestCert: true, rejectUnauthorized: false };
  secure = `https://127.0.0.1:${await listen(https.createServer(asking, answer), 0)}`;
}
const plain = http.createServer(answer);
issuer = `http://127.0.0.1:${await listen(plain, Number(env("PORT", 0)))}`;
build();
console.log("READY", issuer, JSON.stringify(service));
// The test ends with its pipe.
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
