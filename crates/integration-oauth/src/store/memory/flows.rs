use std::time::Duration;

use async_trait::async_trait;
use integration_core::Result;

use super::{Flow, MemoryStore};
use crate::store::{FlowStore, rules};

#[async_trait]
impl FlowStore for MemoryStore {
    async fn put(&self, id: [u8; 32], sealed: Vec<u8>, expires_at: Duration) -> Result<()> {
        rules::check_sealed(&sealed)?;
        let now = self.clock.unix();
        let mut flows = self.flows.lock();
        if flows.len() >= self.max_flows && !flows.contains_key(&id) {
            flows.retain(|_, flow| flow.expires_at > now);
        }
        if flows.len() >= self.max_flows && !flows.contains_key(&id) {
            let first = flows.iter().min_by_key(|(_, flow)| flow.expires_at);
            if let Some(id) = first.map(|(id, _)| *id) {
                flows.remove(&id);
            }
        }
        flows.insert(id, Flow { sealed, expires_at });
        Ok(())
    }

    async fn take(&self, id: [u8; 32]) -> Result<Option<Vec<u8>>> {
        let now = self.clock.unix();
        let flow = self.flows.lock().remove(&id);
        Ok(flow
            .filter(|flow| flow.expires_at > now)
            .map(|flow| flow.sealed))
    }
}
