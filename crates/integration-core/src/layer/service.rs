//! What is the same in the layers and services of all policies.

/// Writes the layer, the service, and what is not told of the future.
///
/// The module brings `State<C>`, the [`Shared`](super::Shared) of its policy, and a
/// `ResponseFuture<S, C, Req>` with `new(inner, &shared, request)`.
macro_rules! policy_service {
    (
        $(#[$layer_doc:meta])* $layer:ident,
        $(#[$service_doc:meta])* $service:ident $(,)?
    ) => {
        $(#[$layer_doc])*
        pub struct $layer<C> {
            shared: std::sync::Arc<State<C>>,
        }

        impl<S, C> tower_layer::Layer<S> for $layer<C> {
            type Service = $service<S, C>;

            fn layer(&self, inner: S) -> Self::Service {
                let shared = std::sync::Arc::clone(&self.shared);
                $service { inner, shared }
            }
        }

        impl<C> Clone for $layer<C> {
            fn clone(&self) -> Self {
                let shared = std::sync::Arc::clone(&self.shared);
                Self { shared }
            }
        }

        impl<C> std::fmt::Debug for $layer<C> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($layer)).finish_non_exhaustive()
            }
        }

        $(#[$service_doc])*
        pub struct $service<S, C> {
            inner: S,
            shared: std::sync::Arc<State<C>>,
        }

        impl<S, C, Req> tower_service::Service<Req> for $service<S, C>
        where
            S: tower_service::Service<Req> + Clone,
            S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
            C: $crate::classify::Classify<S::Response, S::Error> + $crate::classify::Describe<Req>,
        {
            type Response = S::Response;
            type Error = $crate::error::Error;
            type Future = ResponseFuture<S, C, Req>;

            fn poll_ready(
                &mut self,
                _cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<$crate::error::Result<()>> {
                std::task::Poll::Ready(Ok(()))
            }

            fn call(&mut self, request: Req) -> Self::Future {
                ResponseFuture::new(self.inner.clone(), &self.shared, request)
            }
        }

        impl<S: Clone, C> Clone for $service<S, C> {
            fn clone(&self) -> Self {
                let shared = std::sync::Arc::clone(&self.shared);
                let inner = self.inner.clone();
                Self { inner, shared }
            }
        }

        impl<S: std::fmt::Debug, C> std::fmt::Debug for $service<S, C> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($service))
                    .field("inner", &self.inner)
                    .finish_non_exhaustive()
            }
        }

        impl<S, C, Req> std::fmt::Debug for ResponseFuture<S, C, Req>
        where
            S: tower_service::Service<Req>,
        {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct("ResponseFuture").finish_non_exhaustive()
            }
        }
    };
}

pub(crate) use policy_service;
