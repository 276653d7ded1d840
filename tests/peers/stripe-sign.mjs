// Signs payloads as Stripe's own package does: {secret, payloads: [text]} -> [header].
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.env.INTEGRATION_PEERS_NODE}/`);
const stripe = new (require("stripe"))("unused: nothing is called");

const { secret, payloads } = JSON.parse(readFileSync(0, "utf8"));
const sign = (payload) => stripe.webhooks.generateTestHeaderString({ payload, secret });
console.log(JSON.stringify(payloads.map(sign)));
