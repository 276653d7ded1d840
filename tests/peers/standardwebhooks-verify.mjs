// Verifies deliveries with the official package:
// {secret, deliveries: [{headers: {name: value}, body}]} -> ["accepted" or why not].
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.env.INTEGRATION_PEERS_NODE}/`);
const { Webhook } = require("standardwebhooks");

const { secret, deliveries } = JSON.parse(readFileSync(0, "utf8"));
const webhook = new Webhook(secret);
const verdict = ({ headers, body }) => {
  try {
    webhook.verify(body, headers);
    return "accepted";
  } catch (error) {
    return String(error);
  }
};
console.log(JSON.stringify(deliveries.map(verdict)));
