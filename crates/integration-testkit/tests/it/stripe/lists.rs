//! Lists, searches and events.

use http::Method;
use proptest::prelude::*;

use super::{Api, ids, text};

async fn customers(api: &Api, count: usize) -> Vec<String> {
    let mut made = Vec::new();
    for number in 0..count {
        let body = format!(
            "name=Jenny {number}&email=j{number}@example.com&metadata[even]={}",
            number % 2 == 0
        );
        made.push(text(&api.post("/v1/customers", &body).await, "id"));
    }
    made.reverse();
    made
}

#[tokio::test]
async fn a_search_is_read_page_by_page() {
    let api = Api::start().await;
    let made = customers(&api, 7).await;
    let query = "/v1/customers/search?query=metadata['even']:'true' AND name~'jenny'&limit=2";
    let query = query.replace(' ', "%20");
    let (mut found, mut page) = (Vec::new(), String::new());
    loop {
        let result = api.get(&format!("{query}{page}")).await;
        assert_eq!(result["object"], "search_result");
        found.extend(ids(&result));
        match result["next_page"].as_str() {
            Some(next) => page = format!("&page={next}"),
            None => break assert_eq!(result["has_more"], false),
        }
    }
    let even: Vec<_> = made.iter().step_by(2).cloned().collect();
    assert_eq!(found, even);
    let counted = api.get(&format!("{query}&expand[]=total_count")).await;
    assert_eq!(counted["total_count"], 4);
}

#[tokio::test]
async fn payment_intents_are_searched_by_what_they_are() {
    let api = Api::start().await;
    for (amount, card) in [
        (500, "pm_card_visa"),
        (1500, "pm_card_visa"),
        (2500, "pm_card_authenticationRequired"),
    ] {
        let body = format!(
            "amount={amount}&currency=eur&confirm=true&payment_method={card}&metadata[order]={amount}"
        );
        api.post("/v1/payment_intents", &body).await;
    }
    for (query, count) in [
        ("status:'succeeded'", 2),
        ("status:'succeeded'%20AND%20amount>1000", 1),
        ("metadata['order']:'2500'%20OR%20amount<600", 2),
        ("-status:'succeeded'", 1),
        ("customer:null", 3),
    ] {
        let found = api
            .get(&format!("/v1/payment_intents/search?query={query}"))
            .await;
        assert_eq!(ids(&found).len(), count, "{query}");
    }
}

#[tokio::test]
async fn wrong_searches_and_pages_are_refused() {
    let api = Api::start().await;
    for path in [
        "/v1/customers/search",
        "/v1/customers/search?query=jenny",
        "/v1/customers/search?query=balance:1",
        "/v1/customers/search?query=name:'x'&page=2",
        "/v1/customers/search?query=name:'x'&limit=101",
        "/v1/customers?limit=101",
        "/v1/customers?limit=0",
    ] {
        assert_eq!(api.call(Method::GET, path, "").await.0, 400, "{path}");
    }
    for path in [
        "/v1/refunds/search?query=x:1",
        "/v1/customers?starting_after=cus_0",
    ] {
        assert_eq!(api.call(Method::GET, path, "").await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn events_are_listed_by_type_and_time_and_kept() {
    let api = Api::start().await;
    let made = customers(&api, 2).await;
    api.post(&format!("/v1/customers/{}", made[0]), "name=New")
        .await;
    let listed = api
        .get("/v1/events?types[0]=customer.updated&types[1]=other")
        .await;
    let event = &listed["data"][0];
    assert_eq!(ids(&listed).len(), 1);
    assert_eq!(event["data"]["previous_attributes"]["name"], "Jenny 1");
    assert!(event["request"]["id"].as_str().unwrap().starts_with("req_"));
    let again = api.get(&format!("/v1/events/{}", text(event, "id"))).await;
    assert_eq!(&again, event);
    let created = event["created"].as_i64().unwrap();
    assert_eq!(
        ids(&api.get(&format!("/v1/events?created[gt]={created}")).await).len(),
        0
    );
    assert_eq!(
        ids(&api.get(&format!("/v1/events?created[lte]={created}")).await).len(),
        3
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whatever the limit, the pages of both directions hold each customer once.
    #[test]
    fn pages_hold_each_customer_once(count in 0_usize..12, limit in 1_usize..6) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let api = Api::start().await;
            let made = customers(&api, count).await;
            for direction in ["starting_after", "ending_before"] {
                let (mut seen, mut from) = (Vec::<String>::new(), String::new());
                if direction == "ending_before" {
                    let Some(last) = made.last() else { continue };
                    from = format!("&ending_before={last}");
                    seen.push(last.clone());
                }
                loop {
                    let page = api.get(&format!("/v1/customers?limit={limit}{from}")).await;
                    let data = ids(&page);
                    let next = match direction {
                        "starting_after" => {
                            seen.extend(data.iter().cloned());
                            data.last()
                        }
                        _ => {
                            seen.splice(0..0, data.iter().cloned());
                            data.first()
                        }
                    };
                    match next.filter(|_| page["has_more"] == true) {
                        Some(id) => from = format!("&{direction}={id}"),
                        None => break,
                    }
                }
                assert_eq!(seen, made, "{direction} {limit}");
            }
        });
    }
}
