//! What is the same in the layers, services and futures of all policies.

/// Writes the state, the layer, the service and the future.
///
/// The module brings a [`Gate`](super::Gate), and how the layer is made of its `State<C>`.
macro_rules! policy_service {
    (
        $(#[$layer_doc:meta])* $layer:ident,
        $(#[$service_doc:meta])* $service:ident,
        $(#[$future_doc:meta])* $future:ident<$gate:ty> $(,)?
    ) => {
        type State<C> = $crate::layer::Shared<<$gate as $crate::layer::Gate>::Policy, C>;

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
            S::Error: Into<$crate::layer::BoxError>,
            C: $crate::classify::Classify<S::Response, S::Error> + $crate::classify::Describe<Req>,
        {
            type Response = S::Response;
            type Error = $crate::error::Error;
            type Future = $future<S, C, Req>;

            fn poll_ready(
                &mut self,
                _cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<$crate::error::Result<()>> {
                std::task::Poll::Ready(Ok(()))
            }

            fn call(&mut self, request: Req) -> Self::Future {
                let call = $crate::layer::CallContext::new(&self.shared, &request);
                let gated = $crate::layer::Gated::new(call, self.inner.clone(), request);
                $future { gated }
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

        pin_project_lite::pin_project! {
            $(#[$future_doc])*
            pub struct $future<S, C, Req>
            where
                S: tower_service::Service<Req>,
            {
                #[pin]
                gated: $crate::layer::Gated<$gate, S, C, Req>,
            }
        }

        impl<S, C, Req> Future for $future<S, C, Req>
        where
            S: tower_service::Service<Req>,
            S::Error: Into<$crate::layer::BoxError>,
            C: $crate::classify::Classify<S::Response, S::Error>,
        {
            type Output = $crate::error::Result<S::Response>;

            fn poll(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Self::Output> {
                self.project().gated.poll(cx)
            }
        }

        impl<S, C, Req> std::fmt::Debug for $future<S, C, Req>
        where
            S: tower_service::Service<Req>,
        {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($future)).finish_non_exhaustive()
            }
        }
    };
}

pub(crate) use policy_service;
