//! What the file holds.

use std::{collections::BTreeMap, io, path::Path};

use serde::{Deserialize, Serialize};

use super::folder;
use crate::{
    connection::ConnectionKey,
    store::{Record, columns::Columns},
};

/// The version that is written, and the last that is read.
const VERSION: u32 = 1;

/// All connections and logins of a program. Their secrets are sealed.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) connections: BTreeMap<ConnectionKey, Record>,
    pub(super) flows: BTreeMap<[u8; 32], Flow>,
}

#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub(super) sealed: Vec<u8>,
    /// In microseconds since the Unix epoch.
    pub(super) expires_at: i64,
}

#[derive(Deserialize)]
struct Head {
    version: u32,
}

#[derive(Serialize, Deserialize)]
struct Written {
    version: u32,
    connections: Vec<Connection>,
    flows: Vec<Login>,
}

#[derive(Serialize, Deserialize)]
struct Connection {
    tenant: String,
    provider: String,
    account: String,
    record: Columns,
}

#[derive(Serialize, Deserialize)]
struct Login {
    #[serde(with = "super::bytes")]
    id: Vec<u8>,
    #[serde(with = "super::bytes")]
    sealed: Vec<u8>,
    expires_at: i64,
}

impl Document {
    /// Reads the file; one that is missing is empty.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        let Some(bytes) = folder::read(path)? else {
            return Ok(Self::default());
        };
        let damaged = || io::Error::other("the file is no store, or was damaged");
        let head: Head = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
        if head.version != VERSION {
            return Err(io::Error::other(format!(
                "the file has version {}, this program knows {VERSION}: start the newer one",
                head.version
            )));
        }
        let written: Written = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
        let mut document = Self::default();
        for it in written.connections {
            let key = ConnectionKey::new(it.tenant, it.provider, it.account);
            let key = key.map_err(io::Error::other)?;
            let record = it.record.into_record(key.clone());
            document
                .connections
                .insert(key, record.map_err(io::Error::other)?);
        }
        for it in written.flows {
            let id = it.id.try_into().map_err(|_| damaged())?;
            let flow = Flow {
                sealed: it.sealed,
                expires_at: it.expires_at,
            };
            document.flows.insert(id, flow);
        }
        Ok(document)
    }

    /// Writes the file.
    pub(super) fn write(self, path: &Path) -> io::Result<()> {
        let connections = self.connections.into_values().map(|record| {
            let key = record.key.clone();
            Ok(Connection {
                tenant: key.tenant().to_owned(),
                provider: key.provider().to_owned(),
                account: key.account().to_owned(),
                record: Columns::of(record).map_err(io::Error::other)?,
            })
        });
        let flows = self.flows.into_iter().map(|(id, flow)| Login {
            id: id.to_vec(),
            sealed: flow.sealed,
            expires_at: flow.expires_at,
        });
        let written = Written {
            version: VERSION,
            connections: connections.collect::<io::Result<_>>()?,
            flows: flows.collect(),
        };
        let bytes = serde_json::to_vec(&written).map_err(io::Error::other)?;
        folder::replace(path, &bytes)
    }
}
