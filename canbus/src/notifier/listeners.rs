//! The listeners of a notifier: called by several threads, added and removed meanwhile.

mod slot;

use super::lock;
use crate::deadline::Deadline;
use crate::error::{Error, Result};
use crate::listener::Listener;
use slot::{Slot, Taken};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Names a listener of a notifier, to remove it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

type Slots = Arc<Vec<(ListenerId, Arc<Slot>)>>;

pub(super) struct Listeners {
    /// Replaced whole when a listener comes or goes, so that calling them holds no lock on it.
    /// `None` once all were taken: none comes any more.
    slots: Mutex<Option<Slots>>,
    next: AtomicU64,
    /// What listeners that are gone had dropped.
    dropped_before: AtomicU64,
}

/// A listener that is fed no more and is still to be finished.
pub(super) struct Gone {
    pub(super) listener: Box<dyn Listener>,
    /// `None`: nobody waited for it any more while it was called.
    pub(super) error: Option<Error>,
}

impl Listeners {
    pub(super) fn new(listeners: Vec<Box<dyn Listener>>) -> Listeners {
        let slots = listeners
            .into_iter()
            .enumerate()
            .map(|(at, listener)| (ListenerId(at as u64), Arc::new(Slot::new(listener))));
        let slots: Vec<_> = slots.collect();
        Listeners {
            next: AtomicU64::new(slots.len() as u64),
            slots: Mutex::new(Some(Arc::new(slots))),
            dropped_before: AtomicU64::new(0),
        }
    }

    fn all(&self) -> Slots {
        lock(&self.slots).clone().unwrap_or_default()
    }

    /// Adds a listener, or gives it back once all were taken.
    pub(super) fn add(
        &self,
        listener: Box<dyn Listener>,
    ) -> (ListenerId, Option<Box<dyn Listener>>) {
        let id = ListenerId(self.next.fetch_add(1, Ordering::Relaxed));
        let mut slots = lock(&self.slots);
        let Some(current) = &mut *slots else {
            return (id, Some(listener));
        };
        let mut changed = current.to_vec();
        changed.push((id, Arc::new(Slot::new(listener))));
        *current = Arc::new(changed);
        (id, None)
    }

    /// Takes a listener out, once it is not being called.
    pub(super) fn remove(&self, id: ListenerId) -> Option<Box<dyn Listener>> {
        let slot = self.forget(id)?;
        match slot.take(Deadline::after(None)) {
            Taken::Listener(listener) => Some(self.count(listener)),
            Taken::Gone | Taken::Busy => None,
        }
    }

    /// Takes the slot of a listener out of the list.
    fn forget(&self, id: ListenerId) -> Option<Arc<Slot>> {
        let mut slots = lock(&self.slots);
        let current = slots.as_mut()?;
        let mut changed = current.to_vec();
        let at = changed.iter().position(|(other, _)| *other == id)?;
        let (_, slot) = changed.remove(at);
        *current = Arc::new(changed);
        Some(slot)
    }

    /// Takes all listeners out for good, and tells how many of them were still being called at
    /// the deadline: those are left to whoever calls them.
    pub(super) fn take_all(&self, deadline: Deadline) -> (Vec<Box<dyn Listener>>, usize) {
        let slots = lock(&self.slots).take().unwrap_or_default();
        let (mut taken, mut busy) = (Vec::new(), 0);
        for (_, slot) in slots.iter() {
            match slot.take(deadline) {
                Taken::Listener(listener) => taken.push(self.count(listener)),
                Taken::Gone => {}
                Taken::Busy => busy += 1,
            }
        }
        (taken, busy)
    }

    /// Remembers what a listener that goes had dropped.
    fn count(&self, listener: Box<dyn Listener>) -> Box<dyn Listener> {
        self.dropped_before
            .fetch_add(listener.dropped(), Ordering::Relaxed);
        listener
    }

    /// Calls something on each listener. Returns those that are to be finished: they failed and
    /// did not deal with their own error, or were left meanwhile.
    pub(super) fn for_each(
        &self,
        mut call: impl FnMut(&mut dyn Listener) -> Result<()>,
    ) -> Vec<Gone> {
        let mut gone = Vec::new();
        for (id, slot) in self.all().iter() {
            let called = slot.call(|listener| match call(listener) {
                Err(error) if !listener.on_error(&error) => Some(error),
                _ => None,
            });
            if let Some((listener, error)) = called {
                self.forget(*id);
                gone.push(Gone {
                    listener: self.count(listener),
                    error,
                });
            }
        }
        gone
    }

    /// How many messages the listeners had no room for, as of the last call of each. Waits for no
    /// listener, so that one may ask it.
    pub(super) fn dropped(&self) -> u64 {
        let now: u64 = self.all().iter().map(|(_, slot)| slot.dropped()).sum();
        now + self.dropped_before.load(Ordering::Relaxed)
    }
}
