use std::time::Duration;

use async_trait::async_trait;
use integration_core::Result;

use super::{KeyringStore, document::Flow};
use crate::store::{
    FlowStore,
    columns::time,
    rules::{self, Written},
};

#[async_trait]
impl FlowStore for KeyringStore {
    async fn put(&self, id: [u8; 32], sealed: Vec<u8>, expires_at: Duration) -> Result<()> {
        rules::check_sealed(&sealed)?;
        let max_flows = self.0.config.max_flows;
        let put = self.write("oauth.put_flow", move |document, now| {
            let flows = &mut document.flows;
            flows.remove(&id);
            flows.retain(|_, flow| flow.expires_at > time(now));
            while flows.len() >= max_flows {
                let first = flows.iter().min_by_key(|(_, flow)| flow.expires_at);
                let Some(id) = first.map(|(id, _)| *id) else {
                    break;
                };
                flows.remove(&id);
            }
            let expires_at = time(expires_at);
            flows.insert(id, Flow { sealed, expires_at });
            ((), Written::Yes)
        });
        put.await
    }

    async fn take(&self, id: [u8; 32]) -> Result<Option<Vec<u8>>> {
        let take = self.write("oauth.take_flow", move |document, now| {
            let Some(flow) = document.flows.remove(&id) else {
                return (None, Written::No);
            };
            let is_in_time = flow.expires_at > time(now);
            (is_in_time.then_some(flow.sealed), Written::Yes)
        });
        take.await
    }
}
