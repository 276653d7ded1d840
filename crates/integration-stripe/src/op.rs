//! Operations as data, and one call of one.

use std::{fmt, marker::PhantomData};

use integration_core::{
    Error, ErrorKind, Result,
    http::{Method, RequestBuilder},
};

use crate::{
    Client, Node, View,
    options::Limits,
    params::{self, Params},
};

/// What is known of an operation before it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Op {
    /// The name in errors, logs and metrics, such as `stripe.payment_intents.create`.
    pub name: &'static str,
    /// The method.
    pub verb: Verb,
    /// The path, with names of ids in braces.
    pub path: &'static str,
    /// Who answers.
    pub host: Host,
    /// How parameters are sent.
    pub encoding: Encoding,
    /// How the pages of a list follow each other.
    pub paging: Paging,
    /// Whether the answer is a file that is streamed.
    pub is_stream: bool,
}

/// The method of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verb {
    /// Reads.
    Get,
    /// Creates, changes or acts.
    Post,
    /// Deletes.
    Delete,
}

/// Who answers an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Host {
    /// `api.stripe.com`
    Api,
    /// `files.stripe.com`
    Files,
    /// `meter-events.stripe.com`
    MeterEvents,
    /// `connect.stripe.com`
    Connect,
}

/// How an operation takes its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// In the query.
    Query,
    /// As a form, in API v1.
    Form,
    /// As JSON, in API v2.
    Json,
    /// As a form with files.
    Multipart,
}

/// How the pages of a list follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Paging {
    /// It is no list.
    None,
    /// By the id of the last or first object.
    Cursor,
    /// By the `next_page` of a search.
    Search,
    /// By the `next_page_url` of API v2.
    Url,
}

impl Op {
    const fn new(verb: Verb, name: &'static str, path: &'static str) -> Self {
        let v2 = matches!(path.as_bytes(), [b'/', b'v', b'2', ..]);
        let encoding = match (verb, v2) {
            (Verb::Post, true) => Encoding::Json,
            (Verb::Post, false) => Encoding::Form,
            _ => Encoding::Query,
        };
        Self {
            name,
            verb,
            path,
            host: Host::Api,
            encoding,
            paging: Paging::None,
            is_stream: false,
        }
    }

    pub(crate) const fn get(name: &'static str, path: &'static str) -> Self {
        Self::new(Verb::Get, name, path)
    }

    pub(crate) const fn post(name: &'static str, path: &'static str) -> Self {
        Self::new(Verb::Post, name, path)
    }

    pub(crate) const fn delete(name: &'static str, path: &'static str) -> Self {
        Self::new(Verb::Delete, name, path)
    }

    pub(crate) const fn list(name: &'static str, path: &'static str) -> Self {
        let op = Self::get(name, path);
        let v2 = matches!(path.as_bytes(), [b'/', b'v', b'2', ..]);
        let paging = if v2 { Paging::Url } else { Paging::Cursor };
        Self { paging, ..op }
    }

    pub(crate) const fn search(name: &'static str, path: &'static str) -> Self {
        Self {
            paging: Paging::Search,
            ..Self::get(name, path)
        }
    }

    #[cfg(feature = "full")]
    pub(crate) const fn upload(name: &'static str, path: &'static str) -> Self {
        Self {
            host: Host::Files,
            encoding: Encoding::Multipart,
            ..Self::post(name, path)
        }
    }

    #[cfg(feature = "full")]
    pub(crate) const fn download(name: &'static str, path: &'static str) -> Self {
        Self {
            host: Host::Files,
            is_stream: true,
            ..Self::get(name, path)
        }
    }

    #[cfg(feature = "full")]
    pub(crate) const fn meter(name: &'static str, path: &'static str) -> Self {
        Self {
            host: Host::MeterEvents,
            ..Self::post(name, path)
        }
    }

    /// Returns the path with the ids in their places.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Validation`] for an id that is empty, as the path would be that of the list, or
    /// that is `.` or `..`, as it would be another path.
    pub fn path_of(&self, ids: &[&str]) -> Result<String> {
        let mut path = String::with_capacity(self.path.len() + 32);
        let mut ids = ids.iter();
        for (index, piece) in self.path.split(['{', '}']).enumerate() {
            if index % 2 == 0 {
                path.push_str(piece);
                continue;
            }
            match ids.next() {
                Some(id) if !matches!(*id, "" | "." | "..") => params::escape(id, b"", &mut path),
                _ => {
                    return Err(Error::new(ErrorKind::Validation, self.name)
                        .with_message("an id is empty or no id: it would call another path")
                        .with_context("id", piece));
                }
            }
        }
        Ok(path)
    }
}

impl Verb {
    /// Returns the method of HTTP.
    #[must_use]
    pub fn method(self) -> Method {
        match self {
            Self::Get => Method::GET,
            Self::Post => Method::POST,
            Self::Delete => Method::DELETE,
        }
    }
}

/// A call that waits to be sent, and answers with a `T`.
#[must_use = "a call does nothing until it is sent"]
pub struct Req<T> {
    pub(crate) client: Client,
    pub(crate) call: Call,
    answer: PhantomData<fn() -> T>,
}

/// All of a call but the type of its answer, so that the code that sends it exists once.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) op: Op,
    pub(crate) path: Result<String>,
    pub(crate) params: Params,
    pub(crate) expand: Vec<String>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) limits: Limits,
}

impl Call {
    /// The parameters, those that every operation takes included.
    fn all_params(&self) -> Params {
        if self.expand.is_empty() {
            return self.params.clone();
        }
        self.params.clone().with("expand", self.expand.clone())
    }

