"""Calls a stand-in for Stripe with Stripe's own package: {port} -> what it was answered."""

import json
import sys

import stripe

port = json.load(sys.stdin)["port"]
base = f"http://127.0.0.1:{port}"
client = stripe.StripeClient(
    "sk_test_1",
    base_addresses={"api": base, "files": base, "connect": base, "meter_events": base},
    max_network_retries=2,
)
v1 = client.v1


def refused(call):
    try:
        call()
        return None
    except stripe.StripeError as e:
        body = (e.json_body or {}).get("error", {})
        return {
            "type": type(e).__name__,
            "code": e.code,
            "decline_code": body.get("decline_code"),
            "status": e.http_status,
            "request": bool(e.request_id),
        }


def pay(method, more=None, options=None):
    params = {"amount": 1200, "currency": "eur", "payment_method": method, "confirm": True}
    return v1.payment_intents.create({**params, **(more or {})}, options or {})


customer = v1.customers.create({"email": "jenny@example.com", "metadata": {"order": "7"}})
for n in range(4):
    v1.customers.create({"name": str(n)})
listed = sum(1 for _ in v1.customers.list({"limit": 2}).auto_paging_iter())
card = v1.payment_methods.create(
    {"type": "card", "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2099}}
)
v1.payment_methods.attach(card.id, {"customer": customer.id})
paid = pay(card.id, {"customer": customer.id, "expand": ["customer", "latest_charge"]})
refund = v1.refunds.create({"payment_intent": paid.id, "amount": 200})
once = pay("pm_card_visa", options={"idempotency_key": "order-7"})
twice = pay("pm_card_visa", options={"idempotency_key": "order-7"})

seen = {
    "metadata": customer.metadata["order"],
    "listed": listed,
    "status": paid.status,
    "email": paid.customer.email,
    "charge": paid.latest_charge.paid,
    "refund": refund.status,
    "same": once.id == twice.id,
    "mismatch": refused(lambda: pay("pm_card_visa", {"amount": 5}, {"idempotency_key": "order-7"})),
    "declined": refused(lambda: pay("pm_card_visa_chargeDeclinedInsufficientFunds")),
    "missing": refused(lambda: v1.customers.retrieve("cus_0")),
    "invalid": refused(lambda: pay("pm_card_visa", {"currency": "EURO"})),
    "action": pay("pm_card_authenticationRequired").status,
}

price_data = {"currency": "eur", "unit_amount": 900, "recurring": {"interval": "month"}}
product = v1.products.create({"name": "Seat", "default_price_data": price_data})
clock = v1.test_helpers.test_clocks.create({"frozen_time": 1700000000})
payer = v1.customers.create(
    {
        "test_clock": clock.id,
        "payment_method": "pm_card_visa",
        "invoice_settings": {"default_payment_method": "pm_card_visa"},
    }
)
trial = v1.subscriptions.create(
    {
        "customer": payer.id,
        "items": [{"price": product.default_price, "quantity": 2}],
        "trial_period_days": 7,
    }
)
v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": 1700000000 + 8 * 86400})
wanted = ["latest_invoice.payments.data.payment.payment_intent"]
active = v1.subscriptions.retrieve(trial.id, {"expand": wanted})
payments = active.latest_invoice.payments.data
canceled = v1.subscriptions.cancel(trial.id)
found = v1.customers.search({"query": 'metadata["order"]:"7"', "limit": 1}).auto_paging_iter()
cup = {"currency": "eur", "unit_amount": 500, "product_data": {"name": "Cup"}}
session = v1.checkout.sessions.create(
    {
        "mode": "payment",
        "success_url": "https://example.com",
        "line_items": [{"price_data": cup, "quantity": 2}],
    }
)
items = v1.checkout.sessions.line_items.list(session.id)
expired = v1.checkout.sessions.expire(session.id)
setup = v1.setup_intents.create(
    {"customer": customer.id, "payment_method": "pm_card_visa", "confirm": True}
)
account = v1.accounts.create({"type": "express"})
other = {"stripe_account": account.id}
theirs = v1.customers.create({"name": "Theirs"}, other)
events = v1.events.list({"types": ["customer.subscription.updated"]})
event = v1.events.retrieve(events.data[0].id)

seen |= {
    "trial": trial.status,
    "active": active.status,
    "invoice": active.latest_invoice.amount_paid,
    "intent": payments[0].payment.payment_intent.status,
    "canceled": canceled.status,
    "found": [one.email for one in found],
    "session": [session.amount_total, items.data[0].description, expired.status],
    "setup": setup.status,
    "theirs": [one.id == theirs.id for one in v1.customers.list({}, other).data],
    "stranger": refused(lambda: v1.customers.list({}, {"stripe_account": "acct_0"})),
    "event": event.data.previous_attributes["status"],
    "deleted": v1.customers.delete(customer.id).deleted,
}
json.dump(seen, sys.stdout)
