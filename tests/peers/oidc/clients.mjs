import { X509Certificate } from "node:crypto";
import { GRANT as EXCHANGE } from "./exchange.mjs";

// The clients that the authorization server knows. `app` is where the application under test listens,
// `certificate` that of the client that is known by it alone, if there is one.
export function clients(app, keyOfService, certificate) {
  const logins = {
    response_types: ["code"],
    grant_types: ["authorization_code", "refresh_token"],
    redirect_uris: [`${app}/cb`, `${app.replace("127.0.0.1", "localhost")}/cb`],
  };
  const machine = { redirect_uris: [], response_types: [], grant_types: ["client_credentials"] };
  const device = "urn:ietf:params:oauth:grant-type:device_code";
  return [
    {
      client_id: "web",
      // Catches who does not encode it as in a form.
      client_secret: "web-secret:with/odd+chars%&",
      token_endpoint_auth_method: "client_secret_basic",
      post_logout_redirect_uris: [`${app}/bye`],
      backchannel_logout_uri: `${app}/bclo`,
      backchannel_logout_session_required: true,
      ...logins,
    },
    { client_id: "web-post", client_secret: "post-secret", token_endpoint_auth_method: "client_secret_post", ...logins },
    { client_id: "web-es", client_secret: "es-secret", id_token_signed_response_alg: "ES256", ...logins },
    { client_id: "web-ed", client_secret: "ed-secret", id_token_signed_response_alg: "EdDSA", ...logins },
    { client_id: "web-ps", client_secret: "ps-secret", id_token_signed_response_alg: "PS256", ...logins },
    { client_id: "web-signed", client_secret: "signed-secret", userinfo_signed_response_alg: "RS256", ...logins },
    { client_id: "web-par", client_secret: "par-secret", require_pushed_authorization_requests: true, ...logins },
    { client_id: "web-dpop", client_secret: "dpop-secret", dpop_bound_access_tokens: true, ...logins },
    {
      client_id: "cli",
      application_type: "native",
      token_endpoint_auth_method: "none",
      response_types: ["code"],
      grant_types: ["authorization_code", "refresh_token", device],
      redirect_uris: ["http://127.0.0.1/cb", "http://[::1]/cb"],
    },
    { client_id: "svc", client_secret: "svc-secret", ...machine },
    {
      client_id: "svc-pkjwt",
      token_endpoint_auth_method: "private_key_jwt",
      token_endpoint_auth_signing_alg: "ES256",
      jwks: { keys: [keyOfService] },
      ...machine,
    },
    {
      client_id: "svc-csjwt",
      client_secret: "a-client-secret-jwt-secret-of-32-bytes!",
      token_endpoint_auth_method: "client_secret_jwt",
      ...machine,
    },
    { client_id: "svc-exchange", client_secret: "exchange-secret", ...machine, grant_types: [EXCHANGE] },
    ...(certificate ? withCertificates(certificate, machine) : []),
    // A resource server, which introspects.
    { client_id: "api", client_secret: "api-secret", redirect_uris: [], response_types: [], grant_types: [] },
  ];
}

function withCertificates(pem, machine) {
  const { publicKey, raw } = new X509Certificate(pem);
  const known = { ...publicKey.export({ format: "jwk" }), x5c: [raw.toString("base64")] };
  const bound = { ...machine, tls_client_certificate_bound_access_tokens: true };
  return [
    {
      client_id: "svc-tls",
      token_endpoint_auth_method: "tls_client_auth",
      tls_client_auth_subject_dn: "CN=svc-tls",
      ...bound,
    },
    {
      client_id: "svc-self",
      token_endpoint_auth_method: "self_signed_tls_client_auth",
      jwks: { keys: [known] },
      ...bound,
    },
  ];
}
