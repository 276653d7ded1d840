//! Lists as streams over their pages.

use integration_core::{
    Error, ErrorKind, Result,
    page::{BoxPages, Cursor, Items, Page, PageFetch, PageFuture, boxed_pages},
};

use crate::{
    Client, List, Params, Req, Value, View,
    op::{Call, Paging, Verb},
    options::below_api,
};

/// Objects on a page, where the caller says nothing: as many as Stripe gives.
const PAGE: i64 = 100;

/// A list as a stream of its objects.
pub type ListItems<T> = Items<T, PageFetch<T>, PageFuture<T>>;

impl<T: View + Send + 'static> Req<List<T>> {
    /// Reads the list as a stream of its objects, over as many pages as there are.
    ///
    /// A page is asked for when it is wanted, with all parameters of the call, and has 100 objects
    /// unless the call says `limit`. With `ending_before` the list is read backward: from that object
    /// to the newest.
    ///
    /// ```no_run
    /// # async fn run(client: integration_stripe::Client) -> integration_stripe::Result<()> {
    /// use integration_stripe::resources::ListCustomers;
    ///
    /// let mut customers = client.customers().list(&ListCustomers::new()).items();
    /// while let Some(customer) = customers.next().await {
    ///     println!("{:?}", customer?.id());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn items(self) -> ListItems<T> {
        self.pages().items()
    }

    /// Reads the list as a stream of its pages.
    #[must_use]
    pub fn pages(self) -> BoxPages<T> {
        self.pages_from(None)
    }

    /// Reads the list from a place on: the
    /// [`resume_cursor`](integration_core::page::PageError::resume_cursor) of an error, or the `next`
    /// of a page.
    #[must_use]
    pub fn pages_from(self, place: Option<Cursor>) -> BoxPages<T> {
        let Self { client, call, .. } = self;
        boxed_pages(place, move |place| {
            let (client, call) = (client.clone(), call.clone());
            async move { fetch(&client, call, place).await }
        })
    }
}

impl Client {
    /// Reads a list that came inside an object, such as the items of a subscription, from the page at
    /// hand over all that follow. What was asked for when the object was read is not asked for again.
    #[must_use]
    pub fn items_of<T: View + Send + Sync + 'static>(&self, list: &List<T>) -> ListItems<T> {
        let (client, list) = (self.clone(), list.clone());
        let fetch = move |place: Option<Cursor>| {
            let (client, list) = (client.clone(), list.clone());
            async move {
                let url = list.url().unwrap_or_default();
                let mut req = client.raw::<List<T>>(Verb::Get, url, Params::new());
                match place {
                    None => page_of(&req.call, Way::Forward, &list),
                    Some(_) => {
                        Way::Forward.turn_to(&mut req.call, place)?;
                        let list = req.send().await?;
                        let call = client.raw::<List<T>>(Verb::Get, url, Params::new()).call;
                        page_of(&call, Way::Forward, &list)
                    }
                }
            }
        };
        boxed_pages(None, fetch).items()
    }
}

/// In which direction a list is read, and how it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// After the last id.
    Forward,
    /// Before the first id.
    Backward,
    /// At the `next_page` of a search.
    Search,
    /// At the `next_page_url` of API v2.
    Url,
}

async fn fetch<T: View>(client: &Client, mut call: Call, place: Option<Cursor>) -> Result<Page<T>> {
    let way = Way::of(&call);
    if way != Way::Url && call.params.get("limit").is_none() {
        call.params = call.params.with("limit", PAGE);
    }
    way.turn_to(&mut call, place)?;
    let list = List::<T>::from_node(client.fetch(&call).await?);
    page_of(&call, way, &list)
}

impl Way {
    fn of(call: &Call) -> Self {
        match call.op.paging {
            Paging::Search => Self::Search,
            Paging::Url => Self::Url,
            Paging::Cursor | Paging::None => match call.params.get("ending_before") {
                None | Some(Value::Clear) => Self::Forward,
                Some(_) => Self::Backward,
            },
        }
    }

    /// Changes a call to ask for the page at a place.
    fn turn_to(self, call: &mut Call, place: Option<Cursor>) -> Result<()> {
        let Some(place) = place else {
            return Ok(());
        };
        let name = match self {
            Self::Forward => "starting_after",
            Self::Backward => "ending_before",
            Self::Search => "page",
            Self::Url => {
                // It holds all parameters already.
                call.path = Ok(below_api(&call.op, place.as_str().to_owned())?);
                call.params = Params::new();
                call.expand.clear();
                return Ok(());
            }
        };
        call.params = std::mem::take(&mut call.params).with(name, place.as_str());
        Ok(())
    }
}

/// The objects of a page, in the direction it is read, and where the next one is.
fn page_of<T: View>(call: &Call, way: Way, list: &List<T>) -> Result<Page<T>> {
    let mut items: Vec<T> = list.data().collect();
    if way == Way::Backward {
        items.reverse();
    }
    let next = match way {
        Way::Search => list.next_page().map(str::to_owned),
        Way::Url => list.next_page_url().map(str::to_owned),
        Way::Forward | Way::Backward if list.has_more() => {
            let last = items
                .last()
                .and_then(|item| item.node().field::<&str>("id"));
            let Some(id) = last else {
                return Err(Error::new(ErrorKind::Decode, call.op.name)
                    .with_message("list has more pages, and its last object no id"));
            };
            Some(id.to_owned())
        }
        Way::Forward | Way::Backward => None,
    };
    Ok(Page::new(items, next.map(Cursor::from)))
}
