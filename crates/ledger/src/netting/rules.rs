//! The rules that all three steps apply: floors, limits, strictness, and what is excluded first.
//!
//! They stand in a trait only so that the tests can plant a wrong one and see that it is noticed; a node has [`QueueRules`].

use super::Position;
use super::flow::{Flow, add, subtract};
use crate::operations::terms::Priority;

pub(super) trait Rules {
    /// Whether an account may move this at once.
    ///
    /// The lowest class that pays decides how far down the account may go. Who pays nothing can break no floor: not even an
    /// account that stands below zero since its credit line was cut.
    fn keeps_floor(&self, position: &Position, flow: &Flow) -> bool {
        let left = add(position.available, flow.net());
        let after = self.position_after(position, flow);
        if flow.normal > 0 {
            left >= add(after.reserved_urgent, after.reserved_high)
        } else if flow.high > 0 {
            left >= after.reserved_urgent
        } else if flow.urgent > 0 {
            left >= 0
        } else {
            true
        }
    }

    /// The position once this has moved: a reservation depletes as its own class uses it.
    fn position_after(&self, position: &Position, flow: &Flow) -> Position {
        Position {
            available: add(position.available, flow.net()),
            reserved_urgent: subtract(position.reserved_urgent, flow.urgent).max(0),
            reserved_high: subtract(position.reserved_high, flow.high).max(0),
            party: position.party,
        }
    }

    /// Whether a party may move this towards another at once. Who pays no more than comes back uses nothing of the limit, also
    /// where the limit was lowered below what is used of it.
    fn keeps_limit(&self, headroom: i128, flow: &Flow) -> bool {
        flow.net() >= 0 || add(headroom, flow.net()) >= 0
    }

    /// How much more the party may pay once this has moved: what comes back makes room.
    fn headroom_after(&self, headroom: i128, flow: &Flow) -> i128 {
        add(headroom, flow.net())
    }

    /// Whether an entry that cannot settle holds back what stands behind it in the queues of its debit accounts.
    fn is_strict(&self, class: Priority) -> bool {
        match class {
            Priority::Urgt | Priority::High => true,
            Priority::Norm => false,
        }
    }

    /// Whether excluding an entry excludes what stands behind it in the queues of its debit accounts.
    fn excludes_behind(&self, class: Priority) -> bool {
        self.is_strict(class)
    }

    /// Which of the payments out of an account, or under a limit, has to go: the last that is still active.
    fn excluded(&self, payments: &[usize], active: &[bool]) -> Option<usize> {
        payments.iter().rev().copied().find(|entry| active[*entry])
    }
}

/// The rules as they are.
pub(super) struct QueueRules;

impl Rules for QueueRules {}
