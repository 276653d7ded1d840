//! Lists over several pages.

use integration_stripe::{
    Client, ErrorKind, List, Node, Params, Req, View, op::Verb, resources::ListCustomers,
};
use integration_testkit::{Received, Reply, ScriptedServer};

use crate::support::config;

/// Ids of all customers, newest first.
const ALL: [&str; 5] = ["e", "d", "c", "b", "a"];

fn query(request: &Received) -> Vec<(String, String)> {
    let (_, query) = request.path.split_once('?').unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
}

fn value(request: &Received, name: &str) -> Option<String> {
    let mut query = query(request).into_iter();
    query.find_map(|(key, value)| (key == name).then_some(value))
}

fn list(ids: &[&str], has_more: bool) -> Reply {
    let data: Vec<String> = ids.iter().map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
    let data = data.join(",");
    Reply::ok(format!(
        r#"{{"object":"list","url":"/v1/customers","has_more":{has_more},"data":[{data}]}}"#
    ))
}

/// Answers as Stripe does, two objects a page.
fn page(request: &Received) -> Reply {
    let place = |id: String| ALL.iter().position(|one| *one == id).unwrap();
    if let Some(before) = value(request, "ending_before").map(place) {
        let from = before.saturating_sub(2);
        return list(&ALL[from..before], from > 0);
    }
    let from = value(request, "starting_after").map_or(0, |id| place(id) + 1);
    let to = (from + 2).min(ALL.len());
    list(&ALL[from..to], to < ALL.len())
}

async fn served() -> (Client, ScriptedServer) {
    let server = ScriptedServer::start(page).await.unwrap();
    (Client::new(config(&server)).unwrap(), server)
}

async fn ids<T: View + Send + 'static>(req: Req<List<T>>) -> Vec<String> {
    let (mut items, mut ids) = (req.items(), Vec::new());
    while let Some(item) = items.next().await {
        ids.push(
            item.unwrap()
                .node()
                .get("id")
                .unwrap()
                .str()
                .unwrap()
                .to_owned(),
        );
    }
    ids
}

#[tokio::test]
async fn a_list_is_read_forward_with_its_filters_on_every_page() {
    let (client, server) = served().await;
    let params = ListCustomers::new().extra("email", "j@example.com");
    let list = client.customers().list(&params).expand("data.sources");
    assert_eq!(ids(list).await, ALL);
    assert_eq!(server.count(), 3);
    for request in server.received() {
        assert_eq!(value(&request, "email").as_deref(), Some("j%40example.com"));
        assert_eq!(
            value(&request, "expand[0]").as_deref(),
            Some("data.sources")
        );
        assert_eq!(value(&request, "limit").as_deref(), Some("100"));
    }
}

#[tokio::test]
async fn a_list_is_read_backward_to_the_newest() {
    let (client, server) = served().await;
    let params = ListCustomers::new().extra("ending_before", "a").limit(2);
    assert_eq!(
        ids(client.customers().list(&params)).await,
        ["b", "c", "d", "e"]
    );
    let places: Vec<_> = server
        .received()
        .iter()
        .map(|r| value(r, "ending_before").unwrap())
        .collect();
    assert_eq!(places, ["a", "c"]);
    assert!(
        server
            .received()
            .iter()
            .all(|r| value(r, "limit").as_deref() == Some("2"))
    );
}

#[tokio::test]
async fn a_list_goes_on_where_an_error_ended_it() {
    let server = ScriptedServer::start(|request| match request.number {
        1 => Reply::status(400),
        _ => page(request),
    })
    .await
    .unwrap();
    let client = Client::new(config(&server)).unwrap();
    let call = || client.customers().list(&ListCustomers::new());
    let mut pages = call().pages();
    assert_eq!(pages.next().await.unwrap().unwrap().items.len(), 2);
    let error = pages.next().await.unwrap().unwrap_err();
    assert_eq!(error.error().kind(), ErrorKind::Validation);
    let rest = call().pages_from(error.resume_cursor().cloned());
    let mut rest = rest.items();
    assert_eq!(rest.next().await.unwrap().unwrap().id(), Some("c"));
}

#[tokio::test]
async fn pages_of_api_v2_follow_their_address_and_empty_ones_are_skipped() {
    let server = ScriptedServer::replies([
        Reply::ok(r#"{"data":[{"id":"a"}],"next_page_url":"/v2/core/events?page=2&limit=1"}"#),
        Reply::ok(r#"{"data":[],"next_page_url":"/v2/core/events?page=3&limit=1"}"#),
        Reply::ok(r#"{"data":[{"id":"b"}],"next_page_url":null}"#),
    ])
    .await
    .unwrap();
    let client = Client::new(config(&server)).unwrap();
    let params = Params::new().with("limit", 1);
    let list = client.raw::<List<Node>>(Verb::Get, "/v2/core/events", params);
    assert_eq!(ids(list).await, ["a", "b"]);
    let paths: Vec<_> = server.received().into_iter().map(|r| r.path).collect();
    assert_eq!(
        paths,
        [
            "/v2/core/events?limit=1",
            "/v2/core/events?page=2&limit=1",
            "/v2/core/events?page=3&limit=1"
        ]
    );
}

#[tokio::test]
async fn an_address_of_another_host_is_not_followed() {
    let server = ScriptedServer::replies([Reply::ok(
        r#"{"data":[{"id":"a"}],"next_page_url":"https://example.com/v2/x"}"#,
    )])
    .await
    .unwrap();
    let client = Client::new(config(&server)).unwrap();
    let list = client.raw::<List<Node>>(Verb::Get, "/v2/core/events", Params::new());
    let mut items = list.items();
    assert!(items.next().await.unwrap().is_ok());
    let error = items.next().await.unwrap().unwrap_err();
    assert_eq!(error.error().kind(), ErrorKind::Validation);
}

#[tokio::test]
async fn a_search_follows_its_pages() {
    let server = ScriptedServer::replies([
        Reply::ok(
            r#"{"object":"search_result","data":[{"id":"a"}],"has_more":true,"next_page":"p2"}"#,
        ),
        Reply::ok(
            r#"{"object":"search_result","data":[{"id":"b"}],"has_more":false,"next_page":null}"#,
        ),
    ])
    .await
    .unwrap();
    let client = Client::new(config(&server)).unwrap();
    let params = Params::new().with("query", "email:'j'");
    let list = client.raw::<List<Node>>(Verb::Get, "/v1/customers/search", params);
    assert_eq!(ids(list).await, ["a", "b"]);
    let second = server.received().pop().unwrap();
    assert_eq!(value(&second, "page").as_deref(), Some("p2"));
    assert_eq!(value(&second, "query").as_deref(), Some("email%3A%27j%27"));
}

#[tokio::test]
async fn a_list_inside_an_object_is_read_to_its_end() {
    let (client, server) = served().await;
    let first = client
        .customers()
        .list(&ListCustomers::new())
        .send()
        .await
        .unwrap();
    let (mut items, mut ids) = (client.items_of(&first), Vec::new());
    while let Some(item) = items.next().await {
        ids.push(item.unwrap().id().unwrap().to_owned());
    }
    assert_eq!(ids, ALL);
    assert_eq!(server.count(), 3);
}
