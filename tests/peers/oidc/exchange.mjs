// Token exchange (RFC 8693) as a grant of the authorization server, which has none of its own.
import { errors } from "oidc-provider";

export const GRANT = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
const SEVERAL = ["resource", "audience"];
const FIELDS = [
  ...["subject_token", "subject_token_type", "actor_token", "actor_token_type"],
  ...["requested_token_type", "scope", ...SEVERAL],
];

// What a token says beside the usual, asked for when it is kept.
const said = new WeakMap();

export const claimsOf = (token) => said.get(token);

const list = (value) => (value === undefined ? [] : [value].flat());

export function addExchange(provider) {
  const find = async (models, token, type) => {
    if (type !== ACCESS_TOKEN) throw new errors.InvalidRequest("only access tokens are exchanged");
    for (const model of models) {
      const found = await provider[model].find(token);
      if (found) return found;
    }
    throw new errors.InvalidGrant("no such token");
  };
  const handle = async (context) => {
    const { client, params } = context.oidc;
    const { AccessToken } = provider;
    const wanted = params.requested_token_type ?? ACCESS_TOKEN;
    if (wanted !== ACCESS_TOKEN) throw new errors.InvalidRequest("only access tokens are issued");
    const subject = await find(["AccessToken"], params.subject_token, params.subject_token_type);
    const had = subject.scope.split(" ");
    const scope = params.scope?.split(" ") ?? had;
    if (!scope.every((one) => had.includes(one))) throw new errors.InvalidScope("more than it had", params.scope);
    const extra = { resources: list(params.resource), audiences: list(params.audience) };
    if (params.actor_token) {
      const models = ["ClientCredentials", "AccessToken"];
      const actor = await find(models, params.actor_token, params.actor_token_type);
      extra.act = { sub: actor.accountId ?? actor.clientId };
    }
    const { accountId } = subject;
    // That of the subject is for the client that it was issued to.
    const grant = new provider.Grant({ accountId, clientId: client.clientId });
    grant.addOIDCScope(scope.join(" "));
    const grantId = await grant.save();
    const token = new AccessToken({ client, accountId, grantId, scope: scope.join(" "), gty: "exchange" });
    said.set(token, extra);
    context.oidc.entity("AccessToken", token);
    context.body = {
      access_token: await token.save(),
      issued_token_type: ACCESS_TOKEN,
      token_type: token.tokenType,
      expires_in: token.expiration,
      scope: token.scope,
    };
  };
  provider.registerGrantType(GRANT, handle, FIELDS, SEVERAL);
}