    /// The path with its query.
    pub(crate) fn target(&self) -> Result<String> {
        let mut target = self.path.clone()?;
        if self.op.encoding == Encoding::Query {
            let query = self.all_params().to_form();
            if !query.is_empty() {
                target.push(if target.contains('?') { '&' } else { '?' });
                target.push_str(&query);
            }
        }
        Ok(target)
    }

    /// Puts the parameters that do not go into the query into the request.
    pub(crate) fn fill(&self, request: RequestBuilder) -> Result<RequestBuilder> {
        let params = self.all_params();
        Ok(match self.op.encoding {
            Encoding::Json => {
                let text = params::json(&params)
                    .map_err(|e| Error::new(ErrorKind::Serialize, self.op.name).with_source(e))?;
                request
                    .header("content-type", "application/json")
                    .body(text)
            }
            Encoding::Form if !params.is_empty() => request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(params.to_form()),
            Encoding::Multipart => request.multipart(params::multipart(&params)),
            Encoding::Query | Encoding::Form => request,
        })
    }
}

impl<T> Req<T> {
    pub(crate) fn new(client: &Client, op: Op, ids: &[&str], params: Params) -> Self {
        Self {
            client: client.clone(),
            call: Call {
                op,
                path: op.path_of(ids),
                params,
                expand: Vec::new(),
                headers: Vec::new(),
                idempotency_key: None,
                limits: Limits::default(),
            },
            answer: PhantomData,
        }
    }

    /// A call as the tables have it: with parameters or without.
    pub(crate) fn call(client: &Client, op: Op, ids: &[&str], params: &[&Params]) -> Self {
        let params = params.first().copied().cloned().unwrap_or_default();
        Self::new(client, op, ids, params)
    }

    /// Returns what is known of the operation.
    #[must_use]
    pub fn op(&self) -> Op {
        self.call.op
    }

    /// Asks for an object in the place of its id, such as `customer` or `data.customer` in a list.
    pub fn expand(mut self, path: impl Into<String>) -> Self {
        self.call.expand.push(path.into());
        self
    }

    /// Sets the idempotency key, in the place of the one that is made up.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.call.idempotency_key = Some(key.into());
        self
    }

    /// Acts for a connected account.
    pub fn account(self, account: impl Into<String>) -> Self {
        self.header("stripe-account", account.into())
    }

    /// Acts in a context, such as `acct_1/acct_2`.
    pub fn context(self, context: impl Into<String>) -> Self {
        self.header("stripe-context", context.into())
    }

    /// Sets the version of the API for this call.
    pub fn version(self, version: impl Into<String>) -> Self {
        self.header("stripe-version", version.into())
    }

    /// Takes any object as the answer.
    pub fn untyped(self) -> Req<Node> {
        Req {
            client: self.client,
            call: self.call,
            answer: PhantomData,
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: String) -> Self {
        self.call.headers.retain(|(there, _)| *there != name);
        self.call.headers.push((name, value));
        self
    }
}

impl<T: View> Req<T> {
    /// Sends the call.
    ///
    /// Dropping the future cancels the call; what was sent may still be done.
    ///
    /// # Errors
    ///
    /// As the service answered, see [`StripeError`](crate::StripeError); [`ErrorKind::Validation`]
    /// for an id that is empty; [`ErrorKind::Decode`] for an answer that is no JSON.
    pub async fn send(self) -> Result<T> {
        self.client.fetch(&self.call).await.map(T::from_node)
    }
}

impl<T> fmt::Debug for Req<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Req")
            .field("op", &self.call.op.name)
            .finish_non_exhaustive()
    }
}

/// A handle: the calls of one noun, and the nouns below it.
macro_rules! handle {
    ($(#[$about:meta])* $name:ident [$($(#[$on:meta])* $below:ident: $handle:ident),* $(,)?] {
        $($(#[$when:meta])* fn $call:ident($($id:ident),* $(; $params:ty)?) -> $answer:ty = $kind:ident $op:literal $path:literal $page:literal;)*
    }) => {
        $(#[$about])*
        pub struct $name<'c>(pub(crate) &'c $crate::Client);

        impl std::fmt::Debug for $name<'_> {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }

        impl<'c> $name<'c> {
            $(
                #[doc = concat!("Returns the calls about `", stringify!($below), "`.")]
                $(#[$on])*
                #[inline]
                #[must_use]
                pub fn $below(&self) -> $handle<'c> {
                    $handle(self.0)
                }
            )*
            $(
                #[doc = concat!("Calls `", $path, "` (", stringify!($kind), "), operation `", $op, "`: [reference](https://docs.stripe.com/api/", $page, ").")]
                $(#[$when])*
                #[inline]
                pub fn $call(&self, $($id: &str,)* $(params: &$params)?) -> $crate::op::Req<$answer> {
                    let op = $crate::op::Op::$kind($op, $path);
                    $crate::op::Req::call(self.0, op, &[$($id),*], &[$(&(params as &$params).0)?])
                }
            )*
        }
    };
}

/// The handles that the client gives.
macro_rules! roots {
    ($($(#[$on:meta])* $handle:ident: $type:ident;)*) => {
        impl $crate::Client {$(
            #[doc = concat!("Returns the calls about `", stringify!($handle), "`.")]
            $(#[$on])*
            #[inline]
            #[must_use]
            pub fn $handle(&self) -> $type<'_> {
                $type(self)
            }
        )*}
    };
}

pub(crate) use {handle, roots};
