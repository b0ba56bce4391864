//! The listeners of a notifier: called by several threads, added and removed meanwhile.

use super::lock;
use crate::error::{Error, Result};
use crate::listener::Listener;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Names a listener of a notifier, to remove it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

/// Empty once the listener was taken out.
type Slot = Arc<Mutex<Option<Box<dyn Listener>>>>;
type Slots = Arc<Vec<(ListenerId, Slot)>>;

pub(super) struct Listeners {
    /// Replaced whole when a listener comes or goes, so that calling them holds no lock on it.
    slots: Mutex<Slots>,
    next: AtomicU64,
    /// What listeners that are gone had dropped.
    dropped_before: AtomicU64,
}

impl Listeners {
    pub(super) fn new(listeners: Vec<Box<dyn Listener>>) -> Listeners {
        let new = Listeners {
            slots: Mutex::default(),
            next: AtomicU64::new(0),
            dropped_before: AtomicU64::new(0),
        };
        for listener in listeners {
            new.add(listener);
        }
        new
    }

    fn all(&self) -> Slots {
        Arc::clone(&lock(&self.slots))
    }

    pub(super) fn add(&self, listener: Box<dyn Listener>) -> ListenerId {
        let id = ListenerId(self.next.fetch_add(1, Ordering::Relaxed));
        let mut slots = lock(&self.slots);
        let mut changed = slots.to_vec();
        changed.push((id, Arc::new(Mutex::new(Some(listener)))));
        *slots = Arc::new(changed);
        id
    }

    pub(super) fn remove(&self, id: ListenerId) -> Option<Box<dyn Listener>> {
        let slot = {
            let mut slots = lock(&self.slots);
            let mut changed = slots.to_vec();
            let at = changed.iter().position(|(other, _)| *other == id)?;
            let (_, slot) = changed.remove(at);
            *slots = Arc::new(changed);
            slot
        };
        self.empty(&slot)
    }

    pub(super) fn take_all(&self) -> Vec<Box<dyn Listener>> {
        let slots = std::mem::take(&mut *lock(&self.slots));
        slots
            .iter()
            .filter_map(|(_, slot)| self.empty(slot))
            .collect()
    }

    fn empty(&self, slot: &Slot) -> Option<Box<dyn Listener>> {
        let listener = lock(slot).take()?;
        self.dropped_before
            .fetch_add(listener.dropped(), Ordering::Relaxed);
        Some(listener)
    }

    /// Calls something on each listener. Returns those that failed and did not deal with their
    /// own error.
    pub(super) fn for_each(
        &self,
        mut call: impl FnMut(&mut dyn Listener) -> Result<()>,
    ) -> Vec<(ListenerId, Error)> {
        let mut failed = Vec::new();
        for (id, slot) in self.all().iter() {
            let mut slot = lock(slot);
            let Some(listener) = slot.as_mut() else {
                continue;
            };
            match call(listener.as_mut()) {
                Err(error) if !listener.on_error(&error) => failed.push((*id, error)),
                _ => {}
            }
        }
        failed
    }

    /// Shows an error to every listener. True if one of them dealt with it.
    pub(super) fn deal_with(&self, error: &Error) -> bool {
        let mut dealt_with = false;
        for (_, slot) in self.all().iter() {
            if let Some(listener) = lock(slot).as_mut() {
                dealt_with |= listener.on_error(error);
            }
        }
        dealt_with
    }

    pub(super) fn dropped(&self) -> u64 {
        let slots = self.all();
        let now: u64 = slots
            .iter()
            .filter_map(|(_, slot)| lock(slot).as_ref().map(Listener::dropped))
            .sum();
        now + self.dropped_before.load(Ordering::Relaxed)
    }
}
