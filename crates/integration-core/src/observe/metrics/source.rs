//! Where handles come from.

use std::sync::Arc;

use ::metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, with_recorder};

const METADATA: Metadata<'static> = Metadata::new("integration_core", Level::INFO, None);

/// The recorder that makes the handles.
pub(super) enum Source {
    /// That of the process.
    Global,
    Own(Arc<dyn Recorder + Send + Sync>),
}

impl Source {
    pub(super) fn counter(&self, name: &'static str, labels: Vec<Label>) -> Counter {
        let key = Key::from_parts(name, labels);
        self.with(|recorder| recorder.register_counter(&key, &METADATA))
    }

    pub(super) fn gauge(&self, name: &'static str, labels: Vec<Label>) -> Gauge {
        let key = Key::from_parts(name, labels);
        self.with(|recorder| recorder.register_gauge(&key, &METADATA))
    }

    pub(super) fn histogram(&self, name: &'static str, labels: Vec<Label>) -> Histogram {
        let key = Key::from_parts(name, labels);
        self.with(|recorder| recorder.register_histogram(&key, &METADATA))
    }

    pub(super) fn with<T>(&self, use_it: impl FnOnce(&dyn Recorder) -> T) -> T {
        match self {
            Self::Global => with_recorder(use_it),
            Self::Own(recorder) => use_it(&**recorder),
        }
    }
}
