//! The queue between whoever makes messages and whoever takes them: bounded, counts what it
//! dropped, wakes blocked threads and async tasks, and lets itself be closed.

use crate::deadline::Deadline;
use crate::message::Message;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A bounded queue of messages. When it is full, what comes is dropped and counted.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    capacity: usize,
}

#[derive(Debug, Default)]
struct State {
    messages: VecDeque<Message>,
    dropped: u64,
    closed: bool,
    /// Threads inside `pop`; nobody is signalled when there is none.
    waiting: usize,
    waker: Option<Waker>,
}

/// What a pop found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Popped {
    /// So many messages were moved out: at least one, unless none were asked for.
    Some(usize),
    /// The time was up.
    TimedOut,
    /// The queue is closed and empty.
    Closed,
}

impl Queue {
    /// A queue for at most `capacity` messages (at least one).
    pub(crate) fn new(capacity: usize) -> Queue {
        Queue {
            state: Mutex::default(),
            filled: Condvar::new(),
            capacity: capacity.max(1),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends messages; those that find no room are dropped and counted. After `close`, all are
    /// ignored.
    pub(crate) fn push(&self, messages: &[Message]) {
        let mut state = self.lock();
        if state.closed || messages.is_empty() {
            return;
        }
        let room = self.capacity - state.messages.len();
        let taken = messages.len().min(room);
        state.messages.extend(&messages[..taken]);
        state.dropped += (messages.len() - taken) as u64;
        self.wake(state);
    }

    /// Moves up to `max` messages to the end of `out`, waiting for the first one. With a `max` of
    /// 0 there is nothing to wait for, and nothing is told of the queue.
    pub(crate) fn pop(
        &self,
        out: &mut Vec<Message>,
        max: usize,
        timeout: Option<Duration>,
    ) -> Popped {
        if max == 0 {
            return Popped::Some(0);
        }
        let mut state = self.wait(timeout);
        let count = max.min(state.messages.len());
        if count == 0 {
            return if state.closed {
                Popped::Closed
            } else {
                Popped::TimedOut
            };
        }
        out.extend(state.messages.drain(..count));
        Popped::Some(count)
    }

    /// Takes one message, waiting for it.
    pub(crate) fn pop_one(&self, timeout: Option<Duration>) -> Result<Message, Popped> {
        let mut state = self.wait(timeout);
        match state.messages.pop_front() {
            Some(message) => Ok(message),
            None if state.closed => Err(Popped::Closed),
            None => Err(Popped::TimedOut),
        }
    }

    /// The state once it holds a message, is closed, or the time is up.
    fn wait(&self, timeout: Option<Duration>) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        if !state.messages.is_empty() || state.closed || timeout == Some(Duration::ZERO) {
            return state;
        }
        let deadline = Deadline::after(timeout);
        state.waiting += 1;
        while state.messages.is_empty() && !state.closed && !deadline.is_over() {
            state = match deadline.remaining() {
                None => self
                    .filled
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    let waited = self.filled.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        state.waiting -= 1;
        state
    }

    /// Takes one message for an async task, or has the task woken when there is one.
    /// `Ready(None)`: closed and empty.
    pub(crate) fn poll_pop(&self, context: &mut Context<'_>) -> Poll<Option<Message>> {
        let mut state = self.lock();
        match state.messages.pop_front() {
            Some(message) => Poll::Ready(Some(message)),
            None if state.closed => Poll::Ready(None),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Ends the queue: takers get what is in it and then `Closed`.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        self.wake(state);
    }

    fn wake(&self, mut state: MutexGuard<'_, State>) {
        let (waiting, waker) = (state.waiting > 0, state.waker.take());
        drop(state);
        if waiting {
            self.filled.notify_all();
        }
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whether nothing will come.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// How many messages found no room.
    pub(crate) fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// Whether nothing is left and nothing will come.
    pub(crate) fn is_finished(&self) -> bool {
        let state = self.lock();
        state.closed && state.messages.is_empty()
    }

    /// How many messages wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().messages.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Frame, Id};
    use crate::message::Timestamp;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;
    use std::time::Instant;

    fn messages(range: std::ops::Range<u32>) -> Vec<Message> {
        range
            .map(|raw| {
                let frame = Frame::data(Id::extended(raw).expect("fits"), &[]).expect("valid");
                Message::received(frame, Timestamp::ZERO)
            })
            .collect()
    }

    fn ids(messages: &[Message]) -> Vec<u32> {
        messages
            .iter()
            .map(|message| message.frame.id().raw())
            .collect()
    }

    #[test]
    fn messages_come_out_in_order_and_at_most_so_many() {
        let queue = Queue::new(10);
        queue.push(&messages(0..5));
        let mut out = Vec::new();
        assert_eq!(queue.pop(&mut out, 3, None), Popped::Some(3));
        assert_eq!(queue.pop(&mut out, 3, None), Popped::Some(2));
        assert_eq!(ids(&out), [0, 1, 2, 3, 4]);
        assert_eq!(
            queue.pop(&mut out, 3, Some(Duration::ZERO)),
            Popped::TimedOut
        );
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn what_finds_no_room_is_dropped_and_counted_exactly() {
        let queue = Queue::new(3);
        queue.push(&messages(0..2));
        queue.push(&messages(2..7));
        assert_eq!((queue.len(), queue.dropped()), (3, 4));
        let first = queue.pop_one(None).expect("a message");
        assert_eq!(first.frame.id().raw(), 0);
        queue.push(&messages(9..10));
        let mut out = Vec::new();
        queue.pop(&mut out, 9, None);
        assert_eq!(ids(&out), [1, 2, 9]);
        assert_eq!(queue.dropped(), 4);
        assert_eq!(Queue::new(0).capacity, 1);
    }

    #[test]
    fn a_closed_queue_gives_what_it_has_and_then_says_so() {
        let queue = Queue::new(3);
        queue.push(&messages(0..1));
        queue.close();
        queue.push(&messages(1..2));
        assert!(queue.pop_one(None).is_ok());
        assert_eq!(queue.pop_one(None), Err(Popped::Closed));
        assert_eq!(queue.pop(&mut Vec::new(), 1, None), Popped::Closed);
        assert_eq!(queue.dropped(), 0);
    }

    #[test]
    fn a_wait_ends_with_the_timeout_not_before() {
        let start = Instant::now();
        let wait = Duration::from_millis(40);
        assert_eq!(Queue::new(1).pop_one(Some(wait)), Err(Popped::TimedOut));
        assert!(start.elapsed() >= wait);
    }

    #[test]
    fn to_pop_none_waits_for_nothing_and_says_nothing_of_the_queue() {
        let queue = Queue::new(1);
        let mut out = Vec::new();
        let start = Instant::now();
        let minute = Some(Duration::from_mins(1));
        assert_eq!(queue.pop(&mut out, 0, minute), Popped::Some(0));
        assert!(start.elapsed() < Duration::from_secs(10));
        queue.push(&messages(0..1));
        assert_eq!(queue.pop(&mut out, 0, None), Popped::Some(0));
        queue.close();
        assert_eq!(queue.pop(&mut out, 0, None), Popped::Some(0));
        // What was in it is still there.
        assert_eq!(queue.pop(&mut out, 1, None), Popped::Some(1));
        assert_eq!(queue.pop(&mut out, 0, None), Popped::Some(0));
        assert_eq!(queue.pop(&mut out, 1, None), Popped::Closed);
    }

    #[test]
    fn a_push_and_a_close_wake_blocked_threads() {
        let queue = Queue::new(8);
        std::thread::scope(|scope| {
            let taken = scope.spawn(|| queue.pop_one(None));
            while queue.lock().waiting == 0 {
                std::thread::yield_now();
            }
            queue.push(&messages(5..6));
            assert_eq!(
                taken
                    .join()
                    .expect("joins")
                    .expect("a message")
                    .frame
                    .id()
                    .raw(),
                5
            );
            let ended = scope.spawn(|| queue.pop_one(Some(Duration::from_mins(1))));
            while queue.lock().waiting == 0 {
                std::thread::yield_now();
            }
            queue.close();
            assert_eq!(ended.join().expect("joins"), Err(Popped::Closed));
        });
        assert_eq!(queue.lock().waiting, 0);
    }

    #[derive(Default)]
    struct CountWakes(AtomicUsize);

    impl Wake for CountWakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn an_async_taker_is_woken_by_push_and_close() {
        let queue = Queue::new(8);
        let wakes = Arc::new(CountWakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        let mut context = Context::from_waker(&waker);
        assert!(queue.poll_pop(&mut context).is_pending());
        queue.push(&messages(1..3));
        assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
        assert!(matches!(queue.poll_pop(&mut context), Poll::Ready(Some(_))));
        assert!(matches!(queue.poll_pop(&mut context), Poll::Ready(Some(_))));
        assert!(queue.poll_pop(&mut context).is_pending());
        queue.close();
        assert_eq!(wakes.0.load(Ordering::SeqCst), 2);
        assert_eq!(queue.poll_pop(&mut context), Poll::Ready(None));
    }
}
