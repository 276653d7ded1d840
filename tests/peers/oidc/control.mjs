// What tests do to the server: count, break, rotate keys, sign anything, drive a browser.
import crypto from "node:crypto";
import { Browser } from "./browser.mjs";

const hits = {};
const faults = [];
const browsers = new Map();

export async function control(path, query, text, keys) {
  const body = text ? JSON.parse(text) : {};
  switch (path) {
    case "stats":
      return hits;
    case "reset":
      for (const name of Object.keys(hits)) delete hits[name];
      faults.length = 0;
      return {};
    // {path, count, status, body, headers, delayMs, holdMs, dropAfter}
    case "fault":
      faults.push(body);
      return {};
    case "rotate":
      return keys.rotate(query.get("drop") === "1");
    case "mint":
      return { jwt: mint(body, keys.all()) };
    // {url, stopAt, login, abort, browser}: with a name a browser keeps its cookies.
    case "browse": {
      const browser = browsers.get(body.browser) ?? new Browser();
      if (body.browser) browsers.set(body.browser, browser);
      return browser.visit(body.url, body);
    }
  }
}

// Counts a request and answers it as a fault says; false if the server is to answer it.
export async function intercept(path, request, response, serve) {
  hits[path] = (hits[path] ?? 0) + 1;
  const at = faults.findIndex((fault) => fault.path === path && fault.count > 0);
  if (at < 0) return false;
  const fault = faults[at];
  if (--fault.count === 0) faults.splice(at, 1);
  if (fault.delayMs) await new Promise((done) => setTimeout(done, fault.delayMs));
  if (fault.dropAfter) {
    // Executed, and the answer lost.
    response.write = () => true;
    response.writeHead = () => response;
    response.end = () => {
      request.socket.destroy();
      return response;
    };
    serve(request, response);
    return true;
  }
  if (fault.holdMs) {
    // Executed now, answered late.
    const end = response.end.bind(response);
    response.end = (...rest) => {
      setTimeout(() => end(...rest), fault.holdMs);
      return response;
    };
    serve(request, response);
    return true;
  }
  if (!fault.status) return false;
  const text = fault.body ?? { error: "temporarily_unavailable" };
  response.writeHead(fault.status, { "content-type": "application/json", ...fault.headers });
  response.end(typeof text === "string" ? text : JSON.stringify(text));
  return true;
}

// Signs with a key of the server: {kid, header, payload, mode: none | hs256 | badsig | nokid, secret}.
function mint({ kid, header, payload, mode, secret }, keys) {
  const key = keys.find((one) => one.kid === kid) ?? keys[0];
  const encode = (object) => Buffer.from(JSON.stringify(object)).toString("base64url");
  const alg = mode === "none" ? "none" : mode === "hs256" ? "HS256" : key.alg;
  const named = mode === "nokid" || mode === "none" ? {} : { kid: key.kid };
  const signed = `${encode({ alg, ...named, ...header })}.${encode(payload)}`;
  if (mode === "none") return `${signed}.`;
  if (mode === "hs256") {
    const mac = crypto.createHmac("sha256", secret).update(signed).digest("base64url");
    return `${signed}.${mac}`;
  }
  const other = () =>
    key.kty === "RSA"
      ? crypto.generateKeyPairSync("rsa", { modulusLength: 2048 })
      : crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signer =
    mode === "badsig" ? other().privateKey : crypto.createPrivateKey({ key, format: "jwk" });
  const hash = alg === "EdDSA" ? null : "sha256";
  const options = { key: signer };
  if (alg.startsWith("E") && alg !== "EdDSA") options.dsaEncoding = "ieee-p1363";
  if (alg.startsWith("P")) {
    options.padding = crypto.constants.RSA_PKCS1_PSS_PADDING;
    options.saltLength = 32;
  }
  const signature = crypto.sign(hash, Buffer.from(signed), options);
  return `${signed}.${signature.toString("base64url")}`;
}
