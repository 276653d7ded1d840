// Calls a stand-in for Stripe with Stripe's own package: {port} -> what it was answered.
import { createRequire } from "node:module";
import { readFileSync, writeSync } from "node:fs";

const require = createRequire(`${process.env.INTEGRATION_PEERS_NODE}/`);
const { port } = JSON.parse(readFileSync(0, "utf8"));
const stripe = new (require("stripe"))("sk_test_1", {
  host: "127.0.0.1", port, protocol: "http", maxNetworkRetries: 2, telemetry: false,
});
const refused = async (call) => {
  try {
    await call;
    return null;
  } catch (e) {
    return { type: e.type, code: e.code, decline_code: e.decline_code, status: e.statusCode, request: !!e.requestId };
  }
};
const pay = (method, more = {}, options = {}) => stripe.paymentIntents.create(
  { amount: 1200, currency: "eur", payment_method: method, confirm: true, ...more }, options,
);

const customer = await stripe.customers.create({ email: "jenny@example.com", metadata: { order: "7" } });
for (let n = 0; n < 4; n += 1) await stripe.customers.create({ name: `${n}` });
const listed = await stripe.customers.list({ limit: 2 }).autoPagingToArray({ limit: 100 });
const card = await stripe.paymentMethods.create({ type: "card", card: { number: "4242424242424242", exp_month: 12, exp_year: 2099 } });
await stripe.paymentMethods.attach(card.id, { customer: customer.id });
const paid = await pay(card.id, { customer: customer.id, expand: ["customer", "latest_charge"] });
const refund = await stripe.refunds.create({ payment_intent: paid.id, amount: 200 });
const once = await pay("pm_card_visa", {}, { idempotencyKey: "order-7" });
const twice = await pay("pm_card_visa", {}, { idempotencyKey: "order-7" });

const seen = {
  metadata: customer.metadata.order,
  listed: listed.length,
  status: paid.status,
  email: paid.customer.email,
  charge: paid.latest_charge.paid,
  refund: refund.status,
  same: once.id === twice.id,
  mismatch: await refused(pay("pm_card_visa", { amount: 5 }, { idempotencyKey: "order-7" })),
  declined: await refused(pay("pm_card_visa_chargeDeclinedInsufficientFunds")),
  missing: await refused(stripe.customers.retrieve("cus_0")),
  invalid: await refused(pay("pm_card_visa", { currency: "EURO" })),
  action: (await pay("pm_card_authenticationRequired")).status,
};

const product = await stripe.products.create({
  name: "Seat", default_price_data: { currency: "eur", unit_amount: 900, recurring: { interval: "month" } },
});
const price = product.default_price;
const clock = await stripe.testHelpers.testClocks.create({ frozen_time: 1700000000 });
const payer = await stripe.customers.create({
  test_clock: clock.id, payment_method: "pm_card_visa",
  invoice_settings: { default_payment_method: "pm_card_visa" },
});
const trial = await stripe.subscriptions.create({ customer: payer.id, items: [{ price, quantity: 2 }], trial_period_days: 7 });
await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: 1700000000 + 8 * 86400 });
const active = await stripe.subscriptions.retrieve(trial.id, { expand: ["latest_invoice.payments.data.payment.payment_intent"] });
const canceled = await stripe.subscriptions.cancel(trial.id);
const found = await stripe.customers.search({ query: 'metadata["order"]:"7"', limit: 1 }).autoPagingToArray({ limit: 10 });
const session = await stripe.checkout.sessions.create({
  mode: "payment", success_url: "https://example.com", line_items: [{ price_data: { currency: "eur", unit_amount: 500, product_data: { name: "Cup" } }, quantity: 2 }],
});
const items = await stripe.checkout.sessions.listLineItems(session.id);
const expired = await stripe.checkout.sessions.expire(session.id);
const setup = await stripe.setupIntents.create({ customer: customer.id, payment_method: "pm_card_visa", confirm: true });
const account = await stripe.accounts.create({ type: "express" });
const theirs = await stripe.customers.create({ name: "Theirs" }, { stripeAccount: account.id });
const events = await stripe.events.list({ types: ["customer.subscription.updated"] });

Object.assign(seen, {
  trial: trial.status,
  active: active.status,
  invoice: active.latest_invoice.amount_paid,
  intent: active.latest_invoice.payments.data[0].payment.payment_intent.status,
  canceled: canceled.status,
  found: found.map((one) => one.email),
  session: [session.amount_total, items.data[0].description, expired.status],
  setup: setup.status,
  theirs: (await stripe.customers.list({}, { stripeAccount: account.id })).data.map((one) => one.id === theirs.id),
  stranger: await refused(stripe.customers.list({}, { stripeAccount: "acct_0" })),
  event: (await stripe.events.retrieve(events.data[0].id)).data.previous_attributes.status,
  deleted: (await stripe.customers.del(customer.id)).deleted,
});
writeSync(1, JSON.stringify(seen));
// Connections that are kept would keep the process, too.
process.exit(0);
